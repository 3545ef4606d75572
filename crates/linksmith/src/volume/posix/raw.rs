//! Raw reparse data where a mount offers them: NTFS behind ntfs-3g. And those that Wine and Samba keep on other file
//! systems, to be read.
//!
//! The driver shows a reparse point as a symbolic link of its own making; the data themselves are an
//! extended attribute. For up to a second after they changed, the kernel still has the entry as what it
//! was, and answers looks with `EIO`; the attributes answer at once, so what was written is verified by
//! them and never by a look.

use std::os::fd::{AsFd, AsRawFd};
use std::time::Duration;

use rustix::fs::{AtFlags, XattrFlags};
use rustix::io::Errno;

use super::{cause, stat};
use crate::entry::{Attributes, Base, Entry, FileTime, Times};
use crate::foreign::Form;
use crate::path::Name;
use crate::reparse::{MAXIMUM_SIZE, ReparsePoint, ReparseTag};
use crate::volume::Cause;

/// The whole reparse buffer.
const DATA: &str = "system.ntfs_reparse_data";
/// The attribute flags of `$STANDARD_INFORMATION`, 32 bits, big-endian. Only ever read: the kernel's own
/// NTFS drivers would store a written one as it is.
const FLAGS: &str = "system.ntfs_attrib_be";
/// Its times: made, written, read, record changed; 64 bits each, big-endian.
const TIMES: &str = "system.ntfs_times_be";
/// Where Wine keeps the whole buffer, of entries whose names end in `?`. Source: `XATTR_REPARSE` of its `ntdll`.
const WINE: &str = "user.WINEREPARSE";
/// Where Samba keeps it. Source: `SAMBA_XATTR_REPARSE_ATTRIB`.
const SAMBA: &str = "user.SmbReparse";
/// `statfs` of any FUSE file system.
const FUSE: rustix::fs::FsWord = 0x6573_5546;

/// A path that leads to a name in an open directory, for calls that take no directory; of the directory
/// itself without a name. The last name is not followed.
fn path_of(dir: &impl AsFd, name: Option<&Name>) -> Vec<u8> {
    let mut path = format!("/proc/self/fd/{}/", dir.as_fd().as_raw_fd()).into_bytes();
    path.extend_from_slice(name.map_or(b".", Name::as_bytes));
    path
}

fn get(dir: &impl AsFd, name: Option<&Name>, attribute: &str) -> rustix::io::Result<Vec<u8>> {
    let mut value = vec![0; MAXIMUM_SIZE];
    let len = rustix::fs::lgetxattr(path_of(dir, name), attribute, &mut value)?;
    value.truncate(len);
    Ok(value)
}

/// Whether raw reparse data are to be had on an open directory's file system.
///
/// All three must hold: the kernel's NTFS drivers answer the first attribute as ntfs-3g does, and other
/// FUSE file systems may answer anything.
pub(super) fn offered(dir: &impl AsFd) -> bool {
    rustix::fs::fstatfs(dir).is_ok_and(|fs| fs.f_type == FUSE)
        && matches!(get(dir, None, DATA), Ok(_) | Err(Errno::NODATA))
        && get(dir, None, FLAGS).is_ok_and(|flags| flags.len() == 4)
}

/// The reparse data of an entry; `None` where it has none.
pub(super) fn data(dir: &impl AsFd, name: &Name) -> Result<Option<ReparsePoint>, Cause> {
    match get(dir, Some(name), DATA) {
        Ok(bytes) => Ok(Some(ReparsePoint::from_bytes(bytes)?)),
        Err(Errno::NODATA) => Ok(None),
        Err(errno) => Err(cause::of(errno)),
    }
}

/// The reparse data that Wine or Samba keeps of an entry.
pub(super) fn kept(dir: &impl AsFd, name: &Name) -> rustix::io::Result<Option<(Form, Vec<u8>)>> {
    if name.as_bytes().ends_with(b"?") {
        if let Some(data) = kept_in(dir, name, WINE)? {
            return Ok(Some((Form::Wine, data)));
        }
    }
    Ok(kept_in(dir, name, SAMBA)?.map(|data| (Form::Samba, data)))
}

fn kept_in(dir: &impl AsFd, name: &Name, attribute: &str) -> rustix::io::Result<Option<Vec<u8>>> {
    match get(dir, Some(name), attribute) {
        Ok(data) => Ok(Some(data)),
        // It has none, nothing here can have any, or none of a reparse buffer's size.
        Err(Errno::NODATA | Errno::NOTSUP | Errno::PERM | Errno::RANGE) => Ok(None),
        Err(errno) => Err(errno),
    }
}

/// Sets reparse data, and reads them and their flag back.
pub(super) fn set(dir: &impl AsFd, name: &Name, data: &ReparsePoint) -> Result<(), Cause> {
    let path = path_of(dir, Some(name));
    rustix::fs::lsetxattr(path, DATA, data.as_bytes(), XattrFlags::empty()).map_err(cause::of)?;
    let back = self::data(dir, name)?;
    if back.as_ref() != Some(data) {
        return Err(Cause::ReadBack(format!("{back:?} instead of {data:?}")));
    }
    // A driver that only stores what it does not know reads the same back, but makes no link of it.
    match flags(dir, name) {
        Some(flags) if flags.contains(Attributes::REPARSE_POINT) => Ok(()),
        flags => Err(Cause::ReadBack(format!("the flags are {flags:?}"))),
    }
}

pub(super) fn clear(dir: &impl AsFd, name: &Name) -> Result<(), Cause> {
    rustix::fs::lremovexattr(path_of(dir, Some(name)), DATA).map_err(cause::of)
}

fn flags(dir: &impl AsFd, name: &Name) -> Option<Attributes> {
    let value = get(dir, Some(name), FLAGS).ok()?;
    let bytes = <[u8; 4]>::try_from(value).ok()?;
    Some(Attributes::from_bits_retain(u32::from_be_bytes(bytes)))
}

fn times(dir: &impl AsFd, name: &Name) -> Option<Times> {
    let value = get(dir, Some(name), TIMES).ok()?;
    let mut times = value
        .chunks_exact(8)
        .map(|time| FileTime(time.iter().fold(0, |t, b| t << 8 | u64::from(*b))));
    let mut next = || times.next();
    Some(Times {
        created: next()?,
        modified: next()?,
        accessed: next()?,
        changed: next()?,
    })
}

/// An entry as [`stat::entry`] has it, and its reparse tag where the mount offers that.
pub(super) fn entry(dir: &impl AsFd, name: Option<&Name>) -> rustix::io::Result<Entry> {
    let looked = stat::entry(dir, name);
    let Some(name) = name else { return looked };
    match looked {
        Ok(mut entry) if entry.base == Base::PosixSymlink && offered(dir) => {
            with_data(dir, name, &mut entry);
            Ok(entry)
        }
        Err(Errno::IO) if offered(dir) => changed_just_now(dir, name),
        looked => looked,
    }
}

/// Makes of the driver's symbolic link the reparse point that it is. The driver's own symbolic links
/// (Interix files) have no data and stay what they are.
fn with_data(dir: &impl AsFd, name: &Name, entry: &mut Entry) {
    let (Ok(data), Some(flags)) = (get(dir, Some(name), DATA), flags(dir, name)) else {
        return;
    };
    let [a, b, c, d, ..] = data[..] else { return };
    entry.tag = Some(ReparseTag(u32::from_le_bytes([a, b, c, d])));
    entry.base = base(flags);
    entry.attributes = flags;
}

fn base(flags: Attributes) -> Base {
    // ntfs-3g sets this flag in what it tells, whatever the record has.
    if flags.contains(Attributes::DIRECTORY) {
        Base::Dir
    } else {
        Base::File
    }
}

/// An entry that the kernel does not know anew yet: from its attributes and its directory's listing.
fn changed_just_now(dir: &impl AsFd, name: &Name) -> rustix::io::Result<Entry> {
    let flags = flags(dir, name).ok_or(Errno::IO)?;
    let own = stat::entry(dir, None)?;
    // A handle that can list: the directory may be open for looking below it alone.
    let listing = rustix::fs::Dir::read_from(dir)?;
    let found = listing
        .filter_map(Result::ok)
        .find(|item| item.file_name().to_bytes() == name.as_bytes())
        .ok_or(Errno::NOENT)?;
    let mut entry =
        stat::entry_of_listing(name.clone(), found.file_type(), found.ino(), own.id.volume);
    entry.base = base(flags);
    entry.attributes = flags;
    entry.times = times(dir, name).unwrap_or_default();
    with_data(dir, name, &mut entry);
    Ok(entry)
}

/// Waits until the kernel has forgotten what an entry was: at most a second and a half.
pub(super) fn settle(dir: &impl AsFd, name: &Name) {
    for _ in 0..30 {
        let looked = rustix::fs::statat(dir, name.as_bytes(), AtFlags::SYMLINK_NOFOLLOW);
        if !matches!(looked, Err(Errno::IO)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}
