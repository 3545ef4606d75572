//! A row of edits and the commit, and what was asked for on the way.

use std::collections::{HashMap, HashSet};

use linksmith_ntfs::FileRef;
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::edit::{EditError, EditOptions, EditResult, Editor, NewTimes};
use linksmith_ntfs::journal::MemoryJournal;

use super::choices::Choices;
use super::health::Health;
use super::{Tally, units};
use crate::crash_edits::junction;
use crate::empty_image::NOW;

/// The most edits before a commit.
const MOST_EDITS: usize = 10;

/// What was asked of a file.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Touch {
    /// Names that it got.
    pub(super) added: usize,
    /// Names that it lost.
    pub(super) removed: usize,
    pub(super) written: bool,
    pub(super) relinked: bool,
    pub(super) dated: bool,
}

impl Touch {
    pub(super) fn is_named(&self) -> bool {
        self.added + self.removed > 0
    }

    pub(super) fn any(&self) -> bool {
        self.is_named() || self.written || self.relinked || self.dated
    }
}

/// What a commit brought; nothing where it was refused.
#[derive(Debug, Default)]
pub(super) struct Done {
    log: Vec<String>,
    touched: HashMap<FileRef, Touch>,
    /// Every name that an edit gave, by directory.
    names: HashSet<(u64, Vec<u16>)>,
    lookups: HashMap<(u64, Vec<u16>), Option<FileRef>>,
    contents: HashMap<FileRef, Vec<u8>>,
}

impl Done {
    pub(super) fn log(&self) -> &[String] {
        &self.log
    }

    pub(super) fn touch(&self, file: FileRef) -> Touch {
        self.touched.get(&file).copied().unwrap_or_default()
    }

    /// Whether an edit gave this name in this directory.
    pub(super) fn named(&self, directory: u64, name: &[u16]) -> bool {
        self.names.contains(&(directory, name.to_vec()))
    }

    /// Whether an edit gave any name in this directory.
    pub(super) fn changed(&self, directory: u64) -> bool {
        self.names.iter().any(|name| name.0 == directory)
    }

    pub(super) fn lookups(&self) -> impl Iterator<Item = (&(u64, Vec<u16>), Option<FileRef>)> {
        self.lookups.iter().map(|(name, file)| (name, *file))
    }

    pub(super) fn contents(&self) -> impl Iterator<Item = (&FileRef, &[u8])> {
        self.contents.iter().map(|(file, bytes)| (file, &bytes[..]))
    }

    fn touched(&mut self, file: FileRef) -> &mut Touch {
        self.touched.entry(file).or_default()
    }

    fn lost(&mut self, directory: FileRef, name: &[u16], file: FileRef) {
        let name = (directory.number(), name.to_vec());
        self.names.insert(name.clone());
        self.lookups.insert(name, None);
        self.touched(file).removed += 1;
    }

    fn got(&mut self, directory: FileRef, name: &[u16], file: FileRef) {
        let name = (directory.number(), name.to_vec());
        self.names.insert(name.clone());
        self.lookups.insert(name, Some(file));
        self.touched(file).added += 1;
    }
}

/// One editor, from its opening to its commit.
pub(super) struct Session<'s, 'c> {
    editor: Editor<&'s Memory>,
    before: &'s Health,
    choices: &'s mut Choices<'c>,
    done: Done,
}

impl<'s, 'c> Session<'s, 'c> {
    /// Nothing where the volume is not to be edited.
    pub(super) fn run(
        device: &'s Memory,
        before: &'s Health,
        choices: &'s mut Choices<'c>,
        tally: &mut Tally,
    ) -> Option<Done> {
        let allow_dirty = choices.chance(200);
        let editor = Editor::open(device, NOW + 1, EditOptions { allow_dirty }).ok()?;
        let mut session = Self {
            editor,
            before,
            choices,
            done: Done::default(),
        };
        for _ in 0..1 + session.choices.below(MOST_EDITS) {
            match session.step() {
                Ok(()) => tally.edits += 1,
                Err(EditError::Spoiled) => break,
                Err(why) => {
                    tally.refused += 1;
                    session.note(&format!("refused: {why}"));
                }
            }
        }
        match session.editor.commit(&MemoryJournal::default()) {
            Ok(_) => tally.commits += 1,
            Err(why) => {
                tally.withheld += 1;
                session.note(&format!("nothing of this: {why}"));
                session.done = Done {
                    log: session.done.log,
                    ..Done::default()
                };
            }
        }
        Some(session.done)
    }

    fn note(&mut self, what: &str) {
        self.done.log.push(what.to_owned());
    }

    fn step(&mut self) -> EditResult<()> {
        match self.choices.below(16) {
            0 | 1 => self.create(),
            2 => self.create_reparse_point(),
            3 => self.copy(),
            4..=6 => self.link(),
            7 | 8 => self.rename(),
            9 => self.write(),
            10 => self.set_reparse(),
            11 => self.clear_reparse(),
            12 => self.date(),
            _ => self.remove(),
        }
    }

    fn create(&mut self) -> EditResult<()> {
        let directory = self.directory()?;
        let name = self.name();
        let kind = self.choices.below(4);
        let size = self.size();
        let fill = self.choices.byte();
        let text = String::from_utf16_lossy(&name);
        self.note(&format!(
            "create {text:?} in {directory}, kind {kind}, {size} bytes"
        ));
        let bytes = vec![fill; size];
        let file = match kind {
            0 => self.editor.create_dir(directory, &name)?,
            1 => {
                let reader = &mut bytes.as_slice();
                self.editor
                    .create_file_from(directory, &name, size as u64, reader)?
            }
            _ => self.editor.create_file(directory, &name, &bytes)?,
        };
        self.made(directory, &name, file);
        if kind > 0 {
            self.done.contents.insert(file, bytes);
        }
        Ok(())
    }

    fn made(&mut self, directory: FileRef, name: &[u16], file: FileRef) {
        self.note(&format!("  as {file}"));
        self.done.got(directory, name, file);
    }

    fn create_reparse_point(&mut self) -> EditResult<()> {
        let directory = self.directory()?;
        let name = self.name();
        let (of_directory, data) = (self.choices.chance(128), self.reparse());
        let text = String::from_utf16_lossy(&name);
        self.note(&format!("create reparse point {text:?} in {directory}"));
        let made = self
            .editor
            .create_reparse_point(directory, &name, of_directory, &data)?;
        self.made(directory, &name, made);
        Ok(())
    }

    fn copy(&mut self) -> EditResult<()> {
        let (_, _, source) = self.entry()?;
        let directory = self.directory()?;
        let name = self.name();
        let size = self.editor.size(source)?;
        let text = String::from_utf16_lossy(&name);
        self.note(&format!("copy {source} to {text:?} in {directory}"));
        let known = self.done.contents.get(&source).cloned();
        let known = known.or_else(|| self.before.contents(source).map(<[u8]>::to_vec));
        let made = self.editor.copy_file(source, size, directory, &name)?;
        if let Some(made) = made {
            self.made(directory, &name, made);
            self.done.contents.extend(known.map(|bytes| (made, bytes)));
        }
        Ok(())
    }

    fn link(&mut self) -> EditResult<()> {
        let (_, _, file) = self.entry()?;
        let directory = self.directory()?;
        let name = self.name();
        let text = String::from_utf16_lossy(&name);
        self.note(&format!("link {file} as {text:?} in {directory}"));
        self.editor.link(file, directory, &name)?;
        self.done.got(directory, &name, file);
        Ok(())
    }

    fn rename(&mut self) -> EditResult<()> {
        let (from, old, file) = self.entry()?;
        let (to, new) = if self.choices.chance(64) {
            let (path, name) = self.old_name();
            (self.at(path)?, name)
        } else {
            (self.directory()?, self.name())
        };
        let replace = self.choices.chance(128);
        let target = self.editor.lookup(to, &new)?;
        let [a, b] = [&old, &new].map(|name| String::from_utf16_lossy(name));
        self.note(&format!(
            "rename {a:?} of {from} to {b:?} of {to}, replace {replace}"
        ));
        self.editor.rename(from, &old, to, &new, replace)?;
        if let Some(target) = target.filter(|target| target.file != file) {
            self.done.lost(to, &target.name, target.file);
        }
        self.done.lost(from, &old, file);
        self.done.got(to, &new, file);
        Ok(())
    }

    fn write(&mut self) -> EditResult<()> {
        let (_, _, file) = self.entry()?;
        let bytes = vec![self.choices.byte(); self.size()];
        self.note(&format!("write {} bytes to {file}", bytes.len()));
        self.editor.write_file(file, &bytes)?;
        self.done.touched(file).written = true;
        self.done.contents.insert(file, bytes);
        Ok(())
    }

    fn set_reparse(&mut self) -> EditResult<()> {
        let (_, _, file) = self.entry()?;
        let data = self.reparse();
        self.note(&format!("set reparse data of {file}"));
        self.editor.set_reparse(file, &data)?;
        self.done.touched(file).relinked = true;
        Ok(())
    }

    fn clear_reparse(&mut self) -> EditResult<()> {
        let (_, _, file) = self.entry()?;
        self.note(&format!("clear reparse data of {file}"));
        self.editor.clear_reparse(file)?;
        self.done.touched(file).relinked = true;
        Ok(())
    }

    fn date(&mut self) -> EditResult<()> {
        let (_, _, file) = self.entry()?;
        self.note(&format!("set times of {file}"));
        let times = NewTimes {
            modified: Some(7),
            ..NewTimes::default()
        };
        self.editor.set_metadata(file, times, Some(1))?;
        self.done.touched(file).dated = true;
        Ok(())
    }

    fn remove(&mut self) -> EditResult<()> {
        let (directory, name, file) = self.entry()?;
        let text = String::from_utf16_lossy(&name);
        self.note(&format!("remove {text:?} ({file}) of {directory}"));
        self.editor.remove(directory, &name)?;
        self.done.lost(directory, &name, file);
        Ok(())
    }

    /// One of the directories that were made.
    fn directory(&mut self) -> EditResult<FileRef> {
        let paths: [&[&str]; 7] = [
            &[],
            &["dir"],
            &["full"],
            &["dir"],
            &["empty"],
            &["dir", "inner"],
            &["dir", "inner", "innermost"],
        ];
        let path = *self.choices.pick(&paths);
        self.at(path)
    }

    fn at(&mut self, path: &[&str]) -> EditResult<FileRef> {
        let mut at = self.editor.root()?;
        for name in path {
            at = self.find(at, &units(name))?.1;
        }
        Ok(at)
    }

    /// An entry: where, its name as it is there, and the file. Mostly one that was there from the beginning.
    fn entry(&mut self) -> EditResult<(FileRef, Vec<u16>, FileRef)> {
        let (directory, name) = if self.choices.chance(210) {
            let (path, name) = self.old_name();
            (self.at(path)?, name)
        } else {
            (self.directory()?, self.name())
        };
        let (name, file) = self.find(directory, &name)?;
        Ok((directory, name, file))
    }

    fn find(&mut self, directory: FileRef, name: &[u16]) -> EditResult<(Vec<u16>, FileRef)> {
        let found = self.editor.lookup(directory, name)?;
        found
            .map(|found| (found.name, found.file))
            .ok_or_else(|| EditError::NotFound {
                name: String::from_utf16_lossy(name),
                directory,
            })
    }

    /// A name that was there from the beginning, and the path of its directory.
    fn old_name(&mut self) -> (&'static [&'static str], Vec<u16>) {
        const NAMES: &[(&[&str], &str)] = &[
            (&[], "file.txt"),
            (&["dir"], "second name of the file"),
            (&[], "third name of the file"),
            (&[], "large"),
            (&[], "junction"),
            (&[], "long junction"),
            (&["dir"], "link"),
            (&["dir"], "in pieces"),
            (&["dir"], "many names"),
            (&[], "empty"),
            (&["dir", "inner"], "innermost"),
            (&["dir"], "inner"),
        ];
        let which = self.choices.below(NAMES.len() + 12);
        let number = self.choices.byte();
        match NAMES.get(which) {
            Some((path, name)) => (path, units(name)),
            None if which % 4 == 0 => (
                &["dir"],
                units(&format!("many names, number {:02}", number % 24)),
            ),
            None if which % 4 == 1 => (&["dir"], units(&format!("piece {}", number % 6))),
            None => {
                let name = format!("entry number {:03} of a directory with blocks", number % 60);
                (&["full"], units(&name))
            }
        }
    }

    /// A name for something new.
    fn name(&mut self) -> Vec<u16> {
        let number = self.choices.byte();
        let words = [
            "new",
            "a name that is a good deal longer than the others are, so that blocks split",
        ];
        units(&format!(
            "{} {}",
            words[usize::from(number % 2)],
            number / 2 % 16
        ))
    }

    fn size(&mut self) -> usize {
        [0, 30, 300, 700, 2500, 9000, 20_000, 1][self.choices.below(8)]
    }

    fn reparse(&mut self) -> Vec<u8> {
        junction([5, 40, 200, 700][self.choices.below(4)])
    }
}
