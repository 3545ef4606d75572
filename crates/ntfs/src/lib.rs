//! Reads and edits NTFS volumes: links first.
//!
//! The crate knows no operating system: it sees a [`device::Device`] and nothing else. It knows the
//! structures of NTFS, not what reparse data *mean*; that is the `linksmith` crate's part.
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
pub mod tree;
pub mod value;
pub mod volume;

pub use error::{Damage, Error, Place, Refusal, Result};
pub use file_ref::FileRef;
pub use volume::Volume;
