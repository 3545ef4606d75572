//! Names and paths. Where an entry *is* ([`EntryPath`]) and what a link *says* never mix.

mod entry;
mod name;

pub use entry::EntryPath;
pub use name::{Name, NameError, utf16_from_wtf8, wtf8_from_utf16};
