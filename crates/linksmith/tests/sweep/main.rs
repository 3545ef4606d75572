//! A volume's fast road finds just what a walk finds.
#![allow(clippy::unwrap_used, reason = "what fails here fails the test")]

#[cfg_attr(
    not(unix),
    allow(dead_code, reason = "volumes of other systems are not swept yet")
)]
mod common;
#[cfg(unix)]
mod posix;
