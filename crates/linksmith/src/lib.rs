//! Windows links everywhere: symbolic links, hard links, junctions and every other reparse point.
//!
//! The house in one breath: text comes in, the drive table says which volume and which entry, an
//! operation reads and returns a [`Plan`], the volume applies it whole or not at all, and the result
//! is read back.
//!
//! The library never prints, and nothing in it follows a link except `resolve`.
//!
//! # Example
//!
//! A junction inside an NTFS image: planned, made in one transaction, followed. Nothing is mounted.
//!
//! ```
//! use std::sync::Arc;
//!
//! use linksmith::ops::create::{Request, Want, plan};
//! use linksmith::ops::execute;
//! use linksmith::undo::Keep;
//! use linksmith::volume::image::ImageVolume;
//! use linksmith::{Drives, Status, Step, inspect};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let image = folder.path().join("disk.img");
//! # let bytes = vec![0; 16 << 20];
//! # let device = linksmith_ntfs::device::Memory::new(bytes);
//! # linksmith_ntfs::format::format(&device, &Default::default())?;
//! # std::fs::write(&image, device.into_bytes())?;
//! let volume = ImageVolume::open_to_change(&image, None)?;
//! let drives = Drives::attached([('C', Arc::new(volume) as _)])?;
//!
//! let dir = drives.locate(r"C:\real_dir".as_ref())?;
//! drives.volume(dir.drive)?.apply(&[Step::MakeDir { at: dir.path }])?;
//!
//! // Reads and returns a plan; then the one way in for every change.
//! let junction = plan(&drives, &Request::new(Want::Junction, r"C:\junction_dir", r"C:\real_dir"))?;
//! execute(&junction.plan, &drives, Keep::DEFAULT, None)?;
//!
//! let link = inspect(&drives, &junction.link)?;
//! assert_eq!(link.status, Status::Ok);
//! # Ok(())
//! # }
//! ```

pub mod audit;
#[cfg(feature = "image")]
mod bytes;
#[cfg(feature = "image")]
pub mod container;
pub mod doctor;
pub mod entry;
pub mod foreign;
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
pub use plan::{Expect, Plan, PlannedStep, Source, Step, Warning};
pub use reparse::{Kind, ReparsePoint, ReparseTag, View};
pub use resolve::{End, Hop, Located, Resolution, Status, inspect};
pub use volume::{
    ApplyError, Caps, Cause, DriveId, Drives, LocateError, Place, Volume, VolumeError, VolumeInfo,
};
pub use win32_error::{ErrorClass, Win32Error};
