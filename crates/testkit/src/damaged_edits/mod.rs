//! Random edits of images that are damaged at random: an edit is refused or done, and harms nothing that was sound.
//!
//! [`run`] is a function of bytes alone, so a seed, a test and a fuzzer all drive it. What it demands of every row of
//! edits on every damaged image:
//!
//! 1. nothing panics;
//! 2. what a commit was told to do is there afterwards, or the commit said no and the volume is as it was;
//! 3. **nobody else's things change**: every name, stream, reparse buffer and time of every file that could be read
//!    before, and that no edit named, can be read after and is the same; so is every entry of a directory whose name no
//!    edit gave, and every security descriptor;
//! 4. **nothing new is wrong**: a check finds nothing about a file, or the volume, about which it found nothing before.
//!    A place that was wrong before may be wrong in another way after: a directory entry of a free record leads to a
//!    file once the record is taken.
//!
//! A repair of the image as well is refused, or leaves what files hold and every name that a record has.
//!
//! One thing is not asked for, since no writer of NTFS can know of it without reading all of `$MFT` before each change:
//! the contents of a file whose clusters are marked free in `$Bitmap`, or belong to another file too, are not the
//! file's any more. [`health::Owners`] tells which files those are. The same is asked for the volume's own tables: their
//! clusters are known, and must never be given away.

mod base;
mod choices;
mod damage;
pub mod health;
mod steps;

use std::sync::LazyLock;

use linksmith_ntfs::Volume;
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::journal::MemoryJournal;
use linksmith_ntfs::repair::Repair;

use crate::rng::Rng;
use base::Base;
use choices::Choices;
use health::Health;
use steps::Session;

/// The bytes that a seed stands for.
const SEEDED: usize = 160;

/// What came of a run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Images, one a run.
    pub images: u64,
    /// Those that could not be opened for editing.
    pub closed: u64,
    /// Those on which a check found something before the edits.
    pub damaged: u64,
    /// Those of which a repair mended something.
    pub mended: u64,
    /// Edits that were done in memory.
    pub edits: u64,
    /// Edits that were refused for what the volume is like.
    pub refused: u64,
    /// Commits that reached the image.
    pub commits: u64,
    /// Commits that were refused.
    pub withheld: u64,
}

impl Tally {
    /// Adds another.
    pub fn add(&mut self, other: Self) {
        self.images += other.images;
        self.closed += other.closed;
        self.damaged += other.damaged;
        self.mended += other.mended;
        self.edits += other.edits;
        self.refused += other.refused;
        self.commits += other.commits;
        self.withheld += other.withheld;
    }
}

/// The run of a seed.
///
/// # Errors
/// What is wrong, in words.
pub fn run_seed(seed: u64) -> Result<Tally, String> {
    let mut rng = Rng::new(seed);
    let bytes: Vec<u8> = (0..SEEDED / 8)
        .flat_map(|_| rng.next_u64().to_le_bytes())
        .collect();
    run(&bytes)
}

/// Damages an image, edits it, and looks at what became of it, all as `input` says.
///
/// # Errors
/// What is wrong, in words.
pub fn run(input: &[u8]) -> Result<Tally, String> {
    static BASES: LazyLock<Vec<Base>> = LazyLock::new(Base::all);
    let mut choices = Choices::new(input);
    let base = choices.pick(&BASES);
    let mut image = base.image.clone();
    let damage = damage::damage(base, &mut image, &mut choices);
    let mended = mend(&image).map_err(|wrong| format!("a repair: {wrong}\ndamage {damage:#?}"))?;
    let mut tally = Tally {
        images: 1,
        mended: u64::from(mended),
        ..Tally::default()
    };
    let device = Memory::new(image);
    let Ok(mut before) = open(&device).and_then(|volume| Health::of(&volume)) else {
        tally.closed = 1;
        return Ok(tally);
    };
    tally.damaged = u64::from(!before.findings().is_empty());
    while !choices.spent() {
        let Some(done) = Session::run(&device, &before, &mut choices, &mut tally) else {
            tally.closed = 1;
            return Ok(tally);
        };
        let closed = |error| format!("{:#?}: it does not open any more: {error}", done.log());
        let volume = open(&device).map_err(closed)?;
        let after = Health::of(&volume).map_err(closed)?;
        before
            .compare(&after, &volume, &done)
            .map_err(|wrong| format!("{wrong}\ndamage {damage:#?}\nedits {:#?}", done.log()))?;
        before = after;
    }
    Ok(tally)
}

/// Repairs a copy, where it lets itself be repaired. Gives whether anything was mended.
fn mend(image: &[u8]) -> Result<bool, String> {
    let device = Memory::new(image.to_vec());
    let Ok(before) = open(&device).and_then(|volume| Health::of(&volume)) else {
        return Ok(false);
    };
    let Ok(repair) = Repair::prepare(&device, crate::empty_image::NOW + 1) else {
        return Ok(false);
    };
    let mended = !repair.fixes().is_empty();
    let what: Vec<String> = repair.fixes().iter().map(ToString::to_string).collect();
    let told = |error: String| format!("{error}\nafter {what:#?}");
    let committed = repair.commit(&MemoryJournal::default());
    committed.map_err(|error| told(error.to_string()))?;
    let after = open(&device).and_then(|volume| Health::of(&volume));
    let after = after.map_err(|error| told(error.to_string()))?;
    before.compare_mended(&after).map_err(told)?;
    Ok(mended)
}

fn open(device: &Memory) -> linksmith_ntfs::Result<Volume<&Memory>> {
    Volume::open(device)
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
