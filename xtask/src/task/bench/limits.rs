//! What limits linksmith: where the processors spend a run, by sampling.

use std::fmt::Write as _;
use std::process::{Command, Stdio};

use super::Wish;
use super::data::Data;
use super::peers::Peers;
use super::shell::sh;

/// Lines of a profile that are shown, and the least part that is worth one.
const LINES: usize = 7;
const LEAST: f64 = 2.0;

/// The section of the report; empty where only some races are run.
pub(crate) fn text(wish: &Wish, peers: &Peers, data: &Data<'_>) -> String {
    if !wish.only.is_empty() {
        return String::new();
    }
    let mut text = String::from(
        "## What limits linksmith\n\nWhere the processors were in one run, by `perf record -e cpu-clock`: the kernel by \
         function, the program and libraries as a whole. Instructions of the hot loops: `cargo xtask instructions`.\n",
    );
    match profiles(peers, data) {
        Ok(profiles) => text.push_str(&profiles),
        Err(why) => {
            let _ = writeln!(text, "\nSkipped: {why}");
        }
    }
    text
}

fn profiles(peers: &Peers, data: &Data<'_>) -> Result<String, String> {
    let perf = peers.get("perf").ok_or("perf is not on this machine")?;
    let image = data.image(data.files())?.display().to_string();
    let tree = data.tree()?.display().to_string();
    let drive = format!("C={image},ro");
    let hard = ["--drive", &drive, "find", "--hard"];
    let runs: [(&str, &[&str]); 5] = [
        ("`find --hard` of the image", &hard),
        (
            "`find --unfollowed` of the image",
            &["--drive", &drive, "find", "--unfollowed"],
        ),
        ("`check` of the image", &["check", &image]),
        (
            "`find --unfollowed` of the host tree",
            &["find", &tree, "--unfollowed"],
        ),
        ("`find --hard` of the host tree", &["find", &tree, "--hard"]),
    ];
    let mut text = String::new();
    for (title, words) in runs {
        let profile = profile(perf, peers, data, words)?;
        let _ = writeln!(text, "\n{title}: {}.", profile.join(", "));
    }
    Ok(text)
}

fn profile(
    perf: &str,
    peers: &Peers,
    data: &Data<'_>,
    words: &[&str],
) -> Result<Vec<String>, String> {
    let samples = data.file("perf.data");
    let mut record = Command::new(perf);
    record
        .args(["record", "-q", "-e", "cpu-clock", "-F", "4000", "-o"])
        .arg(&samples)
        .arg("--")
        .arg(&peers.linksmith)
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    record.status().map_err(|e| format!("{record:?}: {e}"))?;
    let report = |sort: &str| {
        let script = format!("perf report -i \"$1\" --stdio --no-children -s {sort} 2>/dev/null");
        sh(&script, &[&samples]).map(|said| parts(&said))
    };
    let objects = report("dso")?
        .into_iter()
        .map(|(part, name)| (part, object(&name)));
    let symbols = report("sym")?.into_iter().filter_map(|(part, name)| {
        let name = name.strip_prefix("[k] ")?;
        Some((part, format!("`{name}`")))
    });
    let all = objects.take(3).chain(symbols.take(LINES));
    Ok(all
        .filter(|(part, _)| *part >= LEAST)
        .map(|(part, name)| format!("{part:.0} % {name}"))
        .collect())
}

fn object(name: &str) -> String {
    match name {
        "[kernel.kallsyms]" | "[kernel]" => "in the kernel".to_owned(),
        name => format!("in {name}"),
    }
}

/// Lines of `perf report`: a part of a hundred, and of what.
fn parts(said: &str) -> Vec<(f64, String)> {
    let lines = said.lines().filter(|line| !line.starts_with('#'));
    let parsed = lines.filter_map(|line| {
        let (part, name) = line.trim().split_once('%')?;
        Some((part.parse().ok()?, name.trim().to_owned()))
    });
    parsed.collect()
}
