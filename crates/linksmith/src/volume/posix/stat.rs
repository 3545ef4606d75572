//! What the system says of files and file systems, in our words.

use std::os::fd::AsFd;

use rustix::fs::{AtFlags, FileType};

use crate::entry::{Attributes, Base, Entry, FileId, FileTime, Times};
use crate::path::Name;
use crate::volume::{Caps, Space};

/// The entry called `name` in an open directory; without a name, that directory itself.
pub(super) fn entry(dir: impl AsFd, name: Option<&Name>) -> rustix::io::Result<Entry> {
    let stat = stat(dir, name.map(Name::as_bytes))?;
    Ok(entry_of(name.cloned(), &stat))
}

/// The entry of that name of which the system says this.
pub(super) fn entry_of(name: Option<Name>, stat: &Stat) -> Entry {
    let base = base(FileType::from_raw_mode(stat.mode));
    Entry {
        short_name: None,
        id: FileId {
            volume: stat.device,
            file: u128::from(stat.inode),
        },
        base,
        tag: None,
        links: Some(stat.links),
        size: if base == Base::File { stat.size } else { 0 },
        attributes: attributes(base, stat.mode, name.as_ref()),
        times: stat.times,
        name,
    }
}

/// What a listing alone says of an entry that may not be looked at.
pub(super) fn entry_of_listing(name: Name, kind: FileType, inode: u64, device: u64) -> Entry {
    Entry {
        short_name: None,
        id: FileId {
            volume: device,
            file: u128::from(inode),
        },
        base: base(kind),
        tag: None,
        links: None,
        size: 0,
        attributes: attributes(base(kind), 0o777, Some(&name)),
        times: Times::default(),
        name: Some(name),
    }
}

fn base(kind: FileType) -> Base {
    match kind {
        FileType::RegularFile => Base::File,
        FileType::Directory => Base::Dir,
        FileType::Symlink => Base::PosixSymlink,
        _ => Base::Special,
    }
}

/// Read-only where nobody may write, hidden where the name begins with a dot, as Samba has it.
fn attributes(base: Base, mode: rustix::fs::RawMode, name: Option<&Name>) -> Attributes {
    let mut attributes = Attributes::empty();
    attributes.set(Attributes::DIRECTORY, base == Base::Dir);
    attributes.set(
        Attributes::READONLY,
        mode & 0o222 == 0 && base != Base::PosixSymlink,
    );
    attributes.set(
        Attributes::HIDDEN,
        name.is_some_and(|n| n.as_bytes().starts_with(b".")),
    );
    if attributes.is_empty() {
        attributes = Attributes::NORMAL;
    }
    attributes
}

/// The parts of `stat` or `statx` that an entry is made of.
pub(super) struct Stat {
    device: u64,
    inode: u64,
    pub(super) mode: rustix::fs::RawMode,
    pub(super) links: u32,
    size: u64,
    times: Times,
}

pub(super) use imp::stat;

#[cfg(any(target_os = "linux", target_os = "android"))]
mod imp {
    use super::{AsFd, AtFlags, FileTime, Stat, Times};
    use rustix::fs::{StatxFlags, StatxTimestamp, makedev};
    use rustix::path::Arg;

    /// What the system says of `name` in an open directory, never followed; without a name, of that directory.
    pub(in super::super) fn stat(
        dir: impl AsFd,
        name: Option<impl Arg>,
    ) -> rustix::io::Result<Stat> {
        let flags = match name {
            Some(_) => AtFlags::SYMLINK_NOFOLLOW,
            None => AtFlags::EMPTY_PATH,
        };
        let mask = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
        let s = match name {
            Some(name) => rustix::fs::statx(dir, name, flags, mask)?,
            None => rustix::fs::statx(dir, c"", flags, mask)?,
        };
        let known = |flag: StatxFlags, t: StatxTimestamp| {
            if s.stx_mask & flag.bits() == 0 {
                return FileTime::default();
            }
            FileTime::from_unix(t.tv_sec, t.tv_nsec)
        };
        Ok(Stat {
            device: makedev(s.stx_dev_major, s.stx_dev_minor),
            inode: s.stx_ino,
            mode: s.stx_mode.into(),
            links: s.stx_nlink,
            size: s.stx_size,
            times: Times {
                created: known(StatxFlags::BTIME, s.stx_btime),
                modified: known(StatxFlags::MTIME, s.stx_mtime),
                changed: known(StatxFlags::CTIME, s.stx_ctime),
                accessed: known(StatxFlags::ATIME, s.stx_atime),
            },
        })
    }
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
mod imp {
    use super::{AsFd, AtFlags, FileTime, Stat, Times};
    use rustix::path::Arg;

    // The fields' types differ between the systems.
    #[allow(clippy::unnecessary_cast)]
    pub(in super::super) fn stat(
        dir: impl AsFd,
        name: Option<impl Arg>,
    ) -> rustix::io::Result<Stat> {
        let s = match name {
            Some(name) => rustix::fs::statat(dir, name, AtFlags::SYMLINK_NOFOLLOW)?,
            None => rustix::fs::fstat(dir)?,
        };
        let time = |seconds, nanos| FileTime::from_unix(seconds as i64, nanos as u32);
        Ok(Stat {
            device: s.st_dev as u64,
            inode: s.st_ino as u64,
            mode: s.st_mode,
            links: s.st_nlink as u32,
            size: s.st_size as u64,
            times: Times {
                created: FileTime::default(),
                modified: time(s.st_mtime, s.st_mtime_nsec),
                changed: time(s.st_ctime, s.st_ctime_nsec),
                accessed: time(s.st_atime, s.st_atime_nsec),
            },
        })
    }
}

/// The number of the device that an open file is on.
pub(super) fn device(fd: impl AsFd) -> rustix::io::Result<u64> {
    Ok(stat(fd, None::<&[u8]>)?.device)
}

/// Who besides root may replace the entry `name` of a directory: those who may write the directory;
/// where it is sticky, only the owners of it and of the entry.
pub(super) fn writers(dir: impl AsFd, name: &Name) -> rustix::io::Result<Vec<String>> {
    let folder = rustix::fs::statat(&dir, ".", AtFlags::SYMLINK_NOFOLLOW)?;
    let entry = rustix::fs::statat(&dir, name.as_bytes(), AtFlags::SYMLINK_NOFOLLOW)?;
    let mut who = Vec::new();
    let sticky = folder.st_mode & 0o1000 != 0;
    let by_others = folder.st_mode & 0o022 != 0;
    if folder.st_uid != 0 {
        who.push(format!("user {}", folder.st_uid));
    }
    if sticky && by_others && entry.st_uid != 0 && entry.st_uid != folder.st_uid {
        who.push(format!("user {}", entry.st_uid));
    }
    if !sticky && folder.st_mode & 0o020 != 0 && folder.st_gid != 0 {
        who.push(format!("group {}", folder.st_gid));
    }
    if !sticky && folder.st_mode & 0o002 != 0 {
        who.push("everyone".to_owned());
    }
    Ok(who)
}

/// Bytes in all, and free to this account.
pub(super) fn space(fd: impl AsFd) -> rustix::io::Result<Space> {
    let vfs = rustix::fs::fstatvfs(fd)?;
    Ok(Space {
        total: vfs.f_blocks.saturating_mul(vfs.f_frsize),
        free: vfs.f_bavail.saturating_mul(vfs.f_frsize),
    })
}

/// What can be done on the file system that an open file is on.
///
/// Only those that are known to have no links are taken at their word; on the others a call that they
/// refuse says so.
pub(super) fn caps(fd: impl AsFd) -> rustix::io::Result<Caps> {
    let mut caps = Caps::HARD_LINK | Caps::POSIX_SYMLINK;
    if matches!(file_system(&fd)?.as_str(), "vfat" | "exfat") {
        caps = Caps::empty();
    }
    if super::raw::offered(&fd) {
        caps |= Caps::SYMLINK | Caps::JUNCTION | Caps::REPARSE;
    }
    let flags = rustix::fs::fstatvfs(fd)?.f_flag;
    caps.set(
        Caps::READ_ONLY,
        flags.contains(rustix::fs::StatVfsMountFlags::RDONLY),
    );
    Ok(caps)
}

/// The name of the file system that an open file is on; `posix` where its number is not known here.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn file_system(fd: impl AsFd) -> rustix::io::Result<String> {
    // Numbers from linux/magic.h and the file systems' own sources.
    let name = match rustix::fs::fstatfs(fd)?.f_type {
        0xEF53 => "ext4",
        0x0102_1994 => "tmpfs",
        0x9123_683E => "btrfs",
        0x5846_5342 => "xfs",
        0x794C_7630 => "overlay",
        0x6573_5546 => "fuse",
        0x7366_746E => "ntfs",
        0x4D44 => "vfat",
        0x2011_BAB0 => "exfat",
        0x6969 => "nfs",
        0xFF53_4D42 | 0xFE53_4D42 => "smb",
        0x0102_1997 => "9p",
        0x2FC1_2FC1 => "zfs",
        0xF2F5_2010 => "f2fs",
        0x9FA0 => "proc",
        _ => "posix",
    };
    Ok(name.to_owned())
}

#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn file_system(_: impl AsFd) -> rustix::io::Result<String> {
    Ok("posix".to_owned())
}

/// Extended attributes with their values, to be compared. Where they are too long for that the file's
/// number stands for them: it is like no other then.
#[cfg(any(target_os = "linux", target_os = "android"))]
pub(super) fn extended_attributes(file: impl AsFd, inode: u64) -> rustix::io::Result<Vec<u8>> {
    use rustix::io::Errno;
    const MOST: usize = 64 << 10;
    let alone = || Ok(inode.to_le_bytes().to_vec());
    let mut names = vec![0_u8; MOST];
    let length = match rustix::fs::flistxattr(&file, &mut names) {
        Ok(length) => length,
        Err(Errno::NOTSUP) => 0,
        Err(Errno::RANGE) => return alone(),
        Err(errno) => return Err(errno),
    };
    names.truncate(length);
    let mut all = Vec::new();
    let mut value = vec![0_u8; MOST];
    for name in names.split(|b| *b == 0).filter(|name| !name.is_empty()) {
        let length = match rustix::fs::fgetxattr(&file, name, &mut value) {
            Ok(length) => length,
            Err(Errno::RANGE) => return alone(),
            Err(errno) => return Err(errno),
        };
        all.extend_from_slice(name);
        all.push(0);
        all.extend_from_slice(&(length as u64).to_le_bytes());
        all.extend_from_slice(value.get(..length).unwrap_or_default());
    }
    Ok(all)
}

/// They are not looked at on this system.
#[cfg(not(any(target_os = "linux", target_os = "android")))]
pub(super) fn extended_attributes(_: impl AsFd, _: u64) -> rustix::io::Result<Vec<u8>> {
    Ok(Vec::new())
}
