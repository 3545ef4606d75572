//! Long runs of linksmith: `cargo xtask --help`.
fn main() {}
