//! Links as code: the manifest of the links a machine should have.
//!
//! ```toml
//! [vars]
//! store = "${HOME}/store"                 # environment and earlier variables
//!
//! [[link]]
//! path = "${HOME}/.vimrc"                 # where; a relative one starts at the manifest's folder
//! target = "${store}/vimrc"               # what the link is to say
//! kind = "soft"                           # soft (default), hard, junction or mount
//! spelling = "relative"                   # as-is (default), relative or absolute
//! dir = true                              # a soft link to a directory that is not there yet
//! dangling = true                         # the target may be missing
//! when = { os = "windows", env = "WORK", exists = "D:/" }
//! ```
//!
//! Errors name line and column. Nothing here touches a volume.

mod conditions;
mod expand;
mod parse;
mod write;

pub(crate) use parse::{Manifest, Spelling, Surroundings, Wanted, WantedKind};
pub(crate) use write::entry;
