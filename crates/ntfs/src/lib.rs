//! Reads and edits NTFS volumes: links first.
//!
//! The crate knows no operating system: it sees a [`device::Device`] and nothing else. It knows the
//! structures of NTFS, not what reparse data *mean*; that is the `linksmith` crate's part.
//!
//! What is promised: every length and offset read from a device is bounded before it is used; edits gather in
//! memory and reach the device whole or not at all, whatever fails ([`journal`]); a volume that is dirty,
//! hibernated or whose log holds work is read but not changed ([`Refusal`]).
//!
//! # Example
//!
//! A second name for a file, on a volume in memory:
//!
//! ```
//! use linksmith_ntfs::Volume;
//! use linksmith_ntfs::device::Memory;
//! use linksmith_ntfs::edit::{EditOptions, Editor};
//! use linksmith_ntfs::format::{FormatOptions, format};
//! use linksmith_ntfs::journal::MemoryJournal;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let utf16 = |text: &str| text.encode_utf16().collect::<Vec<u16>>();
//! let device = Memory::new(vec![0; 16 << 20]);
//! format(&device, &FormatOptions::default())?;
//!
//! let mut editor = Editor::open(&device, 0, EditOptions::default())?;
//! let root = editor.root()?;
//! let file = editor.create_file(root, &utf16("real_file.txt"), b"hello")?;
//! editor.link(file, root, &utf16("hardlink_file.txt"))?;
//! editor.commit(&MemoryJournal::default())?;
//!
//! let volume = Volume::open(&device)?;
//! assert_eq!(volume.find_path(&[utf16("hardlink_file.txt")])?, file);
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

pub mod attribute;
pub mod boot;
pub mod change;
pub mod check;
pub mod collate;
pub mod device;
pub mod edit;
pub mod error;
pub mod file;
pub mod file_name;
mod file_ref;
pub mod fixup;
pub mod format;
pub mod health;
pub mod index;
pub mod journal;
pub mod layout;
pub mod lznt1;
pub mod ranges;
pub mod record;
pub mod repair;
pub mod runs;
pub mod scan;
pub mod security;
pub mod tree;
pub mod value;
pub mod volume;

pub use error::{Damage, Error, Place, Refusal, Result};
pub use file_ref::FileRef;
pub use volume::Volume;
