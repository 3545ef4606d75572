//! Every kind of lie a buffer can tell, and what becomes of it.
//!
//! `header`: refused as reparse data at all. `read`: Windows could not follow it, and no view is given.
//! `set`: Windows would not store it (`FsRtlValidateReparsePointBuffer`), but follows it where another
//! driver stored it. What Windows does is read from documentation and public sources, not run.

use super::*;

/// How far a buffer comes.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Header(usize, &'static str),
    Read(usize, &'static str),
    Set(usize, &'static str),
    Good,
}

fn fate(bytes: &[u8]) -> Fate {
    let point = match ReparsePoint::from_bytes(bytes) {
        Ok(point) => point,
        Err(e) => return Fate::Header(e.position, e.field),
    };
    if let Err(e) = point.view() {
        return Fate::Read(e.position, e.field);
    }
    match point.check_settable() {
        Err(e) => Fate::Set(e.position, e.field),
        Ok(()) => Fate::Good,
    }
}

/// `\??\C:\t` (16 bytes) and `C:\t` (8 bytes) behind the fields.
fn symlink(fields: [u16; 4]) -> Vec<u8> {
    names(ReparseTag::SYMLINK, fields, &[0; 4], r"\??\C:\tC:\t")
}

fn junction(fields: [u16; 4]) -> Vec<u8> {
    names(ReparseTag::MOUNT_POINT, fields, &[], "\\??\\C:\\t\0C:\\t\0")
}

fn names(tag: ReparseTag, fields: [u16; 4], flags: &[u8], text: &str) -> Vec<u8> {
    let fields: Vec<u8> = fields.into_iter().flat_map(u16::to_le_bytes).collect();
    buffer(tag, &[&fields[..], flags, &utf16(text)].concat())
}

/// The same bytes with one place changed.
fn with(mut bytes: Vec<u8>, at: usize, value: &[u8]) -> Vec<u8> {
    bytes[at..at + value.len()].copy_from_slice(value);
    bytes
}

/// A buffer cut to a length, its own length field made to agree.
fn cut(bytes: &[u8], length: usize) -> Vec<u8> {
    let data = u16::try_from(length - 8).expect("short");
    with(bytes[..length].to_vec(), 4, &data.to_le_bytes())
}

#[track_caller]
fn check(lie: &str, bytes: &[u8], expected: Fate) {
    assert_eq!(fate(bytes), expected, "{lie}");
}

#[test]
fn headers() {
    let good = junction([0, 16, 18, 8]);
    check("the truth", &good, Fate::Good);
    check("no bytes", &[], Fate::Header(0, "size of the buffer"));
    check(
        "half a header",
        &good[..7],
        Fate::Header(0, "size of the buffer"),
    );
    check(
        "length too great",
        &with(good.clone(), 4, &[0x29]),
        Fate::Header(4, "ReparseDataLength"),
    );
    check(
        "length too small",
        &with(good.clone(), 4, &[0x23]),
        Fate::Header(4, "ReparseDataLength"),
    );
    check(
        "length of everything",
        &with(good.clone(), 4, &[0xFF, 0xFF]),
        Fate::Header(4, "ReparseDataLength"),
    );
    check(
        "bytes after the data",
        &[&good[..], &[0]].concat(),
        Fate::Header(4, "ReparseDataLength"),
    );
    check(
        "tag 0",
        &with(good.clone(), 0, &[0; 4]),
        Fate::Header(0, "ReparseTag"),
    );
    let reserved = buffer(ReparseTag::RESERVED_ONE, &[9; 40]);
    check(
        "a reserved tag, GUID not counted",
        &reserved,
        Fate::Header(4, "ReparseDataLength"),
    );
    let reserved = with(reserved, 4, &[24, 0]);
    check("a reserved tag", &reserved, Fate::Set(0, "ReparseTag"));
    check(
        "a tag with bits that mean nothing",
        &with(good.clone(), 2, &[1]),
        Fate::Set(0, "ReparseTag"),
    );
    check(
        "a reserved field that is not 0",
        &with(good.clone(), 6, &[1, 2]),
        Fate::Good,
    );
    let big = buffer(ReparseTag::CLOUD, &vec![0; MAXIMUM_SIZE - 8]);
    check("16 KiB", &big, Fate::Good);
    let bigger = buffer(ReparseTag::CLOUD, &vec![0; MAXIMUM_SIZE - 7]);
    check(
        "more than 16 KiB",
        &bigger,
        Fate::Header(0, "size of the buffer"),
    );
    let third = with(buffer(ReparseTag(0x17), &[7; 15]), 4, &[0, 0]);
    check(
        "a third party's tag without room for a GUID",
        &third,
        Fate::Header(4, "ReparseDataLength"),
    );
    check(
        "the wrong tag: a junction's bytes as a symlink",
        &with(good.clone(), 0, &[0x0C]),
        Fate::Read(14, "PrintNameLength"),
    );
    check(
        "the wrong tag: a junction's bytes as a WSL link",
        &with(good, 0, &[0x1D]),
        Fate::Read(8, "Version"),
    );
}

#[test]
fn symlinks() {
    let good = symlink([0, 16, 16, 8]);
    check("the truth", &good, Fate::Good);
    check(
        "unknown flags",
        &with(good.clone(), 16, &[0xFE]),
        Fate::Good,
    );
    check("print name first", &symlink([8, 16, 0, 8]), Fate::Good);
    check("no print name", &symlink([0, 16, 16, 0]), Fate::Good);
    check("names that overlap", &symlink([0, 16, 8, 8]), Fate::Good);
    check("one name for both", &symlink([0, 16, 0, 16]), Fate::Good);
    check(
        "a gap before the names",
        &symlink([4, 12, 16, 8]),
        Fate::Good,
    );
    check(
        "no substitute name",
        &symlink([0, 0, 16, 8]),
        Fate::Read(10, "SubstituteNameLength"),
    );
    check(
        "an odd offset",
        &symlink([1, 14, 16, 8]),
        Fate::Read(8, "SubstituteNameOffset"),
    );
    check(
        "an odd length",
        &symlink([0, 15, 16, 8]),
        Fate::Read(10, "SubstituteNameLength"),
    );
    check(
        "an odd offset of the print name",
        &symlink([0, 16, 17, 6]),
        Fate::Read(12, "PrintNameOffset"),
    );
    check(
        "an odd length of the print name",
        &symlink([0, 16, 16, 7]),
        Fate::Read(14, "PrintNameLength"),
    );
    check(
        "a name that starts beyond the end",
        &symlink([26, 2, 16, 8]),
        Fate::Read(8, "SubstituteNameOffset"),
    );
    check(
        "a name that ends beyond the end",
        &symlink([10, 16, 16, 8]),
        Fate::Read(10, "SubstituteNameLength"),
    );
    check(
        "a print name beyond the end",
        &symlink([0, 16, 16, 10]),
        Fate::Read(14, "PrintNameLength"),
    );
    check(
        "the greatest numbers",
        &symlink([0xFFFE, 0xFFFE, 0xFFFE, 0xFFFE]),
        Fate::Read(8, "SubstituteNameOffset"),
    );
    check(
        "an empty print name at the very end",
        &symlink([0, 16, 24, 0]),
        Fate::Good,
    );
    check("no fields", &cut(&good, 8), Fate::Read(16, "Flags"));
    check("half the flags", &cut(&good, 18), Fate::Read(16, "Flags"));
    check(
        "fields and no names",
        &cut(&good, 20),
        Fate::Read(10, "SubstituteNameLength"),
    );
    check(
        "names cut short",
        &cut(&good, 38),
        Fate::Read(14, "PrintNameLength"),
    );
    check("a NUL in a name", &with(good, 24, &[0, 0]), Fate::Good);
}

#[test]
fn mount_points() {
    let good = junction([0, 16, 18, 8]);
    check(
        "print name first",
        &junction([10, 16, 0, 8]),
        Fate::Set(8, "SubstituteNameOffset"),
    );
    check(
        "names that overlap",
        &junction([0, 16, 8, 8]),
        Fate::Set(12, "PrintNameOffset"),
    );
    check(
        "no room for the first NUL",
        &junction([0, 18, 18, 8]),
        Fate::Set(12, "PrintNameOffset"),
    );
    check(
        "bytes that belong to nothing",
        &junction([0, 16, 18, 6]),
        Fate::Set(4, "ReparseDataLength"),
    );
    check(
        "no second NUL",
        &cut(&good, good.len() - 2),
        Fate::Set(4, "ReparseDataLength"),
    );
    check(
        "no first NUL",
        &with(good.clone(), 32, b"x"),
        Fate::Set(32, "NUL of the substitute name"),
    );
    check(
        "something else for the second NUL",
        &with(good.clone(), 42, b"x"),
        Fate::Set(42, "NUL of the print name"),
    );
    check(
        "no substitute name",
        &junction([0, 0, 2, 8]),
        Fate::Read(10, "SubstituteNameLength"),
    );
    check(
        "an odd length",
        &junction([0, 15, 18, 8]),
        Fate::Read(10, "SubstituteNameLength"),
    );
    check(
        "an odd offset",
        &junction([0, 16, 19, 6]),
        Fate::Read(12, "PrintNameOffset"),
    );
    check(
        "beyond the end",
        &junction([0, 30, 18, 8]),
        Fate::Read(10, "SubstituteNameLength"),
    );
    check(
        "no fields",
        &cut(&good, 8),
        Fate::Read(8, "SubstituteNameOffset"),
    );
    check(
        "half the fields",
        &cut(&good, 13),
        Fate::Read(12, "PrintNameOffset"),
    );
}

#[test]
fn wsl_links_and_aliases() {
    let wsl = |data: &[u8]| buffer(ReparseTag::LX_SYMLINK, data);
    check("the truth", &wsl(b"\x02\0\0\0x"), Fate::Good);
    check("padding", &wsl(b"\x02\0\0\0x\0\0\0"), Fate::Good);
    check("no version", &wsl(b"\x02\0\0"), Fate::Read(8, "Version"));
    check(
        "another version",
        &wsl(b"\x01\0\0\0x"),
        Fate::Read(8, "Version"),
    );
    check("no target", &wsl(b"\x02\0\0\0"), Fate::Read(12, "Target"));
    check(
        "a target of NULs",
        &wsl(b"\x02\0\0\0\0\0"),
        Fate::Read(12, "Target"),
    );
    let alias = |version: u8, text: &str| {
        buffer(
            ReparseTag::APP_EXEC_LINK,
            &[&[version, 0, 0, 0][..], &utf16(text)].concat(),
        )
    };
    check("the truth", &alias(3, "p\0e\0x\0y\0"), Fate::Good);
    check("three strings", &alias(3, "p\0e\0x\0"), Fate::Good);
    check(
        "two strings",
        &alias(3, "p\0e\0"),
        Fate::Read(20, "program"),
    );
    check(
        "no NUL after the third",
        &alias(3, "p\0e\0x"),
        Fate::Read(20, "program"),
    );
    check(
        "one string without a NUL",
        &alias(3, "p"),
        Fate::Read(12, "package"),
    );
    check("nothing", &alias(3, ""), Fate::Read(12, "package"));
    check(
        "version 2",
        &alias(2, "p\0e\0x\0"),
        Fate::Read(8, "Version"),
    );
    let odd = [&alias(3, "p\0e\0x")[..], &[0]].concat();
    let length = odd.len();
    check("half a NUL", &cut(&odd, length), Fate::Read(20, "program"));
}
