#![no_main]
use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use linksmith_fuzz::edited;
use linksmith_ntfs::Volume;
use linksmith_ntfs::check::findings;
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::file::File;

/// Everything that can be asked of a file.
fn ask(volume: &Volume<Memory>, file: &File) {
    let _ = (file.names(), file.standard(), volume.object_id(file));
    let _ = volume.reparse_data(file);
    let _ = volume.contents(file, &[], 1 << 20);
    // Every path of every file takes most of the time and shows nothing that some of them do not.
    if file.number() % 8 == 0 {
        let _ = volume.paths(file);
    }
    if file.is_directory() {
        let mut entries = 0;
        let _ = volume.read_dir(file, |entry| {
            if let (Ok(entry), 0) = (entry, entries % 16) {
                let name: Vec<u16> = entry.key.units().collect();
                let _ = volume.lookup_in(file, &name);
            }
            // A directory of 2 MiB has fewer than this: names are at least 66 bytes.
            entries += 1;
            assert!(entries < (2 << 20) / 66 * 2, "a listing without an end");
            ControlFlow::Continue(())
        });
    }
}

fuzz_target!(|input: &[u8]| {
    let Ok(volume) = Volume::open(Memory::new(edited(input))) else { return };
    let _ = volume.free_clusters();
    for number in 0..volume.record_count() {
        if let Ok(file) = volume.file(number) {
            ask(&volume, &file);
        }
    }
    let _ = volume.reparse_points(|_| ControlFlow::Continue(()));
    let _ = volume.object_ids(|_| ControlFlow::Continue(()));
    let _ = volume.security_descriptor(0x100);
    let _ = findings(&volume);
});
