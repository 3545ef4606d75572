//! Operations: each reads and returns a [`Plan`](crate::Plan); only [`execute`] hands one to a volume.

pub mod execute;
pub mod impact;
pub mod refs;
pub mod say;

pub use execute::{ExecuteError, Executed, Recorder, Volumes, execute};
