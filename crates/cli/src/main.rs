//! The `linksmith` command.
fn main() {}
