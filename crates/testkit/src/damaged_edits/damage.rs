//! Damage: bytes of metadata that are not what they were, with the update sequence right around them or torn.

use linksmith_ntfs::fixup;
use linksmith_ntfs::layout::{FILE_SIGNATURE, INDX_SIGNATURE};

use super::base::{Base, Kind, Place};
use super::choices::Choices;

/// How often each kind is hit, of 64.
const WEIGHTS: &[(Kind, usize)] = &[
    (Kind::Record, 32),
    (Kind::IndexBlock, 13),
    (Kind::Bitmap, 8),
    (Kind::FreeRecord, 4),
    (Kind::Security, 3),
    (Kind::List, 2),
    (Kind::UpCase, 1),
    (Kind::Boot, 1),
];

/// Damages an image in one to four places. Gives where.
pub(super) fn damage(base: &Base, image: &mut [u8], choices: &mut Choices<'_>) -> Vec<String> {
    let mut log = Vec::new();
    for _ in 0..[1, 1, 1, 2, 2, 3, 4][choices.below(7)] {
        let place = place(base, choices);
        let range = place.range.clone();
        let old = image[range.clone()].to_vec();
        if choices.chance(12) {
            misdirect(base, place, image, choices);
        } else if choices.chance(16) {
            tear(&mut image[range], choices);
        } else {
            alter(&mut image[range], place.kind, choices);
        }
        // The mirror is written along by whoever wrote the record: a differing one is refused and shows nothing.
        if let (Some(copy), true) = (place.copy.clone(), choices.chance(224)) {
            image.copy_within(place.range.clone(), copy.start);
        }
        let now = &image[place.range.clone()];
        let differs = |at: &usize| old[*at] != now[*at];
        let at: Vec<String> = (0..old.len())
            .filter(differs)
            .map(|at| format!("{at:#x}: {:02x} to {:02x}", old[at], now[at]))
            .collect();
        let shown = at.get(..16).unwrap_or(&at).join(", ");
        log.push(format!(
            "{:?} at {:#x}: {shown}",
            place.kind, place.range.start
        ));
    }
    log
}

fn place<'b>(base: &'b Base, choices: &mut Choices<'_>) -> &'b Place {
    let mut at = choices.below(64);
    let kind = WEIGHTS.iter().find(|(_, weight)| {
        let here = at < *weight;
        at = at.saturating_sub(*weight);
        here
    });
    let of_kind: Vec<&Place> = base
        .places
        .iter()
        .filter(|place| kind.is_some_and(|(kind, _)| place.kind == *kind))
        .collect();
    if of_kind.is_empty() {
        return choices.pick(&base.places);
    }
    of_kind[choices.below(of_kind.len())]
}

/// A write that went to the wrong place: it holds what another of its kind holds.
fn misdirect(base: &Base, place: &Place, image: &mut [u8], choices: &mut Choices<'_>) {
    let same: Vec<&Place> = base
        .places
        .iter()
        .filter(|other| other.kind == place.kind && other.range.len() == place.range.len())
        .collect();
    let other = same[choices.below(same.len())].range.clone();
    image.copy_within(other, place.range.start);
}

/// A sector that was never written, or is another's.
fn tear(bytes: &mut [u8], choices: &mut Choices<'_>) {
    let length = bytes.len().min(512);
    let start = choices.below(bytes.len() / length) * length;
    let fill = [0, 0xFF, 0x5A][choices.below(3)];
    bytes[start..start + length].fill(fill);
}

/// Changes a few bytes, update sequences kept right: what a program with an error, or bad memory, leaves.
fn alter(bytes: &mut [u8], kind: Kind, choices: &mut Choices<'_>) {
    let signature = match kind {
        Kind::Record | Kind::FreeRecord => Some(FILE_SIGNATURE),
        Kind::IndexBlock => Some(INDX_SIGNATURE),
        _ => None,
    };
    let whole = signature.is_some_and(|s| fixup::undo(bytes, s, "block").is_ok());
    let used = used(bytes, kind);
    for _ in 0..1 + choices.below(2) {
        change(&mut bytes[..used], choices);
    }
    if whole {
        // The change may have hit the update sequence itself: then the block is torn.
        let _torn = fixup::redo(bytes, "block");
    }
}

/// Few changes are to hit what nobody reads.
fn used(bytes: &[u8], kind: Kind) -> usize {
    let at = match kind {
        Kind::Record | Kind::FreeRecord => 0x18,
        Kind::IndexBlock => 0x1C,
        _ => return bytes.len(),
    };
    let stated = bytes
        .get(at..at + 4)
        .and_then(|b| b.try_into().ok())
        .map_or(0, u32::from_le_bytes);
    (stated as usize + 0x18).clamp(64, bytes.len())
}

fn change(bytes: &mut [u8], choices: &mut Choices<'_>) {
    let at = choices.below(bytes.len());
    let aligned = at / 8 * 8;
    match choices.below(10) {
        0 | 1 => bytes[at] ^= 1 << choices.below(8),
        2 => bytes[at] = choices.byte(),
        3 => bytes[at] = bytes[at].wrapping_add(1),
        4 => bytes[at] = bytes[at].wrapping_sub(1),
        5 => put(bytes, at / 2 * 2, 2, value(choices)),
        6 => put(bytes, at / 4 * 4, 4, value(choices)),
        7 => put(bytes, aligned, 8, value(choices)),
        8 => {
            let end = bytes.len().min(aligned + 8 * (1 + choices.below(12)));
            bytes[aligned..end].fill([0, 0xFF][choices.below(2)]);
        }
        _ => {
            // What lies elsewhere in the same block: plausible, and not here.
            let from = choices.below(bytes.len()) / 8 * 8;
            let most = bytes.len() - from.max(aligned);
            let length = most.min(8 * (1 + choices.below(12)));
            bytes.copy_within(from..from + length, aligned);
        }
    }
}

fn value(choices: &mut Choices<'_>) -> u64 {
    match choices.below(8) {
        0 => 0,
        1 => 1,
        2 => u64::MAX,
        3 => i64::MAX as u64,
        4 => 0x7FFF,
        5 => 0x10_0000,
        6 => u64::from(choices.byte()),
        _ => u64::from(choices.byte()) << 8 | u64::from(choices.byte()),
    }
}

fn put(bytes: &mut [u8], at: usize, length: usize, value: u64) {
    if let Some(there) = bytes.get_mut(at..at + length) {
        there.copy_from_slice(&value.to_le_bytes()[..length]);
    }
}
