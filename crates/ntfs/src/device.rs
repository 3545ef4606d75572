//! What a volume lies on: bytes at offsets, written and flushed.

mod ahead;

use std::io;

pub use ahead::Ahead;

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

impl std::fmt::Debug for dyn Device + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a device of {} bytes", self.len())
    }
}

macro_rules! through_pointer {
    ($($pointer:ty),*) => {$(
        impl<D: Device + ?Sized> Device for $pointer {
            fn len(&self) -> u64 {
                (**self).len()
            }
            fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
                (**self).read_at(offset, buf)
            }
            fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
                (**self).write_at(offset, data)
            }
            fn flush(&self) -> io::Result<()> {
                (**self).flush()
            }
            fn sector_size(&self) -> u32 {
                (**self).sector_size()
            }
        }
    )*};
}

through_pointer!(&D, Box<D>, std::sync::Arc<D>);

/// A device in memory.
#[derive(Debug, Default)]
pub struct Memory(std::sync::RwLock<Vec<u8>>);

impl Memory {
    /// Over these bytes.
    pub fn new(bytes: Vec<u8>) -> Self {
        Self(std::sync::RwLock::new(bytes))
    }

    /// The bytes as they are now.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
            .into_inner()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// The range of `length` bytes at `offset`, within `size`.
fn range(offset: u64, length: usize, size: u64) -> io::Result<std::ops::Range<usize>> {
    let end = offset.checked_add(length as u64).filter(|&end| end <= size);
    match (usize::try_from(offset), end.map(usize::try_from)) {
        (Ok(start), Some(Ok(end))) => Ok(start..end),
        _ => Err(io::Error::new(
            io::ErrorKind::UnexpectedEof,
            format!("{length} bytes at {offset} lie outside of {size}"),
        )),
    }
}

impl Device for Memory {
    fn len(&self) -> u64 {
        self.0
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let bytes = self
            .0
            .read()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let range = range(offset, buf.len(), bytes.len() as u64)?;
        buf.copy_from_slice(bytes.get(range).unwrap_or_default());
        Ok(())
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        let mut bytes = self
            .0
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let range = range(offset, data.len(), bytes.len() as u64)?;
        if let Some(place) = bytes.get_mut(range) {
            place.copy_from_slice(data);
        }
        Ok(())
    }

    fn flush(&self) -> io::Result<()> {
        Ok(())
    }
}

/// A part of a device that is a device of its own: a partition of a disk.
#[derive(Debug, Clone)]
pub struct Window<D> {
    device: D,
    start: u64,
    length: u64,
}

impl<D: Device> Window<D> {
    /// The `length` bytes from `start`; what lies past the end of the device is cut off.
    pub fn new(device: D, start: u64, length: u64) -> Self {
        let start = start.min(device.len());
        let length = length.min(device.len() - start);
        Self {
            device,
            start,
            length,
        }
    }

    /// The whole device.
    pub fn device(&self) -> &D {
        &self.device
    }

    fn check(&self, offset: u64, length: usize) -> io::Result<u64> {
        range(offset, length, self.length).map(|_| self.start + offset)
    }
}

impl<D: Device> Device for Window<D> {
    fn len(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.device.read_at(self.check(offset, buf.len())?, buf)
    }

    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.device.write_at(self.check(offset, data.len())?, data)
    }

    fn flush(&self) -> io::Result<()> {
        self.device.flush()
    }

    fn sector_size(&self) -> u32 {
        self.device.sector_size()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_keeps_to_itself() {
        let window = Window::new(Memory::new((0..100).collect()), 10, 20);
        let mut two = [0; 2];
        window.read_at(18, &mut two).unwrap();
        assert_eq!(two, [28, 29]);
        assert_eq!(
            window.read_at(19, &mut two).unwrap_err().kind(),
            io::ErrorKind::UnexpectedEof
        );
        assert!(window.write_at(u64::MAX, &two).is_err());
        window.write_at(0, &[7, 8]).unwrap();
        assert_eq!(window.device().0.read().unwrap()[10..12], [7, 8]);
        assert_eq!(Window::new(Memory::new(vec![0; 10]), 8, u64::MAX).len(), 2);
    }
}
