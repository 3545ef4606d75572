//! The reading half of an NTFS image as a volume.

use std::sync::Arc;

use linksmith::foreign::{Foreign, Means};
use linksmith::ops::copy::{self, Outer, Request};
use linksmith::ops::impact::{self, Change};
use linksmith::partition::find;
use linksmith::undo::{Keep, inverse};
use linksmith::volume::image::ImageVolume;
use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{Drives, Preview, Volume, list};
use linksmith::{Base, Caps, Cause, EntryPath, LinkText, Plan, Step};
use linksmith_ntfs::device::Memory;
use testkit::image::{self, NEEDS};
use testkit::suite::Suite;

fn open() -> ImageVolume {
    ImageVolume::open(&image::LINKS.image(), None).expect("it opens")
}

fn at(path: &str) -> EntryPath {
    EntryPath::parse(path).expect("a path")
}

fn what_it_says_of_itself() {
    let volume = open();
    let info = volume.info();
    assert_eq!(
        (info.file_system.as_str(), info.label.as_deref()),
        ("NTFS", Some("Links"))
    );
    assert_eq!(info.max_links, 1024);
    assert!(info.caps.contains(Caps::NAMES | Caps::HARD_LINK));
    assert_eq!(volume.warnings(), Vec::<String>::new());
    let space = volume.space().expect("it is counted");
    assert!(space.free > 0 && space.free < space.total && space.total < 64 << 20);
}

fn entries_are_described_by_their_records() {
    let volume = open();
    let check = |path: &str, base, tag: Option<u32>, links, size| {
        let entry = volume
            .entry(&at(path))
            .unwrap_or_else(|error| panic!("{error}"));
        let got = (
            entry.base,
            entry.tag.map(|tag| tag.0),
            entry.links,
            entry.size,
        );
        assert_eq!(got, (base, tag, Some(links), size), "{path}");
        assert_eq!(
            entry.tag.is_some(),
            entry.attributes.0 & 0x400 != 0,
            "{path}"
        );
    };
    check("real_file.txt", Base::File, None, 2, 17);
    check("REAL/second_NAME.txt", Base::File, None, 2, 17);
    check("many.txt", Base::File, None, 41, 5);
    check("a long name.txt", Base::File, None, 2, 5);
    check("real", Base::Dir, None, 1, 0);
    check("junction_dir", Base::Dir, Some(0xA000_0003), 1, 0);
    check("junction_long", Base::Dir, Some(0xA000_0003), 1, 0);
    check("symlink_file", Base::File, Some(0xA000_000C), 2, 0);
    check("wsl_link", Base::File, Some(0xA000_001D), 1, 0);
    let entry = volume.entry(&at("A LONG NAME.TXT")).expect("it is there");
    assert_eq!(
        entry.name.map(|name| name.display().into_owned()),
        Some("a long name.txt".into())
    );
    assert_eq!(
        entry.short_name.map(|name| name.display().into_owned()),
        Some("ALONGN~1.TXT".into())
    );
    assert_eq!(
        volume.entry(&EntryPath::root()).expect("the root").name,
        None
    );
}

fn directories_are_listed_in_the_order_of_their_index() {
    let volume = open();
    let root = list(&volume, &EntryPath::root()).expect("the root");
    let names: Vec<_> = root.iter().filter_map(|entry| entry.name.clone()).collect();
    assert!(
        names.iter().all(|name| !name.display().starts_with('$')),
        "{names:?}"
    );
    assert!(
        names
            .windows(2)
            .all(|pair| volume.compare_names(&pair[0], &pair[1]).is_lt())
    );
    assert!(
        root.iter()
            .filter(|entry| entry.short_name.is_some())
            .count()
            == 2
    );
    assert_eq!(list(&volume, &at("big")).expect("big").len(), 3000);
    assert!(list(&volume, &at("empty")).expect("empty").is_empty());
}

fn links_say_what_was_written() {
    let volume = open();
    let text = |path: &str| volume.link_text(&at(path)).expect("it can be read");
    assert_eq!(text("real_file.txt"), None);
    assert_eq!(text("real"), None);
    let Some(LinkText::Reparse(point)) = text("junction_long") else {
        panic!("no reparse point")
    };
    assert_eq!(
        point.as_bytes().len(),
        8 + 8 + 2 * (4 + 403 + 1) + 2 * (403 + 1)
    );
}

fn errors_say_what_is_in_the_way() {
    let volume = open();
    let cause = |path: &str| volume.entry(&at(path)).expect_err("an error").cause;
    assert!(matches!(cause("missing"), Cause::NotFound));
    assert!(matches!(cause("missing/x"), Cause::PathNotFound(p) if p == at("missing")));
    assert!(matches!(cause("real_file.txt/x"), Cause::NotADirectory));
    assert!(matches!(cause("junction_dir/x"), Cause::ThroughLink(p) if p == at("junction_dir")));
    let error = list(&volume, &at("junction_dir")).expect_err("a link is not listed");
    assert!(matches!(error.cause, Cause::NotADirectory));
    assert!(
        volume
            .read(&at("real"))
            .is_err_and(|e| matches!(e.cause, Cause::IsADirectory))
    );
    let through = volume.read(&at("symlink_file")).map(|_| ());
    assert!(matches!(
        through.expect_err("an error").cause,
        Cause::ThroughLink(_)
    ));
}

fn contents_are_read() {
    let volume = open();
    let read = |path: &str| {
        let mut bytes = Vec::new();
        let mut contents = volume.read(&at(path)).expect("it opens");
        contents.read_to_end(&mut bytes).expect("it reads");
        bytes
    };
    assert_eq!(read("real_file.txt"), b"a real file.....\n");
    assert_eq!(read("filled"), [b'x'; 300_000]);
    assert!(read("packed/text").ends_with(b"line 20000 of a file that packs well\n"));
}

fn every_name_is_found() {
    let volume = open();
    let mut names = volume
        .names(&at("real/second_name.txt"))
        .expect("its names");
    names.sort();
    assert_eq!(names, [at("real/second_name.txt"), at("real_file.txt")]);
    assert_eq!(
        volume.names(&at("more.txt")).expect("its names").len(),
        1001
    );
    assert_eq!(
        volume
            .names(&at("a long name.txt"))
            .expect("its names")
            .len(),
        2
    );
}

/// The same volume as the second partition of a disk, and in a fixed VHD.
fn disks_with_partitions() {
    let volume = image::SMALL.copy();
    let mut disk = vec![0; 1 << 20];
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    disk[462 + 4] = 7;
    disk[462 + 8..462 + 12].copy_from_slice(&2048u32.to_le_bytes());
    disk[462 + 12..462 + 16].copy_from_slice(&((volume.len() / 512) as u32).to_le_bytes());
    disk.extend_from_slice(&volume);
    let mut footer = [0; 512];
    footer[..8].copy_from_slice(b"conectix");
    footer[63] = 2;
    disk.extend_from_slice(&footer);
    let found = find(&Memory::new(disk.clone()), None).expect("the partition");
    assert_eq!(
        (found.number, found.start, found.length),
        (2, 1 << 20, volume.len() as u64)
    );
    let opened = ImageVolume::on(Box::new(Memory::new(disk)), Some(2)).expect("it opens");
    assert_eq!(opened.warnings(), Vec::<String>::new());
    assert!(opened.entry(&at("dir/second_name")).is_ok());
}

/// A self-relative descriptor of the administrators with these entries: flags, rights and SID.
fn descriptor(aces: &[(u8, u32, &[u8])]) -> Vec<u8> {
    let list: Vec<u8> = aces
        .iter()
        .flat_map(|(flags, mask, sid)| {
            let head = [0, *flags, 8 + sid.len() as u8, 0];
            [&head[..], &mask.to_le_bytes(), sid].concat()
        })
        .collect();
    let administrators = [1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x20, 2, 0, 0];
    let owner_at = 28 + list.len() as u32;
    let mut out = vec![1, 0, 4, 0x80];
    for at in [owner_at, owner_at, 0, 20] {
        out.extend_from_slice(&at.to_le_bytes());
    }
    out.extend_from_slice(&[2, 0, 8 + list.len() as u8, 0, aces.len() as u8, 0, 0, 0]);
    out.extend_from_slice(&list);
    out.extend_from_slice(&administrators);
    out
}

/// Descriptors that ntfs-3g put into `$Secure` tell who may replace what.
#[allow(
    clippy::disallowed_methods,
    reason = "the image is a file of this machine"
)]
fn who_may_replace_a_link() {
    const USERS: &[u8] = &[1, 2, 0, 0, 0, 0, 0, 5, 32, 0, 0, 0, 0x21, 2, 0, 0];
    const AUTHENTICATED: &[u8] = &[1, 1, 0, 0, 0, 0, 0, 5, 11, 0, 0, 0];
    const SYSTEM: &[u8] = &[1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0];
    const FULL: u32 = 0x001F_01FF;
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("rights.img");
    std::fs::write(&image, image::LINKS.copy()).expect("a copy");
    let mounted = testkit::oracle::Mounted::for_writing(&image);
    let set = |path: &str, aces: &[(u8, u32, &[u8])]| {
        let path = mounted.path().join(path);
        let flags = rustix::fs::XattrFlags::empty();
        rustix::fs::setxattr(&path, "system.ntfs_acl", &descriptor(aces), flags)
            .expect("ntfs-3g sets it");
    };
    let make = |path: &str| std::fs::create_dir(mounted.path().join(path)).expect("a directory");
    let safe = (0, FULL, SYSTEM);
    make("safe");
    make("safe/open");
    make("safe/shut");
    make("shared");
    make("shared/entry");
    set("safe", &[safe]);
    set("safe/open", &[safe, (0, 0x100, AUTHENTICATED)]);
    // Only what inherits it may be written by users.
    set(
        "safe/shut",
        &[safe, (0x0B, FULL, USERS), (0, 0x0012_00A9, USERS)],
    );
    set("shared", &[safe, (0, 0x42, USERS)]);
    set("shared/entry", &[safe]);
    mounted.end();

    let volume = ImageVolume::open(&image, None).expect("it opens");
    let check = |path: &str, expected: &[&str]| {
        let who = volume.writers(&at(path)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(who.expect("the volume tells"), expected, "{path}");
    };
    check("safe/open", &["Authenticated Users"]);
    check("safe/shut", &[]);
    check("shared/entry", &["Users"]);
    check("", &[]);
}

/// Links and devices as ntfs-3g makes them, which no reparse point says.
#[allow(
    clippy::disallowed_methods,
    reason = "the image is a file of this machine"
)]
fn interix_files() {
    let folder = tempfile::tempdir().expect("a folder");
    let image = folder.path().join("interix.img");
    std::fs::write(&image, image::LINKS.copy()).expect("a copy");
    let mounted = testkit::oracle::Mounted::for_writing(&image);
    let text = "real/f\u{fc}r \u{1F600}";
    std::os::unix::fs::symlink(text, mounted.path().join("intx_link")).expect("a link");
    let device = |name: &str, kind: &str| {
        let made = std::process::Command::new("mknod")
            .arg(mounted.path().join(name))
            .args([kind, "7", "300"])
            .status();
        assert!(made.expect("mknod runs").success(), "{name}");
    };
    device("intx_block", "b");
    device("intx_char", "c");
    mounted.end();

    let volume = ImageVolume::open(&image, None).expect("it opens");
    let check = |path: &str, expected: Option<Means>| {
        let entry = volume.entry(&at(path)).expect("it is there");
        let got = Foreign::of(&volume, &at(path), &entry).expect("it can be read");
        assert_eq!(got.map(|foreign| foreign.means), expected, "{path}");
    };
    let (major, minor) = (7, 300);
    check("intx_link", Some(Means::Link(LinkText::Posix(text.into()))));
    check("intx_block", Some(Means::BlockDevice { major, minor }));
    check("intx_char", Some(Means::CharacterDevice { major, minor }));
    check("real_file.txt", None);
    check("real", None);
}

/// Copying takes the contents over and no stream; whoever copies or moves is told.
fn streams_are_left_behind_and_that_is_said() {
    let target: Arc<dyn Volume> = Arc::new(MemoryVolume::ntfs());
    let drives = Drives::attached([('C', Arc::new(open()) as Arc<dyn Volume>), ('D', target)]);
    let drives = drives.expect("two letters");
    let place = |path: &str| drives.locate(path.as_ref()).expect("a path");
    let warnings = |plan: Plan| {
        let warnings = plan.warnings.into_iter();
        warnings.map(|w| w.message).collect::<Vec<_>>()
    };
    let copied = |from: &str| {
        let request = Request {
            from: place(from),
            to: place("D:\\copy"),
            junctions: Outer::Keep,
            symlinks: Outer::Keep,
            as_is: true,
            or: Vec::new(),
            mirror: None,
        };
        let copying = copy::plan(&drives, &request, &mut ()).expect("it can be copied");
        warnings(copying.plan)
    };
    let expected = "of 'C:\\real_file.txt' the contents alone are copied, not the stream 'stream'";
    assert_eq!(copied("C:\\real_file.txt"), [expected]);
    assert_eq!(copied("C:\\deep"), [""; 0]);
    let change = Change::Move {
        from: place("C:\\real_file.txt"),
        to: place("D:\\moved"),
    };
    let impact = impact::impact(&drives, &change, &[]).expect("it is foretold");
    assert_eq!(warnings(impact.change), [expected]);
}

/// A file with a stream goes only where nobody wants it back: no step makes a stream again.
fn what_has_a_stream_is_not_removed_for_undo() {
    let volume: Arc<dyn Volume> = Arc::new(open());
    let preview = Preview::new(Arc::clone(&volume));
    let at = |path: &str| EntryPath::parse(path).expect("a path");
    let names = volume.names(&at("real_file.txt")).expect("names");
    // Other names keep the file.
    for name in names.iter().filter(|name| **name != at("real_file.txt")) {
        let gone = Step::Remove { at: name.clone() };
        inverse(&preview, &gone, &mut Keep::DEFAULT.clone()).expect("it can be taken back");
        preview.apply(&[gone]).expect("it goes");
    }
    let gone = Step::Remove {
        at: at("real_file.txt"),
    };
    let refused = inverse(&preview, &gone, &mut Keep::DEFAULT.clone());
    let error = refused.expect_err("it is refused").to_string();
    let why = "the stream 'stream' is not kept";
    assert_eq!(
        error,
        format!("'real_file.txt' could not be taken back: {why}")
    );
    let lost = inverse(&preview, &gone, &mut Keep::DEFAULT.or_lose()).expect("it is lost");
    assert_eq!(lost.lost, Some(format!("'real_file.txt': {why}")));
}

pub(crate) fn main() {
    Suite::new("image_volume")
        .case("info", NEEDS, what_it_says_of_itself)
        .case("entries", NEEDS, entries_are_described_by_their_records)
        .case(
            "directories",
            NEEDS,
            directories_are_listed_in_the_order_of_their_index,
        )
        .case("links", NEEDS, links_say_what_was_written)
        .case("errors", NEEDS, errors_say_what_is_in_the_way)
        .case("contents", NEEDS, contents_are_read)
        .case("names", NEEDS, every_name_is_found)
        .case("partitions", NEEDS, disks_with_partitions)
        .case("who may replace", NEEDS, who_may_replace_a_link)
        .case("Interix", NEEDS, interix_files)
        .case("streams", NEEDS, streams_are_left_behind_and_that_is_said)
        .case(
            "streams and undo",
            NEEDS,
            what_has_a_stream_is_not_removed_for_undo,
        )
        .run();
}
