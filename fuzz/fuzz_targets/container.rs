#![no_main]
use libfuzzer_sys::fuzz_target;
use linksmith::container::{Opened, open};
use linksmith::partition;
use linksmith_fuzz::edited_container;
use linksmith_ntfs::device::{Device, Memory};

fuzz_target!(|input: &[u8]| {
    let bytes = edited_container(input);
    // What the text of a disk of several files names is the same bytes again.
    let beside = |_: &str| Ok(Box::new(Memory::new(bytes.clone())) as Box<dyn Device>);
    let Ok(opened) = open(Box::new(Memory::new(bytes.clone())), &beside) else { return };
    let disk: &dyn Device = match &opened {
        Opened::Container(disk) => disk,
        Opened::Plain(device) => device,
    };
    let _ = partition::list(disk);
    let mut buffer = vec![0; 10_000];
    let last = disk.len().saturating_sub(buffer.len() as u64);
    for part in 0..=8 {
        let _ = disk.read_at(last / 8 * part, &mut buffer);
    }
    assert!(disk.read_at(disk.len(), &mut [0]).is_err());
});
