//! Windows links everywhere: symbolic links, hard links, junctions and every other reparse point.
//!
//! The house in one breath: text comes in, the drive table says which volume and which entry, an
//! operation reads and returns a [`Plan`], the volume applies it whole or not at all, and the result
//! is read back.
//!
//! The library never prints, and nothing in it follows a link except `resolve`.

pub mod audit;
pub mod doctor;
pub mod entry;
pub mod graph;
pub mod ops;
#[cfg(feature = "image")]
pub mod partition;
pub mod path;
pub mod plan;
pub mod reparse;
pub mod resolve;
pub mod scan;
pub mod undo;
pub mod volume;
pub mod win32_error;

pub use entry::{Attributes, Base, Entry, FileId, FileTime, LinkKind, LinkText, Times};
pub use path::{EntryPath, Name, NameError, TargetPath};
pub use plan::{Expect, Plan, PlannedStep, Step, Warning};
pub use reparse::{Kind, ReparsePoint, ReparseTag, View};
pub use resolve::{End, Hop, Located, Resolution, Status, inspect};
pub use volume::{
    ApplyError, Caps, Cause, DriveId, Drives, LocateError, Place, Volume, VolumeError, VolumeInfo,
};
pub use win32_error::{ErrorClass, Win32Error};
