//! Every kind of edit under power cuts: the volume comes back wholly old or wholly new, and clean.

use std::sync::OnceLock;

use linksmith_ntfs::FileRef;
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::edit::{EditOptions, EditResult, Editor, NewTimes};
use linksmith_ntfs::journal::MemoryJournal;

use crate::crash::{Content, RecordedDisk, Recorder};
use crate::crash_judge::{self, IMAGE, JOURNAL};
pub use crate::crash_judge::{Effort, Tried};
use crate::empty_image::{self, NOW};
use crate::rng::Rng;

type Edit = fn(&mut Editor<&RecordedDisk>) -> EditResult<()>;

/// An edit and the state it starts from.
#[derive(Clone, Copy)]
pub struct Kind {
    /// What it is.
    pub name: &'static str,
    before: fn(&mut Editor<&Memory>) -> EditResult<()>,
    edit: Edit,
}

pub(crate) fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// Reparse data of a junction to a directory whose name has `length` letters.
pub(crate) fn junction(length: usize) -> Vec<u8> {
    let text: Vec<u8> = units(&format!("\\??\\C:\\{}", "x".repeat(length)))
        .iter()
        .flat_map(|u| u.to_le_bytes())
        .collect();
    let n = text.len() as u16;
    let mut out = 0xA000_0003u32.to_le_bytes().to_vec();
    for word in [12 + n, 0, 0, n, n + 2, 0] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&text);
    out.extend_from_slice(&[0; 4]);
    out
}

macro_rules! find {
    ($e:ident, $name:expr) => {{
        let root = $e.root()?;
        $e.lookup(root, &units($name))?
            .map_or(FileRef::from_raw(0), |found| found.file)
    }};
}

/// What every volume of these tests has: a directory, a file with three names, a large file, links, a directory with blocks.
fn populate(e: &mut Editor<&Memory>) -> EditResult<()> {
    let root = e.root()?;
    let file = e.create_file(root, &units("file.txt"), b"contents of the file")?;
    let dir = e.create_dir(root, &units("dir"))?;
    e.link(file, dir, &units("second name of the file"))?;
    e.link(file, root, &units("third name of the file"))?;
    e.create_file(root, &units("large"), &[0x5A; 9000])?;
    e.create_reparse_point(root, &units("junction"), true, &junction(10))?;
    e.create_reparse_point(root, &units("long junction"), true, &junction(600))?;
    let full = e.create_dir(root, &units("full"))?;
    for i in 0..60 {
        e.create_file(
            full,
            &units(&format!("entry number {i:03} of a directory with blocks")),
            b"",
        )?;
    }
    e.create_dir(root, &units("empty"))?;
    Ok(())
}

/// Every kind of edit.
pub const KINDS: &[Kind] = &[
    Kind {
        name: "create a directory",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            e.create_dir(r, &units("new")).map(|_| ())
        },
    },
    Kind {
        name: "create a file",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            e.create_file(r, &units("new"), b"small").map(|_| ())
        },
    },
    Kind {
        name: "create a large file",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            e.create_file(r, &units("new"), &[7; 5000]).map(|_| ())
        },
    },
    Kind {
        name: "create a file from a stream",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            let size = 70_001;
            let mut bytes = std::io::Read::take(std::io::repeat(0x33), size);
            e.create_file_from(r, &units("new"), size, &mut bytes)
                .map(|_| ())
        },
    },
    Kind {
        name: "copy a large file into freed clusters",
        before: populate,
        edit: |e| {
            let (r, f) = (e.root()?, find!(e, "large"));
            e.write_file(f, &[0x77; 66_000])?;
            e.copy_file(f, 66_000, r, &units("copy"))?;
            // Clusters that were gathered for a while, and then hold what is streamed.
            e.create_file(r, &units("gathered"), &[0x11; 10_000])?;
            e.remove(r, &units("gathered"))?;
            e.remove(r, &units("large"))?;
            let copy = find!(e, "copy");
            e.copy_file(copy, 66_000, r, &units("again")).map(|_| ())
        },
    },
    Kind {
        name: "add a name",
        before: populate,
        edit: |e| {
            let f = find!(e, "file.txt");
            let r = e.root()?;
            e.link(f, r, &units("fourth name"))
        },
    },
    Kind {
        name: "add names until they spill",
        before: populate,
        edit: |e| {
            let f = find!(e, "file.txt");
            let r = e.root()?;
            (0..8).try_for_each(|i| e.link(f, r, &units(&format!("another name, number {i}"))))
        },
    },
    Kind {
        name: "remove a name",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            e.remove(r, &units("third name of the file"))
        },
    },
    Kind {
        name: "remove a file",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            e.remove(r, &units("large"))
        },
    },
    Kind {
        name: "remove a directory",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            e.remove(r, &units("empty"))
        },
    },
    Kind {
        name: "remove a link",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            e.remove(r, &units("long junction"))
        },
    },
    Kind {
        name: "rename",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            e.rename(r, &units("file.txt"), r, &units("FILE.md"), false)
        },
    },
    Kind {
        name: "move",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            let d = find!(e, "dir");
            e.rename(r, &units("full"), d, &units("moved"), false)
        },
    },
    Kind {
        name: "replace",
        before: populate,
        edit: |e| {
            let r = e.root()?;
            e.rename(r, &units("file.txt"), r, &units("large"), true)
        },
    },
    Kind {
        name: "set reparse data",
        before: populate,
        edit: |e| {
            let f = find!(e, "empty");
            e.set_reparse(f, &junction(20))
        },
    },
    Kind {
        name: "set long reparse data",
        before: populate,
        edit: |e| {
            let f = find!(e, "empty");
            e.set_reparse(f, &junction(700))
        },
    },
    Kind {
        name: "clear reparse data",
        before: populate,
        edit: |e| {
            let f = find!(e, "long junction");
            e.clear_reparse(f)
        },
    },
    Kind {
        name: "write a file",
        before: populate,
        edit: |e| {
            let f = find!(e, "large");
            e.write_file(f, &[1; 3000])
        },
    },
    Kind {
        name: "set times",
        before: populate,
        edit: |e| {
            let f = find!(e, "file.txt");
            e.set_metadata(
                f,
                NewTimes {
                    modified: Some(7),
                    ..NewTimes::default()
                },
                Some(1),
            )
        },
    },
    Kind {
        name: "split blocks and grow $MFT",
        before: populate,
        edit: |e| {
            let d = find!(e, "full");
            (0..90).try_for_each(|i| {
                e.create_file(
                    d,
                    &units(&format!("entry number {i:03} more, to split the blocks")),
                    b"",
                )
                .map(|_| ())
            })
        },
    },
    Kind {
        name: "empty a directory with blocks",
        before: populate,
        edit: |e| {
            let d = find!(e, "full");
            (0..60).try_for_each(|i| {
                e.remove(
                    d,
                    &units(&format!("entry number {i:03} of a directory with blocks")),
                )
            })
        },
    },
];

/// An empty volume as small as can be, so that whole volumes can be compared a million times.
fn empty() -> &'static [u8] {
    static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
    EMPTY.get_or_init(|| empty_image::of_size(1 << 20).into_bytes())
}

/// The volume before an edit.
pub(crate) fn prepared(before: impl FnOnce(&mut Editor<&Memory>) -> EditResult<()>) -> Vec<u8> {
    let device = Memory::new(empty().to_vec());
    let mut editor = Editor::open(&device, NOW, EditOptions::default()).expect("it opens");
    before(&mut editor).expect("the state before");
    editor
        .commit(&MemoryJournal::default())
        .expect("it is committed");
    drop(editor);
    device.into_bytes()
}

fn run(
    recorder: &Recorder,
    edit: impl FnOnce(&mut Editor<&RecordedDisk>) -> EditResult<()>,
) -> EditResult<()> {
    let (image, journal) = (recorder.disk(IMAGE), recorder.disk(JOURNAL));
    let mut editor = Editor::open(&image, NOW + 1, EditOptions::default())?;
    edit(&mut editor)?;
    editor.commit(&journal).map(|_| ())
}

/// How often one kind of edit waits for the disks, image and journal together.
///
/// # Errors
/// The edit's.
pub fn flushes(kind: &Kind) -> Result<usize, String> {
    let bytes = prepared(kind.before);
    let recorder = Recorder::new(vec![Content::new(bytes), Content::new(Vec::new())]);
    run(&recorder, kind.edit).map_err(|e| format!("{}: {e}", kind.name))?;
    Ok(recorder.flushes())
}

/// Cuts the power at every moment of one kind of edit.
///
/// # Errors
/// What is wrong with the volume that came back.
pub fn cut(kind: &Kind, effort: Effort) -> Result<Tried, String> {
    let bytes = prepared(kind.before);
    cut_edit(bytes, kind.edit, effort).map_err(|e| format!("{}: {e}", kind.name))
}

fn cut_edit(
    bytes: Vec<u8>,
    edit: impl FnOnce(&mut Editor<&RecordedDisk>) -> EditResult<()>,
    effort: Effort,
) -> Result<Tried, String> {
    let state = crash_judge::clean;
    crash_judge::cut(bytes, |recorder| run(recorder, edit), &state, effort)
}

/// Cuts the power at every moment of a long random row of edits in one change.
///
/// # Errors
/// What is wrong with the volume that came back.
pub fn cut_random(seed: u64, steps: u32, effort: Effort) -> Result<Tried, String> {
    let bytes = prepared(populate);
    let edit = |e: &mut Editor<&RecordedDisk>| random_steps(e, seed, steps);
    cut_edit(bytes, edit, effort).map_err(|e| format!("seed {seed}: {e}"))
}

fn random_steps(e: &mut Editor<&RecordedDisk>, seed: u64, steps: u32) -> EditResult<()> {
    use linksmith_ntfs::edit::EditError as E;
    let mut rng = Rng::new(seed);
    let root = e.root()?;
    let dir = find!(e, "dir");
    for _ in 0..steps {
        let name = |rng: &mut Rng| {
            units(&format!(
                "{} {}",
                ["name", "a rather longer name", "x"][rng.below(3) as usize],
                rng.below(12)
            ))
        };
        let (a, b) = (name(&mut rng), name(&mut rng));
        let (from, to) = (*rng.pick(&[root, dir]), *rng.pick(&[root, dir]));
        let target = e.lookup(from, &a)?.map(|found| found.file);
        let done = match (rng.below(8), target) {
            (0, _) => e.create_dir(from, &a).map(|_| ()),
            (1, _) => e
                .create_file(from, &a, &vec![3; rng.below(2500) as usize])
                .map(|_| ()),
            (2, Some(file)) => e.link(file, to, &b),
            (3, _) => e.rename(from, &a, to, &b, rng.percent(50)),
            (4, Some(file)) => e.set_reparse(file, &junction(rng.below(300) as usize)),
            (5, Some(file)) => e.clear_reparse(file),
            (6, Some(file)) => e.write_file(file, &vec![4; rng.below(2500) as usize]),
            _ => e.remove(from, &a),
        };
        match done {
            Ok(())
            | Err(
                E::Exists { .. }
                | E::NotFound { .. }
                | E::NotEmpty { .. }
                | E::IsADirectory { .. }
                | E::NotADirectory { .. }
                | E::NotAReparsePoint { .. }
                | E::IntoItself { .. },
            ) => {}
            Err(other) => return Err(other),
        }
    }
    Ok(())
}

/// Lets each call of one kind of edit fail in turn.
///
/// # Errors
/// What is wrong with the volume afterwards.
pub fn fail_each_call(kind: &Kind) -> Result<u64, String> {
    let bytes = prepared(kind.before);
    let run = |recorder: &Recorder| run(recorder, kind.edit);
    crash_judge::fail_each_call(&bytes, run, &crash_judge::clean)
        .map_err(|e| format!("{}: {e}", kind.name))
}
