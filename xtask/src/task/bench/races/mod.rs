//! The races: which work, against whom, and whose answers must be the same.

mod fill;
mod host;
mod image;
mod start;
mod write;

use std::time::Duration;

use super::Wish;
use super::answers::Answer;
use super::data::Data;
use super::peers::Peers;
use super::run::{Contestant, Times, Use};

/// What came of a race.
pub(crate) struct Race {
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) lanes: Vec<Lane>,
    /// How many answers were compared.
    pub(crate) compared: usize,
    /// The first two that differ.
    pub(crate) disagreement: Option<String>,
    /// Files that memory is shared out to.
    pub(crate) files: Option<usize>,
}

/// What came of a contestant.
pub(crate) struct Lane {
    pub(crate) name: String,
    pub(crate) ours: bool,
    pub(crate) times: Option<Times>,
    pub(crate) skipped: Option<String>,
    pub(crate) used: Option<Use>,
    pub(crate) note: String,
}

/// All that a race needs.
pub(crate) struct Track<'a> {
    pub(crate) wish: &'a Wish,
    pub(crate) peers: &'a Peers,
    pub(crate) data: &'a Data<'a>,
}

/// A race before it is run.
pub(crate) struct Card {
    pub(crate) title: String,
    pub(crate) about: String,
    pub(crate) contestants: Vec<Contestant>,
    /// Contestants that cannot run, and why.
    pub(crate) absent: Vec<(String, String)>,
    /// `taskset`'s list of processors.
    pub(crate) cores: &'static str,
    pub(crate) cold: bool,
    pub(crate) runs: usize,
    /// Files that memory is shared out to.
    pub(crate) files: Option<usize>,
}

impl Card {
    pub(crate) fn new(track: &Track<'_>, title: &str, about: &str) -> Self {
        Self {
            title: title.to_owned(),
            about: about.to_owned(),
            contestants: Vec::new(),
            absent: Vec::new(),
            cores: "0-1023",
            cold: false,
            runs: track.wish.runs,
            files: None,
        }
    }

    /// Adds a contestant whose program is a tool that may be missing.
    pub(crate) fn peer(
        &mut self,
        track: &Track<'_>,
        tool: &str,
        make: impl FnOnce(&str) -> Contestant,
    ) {
        match track.peers.get(tool) {
            Some(path) => self.contestants.push(make(path)),
            None => self
                .absent
                .push((tool.to_owned(), "not on this machine".to_owned())),
        }
    }
}

type Make = fn(&Track<'_>) -> Result<Vec<Card>, String>;

const RACES: &[(&str, Make)] = &[
    ("reparse", image::reparse),
    ("reparse-cold", image::reparse_cold),
    ("reparse-growth", image::reparse_growth),
    ("links", image::links),
    ("links-cold", image::links_cold),
    ("links-growth", image::links_growth),
    ("check", image::check),
    ("bulk", write::bulk),
    ("bulk-growth", write::bulk_growth),
    ("one-link", write::one_link),
    ("host-symlinks", host::symlinks),
    ("host-symlinks-cold", host::symlinks_cold),
    ("host-hard-links", host::hard_links),
    ("start", start::up),
];

pub(crate) fn all(wish: &Wish, peers: &Peers, data: &Data<'_>) -> Result<Vec<Race>, String> {
    let track = Track { wish, peers, data };
    if let Some(unknown) = wish
        .only
        .iter()
        .find(|only| RACES.iter().all(|(name, _)| name != only))
    {
        let names: Vec<&str> = RACES.iter().map(|(name, _)| *name).collect();
        return Err(format!(
            "there is no race '{unknown}'; there are {}",
            names.join(", ")
        ));
    }
    let mut races = Vec::new();
    for (name, make) in RACES {
        if !wish.only.is_empty() && !wish.only.iter().any(|only| only == name) {
            continue;
        }
        eprintln!("bench: {name}");
        match make(&track) {
            Ok(cards) => races.extend(cards.into_iter().map(run)),
            Err(why) => races.push(missing(name, &why)),
        }
        // What is mounted is refused by those that check it, and grows caches of its own.
        data.unmount();
    }
    Ok(races)
}

fn missing(name: &str, why: &str) -> Race {
    Race {
        title: name.to_owned(),
        about: format!("Skipped: {why}"),
        lanes: Vec::new(),
        compared: 0,
        disagreement: None,
        files: None,
    }
}

fn run(card: Card) -> Race {
    let mut compared: Vec<(String, Answer)> = Vec::new();
    let mut lanes: Vec<(Lane, Vec<Duration>)> = Vec::new();
    for contestant in &card.contestants {
        let said = contestant.say(card.cores);
        let skipped = said.as_ref().err().cloned();
        let mut times = Vec::new();
        if let Ok(Some((answer, took))) = said {
            compared.push((contestant.name.clone(), answer));
            times.extend((contestant.at_most == 1).then_some(took));
        }
        // Not of the slow ones: it would be another run of minutes.
        let used = (skipped.is_none() && contestant.at_most > 1)
            .then(|| contestant.use_of(card.cores))
            .flatten();
        lanes.push((
            Lane {
                name: contestant.name.clone(),
                ours: contestant.ours,
                times: None,
                skipped,
                used,
                note: contestant.note.clone(),
            },
            times,
        ));
    }
    for round in 0..card.runs {
        take_turns(&card, round, &mut lanes);
    }
    let absent = card.absent.into_iter().map(|(name, why)| Lane {
        name,
        ours: false,
        times: None,
        skipped: Some(why),
        used: None,
        note: String::new(),
    });
    let run = lanes.into_iter().map(|(lane, times)| Lane {
        times: Times::of(times).filter(|_| lane.skipped.is_none()),
        ..lane
    });
    Race {
        title: card.title,
        about: card.about,
        lanes: run.chain(absent).collect(),
        compared: compared.len(),
        disagreement: disagreement(&compared),
        files: card.files,
    }
}

/// One run of each contestant, another one first each round: what a run leaves behind, in caches or in the memory
/// that a virtual machine's host has given, falls on each of the others alike.
fn take_turns(card: &Card, round: usize, lanes: &mut [(Lane, Vec<Duration>)]) {
    let count = card.contestants.len();
    for at in (0..count).map(|at| (at + round) % count) {
        let (Some(contestant), Some((lane, times))) = (card.contestants.get(at), lanes.get_mut(at))
        else {
            continue;
        };
        if lane.skipped.is_some() || times.len() >= contestant.at_most {
            continue;
        }
        match contestant.time(card.cores, card.cold) {
            Ok(time) => times.push(time),
            Err(why) => lane.skipped = Some(why),
        }
    }
}

fn disagreement(answers: &[(String, Answer)]) -> Option<String> {
    let (first, said) = answers.first()?;
    let (other, differs) = answers.iter().find(|(_, answer)| !answer.agrees(said))?;
    Some(format!(
        "{first} has {}, {other} has {}",
        said.count, differs.count
    ))
}
