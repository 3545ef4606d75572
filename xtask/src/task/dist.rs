//! `cargo xtask dist`: the program as it is handed out.

use std::process::Command;

use super::{Outcome, Task};

pub(super) const TASK: Task = Task {
    name: "dist",
    args: "",
    about: "build the program to hand out: optimised and, on Linux, linked statically",
    run,
};

/// Linked statically a program starts in half the time, for the dynamic linker takes longer than a link to
/// make, and runs on any distribution. It is no default: not every system has a static C library at hand.
fn run(_: &[String]) -> Result<Outcome, String> {
    let host = host()?;
    let mut cargo = Command::new("cargo");
    cargo.args([
        "build",
        "--release",
        "--locked",
        "--package",
        "linksmith-cli",
    ]);
    // Naming the target keeps the flag away from build scripts and macros.
    cargo.args(["--target", &host]);
    if host.contains("linux") {
        cargo.env("RUSTFLAGS", "-Ctarget-feature=+crt-static");
    }
    let status = cargo
        .status()
        .map_err(|e| format!("cargo does not start: {e}"))?;
    if !status.success() {
        return Err("the build failed; a static C library is needed (Fedora: glibc-static)".into());
    }
    println!("target/{host}/release/linksmith");
    Ok(Outcome::Done)
}

fn host() -> Result<String, String> {
    let said = Command::new("rustc")
        .arg("-vV")
        .output()
        .map_err(|e| format!("rustc: {e}"))?;
    let text = String::from_utf8_lossy(&said.stdout);
    let line = text.lines().find_map(|l| l.strip_prefix("host: "));
    line.map(str::to_owned)
        .ok_or_else(|| "rustc does not tell its host".to_owned())
}
