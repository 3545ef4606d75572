//! What this system can do, found out without us.
#![allow(clippy::disallowed_methods, reason = "it has to go around the volumes")]

use std::fs;
use std::path::Path;

use testkit::suite::Need;

/// Hard links that are two names of one file.
pub(crate) const HARD: Need = Need::Probe(|| {
    let dir = tempfile::tempdir().expect("a folder");
    let (one, two) = (dir.path().join("one"), dir.path().join("two"));
    fs::write(&one, "before").expect("a file");
    fs::hard_link(&one, &two).map_err(|e| format!("no hard links here: {e}"))?;
    fs::write(&one, "after").expect("a file");
    match fs::read(&two) {
        Ok(bytes) if bytes == b"after" => Ok(()),
        _ => Err("hard links here are copies".to_owned()),
    }
});

/// Symbolic links to files and to directories that are there once they were made.
pub(crate) const SOFT: Need = Need::Probe(|| soft_links().map_or_else(|| Ok(()), Err));

/// That there are none, to see that we do not claim any.
pub(crate) const NO_SOFT: Need = Need::Probe(|| match soft_links() {
    Some(_) => Ok(()),
    None => Err("symbolic links work here".to_owned()),
});

/// Junctions.
pub(crate) const JUNCTIONS: Need = Need::Probe(|| junctions().map_or_else(|| Ok(()), Err));

/// That there are none.
pub(crate) const NO_JUNCTIONS: Need = Need::Probe(|| match junctions() {
    Some(_) => Ok(()),
    None => Err("junctions work here".to_owned()),
});

/// Windows, or what does as it does.
pub(crate) const WINDOWS: Need = Need::Probe(|| {
    if cfg!(windows) {
        return Ok(());
    }
    Err("it is about Windows' own paths and command lines".to_owned())
});

/// A raw volume or disk that may be overwritten: the variable is the only leave.
pub(crate) const DEVICE: Need = Need::Probe(|| {
    let device = device().ok_or("no raw volume to overwrite: LINKSMITH_TEST_DEVICE names none")?;
    let opened = fs::File::options().read(true).write(true).open(&device);
    opened
        .map(|_| ())
        .map_err(|e| format!("{device} cannot be opened: {e}"))
});

/// What `LINKSMITH_TEST_DEVICE` says: `\\.\Y:`, `/dev/loop7`.
pub(crate) fn device() -> Option<String> {
    std::env::var("LINKSMITH_TEST_DEVICE")
        .ok()
        .filter(|name| !name.is_empty())
}

fn soft_links() -> Option<String> {
    let dir = tempfile::tempdir().expect("a folder");
    fs::write(dir.path().join("file"), "x").expect("a file");
    fs::create_dir(dir.path().join("dir")).expect("a folder");
    for (link, target) in [("to_file", "file"), ("to_dir", "dir")] {
        let at = dir.path().join(link);
        if let Err(e) = symlink(Path::new(target), &at, target == "dir") {
            return Some(format!("no symbolic links here: {e}"));
        }
        if !fs::symlink_metadata(&at).is_ok_and(|m| m.is_symlink()) {
            return Some(
                "the system says that it made a symbolic link, and there is none".to_owned(),
            );
        }
        if fs::read_link(&at).ok().as_deref() != Some(Path::new(target)) {
            return Some("a symbolic link does not say what it was given here".to_owned());
        }
    }
    None
}

#[cfg(unix)]
fn symlink(target: &Path, at: &Path, _dir: bool) -> std::io::Result<()> {
    std::os::unix::fs::symlink(target, at)
}

#[cfg(windows)]
fn symlink(target: &Path, at: &Path, dir: bool) -> std::io::Result<()> {
    use std::os::windows::fs::{symlink_dir, symlink_file};
    if dir {
        symlink_dir(target, at)
    } else {
        symlink_file(target, at)
    }
}

/// By the system's own `mklink`; a system without it has no junctions.
fn junctions() -> Option<String> {
    if !cfg!(windows) {
        return Some("this system has no junctions".to_owned());
    }
    let dir = tempfile::tempdir().expect("a folder");
    let (at, target) = (dir.path().join("j"), dir.path().join("target"));
    fs::create_dir(&target).expect("a folder");
    let made = std::process::Command::new("cmd")
        .args(["/d", "/c", "mklink", "/J"])
        .args([&at, &target])
        .output();
    match made {
        Err(e) => Some(format!("cmd does not start: {e}")),
        Ok(_) if fs::read_link(&at).is_ok() => None,
        Ok(out) if out.status.success() => {
            Some("the system says that it made a junction, and there is none".to_owned())
        }
        Ok(_) => Some("the system's own mklink makes no junctions here".to_owned()),
    }
}
