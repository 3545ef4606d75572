//! Links on Windows drives, followed to every end there is.

use std::ffi::OsStr;
use std::sync::Arc;

use linksmith::entry::LinkText;
use linksmith::path::{EntryPath, Guid, TargetPath};
use linksmith::plan::Step;
use linksmith::reparse::{ReparsePoint, ReparseTag};
use linksmith::resolve::{End, Status, inspect, resolve, resolve_as_if};
use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{Drives, Place, Volume};

const GUID: &str = "{01234567-89ab-cdef-0123-456789abcdef}";

/// Two drives, C and D. D is also reached as `\\?\Volume{…}\`.
///
/// Each line makes one entry: `C:\dir\`, `C:\file`, `C:\link -> target` (a file symlink),
/// `C:\link ->> target` (a directory symlink), `C:\link => target` (a junction),
/// `C:\link ~> target` (a WSL symlink).
fn drives(tree: &str) -> Drives {
    let c: Arc<dyn Volume> = Arc::new(MemoryVolume::ntfs().with_serial(1));
    let d: Arc<dyn Volume> = Arc::new(MemoryVolume::ntfs().with_serial(2));
    let drives = Drives::attached([('C', Arc::clone(&c)), ('D', Arc::clone(&d))]).expect("drives");
    let second = drives.locate(OsStr::new("D:")).expect("D:").drive;
    drives.set_volume_guid(second, Guid::parse(GUID.as_bytes()).expect("a GUID"));
    for line in tree.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (drive, rest) = line.split_at(3);
        let volume = if drive == r"C:\" { &c } else { &d };
        if let Err(error) = volume.apply(&[step(rest)]) {
            panic!("{line}: {error}");
        }
    }
    drives
}

fn step(line: &str) -> Step {
    let at = |text: &str| EntryPath::parse(text.replace('\\', "/")).expect("a path");
    let arrows = [" ->> ", " -> ", " => ", " ~> "];
    let link = arrows
        .iter()
        .find_map(|arrow| Some((arrow, line.split_once(arrow)?)));
    match link {
        None if line.ends_with('\\') => Step::MakeDir { at: at(line) },
        None => Step::MakeFile {
            at: at(line),
            contents: b"x".to_vec(),
        },
        Some((arrow, (name, target))) => {
            let path = TargetPath::parse(target);
            let data = match arrow.trim() {
                "=>" => ReparsePoint::junction(&path),
                "~>" => ReparsePoint::wsl_symlink(target.as_bytes()),
                _ => ReparsePoint::symlink(&path),
            };
            let link = LinkText::Reparse(data.expect("link data"));
            let dir = matches!(arrow.trim(), "->>" | "=>");
            Step::MakeLink {
                at: at(name),
                link,
                dir,
            }
        }
    }
}

fn place(drives: &Drives, text: &str) -> Place {
    match drives.locate(OsStr::new(text)) {
        Ok(place) => place,
        Err(error) => panic!("{text}: {error}"),
    }
}

/// Where a path ends, as `status place`, the place only where there is one.
fn end(drives: &Drives, text: &str) -> String {
    let end = resolve(drives, &place(drives, text)).end;
    let shown = match &end {
        End::Found { place, .. } | End::Missing { place, .. } | End::NotADirectory { place } => {
            drives.display(place)
        }
        End::Loop { at } | End::WrongKind { at, .. } | End::Invalid { at, .. } => {
            drives.display(at)
        }
        End::Unreachable { root, .. } => root.clone(),
        End::TooDeep { limit } => limit.to_string(),
        _ => String::new(),
    };
    format!("{} {shown}", end.status())
}

#[test]
fn a_junction_and_a_symlink_lead_across_drives() {
    let drives = drives(
        r"
        D:\real\
        D:\real\file
        C:\j => D:\real
        C:\s ->> D:\real
        C:\f -> D:\real\file
        C:\g => \\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\real
        C:\m => \\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\
        D:\rooted ->> \real
        C:\through -> j\FILE
        ",
    );
    let check = |text: &str, expected: &str| assert_eq!(end(&drives, text), expected, "{text}");
    check(r"C:\j", r"ok D:\real");
    check(r"C:\s", r"ok D:\real");
    check(r"C:\f", r"ok D:\real\file");
    check(r"C:\g", r"ok D:\real");
    check(r"C:\m", r"ok D:\");
    // The root of the drive that the link is on, not of the one it was reached by.
    check(r"C:\m\rooted", r"ok D:\real");
    check(r"C:\through", r"ok D:\real\FILE");
    assert_eq!(drives.display(&place(&drives, r"C:\j\new")), r"D:\real\new");
    assert_eq!(
        drives.display(&place(&drives, r"C:\m\rooted\file")),
        r"D:\real\file"
    );
}

#[test]
fn relative_targets_start_at_the_links_own_folder() {
    let drives = drives(
        r"
        C:\a\
        C:\a\b\
        C:\a\b\file
        C:\a\up ->> ..
        C:\a\b\sibling ->> ..\b
        C:\a\b\dots ->> absent\..\..\b
        C:\a\b\above ->> ..\..\..\a
        C:\a\b\root ->> \a
        C:\j => C:\a\b
        ",
    );
    let check = |text: &str, expected: &str| assert_eq!(end(&drives, text), expected, "{text}");
    check(r"C:\a\up", r"ok C:\");
    check(r"C:\a\b\sibling", r"ok C:\a\b");
    // `..` is worked off in the text: what is before it need not be there.
    check(r"C:\a\b\dots", r"ok C:\a\b");
    check(r"C:\a\b\above", r"invalid C:\a\b\above");
    check(r"C:\a\b\root", r"ok C:\a");
    // Seen from where the junction leads, not from where it stands.
    check(r"C:\j\sibling", r"ok C:\a\b");
}

#[test]
fn links_of_the_wrong_kind() {
    let drives = drives(
        r"
        C:\dir\
        C:\dir\file
        C:\file_link -> dir
        C:\dir_link ->> dir\file
        C:\junction => C:\dir\file
        C:\chain -> dir_link2
        C:\dir_link2 ->> dir\file
        C:\right_then_wrong ->> file_link
        ",
    );
    let check = |text: &str, expected: &str| assert_eq!(end(&drives, text), expected, "{text}");
    check(r"C:\file_link", r"wrong-kind C:\file_link");
    check(r"C:\dir_link", r"wrong-kind C:\dir_link");
    check(r"C:\junction", r"wrong-kind C:\junction");
    // The one nearest to the target is to be mended.
    check(r"C:\chain", r"wrong-kind C:\dir_link2");
    check(r"C:\right_then_wrong", r"wrong-kind C:\file_link");
    // It cannot be gone through either.
    let through = drives.locate(OsStr::new(r"C:\file_link\file"));
    assert_eq!(through.expect_err("no way").win32(), Some(267));
}

#[test]
fn loops_and_long_chains() {
    let mut tree =
        String::from("C:\\self ->> self\nC:\\a ->> b\nC:\\b ->> a\nC:\\grow ->> grow\\x\n");
    tree += "C:\\dir\\\nC:\\dir\\here ->> .\nC:\\d64 ->> dir\nC:\\q32 ->> dir\n";
    for n in (1..64).rev() {
        tree += &format!("C:\\d{n} ->> d{}\n", n + 1);
    }
    for n in (1..32).rev() {
        tree += &format!("C:\\q{n} => C:\\q{}\n", n + 1);
    }
    let drives = drives(&tree);
    let check = |text: &str, expected: &str| assert_eq!(end(&drives, text), expected, "{text}");
    check(r"C:\self", r"loop C:\self");
    check(r"C:\a", r"loop C:\a");
    check(r"C:\grow", r"loop C:\grow");
    check(r"C:\dir\here\here\here\here", r"ok C:\dir");
    // 63 links with relative targets, 31 with full ones.
    check(r"C:\d2", r"ok C:\dir");
    check(r"C:\d1", "too-deep 63");
    check(r"C:\q2", r"ok C:\dir");
    check(r"C:\q1", r"ok C:\dir");
}

#[test]
fn thirty_two_full_targets_are_too_many() {
    let mut tree = String::from("C:\\dir\\\nC:\\q33 => C:\\dir\n");
    for n in (1..33).rev() {
        tree += &format!("C:\\q{n} => C:\\q{}\n", n + 1);
    }
    let drives = drives(&tree);
    assert_eq!(end(&drives, r"C:\q3"), r"ok C:\dir");
    assert_eq!(end(&drives, r"C:\q2"), "too-deep 31");
}

#[test]
fn what_is_not_there_and_what_is_not_attached() {
    let drives = drives(
        r"
        C:\file
        C:\gone ->> nowhere
        C:\gone_deep ->> nowhere\at\all
        C:\through_file -> file\x
        C:\other => E:\dir
        C:\unc ->> \\server\share\dir
        C:\guid => \\?\Volume{00000000-0000-0000-0000-000000000001}\
        ",
    );
    let check = |text: &str, expected: &str| assert_eq!(end(&drives, text), expected, "{text}");
    check(r"C:\gone", r"dangling C:\nowhere");
    check(r"C:\gone_deep", r"dangling C:\nowhere");
    check(r"C:\through_file", r"dangling C:\file");
    check(r"C:\other", r"unreachable E:\");
    check(r"C:\unc", r"unreachable \\server\share\");
    check(
        r"C:\guid",
        r"unreachable \\?\Volume{00000000-0000-0000-0000-000000000001}\",
    );
    let error = |text: &str| drives.locate(OsStr::new(text)).expect_err("no place");
    assert_eq!(error(r"E:\x").to_string(), r"nothing is attached as 'E:\'");
    assert_eq!(error(r"\\server\share\x").win32(), Some(3));
    assert_eq!(error(r"C:\other\x").win32(), Some(3));
}

#[test]
fn links_of_wsl() {
    let drives = drives(
        r"
        C:\dir\
        C:\dir\file
        C:\relative ~> dir/../dir/file
        C:\drive ~> /mnt/c/dir/file
        C:\no_drive ~> /mnt/e/dir
        C:\inside ~> /home/me
        ",
    );
    let check = |text: &str, expected: &str| assert_eq!(end(&drives, text), expected, "{text}");
    check(r"C:\relative", r"ok C:\dir\file");
    check(r"C:\drive", r"ok C:\dir\file");
    check(r"C:\no_drive", r"unreachable E:\");
    check(r"C:\inside", "unreachable /");
}

#[test]
fn every_hop_says_what_redirects_where() {
    let drives = drives(
        r"
        C:\real\
        C:\real\sub\
        C:\real\sub\file
        C:\j => C:\real
        C:\real\s ->> sub
        ",
    );
    let place = Place {
        drive: place(&drives, r"C:\").drive,
        path: EntryPath::parse("j/s/file").expect("a path"),
    };
    let resolution = resolve(&drives, &place);
    let hops: Vec<String> = resolution
        .hops
        .iter()
        .map(|hop| {
            let at = drives.display(&hop.at);
            let says = hop.target.as_ref().expect("a target").display();
            let to = drives.display(hop.to.as_ref().expect("a place"));
            let rest = hop.rest.len();
            format!("{at} says {says}, leads to {to}, {rest} to go")
        })
        .collect();
    let expected = [
        r"C:\j says \??\C:\real, leads to C:\real, 2 to go",
        r"C:\real\s says sub, leads to C:\real\sub, 1 to go",
    ];
    assert_eq!(hops, expected);
    assert_eq!(resolution.end.status(), Status::Ok);
}

#[test]
fn a_link_that_is_not_there_yet() {
    let drives = drives("C:\\dir\\\nC:\\dir\\sub\\\nC:\\file");
    let at = place(&drives, r"C:\dir\new");
    let status = |target: &str, dir| {
        let data = ReparsePoint::symlink(&TargetPath::parse(target)).expect("link data");
        resolve_as_if(&drives, &at, LinkText::Reparse(data), dir)
            .end
            .status()
    };
    assert_eq!(status("sub", true), Status::Ok);
    assert_eq!(status("sub", false), Status::WrongKind);
    assert_eq!(status(r"..\file", false), Status::Ok);
    assert_eq!(status("absent", false), Status::Dangling);
    assert_eq!(status("new", false), Status::Loop);
    assert_eq!(status(r"..\dir\NEW\x", true), Status::Loop);
}

#[test]
fn data_that_cannot_be_followed() {
    let drives = drives("C:\\dir\\");
    let volume = drives
        .volume(place(&drives, r"C:\").drive)
        .expect("a volume");
    let make = |at: &str, tag: u32, data: &[u8]| {
        let mut bytes = tag.to_le_bytes().to_vec();
        bytes.extend((data.len() as u16).to_le_bytes());
        bytes.extend([0, 0]);
        bytes.extend(data);
        let link = LinkText::Reparse(ReparsePoint::from_bytes(bytes).expect("a header"));
        let at = EntryPath::parse(at).expect("a path");
        volume.apply(&[Step::MakeLink {
            at,
            link,
            dir: false,
        }])
    };
    make("unknown", 0xA000_7FF2, b"data").expect("made");
    make("cloud", 0x9000_001A, b"data").expect("made");
    assert_eq!(end(&drives, r"C:\unknown").trim(), "unreachable");
    // No name surrogate: it is the file itself.
    assert_eq!(end(&drives, r"C:\cloud"), r"ok C:\cloud");
    // Windows would not store these either.
    let lies = make("lies", ReparseTag::SYMLINK.0, &[0xFF; 12]);
    assert_eq!(lies.expect_err("refused").source.cause.win32(), Some(4392));
}

#[test]
fn an_entry_and_all_there_is_to_say() {
    let drives = drives("C:\\dir\\\nC:\\file\nC:\\j => C:\\dir");
    let located = inspect(&drives, &place(&drives, r"C:\J")).expect("an entry");
    assert_eq!(located.kind, Some(linksmith::LinkKind::Junction));
    assert_eq!(located.status, Status::Ok);
    assert!(matches!(located.text, Some(LinkText::Reparse(_))));
    let file = inspect(&drives, &place(&drives, r"C:\file")).expect("an entry");
    assert_eq!(
        (file.kind, file.text, file.status),
        (None, None, Status::Ok)
    );
    assert!(file.resolution.is_none());
}
