//! `as symlinks` beside the original, a program of Unix systems.

#[cfg(unix)]
mod unix;

fn main() {
    #[cfg(unix)]
    unix::main();
    #[cfg(not(unix))]
    testkit::suite::Suite::new("symlinks").run();
}
