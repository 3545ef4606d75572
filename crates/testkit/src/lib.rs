//! What the tests share: trees, images, a crash device, a command harness, oracles.

pub mod browser;
#[cfg(unix)]
pub mod by_turns;
pub mod changes;
pub mod conformance;
pub mod crash;
pub mod crash_edits;
pub mod crash_judge;
pub mod crash_repairs;
pub mod damage;
pub mod damaged_edits;
pub mod disk;
pub mod empty_image;
pub mod env;
pub mod foretelling;
#[cfg(unix)]
pub mod image;
pub mod listing;
pub mod mendable;
#[cfg(unix)]
pub mod oracle;
pub mod rng;
pub mod snapshot;
pub mod suite;
pub mod sweeping;
pub mod undoing;
