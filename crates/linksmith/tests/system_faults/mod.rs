//! What this system does otherwise than Windows, found out with std and its own programs alone, so that
//! a fault of ours cannot hide behind it. On Windows the list is empty.
#![allow(clippy::disallowed_methods, reason = "it has to go around the volumes")]

use std::ffi::OsString;
use std::fs;
use std::os::windows::ffi::OsStringExt;
use std::os::windows::fs::MetadataExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

/// Cases of the conformance suite that cannot pass here, and why.
#[allow(clippy::type_complexity)] // A table of names, probes and words, read once.
pub(crate) fn all() -> Vec<(&'static str, String)> {
    let probes: [(&[&str], fn(&Path) -> Option<&'static str>); 5] = [
        (&["unpaired_surrogates_are_kept"], surrogates),
        (
            &["names_of_devices_and_trailing_dots_are_names"],
            trailing_dots,
        ),
        (&["times_are_set", "a_links_own_times_are_set"], created),
        (&["flags_are_set_and_others_stay"], archive),
        (&["a_name_changes_its_case"], case),
    ];
    let mut faults = Vec::new();
    for (cases, probe) in probes {
        let dir = tempfile::tempdir().expect("a directory");
        if let Some(why) = probe(dir.path()) {
            faults.extend(
                cases
                    .iter()
                    .map(|case| (*case, format!("this system {why}"))),
            );
        }
    }
    faults
}

fn names(dir: &Path) -> Vec<OsString> {
    let entries = fs::read_dir(dir).expect("a listing");
    entries.filter_map(|e| Some(e.ok()?.file_name())).collect()
}

fn surrogates(dir: &Path) -> Option<&'static str> {
    let name = OsString::from_wide(&[0xD800]);
    let made = fs::write(dir.join(&name), "x").is_ok() && names(dir) == [name];
    (!made).then_some("keeps no unpaired surrogate in a name")
}

fn trailing_dots(dir: &Path) -> Option<&'static str> {
    let verbatim = format!(
        r"\\?\{}\dot.",
        fs::canonicalize(dir)
            .ok()?
            .display()
            .to_string()
            .trim_start_matches(r"\\?\")
    );
    let made = fs::write(verbatim, "x").is_ok()
        && names(dir) == ["dot."]
        && fs::canonicalize(dir.join("dot")).is_err();
    (!made).then_some("drops dots at the end of a name")
}

fn created(dir: &Path) -> Option<&'static str> {
    let path = dir.join("f");
    fs::write(&path, "x").ok()?;
    let before = fs::metadata(&path).ok()?.created().ok()?;
    let file = fs::File::options().write(true).open(&path).ok()?;
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_339_068_720))
        .ok()?;
    let after = fs::metadata(&path).ok()?.created().ok()?;
    (before != after).then_some("does not keep the time of creation")
}

fn archive(dir: &Path) -> Option<&'static str> {
    let path = dir.join("f");
    fs::write(&path, "x").ok()?;
    Command::new("attrib").arg("-a").arg(&path).output().ok()?;
    let attributes = fs::metadata(&path).ok()?.file_attributes();
    (attributes & 0x20 != 0).then_some("does not take the archive flag off")
}

fn case(dir: &Path) -> Option<&'static str> {
    fs::write(dir.join("name"), "x").ok()?;
    fs::rename(dir.join("name"), dir.join("Name")).ok()?;
    (names(dir) != ["Name"]).then_some("does not change the case of a name")
}
