//! Operations: each reads and returns a [`Plan`](crate::Plan); only [`execute`] hands one to a volume.

pub mod execute;

pub use execute::{ExecuteError, Executed, Recorder, Volumes, execute};
