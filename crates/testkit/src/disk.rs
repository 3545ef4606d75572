//! Disks of several partitions, put together in memory, and changes of them that a power cut interrupts.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use linksmith::volume::image::{Access, FileDevice, FileJournal, ImageVolume};
use linksmith::{Step, Volume as _};
use linksmith_ntfs::device::{Device, Window};

/// Where the first partition begins.
pub const FIRST: u64 = 1 << 20;

/// A disk with an MBR, the volumes one after the other from [`FIRST`]. Windows knows them by their offsets and the
/// signature, `disk`.
///
/// # Panics
/// Where there are more than four, or more than an MBR can say.
pub fn of(volumes: &[Vec<u8>]) -> Vec<u8> {
    assert!(volumes.len() <= 4, "an MBR has four entries");
    let sectors = |bytes: usize| u32::try_from(bytes / 512).expect("an MBR counts so far");
    let mut disk = vec![0; FIRST as usize];
    for (number, volume) in volumes.iter().enumerate() {
        let (entry, first) = (446 + 16 * number, sectors(disk.len()));
        disk[entry + 4] = 7;
        disk[entry + 8..entry + 12].copy_from_slice(&first.to_le_bytes());
        disk[entry + 12..entry + 16].copy_from_slice(&sectors(volume.len()).to_le_bytes());
        disk.extend_from_slice(volume);
    }
    disk[440..444].copy_from_slice(b"disk");
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    disk
}

/// A disk whose power goes with the first write behind a flush.
struct Cut {
    disk: FileDevice,
    flushed: AtomicBool,
}

impl Device for Cut {
    fn len(&self) -> u64 {
        self.disk.len()
    }
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.disk.read_at(offset, buf)
    }
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        if self.flushed.load(Ordering::Relaxed) {
            return Err(io::Error::other("the power is gone"));
        }
        self.disk.write_at(offset, data)
    }
    fn flush(&self) -> io::Result<()> {
        self.flushed.store(true, Ordering::Relaxed);
        self.disk.flush()
    }
}

/// Changes the volume between these bytes of the disk at `path`, and lets the power go when that is committed and not done:
/// the journal stays.
///
/// # Panics
/// Where the change is done all the same, or there is nothing to journal.
pub fn interrupt(path: &Path, volume: Range<u64>, change: &[Step]) {
    let journal = FileJournal::beside(path, volume.start).expect("a place for the journal");
    let file = journal.path().to_owned();
    let cut: Arc<dyn Device> = Arc::new(Cut {
        disk: FileDevice::open(path, Access::Write).expect("the disk"),
        flushed: AtomicBool::new(false),
    });
    let device = Window::new(cut, volume.start, volume.end - volume.start);
    let volume = ImageVolume::on_with_journal(Arc::new(device), Box::new(journal));
    let volume = volume.expect("it opens");
    volume.apply(change).expect_err("the power is gone");
    #[allow(
        clippy::disallowed_methods,
        reason = "the journal is no entry of a volume"
    )]
    let journal = std::fs::metadata(file).expect("the journal");
    assert!(journal.len() > 0, "nothing was committed");
}
