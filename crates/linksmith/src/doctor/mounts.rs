//! NTFS volumes among the mounts of a Linux system: pure reading of `/proc/self/mountinfo` (proc(5)).

/// A mounted NTFS volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NtfsMount {
    /// Where.
    pub(super) at: String,
    /// The file system's type: `ntfs3`, `ntfs`, `fuseblk`.
    pub(super) kind: String,
    /// What is mounted: `/dev/sda2`.
    pub(super) source: String,
    /// Whether it is read-only.
    pub(super) read_only: bool,
}

/// The NTFS volumes in the text of `mountinfo`. `fuseblk` is ntfs-3g as a rule, and counted as that.
pub(super) fn ntfs(mountinfo: &str) -> Vec<NtfsMount> {
    mountinfo.lines().filter_map(line).collect()
}

/// `ID PARENT MAJOR:MINOR ROOT MOUNTPOINT OPTIONS [OPTIONAL...] - TYPE SOURCE SUPEROPTIONS`
fn line(text: &str) -> Option<NtfsMount> {
    let (mount, system) = text.split_once(" - ")?;
    let mut mount = mount.split(' ').skip(4);
    let (at, options) = (mount.next()?, mount.next()?);
    let mut system = system.split(' ');
    let (kind, source) = (system.next()?, system.next()?);
    let known = matches!(
        kind,
        "ntfs" | "ntfs3" | "fuseblk" | "fuse.ntfs-3g" | "fuse.ntfs"
    );
    known.then(|| NtfsMount {
        at: unescape(at),
        kind: kind.to_owned(),
        source: unescape(source),
        read_only: options.split(',').any(|option| option == "ro"),
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

    #[test]
    fn ntfs_mounts_are_found_among_others() {
        let text = "22 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n\
                    40 22 8:2 / /mnt/my\\040disk ro,nosuid shared:5 - fuseblk /dev/sda2 ro,user_id=0\n\
                    41 22 8:3 / /d rw - ntfs3 /dev/sda3 rw\n\
                    garbage";
        let found = ntfs(text);
        assert_eq!(found.len(), 2);
        assert_eq!(
            (found[0].at.as_str(), found[0].read_only),
            ("/mnt/my disk", true)
        );
        assert_eq!(
            (found[1].kind.as_str(), found[1].source.as_str()),
            ("ntfs3", "/dev/sda3")
        );
    }
}
