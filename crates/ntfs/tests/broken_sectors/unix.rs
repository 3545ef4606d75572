//! A sector of a healthy image zeroed, or filled with rubbish, wherever it is: errors and findings, no panic, an end.

use std::io;
use std::ops::ControlFlow;
use std::sync::Arc;

use linksmith_ntfs::Volume;
use linksmith_ntfs::check::findings;
use linksmith_ntfs::device::Device;
use testkit::image::{self, NEEDS};
use testkit::listing::list;
use testkit::rng::Rng;
use testkit::suite::Suite;

const SECTOR: usize = 512;

/// An image one of whose sectors is another.
struct Patched {
    image: Arc<Vec<u8>>,
    at: usize,
    sector: [u8; SECTOR],
}

impl Device for Patched {
    fn len(&self) -> u64 {
        self.image.len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let start = usize::try_from(offset).map_err(|_| io::ErrorKind::UnexpectedEof)?;
        let end = start
            .checked_add(buf.len())
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        let bytes = self
            .image
            .get(start..end)
            .ok_or(io::ErrorKind::UnexpectedEof)?;
        buf.copy_from_slice(bytes);
        for at in start.max(self.at)..end.min(self.at + SECTOR) {
            buf[at - start] = self.sector[at - self.at];
        }
        Ok(())
    }

    fn write_at(&self, _: u64, _: &[u8]) -> io::Result<()> {
        Err(io::ErrorKind::ReadOnlyFilesystem.into())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether the damage was noticed at all: by an error, or by a finding.
fn noticed(device: Patched) -> bool {
    let Ok(volume) = Volume::open(device) else {
        return true;
    };
    let listed = list(&volume);
    let mut index_errors = 0;
    let _ = volume.reparse_points(|entry| {
        index_errors += usize::from(entry.is_err());
        ControlFlow::Continue(())
    });
    let found = findings(&volume);
    listed.is_err() || index_errors > 0 || found.is_err() || found.is_ok_and(|f| !f.is_empty())
}

fn sweep(fill: impl Fn(&mut Rng) -> [u8; SECTOR]) -> (usize, usize) {
    let image = Arc::new(image::SMALL.copy());
    let held = |sector: &(usize, &[u8])| sector.1.iter().any(|byte| !matches!(byte, 0 | 0xFF));
    let sectors: Vec<usize> = image
        .chunks(SECTOR)
        .enumerate()
        .filter(held)
        .map(|(index, _)| index)
        .collect();
    let mut rng = Rng::new(7);
    let mut counts = (0, 0);
    for index in sectors.iter().step_by(3) {
        let device = Patched {
            image: Arc::clone(&image),
            at: index * SECTOR,
            sector: fill(&mut rng),
        };
        counts = (counts.0 + 1, counts.1 + usize::from(noticed(device)));
    }
    counts
}

fn zeroed() {
    let (all, noticed) = sweep(|_| [0; SECTOR]);
    assert!(
        all > 200 && noticed * 4 > all,
        "{noticed} of {all} were noticed"
    );
}

fn rubbish() {
    let (all, noticed) = sweep(|rng| std::array::from_fn(|_| rng.next_u64() as u8));
    assert!(
        all > 200 && noticed * 4 > all,
        "{noticed} of {all} were noticed"
    );
}

/// An image that ends anywhere opens and lists, or fails, and never reads past its end.
fn truncated() {
    let image = image::SMALL.copy();
    for sixteenths in 0..16 {
        let mut short = image.clone();
        short.truncate(image.len() / 16 * sixteenths + 100);
        let Ok(volume) = Volume::open(linksmith_ntfs::device::Memory::new(short)) else {
            continue;
        };
        assert!(volume.health().missing > 0);
        let _ = (list(&volume), findings(&volume));
    }
}

pub(crate) fn main() {
    Suite::new("broken_sectors")
        .case("zeroed", NEEDS, zeroed)
        .case("rubbish", NEEDS, rubbish)
        .case("truncated", NEEDS, truncated)
        .run();
}
