//! The command on this system's own volumes, whatever the system: Windows, Wine, Linux, macOS.
//!
//! What a case needs is found out by making one and looking at it, with std or the system's own tools and
//! never with ours; where it is missing the case is reported as ignored with the reason.

mod hard_links;
mod junctions;
mod needs;
mod soft_links;
mod system;
mod text;

use testkit::env::TestEnv;
use testkit::suite::Suite;

fn env() -> TestEnv {
    TestEnv::new(env!("CARGO_BIN_EXE_linksmith"))
}

fn main() {
    let suite = Suite::new("live");
    let suite = hard_links::add(suite);
    let suite = soft_links::add(suite);
    let suite = junctions::add(suite);
    let suite = system::add(suite);
    text::add(suite).run();
}
