//! Reading many records: which ones count, in what order, on how many threads.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::Ask;
use super::columns::Columns;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::layout::attribute_type::STANDARD_INFORMATION;
use crate::layout::file_attributes::REPARSE_POINT;
use crate::layout::{FILE_SIGNATURE, StandardInformation, UPDATE_SEQUENCE_STRIDE, record_flags};
use crate::record::Record;
use crate::volume::Volume;

/// Records that lie no further apart than this many bytes are read together: what lies between costs less
/// than another read.
const GAP: u64 = 64 * 1024;
/// The most bytes of one read.
const READ: u64 = 1024 * 1024;
/// Files with extension records that a thread takes at once.
const FILES: usize = 64;

/// How many records there are, checked against the device: the rows of a catalog are as many.
pub(super) fn record_count<D: Device>(volume: &Volume<D>) -> Result<u64> {
    let room = volume.device().len() / u64::from(volume.geometry().record_size.max(1));
    let count = volume.record_count();
    if count > room {
        return Err(Error::too_many_records(count, room));
    }
    Ok(count)
}

/// A record in use that is no extension record, its update sequence undone in place. Others are `None`.
///
/// What is not in use is not looked at further: its bytes may be anything.
pub(super) fn base_record(number: u64, bytes: &mut [u8]) -> Result<Option<Record<&[u8]>>> {
    // A signature of zeros: room that was never used, or a hole in a sparse image.
    let blank = bytes.first_chunk() == Some(&[0; 4]);
    if blank || field(bytes, 0x16) & record_flags::IN_USE == 0 {
        return Ok(None);
    }
    Record::from_disk(number, &mut *bytes)?;
    let record = Record::new(number, &*bytes)?;
    Ok(Some(record).filter(|record| record.base().is_none()))
}

/// Whether the bytes of a record, as they are on disk, tell at a glance that it is a whole record of a file
/// with one name and no reparse data: what nearly all records are, and nobody asked for.
///
/// Only the header and the first attribute are looked at. They lie before the first two bytes that the update
/// sequence replaced, so that nothing has to be undone.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    let attribute = usize::from(field(bytes, 0x14));
    let one_name = field(bytes, 0x12) <= 1
        && field(bytes, 0x16) & record_flags::DIRECTORY == 0
        && bytes.first_chunk() == Some(&FILE_SIGNATURE);
    let Some(standard) = bytes
        .get(attribute..attribute + 0x18 + STANDARD)
        .filter(|_| one_name)
    else {
        return false;
    };
    let resident = standard.first_chunk() == Some(&STANDARD_INFORMATION.to_le_bytes())
        && standard.get(8) == Some(&0)
        && field(standard, 0x14) == 0x18
        && field(standard, 0x10) >= STANDARD as u16;
    resident
        && attribute + 0x18 + STANDARD <= UPDATE_SEQUENCE_STRIDE - 2
        && field(standard, 0x18 + 0x20) & REPARSE_POINT as u16 == 0
        && is_whole(bytes)
}

const STANDARD: usize = size_of::<StandardInformation>();

/// Whether every 512 bytes end with the update sequence number.
fn is_whole(bytes: &[u8]) -> bool {
    let at = usize::from(field(bytes, 4));
    let number = bytes.get(at..at + 2);
    let mut sectors = bytes.chunks_exact(UPDATE_SEQUENCE_STRIDE);
    number.is_some() && sectors.all(|sector| sector.get(UPDATE_SEQUENCE_STRIDE - 2..) == number)
}

/// The 16 bits at an offset; 0 past the end.
fn field(bytes: &[u8], at: usize) -> u16 {
    let value = bytes.get(at..).and_then(|rest| rest.first_chunk());
    value.map_or(0, |value| u16::from_le_bytes(*value))
}

/// Runs `work` on so many threads, this one among them.
pub(super) fn on_threads<T: Send>(threads: usize, work: impl Fn() -> T + Sync) -> Vec<T> {
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads)
            .filter_map(|_| std::thread::Builder::new().spawn_scoped(scope, &work).ok())
            .collect();
        let mut done = vec![work()];
        for other in others {
            match other.join() {
                Ok(result) => done.push(result),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        done
    })
}

/// Takes files whose attributes are not all in one record, with all of their records.
pub(super) fn take_files<D: Device>(volume: &Volume<D>, numbers: &[u64], ask: Ask) -> Columns {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut columns = Columns::default();
        loop {
            let from = next.fetch_add(FILES, Ordering::Relaxed);
            let part = numbers.iter().skip(from).take(FILES);
            if part.len() == 0 {
                return columns;
            }
            for &number in part {
                if let Err(error) = take_file(volume, number, ask, &mut columns) {
                    columns.failures.push(error);
                }
            }
        }
    };
    let threads = ask.threads().min(numbers.len().div_ceil(FILES)).max(1);
    let mut all = Columns::default();
    on_threads(threads, work)
        .into_iter()
        .for_each(|columns| all.append(columns));
    all
}

fn take_file<D: Device>(
    volume: &Volume<D>,
    number: u64,
    ask: Ask,
    columns: &mut Columns,
) -> Result<()> {
    let file = volume.file(number)?.into_sound()?;
    let reparse = volume.reparse_data(&file)?;
    columns
        .take_file(&file, reparse.as_deref(), ask)
        .map_err(|error| error.in_record(number))
}

/// Reads the records of these numbers, which are sorted, in as few reads as are worth it, and hands on each
/// that [counts](base_record).
pub(super) fn read_sorted<D: Device>(
    volume: &Volume<D>,
    numbers: &[u64],
    mut each: impl FnMut(u64, Result<Option<Record<&[u8]>>>),
) {
    let size = u64::from(volume.geometry().record_size);
    let mut buffer = Vec::new();
    let near = |first: u64, last: u64, next: u64| {
        (next - last) * size <= GAP && (next - first + 1) * size <= READ
    };
    let mut rest = numbers;
    while let Some(&first) = rest.first() {
        let mut last = first;
        let together = rest
            .iter()
            .take_while(|&&next| {
                let take = near(first, last, next);
                last = if take { next } else { last };
                take
            })
            .count();
        let (part, behind) = rest.split_at(together.max(1));
        rest = behind;
        buffer.resize(((last - first + 1) * size) as usize, 0);
        let read = volume.read_record(first, &mut buffer);
        for &number in part {
            let start = ((number - first) * size) as usize;
            let bytes = buffer
                .get_mut(start..start + size as usize)
                .unwrap_or_default();
            match &read {
                Ok(()) => each(number, base_record(number, bytes)),
                // Only the one that is bad shall be missing.
                Err(_) => match volume.read_record(number, bytes) {
                    Ok(()) => each(number, base_record(number, bytes)),
                    Err(error) => each(number, Err(error)),
                },
            }
        }
    }
}
