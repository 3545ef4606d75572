//! The Windows half: rights, policies, switches.

use std::path::Path;

use super::{Finding, State};
use crate::volume::win32::{DriveKind, facts};

const FILE_SYSTEM_KEY: &str = r"SYSTEM\CurrentControlSet\Control\FileSystem";
const POLICY_KEY: &str = r"SOFTWARE\Policies\Microsoft\Windows\Filesystems\NTFS";
const DEVELOPER_KEY: &str = r"SOFTWARE\Microsoft\Windows\CurrentVersion\AppModelUnlock";

pub(super) fn system(dir: &Path) -> Vec<Finding> {
    let mut findings = vec![version(), elevation()];
    findings.extend(symlink_rights());
    findings.push(evaluation());
    findings.push(long_paths());
    findings.push(redirection_guard());
    findings.extend(drive(dir));
    findings.push(one_drive(dir));
    findings
}

fn version() -> Finding {
    let found = match (facts::version(), facts::wine_version()) {
        (Some((major, minor, build)), None) => format!("Windows {major}.{minor}, build {build}"),
        (Some((major, minor, build)), Some(wine)) => {
            format!("Wine {wine}, which poses as Windows {major}.{minor}, build {build}")
        }
        (None, _) => "Windows, its version untold".to_owned(),
    };
    Finding::new("system", "System", State::Fact, found)
}

fn elevation() -> Finding {
    let (key, what) = ("elevation", "Administrator");
    match facts::is_elevated() {
        Some(true) => Finding::new(key, what, State::Good, "this prompt is elevated"),
        Some(false) => Finding::new(key, what, State::Limited, "this prompt is not elevated")
            .advise("Raw volumes (`--drive X=\\\\.\\D:`) need a prompt started with \"Run as administrator\"."),
        None => Finding::new(key, what, State::Unknown, "the token does not tell"),
    }
}

/// Symbolic links need the privilege *or* Developer Mode; each is told, and advice given where both miss.
fn symlink_rights() -> [Finding; 2] {
    let privilege = facts::privilege("SeCreateSymbolicLinkPrivilege");
    let developer =
        facts::machine_dword(DEVELOPER_KEY, "AllowDevelopmentWithoutDevLicense") == Some(1);
    let (key, what) = ("symlink-privilege", "SeCreateSymbolicLinkPrivilege");
    let first = match privilege {
        Some(Some(true)) => Finding::new(key, what, State::Good, "held and enabled"),
        Some(Some(false)) => Finding::new(key, what, State::Good, "held; it is enabled when it is needed"),
        Some(None) if developer => Finding::new(key, what, State::Fact, "not held; Developer Mode stands in for it"),
        Some(None) => Finding::new(key, what, State::Missing, "not held").advise(
            "Turn on Developer Mode, use an elevated prompt, or have an administrator grant \"Create symbolic links\" (secpol.msc, Local Policies, User Rights Assignment); sign out and in again.",
        ),
        None => Finding::new(key, what, State::Unknown, "the token does not tell"),
    };
    let (key, what) = ("developer-mode", "Developer Mode");
    let second = if developer {
        Finding::new(
            key,
            what,
            State::Good,
            "on: symbolic links need no privilege",
        )
    } else if matches!(privilege, Some(Some(_))) {
        Finding::new(key, what, State::Fact, "off")
    } else {
        Finding::new(key, what, State::Missing, "off")
            .advise("Settings, System, For developers, Developer Mode: on.")
    };
    [first, second]
}

/// A policy goes before the setting; where neither is there the first two are on and the others off.
pub(super) fn symlink_evaluation() -> [bool; 4] {
    let values = [
        ("SymlinkLocalToLocalEvaluation", true),
        ("SymlinkLocalToRemoteEvaluation", true),
        ("SymlinkRemoteToLocalEvaluation", false),
        ("SymlinkRemoteToRemoteEvaluation", false),
    ];
    values.map(|(name, default)| {
        facts::machine_dword(POLICY_KEY, name)
            .or_else(|| facts::machine_dword(FILE_SYSTEM_KEY, name))
            .map_or(default, |value| value != 0)
    })
}

fn evaluation() -> Finding {
    let (key, what) = ("symlink-evaluation", "Symbolic links are followed");
    let [l2l, l2r, r2l, r2r] = symlink_evaluation();
    let word = |on: bool| if on { "yes" } else { "no" };
    let found = format!(
        "local to local {}, local to remote {}, remote to local {}, remote to remote {}",
        word(l2l),
        word(l2r),
        word(r2l),
        word(r2r)
    );
    if l2l && l2r {
        return Finding::new(key, what, State::Good, found);
    }
    let state = if l2l { State::Limited } else { State::Missing };
    Finding::new(key, what, state, found)
        .advise("As administrator: `fsutil behavior set symlinkevaluation L2L:1 L2R:1`.")
}

fn long_paths() -> Finding {
    let (key, what) = ("long-paths", "Paths over 260 characters");
    match facts::machine_dword(FILE_SYSTEM_KEY, "LongPathsEnabled") {
        Some(1) => Finding::new(key, what, State::Good, "allowed for programs that ask for them; this one does"),
        _ => Finding::new(key, what, State::Limited, "this program takes them, most others stop at 260").advise(
            r"As administrator: `reg add HKLM\SYSTEM\CurrentControlSet\Control\FileSystem /v LongPathsEnabled /t REG_DWORD /d 1 /f`.",
        ),
    }
}

fn redirection_guard() -> Finding {
    let (key, what) = ("redirection-guard", "Redirection Guard");
    if facts::wine_version().is_some() {
        // The call says yes there, and means nothing.
        return Finding::new(key, what, State::Fact, "Wine has none");
    }
    match facts::redirection_guard() {
        Some(flags) if flags & 1 != 0 => Finding::new(
            key,
            what,
            State::Limited,
            "on for this process: links made by non-administrators are not followed (error 448)",
        )
        .advise(
            "Name real paths, make the links as administrator, or run from an ordinary prompt.",
        ),
        Some(flags) if flags & 2 != 0 => Finding::new(
            key,
            what,
            State::Fact,
            "only watched, not enforced, for this process",
        ),
        Some(_) => Finding::new(key, what, State::Good, "off for this process"),
        None => Finding::new(
            key,
            what,
            State::Unknown,
            "this Windows does not tell (older than 11)",
        ),
    }
}

fn drive(dir: &Path) -> Option<Finding> {
    let letter = match dir.as_os_str().as_encoded_bytes() {
        [letter, b':', ..] | [b'\\', b'\\', b'?', b'\\', letter, b':', ..]
            if letter.is_ascii_alphabetic() =>
        {
            char::from(*letter)
        }
        _ => return None,
    };
    let (key, what) = ("drive", "Drive");
    Some(match DriveKind::of(letter)? {
        DriveKind::Subst(path) => Finding::new(
            key,
            what,
            State::Limited,
            format!("{letter}: is {path} (SUBST), in this session alone"),
        )
        .advise(format!(
            "Let links name {path}: the letter is gone after a restart and for other users."
        )),
        DriveKind::Mapped(share) => Finding::new(
            key,
            what,
            State::Limited,
            format!("{letter}: is the share {share}"),
        )
        .advise("Junctions cannot lead here; a symbolic link with the share's own path can."),
        kind => Finding::new(
            key,
            what,
            State::Fact,
            format!("{letter}: is a local drive ({})", local(&kind)),
        ),
    })
}

fn local(kind: &DriveKind) -> &'static str {
    match kind {
        DriveKind::Fixed => "fixed disk",
        DriveKind::Removable => "removable disk",
        DriveKind::CdRom => "CD or DVD",
        DriveKind::RamDisk => "disk in memory",
        _ => "of unknown type",
    }
}

fn one_drive(dir: &Path) -> Finding {
    let (key, what) = ("onedrive", "OneDrive");
    let roots = ["OneDrive", "OneDriveConsumer", "OneDriveCommercial"]
        .into_iter()
        .filter_map(std::env::var_os);
    let mut any = false;
    for root in roots {
        any = true;
        if below(dir, Path::new(&root)) {
            return Finding::new(
                key,
                what,
                State::Limited,
                format!("this folder is synced below {}", root.to_string_lossy()),
            )
            .advise(super::CLOUD_ADVICE);
        }
    }
    if any {
        return Finding::new(key, what, State::Good, "this folder is not synced");
    }
    Finding::new(key, what, State::Good, "not set up for this account")
}

/// Whether `dir` is `root` or below it, case not counted.
fn below(dir: &Path, root: &Path) -> bool {
    let fold = |path: &Path| path.to_string_lossy().to_lowercase().replace('/', r"\");
    let (dir, root) = (fold(dir), fold(root));
    dir.strip_prefix(root.trim_end_matches('\\'))
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('\\'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finding_that_misses_something_says_what_to_do() {
        for finding in system(Path::new(r"C:\")) {
            assert!(!finding.found.is_empty(), "{}", finding.key);
            let needs = matches!(finding.state, State::Missing | State::Limited);
            assert!(!needs || finding.advice.is_some(), "{}", finding.key);
        }
    }

    #[test]
    fn below_is_by_whole_names() {
        assert!(below(
            Path::new(r"C:\Users\a\OneDrive\x"),
            Path::new(r"c:\users\A\onedrive\")
        ));
        assert!(!below(
            Path::new(r"C:\Users\a\OneDriveX"),
            Path::new(r"C:\Users\a\OneDrive")
        ));
    }
}
