//! `cargo xtask foretell`, `take-back` and `sweep`: the random tests of `impact`, of `undo` and of the fast roads, at
//! length.

use std::cell::RefCell;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use linksmith::volume::image::ImageVolume;
use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{Caps, Volume};
use testkit::empty_image;
use testkit::foretelling::{Tally, on_drives};
use testkit::undoing::many_cases;

use super::{Outcome, Task};

pub(super) const FORETELL: Task = Task {
    name: "foretell",
    args: "[CASES] [SEED]",
    about: "hold what `impact` says against what happens, in memory, on images and on this machine",
    run: foretell,
};

pub(super) const TAKE_BACK: Task = Task {
    name: "take-back",
    args: "[CASES] [SEED]",
    about: "take random changes back, crashes among them, in memory, on images and on this machine",
    run: take_back,
};

pub(super) const SWEEP: Task = Task {
    name: "sweep",
    args: "[CASES] [SEED]",
    about: "hold the fast roads through an image against the walk, on random volumes",
    run: sweep,
};

/// Twenty thousand cases on each sort of volume, unless another number is given, and the seed to begin at.
fn numbers(args: &[String]) -> Result<(u64, u64), String> {
    let number = |at: usize, default: u64| match args.get(at) {
        None => Ok(default),
        Some(text) => text.parse().map_err(|_| format!("'{text}' is no number")),
    };
    Ok((number(0, 20_000)?, number(1, 1)?))
}

fn folder() -> Result<tempfile::TempDir, String> {
    // Memory, where there is such a folder: the journal asks for every frame to be on the disk.
    let memory = Path::new("/dev/shm");
    let made = tempfile::tempdir_in(memory).or_else(|_| tempfile::tempdir());
    made.map_err(|e| format!("no folder to work in: {e}"))
}

fn memory(serial: u64) -> MemoryVolume {
    MemoryVolume::ntfs().with_serial(serial)
}

/// Images, each checked when the next is made: all that was done on it left it sound.
#[derive(Default)]
struct Images {
    last: RefCell<Vec<(u64, Arc<ImageVolume>)>>,
}

impl Images {
    fn fresh(&self, seed: u64, serial: u64) -> Arc<dyn Volume> {
        if self
            .last
            .borrow()
            .first()
            .is_some_and(|(old, _)| *old != seed)
        {
            self.look();
        }
        let image = Arc::new(empty_image::fresh(serial));
        self.last.borrow_mut().push((seed, Arc::clone(&image)));
        image
    }

    fn look(&self) {
        for (seed, image) in self.last.take() {
            empty_image::assert_sound(&image, seed);
        }
    }
}

fn foretell(args: &[String]) -> Result<Outcome, String> {
    let (cases, seed) = numbers(args)?;
    let mut all = Tally::default();
    let mut say = |name: &str, tally: Tally, began: Instant| {
        println!(
            "{name:<12} {tally:?} in {:.1} s",
            began.elapsed().as_secs_f64()
        );
        all.add(tally);
    };
    let serial = |which| 0x1111_2222_0000_0000 + which;
    let began = Instant::now();
    let new = |_, which| Arc::new(memory(serial(which))) as Arc<dyn Volume>;
    say("memory", on_drives(&new, seed, cases), began);
    let began = Instant::now();
    let images = Images::default();
    let new = |seed, which| images.fresh(seed, serial(which));
    say("images", on_drives(&new, seed, cases), began);
    images.look();
    #[cfg(unix)]
    {
        let folder = folder()?;
        let began = Instant::now();
        let tally = testkit::foretelling::on_host(folder.path(), seed, cases);
        say("this machine", tally, began);
    }
    println!("in all {all:?}: none foretold wrongly");
    Ok(Outcome::Done)
}

fn sweep(args: &[String]) -> Result<Outcome, String> {
    let (_, seed) = numbers(args)?;
    let cases = args.first().map_or(Ok(400), |text| text.parse());
    let cases = cases.map_err(|e| format!("CASES: {e}"))?;
    let began = Instant::now();
    let tally = testkit::sweeping::many_cases(None, seed, cases, 120);
    let seconds = began.elapsed().as_secs_f64();
    println!("{tally:?}: the roads agree, in {seconds:.1} s");
    Ok(Outcome::Done)
}

fn take_back(args: &[String]) -> Result<Outcome, String> {
    let (cases, seed) = numbers(args)?;
    let folder = folder()?;
    let say = |name: &str, (done, steps): (u64, usize), began: Instant| {
        let seconds = began.elapsed().as_secs_f64();
        println!("{name:<22} {done} cases, {steps} steps, all taken back in {seconds:.1} s");
    };
    let run = |name: &str, new: &dyn Fn(u64) -> Arc<dyn Volume>, cases: u64| {
        let began = Instant::now();
        say(name, many_cases(new, folder.path(), seed, cases, 8), began);
    };
    run("memory, transactions", &|_| Arc::new(memory(1)), cases);
    let images = Images::default();
    run("images", &|seed| images.fresh(seed, 1), cases);
    images.look();
    let live = |volume: MemoryVolume, less: Caps| {
        let caps = volume.info().caps - less;
        Arc::new(volume.with_caps(caps)) as Arc<dyn Volume>
    };
    run(
        "memory, step by step",
        &|_| live(memory(1), Caps::TRANSACTION),
        cases,
    );
    let less = Caps::TRANSACTION | Caps::NAMES;
    run(
        "memory, POSIX",
        &|_| live(MemoryVolume::posix(), less),
        cases,
    );
    #[cfg(unix)]
    {
        use linksmith::volume::posix::PosixVolume;
        let trees = self::folder()?;
        let new = |seed: u64| {
            let dir = trees.path().join(seed.to_string());
            std::fs::create_dir(&dir).expect("a new folder can be made");
            Arc::new(PosixVolume::at(&dir).expect("a folder just made")) as Arc<dyn Volume>
        };
        run("this machine", &new, cases);
    }
    Ok(Outcome::Done)
}
