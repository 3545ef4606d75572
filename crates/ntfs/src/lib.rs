//! Reads and edits NTFS volumes: links first.
//!
//! The crate knows no operating system: it sees a [`device::Device`] and nothing else. It knows the
//! structures of NTFS, not what reparse data *mean*; that is the `linksmith` crate's part.
#![forbid(unsafe_code)]

pub mod change;
pub mod device;
pub mod journal;
pub mod ranges;
