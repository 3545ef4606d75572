//! Starting up.

use super::super::run::Contestant;
use super::super::shell::sh;
use super::{Card, Track};

const RUNS: usize = 200;

pub(super) fn up(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let dir = track.data.file("start");
    sh(
        "rm -rf \"$1\"; mkdir -p \"$1\"; : > \"$1/file\"; ln -s file \"$1/link\"",
        &[&dir],
    )?;
    let [file, link, fresh] =
        ["file", "link", "fresh"].map(|name| dir.join(name).display().to_string());
    let linksmith = track.peers.linksmith.display().to_string();
    let remove = format!("rm -f '{fresh}'");
    let card = |title: &str, ours: Contestant, peer: Contestant| {
        let mut card = Card::new(track, title, "Target: at most 2 times. On one processor.");
        card.cores = "0";
        card.runs = RUNS;
        card.contestants = vec![ours.ours(), peer];
        card
    };
    let make = Contestant::new("linksmith mklink", &[&linksmith, "mklink", &fresh, &file])
        .before(remove.clone());
    let ln = Contestant::new("ln -s", &["ln", "-s", &file, &fresh]).before(remove);
    let show = Contestant::new("linksmith show", &[&linksmith, "show", &link]);
    let readlink = Contestant::new("readlink", &["readlink", &link]);
    let version = Contestant::new("linksmith --version", &[&linksmith, "--version"]);
    let other = Contestant::new("readlink --version", &["readlink", "--version"]);
    Ok(vec![
        card("Start-up: making a link", make, ln),
        card("Start-up: showing a link", show, readlink),
        card("Start-up: the version", version, other),
    ])
}
