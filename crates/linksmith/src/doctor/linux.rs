//! The Linux half.

use std::path::Path;

use super::mounts::{self, NtfsMount};
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
    findings.extend(protected(
        read("/proc/sys/fs/protected_hardlinks").as_deref(),
    ));
    let mounts = mounts::ntfs(&read("/proc/self/mountinfo").unwrap_or_default());
    findings.extend(mounts.iter().map(ntfs_mount));
    findings.push(where_it_lies(dir, &mounts));
    findings
}

/// `fs.protected_hardlinks` (proc(5)): only files that are one's own, or that one may write, get names.
fn protected(value: Option<&str>) -> Option<Finding> {
    let (key, what) = ("protected-hardlinks", "Hard links to others' files");
    match value?.trim() {
        "0" => Some(Finding::new(key, what, State::Good, "allowed")),
        _ if rustix::process::geteuid().is_root() => Some(Finding::new(key, what, State::Good, "allowed: you are root")),
        _ => Some(
            Finding::new(key, what, State::Limited, "only files of your own, or that you may write, get another name")
                .advise("Ask the owner, or make a soft link; `sysctl fs.protected_hardlinks` shows the setting."),
        ),
    }
}

fn ntfs_mount(mount: &NtfsMount) -> Finding {
    let driver = match mount.kind.as_str() {
        "ntfs3" => "the kernel's ntfs3",
        "ntfs" => "the kernel's ntfs",
        _ => "ntfs-3g",
    };
    let mode = if mount.read_only { ", read-only" } else { "" };
    let found = format!("{} at {} by {driver}{mode}", mount.source, mount.at);
    Finding::new("ntfs-mount", "NTFS mounted", State::Fact, found).advise(format!(
        "`umount '{}'`, then `--drive C={}` edits it with every kind of link and all or nothing.",
        mount.at, mount.source
    ))
}

fn where_it_lies(dir: &Path, mounts: &[NtfsMount]) -> Finding {
    let (key, what) = ("place", "This folder");
    match mounts.iter().filter(|mount| dir.starts_with(&mount.at)).max_by_key(|mount| mount.at.len()) {
        Some(mount) => Finding::new(key, what, State::Limited, format!("on the mounted NTFS volume {}", mount.source))
            .advise("Junctions and Windows symbolic links are made through `--drive`, with the volume unmounted."),
        None => Finding::new(key, what, State::Limited, "on a file system of this system, where links are POSIX ones")
            .advise("For junctions and Windows symbolic links attach an NTFS volume: `--drive C=disk.img`."),
    }
}
