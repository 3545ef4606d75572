//! Reading images.

use std::path::Path;

use super::super::answers::{first_number, ours_paths, plain_paths, sevenzip_links, unless_hard};
use super::super::data::Data;
use super::super::run::Contestant;
use super::{Card, Track};

fn text(path: &Path) -> String {
    path.display().to_string()
}

/// `linksmith find` on an image.
fn ours(track: &Track<'_>, image: &Path, arguments: &[&str]) -> Contestant {
    let linksmith = track.peers.linksmith.display().to_string();
    let drive = format!("C={},ro", image.display());
    let mut words = vec![linksmith.as_str(), "--drive", &drive, "find"];
    words.extend(arguments);
    Contestant::new(&format!("linksmith find {}", arguments.join(" ")), &words).ours()
}

pub(super) fn reparse(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let image = track.data.image(track.data.files())?;
    let mut card = Card::new(
        track,
        "Every reparse point of an image, with path and target",
        "Target: 100 times faster than the faster of the peers. linksmith reads `$Extend\\$Reparse:$R`; the mount has no targets.",
    );
    // Text first, as the peers print it: what the ratios are of.
    card.contestants
        .push(ours(track, &image, &["--unfollowed"]));
    card.contestants
        .push(ours(track, &image, &["--unfollowed", "--json"]).answer(ours_paths));
    card.contestants
        .push(ours(track, &image, &[]).note("each link followed to its end, which no peer does"));
    card.peer(track, "7zz", |sevenzip| {
        Contestant::new("7zz l -slt", &[sevenzip, "l", "-slt", &text(&image)])
            .answer(sevenzip_links)
            .at_most(1)
    });
    match track.data.mount(&image) {
        Ok(mount) => card.peer(track, "find", |find| {
            let words = [find, &text(&mount), "-type", "l", "-printf", "%P\n"];
            Contestant::new("find -type l on the ntfs-3g mount", &words)
                .answer(plain_paths)
                .at_most(3)
        }),
        Err(why) => card.absent.push(("find on the mount".to_owned(), why)),
    }
    Ok(vec![card])
}

pub(super) fn reparse_cold(track: &Track<'_>) -> Result<Vec<Card>, String> {
    needs_root()?;
    let image = track.data.image(track.data.files())?;
    let about = "No target. `cat` reads the whole `$MFT`, of which linksmith reads what the reparse points need.";
    let mut card = Card::new(track, "The same, cold", about);
    card.cold = true;
    card.contestants
        .push(ours(track, &image, &["--unfollowed"]));
    with_cat(&mut card, &image)?;
    Ok(vec![card])
}

fn needs_root() -> Result<(), String> {
    if super::super::shell::is_root() {
        return Ok(());
    }
    Err("dropping caches needs root".to_owned())
}

fn sizes(track: &Track<'_>) -> [usize; 4] {
    let files = track.data.files();
    [files / 8, files / 4, files / 2, files]
}

pub(super) fn reparse_growth(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let about = "The reparse points stay the same, the other files grow: the time should not.";
    let mut card = Card::new(
        track,
        "Every reparse point of an image as files grow",
        about,
    );
    for files in sizes(track) {
        let image = track.data.image(files)?;
        let mut contestant = ours(track, &image, &["--unfollowed"]);
        contestant.name = format!("{files} files");
        contestant.ours = files == track.data.files();
        card.contestants.push(contestant);
    }
    Ok(vec![card])
}

const ALL: &[&str] = &["--unfollowed", "--kind", "symlink,junction,mount,wsl,hard"];

fn with_cat(card: &mut Card, image: &Path) -> Result<(), String> {
    let mft = text(&Data::mft(image)?);
    card.contestants.push(
        Contestant::new("cat of the $MFT", &["cat", &mft]).note("reads, and does nothing else"),
    );
    Ok(())
}

pub(super) fn links(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let image = track.data.image(track.data.files())?;
    let mut card = Card::new(
        track,
        "Every link of an image, hard-link groups included, with paths and targets; warm",
        "Targets: at most 2 times `cat`, at most 1.5 times `ntfs-mft` (which has no paths and no targets), 40 times faster than \
         `7zz`; at most 150 bytes of memory for each file.",
    );
    card.files = Some(track.data.files());
    card.contestants
        .push(ours(track, &image, ALL).answer(unless_hard));
    card.contestants
        .push(ours(track, &image, &["--hard"]).note("in groups, sorted"));
    with_cat(&mut card, &image)?;
    card.peer(track, "peer-ntfs-mft", |peer| {
        Contestant::new("ntfs-mft", &[peer, &text(&image)])
            .answer(first_number)
            .note("counts only")
    });
    card.peer(track, "7zz", |sevenzip| {
        Contestant::new("7zz l -slt", &[sevenzip, "l", "-slt", &text(&image)]).at_most(1)
    });
    match track.data.mount(&image) {
        Ok(mount) => card.peer(track, "find", |find| {
            let words = [
                find,
                &text(&mount),
                "-links",
                "+1",
                "-type",
                "f",
                "-printf",
                "%i %P\n",
            ];
            Contestant::new("find -links +1 on the ntfs-3g mount", &words)
                .at_most(1)
                .note("counts 8.3 names as links")
        }),
        Err(why) => card.absent.push(("find on the mount".to_owned(), why)),
    }
    Ok(vec![card])
}

pub(super) fn links_cold(track: &Track<'_>) -> Result<Vec<Card>, String> {
    needs_root()?;
    let image = track.data.image(track.data.files())?;
    let title = "Every link of an image; cold";
    let about = "Target: at most 1.3 times `cat`. In a virtual machine the least says more than the median: reading into \
                 memory that the host has to find first takes several times as long, whoever does it.";
    let mut card = Card::new(track, title, about);
    card.cold = true;
    card.runs *= 2;
    card.contestants.push(ours(track, &image, ALL));
    with_cat(&mut card, &image)?;
    card.peer(track, "peer-ntfs-mft", |peer| {
        Contestant::new("ntfs-mft", &[peer, &text(&image)])
    });
    Ok(vec![card])
}

pub(super) fn links_growth(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let mut card = Card::new(
        track,
        "Every link of an image as files grow; warm",
        "Time and memory follow the size of `$MFT`.",
    );
    for files in sizes(track) {
        let image = track.data.image(files)?;
        let mut contestant = ours(track, &image, ALL);
        contestant.name = format!("{files} files");
        contestant.ours = files == track.data.files();
        card.contestants.push(contestant);
    }
    Ok(vec![card])
}

pub(super) fn check(track: &Track<'_>) -> Result<Vec<Card>, String> {
    let image = track.data.image(track.data.files())?;
    let about = "Target: faster than `ntfsck` of ntfsprogs-plus, which does not look at links.";
    let mut card = Card::new(track, "Consistency of the image", about);
    let linksmith = track.peers.linksmith.display().to_string();
    let words = [linksmith.as_str(), "check", &text(&image)];
    card.contestants.push(
        Contestant::new("linksmith check", &words)
            .ours()
            .codes(&[0, 7]),
    );
    card.peer(track, "ntfsck", |ntfsck| {
        Contestant::new("ntfsck -n", &[ntfsck, "-n", "-q", &text(&image)])
    });
    Ok(vec![card])
}
