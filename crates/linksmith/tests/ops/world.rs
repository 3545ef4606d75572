//! Two drives in memory, or one POSIX volume, and the operations on them.

use std::ffi::OsStr;
use std::io::Read;
use std::sync::Arc;

use linksmith::ops::create::{self, CreateError, Request, Want};
use linksmith::ops::execute::{ExecuteError, execute};
use linksmith::ops::remove::{self, RemoveError};
use linksmith::undo::Keep;
use linksmith::volume::memory::MemoryVolume;
use linksmith::{Drives, EntryPath, Kind, Located, Plan, Status, Step, Volume, inspect};

pub(crate) const SOFT: Want = Want::Soft(create::Carrier::Auto);
pub(crate) const SOFT_FILE: Want = Want::Soft(create::Carrier::File);
pub(crate) const SOFT_DIR: Want = Want::Soft(create::Carrier::Dir);

pub(crate) struct World {
    pub(crate) drives: Drives,
    /// Where a volume of the host lies, until the test is over.
    _dir: Option<tempfile::TempDir>,
}

impl World {
    /// `C:` and `D:`, empty, with the rules of NTFS. `C:\` is the current directory.
    pub(crate) fn windows() -> Self {
        Self::of([('C', MemoryVolume::ntfs()), ('D', MemoryVolume::ntfs())])
    }

    pub(crate) fn of<const N: usize>(volumes: [(char, MemoryVolume); N]) -> Self {
        let volumes = volumes
            .into_iter()
            .enumerate()
            .map(|(n, (letter, volume))| {
                let volume = volume.with_serial(0x1234_0000 + n as u64);
                (letter, Arc::new(volume) as Arc<dyn Volume>)
            });
        Drives::attached(volumes).expect("drives").into()
    }

    /// Empty POSIX file systems: one in memory and, on such a host, a directory of its own. `/` is the
    /// current directory.
    pub(crate) fn posix() -> Vec<Self> {
        let memory = Drives::posix(Arc::new(MemoryVolume::posix()), &EntryPath::root());
        #[cfg_attr(not(unix), allow(unused_mut))] // There is no such host.
        let mut worlds = vec![memory.into()];
        #[cfg(unix)]
        {
            let dir = tempfile::tempdir().expect("a directory");
            let volume = linksmith::volume::posix::PosixVolume::at(dir.path()).expect("a volume");
            worlds.push(Self {
                drives: Drives::posix(Arc::new(volume), &EntryPath::root()),
                _dir: Some(dir),
            });
        }
        worlds
    }

    /// As the article begins: `real_dir`, and `real_file.txt` with 15 bytes.
    pub(crate) fn article() -> Self {
        let world = Self::windows();
        world.dir(r"C:\symlink_test");
        world
            .drives
            .change_dir(OsStr::new(r"C:\symlink_test"))
            .expect("cd");
        world.dir("real_dir");
        world.file("real_file.txt", "fifteen bytes.\n");
        world
    }

    fn place(&self, path: &str) -> (linksmith::DriveId, EntryPath, Arc<dyn Volume>) {
        let place = self.drives.locate(OsStr::new(path)).expect("a place");
        let volume = self.drives.volume(place.drive).expect("a volume");
        (place.drive, place.path, volume)
    }

    fn step(&self, path: &str, step: impl FnOnce(EntryPath) -> Step) {
        let (_, at, volume) = self.place(path);
        volume.apply(&[step(at)]).expect("applies");
    }

    pub(crate) fn dir(&self, path: &str) {
        self.step(path, |at| Step::MakeDir { at });
    }

    pub(crate) fn file(&self, path: &str, contents: &str) {
        let contents = contents.as_bytes().to_vec();
        self.step(path, |at| Step::MakeFile { at, contents });
    }

    /// Replaces what is in a file, through all of its links, as an editor that writes in place does.
    pub(crate) fn write(&self, path: &str, contents: &str) {
        let place = self.drives.locate_target(OsStr::new(path)).expect("a file");
        let volume = self.drives.volume(place.drive).expect("a volume");
        let step = Step::WriteFile {
            at: place.path,
            contents: contents.as_bytes().to_vec(),
        };
        volume.apply(&[step]).expect("applies");
    }

    pub(crate) fn rename(&self, from: &str, to: &str) {
        let (_, to, _) = self.place(to);
        self.step(from, |from| Step::Rename {
            from,
            to,
            replace: false,
        });
    }

    /// Deletes one name or an empty directory, whatever it is.
    pub(crate) fn delete(&self, path: &str) {
        self.step(path, |at| Step::Remove { at });
    }

    pub(crate) fn plan(&self, request: &Request) -> Result<create::Creation, CreateError> {
        create::plan(&self.drives, request)
    }

    pub(crate) fn run(&self, plan: &Plan) -> Result<(), ExecuteError> {
        execute(plan, &self.drives, Keep::DEFAULT, None).map(drop)
    }

    pub(crate) fn create(&self, request: &Request) -> Result<create::Creation, CreateError> {
        let creation = self.plan(request)?;
        self.run(&creation.plan).expect("the plan is done");
        Ok(creation)
    }

    #[track_caller]
    pub(crate) fn link(&self, want: Want, link: &str, target: &str) -> create::Creation {
        self.create(&Request::new(want, link, target))
            .expect("a link")
    }

    /// The words of the refusal, and the Win32 code.
    #[track_caller]
    pub(crate) fn refused(&self, want: Want, link: &str, target: &str) -> (String, Option<u32>) {
        let before = self.tree();
        let error = self
            .create(&Request::new(want, link, target))
            .expect_err("refused");
        assert_eq!(self.tree(), before, "a refusal leaves nothing behind");
        assert!(error.to_string().starts_with("cannot make the "), "{error}");
        (error.cause.to_string(), error.cause.win32())
    }

    pub(crate) fn remove(&self, path: &str) -> Result<(), RemoveError> {
        let plan = remove::plan(&self.drives, OsStr::new(path), false)?;
        self.run(&plan).expect("the plan is done");
        Ok(())
    }

    pub(crate) fn remove_tree(&self, path: &str) -> Result<(), RemoveError> {
        let plan = remove::plan_tree(&self.drives, OsStr::new(path), &mut ())?;
        self.run(&plan).expect("the plan is done");
        Ok(())
    }

    pub(crate) fn look(&self, path: &str) -> Located {
        let place = self.drives.locate(OsStr::new(path)).expect("a place");
        inspect(&self.drives, &place).expect("an entry")
    }

    pub(crate) fn exists(&self, path: &str) -> bool {
        let (_, at, volume) = self.place(path);
        volume.entry(&at).is_ok()
    }

    pub(crate) fn kind(&self, path: &str) -> Kind {
        let found = self.look(path);
        Kind::of(&found.entry, found.text.as_ref())
    }

    pub(crate) fn status(&self, path: &str) -> Status {
        self.look(path).status
    }

    pub(crate) fn names(&self, path: &str) -> u32 {
        self.look(path).entry.links.expect("a count")
    }

    /// Where a path leads in the end.
    pub(crate) fn end(&self, path: &str) -> String {
        match self.drives.locate_target(OsStr::new(path)) {
            Ok(place) => self.drives.display(&place),
            Err(e) => e.to_string(),
        }
    }

    /// What a program reads that opens the path.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        let place = self.drives.locate_target(OsStr::new(path)).ok()?;
        let volume = self.drives.volume(place.drive).ok()?;
        let mut text = String::new();
        volume
            .read(&place.path)
            .ok()?
            .read_to_string(&mut text)
            .ok()?;
        Some(text)
    }

    /// Every entry of every drive, with kinds, link counts and sizes.
    pub(crate) fn tree(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for id in self.drives.ids() {
            let volume = self.drives.volume(id).expect("a volume");
            let mut dirs = vec![EntryPath::root()];
            while let Some(dir) = dirs.pop() {
                for entry in linksmith::volume::list(&*volume, &dir).expect("a listing") {
                    let at = dir.join(entry.name.as_ref().expect("a name"));
                    let text = volume.link_text(&at).ok().flatten();
                    let kind = Kind::of(&entry, text.as_ref());
                    let path = at.display();
                    let links = entry.links;
                    lines.push(format!("{} {path} {kind} {links:?} {}", id.0, entry.size));
                    if entry.is_real_dir() {
                        dirs.push(at);
                    }
                }
            }
        }
        lines.sort();
        lines
    }
}

impl From<Drives> for World {
    fn from(drives: Drives) -> Self {
        Self { drives, _dir: None }
    }
}
