//! Writing links into images.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use super::super::run::Contestant;
use super::{Card, Track, fill};

/// How much is written.
#[derive(Clone, Copy)]
pub(super) struct Load {
    pub(super) directories: usize,
    pub(super) files: usize,
    pub(super) links: usize,
    pub(super) junctions: usize,
}

impl Load {
    fn of(part: usize) -> Self {
        Self {
            directories: 5_000 / part,
            files: 100_000 / part,
            links: 100_000 / part,
            junctions: 10_000 / part,
        }
    }

    /// The steps as `linksmith apply -` reads them.
    pub(super) fn steps(self, file: &Path) -> Result<PathBuf, String> {
        let mut text = String::new();
        let name = |i: usize| format!("C:\\\\t\\\\d{:05}\\\\file{i:07}.txt", i % self.directories);
        text.push_str("{\"do\":\"mkdir\",\"path\":\"C:\\\\t\"}\n{\"do\":\"mkdir\",\"path\":\"C:\\\\links\"}\n");
        for i in 0..self.directories {
            let _ = writeln!(text, "{{\"do\":\"mkdir\",\"path\":\"C:\\\\t\\\\d{i:05}\"}}");
        }
        for i in 0..self.files {
            let _ = writeln!(text, "{{\"do\":\"write\",\"path\":\"{}\"}}", name(i));
        }
        for i in 0..self.links {
            let new = format!(
                "C:\\\\t\\\\d{:05}\\\\hard{i:07}.lnk",
                (i * 7919 + 1) % self.directories
            );
            let existing = name(i % self.files);
            let _ = writeln!(
                text,
                "{{\"do\":\"hard\",\"link\":\"{new}\",\"target\":\"{existing}\"}}"
            );
        }
        for i in 0..self.junctions {
            let target = format!("C:\\\\t\\\\d{:05}", i % self.directories);
            let _ = writeln!(
                text,
                "{{\"do\":\"junction\",\"link\":\"C:\\\\links\\\\junc{i:06}\",\"target\":\"{target}\"}}"
            );
        }
        std::fs::write(file, text).map_err(|e| format!("{}: {e}", file.display()))?;
        Ok(file.to_owned())
    }
}

fn race(track: &Track<'_>, card: &mut Card, load: Load, name: &str) -> Result<(), String> {
    let empty = track.data.empty("4G")?;
    let image = track.data.file("bulk.img").display().to_string();
    let fresh = format!("cp --sparse=always '{}' '{image}'; sync", empty.display());
    let steps = load.steps(&track.data.file(&format!("steps-{}.jsonl", load.files)))?;
    let linksmith = track.peers.linksmith.display().to_string();
    let drive = format!("C={image}");
    let words = [linksmith.as_str(), "--drive", &drive, "apply", "-", "-q"];
    card.contestants.push(
        Contestant::new(&format!("linksmith apply -{name}"), &words)
            .ours()
            .before(fresh.clone())
            .input(&steps),
    );
    card.peer(track, "ntfsgen", |ntfsgen| {
        let counts =
            [load.directories, load.files, load.links, load.junctions].map(|n| n.to_string());
        let words = [
            ntfsgen,
            &image,
            "--dirs",
            &counts[0],
            "--files",
            &counts[1],
            "--links",
            &counts[2],
            "--reparse",
            &counts[3],
            "--quiet",
        ];
        Contestant::new(&format!("libntfs-3g{name}"), &words)
            .before(fresh)
            .note("not crash-safe; not flushed")
    });
    Ok(())
}

pub(super) fn bulk(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let mut card = Card::new(
        track,
        "5,000 directories, 100,000 files, 100,000 hard links and 10,000 junctions into an empty image",
        "Target: at least 3 times as fast as libntfs-3g. linksmith's run is crash-safe, checked and flushed.",
    );
    let load = Load::of(track.data.part);
    race(track, &mut card, load, "")?;
    fill::other_ways(track, &mut card, load)?;
    Ok(vec![card])
}

pub(super) fn bulk_growth(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let about = "An eighth, a quarter, a half of that, and all of it.";
    let parts = [8, 4, 2, 1].map(|part| part * track.data.part);
    let mut cards = Vec::new();
    for part in parts {
        let load = Load::of(part);
        let mut card = Card::new(
            track,
            &format!("The same, {} files and as many hard links", load.files),
            about,
        );
        race(track, &mut card, load, "")?;
        cards.push(card);
    }
    Ok(cards)
}

pub(super) fn one_link(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let image = track.data.image(track.data.files())?;
    let copy = track.data.file("one-link.img").display().to_string();
    let mut card = Card::new(
        track,
        "One hard link into the 16 GiB image: the whole program, committed",
        "Targets: at most 1 times the program on libntfs-3g, 10 times faster than mount, `ln` and unmount. linksmith waits for the \
         disk five times (journal, its name, flag on, sectors, flag off), the program on libntfs-3g once.",
    );
    let script = format!(
        "test -e '{copy}' || cp --sparse=always '{}' '{copy}'",
        image.display()
    );
    super::super::shell::sh(&script, &[])?;
    let linksmith = track.peers.linksmith.display().to_string();
    let drive = format!("C={copy}");
    let words = [
        linksmith.as_str(),
        "--drive",
        &drive,
        "hard",
        "C:\\one_more",
        "C:\\t\\g000\\d00000\\file0000001.txt",
        "-q",
    ];
    let undo = format!("{linksmith} --drive '{drive}' remove 'C:\\one_more' -q || true");
    card.contestants.push(
        Contestant::new("linksmith hard", &words)
            .ours()
            .before(undo.clone()),
    );
    card.peer(track, "onelink", |onelink| {
        let words = [onelink, &copy, "/t/g000/d00000/file0000001.txt", "one_more"];
        Contestant::new("libntfs-3g", &words)
            .before(undo.clone())
            .note("not crash-safe")
    });
    let mount = track.data.file("one-link.mnt").display().to_string();
    if super::super::shell::is_root() {
        let script = format!(
            "mkdir -p '{mount}'; ntfs-3g '{copy}' '{mount}'; ln '{mount}/t/g000/d00000/file0000001.txt' '{mount}/one_more'; umount '{mount}'"
        );
        card.contestants.push(
            Contestant::new("ntfs-3g mount, ln, umount", &["sh", "-ec", &script]).before(undo),
        );
    }
    Ok(vec![card])
}
