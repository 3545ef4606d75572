//! A full disk and missing rights: the error says so, and nothing is left behind.

use linksmith::path::EntryPath;
use linksmith::plan::Step;
use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{Cause, Volume};
use testkit::conformance::snapshot;
use testkit::suite::Suite;

fn main() {
    let suite = Suite::new("bad_input").case("memory_full", &[], || full(&memory(), 64));
    posix::add(suite).run();
}

fn memory() -> MemoryVolume {
    MemoryVolume::ntfs().with_space(64 * 1024)
}

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).expect("a path")
}

fn make_file(at: &str, size: usize) -> Step {
    Step::MakeFile {
        at: path(at),
        contents: vec![b'x'; size],
    }
}

fn write_file(at: &str, size: usize) -> Step {
    Step::WriteFile {
        at: path(at),
        contents: vec![b'y'; size],
    }
}

fn make_dir(at: &str) -> Step {
    Step::MakeDir { at: path(at) }
}

/// Applies steps that must fail and leave everything as it was.
#[track_caller]
fn refused(v: &dyn Volume, steps: &[Step]) -> Cause {
    let before = snapshot(v);
    let error = v.apply(steps).expect_err("it cannot be done");
    assert!(error.undone, "{error}");
    assert_eq!(snapshot(v), before, "{error}");
    error.source.cause
}

/// A volume with room for 64 KiB and fewer than `entries` entries.
fn full(v: &dyn Volume, entries: usize) {
    let no_space = |steps: &[Step]| {
        let cause = refused(v, steps);
        assert!(matches!(cause, Cause::NoSpace), "{cause:?}");
    };
    v.apply(&[make_dir("d"), make_file("d/old", 20_000)])
        .expect("room");
    no_space(&[make_file("big", 100_000)]);
    no_space(&[write_file("d/old", 100_000)]);
    no_space(&[
        make_dir("e"),
        make_file("e/a", 10),
        write_file("e/a", 100_000),
    ]);
    let many: Vec<Step> = (0..200).map(|n| make_dir(&format!("d{n}"))).collect();
    no_space(&many);
    // It still takes what there is room for.
    v.apply(&[make_file("small", 100)]).expect("room");
    let filling = many
        .iter()
        .take_while(|step| v.apply(std::slice::from_ref(*step)).is_ok());
    let made = filling.count();
    assert!((1..entries).contains(&made), "{made} directories");
    no_space(&[make_dir("one more")]);
    no_space(&[make_file("one more", 0)]);
}

#[cfg(not(unix))]
mod posix {
    use super::Suite;

    pub(super) fn add(suite: Suite) -> Suite {
        suite
    }
}

#[cfg(unix)]
mod posix {
    #![allow(clippy::disallowed_methods)] // Trees are prepared behind the volumes' backs.

    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::path::Path;
    use std::process::Command;
    use std::sync::Arc;

    use linksmith::entry::LinkText;
    use linksmith::resolve::{Status, resolve};
    use linksmith::volume::posix::PosixVolume;
    use linksmith::volume::{Drives, list};
    use testkit::suite::Need;

    use super::*;

    pub(super) fn add(suite: Suite) -> Suite {
        let root = [Need::Root, Need::Probe(linux)];
        let mount = [Need::Root, Need::Probe(linux), Need::Probe(can_mount)];
        suite
            .case("posix_full", &mount, posix_full)
            .case("a_link_on_a_full_disk", &mount, link_on_full)
            .case("nothing_changes_without_rights", &root, || {
                as_nobody(no_rights);
            })
            .case("looking_without_rights", &root, || as_nobody(looking))
            .case(
                "steps_are_taken_back_when_a_right_is_missing",
                &root,
                || as_nobody(taken_back),
            )
            .case("a_path_without_rights_is_denied", &root, || {
                as_nobody(denied);
            })
    }

    fn linux() -> Result<(), String> {
        if cfg!(target_os = "linux") {
            Ok(())
        } else {
            Err("it needs Linux".into())
        }
    }

    /// A small file system of its own, gone when this is dropped.
    struct Small(tempfile::TempDir);

    impl Small {
        fn mount() -> Result<Self, String> {
            let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
            let options = "size=64k,nr_inodes=30";
            let mounted = Command::new("mount")
                .args(["-t", "tmpfs", "-o", options, "tmpfs"])
                .arg(dir.path())
                .output();
            match mounted {
                Ok(out) if out.status.success() => Ok(Self(dir)),
                Ok(out) => Err(String::from_utf8_lossy(&out.stderr).trim().to_owned()),
                Err(e) => Err(format!("mount cannot be run: {e}")),
            }
        }
    }

    impl Drop for Small {
        fn drop(&mut self) {
            let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
        }
    }

    fn can_mount() -> Result<(), String> {
        Small::mount().map(drop)
    }

    fn posix_full() {
        let small = Small::mount().expect("a file system");
        let volume = PosixVolume::at(small.0.path()).expect("a volume");
        full(&volume, 30);
    }

    fn link_on_full() {
        let small = Small::mount().expect("a file system");
        let volume = PosixVolume::at(small.0.path()).expect("a volume");
        while std::fs::create_dir(small.0.path().join(next_name().to_string())).is_ok() {}
        let link = LinkText::Posix(b"target".to_vec());
        let step = Step::MakeLink {
            at: path("l"),
            link,
            dir: false,
        };
        assert!(matches!(refused(&volume, &[step]), Cause::NoSpace));
    }

    fn next_name() -> u32 {
        use std::sync::atomic::{AtomicU32, Ordering};
        static NEXT: AtomicU32 = AtomicU32::new(0);
        NEXT.fetch_add(1, Ordering::Relaxed)
    }

    /// Runs `case` on a tree that root has made, in a thread that has no rights of root any more.
    fn as_nobody(case: fn(&Path)) {
        let dir = tempfile::tempdir().expect("a directory");
        prepare(dir.path());
        let at = dir.path().to_owned();
        let run = std::thread::spawn(move || {
            drop_rights();
            case(&at);
        });
        if let Err(panic) = run.join() {
            std::panic::resume_unwind(panic);
        }
    }

    #[cfg(target_os = "linux")]
    fn drop_rights() {
        // To this thread alone: the calls of the C library would take them from all.
        let (user, group) = (
            rustix::fs::Uid::from_raw(65_534),
            rustix::fs::Gid::from_raw(65_534),
        );
        rustix::thread::set_thread_groups(&[]).expect("no groups");
        rustix::thread::set_thread_res_gid(group, group, group).expect("another group");
        rustix::thread::set_thread_res_uid(user, user, user).expect("another user");
    }

    #[cfg(not(target_os = "linux"))]
    fn drop_rights() {
        unreachable!("the cases need Linux");
    }

    /// `closed` is root's alone, `listed` may be listed and not entered, `entered` the reverse, `open`
    /// is everybody's; each holds `file`.
    fn prepare(top: &Path) {
        let mode = |at: &Path, mode| {
            std::fs::set_permissions(at, std::fs::Permissions::from_mode(mode)).expect("a mode");
        };
        mode(top, 0o755);
        for (name, bits) in [
            ("closed", 0o700),
            ("listed", 0o744),
            ("entered", 0o711),
            ("open", 0o777),
        ] {
            let dir = top.join(name);
            std::fs::create_dir(&dir).expect("a directory");
            std::fs::write(dir.join("file"), "root's").expect("a file");
            mode(&dir.join("file"), 0o644);
            mode(&dir, bits);
        }
        symlink("closed/file", top.join("to_closed")).expect("a link");
    }

    fn volume(top: &Path) -> PosixVolume {
        PosixVolume::at(top).expect("a volume")
    }

    /// As [`super::refused`], without the look before and after: not everything may be seen.
    #[track_caller]
    fn is_denied(v: &dyn Volume, step: Step) {
        let what = format!("{step:?}");
        let error = v.apply(&[step]).expect_err(&what);
        assert!(
            matches!(error.source.cause, Cause::Denied),
            "{what}: {error}"
        );
        assert!(error.undone, "{what}");
    }

    fn no_rights(top: &Path) {
        let v = volume(top);
        let link = || LinkText::Posix(b"x".to_vec());
        let rename = |from: &str, to: &str, replace| Step::Rename {
            from: path(from),
            to: path(to),
            replace,
        };
        for dir in ["closed", "entered", "listed"] {
            let at = |name: &str| path(&format!("{dir}/{name}"));
            is_denied(&v, Step::MakeDir { at: at("new") });
            is_denied(&v, make_file(&format!("{dir}/new"), 1));
            is_denied(
                &v,
                Step::MakeLink {
                    at: at("new"),
                    link: link(),
                    dir: false,
                },
            );
            is_denied(&v, Step::Remove { at: at("file") });
            is_denied(&v, rename(&format!("{dir}/file"), "open/new", false));
            is_denied(&v, write_file(&format!("{dir}/file"), 3));
        }
        is_denied(&v, rename("open/file", "entered/new", false));
        is_denied(&v, rename("open/file", "entered/file", true));
        is_denied(
            &v,
            Step::Remove {
                at: path("entered"),
            },
        );
        is_denied(&v, write_file("open/file", 3));
        let names = |at: &str| list(&v, &path(at)).map(|entries| entries.len()).ok();
        assert_eq!((names("open"), names("listed")), (Some(1), Some(1)));
    }

    fn looking(top: &Path) {
        let v = volume(top);
        let cause = |at: &str| v.entry(&path(at)).map_err(|e| e.cause);
        assert!(matches!(cause("closed/file"), Err(Cause::Denied)));
        assert!(matches!(cause("closed/absent/x"), Err(Cause::Denied)));
        assert!(cause("closed").is_ok() && cause("entered/file").is_ok());
        let listed = |at: &str| list(&v, &path(at)).map_err(|e| e.cause);
        assert!(matches!(listed("entered"), Err(Cause::Denied)));
        // Names without anything about them, but names.
        let entries = listed("listed").expect("names");
        let name = entries.first().and_then(|e| e.name.clone());
        assert_eq!(name, path("file").file_name());
    }

    fn taken_back(top: &Path) {
        let v = volume(top);
        let steps = [
            make_dir("open/a"),
            make_file("open/a/f", 10),
            Step::Rename {
                from: path("open/a"),
                to: path("open/b"),
                replace: false,
            },
            make_file("entered/f", 1),
        ];
        let error = v.apply(&steps).expect_err("the last may not be");
        assert_eq!((error.step, error.undone), (3, true), "{error}");
        assert_eq!(list(&v, &path("open")).expect("a listing").len(), 1);
    }

    fn denied(top: &Path) {
        let drives = Drives::posix(Arc::new(volume(top)), &EntryPath::root());
        let place = drives.locate("to_closed".as_ref()).expect("a place");
        assert_eq!(resolve(&drives, &place).end.status(), Status::Denied);
        let error = drives
            .locate("closed/file/x".as_ref())
            .expect_err("no place");
        assert_eq!(error.win32(), Some(5), "{error}");
    }
}
