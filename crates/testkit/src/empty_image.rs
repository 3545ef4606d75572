//! Empty NTFS volumes in memory, made by linksmith's own formatter.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use linksmith::FileTime;
use linksmith::volume::image::ImageVolume;
use linksmith_ntfs::device::{Device, Memory};
use linksmith_ntfs::format::{FormatOptions, format};
use linksmith_ntfs::journal::MemoryJournal;

/// When the volumes are made that tests compare byte by byte.
pub const NOW: u64 = 134_000_000_000_000_000;
/// How many bytes these volumes have.
pub const SIZE: usize = 4 << 20;

/// The bytes of an empty volume of [`SIZE`] with this serial number. Each is formatted once.
///
/// # Panics
/// Where it cannot be made.
pub fn formatted(serial: u64) -> Vec<u8> {
    static EMPTY: Mutex<Option<HashMap<u64, Vec<u8>>>> = Mutex::new(None);
    let mut empty = EMPTY.lock().unwrap_or_else(PoisonError::into_inner);
    let bytes = empty
        .get_or_insert_default()
        .entry(serial)
        .or_insert_with(|| {
            let options = FormatOptions {
                serial,
                now: FileTime::now().0,
                ..FormatOptions::default()
            };
            formatted_as(SIZE, &options).into_bytes()
        });
    bytes.clone()
}

/// An empty volume of this many bytes, made at [`NOW`].
///
/// # Panics
/// Where it cannot be made.
pub fn of_size(size: usize) -> Memory {
    let options = FormatOptions {
        serial: 7,
        now: NOW,
        ..FormatOptions::default()
    };
    formatted_as(size, &options)
}

/// An empty volume of this many bytes.
///
/// # Panics
/// Where it cannot be made.
pub fn formatted_as(size: usize, options: &FormatOptions) -> Memory {
    let device = Memory::new(vec![0; size]);
    format(&device, options).expect("it can be formatted");
    device
}

/// An empty volume of 4 MiB and the device it is on, its journal in memory.
///
/// # Panics
/// Where it cannot be made.
pub fn on_device(serial: u64) -> (ImageVolume, Arc<Memory>) {
    let device = Arc::new(Memory::new(formatted(serial)));
    let journal = Box::new(MemoryJournal::default());
    let shared = Arc::clone(&device) as Arc<dyn Device>;
    let volume = ImageVolume::on_with_journal(shared, journal).expect("a fresh volume opens");
    (volume, device)
}

/// An empty volume of 4 MiB.
///
/// # Panics
/// Where it cannot be made.
pub fn fresh(serial: u64) -> ImageVolume {
    on_device(serial).0
}

/// A device that counts what is read of it.
struct Counted {
    memory: Arc<Memory>,
    reads: Arc<AtomicU64>,
}

impl Device for Counted {
    fn len(&self) -> u64 {
        self.memory.len()
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.reads.fetch_add(1, Ordering::Relaxed);
        self.memory.read_at(offset, buf)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.memory.write_at(offset, data)
    }
    fn flush(&self) -> io::Result<()> {
        self.memory.flush()
    }
}

/// The volume on a device, and how often that has been read since.
///
/// # Panics
/// Where there is none.
pub fn counted(memory: Arc<Memory>) -> (ImageVolume, Arc<AtomicU64>) {
    let reads = Arc::new(AtomicU64::new(0));
    let device = Counted {
        memory,
        reads: Arc::clone(&reads),
    };
    let journal = Box::new(MemoryJournal::default());
    let volume = ImageVolume::on_with_journal(Arc::new(device), journal).expect("it opens");
    reads.store(0, Ordering::Relaxed);
    (volume, reads)
}

/// # Panics
/// Where `check` finds anything on it.
pub fn assert_sound(image: &ImageVolume, seed: u64) {
    let findings = linksmith_ntfs::check::findings(&*image.ntfs()).expect("it can be checked");
    assert!(findings.is_empty(), "seed {seed}: {findings:#?}");
}
