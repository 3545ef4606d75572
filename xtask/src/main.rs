//! Long runs of linksmith, each a file of its own under `task/`: `cargo xtask --help`.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for the people who build linksmith; its output is its result"
)]

mod task;

use std::process::ExitCode;

use task::{Outcome, TASKS};

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = args.split_first() else {
        return usage(ExitCode::from(2));
    };
    if matches!(name.as_str(), "-h" | "--help" | "help") {
        return usage(ExitCode::SUCCESS);
    }
    let Some(task) = TASKS.iter().find(|t| t.name == name) else {
        eprintln!("xtask: there is no '{name}'");
        return usage(ExitCode::from(2));
    };
    if rest.iter().any(|a| a == "--help" || a == "-h") {
        println!("cargo xtask {} {}\n\n{}", task.name, task.args, task.about);
        return ExitCode::SUCCESS;
    }
    match (task.run)(rest) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Findings) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("xtask {name}: {why}");
            ExitCode::from(2)
        }
    }
}

fn usage(code: ExitCode) -> ExitCode {
    println!("cargo xtask TASK [ARGS]\n");
    for task in TASKS {
        println!("  {:<14} {}", task.name, task.about);
    }
    code
}
