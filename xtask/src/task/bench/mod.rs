//! `cargo xtask bench`: linksmith beside its peers, on data made here, with answers compared.
//!
//! Every race runs its contestants in turns, so that what else the machine does falls on all of them, and
//! tells median, least and most. Nothing passes or fails by a time.
#![allow(
    clippy::disallowed_methods,
    reason = "data and results are plain files of this machine"
)]

mod answers;
mod data;
mod limits;
mod machine;
pub(super) mod peers;
mod races;
mod report;
mod run;
pub(super) mod shell;

use std::path::PathBuf;

use super::{Outcome, Task};
use data::Data;
use peers::Peers;

pub(super) const TASK: Task = Task {
    name: "bench",
    args: "[--quick] [--only RACE]... [--runs N] [--cache DIR] [--binary FILE] [--list]",
    about: "run linksmith beside its peers and write BENCHMARKS.md",
    run,
};

/// What the command line asked for.
pub(crate) struct Wish {
    /// A tenth of the data: for trying the benchmark itself. BENCHMARKS.md is left alone.
    pub(crate) quick: bool,
    /// The races to run; all if there is none.
    pub(crate) only: Vec<String>,
    /// Runs of each contestant.
    pub(crate) runs: usize,
    /// A linksmith that is built already.
    pub(crate) binary: Option<PathBuf>,
    /// Where data and peers are kept between runs.
    pub(crate) cache: PathBuf,
}

fn run(args: &[String]) -> Result<Outcome, String> {
    let wish = wish(args)?;
    std::fs::create_dir_all(&wish.cache).map_err(|e| format!("{}: {e}", wish.cache.display()))?;
    let peers = Peers::find(&wish)?;
    if args.iter().any(|arg| arg == "--list") {
        peers.print();
        return Ok(Outcome::Done);
    }
    let data = Data::new(&wish, &peers);
    let results = races::all(&wish, &peers, &data)?;
    let agree = results.iter().all(|race| race.disagreement.is_none());
    let limits = limits::text(&wish, &peers, &data);
    let text = report::render(&peers, &data, &results, &limits);
    if wish.quick || !wish.only.is_empty() {
        println!("{text}");
    } else {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../BENCHMARKS.md");
        std::fs::write(&file, text).map_err(|e| format!("{}: {e}", file.display()))?;
    }
    Ok(if agree {
        Outcome::Done
    } else {
        Outcome::Findings
    })
}

fn wish(args: &[String]) -> Result<Wish, String> {
    let home = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home =
        home.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")));
    let mut wish = Wish {
        quick: false,
        only: Vec::new(),
        runs: 7,
        binary: None,
        cache: home
            .unwrap_or_else(std::env::temp_dir)
            .join("linksmith-bench"),
    };
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        match arg.as_str() {
            "--quick" => wish.quick = true,
            "--only" => wish.only.push(value()?.clone()),
            "--runs" => wish.runs = value()?.parse().map_err(|e| format!("--runs: {e}"))?,
            "--cache" => wish.cache = value()?.into(),
            "--binary" => wish.binary = Some(value()?.into()),
            "--list" => {}
            other => return Err(format!("there is no option '{other}'")),
        }
    }
    Ok(wish)
}
