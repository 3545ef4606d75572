//! Operations: each reads and returns a [`Plan`](crate::Plan); only [`execute()`] hands one to a volume.

pub mod convert;
pub mod copy;
pub mod create;
pub mod dedupe;
pub mod execute;
pub mod impact;
pub mod progress;
pub mod refs;
pub mod remove;
pub mod repair;
pub mod retarget;
pub mod say;

pub use execute::{Copied, ExecuteError, Executed, Recorder, Volumes, execute};
pub use progress::{Progress, Watched};
