//! Live Windows: a drive, a mounted volume or a share, through its handles.
//!
//! Every entry is opened once, from the root's handle, through no link (`OBJ_DONT_REPARSE`), and all
//! that is asked or changed goes through that handle. What is made is read back: some systems say yes
//! and make nothing.
//!
//! The parsers of what the system answers are compiled into tests everywhere; the rest is Windows only.

#[cfg(any(windows, test))]
#[cfg_attr(not(windows), allow(dead_code))]
mod info;

#[cfg(any(windows, test))]
#[cfg_attr(not(windows), allow(dead_code))]
mod device_name;

#[cfg(windows)]
mod apply;
#[cfg(all(windows, feature = "image"))]
mod device;
#[cfg(windows)]
mod drives;
#[cfg(windows)]
pub(crate) mod facts;
#[cfg(windows)]
mod handle;
#[cfg(windows)]
mod link;
#[cfg(windows)]
mod list;
#[cfg(windows)]
mod open;
#[cfg(windows)]
mod reparse_index;
#[cfg(windows)]
mod sys;
#[cfg(all(windows, test))]
mod tests;
#[cfg(windows)]
mod undo;
#[cfg(windows)]
mod volume;

#[cfg(all(windows, feature = "image"))]
pub use device::{RawDevice, device_key, is_device_path};
#[cfg(windows)]
pub use drives::{DriveKind, Win32Drives, volume_guid};
#[cfg(windows)]
pub use volume::Win32Volume;

/// The process's command line as it was given, for programs with quoting rules of their own: `cmd`'s
/// built-in commands take quotes away and know no backslash before one.
#[cfg(windows)]
#[must_use]
pub fn command_line() -> std::ffi::OsString {
    std::os::windows::ffi::OsStringExt::from_wide(&sys::command_line())
}
