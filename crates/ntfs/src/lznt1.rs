//! LZNT1, the compression of NTFS files (MS-XCA 2.5).
//!
//! A value is stored in units of 2^n clusters (16 of them). A unit whose clusters are all there is plain, one without
//! any is zeros, one with fewer holds chunks: 16 bits of header, then up to 4096 bytes, compressed or not.
//!
//! No crate of the registry decodes it, so this does.

use crate::boot::Geometry;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::value::Extents;

const CHUNK: usize = 4096;

/// Reads all of a compressed value into `out`, which has its size.
pub(crate) fn read(
    device: &dyn Device,
    geometry: &Geometry,
    extents: &Extents,
    out: &mut [u8],
) -> Result<()> {
    let clusters = 1u64 << extents.compression_unit;
    let unit = clusters as usize * geometry.cluster_size as usize;
    let mut stored = vec![0; unit];
    let written = extents.initialized_size.min(out.len() as u64) as usize;
    let (written, zeros) = out.split_at_mut(written);
    zeros.fill(0);
    for (index, part) in written.chunks_mut(unit).enumerate() {
        let first = index as u64 * clusters;
        let allocated = allocated(extents, first, clusters);
        let offset = first * u64::from(geometry.cluster_size);
        if allocated == 0 {
            part.fill(0);
        } else if allocated == clusters {
            extents.read_allocated(device, geometry, offset, part)?;
        } else {
            let length = allocated as usize * geometry.cluster_size as usize;
            let bytes = stored.get_mut(..length).unwrap_or_default();
            extents.read_allocated(device, geometry, offset, bytes)?;
            decompress(bytes, part).map_err(|error| error.in_record(extents.record))?;
        }
    }
    Ok(())
}

/// How many of the clusters from `first` are there: holes stand at the end of a unit.
fn allocated(extents: &Extents, first: u64, clusters: u64) -> u64 {
    let Some(start) = extents.run_of(first) else {
        return 0;
    };
    let runs = extents.runs.get(start..).unwrap_or_default();
    let end = first + clusters;
    runs.iter()
        .take_while(|run| run.vcn < end && run.lcn.is_some())
        .map(|run| run.end_vcn().min(end) - run.vcn.max(first))
        .sum()
}

/// Decompresses chunks into `out`; what they do not fill is zeros.
pub fn decompress(mut input: &[u8], out: &mut [u8]) -> Result<()> {
    for chunk in out.chunks_mut(CHUNK) {
        let header = match input.split_first_chunk::<2>() {
            Some((header, rest)) => {
                input = rest;
                u16::from_le_bytes(*header)
            }
            None => 0,
        };
        if header == 0 {
            input = &[];
            chunk.fill(0);
            continue;
        }
        let length = usize::from(header & 0xFFF) + 1;
        let Some((data, rest)) = input.split_at_checked(length) else {
            return Err(wrong(format!("a chunk of {length} bytes"), input.len()));
        };
        input = rest;
        let filled = if header & 0x8000 == 0 {
            copy(data, chunk)
        } else {
            expand(data, chunk)?
        };
        chunk.get_mut(filled..).unwrap_or_default().fill(0);
    }
    Ok(())
}

fn copy(data: &[u8], chunk: &mut [u8]) -> usize {
    let length = data.len().min(chunk.len());
    let (to, from) = (chunk.get_mut(..length), data.get(..length));
    to.unwrap_or_default()
        .copy_from_slice(from.unwrap_or_default());
    length
}

/// One compressed chunk: a byte of flags, then for each bit a byte as it is or a 16-bit back reference.
///
/// The bits of distance and length in a reference depend on how far the chunk is filled.
fn expand(mut data: &[u8], chunk: &mut [u8]) -> Result<usize> {
    let mut filled = 0;
    while let Some((flags, rest)) = data.split_first() {
        data = rest;
        for bit in 0..8 {
            if filled >= chunk.len() || data.is_empty() {
                break;
            }
            if flags >> bit & 1 == 0 {
                let (Some((byte, rest)), Some(place)) = (data.split_first(), chunk.get_mut(filled))
                else {
                    break;
                };
                *place = *byte;
                (data, filled) = (rest, filled + 1);
                continue;
            }
            let Some((pair, rest)) = data.split_first_chunk::<2>() else {
                return Err(wrong("a back reference of 2 bytes", data.len()));
            };
            data = rest;
            filled = repeat(u16::from_le_bytes(*pair), chunk, filled)?;
        }
        if filled >= chunk.len() {
            break;
        }
    }
    Ok(filled)
}

fn repeat(reference: u16, chunk: &mut [u8], filled: usize) -> Result<usize> {
    let distance_bits = filled
        .saturating_sub(1)
        .checked_ilog2()
        .map_or(4, |log| (log + 1).max(4));
    let length_bits = 16u32.saturating_sub(distance_bits);
    let distance = usize::from(reference >> length_bits) + 1;
    let length = usize::from(reference & ((1u16 << length_bits) - 1)) + 3;
    if distance > filled {
        return Err(wrong(format!("a distance up to {filled}"), distance));
    }
    let end = (filled + length).min(chunk.len());
    // Byte by byte, since a reference may reach into what it itself makes.
    for at in filled..end {
        let byte = chunk.get(at - distance).copied().unwrap_or_default();
        if let Some(place) = chunk.get_mut(at) {
            *place = byte;
        }
    }
    Ok(end)
}

fn wrong(expected: impl Into<std::borrow::Cow<'static, str>>, actual: usize) -> Error {
    Error::damaged("LZNT1 data", 0, expected, actual)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_example_of_the_specification() {
        // MS-XCA 3.3
        let input = [
            0x38, 0xb0, 0x88, 0x46, 0x23, 0x20, 0x00, 0x20, 0x47, 0x20, 0x41, 0x00, 0x10, 0xa2,
            0x47, 0x01, 0xa0, 0x45, 0x20, 0x44, 0x00, 0x08, 0x45, 0x01, 0x50, 0x79, 0x00, 0xc0,
            0x45, 0x20, 0x05, 0x24, 0x13, 0x88, 0x05, 0xb4, 0x02, 0x4a, 0x44, 0xef, 0x03, 0x58,
            0x02, 0x8c, 0x09, 0x16, 0x01, 0x48, 0x45, 0x00, 0xbe, 0x00, 0x9e, 0x00, 0x04, 0x01,
            0x18, 0x90, 0x00,
        ];
        let expected = "F# F# G A A G F# E D D E F# F# E E F# F# G A A G F# E D D E F# E D D E \
                        E F# D E F# G F# D E F# G F# E D E A F# F# G A A G F# E D D E F# E D D\0";
        let mut out = vec![0xEE; expected.len() + 5];
        decompress(&input, &mut out).unwrap();
        assert_eq!(String::from_utf8_lossy(&out[..expected.len()]), expected);
        assert_eq!(out[expected.len()..], [0; 5]);
    }

    #[test]
    fn a_reference_before_the_chunk_is_damage() {
        let mut out = [0; 64];
        let error = decompress(&[0x02, 0xB0, 0x01, 0x00, 0x10], &mut out).unwrap_err();
        assert!(error.to_string().contains("a distance up to 0"), "{error}");
        assert!(decompress(&[0xFF, 0xBF, 1], &mut out).is_err());
    }

    proptest! {
        #[test]
        fn any_bytes_decompress_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            let mut out = vec![0; 8192];
            let _ = decompress(&bytes, &mut out);
        }
    }
}
