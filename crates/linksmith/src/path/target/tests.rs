use proptest::prelude::*;

use super::*;

fn win32(text: &str) -> TargetPath {
    TargetPath::parse(text)
}

fn names(path: &TargetPath) -> String {
    let parts: Vec<String> = path
        .components()
        .iter()
        .map(|c| match c {
            Component::Odd(bytes) => format!("<{}>", String::from_utf8_lossy(bytes)),
            other => String::from_utf8_lossy(other.as_bytes()).into_owned(),
        })
        .collect();
    parts.join("|")
}

fn root(path: &TargetPath) -> String {
    let text = |b: &[u8]| String::from_utf8_lossy(b).into_owned();
    match path.root() {
        Root::Relative => "relative".into(),
        Root::DriveRelative(c) => format!("on {}", char::from(*c)),
        Root::Rooted => "rooted".into(),
        Root::Drive(c) => format!("drive {}", char::from(*c)),
        Root::Unc { server, share } => format!("unc {} {}", text(server), text(share)),
        Root::Volume(guid) => format!("volume {guid}"),
        Root::Device(name) => format!("device {}", text(name)),
        Root::DosDevice(name) => format!("dos {}", text(name)),
        Root::Other(_) => "other".into(),
    }
}

#[track_caller]
fn check(path: &TargetPath, spelling: Spelling, expected_root: &str, expected_names: &str) {
    assert_eq!(
        (path.spelling(), root(path), names(path)),
        (spelling, expected_root.into(), expected_names.into()),
        "{path:?}"
    );
}

const GUID: &str = "{12345678-9abc-def0-1234-56789abcdef0}";

#[test]
fn win32_texts() {
    use Spelling::{Device, Nt, Verbatim, Win32};
    let check = |text: &str, spelling, root: &str, names: &str| {
        check(&win32(text), spelling, root, names);
    };
    check("", Win32, "relative", "");
    check("a", Win32, "relative", "a");
    check(r"..\a/b\", Win32, "relative", "..|a|b");
    check(r".\a\\b", Win32, "relative", ".|a|b");
    check(r"C:x\y", Win32, "on C", "x|y");
    check("c:", Win32, "on C", "");
    check(r"\x\y", Win32, "rooted", "x|y");
    check("/x", Win32, "rooted", "x");
    check(r"c:\x", Win32, "drive C", "x");
    check("C:/x/..", Win32, "drive C", "x|..");
    check(r"C:\a:stream", Win32, "drive C", "a:stream");
    check(r"1:\x", Win32, "relative", "1:|x");
    check(r"\\srv\sh\x", Win32, "unc srv sh", "x");
    check("//srv/sh/x", Win32, "unc srv sh", "x");
    check(r"\\srv", Win32, "unc srv ", "");
    check(r"\\srv\\sh\x", Win32, "unc srv sh", "x");
    check(r"\\", Win32, "other", "");
    check(r"\\\x", Win32, "other", "");
    check(r"\\.", Win32, "other", "");
    check(r"\\?\", Verbatim, "other", "");
    check(r"\\?\C:\x", Verbatim, "drive C", "x");
    check(r"\\?\C:", Verbatim, "drive C", "");
    check(r"\\?\C:\a/b\..\\c", Verbatim, "drive C", "<a/b>|<..>|<>|c");
    check(r"\\?\UNC\srv\sh\x", Verbatim, "unc srv sh", "x");
    check(r"\\?\unc\srv\sh\x", Verbatim, "unc srv sh", "x");
    check(r"\\?\UNC\\x", Verbatim, "other", "");
    check(r"\\?\pipe\x", Verbatim, "dos pipe", "x");
    check(r"\\?\C:x", Verbatim, "dos C:x", "");
    check("//?/C:/x/..", Device, "drive C", "x|..");
    check(r"\\.\C:\x", Device, "drive C", "x");
    check(r"\\.\PhysicalDrive0", Device, "dos PhysicalDrive0", "");
    check(r"\??\C:\x", Nt, "drive C", "x");
    check(r"\?\C:\x", Win32, "rooted", "?|C:|x");
    check(r"\Device\X\y", Win32, "rooted", "Device|X|y");
    check("a\0b", Win32, "relative", "<a\0b>");
    let volume = format!(r"\\?\Volume{GUID}\x");
    check(&volume, Verbatim, &format!("volume {GUID}"), "x");
    check(r"\\?\Volume{12}\x", Verbatim, "dos Volume{12}", "x");
    check(
        r"\\?\GLOBALROOT\Device\HarddiskVolume3\x",
        Verbatim,
        "device HarddiskVolume3",
        "x",
    );
}

#[test]
fn nt_texts() {
    let check = |text: &str, root: &str, names: &str| {
        check(&TargetPath::parse_nt(text), Spelling::Nt, root, names);
    };
    check(r"\??\C:\x\y", "drive C", "x|y");
    check(r"\??\C:\x\", "drive C", "x");
    check(r"\??\c:\x\..\y.", "drive C", "x|<..>|y.");
    check(r"\??\C:", "drive C", "");
    check(r"\??\UNC\srv\sh\x", "unc srv sh", "x");
    check(r"\??\\\srv\sh\x", "other", "");
    check(r"\DosDevices\C:\x", "drive C", "x");
    check(r"\global??\C:\x", "drive C", "x");
    check(r"\Device\HarddiskVolume3\x", "device HarddiskVolume3", "x");
    check(r"\Device\", "other", "");
    check(r"C:\x", "other", "");
    check("", "other", "");
    let volume = format!(r"\??\Volume{GUID}\");
    check(&volume, &format!("volume {GUID}"), "");
}

#[test]
fn relative_substitute_names_and_posix_texts() {
    let relative = |text: &str| TargetPath::parse_relative(text);
    check(
        &relative(r"..\a b\c."),
        Spelling::Relative,
        "relative",
        "..|a b|c.",
    );
    check(&relative("a/b"), Spelling::Relative, "relative", "<a/b>");
    check(&relative(r"\a\b"), Spelling::Relative, "rooted", "a|b");
    check(&relative(r"C:\a"), Spelling::Relative, "other", "");
    let posix = |text: &str| TargetPath::parse_posix(text);
    check(&posix(r"/a\b//c/"), Spelling::Posix, "rooted", r"a\b|c");
    check(&posix("../a"), Spelling::Posix, "relative", "..|a");
    assert!(posix("/a").is_absolute() && !win32("/a").is_absolute());
}

#[test]
fn to_nt_and_back() {
    #[track_caller]
    fn check(text: &str, nt: Option<&str>, back: &str) {
        let got = win32(text).to_nt();
        let shown = got.as_ref().map(TargetPath::display);
        assert_eq!(shown.as_deref(), nt, "{text}");
        let back_again = got.unwrap_or_else(|| win32(text)).to_win32();
        assert_eq!(back_again.display(), back, "{text}");
    }
    check(r"C:\x", Some(r"\??\C:\x"), r"C:\x");
    check("c:/x/../y/", Some(r"\??\c:\y\"), r"c:\y\");
    check(r"C:\", Some(r"\??\C:\"), r"C:\");
    check(r"\\srv\sh\x", Some(r"\??\UNC\srv\sh\x"), r"\\srv\sh\x");
    check(r"\\srv\sh", Some(r"\??\UNC\srv\sh"), r"\\srv\sh");
    check(
        r"\\?\UNC\srv\sh\x",
        Some(r"\??\UNC\srv\sh\x"),
        r"\\srv\sh\x",
    );
    check(r"\\?\C:\x\..", Some(r"\??\C:\x\.."), r"\\?\C:\x\..");
    check(r"\\?\C:\x.", Some(r"\??\C:\x."), r"\\?\C:\x.");
    check(
        r"\\?\C:\nul.txt",
        Some(r"\??\C:\nul.txt"),
        r"\\?\C:\nul.txt",
    );
    check(r"\\?\C:", Some(r"\??\C:"), r"\\?\C:");
    check(r"\\.\C:\a\..\x", Some(r"\??\C:\x"), r"C:\x");
    check(
        r"\\.\PhysicalDrive0",
        Some(r"\??\PhysicalDrive0"),
        r"\\?\PhysicalDrive0",
    );
    check(
        r"\\?\UNC\.\sh\x",
        Some(r"\??\UNC\.\sh\x"),
        r"\\?\UNC\.\sh\x",
    );
    let volume = format!(r"\\?\Volume{GUID}\");
    check(&volume, Some(&format!(r"\??\Volume{GUID}\")), &volume);
    for relative in ["x", r"\x", "C:x", "", r"\\\x"] {
        check(relative, None, relative);
    }
    let device = TargetPath::parse_nt(r"\Device\HarddiskVolume3\x").to_win32();
    assert_eq!(device.display(), r"\\?\GLOBALROOT\Device\HarddiskVolume3\x");
}

#[test]
fn full_path_names() {
    #[track_caller]
    fn check(text: &str, base: &str, full: &str) {
        let got = win32(text).absolute(&win32(base));
        assert_eq!(got.display(), full, "{text} from {base}");
    }
    check("x", r"C:\a\b", r"C:\a\b\x");
    check(r"..\x\", r"C:\a\b", r"C:\a\x\");
    check(r"..\..\..\..\x", r"C:\a\b", r"C:\x");
    check(".", r"C:\a\b", r"C:\a\b");
    check("", r"C:\a\b", r"C:\a\b");
    check(r"\x", r"C:\a\b", r"C:\x");
    check(r"\x", r"\\srv\sh\a", r"\\srv\sh\x");
    check(r"..\..\x", r"\\srv\sh\a", r"\\srv\sh\x");
    check("C:x", r"C:\a", r"C:\a\x");
    check("D:x", r"C:\a", r"D:\x");
    check("x. . ", r"C:\a", r"C:\a\x");
    check(r"x.\y..\z", r"C:\a", r"C:\a\x\y..\z");
    check(r"x \", r"C:\a", r"C:\a\x \");
    check("...", r"C:\a", r"C:\a");
    check("C://x///y", r"D:\", r"C:\x\y");
    check(r"\\?\C:\a\..\b. ", r"D:\", r"\\?\C:\a\..\b. ");
    check("//?/C:/a/../b", r"D:\", r"\\?\C:\b");
    check(r"\\.\C:\a\..\b", r"D:\", r"\\.\C:\b");
    check(r"..\x", r"\\?\C:\a\b", r"\\?\C:\a\x");
    check("NUL", r"C:\a", r"\\.\NUL");
    check("com1:", r"C:\a", r"\\.\com1:");
    check("nul.txt", r"C:\a", r"C:\a\nul.txt");
    check("x", "y", r"y\x");
    check(r"..\x", "y", "x");
    check("..", "y", ".");
    check(r"..\..\x", "y", r"..\x");
}

#[test]
fn a_links_own_text_from_its_folder() {
    let from = |text: &str, folder: &str| {
        let full = TargetPath::parse_relative(text).absolute(&win32(folder));
        full.to_win32().display().into_owned()
    };
    assert_eq!(from(r"..\t", r"C:\a\b"), r"C:\a\t");
    assert_eq!(from(r"\t", r"C:\a\b"), r"C:\t");
    assert_eq!(from("t.", r"C:\a"), r"\\?\C:\a\t.");
    assert_eq!(from("a/b", r"C:\a"), r"\\?\C:\a\a/b");
    let posix = TargetPath::parse_posix("../t").absolute(&TargetPath::parse_posix("/a/b"));
    assert_eq!(posix.display(), "/a/t");
}

#[test]
fn joined() {
    let join = |a: &str, b: &str| win32(a).join(&win32(b)).display().into_owned();
    assert_eq!(join(r"C:\a", r"..\b"), r"C:\a\..\b");
    assert_eq!(join(r"C:\a\", "b/c"), r"C:\a\b/c");
    assert_eq!(join("", "b"), "b");
    assert_eq!(join("C:", "b"), "C:b");
    assert_eq!(join(r"C:\a", r"\b"), r"C:\b");
    assert_eq!(join(r"C:\a", "C:b"), r"C:\a\b");
    assert_eq!(join(r"C:\a", "D:b"), "D:b");
    assert_eq!(join(r"C:\base", r"\??\C:\x"), r"\??\C:\x");
    assert_eq!(join(r"\\?\C:\a", r"..\b/c"), r"\\?\C:\b\c");
}

#[test]
fn from_one_to_another() {
    #[track_caller]
    fn check(to: &str, from: &str, path: Option<&str>) {
        let got = win32(to).relative_from(&win32(from));
        assert_eq!(
            got.as_ref().map(TargetPath::display).as_deref(),
            path,
            "{to} from {from}"
        );
    }
    check(r"C:\a\t", r"C:\a\b\c", Some(r"..\..\t"));
    check(r"C:\a\t", r"c:\A", Some("t"));
    check(r"C:\a", r"C:\a", Some("."));
    check(r"C:\", r"C:\a", Some(".."));
    check(r"C:\ab", r"C:\a", Some(r"..\ab"));
    check(r"\\SRV\sh\x", r"\\srv\SH\y", Some(r"..\x"));
    check(r"\\?\C:\a\t", r"C:\a", Some("t"));
    check(r"D:\a", r"C:\a", None);
    check("a", r"C:\a", None);
}

#[test]
fn where_it_leads() {
    let local = |text: &str| (win32(text).is_local(), win32(text).is_remote());
    assert_eq!(local(r"C:\x"), (true, false));
    assert_eq!(local(r"\\srv\sh"), (false, true));
    assert_eq!(local(r"\\?\GLOBALROOT\Device\Mup\srv"), (false, true));
    assert_eq!(
        local(r"\\?\GLOBALROOT\Device\HarddiskVolume1\"),
        (true, false)
    );
    assert_eq!(local("x"), (false, false));
    let path = EntryPath::parse("a/b").expect("a path");
    let target = TargetPath::on_drive(b'c', &path);
    assert_eq!(target.display(), r"C:\a\b");
    assert_eq!(target.to_entry_path(), Some(path));
    assert_eq!(win32(r"C:\..").to_entry_path(), None);
}

#[test]
fn dos_devices() {
    for name in [
        "nul",
        "NUL.txt",
        "com1",
        "LPT9 .x",
        "con",
        "conin$",
        "COM\u{b9}",
        "aux:",
    ] {
        assert!(is_dos_device(name.as_bytes()), "{name}");
    }
    for name in ["null", "com", "com0", "com10", "lpt", "xnul", ""] {
        assert!(!is_dos_device(name.as_bytes()), "{name}");
    }
}

#[test]
fn guids() {
    let guid = Guid::parse(GUID.as_bytes()).expect("a GUID");
    assert_eq!(guid.to_string(), GUID);
    assert_eq!(
        guid.to_disk()[..8],
        [0x78, 0x56, 0x34, 0x12, 0xBC, 0x9A, 0xF0, 0xDE]
    );
    assert_eq!(Guid::from_disk(guid.to_disk()), guid);
    for wrong in [
        "",
        "{}",
        "{12345678-9abc-def0-1234-56789abcdeg0}",
        "{12345678+9abc-def0-1234-56789abcdef0}",
    ] {
        assert_eq!(Guid::parse(wrong.as_bytes()), None, "{wrong}");
    }
}

/// Texts that hit the grammar more often than random bytes do.
fn texts() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop::sample::select(vec![
        "\\",
        "/",
        "?",
        "??",
        ".",
        "..",
        ":",
        "C:",
        "UNC",
        "\\\\?\\",
        "\\??\\",
        "Device",
        "GLOBALROOT",
        "Volume{",
        "x",
        "a b ",
        "y.",
        "\0",
        "nul",
    ]);
    let grammar = prop::collection::vec(piece, 0..10).prop_map(|p| p.concat().into_bytes());
    prop_oneof![grammar, prop::collection::vec(any::<u8>(), 0..40)]
}

const READERS: [fn(&[u8]) -> TargetPath; 4] = [
    |t| TargetPath::parse(t),
    |t| TargetPath::parse_nt(t),
    |t| TargetPath::parse_relative(t),
    |t| TargetPath::parse_posix(t),
];

proptest! {
    #[test]
    fn nothing_is_lost_and_nothing_panics(text in texts(), other in texts()) {
        for read in READERS {
            let (path, base) = (read(&text), read(&other));
            prop_assert_eq!(path.as_bytes(), &text[..]);
            let normal = path.normalized();
            prop_assert_eq!(normal.normalized(), normal.clone(), "{:?}", path);
            let _ = (path.to_win32(), path.join(&base), path.relative_from(&base), path.to_utf16());
            let full = path.absolute(&base);
            prop_assert!(
                full.is_absolute() || !base.is_absolute() || matches!(full.root(), Root::Other(_)),
                "{:?} from {:?} is {:?}", path, base, full
            );
        }
    }

    #[test]
    fn nt_to_win32_and_back_is_the_same(rest in texts()) {
        let nt = TargetPath::parse_nt([b"\\??\\", &rest[..]].concat());
        if nt.is_absolute() {
            let win32 = nt.to_win32();
            prop_assert!(!matches!(win32.spelling(), Spelling::Nt), "{:?}", win32);
            prop_assert_eq!(win32.to_nt(), Some(nt), "by {:?}", win32);
        }
    }

    #[test]
    fn relative_paths_lead_back(a in "[ab]{1,2}(\\\\[ab]{1,2}){0,4}", b in "[ab]{1,2}(\\\\[ab]{1,2}){0,4}") {
        let to = win32(&format!(r"C:\{a}"));
        let from = win32(&format!(r"C:\{b}"));
        let way = to.relative_from(&from).expect("one root");
        prop_assert_eq!(way.absolute(&from), to);
    }

    #[test]
    fn utf16_comes_back(units in prop::collection::vec(any::<u16>(), 0..40)) {
        prop_assert_eq!(TargetPath::parse_utf16(&units).to_utf16(), Ok(units));
    }
}
