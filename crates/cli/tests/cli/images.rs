//! Volumes in files: made, checked, attached.

use insta::assert_snapshot;

use crate::env;

#[test]
fn format_and_check() {
    let env = env();
    let format = [
        "format", "disk.img", "--size", "16M", "--label", "DATA", "--serial", "768808EC",
    ];
    assert_snapshot!(env.run(&format), @"formatted disk.img: NTFS, 16,777,216 bytes");
    assert_snapshot!(env.run(&["check", "disk.img"]), @"19 records, 2 directories, 15 names, 0 reparse points: no findings");
    assert_snapshot!(env.run(&["--drive", "C=disk.img", "check", "c:", "--json"]), @r#"{"v":1,"records":19,"directories":2,"names":15,"reparse_points":0,"clusters":631,"wrong":0,"notes":0}"#);
    let vol = env.run_with(&["--drive", "D=disk.img", "shell"], "@vol");
    assert_eq!(
        vol.ok(),
        " Volume in drive D is DATA\n Volume Serial Number is 7688-08EC\n"
    );
}

#[test]
fn nothing_is_formatted_over() {
    let env = env();
    env.file("disk.img", "precious");
    let outcome = env.run(&["format", "disk.img", "--size", "16M"]);
    assert_snapshot!(outcome, @r"
exit 4
--- stderr
linksmith: cannot format 'disk.img': something with that name is there already (Win32 error 183)
hint: What is there is never formatted over; remove it first, or choose another name.
");
    #[allow(clippy::disallowed_methods, reason = "to see what is there")]
    let contents = std::fs::read_to_string(env.join("disk.img")).expect("the file");
    assert_eq!(contents, "precious");
}

#[test]
fn a_volume_that_cannot_be_leaves_no_file() {
    let env = env();
    assert_eq!(env.run(&["format", "a.img", "--size", "64K"]).code, Some(2));
    assert_eq!(
        env.run(&["format", "a.img", "--size", "16M", "--cluster", "3000"])
            .code,
        Some(2)
    );
    assert_eq!(
        env.run(&["format", "no/a.img", "--size", "16M"]).code,
        Some(3)
    );
    assert_eq!(env.tree(), [""; 0]);
}

#[test]
fn what_is_no_volume_is_not_attached() {
    let env = env();
    env.file("text", "no volume");
    assert_eq!(env.run(&["check", "nosuch"]).code, Some(3));
    assert_snapshot!(env.run(&["--drive", "C=text", "list"]), @r"
exit 6
--- stderr
linksmith: cannot attach 'text': there is no NTFS volume: neither its boot sector nor a partition table begins at byte 0 (Win32 error 1005)
hint: An NTFS volume, or a disk with MBR or GPT that holds one, is needed.
");
}

#[test]
fn damage_is_found() {
    let env = env();
    let _ = env.run(&["format", "disk.img", "--size", "16M"]).ok();
    let path = env.join("disk.img");
    #[allow(clippy::disallowed_methods, reason = "the damage is made here")]
    {
        // One bit in the copy of the first file records.
        let mut bytes = std::fs::read(&path).expect("the image");
        let needle = b"FILE0";
        let places: Vec<usize> = bytes
            .windows(5)
            .enumerate()
            .filter(|(_, w)| w == needle)
            .map(|(i, _)| i)
            .collect();
        let last = *places.last().expect("file records");
        bytes[last + 0x10] ^= 1;
        std::fs::write(&path, bytes).expect("the image");
    }
    let outcome = env.run(&["check", "disk.img"]);
    assert_eq!(outcome.code, Some(7), "{outcome}");
}
