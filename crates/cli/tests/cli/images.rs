//! Volumes in files: made, checked, attached.

use insta::assert_snapshot;
use linksmith_ntfs::layout::{attribute_type as ty, well_known};
use testkit::damage::Patient;

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

#[test]
#[allow(clippy::disallowed_methods, reason = "the damage is made here")]
fn what_is_plain_is_mended() {
    let env = env();
    let _ = env.run(&["format", "disk.img", "--size", "16M"]).ok();
    let path = env.join("disk.img");
    let mut patient = Patient::new(std::fs::read(&path).expect("the image"));
    patient.record(patient.number("$Extend"), |record| record[0x12] += 1);
    patient.edit_attribute(well_known::VOLUME, ty::VOLUME_INFORMATION, |attribute| {
        let value = usize::from(attribute[0x14]);
        attribute[value + 10] |= 1;
    });
    std::fs::write(&path, &patient.bytes).expect("the image");
    let plan = env.run(&["check", "disk.img", "--repair", "-n"]);
    assert_snapshot!(plan, @r"
    mend link-count record 11 \$Extend: set the link count to 1
    mend volume-dirty: clear the dirty flag
    2 would be mended, 0 remain
    ");
    assert!(std::fs::read(&path).expect("the image") == patient.bytes);
    let repair = env.run(&["check", "disk.img", "--repair", "--json"]);
    assert_eq!(repair.ok().matches(r#""done":true"#).count(), 2);
    assert_snapshot!(env.run(&["check", "disk.img"]), @"19 records, 2 directories, 15 names, 0 reparse points: no findings");

    patient.bytes.truncate(12 << 20);
    std::fs::write(&path, &patient.bytes).expect("the image");
    let refused = env.run(&["check", "disk.img", "--repair"]);
    assert_eq!(refused.code, Some(10), "{refused}");
}

#[cfg(unix)]
#[test]
fn a_tree_goes_over_and_comes_back() {
    let env = env();
    env.dir("tree/dir/deep")
        .file("tree/file.txt", "text")
        .file("tree/dir/deep/inner.txt", "inner");
    env.symlink("tree/relative", "dir/deep")
        .symlink("tree/dir/up", "../file.txt");
    env.symlink("tree/absolute", env.join("tree/dir"))
        .symlink("tree/gone", "nowhere");
    env.symlink("tree/out", "/somewhere/else");
    #[allow(
        clippy::disallowed_methods,
        reason = "the scene is set by the system's own calls"
    )]
    std::fs::hard_link(env.join("tree/file.txt"), env.join("tree/dir/hard.txt")).expect("a link");
    let _ = env.run(&["format", "C.img", "--size", "16M"]).ok();
    let drive = ["--drive", "C=C.img"];
    assert_snapshot!(env.run(&[&drive[..], &["import", "tree", "C:\\copy"]].concat()), @r"
copied 2 files, 2 directories, 6 links
--- stderr
linksmith: warning: '$DIR/tree/out' leads to '/somewhere/else', which is no Windows path: kept as a link of WSL
");
    assert_snapshot!(env.run(&[&drive[..], &["list", "-R", "C:\\copy"]].concat()), @r"
C:\copy:
symlink  ok                    absolute -> C:\copy\dir
dir                            dir
hard     2 names      4 bytes  file.txt
symlink  dangling              gone -> nowhere
wsl      unreachable           out -> /somewhere/else
symlink  ok                    relative -> dir\deep

C:\copy\dir:
dir                        deep
hard     2 names  4 bytes  hard.txt
symlink  ok                up -> ..\file.txt

C:\copy\dir\deep:
file    5 bytes  inner.txt
");
    let _ = env.run(&["check", "C.img"]).ok();
    let shown = env.run(&[&drive[..], &["export", "-n", "C:\\copy", "back"]].concat());
    let shown = shown.ok();
    assert!(
        shown.contains("would copy C:\\copy\\file.txt to $DIR/back/file.txt (4 bytes)\n"),
        "{shown}"
    );
    assert!(!env.tree().contains(&"back/".to_owned()));
    assert_snapshot!(env.run(&[&drive[..], &["export", "C:\\copy", "back"]].concat()), @"copied 2 files, 2 directories, 6 links");
    let tree = |root: &str| -> Vec<String> {
        let root = format!("{root}/");
        let lines = env.tree();
        lines
            .iter()
            .filter_map(|l| l.strip_prefix(&root))
            .map(str::to_owned)
            .collect()
    };
    let mut want = tree("tree");
    for line in &mut want {
        // What led into the tree from the root of the machine leads there from its own folder now.
        if line.starts_with("absolute -> ") {
            "absolute -> dir".clone_into(line);
        }
    }
    assert_eq!(tree("back"), want);
}

#[test]
fn an_image_in_use_is_not_opened_twice() {
    let env = env();
    let _ = env.run(&["format", "C.img", "--size", "16M"]).ok();
    let script = "@linksmith check C.img\n";
    let outcome = env.run_with(&["--drive", "C=C.img", "shell"], script);
    assert_eq!(outcome.code, Some(10), "{outcome}");
}

#[test]
fn at_a_prompt_the_open_drive_is_checked() {
    let env = env();
    let _ = env.run(&["format", "C.img", "--size", "16M"]).ok();
    let script = "@md dir\n@linksmith check C:\n@linksmith check c:\\ --repair\n";
    assert_snapshot!(env.run_with(&["--drive", "C=C.img", "shell"], script), @r"
    20 records, 3 directories, 16 names, 0 reparse points: no findings
    0 mended, 0 remain
    ");
}

#[test]
fn who_only_looks_shares_an_image() {
    let env = env();
    let _ = env.run(&["format", "C.img", "--size", "16M"]).ok();
    let run = |words: &[&str]| env.run(&[&["--drive", "C=C.img"], words].concat());
    let looks = linksmith::volume::image::ImageVolume::open(&env.join("C.img"), None);
    for words in [
        &["find"][..],
        &["list", "C:\\"],
        &["show", "C:\\"],
        &["dir", "/b"],
        &["refs", "C:\\"],
        &["impact", "rename", "C:\\$Extend", "x"],
        &["fsutil", "hardlink", "list", "C:\\$Boot"],
    ] {
        let outcome = run(words);
        assert_ne!(outcome.code, Some(10), "{words:?}: {outcome}");
    }
    assert_snapshot!(run(&["soft", "C:\\link", "x", "--dangling", "--kind", "file"]), @r"
exit 10
--- stderr
linksmith: cannot attach 'C.img': it is in use by another program (Win32 error 32)
hint: Another program has it open, or it is mounted; close that, or attach it with `,ro`.
");
    drop(looks);
    let _ = run(&["soft", "C:\\link", "x", "--dangling", "--kind", "file"]).ok();
}

#[test]
fn a_volume_is_mounted_on_a_directory_by_its_guid() {
    let env = env();
    let _ = env.run(&["format", "C.img", "--size", "16M"]).ok();
    let _ = env.run(&["format", "D.img", "--size", "16M"]).ok();
    let run =
        |d: &str, words: &[&str]| env.run(&[&["--drive", "C=C.img", "--drive", d], words].concat());
    let mount = ["mount", "C:\\data", "D:"];
    assert_snapshot!(run("D=D.img", &mount), @r"
exit 6
--- stderr
linksmith: cannot make the volume mount point 'C:\data': 'D:' is no volume whose GUID is known (Win32 error 87)
hint: Give it as `\\?\Volume{GUID}\`, or attach the drive with `,guid=GUID`.
");
    let known = "D=D.img,guid=0a1b2c3d-0000-0000-0000-100000000000";
    assert_snapshot!(run(known, &mount), @r"volume mount point C:\data -> \\?\Volume{0a1b2c3d-0000-0000-0000-100000000000}\");
    let script = "@echo there>C:\\data\\file.txt\n@type D:\\file.txt\n";
    let drives = ["--drive", "C=C.img", "--drive", known, "shell"];
    assert_eq!(env.run_with(&drives, script).ok(), "there\n");
    assert_snapshot!(run(known, &["refs", "D:\\file.txt"]), @"");
    assert_snapshot!(run(known, &["refs", "D:\\"]), @r"mount    C:\data -> \\?\Volume{0a1b2c3d-0000-0000-0000-100000000000}\");
    let status = "C:\\data -> \\\\?\\Volume{0a1b2c3d-0000-0000-0000-100000000000}\\  (unreachable)";
    assert_eq!(
        run("D=D.img", &["find"]).ok(),
        format!("mount    {status}\n")
    );
}

/// A disk with two partitions that each hold a new volume.
fn disk_of_two(env: &testkit::env::TestEnv) {
    let volumes = [1, 2].map(testkit::empty_image::formatted);
    #[allow(clippy::disallowed_methods, reason = "the disk is put together here")]
    std::fs::write(env.join("disk.img"), testkit::disk::of(&volumes)).expect("the disk");
}

#[test]
fn two_volumes_of_one_disk_are_changed_together() {
    let env = env();
    disk_of_two(&env);
    let both = [
        "--drive",
        "C=disk.img,part=1",
        "--drive",
        "D=disk.img,part=2",
    ];
    let run = |words: &[&str]| env.run(&[&both, words].concat());
    let script = "@md C:\\dir\n@md D:\\dir\n@mklink /J C:\\to_d D:\\dir\n@echo x>C:\\to_d\\file\n";
    let _ = env.run_with(&[&both[..], &["shell"]].concat(), script).ok();
    assert_snapshot!(run(&["mount", "C:\\mnt", "D:"]), @r"
volume mount point C:\mnt -> \\?\Volume{6b736964-0000-0000-0000-500000000000}\
");
    assert_snapshot!(run(&["list", "C:\\mnt\\dir"]), @r"
file    3 bytes  file
");
    assert_snapshot!(run(&["move", "C:\\dir", "D:\\moved"]), @r"
moved C:\dir to D:\moved, 0 links mended
");
    for part in ["1", "2"] {
        let _ = env.run(&["check", "--part", part, "disk.img"]).ok();
    }
}

#[test]
fn an_interrupted_change_is_completed_though_both_volumes_are_looked_at() {
    let env = env();
    disk_of_two(&env);
    let start = testkit::disk::FIRST + testkit::empty_image::SIZE as u64;
    let volume = start..start + testkit::empty_image::SIZE as u64;
    let at = linksmith::EntryPath::parse("dir").expect("a path");
    testkit::disk::interrupt(
        &env.join("disk.img"),
        volume,
        &[linksmith::Step::MakeDir { at }],
    );
    let both = [
        "--drive",
        "C=disk.img,part=1",
        "--drive",
        "D=disk.img,part=2",
    ];
    let _ = env.run(&[&both[..], &["list", "D:\\dir"]].concat()).ok();
    assert_eq!(env.tree(), ["disk.img"]);
}

#[test]
fn a_volume_that_is_changed_has_one_letter() {
    let env = env();
    disk_of_two(&env);
    let link = ["soft", "C:\\l", "x", "--dangling", "--kind", "file"];
    let run = |drives: &[&str]| {
        let drives = drives.iter().flat_map(|drive| ["--drive", drive]);
        env.run(&drives.chain(link).collect::<Vec<_>>())
    };
    assert_snapshot!(run(&["C=disk.img,part=1", "D=disk.img,part=1"]), @r"
exit 2
--- stderr
linksmith: cannot attach 'disk.img' as D: it is attached as C already
hint: A volume that is to be changed has one letter.
");
    let third = [
        "C=disk.img,part=1",
        "D=disk.img,part=2",
        "E=disk.img,part=2",
    ];
    assert_snapshot!(run(&third), @r"
exit 2
--- stderr
linksmith: cannot attach 'disk.img' as E: it is attached as D already
hint: A volume that is to be changed has one letter.
");
    let _ = run(&["D=disk.img,part=2,ro", "C=disk.img,part=1"]).ok();
}

#[test]
fn only_clusters_that_ntfs_knows() {
    let env = env();
    for cluster in ["0", "100", "511", "3000", "4M"] {
        let format = ["format", "a.img", "--size", "16M", "--cluster", cluster];
        let outcome = env.run(&format);
        assert_eq!(outcome.code, Some(2), "{cluster}: {outcome}");
    }
    assert_snapshot!(env.run(&["format", "a.img", "--size", "16M", "--cluster", "100"]), @r"
exit 2
--- stderr
linksmith: cannot format 'a.img': cannot make an NTFS volume: clusters of 100 bytes are no power of two from 512 to 2097152
hint: `linksmith format --help` says what a volume may be like.
");
    assert_eq!(env.tree(), [""; 0]);
}

#[test]
fn a_partition_that_is_not_there_is_not_advised() {
    let env = env();
    env.file("text", "no volume");
    disk_of_two(&env);
    assert_snapshot!(env.run(&["--drive", "C=text,part=2", "list"]), @r"
exit 6
--- stderr
linksmith: cannot attach 'text': there is no NTFS volume: neither its boot sector nor a partition table begins at byte 0 (Win32 error 1005)
hint: An NTFS volume, or a disk with MBR or GPT that holds one, is needed.
");
    assert_snapshot!(env.run(&["--drive", "C=disk.img,part=4", "list"]), @r"
exit 6
--- stderr
linksmith: cannot attach 'disk.img': partition 4 holds no NTFS; there are: 1, 2 (Win32 error 1005)
hint: For example: `--drive C=disk.img,part=1`.
");
    assert_snapshot!(env.run(&["check", "disk.img"]), @r"
exit 6
--- stderr
linksmith: cannot attach 'disk.img': it has 2 NTFS partitions (1, 2): say which (Win32 error 1005)
hint: For example: `--part 1`.
");
    env.run(&["format", "whole.img", "--size", "8M"]).ok();
    assert_snapshot!(env.run(&["--drive", "C=whole.img,part=1", "list"]), @r"
exit 6
--- stderr
linksmith: cannot attach 'whole.img': it has no partitions: the volume fills it (Win32 error 1005)
hint: Leave the partition's number out.
");
}

#[cfg(unix)]
#[test]
fn an_export_into_a_folder_with_a_file_of_that_name_takes_nothing_for_its_own() {
    let env = env();
    let _ = env.run(&["format", "C.img", "--size", "8M"]).ok();
    let script =
        "@md a\n@echo ours>a\\f1\n@mklink /H a\\f2 a\\f1 >nul\n@mklink /H a\\f3 a\\f1 >nul\n";
    let _ = env.run_with(&["--drive", "C=C.img", "shell"], script).ok();
    env.dir("out").file("out/f1", "foreign");
    assert_snapshot!(env.run(&["--drive", "C=C.img", "export", "a", "out"]), @r"
exit 1
copied 1 file, 0 directories, 1 link
--- stderr
linksmith: cannot make the copy '$DIR/out/f1': something with that name is there already (Win32 error 183)
hint: `linksmith show` says what is there; choose another name, or move it away first.
");
    #[allow(clippy::disallowed_methods, reason = "to see what is there")]
    let read = |name: &str| std::fs::read_to_string(env.join(name)).expect("the file");
    assert_eq!(read("out/f1"), "foreign");
    assert_eq!(read("out/f2"), "ours\r\n");
    assert_eq!(read("out/f3"), "ours\r\n");
    let inode = |name: &str| {
        use std::os::unix::fs::MetadataExt as _;
        let metadata = std::fs::symlink_metadata(env.join(name));
        metadata.expect("the file").ino()
    };
    assert_eq!(inode("out/f2"), inode("out/f3"));
}

#[test]
fn an_image_that_was_cut_short_is_called_that() {
    let env = env();
    let _ = env.run(&["format", "C.img", "--size", "16M"]).ok();
    let file = std::fs::OpenOptions::new()
        .write(true)
        .open(env.join("C.img"));
    file.and_then(|file| file.set_len(12 << 20))
        .expect("it is cut");
    let link = [
        "--drive",
        "C=C.img",
        "soft",
        "l",
        "x",
        "--dangling",
        "--kind",
        "file",
    ];
    assert_snapshot!(env.run(&link), @r"
exit 10
--- stderr
linksmith: warning: 'C.img': the last 4190208 bytes of the volume are missing
hint: What is read may be older than what its last system meant to leave.
linksmith: cannot make the link 'C:\l': the volume is not safe to change: the last 4190208 bytes of the volume are missing
hint: `linksmith check IMAGE` lists what is wrong.
");
}

#[test]
fn what_is_no_pattern_is_said_in_words() {
    let env = env();
    assert_snapshot!(env.run(&["find", "--name", "[a"]), @r"
exit 2
--- stderr
linksmith: '[a' is no pattern
hint: `*`, `?`, `[a-z]` and `{a,b}` stand for others; a backslash before one takes it as it is.
");
}

#[cfg(unix)]
#[test]
fn a_folder_is_no_script() {
    let env = env();
    env.dir("folder");
    assert_snapshot!(env.run(&["shell", "folder"]), @r"
exit 8
--- stderr
linksmith: cannot read the script 'folder': it is a directory (Win32 error 5)
hint: `linksmith list` shows what is in a directory.
");
}
