//! The mounts of a Linux system: pure reading of `/proc/self/mountinfo` (proc(5)).

use std::path::Path;

/// One mount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mount {
    /// Where.
    pub(super) at: String,
    /// The file system's type: `ext4`, `ntfs3`, `fuseblk`.
    pub(super) kind: String,
    /// What is mounted: `/dev/sda2`.
    pub(super) source: String,
    /// `rw,nosuid,nosymfollow`.
    options: String,
}

impl Mount {
    /// Whether it holds NTFS. `fuseblk` is ntfs-3g as a rule, and counted as that.
    pub(super) fn is_ntfs(&self) -> bool {
        let kinds = ["ntfs", "ntfs3", "fuseblk", "fuse.ntfs-3g", "fuse.ntfs"];
        kinds.contains(&self.kind.as_str())
    }

    /// Whether it was mounted with this option.
    pub(super) fn has(&self, option: &str) -> bool {
        self.options.split(',').any(|o| o == option)
    }
}

/// Every mount in the text of `mountinfo`.
pub(super) fn all(mountinfo: &str) -> Vec<Mount> {
    mountinfo.lines().filter_map(line).collect()
}

/// The mount that a folder is on.
pub(super) fn of<'m>(mounts: &'m [Mount], dir: &Path) -> Option<&'m Mount> {
    let above = mounts.iter().filter(|mount| dir.starts_with(&mount.at));
    // Of several at one place the last hides the others.
    above.max_by_key(|mount| mount.at.len())
}

/// `ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPEROPTIONS`
fn line(text: &str) -> Option<Mount> {
    let (mount, system) = text.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(4);
    let (at, options) = (mount.next()?, mount.next()?);
    let mut system = system.split(' ');
    let (kind, source) = (system.next()?, system.next()?);
    Some(Mount {
        at: unescape(at),
        kind: kind.to_owned(),
        source: unescape(source),
        options: options.to_owned(),
    })
}

/// Space, tab, newline and backslash stand as `\040`, `\011`, `\012`, `\134`.
fn unescape(text: &str) -> String {
    let escapes = [
        (r"\040", " "),
        (r"\011", "\t"),
        (r"\012", "\n"),
        (r"\134", r"\"),
    ];
    escapes
        .into_iter()
        .fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
                        40 22 8:2 / /mnt/my\\040disk ro,nosuid shared:5 - fuseblk /dev/sda2 ro,user_id=0\n\
                        41 22 8:3 / /d rw,nosymfollow - ntfs3 /dev/sda3 rw\n\
                        garbage";

    #[test]
    fn ntfs_mounts_are_found_among_others() {
        let mut found = all(TEXT);
        found.retain(Mount::is_ntfs);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].at.as_str(), found[0].has("ro")),
            ("/mnt/my disk", true)
        );
        assert_eq!(
            (found[1].kind.as_str(), found[1].source.as_str()),
            ("ntfs3", "/dev/sda3")
        );
    }

    #[test]
    fn a_folder_is_on_the_nearest_mount() {
        let mounts = all(TEXT);
        let at = |dir: &str| of(&mounts, Path::new(dir)).map(|mount| mount.at.as_str());
        assert_eq!(at("/home/a"), Some("/"));
        assert_eq!(at("/d/links"), Some("/d"));
        assert_eq!(at("/data"), Some("/"), "by whole names");
        assert!(of(&mounts, Path::new("/d")).is_some_and(|m| m.has("nosymfollow")));
    }
}
