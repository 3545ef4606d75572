//! The same on this machine's own file system.

use std::os::unix::ffi::OsStringExt as _;

use insta::assert_snapshot;

use crate::env;

#[test]
fn each_kind_there_is() {
    let env = env();
    env.dir("dir").file("file.txt", "text\n");
    assert_eq!(env.run(&["soft", "s", "dir"]).ok(), "soft link s -> dir\n");
    assert_eq!(
        env.run(&["hard", "h", "file.txt"]).ok(),
        "hard link h = file.txt\n"
    );
    let junction = env.run(&["junction", "j", "dir"]);
    assert_eq!(junction.code, Some(6), "{junction}");
    assert!(junction.stderr.contains("--or soft"), "{junction}");
    assert!(
        env.run(&["-q", "junction", "--or", "soft", "j", "dir"])
            .stderr
            .contains("soft link instead")
    );
    assert_eq!(
        env.tree(),
        ["dir/", "file.txt", "h", "j -> dir", "s -> dir"]
    );
    assert_snapshot!(env.run(&["list"]), @r"
dir                        dir
hard     2 names  5 bytes  file.txt
hard     2 names  5 bytes  h
symlink  ok                j -> dir
symlink  ok                s -> dir
");
    assert_snapshot!(env.run(&["show", "s"]), @r"
$DIR/s
  kind        symbolic link
  status      ok
  target      dir
  leads to    $DIR/dir
  id          $ID
");
    assert_eq!(env.run(&["names", "dir"]).ok(), "$DIR/dir\n");
    assert_snapshot!(env.run(&["names", "h"]), @r"
$DIR/file.txt
$DIR/h
");
}

#[test]
fn names_that_are_not_unicode() {
    let env = env();
    let name = std::ffi::OsString::from_vec(b"b\xffd".to_vec());
    env.file(&name, "");
    let mut command = env.command();
    command.args(["soft", "s"]).arg(&name).arg("--json");
    let outcome = env.finish(&mut command, "");
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(
        outcome.stdout.contains(r#""target_hex":"62ff64""#),
        "{outcome}"
    );
    let target = std::fs::read_link(env.join("s")).expect("a link");
    assert_eq!(target.into_os_string().into_vec(), b"b\xffd");
    assert!(env.run(&["list", "--json"]).ok().contains("_hex"));
}

#[test]
fn force_takes_no_real_file_or_directory() {
    let env = env();
    env.dir("dir")
        .file("dir/keep", "")
        .file("file", "")
        .symlink("link", "file");
    let tree = env.tree();
    for name in ["dir", "file"] {
        let outcome = env.run(&["soft", "--force", name, "link"]);
        assert_eq!(outcome.code, Some(4), "{outcome}");
        let outcome = env.run(&["hard", "--force", name, "link"]);
        assert_ne!(outcome.code, Some(0), "{outcome}");
    }
    assert_eq!(env.tree(), tree);
}

#[test]
fn remove_follows_nothing() {
    let env = env();
    env.dir("keep").file("keep/it", "").dir("tree/deep");
    env.symlink("tree/deep/link", "../../keep")
        .symlink("link", "keep");
    assert_eq!(env.run(&["remove", "link/"]).ok(), "removed link/\n");
    assert_eq!(env.run(&["-q", "remove", "-r", "tree"]).ok(), "");
    assert_eq!(env.tree(), ["keep/", "keep/it"]);
}

/// As root every folder can be written, so the program runs as nobody.
#[test]
fn no_permission() {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    use std::os::unix::process::CommandExt as _;
    let env = env();
    env.dir("closed").file("file", "");
    let mode = |name: &str, mode: u32| {
        std::fs::set_permissions(env.join(name), std::fs::Permissions::from_mode(mode))
            .expect("a mode");
    };
    let root = std::fs::symlink_metadata(env.path())
        .expect("the folder")
        .uid()
        == 0;
    let program = env.join("program");
    std::fs::copy(env!("CARGO_BIN_EXE_linksmith"), &program).expect("a copy");
    mode("program", 0o755);
    mode("closed", 0o555);
    mode(".", 0o755);
    let mut command = std::process::Command::new(&program);
    command
        .env_clear()
        .current_dir(env.path())
        .args(["soft", "closed/s", "../file"]);
    if root {
        command.uid(65534).gid(65534);
    }
    let outcome = env.finish(&mut command, "");
    assert_eq!(outcome.code, Some(5), "{outcome}");
    assert_snapshot!(outcome, @r"
exit 5
--- stderr
linksmith: cannot make the link '$DIR/closed/s': access is denied (Win32 error 5)
hint: Check the entry's permissions and its read-only attribute; a hard link needs the right to write attributes of the file, and directories cannot have hard links.
");
    assert_eq!(env.tree(), ["closed/", "file", "program"]);
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let env = env();
    for i in 0..2000 {
        env.file(format!("file-with-a-long-name-{i}"), "");
    }
    let mut command = env.command();
    command
        .args(["list"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    drop(child.stdout.take());
    let output = child.wait_with_output().expect("the program ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}

#[test]
fn the_prompt_on_this_machine() {
    let env = env();
    let outcome = env.run_with(
        &["shell"],
        "@md d\n@echo text>d/f.txt\nmklink /D link d\n@type link/f.txt\n@rd link\n@dir /b /s\n",
    );
    assert_snapshot!(outcome, @r"

$DIR>mklink /D link d
symbolic link created for link <<===>> d
text
$DIR/d
$DIR/d/f.txt
");
    assert_eq!(env.tree(), ["d/", "d/f.txt"]);
}

#[cfg(unix)]
#[test]
fn a_drive_letter_with_nothing_attached_gets_the_way_to_attach_one() {
    let env = env();
    assert_snapshot!(env.run(&["list", r"C:\Users"]), @r#"
exit 3
--- stderr
linksmith: cannot look at 'C:\Users': there is no such file or directory (Win32 error 2)
hint: Drive letters are attached: `--drive C=disk.img`, or LINKSMITH_DRIVES="C=disk.img".
"#);
}
