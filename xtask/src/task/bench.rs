//! `cargo xtask bench`: linksmith beside its peers, on data made here, with answers compared.

use std::path::PathBuf;

use super::{Outcome, Task};

pub(super) const TASK: Task = Task {
    name: "bench",
    args: "[--list]",
    about: "run linksmith beside its peers and write BENCHMARKS.md",
    run,
};

/// Programs we are measured against, or need for making the data.
const TOOLS: &[&str] = &[
    "gcc",
    "mkntfs",
    "ntfs-3g",
    "7zz",
    "wimlib-imagex",
    "find",
    "fdfind",
    "symlinks",
    "jdupes",
    "hardlink",
    "valgrind",
];

fn run(_args: &[String]) -> Result<Outcome, String> {
    for tool in TOOLS {
        match find_tool(tool) {
            Some(path) => println!("{tool}: {}", path.display()),
            None => println!("{tool}: skipped, not on this machine"),
        }
    }
    Ok(Outcome::Done)
}

fn find_tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .chain(["/sbin".into(), "/usr/sbin".into()])
        .map(|dir| dir.join(name))
        .find(|file| std::fs::symlink_metadata(file).is_ok())
}
