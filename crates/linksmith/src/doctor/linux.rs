//! The Linux half.

use std::path::Path;

use super::mounts::{self, Mount};
use super::{Finding, State};

pub(super) fn system(dir: &Path) -> Vec<Finding> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let kernel = read("/proc/sys/kernel/osrelease").unwrap_or_default();
    let mut findings = vec![Finding::new(
        "system",
        "System",
        State::Fact,
        format!("Linux {}", kernel.trim()),
    )];
    let set = |name: &str| read(&format!("/proc/sys/fs/{name}"));
    findings.extend(hard_links_to_others(
        set("protected_hardlinks").as_deref(),
        rustix::process::geteuid().is_root(),
    ));
    findings.extend(links_of_others(set("protected_symlinks").as_deref()));
    let mounts = mounts::all(&read("/proc/self/mountinfo").unwrap_or_default());
    findings.extend(mounts.iter().filter(|m| m.is_ntfs()).map(ntfs_mount));
    let here = mounts::of(&mounts, dir);
    findings.extend(here.and_then(not_followed));
    findings.push(where_it_lies(here));
    findings
}

/// `fs.protected_hardlinks` (proc(5)): only files that are one's own, or that one may write, get names.
fn hard_links_to_others(value: Option<&str>, root: bool) -> Option<Finding> {
    let (key, what) = ("protected-hardlinks", "Hard links to others' files");
    match value?.trim() {
        "0" => Some(Finding::new(key, what, State::Good, "allowed")),
        _ if root => Some(Finding::new(key, what, State::Good, "allowed: you are root")),
        _ => Some(
            Finding::new(key, what, State::Limited, "only files of your own, or that you may write, get another name")
                .advise("Ask the owner, or make a soft link; `sysctl fs.protected_hardlinks` shows the setting."),
        ),
    }
}

/// `fs.protected_symlinks` (proc(5)): what Redirection Guard is to Windows, for folders like `/tmp`.
fn links_of_others(value: Option<&str>) -> Option<Finding> {
    let (key, what) = ("protected-symlinks", "Others' soft links");
    match value?.trim() {
        "0" => Some(Finding::new(key, what, State::Good, "followed everywhere")),
        _ => Some(
            Finding::new(
                key,
                what,
                State::Limited,
                "in folders like /tmp only your own, and those of the folder's owner, are followed",
            )
            .advise("Keep links that others shall follow out of such folders."),
        ),
    }
}

/// The mount option that turns following off, as a symlink evaluation policy does on Windows.
fn not_followed(mount: &Mount) -> Option<Finding> {
    let (key, what) = ("nosymfollow", "Soft links are followed");
    mount.has("nosymfollow").then(|| {
        let found = format!("no: {} is mounted with nosymfollow", mount.at);
        let finding = Finding::new(key, what, State::Missing, found);
        finding.advise(format!(
            "As root: `mount -o remount,symfollow '{}'`.",
            mount.at
        ))
    })
}

fn ntfs_mount(mount: &Mount) -> Finding {
    let driver = match mount.kind.as_str() {
        "ntfs3" => "the kernel's ntfs3",
        "ntfs" => "the kernel's ntfs",
        _ => "ntfs-3g",
    };
    let mode = if mount.has("ro") { ", read-only" } else { "" };
    let found = format!("{} at {} by {driver}{mode}", mount.source, mount.at);
    Finding::new("ntfs-mount", "NTFS mounted", State::Fact, found).advise(format!(
        "`umount '{}'`, then `--drive C={}` edits it with every kind of link and all or nothing.",
        mount.at, mount.source
    ))
}

fn where_it_lies(mount: Option<&Mount>) -> Finding {
    let (key, what) = ("place", "This folder");
    match mount.filter(|mount| mount.is_ntfs()) {
        Some(mount) => Finding::new(key, what, State::Limited, format!("on the mounted NTFS volume {}", mount.source))
            .advise("Junctions and Windows symbolic links are made through `--drive`, with the volume unmounted."),
        None => Finding::new(key, what, State::Limited, "on a file system of this system, where links are POSIX ones")
            .advise("For junctions and Windows symbolic links attach an NTFS volume: `--drive C=disk.img`."),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_told_with_what_to_do() {
        let state = |finding: Option<Finding>| finding.map(|f| (f.state, f.advice.is_some()));
        let limited = Some((State::Limited, true));
        assert_eq!(state(hard_links_to_others(Some("1\n"), false)), limited);
        let good = Some((State::Good, false));
        assert_eq!(state(hard_links_to_others(Some("1\n"), true)), good);
        assert_eq!(state(links_of_others(Some("1\n"))), limited);
        assert_eq!(state(links_of_others(Some("0\n"))), good);
        assert_eq!(state(links_of_others(None)), None, "not told");
    }

    #[test]
    fn a_mount_that_follows_none_is_told() {
        let mounts = mounts::all("1 0 8:3 / /d rw,nosymfollow - ext4 /dev/sda3 rw");
        let finding = not_followed(&mounts[0]).expect("a finding");
        assert_eq!(finding.state, State::Missing);
        let mounts = mounts::all("1 0 8:3 / /d rw - ext4 /dev/sda3 rw");
        assert_eq!(not_followed(&mounts[0]), None);
    }
}
