//! Plans of links and of their removal, on volumes in memory.
#![allow(clippy::unwrap_used)]

mod article;
mod corrections;
mod create;
mod posix;
mod remove;
mod world;
