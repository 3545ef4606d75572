//! What the tests share: trees, images, a crash device, a command harness, oracles.

pub mod crash;
pub mod rng;
pub mod suite;
