//! What the tests share: trees, images, a crash device, a command harness, oracles.

pub mod changes;
pub mod crash;
pub mod rng;
pub mod snapshot;
pub mod suite;
pub mod undoing;
