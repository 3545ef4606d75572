//! Random changes done on two volumes: both do them or both refuse, for the same cause, and hold the
//! same afterwards.

use std::collections::HashMap;

use linksmith::entry::{Base, FileId, LinkText};
use linksmith::path::EntryPath;
use linksmith::plan::Step;
use linksmith::volume::{Cause, Volume};

use super::kit::snapshot;
use crate::changes::Changes;

/// An entry without what two volumes cannot have in common: the first path of its file for its id.
type Shape = (EntryPath, EntryPath, Base, Option<LinkText>, Vec<u8>);

fn shape(v: &dyn Volume) -> Vec<Shape> {
    let mut first: HashMap<FileId, EntryPath> = HashMap::new();
    let held = snapshot(v).into_iter();
    held.map(|(at, id, base, link, contents)| {
        let file = first.entry(id).or_insert_with(|| at.clone()).clone();
        (at, file, base, link, contents)
    })
    .collect()
}

/// What came of steps: which one failed and why, without the details.
fn outcome(v: &dyn Volume, steps: &[Step]) -> Option<(usize, String)> {
    let error = v.apply(steps).err()?;
    assert!(error.undone, "{error}");
    Some((error.step, kind(&error.source.cause)))
}

fn kind(cause: &Cause) -> String {
    let text = format!("{cause:?}");
    let end = text
        .find(|c: char| !c.is_alphanumeric())
        .unwrap_or(text.len());
    text.get(..end).unwrap_or_default().to_owned()
}

/// Does `rounds` random lists of steps on both volumes, which must hold the same to begin with. Gives the
/// number of steps.
///
/// # Panics
/// Where the two do not agree; the message has the seed and the steps.
pub fn agree(reference: &dyn Volume, other: &dyn Volume, seed: u64, rounds: usize) -> usize {
    let mut changes = Changes::new(seed);
    let mut done = 0;
    for round in 0..rounds {
        let count = 1 + changes.rng.below(4);
        // Each step is chosen by what was there before the first, so that later ones may fail.
        let steps: Vec<Step> = (0..count).map(|_| changes.step(reference)).collect();
        let expected = outcome(reference, &steps);
        let actual = outcome(other, &steps);
        assert_eq!(actual, expected, "seed {seed}, round {round}: {steps:?}");
        let (expected, actual) = (shape(reference), shape(other));
        assert_eq!(actual, expected, "seed {seed}, round {round}: {steps:?}");
        done += steps.len();
    }
    done
}
