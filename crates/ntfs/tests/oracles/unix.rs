//! The fixture images, entry by entry against readers that are not ours.
#![allow(clippy::print_stdout, reason = "how much was compared is the result")]

use std::path::Path;

use linksmith_ntfs::Volume;
use linksmith_ntfs::device::Memory;
use testkit::image::{self, NEEDS, Script};
use testkit::listing::{Listing, differences, facts, list};
use testkit::oracle;
use testkit::suite::{Need, Suite};

/// Compares the images that the reader opens, which are at least `least`. `known` are the lines in which it is wrong.
fn compare(
    images: &[Script],
    reader: fn(&Path) -> Option<Listing>,
    least: usize,
    known: fn(&str) -> bool,
) {
    let (mut opened, mut entries, mut told) = (0, 0, 0);
    for script in images {
        let Some(theirs) = reader(&script.image()) else {
            println!("it cannot open {}", script.name);
            continue;
        };
        let volume = Volume::open(Memory::new(script.copy())).expect("it opens");
        let ours = list(&volume).expect("it lists");
        let found: Vec<_> = differences(&ours, &theirs)
            .into_iter()
            .filter(|l| !known(l))
            .collect();
        let shown = found
            .iter()
            .take(40)
            .cloned()
            .collect::<Vec<_>>()
            .join("\n  ");
        assert!(
            found.is_empty(),
            "{}: {}:\n  {shown}",
            script.name,
            found.len()
        );
        (opened, entries, told) = (opened + 1, entries + theirs.len(), told + facts(&theirs));
    }
    assert!(opened >= least, "it opened {opened} images");
    println!("{opened} images, {entries} entries, {told} facts compared, 0 disagreements");
}

fn all() -> Vec<Script> {
    let shapes = [image::LINKS, image::SCATTERED, image::SMALL];
    shapes
        .into_iter()
        .chain(image::SIZES.iter().copied())
        .collect()
}

fn seven_zip() {
    compare(&all(), oracle::seven_zip, 8, |_| false);
}

/// It lists what it finds in blocks that the index no longer uses, as if it were there; its own istat calls those
/// records "Not Allocated".
fn sleuthkit() {
    let freed = |line: &str| line.starts_with("/was_big/") && line.ends_with("only theirs");
    compare(&all(), oracle::sleuthkit, 10, freed);
}

fn ntfs_3g() {
    compare(&all(), oracle::ntfs_3g, 12, |_| false);
}

fn dissect() {
    // It takes its time: of the sizes only those that another reader cannot open.
    let hard = ["sizes-s512-c2m", "sizes-s1k-c4k", "sizes-s4k-c4k"];
    let images = all()
        .into_iter()
        .filter(|script| !script.name.starts_with("sizes") || hard.contains(&script.name));
    compare(&images.collect::<Vec<_>>(), oracle::dissect, 6, |_| false);
}

pub(crate) fn main() {
    let with = |need: Need| NEEDS.iter().copied().chain([need]).collect::<Vec<_>>();
    Suite::new("oracles")
        .case("seven_zip", &with(Need::Tool("7zz")), seven_zip)
        .case("sleuthkit", &with(Need::Tool("fls")), sleuthkit)
        .case("ntfs_3g", NEEDS, ntfs_3g)
        .case("dissect", &with(oracle::DISSECT), dissect)
        .run();
}
