//! `cargo xtask differential`: random steps on an image and on the volume in memory, which must agree; the
//! image checked after each seed, and now and then by every other tool there is; then volumes that ntfs-3g and we edit by turns.
#![allow(clippy::disallowed_methods)] // Copies of images for other tools are no volume's business.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Instant;

use linksmith::volume::image::ImageVolume;
use linksmith::volume::memory::MemoryVolume;
use linksmith_ntfs::Volume;
use linksmith_ntfs::device::{Device, Memory};
use linksmith_ntfs::format::{FormatOptions, format};
use linksmith_ntfs::journal::MemoryJournal;
use testkit::by_turns::{NEEDS, edit_by_turns};
use testkit::conformance::agree;
use testkit::listing::{Listing, differences, list};
use testkit::oracle;
use testkit::suite::{Need, find_tool};

use super::{Outcome, Task};

pub(super) const TASK: Task = Task {
    name: "differential",
    args: "[STEPS] [SEED]",
    about: "random steps on an image and in memory, trees compared, images read by other tools",
    run,
};

/// Lists of steps to a seed: the volume grows old.
const ROUNDS: usize = 100;
/// One in so many changes is made on a volume that ntfs-3g edits too: such a volume is a mount and a file.
const BY_TURNS: u64 = 20;
/// Changes to a turn, and turns of each to a volume.
const TURN: (usize, usize) = (150, 4);
/// Of how many images one is shown to the other tools.
const SHOWN: u64 = 40;

/// The other tools, and what they are given before the image.
const TOOLS: [(&str, &[&str]); 5] = [
    ("ntfsck", &["-n", "-q"]),
    ("ntfsfix", &["-n"]),
    ("ntfsresize", &["-i", "-f", "-P"]),
    ("7zz", &["l", "-slt"]),
    ("fls", &["-r"]),
];

fn run(args: &[String]) -> Result<Outcome, String> {
    let number = |at: usize, default: u64| match args.get(at) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| format!("'{text}' is no number")),
    };
    let (wanted, first) = (number(0, 200_000)?, number(1, 1)?);
    let (seeds, steps, looks) = (
        AtomicU64::new(first),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let began = Instant::now();
    let empty = empty_volume()?;
    let failed = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..2)
            .map(|_| scope.spawn(|| work(&empty, wanted, &seeds, &steps, &looks)))
            .collect();
        workers.into_iter().any(|w| w.join().is_err())
    });
    let done = steps.into_inner();
    println!(
        "{done} steps over {} seeds in {:.0} s; {} looks by other tools: {}",
        seeds.into_inner() - first,
        began.elapsed().as_secs_f64(),
        looks.into_inner(),
        if failed {
            "they do not agree"
        } else {
            "0 disagreements, 0 findings"
        },
    );
    if failed {
        return Ok(Outcome::Findings);
    }
    by_turns(wanted / BY_TURNS, first);
    Ok(Outcome::Done)
}

/// Volumes made by `mkntfs`, that ntfs-3g and we edit by turns; a disagreement ends it by a panic.
fn by_turns(wanted: u64, first: u64) {
    if let Some(why) = NEEDS.iter().find_map(|need| need.missing()) {
        println!("skipped: by turns with ntfs-3g: {why}");
        return;
    }
    let (mut seed, mut steps, mut looks) = (first, 0, 0);
    let began = Instant::now();
    while steps < wanted as usize {
        let (done, looked) = edit_by_turns(seed, TURN.1, TURN.0);
        (seed, steps, looks) = (seed + 1, steps + done, looks + looked);
    }
    println!(
        "{steps} steps by turns with ntfs-3g on {} volumes in {:.0} s; {looks} looks: 0 disagreements, 0 findings",
        seed - first,
        began.elapsed().as_secs_f64(),
    );
}

/// Takes seeds until enough steps are done; a disagreement ends it by a panic.
fn work(empty: &[u8], wanted: u64, seeds: &AtomicU64, steps: &AtomicUsize, looks: &AtomicUsize) {
    while (steps.load(Ordering::Relaxed) as u64) < wanted {
        let seed = seeds.fetch_add(1, Ordering::Relaxed);
        let device = Arc::new(Memory::new(empty.to_vec()));
        let journal = Box::new(MemoryJournal::default());
        let image = ImageVolume::on_with_journal(Arc::clone(&device) as Arc<dyn Device>, journal)
            .expect("a fresh volume opens");
        let done = agree(&MemoryVolume::ntfs(), &image, seed, ROUNDS);
        let findings = linksmith_ntfs::check::findings(&*image.ntfs()).expect("it can be checked");
        assert!(findings.is_empty(), "seed {seed}: {findings:#?}");
        steps.fetch_add(done, Ordering::Relaxed);
        if seed % SHOWN == 0 {
            looks.fetch_add(show(&*device, seed), Ordering::Relaxed);
        }
    }
}

/// A reader that is not ours: what it needs, and what it finds on an image.
struct Reader {
    name: &'static str,
    needs: &'static [Need],
    list: fn(&Path) -> Option<Listing>,
    /// Of how many images shown it looks at one: some take their time.
    one_of: u64,
}

/// Readers whose whole listing is compared with ours, entry by entry.
const READERS: [Reader; 4] = [
    Reader {
        name: "7zz",
        needs: &[Need::Tool("7zz")],
        list: oracle::seven_zip,
        one_of: 1,
    },
    Reader {
        name: "ntfs-3g",
        needs: &[Need::Tool("ntfs-3g"), Need::Fuse, Need::Root],
        list: oracle::ntfs_3g,
        one_of: 1,
    },
    Reader {
        name: "wimlib",
        needs: &[Need::Tool("wimlib-imagex")],
        list: oracle::wimlib,
        one_of: 1,
    },
    Reader {
        name: "dissect.ntfs",
        needs: &[oracle::DISSECT],
        list: oracle::dissect,
        one_of: 4,
    },
];

/// Compares what the other readers list with what we do; how many did.
fn compare(image: &Path, ours: &Listing, seed: u64) -> usize {
    let mut compared = 0;
    for reader in READERS.iter().filter(|r| seed / SHOWN % r.one_of == 0) {
        if reader.needs.iter().any(|need| need.missing().is_some()) {
            continue;
        }
        let name = reader.name;
        let theirs = (reader.list)(image);
        let theirs = theirs.unwrap_or_else(|| panic!("seed {seed}: {name} cannot open it"));
        let found = differences(ours, &theirs);
        assert!(
            found.is_empty(),
            "seed {seed}: {name}:\n{}",
            found.join("\n")
        );
        compared += 1;
    }
    compared
}

/// Has every other tool that is there look at the image; how many did.
fn show(device: &dyn Device, seed: u64) -> usize {
    let mut bytes = vec![0; device.len() as usize];
    device.read_at(0, &mut bytes).expect("memory can be read");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("image");
    std::fs::write(&file, bytes).expect("a copy of the image");
    let mut looked = 0;
    for (name, args) in TOOLS {
        let Some(tool) = find_tool(name) else {
            continue;
        };
        let output = Command::new(tool)
            .args(args)
            .arg(&file)
            .output()
            .expect("it starts");
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(output.status.success(), "seed {seed}: {name}: {said}");
        looked += 1;
    }
    let ours = Volume::open(device).and_then(|volume| list(&volume));
    looked + compare(&file, &ours.expect("our own listing"), seed)
}

fn empty_volume() -> Result<Vec<u8>, String> {
    let device = Memory::new(vec![0; 4 << 20]);
    let options = FormatOptions {
        serial: 0x1234,
        now: linksmith::FileTime::now().0,
        ..FormatOptions::default()
    };
    format(&device, &options).map_err(|e| e.to_string())?;
    Ok(device.into_bytes())
}
