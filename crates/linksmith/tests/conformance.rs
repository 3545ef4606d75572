//! What every volume must do, done by every volume there is here.

#[cfg(windows)]
mod system_faults;

use std::sync::Arc;

use linksmith::volume::Preview;
use linksmith::volume::memory::MemoryVolume;
use testkit::conformance::{self, Fresh};
use testkit::empty_image;
use testkit::suite::Suite;

const SERIAL: u64 = 0x1234;

fn main() {
    let memory = |make: fn() -> MemoryVolume| {
        move || Fresh {
            volume: Arc::new(make()),
            guard: Box::new(()),
        }
    };
    let suite = Suite::new("conformance");
    let suite = conformance::add(suite, "memory_ntfs", memory(MemoryVolume::ntfs));
    let suite = conformance::add(suite, "memory_posix", memory(MemoryVolume::posix));
    let suite = conformance::add(suite, "memory_without_links", memory(without_links));
    let preview = || Fresh {
        volume: Arc::new(Preview::new(Arc::new(MemoryVolume::ntfs()))),
        guard: Box::new(()),
    };
    let suite = conformance::add_but(suite, "preview", preview, |case| {
        let reads_others = [
            "a_file_of_another_volume_is_copied",
            "a_source_that_cannot_be_read_leaves_nothing",
        ];
        let why = "a preview looks at no other volume".to_owned();
        reads_others.contains(&case).then_some(why)
    });
    let suite = conformance::add(suite, "image", || Fresh {
        volume: Arc::new(empty_image::fresh(SERIAL)),
        guard: Box::new(()),
    });
    let suite = suite.case("image_agrees_with_memory", &[], || {
        for seed in 0..12 {
            let image = empty_image::fresh(SERIAL);
            conformance::agree(&MemoryVolume::ntfs(), &image, seed, 25);
            empty_image::assert_sound(&image, seed);
        }
    });
    host(suite).run();
}

/// As FAT is.
fn without_links() -> MemoryVolume {
    MemoryVolume::ntfs().with_caps(linksmith::Caps::TRANSACTION)
}

#[cfg(unix)]
fn host(suite: Suite) -> Suite {
    let suite = suite.case("posix_agrees_with_memory", &[], || {
        for seed in 0..40 {
            let dir = tempfile::tempdir().expect("a directory");
            let volume = linksmith::volume::posix::PosixVolume::at(dir.path()).expect("a volume");
            conformance::agree(&MemoryVolume::posix(), &volume, seed, 25);
        }
    });
    conformance::add(suite, "posix", || {
        let dir = tempfile::tempdir().expect("a directory");
        let volume = linksmith::volume::posix::PosixVolume::at(dir.path()).expect("a volume");
        Fresh {
            volume: Arc::new(volume),
            guard: Box::new(dir),
        }
    })
}

/// What links can be made is found out by making them: some systems say yes and make nothing.
#[cfg(windows)]
fn host(suite: Suite) -> Suite {
    use linksmith::Caps;
    use linksmith::doctor::try_features;
    use linksmith::path::EntryPath;
    use linksmith::volume::win32::Win32Volume;

    let fresh = || {
        let dir = tempfile::tempdir().expect("a directory");
        let volume = Win32Volume::open(dir.path()).expect("a volume");
        (volume, dir)
    };
    let (volume, _dir) = fresh();
    let tried = try_features(&volume, &EntryPath::root()).expect("a trial");
    let links = Caps::HARD_LINK | Caps::SYMLINK | Caps::JUNCTION | Caps::REPARSE;
    let caps = linksmith::Volume::info(&volume).caps.difference(links) | tried.caps;
    let make = move || {
        let (volume, dir) = fresh();
        Fresh {
            volume: Arc::new(volume.with_caps(caps)),
            guard: Box::new(dir),
        }
    };
    let faults = system_faults::all();
    conformance::add_but(suite, "win32", make, |case| {
        let fault = faults.iter().find(|(name, _)| *name == case);
        fault.map(|(_, why)| why.clone())
    })
}

#[cfg(not(any(unix, windows)))]
fn host(suite: Suite) -> Suite {
    suite
}
