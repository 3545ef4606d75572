//! The hot loops, on data that are the same in every run.

use std::hint::black_box;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::Arc;

use linksmith::plan::Step;
use linksmith::reparse::ReparsePoint;
use linksmith::volume::image::ImageVolume;
use linksmith::volume::posix::PosixVolume;
use linksmith::volume::{Volume, Wanted};
use linksmith::{EntryPath, LinkText, TargetPath};
use linksmith_ntfs::device::{Device, Memory};
use linksmith_ntfs::format::{FormatOptions, format};
use linksmith_ntfs::journal::MemoryJournal;
use linksmith_ntfs::layout::FILE_SIGNATURE;
use linksmith_ntfs::scan::Ask;
use linksmith_ntfs::{Volume as Ntfs, check, fixup};

/// A loop.
pub(super) struct Loop {
    /// As the budgets call it.
    pub(super) name: &'static str,
    /// Rounds that are counted.
    pub(super) rounds: u64,
    /// Items of a round.
    pub(super) items: u64,
    run: fn(u64, &Path),
}

const FILES: u64 = 4000;
const LINKS: u64 = 200;
/// Entries of the host's tree, directories among them.
const ENTRIES: u64 = 2040;

/// All of them.
pub(super) const LOOPS: &[Loop] = &[
    of("fixup", 2000, 1, fix_up),
    of("collate", 2000, 1, collate),
    of("lookup", 1, FILES, look_up),
    of("scan-mft", 5, FILES + LINKS, scan_mft),
    of("scan-r", 5, LINKS, scan_r),
    of("check", 1, FILES + LINKS, check_all),
    of("sweep", 5, 2 * LINKS, sweep),
    of("host-walk", 5, ENTRIES, host_walk),
];

const fn of(name: &'static str, rounds: u64, items: u64, run: fn(u64, &Path)) -> Loop {
    Loop {
        name,
        rounds,
        items,
        run,
    }
}

pub(super) fn find(name: &str) -> Option<&'static Loop> {
    LOOPS.iter().find(|of| of.name == name)
}

/// Runs a loop so many rounds.
pub(super) fn run(of: &Loop, rounds: u64, folder: &Path) {
    (of.run)(rounds, folder);
}

fn fix_up(rounds: u64, _: &Path) {
    let mut record = vec![0; 1024];
    record[..4].copy_from_slice(&FILE_SIGNATURE);
    record[4..8].copy_from_slice(&[0x30, 0, 3, 0]);
    for _ in 0..rounds {
        fixup::redo(black_box(&mut record), "record").expect("a sound record");
        fixup::undo(black_box(&mut record), FILE_SIGNATURE, "record").expect("a sound record");
    }
}

fn collate(rounds: u64, folder: &Path) {
    let volume = volume(folder);
    let units = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
    let (a, b) = (units("a file name.text"), units("A File Name.Texts"));
    for _ in 0..rounds {
        black_box(volume.upcase().compare(black_box(&a), black_box(&b)));
    }
}

fn look_up(rounds: u64, folder: &Path) {
    let volume = volume(folder);
    let files = volume.find_path(&[units("files")]).expect("it is there");
    let files = volume.file_by_ref(files).expect("it is there");
    for _ in 0..rounds {
        for i in 0..FILES {
            let found = volume.lookup_in(&files, &units(&format!("file{i:06}.text")));
            assert!(found.expect("a sound index").is_some());
        }
    }
}

fn scan_mft(rounds: u64, folder: &Path) {
    let volume = volume(folder);
    let ask = Ask {
        reparse_points: true,
        hard_links: true,
        threads: 1,
    };
    for _ in 0..rounds {
        let found = volume.scan_mft(ask).expect("it can be read");
        assert_eq!(found.len() as u64, 2 * LINKS);
    }
}

fn scan_r(rounds: u64, folder: &Path) {
    let volume = volume(folder);
    let ask = Ask {
        threads: 1,
        ..Ask::default()
    };
    for _ in 0..rounds {
        let found = volume.scan_reparse_index(ask).expect("it can be read");
        assert_eq!(found.len() as u64, LINKS);
    }
}

fn check_all(rounds: u64, folder: &Path) {
    let volume = volume(folder);
    for _ in 0..rounds {
        let found = check::findings(&volume).expect("it can be read");
        assert!(found.is_empty(), "{found:?}");
    }
}

fn sweep(rounds: u64, folder: &Path) {
    let volume = image(folder);
    let wanted = Wanted::LINKS | Wanted::HARD_LINKS | Wanted::TEXT;
    for _ in 0..rounds {
        let swept = volume.sweep(&EntryPath::root(), wanted, &|found| {
            black_box(found);
            ControlFlow::Continue(())
        });
        swept.expect("it has a road").expect("it can be read");
    }
}

fn host_walk(rounds: u64, folder: &Path) {
    let volume = PosixVolume::at(&folder.join(TREE)).expect("a folder");
    for _ in 0..rounds {
        let swept = volume.sweep(
            &EntryPath::root(),
            Wanted::LINKS | Wanted::HARD_LINKS,
            &|found| {
                black_box(found);
                ControlFlow::Continue(())
            },
        );
        swept.expect("it has a road").expect("it can be read");
    }
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).expect("a path")
}

const IMAGE: &str = "image";
const TREE: &str = "tree";

/// Makes the image and the tree that the loops go over.
pub(super) fn make_data(folder: &Path) -> std::io::Result<()> {
    std::fs::write(folder.join(IMAGE), filled())?;
    for i in 0..40 {
        let dir = folder.join(TREE).join(format!("directory{i}"));
        std::fs::create_dir_all(&dir)?;
        for k in 0..48 {
            std::fs::write(dir.join(format!("file{k}")), "")?;
        }
        for k in 0..2 {
            symlink("file1", dir.join(format!("link{k}")))?;
        }
    }
    Ok(())
}

fn image(folder: &Path) -> ImageVolume {
    ImageVolume::open(&folder.join(IMAGE), None).expect("a sound volume")
}

fn volume(folder: &Path) -> Ntfs<Memory> {
    let bytes = std::fs::read(folder.join(IMAGE)).expect("the image");
    Ntfs::open(Memory::new(bytes)).expect("a sound volume")
}

/// Files in one directory, some with a second name in another, and junctions.
fn filled() -> Vec<u8> {
    let device = Memory::new(vec![0; 32 << 20]);
    let options = FormatOptions {
        serial: 1,
        now: 130_000_000_000_000_000,
        ..FormatOptions::default()
    };
    format(&device, &options).expect("a volume fits");
    let device = Arc::new(device);
    let journal = Box::new(MemoryJournal::default());
    let volume = ImageVolume::on_with_journal(Arc::clone(&device) as Arc<dyn Device>, journal)
        .expect("a sound volume");
    volume.apply(&steps()).expect("there is room");
    drop(volume);
    let device = Arc::into_inner(device).expect("nobody else has it");
    device.into_bytes()
}

fn steps() -> Vec<Step> {
    let folder = |name| Step::MakeDir { at: path(name) };
    let mut steps = vec![folder("files"), folder("names"), folder("links")];
    steps.extend((0..FILES).map(|i| Step::MakeFile {
        at: path(&format!("files/file{i:06}.text")),
        contents: Vec::new(),
    }));
    let target = TargetPath::parse("C:\\files");
    let junction = ReparsePoint::junction(&target).expect("it can be stored");
    for i in 0..LINKS {
        steps.push(Step::HardLink {
            existing: path(&format!("files/file{:06}.text", i * 5)),
            new: path(&format!("names/name{i:06}.text")),
        });
        steps.push(Step::MakeLink {
            at: path(&format!("links/junction{i:06}")),
            link: LinkText::Reparse(junction.clone()),
            dir: true,
        });
    }
    steps
}
