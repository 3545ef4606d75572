//! Data runs: which clusters of the volume hold which clusters of a value.
//!
//! A run is a byte with the sizes of two integers in its nibbles, the length in clusters (unsigned), and the
//! distance of its first cluster from the first cluster of the run before (signed; absent in a hole). A zero byte ends the runs.

use crate::error::{Error, Result};

/// A row of clusters of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first virtual cluster: its place in the value.
    pub vcn: u64,
    /// The first logical cluster: its place on the volume; `None` in a hole.
    pub lcn: Option<u64>,
    /// Clusters; never 0.
    pub length: u64,
}

impl Run {
    /// The virtual cluster after the last.
    pub fn end_vcn(&self) -> u64 {
        self.vcn + self.length
    }

    /// The clusters of the volume; none in a hole.
    pub fn clusters(&self) -> Option<std::ops::Range<u64>> {
        self.lcn.map(|lcn| lcn..lcn.saturating_add(self.length))
    }
}

/// Decodes data runs one after the other. After an error it ends.
///
/// Every run has a length of at least 1, virtual clusters below 2^63, and logical clusters below the
/// `clusters` of the volume.
#[derive(Debug, Clone)]
pub struct Runs<'a> {
    bytes: &'a [u8],
    offset: usize,
    vcn: u64,
    lcn: i64,
    clusters: u64,
}

impl<'a> Runs<'a> {
    /// Over `bytes`, the first of whose runs holds the virtual cluster `lowest_vcn`, on a volume of `clusters` clusters.
    pub fn new(bytes: &'a [u8], lowest_vcn: u64, clusters: u64) -> Self {
        Self {
            bytes,
            offset: 0,
            vcn: lowest_vcn,
            lcn: 0,
            clusters,
        }
    }

    /// Bytes decoded so far, the zero byte at the end not counted.
    pub fn decoded(&self) -> usize {
        self.offset
    }

    fn decode(&mut self) -> Result<Option<Run>> {
        let head = match self.bytes.get(self.offset) {
            Some(0) => return Ok(None),
            Some(&head) => head,
            None => return Err(self.wrong("a zero byte at the end of the runs", "none")),
        };
        let (length_size, lcn_size) = (usize::from(head & 15), usize::from(head >> 4));
        if length_size == 0 || length_size > 8 || lcn_size > 8 {
            return Err(self.wrong("integers of 1 to 8 bytes", format_args!("0x{head:02x}")));
        }
        let end = self.offset + 1 + length_size + lcn_size;
        let Some(body) = self.bytes.get(self.offset + 1..end) else {
            return Err(self.wrong("a whole run", "the end of the attribute"));
        };
        let (length, distance) = body.split_at(length_size);
        let length = unsigned(length);
        let end_vcn = self
            .vcn
            .checked_add(length)
            .filter(|&end| end <= i64::MAX as u64);
        let Some(end_vcn) = end_vcn.filter(|_| length > 0) else {
            return Err(self.wrong("a length of 1 to 2^63 clusters", length));
        };
        let lcn = if distance.is_empty() {
            None
        } else {
            Some(self.place(distance, length)?)
        };
        let run = Run {
            vcn: self.vcn,
            lcn,
            length,
        };
        (self.offset, self.vcn) = (end, end_vcn);
        Ok(Some(run))
    }

    fn place(&mut self, distance: &[u8], length: u64) -> Result<u64> {
        let lcn = self.lcn.checked_add(signed(distance));
        let inside = lcn.and_then(|lcn| u64::try_from(lcn).ok()).filter(|&lcn| {
            lcn.checked_add(length)
                .is_some_and(|end| end <= self.clusters)
        });
        let Some(start) = inside else {
            let expected = format!("clusters below {}", self.clusters);
            let actual = match lcn {
                Some(lcn) => format!("{length} clusters at {lcn}"),
                None => "an overflow".to_owned(),
            };
            return Err(self.wrong(expected, actual));
        };
        self.lcn = lcn.unwrap_or_default();
        Ok(start)
    }

    fn wrong(
        &self,
        expected: impl Into<std::borrow::Cow<'static, str>>,
        actual: impl std::fmt::Display,
    ) -> Error {
        Error::damaged("data run", self.offset, expected, actual)
    }
}

impl Iterator for Runs<'_> {
    type Item = Result<Run>;

    fn next(&mut self) -> Option<Self::Item> {
        let run = self.decode();
        if run.is_err() {
            self.bytes = &[0];
            self.offset = 0;
        }
        run.transpose()
    }
}

fn unsigned(bytes: &[u8]) -> u64 {
    bytes
        .iter()
        .rev()
        .fold(0, |value, &byte| (value << 8) | u64::from(byte))
}

fn signed(bytes: &[u8]) -> i64 {
    let shift = 64 - 8 * bytes.len() as u32;
    // Shifting to the top and back repeats the sign bit.
    ((unsigned(bytes) << (shift % 64)) as i64) >> (shift % 64)
}

/// Appends the encoding of `runs`, which follow each other, with the zero byte at the end.
///
/// Integers take as few bytes as hold them with their sign, as Windows writes them.
pub fn encode(runs: &[Run], out: &mut Vec<u8>) {
    let mut before = 0i64;
    for run in runs {
        let length = run.length as i64;
        let distance = run.lcn.map(|lcn| {
            let distance = (lcn as i64).wrapping_sub(before);
            before = lcn as i64;
            distance
        });
        let length_size = signed_size(length);
        let lcn_size = distance.map_or(0, signed_size);
        out.push((lcn_size << 4 | length_size) as u8);
        out.extend_from_slice(length.to_le_bytes().get(..length_size).unwrap_or_default());
        let distance = distance.unwrap_or_default().to_le_bytes();
        out.extend_from_slice(distance.get(..lcn_size).unwrap_or_default());
    }
    out.push(0);
}

/// The bytes that [`encode`] would append.
pub fn encoded_size(runs: &[Run]) -> usize {
    let mut before = 0i64;
    let mut size = 1;
    for run in runs {
        size += 1 + signed_size(run.length as i64);
        if let Some(lcn) = run.lcn {
            size += signed_size((lcn as i64).wrapping_sub(before));
            before = lcn as i64;
        }
    }
    size
}

fn signed_size(value: i64) -> usize {
    let magnitude = if value < 0 { !value } else { value };
    (64 - magnitude.leading_zeros() as usize) / 8 + 1
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(bytes: &[u8], clusters: u64) -> Result<Vec<Run>> {
        Runs::new(bytes, 0, clusters).collect()
    }

    #[test]
    fn runs_as_windows_writes_them() {
        let bytes = [
            0x21, 0x18, 0x34, 0x56, 0x11, 0x10, 0xF0, 0x01, 0x20, 0x11, 0x05, 0x10, 0,
        ];
        let expected = [
            Run {
                vcn: 0,
                lcn: Some(0x5634),
                length: 0x18,
            },
            Run {
                vcn: 0x18,
                lcn: Some(0x5624),
                length: 0x10,
            },
            Run {
                vcn: 0x28,
                lcn: None,
                length: 0x20,
            },
            Run {
                vcn: 0x48,
                lcn: Some(0x5634),
                length: 0x05,
            },
        ];
        assert_eq!(decode(&bytes, 0x10000).unwrap(), expected);
        let mut again = Vec::new();
        encode(&expected, &mut again);
        assert_eq!(again, bytes);
    }

    #[test]
    fn what_is_no_run_is_damage() {
        let check = |bytes: &[u8]| {
            let mut runs = Runs::new(bytes, 0, 1000);
            let error = runs.find_map(Result::err).map(|e| e.to_string());
            assert!(runs.next().is_none(), "it ends after an error");
            error.unwrap_or_else(|| panic!("{bytes:02x?} decoded"))
        };
        assert!(check(&[]).contains("zero byte"));
        assert!(check(&[0x11, 1]).contains("a whole run"));
        assert!(check(&[0x10, 1, 0]).contains("1 to 8 bytes"));
        assert!(check(&[0x19, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0]).contains("1 to 8 bytes"));
        assert!(check(&[0x11, 0, 5, 0]).contains("1 to 2^63"));
        assert!(check(&[0x11, 5, 0xFF, 0]).contains("5 clusters at -1"));
        assert!(check(&[0x21, 1, 0xE8, 0x03, 0]).contains("1 clusters at 1000"));
        let full = [0xFF; 8];
        assert!(check(&[[0x08].as_slice(), &full, &[0]].concat()).contains("2^63"));
        assert!(check(&[[0x81, 1].as_slice(), &full, &[0]].concat()).contains("at -1"));
    }

    proptest! {
        #[test]
        fn decoding_reverses_encoding(
            parts in prop::collection::vec((1..1u64 << 40, prop::option::of(0..1u64 << 44)), 0..40)
        ) {
            let mut vcn = 0;
            let runs: Vec<Run> = parts
                .into_iter()
                .map(|(length, lcn)| {
                    vcn += length;
                    Run { vcn: vcn - length, lcn, length }
                })
                .collect();
            let mut bytes = Vec::new();
            encode(&runs, &mut bytes);
            prop_assert_eq!(encoded_size(&runs), bytes.len());
            prop_assert_eq!(decode(&bytes, 1 << 45).unwrap(), runs);
        }

        #[test]
        fn any_bytes_decode_or_fail(bytes in prop::collection::vec(any::<u8>(), 0..64)) {
            for run in Runs::new(&bytes, 0, 1 << 20).flatten() {
                prop_assert!(run.length > 0);
                prop_assert!(run.lcn.is_none_or(|lcn| lcn + run.length <= 1 << 20));
            }
        }
    }
}
