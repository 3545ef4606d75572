//! Trees of the host's own file system.

use super::super::answers::line_count;
use super::super::run::Contestant;
use super::{Card, Track};

pub(super) fn symlinks(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let tree = track.data.tree()?.display().to_string();
    let about = "Target: faster than the fastest, at most half of `find`.";
    let mut card = Card::new(track, "All symbolic links below a host tree", about);
    let linksmith = track.peers.linksmith.display().to_string();
    let json = [
        linksmith.as_str(),
        "find",
        &tree,
        "--unfollowed",
        "--kind",
        "symlink",
        "--json",
    ];
    card.contestants.push(
        Contestant::new("linksmith find --unfollowed --kind symlink --json", &json)
            .answer(line_count),
    );
    let plain = [
        linksmith.as_str(),
        "find",
        &tree,
        "--unfollowed",
        "--kind",
        "symlink",
    ];
    card.contestants
        .push(Contestant::new("linksmith find --unfollowed --kind symlink", &plain).ours());
    floor(track, &mut card, &[&tree]);
    let script = [
        find_words("find", &tree, &["-type", "l"]),
        find_words("find", &tree, &["-type", "l", "-printf", "%p -> %l\n"]),
    ];
    for (words, name) in script
        .iter()
        .zip(["find -type l", "find -type l -printf '%p -> %l'"])
    {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        card.contestants
            .push(Contestant::new(name, &words).answer(line_count));
    }
    card.peer(track, "fdfind", |fd| {
        Contestant::new("fd -u -t l", &[fd, "-u", "-t", "l", ".", &tree]).answer(line_count)
    });
    card.peer(track, "symlinks", |symlinks| {
        Contestant::new("symlinks -rv", &[symlinks, "-rv", &tree]).answer(line_count)
    });
    Ok(vec![card])
}

/// What two threads need for the system calls that nobody can do without.
fn floor(track: &Track<'_>, card: &mut Card, words: &[&str]) {
    card.peer(track, "walkfloor", |floor| {
        let words: Vec<&str> = std::iter::once(&floor).chain(words).copied().collect();
        Contestant::new("the system calls alone", &words)
            .note("no linksmith: the bound for two threads; counts entries, knows no paths")
    });
}

pub(super) fn symlinks_cold(track: &Track<'_>) -> Result<Vec<Card>, String> {
    if !super::super::shell::is_root() {
        return Err("dropping caches needs root".to_owned());
    }
    let tree = track.data.tree()?.display().to_string();
    let about = "No target: the disk is the limit.";
    let mut card = Card::new(track, "All symbolic links below a host tree; cold", about);
    card.cold = true;
    let linksmith = track.peers.linksmith.display().to_string();
    let words = ["find", &tree, "--unfollowed", "--kind", "symlink"];
    let ours: Vec<&str> = std::iter::once(linksmith.as_str()).chain(words).collect();
    card.contestants
        .push(Contestant::new("linksmith find --unfollowed --kind symlink", &ours).ours());
    card.contestants.push(Contestant::new(
        "find -type l",
        &["find", &tree, "-type", "l"],
    ));
    card.peer(track, "fdfind", |fd| {
        Contestant::new("fd -u -t l", &[fd, "-u", "-t", "l", ".", &tree])
    });
    Ok(vec![card])
}

fn find_words(find: &str, tree: &str, rest: &[&str]) -> Vec<String> {
    [find, tree]
        .iter()
        .chain(rest)
        .map(|&word| word.to_owned())
        .collect()
}

pub(super) fn hard_links(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let tree = track.data.tree()?.display().to_string();
    let about = "Target: at most half of `find`. Every file has to be looked at: the system calls are the limit.";
    let mut card = Card::new(track, "Hard-link groups of the same tree", about);
    let linksmith = track.peers.linksmith.display().to_string();
    let words = [linksmith.as_str(), "find", &tree, "--hard"];
    card.contestants
        .push(Contestant::new("linksmith find --hard", &words).ours());
    floor(track, &mut card, &[&tree, "stat"]);
    let words = [
        "find", &tree, "-links", "+1", "-type", "f", "-printf", "%i %p\n",
    ];
    card.contestants
        .push(Contestant::new("find -links +1 -printf", &words).answer(line_count));
    card.peer(track, "hardlink", |hardlink| {
        let words = [hardlink, "--dry-run", &tree];
        Contestant::new("hardlink --dry-run", &words)
            .at_most(1)
            .note("compares contents; leaves out empty files; before 2.39 it cannot list")
    });
    card.peer(track, "jdupes", |jdupes| {
        let words = [jdupes, "-r", "-H", "-q", &tree];
        Contestant::new("jdupes -rH", &words)
            .at_most(1)
            .note("compares contents; leaves out empty files")
    });
    Ok(vec![card])
}
