//! Upper case as Windows volumes have it: unit for unit, the same in every country.

use std::cmp::Ordering;

use crate::path::Name;

/// The upper case of one UTF-16 unit, by the rule that `$UpCase` tables are made by: Unicode's simple
/// mapping, only where it goes back and forth (so `ı`, `ſ` and `µ` stay), and `ς` as `Σ`.
///
/// A volume has its own table, which differs a little by the Windows version that formatted it; an
/// image takes that one. This is for volumes that have none.
pub fn upcase(unit: u16) -> u16 {
    if unit < 0x80 {
        return match unit {
            0x61..=0x7A => unit - 0x20,
            other => other,
        };
    }
    if unit == 0x03C2 {
        return 0x03A3;
    }
    let Some(lower) = char::from_u32(unit.into()) else {
        return unit; // half of a surrogate pair
    };
    let Some(upper) = only(lower.to_uppercase()) else {
        return unit;
    };
    if only(upper.to_lowercase()) != Some(lower) {
        return unit;
    }
    u16::try_from(u32::from(upper)).unwrap_or(unit)
}

/// The character of a mapping to just one.
fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next();
    first.filter(|_| mapped.next().is_none())
}

/// A name's units in upper case; of a name that is not Unicode, its bytes.
pub fn folded(name: &Name, upcase: impl Fn(u16) -> u16) -> Vec<u16> {
    match name.to_utf16() {
        Ok(units) => units.into_iter().map(upcase).collect(),
        Err(_) => name.as_bytes().iter().copied().map(u16::from).collect(),
    }
}

/// The order of names in a Windows directory: by upper case, unit by unit.
pub fn compare(a: &Name, b: &Name) -> Ordering {
    folded(a, upcase).cmp(&folded(b, upcase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_unit_for_one() {
        let check = |lower: char, upper: char| {
            let units = |c: char| u16::try_from(u32::from(c)).expect("in the first plane");
            assert_eq!(upcase(units(lower)), units(upper), "{lower}");
        };
        check('a', 'A');
        check('é', 'É');
        check('ÿ', 'Ÿ');
        check('ж', 'Ж');
        check('σ', 'Σ');
        check('ς', 'Σ');
        // Without a partner, or with one of two letters.
        check('ß', 'ß');
        check('ı', 'ı');
        check('ſ', 'ſ');
        check('µ', 'µ');
        check('_', '_');
        assert_eq!(upcase(0xD83D), 0xD83D);
    }

    #[test]
    fn underscore_stands_behind_letters() {
        let name = |text: &str| Name::try_from(text).expect("a name");
        assert_eq!(compare(&name("a"), &name("A")), Ordering::Equal);
        assert_eq!(compare(&name("_"), &name("z")), Ordering::Greater);
    }
}
