//! The images that this looks at are made by programs of Unix systems.

#[cfg(unix)]
mod unix;

fn main() {
    #[cfg(unix)]
    unix::main();
    #[cfg(not(unix))]
    testkit::suite::Suite::new("reading").run();
}
