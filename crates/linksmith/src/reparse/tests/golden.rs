//! Buffers that other programs wrote, byte for byte as they were published, read and written again.

use super::*;

/// Bytes from hexadecimal digits; blanks do not count.
fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .chars()
        .filter_map(|c| c.to_digit(16))
        .map(|d| d as u8)
        .collect();
    digits
        .chunks(2)
        .map(|pair| pair[0] << 4 | pair[1])
        .collect()
}

/// Real `mklink /D dot .`, from the dump in winfsp#454: print name first, no NUL anywhere.
const MKLINK_DOT: &str = "0C0000A0 1000 0000 0200 0200 0000 0200 01000000 2E00 2E00";

#[test]
fn what_mklink_writes_for_a_relative_target() {
    let captured = point(hex(MKLINK_DOT));
    assert_eq!(
        captured.view().map(|v| (v.target(), v.print())),
        Ok((
            Some(TargetPath::parse_relative(".")),
            Some(TargetPath::parse("."))
        ))
    );
    let ours = ReparsePoint::symlink(&TargetPath::parse("."));
    assert_eq!(ours, Ok(captured));
}

/// The symlink that stood for a volume in a Windows Server 2016 container (golang/go#15978): substitute
/// name first, NULs, no relative flag, and a substitute name outside `\??\`.
fn container_symlink() -> Vec<u8> {
    let id = r"\ContainerMappedDirectories\E6D5FEDF-2F70-4B5C-A1C7-37D30F8E8ECE";
    let mut data = hex("0000 8000 8200 8600 00000000");
    data.extend(utf16(&format!("{id}\0\\\\?{id}\0")));
    data
}

#[test]
fn a_symlink_with_the_substitute_name_first() {
    let data = container_symlink();
    assert_eq!(data.len(), 0x116);
    let point = point(buffer(ReparseTag::SYMLINK, &data));
    assert_eq!(
        target(&point),
        r"\ContainerMappedDirectories\E6D5FEDF-2F70-4B5C-A1C7-37D30F8E8ECE"
    );
    let print = point
        .view()
        .ok()
        .and_then(|v| v.print())
        .expect("a print name");
    assert!(
        print.display().starts_with(r"\\?\ContainerMapped"),
        "{print:?}"
    );
}

/// `fsutil reparsepoint query` of a Sysinternals junction: substitute name of 130 bytes at 0, print
/// name of 0 bytes at 132 (formats of the originals).
#[test]
fn a_junction_without_a_print_name() {
    let name = format!(r"\??\C:\{}", "x".repeat(58));
    let mut data = hex("0000 8200 8400 0000");
    data.extend(utf16(&format!("{name}\0\0")));
    let point = point(buffer(ReparseTag::MOUNT_POINT, &data));
    assert_eq!(target(&point), name);
    assert_eq!(point.view().ok().and_then(|v| v.print()), None);
    assert_eq!(point.check_settable(), Ok(()));
}

/// `\??\C:\t` and `C:\t`, laid out by hand after MS-FSCC 2.1.2.5 and go-winio's encoder.
#[test]
fn a_junction_as_windows_writes_it() {
    let by_hand = hex("030000A0 2400 0000 0000 1000 1200 0800
         5C00 3F00 3F00 5C00 4300 3A00 5C00 7400 0000 4300 3A00 5C00 7400 0000");
    assert_eq!(
        ReparsePoint::junction(&TargetPath::parse(r"C:\t")).map(|p| p.as_bytes().to_vec()),
        Ok(by_hand)
    );
}

/// `C:\t`: print name, then substitute name, flags 0, as `CreateSymbolicLinkW` lays it out.
#[test]
fn an_absolute_symlink_as_windows_writes_it() {
    let by_hand = hex("0C0000A0 2400 0000 0800 1000 0000 0800 00000000
         4300 3A00 5C00 7400 5C00 3F00 3F00 5C00 4300 3A00 5C00 7400");
    assert_eq!(
        ReparsePoint::symlink(&TargetPath::parse(r"C:\t")).map(|p| p.as_bytes().to_vec()),
        Ok(by_hand)
    );
}

/// WSL's `ln -s ../t link`: version 2, UTF-8, no NUL.
#[test]
fn a_wsl_symlink() {
    let by_hand = hex("1D0000A0 0800 0000 02000000 2E2E2F74");
    let ours = ReparsePoint::wsl_symlink(b"../t").expect("encodes");
    assert_eq!(ours.as_bytes(), by_hand);
    assert_eq!(target(&ours), "../t");
}

/// The layout and the first two strings are those of a published `fsutil` dump of `wt.exe`; the path is
/// of the same form.
#[test]
fn an_app_execution_alias() {
    let package = "Microsoft.WindowsTerminalPreview_8wekyb3d8bbwe";
    let exe = r"C:\Program Files\WindowsApps\Microsoft.WindowsTerminalPreview_1.13.10734.0_x64__8wekyb3d8bbwe\wt.exe";
    let mut data = hex("03000000");
    data.extend(utf16(&format!(
        "{package}\0{package}!App\0{exe}\0{}\0",
        '0'
    )));
    let point = point(buffer(ReparseTag::APP_EXEC_LINK, &data));
    let Ok(View::AppExec(alias)) = point.view() else {
        panic!("no alias");
    };
    assert_eq!(alias.package.to_string(), package);
    assert_eq!(alias.entry.to_string(), format!("{package}!App"));
    assert_eq!(alias.exe.to_string(), exe);
    assert_eq!(alias.app_type.map(|t| t.to_string()).as_deref(), Some("0"));
    assert_eq!(target(&point), exe);
}

#[test]
fn unknown_tags_are_kept_and_not_looked_into() {
    let cloud = point(buffer(ReparseTag::CLOUD, &[1, 2, 3]));
    assert_eq!(
        (cloud.view(), cloud.data()),
        (Ok(View::Other), &[1, 2, 3][..])
    );
    // A third party's: 16 bytes of GUID between the header and the data.
    let mut bytes = hex("17000000 0100 0000 78563412BC9AF0DE 123456789ABCDEF0 FF");
    let third = point(bytes.clone());
    assert_eq!(
        third.guid().map(|g| g.to_string()).as_deref(),
        Some("{12345678-9abc-def0-1234-56789abcdef0}")
    );
    assert_eq!((third.view(), third.data()), (Ok(View::Other), &[0xFF][..]));
    assert_eq!(third.check_settable(), Ok(()));
    bytes[8..24].fill(0);
    let null = point(bytes).check_settable().expect_err("a null GUID");
    assert_eq!((null.position, null.field), (8, "ReparseGuid"));
}
