//! Names and paths. Where an entry *is* ([`EntryPath`]) and what a link *says* never mix.

mod entry;
mod name;
mod target;

pub use entry::EntryPath;
pub(crate) use name::wtf8;
pub use name::{Name, NameError, utf16_from_wtf8, wtf8_from_utf16};
pub use target::{Component, Guid, Root, Spelling, TargetPath, is_dos_device};
