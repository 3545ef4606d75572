//! BENCHMARKS.md.

use std::fmt::Write as _;
use std::time::Duration;

use super::data::Data;
use super::machine;
use super::peers::Peers;
use super::races::{Lane, Race};

pub(crate) fn render(peers: &Peers, data: &Data<'_>, races: &[Race], limits: &str) -> String {
    let mut text = String::from(
        "# Benchmarks\n\nWritten by `cargo xtask bench` from one run on one machine. Contestants take turns; each line is \
         the median of its runs with the least and the most. \"Ratio\" is the contestant's median over linksmith's: \
         above 1, linksmith is that many times as fast. \"Processors\" are the seconds that one run kept processors busy, \
         in the program and in the kernel, of all threads together. Cold means that the caches were dropped before each run. \
         What takes long has fewer runs, as the column says.\n\n## Machine\n\n| | |\n|---|---|\n",
    );
    for (what, value) in machine::describe().into_iter().chain(Peers::versions()) {
        let _ = writeln!(text, "| {what} | {value} |");
    }
    for (name, why) in peers.missing() {
        let _ = writeln!(text, "| {name} | skipped: {why} |");
    }
    let _ = writeln!(
        text,
        "\nThe large image: {} files, {} directories, {} second names, {} 8.3 names, {} reparse points on 16 GiB, \
         filled through libntfs-3g. The host tree: {} entries.\n",
        data.files(),
        data.files() / 20,
        data.files() / 10,
        data.files() / 10,
        data.reparse(),
        data.files(),
    );
    for race in races {
        render_race(&mut text, race);
    }
    text.push_str(limits);
    text
}

fn render_race(text: &mut String, race: &Race) {
    let _ = writeln!(text, "## {}\n\n{}\n", race.title, race.about);
    if race.lanes.iter().any(|lane| lane.times.is_some()) {
        text.push_str("| contestant | median | least | most | runs | ratio | processors | memory | |\n|---|--:|--:|--:|--:|--:|--:|--:|---|\n");
    }
    let ours = race
        .lanes
        .iter()
        .find(|lane| lane.ours)
        .and_then(|lane| lane.times);
    for lane in &race.lanes {
        render_lane(text, lane, ours.map(|ours| ours.median));
    }
    render_memory(text, race);
    match &race.disagreement {
        Some(why) => {
            let _ = writeln!(text, "\n**The answers differ:** {why}\n");
        }
        None if race.compared > 1 => {
            let _ = writeln!(
                text,
                "\nThe answers of {} contestants were compared and agree.\n",
                race.compared
            );
        }
        None => text.push('\n'),
    }
}

fn render_memory(text: &mut String, race: &Race) {
    let used = race
        .lanes
        .iter()
        .find(|lane| lane.ours)
        .and_then(|l| l.used);
    if let (Some(files), Some(used)) = (race.files, used) {
        let bytes = used.memory * 1024 / files.max(1) as u64;
        let _ = writeln!(text, "\nMemory: {bytes} bytes for each of {files} files.");
    }
}

fn render_lane(text: &mut String, lane: &Lane, ours: Option<Duration>) {
    let Some(times) = lane.times else {
        let why = lane.skipped.as_deref().unwrap_or("no run");
        let _ = writeln!(text, "| {} | skipped | | | | | | | {why} |", lane.name);
        return;
    };
    let ratio = ours.filter(|_| !lane.ours).map_or(String::new(), |ours| {
        format!(
            "{:.2}",
            times.median.as_secs_f64() / ours.as_secs_f64().max(1e-9)
        )
    });
    let (processors, memory) = lane.used.map_or_else(Default::default, |used| {
        let memory = format!("{} MiB", used.memory / 1024);
        (format!("{:.2} + {:.2}", used.user, used.system), memory)
    });
    let _ = writeln!(
        text,
        "| {} | {} | {} | {} | {} | {ratio} | {processors} | {memory} | {} |",
        lane.name,
        seconds(times.median),
        seconds(times.least),
        seconds(times.most),
        times.runs,
        lane.note,
    );
}

fn seconds(time: Duration) -> String {
    match time.as_secs_f64() {
        s if s < 0.1 => format!("{:.2} ms", s * 1000.0),
        s => format!("{s:.3} s"),
    }
}
