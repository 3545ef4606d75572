//! `cargo xtask scale`: an image as large as they come, filled through the volume as the command does it, with its journal
//! on the disk; then checked by us and read by every other tool there is.
#![allow(clippy::disallowed_methods)] // The image is this program's own.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use linksmith::path::{EntryPath, TargetPath};
use linksmith::reparse::ReparsePoint;
use linksmith::volume::Volume;
use linksmith::volume::image::{Access, FileDevice, ImageVolume};
use linksmith::{LinkText, Step};
use linksmith_ntfs::check;
use linksmith_ntfs::format::{FormatOptions, format};
use testkit::suite::{Need, find_tool};

use super::{Outcome, Task};

pub(super) const TASK: Task = Task {
    name: "scale",
    args: "[FILES] [IMAGE]",
    about: "FILES files, as many hard links, a tenth as many reparse points, one directory of as many names",
    run,
};

/// Files where no number is given: enough for an index of three levels, done in seconds.
const FILES: u64 = 20_000;
/// Names in a directory, but for the one that holds as many as there are files.
const IN_A_DIRECTORY: u64 = 1_000;
/// Steps in one transaction.
const BATCH: usize = 20_000;
/// The most names of a file.
const MOST_NAMES: u64 = 1024;

fn run(args: &[String]) -> Result<Outcome, String> {
    let files = match args.first() {
        None => FILES,
        Some(text) => text.parse().map_err(|_| format!("'{text}' is no number"))?,
    };
    let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
    let image = args
        .get(1)
        .map_or_else(|| folder.path().join("scale.img"), PathBuf::from);
    make(&image, files)?;
    let expected = fill(&image, files)?;
    let sound = checked(&image)? & read_by_others(&image, expected);
    Ok(if sound {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

/// An empty volume with room for it all; the file is sparse.
fn make(image: &Path, files: u64) -> Result<(), String> {
    let told = |e: std::io::Error| format!("{}: {e}", image.display());
    let file = std::fs::File::create_new(image).map_err(told)?;
    // A record of 1 KiB for each file and reparse point, index entries, and as much again.
    file.set_len((files * 8192).max(64 << 20)).map_err(told)?;
    let device = FileDevice::open(image, Access::Write).map_err(told)?;
    let options = FormatOptions {
        serial: 0x5CA1_E000,
        now: linksmith::FileTime::now().0,
        ..FormatOptions::default()
    };
    format(&device, &options).map_err(|e| e.to_string())
}

/// Fills the image; how many entries below its root there are then.
fn fill(image: &Path, files: u64) -> Result<u64, String> {
    let volume = ImageVolume::open_to_change(image, None).map_err(|e| e.to_string())?;
    let links = files / 10;
    let spread = files.div_ceil(IN_A_DIRECTORY);
    let in_dir =
        |top: &str, n: u64, name: &str| path(&format!("{top}{}/{name}{n}", n / IN_A_DIRECTORY));
    let dirs = |top: &'static str, count: u64| {
        (0..count).map(move |n| Step::MakeDir {
            at: path(&format!("{top}{n}")),
        })
    };
    stage(
        &volume,
        "directories",
        dirs("files", spread).chain(dirs("hard", spread)),
    )?;
    stage(
        &volume,
        "files",
        (0..files).map(|n| Step::MakeFile {
            at: in_dir("files", n, "file"),
            contents: Vec::new(),
        }),
    )?;
    stage(
        &volume,
        "hard links",
        (0..files).map(|n| Step::HardLink {
            existing: in_dir("files", n, "file"),
            // Not beside its first name, and not in its order.
            new: in_dir("hard", n * 7919 % files, "link"),
        }),
    )?;
    let made = links.div_ceil(IN_A_DIRECTORY);
    stage(
        &volume,
        "reparse points",
        dirs("links", made).chain((0..links).map(|n| Step::MakeLink {
            at: in_dir("links", n, "link"),
            link: reparse(n),
            dir: true,
        })),
    )?;
    let carriers = files.div_ceil(MOST_NAMES - 1);
    let carrier = |n: u64| path(&format!("one/carrier{}", n % carriers));
    let name = |n: u64| path(&format!("one/name{n:x}"));
    let one = std::iter::once(Step::MakeDir { at: path("one") });
    let bearing = (0..carriers).map(|n| Step::MakeFile {
        at: carrier(n),
        contents: Vec::new(),
    });
    let names = (0..files).map(|n| Step::HardLink {
        existing: carrier(n),
        new: name(n),
    });
    stage(&volume, "one directory", one.chain(bearing).chain(names))?;
    // Every second name, in an order that is not theirs: nodes empty and merge all over the tree.
    let removed = files / 2;
    stage(
        &volume,
        "removals",
        (0..removed).map(|n| Step::Remove {
            at: name(n * 7919 % removed * 2),
        }),
    )?;
    Ok(2 * spread + 2 * files + made + links + 1 + carriers + files - removed)
}

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).expect("a path")
}

/// Junctions and symbolic links in turn.
fn reparse(n: u64) -> LinkText {
    let target = format!(r"C:\files{}", n / IN_A_DIRECTORY);
    let target = TargetPath::parse(target.as_bytes());
    let point = match n % 2 {
        0 => ReparsePoint::junction(&target),
        _ => ReparsePoint::symlink(&target),
    };
    LinkText::Reparse(point.expect("a target"))
}

/// Does steps in transactions of [`BATCH`], and tells what they took.
fn stage(
    volume: &ImageVolume,
    what: &str,
    steps: impl Iterator<Item = Step>,
) -> Result<(), String> {
    let began = Instant::now();
    let (mut steps, mut done) = (steps.peekable(), 0);
    forget_peak();
    while steps.peek().is_some() {
        let batch: Vec<Step> = steps.by_ref().take(BATCH).collect();
        volume
            .apply(&batch)
            .map_err(|e| format!("{what}: step {}: {}", done + e.step, e.source))?;
        done += batch.len();
    }
    tell(what, done as u64, began);
    Ok(())
}

fn tell(what: &str, count: u64, began: Instant) {
    let seconds = began.elapsed().as_secs_f64();
    let peak = peak().map_or("memory not known".to_owned(), |kib| {
        format!("{} MiB at most", kib >> 10)
    });
    println!("{what:<16} {count:>9}  {seconds:>8.1} s  {peak}");
}

/// The highest memory use since [`forget_peak`], in KiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

fn forget_peak() {
    // Where the system does not know this, the peak is that of all stages so far.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
}

fn checked(image: &Path) -> Result<bool, String> {
    let began = Instant::now();
    forget_peak();
    let volume = ImageVolume::open(image, None).map_err(|e| e.to_string())?;
    let summary = check::check(&volume.ntfs(), |finding| {
        println!("finding: {finding:?}");
        ControlFlow::Continue(())
    });
    let summary = summary.map_err(|e| e.to_string())?;
    tell("our check", summary.records, began);
    Ok(summary.wrong == 0)
}

/// Whether every other tool that is there is content, and counts as many entries where it counts.
fn read_by_others(image: &Path, expected: u64) -> bool {
    let mut sound = true;
    for (name, args) in [
        ("ntfsck", &["-n", "-q"][..]),
        ("ntfsfix", &["-n"]),
        ("ntfsresize", &["-i", "-f", "-P"]),
    ] {
        sound &= said_by(name, args, image).is_none_or(|(content, _)| content);
    }
    if let Some((content, text)) = said_by("7zz", &["l", "-slt"], image) {
        let own = |line: &&str| line.starts_with("Path = [") || line.contains("$");
        let entries = text.split("\n----------\n").nth(1).unwrap_or_default();
        let paths = entries.lines().filter(|line| line.starts_with("Path = "));
        sound &= content
            & counted(
                "7zz",
                paths.filter(|line| !own(line)).count() as u64,
                expected,
            );
    }
    match [Need::Tool("ntfs-3g"), Need::Fuse, Need::Root]
        .into_iter()
        .find_map(Need::missing)
    {
        Some(why) => println!("ntfs-3g mount    not asked: {why}"),
        None => {
            let mounted = testkit::oracle::Mounted::new(image, "noatime");
            let below = Command::new("find")
                .arg(mounted.path())
                .args(["-mindepth", "1"])
                .output();
            let lines = below.map_or(0, |out| {
                out.stdout.iter().filter(|byte| **byte == b'\n').count()
            });
            sound &= counted("ntfs-3g mount", lines as u64, expected);
        }
    }
    sound
}

fn counted(who: &str, count: u64, expected: u64) -> bool {
    if count != expected {
        println!("{who} counts {count} entries, and there are {expected}");
    }
    count == expected
}

/// Whether a tool was content with the image, and what it printed.
fn said_by(name: &str, args: &[&str], image: &Path) -> Option<(bool, String)> {
    let Some(tool) = find_tool(name) else {
        println!("{name:<16} not asked: it is not installed");
        return None;
    };
    let began = Instant::now();
    let out = Command::new(tool).args(args).arg(image).output().ok()?;
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let content = out.status.success();
    println!(
        "{name:<16} {:>9}  {:>8.1} s",
        if content { "content" } else { "COMPLAINS" },
        began.elapsed().as_secs_f64()
    );
    if !content {
        println!(
            "{}",
            text.lines().rev().take(8).collect::<Vec<_>>().join("\n")
        );
    }
    Some((content, text))
}
