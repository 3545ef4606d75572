//! The two tables that every volume carries: `$UpCase` and `$AttrDef`.

/// Characters that Windows has no upper case for, though Unicode has one today: they came later than its table, or
/// their upper case is shared with another letter. Ranges, both ends included. Source: the table of a volume.
const LEFT_ALONE: [(u16, u16); 38] = [
    (0x00B5, 0x00B5),
    (0x0131, 0x0131),
    (0x017F, 0x017F),
    (0x019B, 0x019B),
    (0x01C5, 0x01C5),
    (0x01C8, 0x01C8),
    (0x01CB, 0x01CB),
    (0x01F2, 0x01F2),
    (0x023F, 0x0240),
    (0x0252, 0x0252),
    (0x025C, 0x025C),
    (0x0261, 0x0261),
    (0x0264, 0x0266),
    (0x026A, 0x026A),
    (0x026C, 0x026C),
    (0x0282, 0x0282),
    (0x0287, 0x0287),
    (0x029D, 0x029E),
    (0x0345, 0x0345),
    (0x03C2, 0x03C2),
    (0x03D0, 0x03D6),
    (0x03F0, 0x03F1),
    (0x03F3, 0x03F3),
    (0x03F5, 0x03F5),
    (0x0525, 0x052F),
    (0x10D0, 0x10FF),
    (0x13F8, 0x13FD),
    (0x1C80, 0x1C8A),
    (0x1D8E, 0x1D8E),
    (0x1E9B, 0x1E9B),
    (0x1FBE, 0x1FBE),
    (0x2C5F, 0x2C5F),
    (0x2CEC, 0x2CF3),
    (0x2D27, 0x2D2D),
    (0xA661, 0xA661),
    (0xA699, 0xA69B),
    (0xA791, 0xA7FF),
    (0xAB53, 0xABBF),
];

/// Greek letters with iota below: their upper case is one letter to Windows, and several to Unicode.
const WITH_IOTA: [(u16, u16, u16); 6] = [
    (0x1F80, 0x1F87, 8),
    (0x1F90, 0x1F97, 8),
    (0x1FA0, 0x1FA7, 8),
    (0x1FB3, 0x1FB3, 9),
    (0x1FC3, 0x1FC3, 9),
    (0x1FF3, 0x1FF3, 9),
];

/// The contents of `$UpCase`: the upper case of each of 65536 units.
pub(super) fn upcase() -> Vec<u8> {
    (0..=u16::MAX)
        .flat_map(|unit| upper(unit).to_le_bytes())
        .collect()
}

fn upper(unit: u16) -> u16 {
    if LEFT_ALONE
        .iter()
        .any(|&(first, last)| (first..=last).contains(&unit))
    {
        return unit;
    }
    if let Some((_, _, step)) = WITH_IOTA
        .iter()
        .find(|(first, last, _)| (*first..=*last).contains(&unit))
    {
        return unit + step;
    }
    let Some(character) = char::from_u32(u32::from(unit)) else {
        return unit;
    };
    let mut upper = character.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(one), None) => u16::try_from(u32::from(one)).unwrap_or(unit),
        _ => unit,
    }
}

/// Name, type, flags (0x02 indexed, 0x40 always resident, 0x80 may be non-resident), least and greatest length.
const ATTRIBUTES: [(&str, u32, u32, u64, u64); 15] = [
    ("$STANDARD_INFORMATION", 0x10, 0x40, 0x30, 0x48),
    ("$ATTRIBUTE_LIST", 0x20, 0x80, 0, u64::MAX),
    ("$FILE_NAME", 0x30, 0x42, 0x44, 0x242),
    ("$OBJECT_ID", 0x40, 0x40, 0, 0x100),
    ("$SECURITY_DESCRIPTOR", 0x50, 0x80, 0, u64::MAX),
    ("$VOLUME_NAME", 0x60, 0x40, 2, 0x100),
    ("$VOLUME_INFORMATION", 0x70, 0x40, 0xC, 0xC),
    ("$DATA", 0x80, 0, 0, u64::MAX),
    ("$INDEX_ROOT", 0x90, 0x40, 0, u64::MAX),
    ("$INDEX_ALLOCATION", 0xA0, 0x80, 0, u64::MAX),
    ("$BITMAP", 0xB0, 0x80, 0, u64::MAX),
    ("$REPARSE_POINT", 0xC0, 0x80, 0, 0x4000),
    ("$EA_INFORMATION", 0xD0, 0x40, 8, 8),
    ("$EA", 0xE0, 0, 0, 0x1_0000),
    ("$LOGGED_UTILITY_STREAM", 0x100, 0x80, 0, 0x1_0000),
];

/// The contents of `$AttrDef`: 160 bytes for each attribute type, and as many zeros at the end.
pub(super) fn attribute_definitions() -> Vec<u8> {
    let mut out = Vec::with_capacity(160 * (ATTRIBUTES.len() + 1));
    for (name, type_code, flags, least, greatest) in ATTRIBUTES {
        let start = out.len();
        out.extend(name.encode_utf16().flat_map(u16::to_le_bytes));
        out.resize(start + 0x80, 0);
        for word in [type_code, 0, 0, flags] {
            out.extend_from_slice(&word.to_le_bytes());
        }
        out.extend_from_slice(&least.to_le_bytes());
        out.extend_from_slice(&greatest.to_le_bytes());
    }
    out.resize(out.len() + 160, 0);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Checksums of the tables of a volume that another formatter made. The second also holds the tables still
    /// where a newer compiler brings a newer Unicode.
    #[test]
    fn the_tables_are_those_of_other_formatters() {
        assert_eq!(crc32fast::hash(&upcase()), UPCASE_CRC);
        assert_eq!(crc32fast::hash(&attribute_definitions()), ATTRDEF_CRC);
    }

    const UPCASE_CRC: u32 = 0xCEE8_CFFA;
    const ATTRDEF_CRC: u32 = 0x8007_9027;
}
