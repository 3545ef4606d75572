//! Reparse points: the bytes, kept as they are, and typed views of them.

mod point;
mod tag;

pub use point::{MAXIMUM_SIZE, ReparseError, ReparsePoint};
pub use tag::ReparseTag;
