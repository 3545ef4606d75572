//! The other ways to fill an image: from an archive, through a mount, and by the other crate that writes NTFS.

use super::super::run::Contestant;
use super::super::shell::{is_root, sh};
use super::write::Load;
use super::{Card, Track};

/// An image to fill, and how it is made anew.
struct Target {
    image: String,
    fresh: String,
    /// Directories, files, hard links, junctions.
    counts: [String; 4],
}

pub(super) fn other_ways(track: &Track<'_>, card: &mut Card, load: Load) -> Result<(), String> {
    let empty = track.data.empty("4G")?.display().to_string();
    let image = track.data.file("bulk-others.img").display().to_string();
    let target = Target {
        fresh: format!("cp --sparse=always '{empty}' '{image}'; sync"),
        image,
        counts: [load.directories, load.files, load.links, load.junctions].map(|n| n.to_string()),
    };
    from_an_archive(track, card, load, &target)?;
    through_a_mount(track, card, load, &target)?;
    by_the_crate(track, card, &target)
}

/// A WIM, captured from an image that libntfs-3g filled.
fn from_an_archive(
    track: &Track<'_>,
    card: &mut Card,
    load: Load,
    target: &Target,
) -> Result<(), String> {
    let (Some(ntfsgen), Some(wimlib)) =
        (track.peers.get("ntfsgen"), track.peers.get("wimlib-imagex"))
    else {
        let why = "it takes ntfsgen to make the archive, and wimtools".to_owned();
        card.absent.push(("wimlib-imagex apply".to_owned(), why));
        return Ok(());
    };
    let Target {
        image,
        fresh,
        counts,
    } = target;
    let [dirs, files, links, reparse] = counts;
    let archive = track.data.file(&format!("bulk-{}.wim", load.files));
    let archive = archive.display().to_string();
    let script = format!(
        "test -e '{archive}' || {{ {fresh}
        '{ntfsgen}' '{image}' --dirs {dirs} --files {files} --links {links} --reparse {reparse} --quiet
        '{wimlib}' capture '{image}' '{archive}' --norpfix --compress=none --quiet; }}"
    );
    sh(&script, &[])?;
    let words = [
        wimlib,
        "apply",
        &archive,
        "1",
        image,
        "--norpfix",
        "--quiet",
    ];
    card.contestants.push(
        Contestant::new("wimlib-imagex apply", &words)
            .before(fresh.clone())
            .at_most(3)
            .note("by libntfs-3g; not crash-safe; not flushed"),
    );
    Ok(())
}

/// The same tree on the host, copied into the mounted image by `cp -a`, which keeps hard links.
fn through_a_mount(
    track: &Track<'_>,
    card: &mut Card,
    load: Load,
    target: &Target,
) -> Result<(), String> {
    if !is_root() || track.peers.get("ntfs-3g").is_none() {
        let why = "mounting needs ntfs-3g and root".to_owned();
        card.absent.push(("ntfs-3g mount, cp -a".to_owned(), why));
        return Ok(());
    }
    let Target { image, fresh, .. } = target;
    let linksmith = track.peers.linksmith.display();
    let steps = track.data.file(&format!("steps-{}.jsonl", load.files));
    let steps = load.steps(&steps)?;
    let steps = steps.display();
    let tree = track.data.file(&format!("bulk-{}.tree", load.files));
    let tree = tree.display();
    let script = format!(
        "test -e '{tree}' || {{ {fresh}
        '{linksmith}' --drive 'C={image}' apply - -q --no-undo <'{steps}'
        '{linksmith}' --drive 'C={image}' export --no-undo 'C:\\' '{tree}' -q; }}"
    );
    sh(&script, &[])?;
    let mount = track.data.file("bulk.mnt");
    let mount = mount.display();
    let script = format!(
        "mkdir -p '{mount}'; ntfs-3g '{image}' '{mount}'; cp -a '{tree}/.' '{mount}/'; umount '{mount}'"
    );
    card.contestants.push(
        Contestant::new("ntfs-3g mount, cp -a, umount", &["sh", "-ec", &script])
            .before(fresh.clone())
            .at_most(1)
            .note("not crash-safe; junctions as symbolic links"),
    );
    Ok(())
}

/// The crate refuses each sort of work at some number: its time says nothing without how far it got.
fn by_the_crate(track: &Track<'_>, card: &mut Card, target: &Target) -> Result<(), String> {
    let Some(program) = track.peers.get("peer-rust-fs-ntfs") else {
        let why = "it did not build".to_owned();
        card.absent.push(("rust-fs-ntfs".to_owned(), why));
        return Ok(());
    };
    let Target {
        image,
        fresh,
        counts,
    } = target;
    let mut words = vec![program, image];
    words.extend(counts.iter().map(String::as_str));
    let reached = sh(&format!("{fresh}; '{}'", words.join("' '")), &[])?;
    let reached = reached.trim().replace('\n', ", ");
    card.contestants.push(
        Contestant::new("rust-fs-ntfs", &words)
            .before(fresh.clone())
            .at_most(1)
            .note(&format!("as far as it gets: {reached}")),
    );
    Ok(())
}
