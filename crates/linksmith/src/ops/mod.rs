//! Operations: each reads and returns a [`Plan`](crate::Plan); only [`execute()`] hands one to a volume.

pub mod convert;
pub mod copy;
pub mod create;
pub mod dedupe;
pub mod execute;
pub mod impact;
mod left_behind;
pub mod progress;
pub mod refs;
pub mod remove;
pub mod repair;
pub mod retarget;
pub mod say;

pub use execute::{Copied, ExecuteError, Executed, Recorder, Volumes, execute};
pub use left_behind::LeftBehind;
pub use progress::{Progress, Watched};
