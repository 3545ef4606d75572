//! Reparse points: the bytes, kept as they are, and typed views of them.

mod app_exec;
mod kind;
mod mount_point;
mod names;
mod point;
mod symlink;
mod tag;
mod view;
mod wsl;

pub use app_exec::AppExec;
pub use kind::Kind;
pub use names::{EncodeError, Utf16Le};
pub use point::{MAXIMUM_SIZE, ReparseError, ReparsePoint};
pub use symlink::SYMLINK_FLAG_RELATIVE;
pub use tag::ReparseTag;
pub use view::View;
pub use wsl::{interix_contents, interix_target};

#[cfg(test)]
mod tests;
