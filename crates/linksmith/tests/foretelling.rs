//! What is foretold of a delete, a move, a rename or a new drive letter is what happens.

use std::sync::Arc;

use linksmith::volume::memory::MemoryVolume;
use testkit::foretelling::on_drives;
#[cfg(unix)]
use testkit::foretelling::on_host;

#[test]
fn on_two_drives_in_memory() {
    let new = |_, which| {
        let volume = MemoryVolume::ntfs().with_serial(0x1111_2222_0000_0000 + which);
        Arc::new(volume) as Arc<_>
    };
    let tally = on_drives(&new, 1, 250);
    assert!(tally.hurt > 100 && tally.mended > 50, "{tally:?}");
    eprintln!("{tally:?}");
}

#[test]
fn on_two_drives_in_images() {
    let serial = |which| 0x1111_2222_0000_0000 + which;
    let new = |_, which| Arc::new(testkit::empty_image::fresh(serial(which))) as Arc<_>;
    let tally = on_drives(&new, 1, 60);
    assert!(tally.hurt > 25 && tally.mended > 12, "{tally:?}");
}

#[cfg(unix)]
#[test]
fn on_this_machine() {
    let folder = tempfile::tempdir().expect("a folder");
    let tally = on_host(folder.path(), 1, 150);
    assert!(tally.hurt > 50 && tally.mended > 20, "{tally:?}");
    eprintln!("{tally:?}");
}
