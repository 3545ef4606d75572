//! What a volume lies on: bytes at offsets, written and flushed.

use std::io;

/// A random-access store of bytes: a file, a block device, a partition of one, a buffer.
///
/// All offsets and lengths are bytes. Reads and writes are whole or fail: an implementation loops over
/// short transfers itself. Writes become durable, in no order that may be relied on, with the next
/// [`flush`](Device::flush) that returns `Ok`.
pub trait Device: Send + Sync {
    /// The length in bytes.
    fn len(&self) -> u64;

    /// Whether it holds no byte at all.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Fills `buf` from `offset`; an end before that is [`io::ErrorKind::UnexpectedEof`].
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()>;

    /// Writes all of `data` at `offset`; never grows the device.
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()>;

    /// Returns once everything written before is durable.
    fn flush(&self) -> io::Result<()>;

    /// The unit, in bytes, that a power cut leaves wholly old or wholly new: 512 or 4096.
    fn sector_size(&self) -> u32 {
        512
    }
}
