//! One volume that ntfs-3g and we edit by turns, held against a model that knows of neither.
#![allow(
    clippy::disallowed_methods,
    reason = "it changes images and mounts of its own in temporary folders"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use linksmith_ntfs::check::findings;
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::edit::{EditOptions, EditResult, Editor};
use linksmith_ntfs::journal::MemoryJournal;
use linksmith_ntfs::layout::attribute_type;
use linksmith_ntfs::{FileRef, Volume};

use crate::empty_image::NOW;
use crate::listing::{differences, list};
use crate::oracle;
use crate::rng::Rng;
use crate::suite::{Need, find_tool};

/// What it takes.
pub const NEEDS: [Need; 4] = [
    Need::Tool("mkntfs"),
    Need::Tool("ntfs-3g"),
    Need::Root,
    Need::Fuse,
];

/// Who makes the volume to begin with: `mkntfs`, with clusters of these sizes.
const CLUSTERS: [&str; 4] = ["4096", "512", "1024", "65536"];
/// Tools that find fault with a volume, or do not.
const CHECKERS: [(&str, &[&str]); 3] = [
    ("ntfsck", &["-n", "-q"]),
    ("ntfsfix", &["-n"]),
    ("ntfsresize", &["-i", "-f", "-P"]),
];

/// One change, by paths below the root, joined by `/`.
#[derive(Clone, Debug)]
enum Step {
    MakeDir(String),
    MakeFile(String, Vec<u8>),
    Write(String, Vec<u8>),
    Link(String, String),
    Rename(String, String),
    Remove(String),
}

/// What is at a path: a directory, or the number of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Node {
    Dir,
    File(usize),
}

/// The tree as it has to be: paths, and what the files hold.
#[derive(Default)]
struct Model {
    at: BTreeMap<String, Node>,
    contents: Vec<Vec<u8>>,
    made: u64,
}

impl Model {
    fn paths(&self, wanted: impl Fn(Node) -> bool) -> Vec<String> {
        let all = self.at.iter().filter(|(_, node)| wanted(**node));
        all.map(|(path, _)| path.clone()).collect()
    }

    /// A name that was never there, in some directory that is not `under` a path.
    fn new_path(&mut self, rng: &mut Rng, not_under: Option<&str>) -> String {
        let inside = |path: &str| not_under.is_some_and(|top| path == top || below(path, top));
        let mut dirs = self.paths(|node| node == Node::Dir);
        dirs.retain(|dir| !inside(dir));
        // The root twice over: some directory has to become large.
        dirs.extend([String::new(), String::new()]);
        self.made += 1;
        let long = "x".repeat(if rng.percent(10) {
            180
        } else {
            rng.below(9) as usize
        });
        let name = format!("{}{long} of both", self.made);
        match rng.pick(&dirs).as_str() {
            "" => name,
            dir => format!("{dir}/{name}"),
        }
    }

    /// The next change; always one that can be made.
    fn step(&mut self, rng: &mut Rng) -> Step {
        let bytes = |rng: &mut Rng| {
            let length = *rng.pick(&[0, 1, 300, 700, 1500, 5_000, 70_000]);
            vec![rng.below(256) as u8; length]
        };
        let files = self.paths(|node| node != Node::Dir);
        let all = self.paths(|_| true);
        if files.is_empty() || rng.percent(25) {
            return Step::MakeFile(self.new_path(rng, None), bytes(rng));
        }
        match rng.below(100) {
            0..15 => Step::MakeDir(self.new_path(rng, None)),
            15..50 => Step::Link(rng.pick(&files).clone(), self.new_path(rng, None)),
            50..65 => Step::Write(rng.pick(&files).clone(), bytes(rng)),
            65..80 => {
                let from = rng.pick(&all).clone();
                let to = self.new_path(rng, Some(&from));
                Step::Rename(from, to)
            }
            _ => {
                let full = |dir: &str| self.at.keys().any(|path| below(path, dir));
                let mut one = rng.pick(&all).clone();
                if full(&one) {
                    one = rng.pick(&files).clone();
                }
                Step::Remove(one)
            }
        }
    }

    fn apply(&mut self, step: &Step) {
        match step {
            Step::MakeDir(path) => _ = self.at.insert(path.clone(), Node::Dir),
            Step::MakeFile(path, bytes) => {
                self.at
                    .insert(path.clone(), Node::File(self.contents.len()));
                self.contents.push(bytes.clone());
            }
            Step::Write(path, bytes) => {
                if let Node::File(file) = self.at[path] {
                    self.contents[file] = bytes.clone();
                }
            }
            Step::Link(file, path) => _ = self.at.insert(path.clone(), self.at[file]),
            Step::Rename(from, to) => {
                let moved = self.paths_from(from);
                for path in moved {
                    if let Some(node) = self.at.remove(&path) {
                        self.at.insert(format!("{to}{}", &path[from.len()..]), node);
                    }
                }
            }
            Step::Remove(path) => _ = self.at.remove(path),
        }
    }

    fn paths_from(&self, top: &str) -> Vec<String> {
        let all = self
            .at
            .keys()
            .filter(|path| *path == top || below(path, top));
        all.cloned().collect()
    }

    fn names_of(&self, node: Node) -> u32 {
        match node {
            Node::Dir => 1,
            Node::File(_) => self.at.values().filter(|other| **other == node).count() as u32,
        }
    }
}

fn below(path: &str, top: &str) -> bool {
    path.strip_prefix(top)
        .is_some_and(|rest| rest.starts_with('/'))
}

/// Through ntfs-3g, with the calls that everybody uses.
fn theirs(root: &Path, step: &Step) -> std::io::Result<()> {
    let at = |path: &str| root.join(path);
    match step {
        Step::MakeDir(path) => std::fs::create_dir(at(path)),
        Step::MakeFile(path, bytes) | Step::Write(path, bytes) => std::fs::write(at(path), bytes),
        Step::Link(file, path) => std::fs::hard_link(at(file), at(path)),
        Step::Rename(from, to) => std::fs::rename(at(from), at(to)),
        Step::Remove(path) if at(path).is_dir() => std::fs::remove_dir(at(path)),
        Step::Remove(path) => std::fs::remove_file(at(path)),
    }
}

/// Through the engine.
fn ours(e: &mut Editor<&Memory>, step: &Step) -> EditResult<()> {
    match step {
        Step::MakeDir(path) => {
            let (parent, name) = parent_of(e, path)?;
            e.create_dir(parent, &name).map(|_| ())
        }
        Step::MakeFile(path, bytes) => {
            let (parent, name) = parent_of(e, path)?;
            e.create_file(parent, &name, bytes).map(|_| ())
        }
        Step::Write(path, bytes) => {
            let file = find(e, path)?;
            e.write_file(file, bytes)
        }
        Step::Link(file, path) => {
            let file = find(e, file)?;
            let (parent, name) = parent_of(e, path)?;
            e.link(file, parent, &name)
        }
        Step::Rename(from, to) => {
            let (old, from) = parent_of(e, from)?;
            let (new, to) = parent_of(e, to)?;
            e.rename(old, &from, new, &to, false)
        }
        Step::Remove(path) => {
            let (parent, name) = parent_of(e, path)?;
            e.remove(parent, &name)
        }
    }
}

fn find(e: &mut Editor<&Memory>, path: &str) -> EditResult<FileRef> {
    let mut at = e.root()?;
    for name in path.split('/').filter(|name| !name.is_empty()) {
        let name: Vec<u16> = name.encode_utf16().collect();
        at = e.lookup(at, &name)?.expect("the model has it").file;
    }
    Ok(at)
}

fn parent_of(e: &mut Editor<&Memory>, path: &str) -> EditResult<(FileRef, Vec<u16>)> {
    let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
    Ok((find(e, parent)?, name.encode_utf16().collect()))
}

/// A volume, the model of what it holds, and where the dice are.
struct Turns {
    image: PathBuf,
    model: Model,
    rng: Rng,
    steps: usize,
}

impl Turns {
    fn theirs(&mut self, steps: usize) {
        let mount = oracle::Mounted::for_writing(&self.image);
        for _ in 0..steps {
            let step = self.model.step(&mut self.rng);
            theirs(mount.path(), &step).unwrap_or_else(|e| panic!("ntfs-3g: {step:?}: {e}"));
            self.model.apply(&step);
        }
        mount.end();
        self.steps += steps;
    }

    fn ours(&mut self, steps: usize) {
        let device = Memory::new(std::fs::read(&self.image).expect("the image"));
        let mut editor =
            Editor::open(&device, NOW, EditOptions::default()).expect("what ntfs-3g left opens");
        for _ in 0..steps {
            let step = self.model.step(&mut self.rng);
            ours(&mut editor, &step).unwrap_or_else(|e| panic!("ours: {step:?}: {e}"));
            self.model.apply(&step);
        }
        editor
            .commit(&MemoryJournal::default())
            .expect("it is committed");
        drop(editor);
        std::fs::write(&self.image, device.into_bytes()).expect("the image is written back");
        self.steps += steps;
    }

    /// Our reader and theirs see the model's tree, and nobody finds fault. How many looked.
    fn look(&self) -> usize {
        let device = Memory::new(std::fs::read(&self.image).expect("the image"));
        let volume = Volume::open(&device).expect("it opens");
        let found = findings(&volume).expect("it can be checked");
        assert!(found.is_empty(), "{found:#?}");
        let seen = list(&volume).expect("it can be listed");
        let paths: Vec<&str> = seen.keys().map(|path| &path[1..]).collect();
        let wanted: Vec<&String> = self.model.at.keys().collect();
        assert_eq!(paths, wanted);
        for (path, node) in &self.model.at {
            let seen = &seen[&format!("/{path}")];
            assert_eq!(seen.names, Some(self.model.names_of(*node)), "{path}");
            let Node::File(file) = *node else {
                assert_eq!(seen.directory, Some(true), "{path}");
                continue;
            };
            let record = seen.record.expect("its number");
            assert!(
                contents(&volume, record) == self.model.contents[file],
                "{path} holds something else"
            );
        }
        let theirs = oracle::ntfs_3g(&self.image).expect("it mounts");
        let apart = differences(&seen, &theirs);
        assert!(apart.is_empty(), "{}", apart.join("\n"));
        2 + CHECKERS
            .iter()
            .filter(|(tool, args)| self.passes(tool, args))
            .count()
    }

    fn passes(&self, tool: &str, args: &[&str]) -> bool {
        let Some(program) = find_tool(tool) else {
            return false;
        };
        let said = Command::new(program).args(args).arg(&self.image).output();
        let said = said.expect("it runs");
        let words = String::from_utf8_lossy(&said.stdout);
        assert!(said.status.success(), "{tool}: {words}");
        true
    }
}

fn contents(volume: &Volume<&Memory>, record: u64) -> Vec<u8> {
    let file = volume.file(record).expect("its record");
    let value = volume.value(&file, attribute_type::DATA, &[]);
    let value = value.expect("its attributes").expect("its contents");
    let mut bytes = vec![0; value.len() as usize];
    volume.read_value(&value, 0, &mut bytes).expect("its bytes");
    bytes
}

/// Makes a volume with `mkntfs`, then `rounds` times: ntfs-3g makes `steps` random changes, and we do, each time looked
/// at. Gives the number of changes, and of looks by readers and checkers.
///
/// # Panics
///
/// At the first disagreement; the message tells the seed.
pub fn edit_by_turns(seed: u64, rounds: usize, steps: usize) -> (usize, usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("image");
    let file = std::fs::File::create(&image).expect("a file");
    file.set_len(48 << 20).expect("a sparse file");
    let cluster = CLUSTERS[(seed % CLUSTERS.len() as u64) as usize];
    let path = image.to_string_lossy();
    let (made, said) = oracle::run("mkntfs", &["-F", "-f", "-q", "-c", cluster, &path]);
    assert!(made, "{said}");
    let mut turns = Turns {
        image,
        model: Model::default(),
        rng: Rng::new(seed),
        steps: 0,
    };
    let mut looks = 0;
    for _ in 0..rounds {
        turns.theirs(steps);
        looks += turns.look();
        turns.ours(steps);
        looks += turns.look();
    }
    (turns.steps, looks)
}
