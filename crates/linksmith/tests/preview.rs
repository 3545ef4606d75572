//! A preview does what the volume would do, and leaves the volume alone.

use std::sync::Arc;

use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{Preview, Volume};
use testkit::changes::{Changes, spots};
use testkit::snapshot::snapshot;

/// What a preview cannot know: the time that a step makes.
fn without_times(lines: Vec<String>) -> Vec<String> {
    let cut = |line: String| {
        let (before, after) = line.split_once(" Some(FileTime(").unwrap_or((&line, ""));
        let after = after.split_once("))").map_or("", |(_, after)| after);
        format!("{before}{after}")
    };
    lines.into_iter().map(cut).collect()
}

/// The other name of a file is the first of those that a listing of its names has, whatever was asked before.
fn others_are_known(preview: &Preview, seed: u64) {
    for spot in spots(preview) {
        let id = preview.entry(&spot.path).expect("it is there").id;
        let Ok(names) = preview.names(&spot.path) else {
            continue;
        };
        let first = names.into_iter().find(|name| *name != spot.path);
        let other = preview.other_name(&spot.path, id).expect("it can be told");
        assert_eq!(other, first, "seed {seed}: {:?}", spot.path);
    }
}

fn check(seed: u64, new: fn() -> MemoryVolume) {
    let real: Arc<dyn Volume> = Arc::new(new());
    let mut changes = Changes::new(seed);
    changes.fill(&*real, 25);
    let before = snapshot(&*real);
    let preview = Preview::new(Arc::clone(&real));
    let mut steps = Vec::new();
    for _ in 0..25 {
        others_are_known(&preview, seed);
        let step = changes.step(&preview);
        if preview.apply(std::slice::from_ref(&step)).is_ok() {
            steps.push(step);
        } else {
            // What a preview refuses, the volume refuses in the same state.
            let all: Vec<_> = steps.iter().cloned().chain([step.clone()]).collect();
            let error = real.apply(&all).expect_err("refused by the preview alone");
            assert_eq!(error.step, steps.len(), "seed {seed}: {step:?}");
        }
    }
    assert_eq!(snapshot(&*real), before, "seed {seed}");
    let expected = without_times(snapshot(&preview));
    let names: Vec<_> = spots(&preview)
        .into_iter()
        .map(|spot| (preview.names(&spot.path).ok(), spot.path))
        .collect();
    real.apply(&steps)
        .unwrap_or_else(|e| panic!("seed {seed}: {e} at {:?}", steps.get(e.step)));
    assert_eq!(
        without_times(snapshot(&*real)),
        expected,
        "seed {seed}: {steps:#?}"
    );
    for (expected, path) in names {
        let mut now = real.names(&path).ok();
        if let Some(now) = &mut now {
            now.sort();
        }
        assert_eq!(now, expected, "seed {seed}: {path:?}");
    }
}

#[test]
fn steps_on_a_preview_are_the_steps_on_the_volume() {
    for seed in 0..120 {
        check(seed, MemoryVolume::ntfs);
        check(seed, MemoryVolume::posix);
    }
}
