//! What every volume must do, done by every volume there is here.

use std::sync::Arc;

use linksmith::volume::memory::MemoryVolume;
use testkit::conformance::{self, Fresh};
use testkit::suite::Suite;

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

#[cfg(not(unix))]
fn host(suite: Suite) -> Suite {
    suite
}
