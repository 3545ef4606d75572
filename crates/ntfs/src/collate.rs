//! The orders of index keys.

use std::cmp::Ordering;
use std::sync::Arc;

use zerocopy::FromBytes;
use zerocopy::little_endian::{U16, U32};

use crate::error::{Error, Result};

/// The volume's `$UpCase`: each UTF-16 unit's upper case. Clones share the table.
#[derive(Clone)]
pub struct UpCase(Arc<[u16]>);

/// How the names of one directory are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Case {
    /// `a` and `A` are one name, as everywhere but in directories marked otherwise.
    #[default]
    Insensitive,
    /// `a` and `A` are two names.
    Sensitive,
}

impl UpCase {
    /// Units in the table, all of them.
    pub const UNITS: usize = 0x10000;

    /// From the contents of `$UpCase`: 128 KiB.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        match <[U16]>::ref_from_bytes(bytes) {
            Ok(units) if units.len() == Self::UNITS => {
                Ok(Self(units.iter().map(|unit| unit.get()).collect()))
            }
            _ => Err(Error::damaged("$UpCase", 0, "131072 bytes", bytes.len())),
        }
    }

    /// Every unit is its own upper case: until a volume's own table is read.
    pub(crate) fn none() -> Self {
        Self(Arc::default())
    }

    /// The table that is the same for ASCII and leaves everything else alone; for tests and for volumes whose own cannot be read.
    pub fn ascii() -> Self {
        let upper = |unit: u16| match unit {
            0x61..=0x7A => unit - 0x20,
            other => other,
        };
        Self((0..=u16::MAX).map(upper).collect())
    }

    /// The upper case of one unit.
    pub fn upper(&self, unit: u16) -> u16 {
        self.0.get(usize::from(unit)).copied().unwrap_or(unit)
    }

    /// The units of the table.
    pub fn units(&self) -> &[u16] {
        &self.0
    }

    /// The order of file names in an index: by upper case, and where that is equal by the units themselves.
    ///
    /// Only `Equal` means the same units. Every directory is in this order, case-sensitive or not: two names that
    /// differ by case alone have to stand in some order.
    pub fn compare<A: Unit, B: Unit>(&self, a: &[A], b: &[B]) -> Ordering {
        self.compare_ignoring_case(a, b)
            .then_with(|| units(a).cmp(units(b)))
    }

    /// The order by upper case alone.
    pub fn compare_ignoring_case<A: Unit, B: Unit>(&self, a: &[A], b: &[B]) -> Ordering {
        let fold = |unit| self.upper(unit);
        units(a).map(fold).cmp(units(b).map(fold))
    }

    /// Whether a directory with this rule takes the two for one name.
    pub fn same<A: Unit, B: Unit>(&self, a: &[A], b: &[B], case: Case) -> bool {
        match case {
            Case::Insensitive => self.compare_ignoring_case(a, b).is_eq(),
            Case::Sensitive => units(a).eq(units(b)),
        }
    }
}

impl std::fmt::Debug for UpCase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("UpCase").finish_non_exhaustive()
    }
}

/// A UTF-16 unit: in memory or on disk.
pub trait Unit: Copy {
    /// Its value.
    fn unit(self) -> u16;
}

impl Unit for u16 {
    fn unit(self) -> u16 {
        self
    }
}

impl Unit for U16 {
    fn unit(self) -> u16 {
        self.get()
    }
}

fn units<T: Unit>(name: &[T]) -> impl Iterator<Item = u16> {
    name.iter().map(|unit| unit.unit())
}

/// The order of keys that are rows of 32-bit integers (`$R`, `$ObjId:$O`): integer by integer, the shorter first.
///
/// Bytes that do not fill an integer are compared last, so that only equal keys are `Equal`.
pub fn compare_u32s(a: &[u8], b: &[u8]) -> Ordering {
    let (head_a, tail_a) = u32s(a);
    let (head_b, tail_b) = u32s(b);
    let integers = head_a
        .iter()
        .map(|v| v.get())
        .cmp(head_b.iter().map(|v| v.get()));
    integers.then_with(|| tail_a.cmp(tail_b))
}

fn u32s(bytes: &[u8]) -> (&[U32], &[u8]) {
    <[U32]>::ref_from_prefix_with_elems(bytes, bytes.len() / 4).unwrap_or((&[], bytes))
}

/// The order of `$Secure:$SII`: one 32-bit security id.
pub fn compare_u32(a: &[u8], b: &[u8]) -> Ordering {
    compare_u32s(a, b)
}

/// The order of `$Secure:$SDH`: the hash, then the security id; both are 32-bit integers.
pub fn compare_security_hash(a: &[u8], b: &[u8]) -> Ordering {
    compare_u32s(a, b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn name(text: &str) -> Vec<u16> {
        text.encode_utf16().collect()
    }

    #[test]
    fn names_are_ordered_by_upper_case_then_by_unit() {
        let up = UpCase::ascii();
        let check = |a: &str, b: &str, expected| {
            assert_eq!(up.compare(&name(a), &name(b)), expected, "{a} {b}");
            assert_eq!(
                up.compare(&name(b), &name(a)),
                expected.reverse(),
                "{b} {a}"
            );
        };
        check("a", "B", Ordering::Less);
        check("B", "a1", Ordering::Greater);
        check("ABC", "abc", Ordering::Less);
        check("abc", "abcd", Ordering::Less);
        check("a_", "aB", Ordering::Greater);
        check("x", "x", Ordering::Equal);
        assert!(up.same(&name("Abc"), &name("aBC"), Case::Insensitive));
        assert!(!up.same(&name("Abc"), &name("aBC"), Case::Sensitive));
    }

    #[test]
    fn reparse_keys_are_ordered_by_tag_low_and_high_reference() {
        let key = |tag: u32, number: u64, sequence: u16| {
            [
                &tag.to_le_bytes()[..],
                &crate::FileRef::new(number, sequence).raw().to_le_bytes(),
            ]
            .concat()
        };
        let check = |a: &[u8], b: &[u8]| assert_eq!(compare_u32s(a, b), Ordering::Less);
        check(&key(0xA000_0003, 900, 9), &key(0xA000_000C, 1, 1));
        check(&key(0xA000_0003, 1, 9), &key(0xA000_0003, 2, 1));
        check(&key(0xA000_0003, 2, 1), &key(0xA000_0003, 2, 0x100));
        // The low half goes first: record 2^32 comes before record 1.
        check(&key(1, 1 << 32, 1), &key(1, 1, 1));
        check(&[], &[0]);
        check(&[1, 0, 0, 0], &[1, 0, 0, 0, 0]);
    }

    proptest! {
        #[test]
        fn names_are_in_a_total_order(
            a in prop::collection::vec(0x40u16..0x7F, 0..4),
            b in prop::collection::vec(0x40u16..0x7F, 0..4),
            c in prop::collection::vec(0x40u16..0x7F, 0..4),
        ) {
            let up = UpCase::ascii();
            prop_assert_eq!(up.compare(&a, &b), up.compare(&b, &a).reverse());
            prop_assert_eq!(up.compare(&a, &b).is_eq(), a == b);
            if up.compare(&a, &b).is_le() && up.compare(&b, &c).is_le() {
                prop_assert!(up.compare(&a, &c).is_le());
            }
        }
    }
}
