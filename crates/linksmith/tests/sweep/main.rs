//! A volume's fast road finds just what a walk finds.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[cfg(unix)]
mod posix;
