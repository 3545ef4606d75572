//! Links of other systems: shown, found, made real.

use insta::assert_snapshot;
use linksmith::volume::image::ImageVolume;
use linksmith::{Attributes, EntryPath, Step, Volume};

fn at(path: &str) -> EntryPath {
    EntryPath::parse(path).expect("a path")
}

fn file(path: &str, contents: &[u8]) -> Step {
    Step::MakeFile {
        at: at(path),
        contents: contents.to_vec(),
    }
}

/// A file with the system attribute.
fn system(path: &str, contents: &[u8]) -> [Step; 2] {
    let marked = Step::SetMeta {
        at: at(path),
        times: Default::default(),
        attributes: Some(Attributes::SYSTEM),
    };
    [file(path, contents), marked]
}

/// What Windows takes for a system file is told for what Services for Unix and ntfs-3g mean by it.
#[test]
fn an_interix_link_is_shown_with_where_it_leads() {
    let env = crate::env();
    env.run(&[
        "format", "disk.img", "--size", "16M", "--serial", "768808EC",
    ])
    .ok();
    let link = |text: &str| linksmith::reparse::interix_contents(text.as_bytes()).expect("a text");
    let device = b"IntxBLK\0\x08\0\0\0\0\0\0\0\x01\0\0\0\0\0\0\0";
    let mut steps = vec![
        Step::MakeDir { at: at("dir") },
        Step::MakeFile {
            at: at("dir/file"),
            contents: Vec::new(),
        },
    ];
    steps.extend(system("link", &link("dir/./file")));
    steps.extend(system("dir/broken", &link("../nothing")));
    steps.extend(system("disk", device));
    let volume = ImageVolume::open_to_change(&env.join("disk.img"), None).expect("it opens");
    volume.apply(&steps).expect("they are made");
    drop(volume);

    let show = |args: &[&str]| {
        let shown = env.run(&[&["--drive", "C=disk.img", "show"], args].concat());
        let lines = shown.ok();
        let kept = lines.lines().filter(|line| !line.starts_with("  id "));
        kept.collect::<Vec<_>>().join("\n")
    };
    assert_snapshot!(show(&["link", "dir/broken", "disk", "dir/file"]), @r"
    C:\link
      kind        file, 28 bytes
      Interix     soft link to dir/./file
      status      ok
      leads to    C:\dir\file

    C:\dir\broken
      kind        file, 28 bytes
      Interix     soft link to ../nothing
      status      dangling: 'C:\nothing' is not there

    C:\disk
      kind        file, 24 bytes
      Interix     block device 8:1

    C:\dir\file
      kind        file, 0 bytes
    ");
    let json = show(&["--json", "dir/broken"]);
    let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_snapshot!(value["foreign"].to_string(), @r#"{"form":"interix","kind":"symlink","status":"dangling","target":"../nothing"}"#);

    // A real one is made of it, and the file is there again when that is taken back.
    let run = |args: &[&str]| {
        let mut command = env.command();
        command
            .env("LINKSMITH_STATE", env.join("state"))
            .args(["--drive", "C=disk.img"])
            .args(args);
        env.finish(&mut command, "")
    };
    let before = show(&["link", "dir/broken"]);
    assert_snapshot!(run(&["convert", "link", "dir/broken", "--to", "soft"]), @r"
    link is now: soft
    dir/broken is now: soft
    ");
    assert_snapshot!(run(&["find", "C:"]), @r"
    symlink  C:\dir\broken -> ..\nothing  (dangling)
    symlink  C:\link -> dir\file
    ");
    assert_eq!(run(&["convert", "disk", "--to", "soft"]).code, Some(8));
    run(&["undo", "-q"]).ok();
    run(&["undo", "-q"]).ok();
    assert_eq!(show(&["link", "dir/broken"]), before);
}

#[test]
fn links_of_other_systems_are_found_where_that_is_asked() {
    let env = crate::env();
    env.run(&["format", "disk.img", "--size", "16M"]).ok();
    let utf16 = |text: &str| {
        let units = text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes);
        [&b"!<symlink>\xff\xfe"[..], &units.collect::<Vec<_>>()].concat()
    };
    let mut mf = format!("XSym\n0008\n{:032x}\ndir/file\n", 7).into_bytes();
    mf.resize(1067, b' ');
    let mut steps = vec![Step::MakeDir { at: at("dir") }, file("dir/file", b"x")];
    steps.extend(system("interix", b"IntxLNK\x01d\0i\0r\0"));
    steps.extend(system("cygwin", &utf16("dir/nothing")));
    steps.extend(system("drive", &utf16("/cygdrive/c/dir/file")));
    steps.extend(system("usr", &utf16("/usr/bin")));
    steps.push(file("share", &mf));
    // Without the mark it is a file that someone wrote.
    steps.push(file("unmarked", &utf16("dir")));
    let volume = ImageVolume::open_to_change(&env.join("disk.img"), None).expect("it opens");
    volume.apply(&steps).expect("they are made");
    drop(volume);
    env.run(&["--drive", "C=disk.img", "soft", "C:\\real", "dir\\file"])
        .ok();

    let find =
        |args: &[&str]| env.run(&[&["--drive", "C=disk.img", "find", "--sort"], args].concat());
    assert_snapshot!(find(&[]), @r"symlink  C:\real -> dir\file");
    assert_snapshot!(find(&["--foreign"]), @r"
    symlink  C:\cygwin -> dir/nothing  (dangling)  [Cygwin]
    symlink  C:\drive -> /cygdrive/c/dir/file  [Cygwin]
    symlink  C:\interix -> dir  [Interix]
    symlink  C:\real -> dir\file
    symlink  C:\share -> dir/file  [XSym]
    symlink  C:\usr -> /usr/bin  (unreachable)  [Cygwin]
    ");
    assert_snapshot!(find(&["--foreign", "--broken"]), @r"
    exit 7
    symlink  C:\cygwin -> dir/nothing  (dangling)  [Cygwin]
    ");
    let to = find(&[
        "--foreign",
        "--json",
        "--to",
        r"C:\dir\file",
        "--name",
        "share",
    ])
    .ok();
    let value: serde_json::Value = serde_json::from_str(&to).expect("JSON");
    assert_eq!(value["foreign"], "xsym");
    assert_eq!(value["resolved"], r"C:\dir\file");
}
