//! Other tools' commands: output and exit codes to the byte.

use insta::assert_snapshot;

use crate::{env, session};

/// A folder with a file and a directory to link to.
const SCENE: &str = "md a & cd a & md dir & echo text>file.txt\n";

fn scene(script: &str) -> String {
    session(&format!("{SCENE}{script}")).to_string()
}

#[test]
fn mklink_makes_each_kind() {
    let script =
        "mklink f file.txt\nmklink /D d dir\nMKLINK /j j dir\nmklink h file.txt /H\ndir /b";
    assert_snapshot!(scene(script), @r"
symbolic link created for f <<===>> file.txt
symbolic link created for d <<===>> dir
Junction created for j <<===>> dir
Hardlink created for h <<===>> file.txt
d
dir
f
file.txt
h
j
");
}

#[test]
fn mklink_says_what_the_original_says() {
    let check = |command: &str, words: &str| {
        let outcome = session(&format!("{SCENE}{command}"));
        assert_eq!(outcome.code, Some(1), "{command}: {outcome}");
        assert_eq!(outcome.stdout, "", "{command}");
        assert_eq!(outcome.stderr, format!("{words}\n"), "{command}");
    };
    check(
        "mklink dir x",
        "Cannot create a file when that file already exists.",
    );
    check(
        "mklink /D dir x",
        "Cannot create a file when that file already exists.",
    );
    check(
        "mklink /J file.txt dir",
        "Cannot create a file when that file already exists.",
    );
    check("mklink /H h dir", "Access is denied.");
    check("mklink /D /H h dir", "Access is denied.");
    check(
        "mklink /H h nope",
        "The system cannot find the file specified.",
    );
    check(
        "mklink /H h nope\\x",
        "The system cannot find the path specified.",
    );
    check(
        "mklink /H D:\\h file.txt",
        "The system cannot move the file to a different disk drive.",
    );
    check(
        "mklink nope\\x y",
        "The system cannot find the path specified.",
    );
    check(
        "mklink /J j \\\\server\\share",
        "Local volumes are required to complete the operation.",
    );
    check("mklink onlyone", "The syntax of the command is incorrect.");
    check("mklink a b c", "The syntax of the command is incorrect.");
}

#[test]
fn mklink_stops_at_1024_names() {
    let mut script = SCENE.to_owned();
    for i in 1..=1023 {
        script.push_str(&format!("mklink /H n{i} file.txt >nul\n"));
    }
    script.push_str("mklink /H one_more file.txt");
    let outcome = session(&script);
    assert_eq!(
        outcome.fails(1),
        "An attempt was made to create more links on a file than the file system supports.\n"
    );
}

#[test]
fn mklink_shows_its_usage() {
    assert_snapshot!(session("mklink /?"), @r"
Creates a symbolic link.

MKLINK [[/D] | [/H] | [/J]] Link Target

        /D      Creates a directory symbolic link.  Default is a file
                symbolic link.
        /H      Creates a hard link instead of a symbolic link.
        /J      Creates a Directory Junction.
        Link    Specifies the new symbolic link name.
        Target  Specifies the path (relative or absolute) that the new link
                refers to.
");
    assert_eq!(session("mklink").code, Some(1));
}

#[cfg(unix)]
#[test]
fn a_junction_needs_ntfs() {
    let env = env();
    env.dir("real");
    let outcome = env.run(&["mklink", "/J", "junction", "real"]);
    assert_eq!(
        outcome.fails(1),
        "Local NTFS volumes are required to complete the operation.\n"
    );
    assert_eq!(env.tree(), ["real/"]);
}

#[test]
fn fixed_exit_codes_are_ours() {
    let env = env();
    let outcome = env.run(&["--fixed-exit-codes", "mklink", "/H", "link", "nope"]);
    assert_eq!(
        outcome.fails(3),
        "The system cannot find the file specified.\n"
    );
    let mut command = env.command();
    command
        .env("LINKSMITH_FIXED_EXIT_CODES", "1")
        .args(["as", "junction", "-nobanner", "-d", "x"]);
    assert_eq!(env.finish(&mut command, "").code, Some(3));
    assert_eq!(
        env.run(&["as", "junction", "-nobanner", "-d", "x"]).code,
        Some(0)
    );
}

#[cfg(unix)]
#[test]
fn a_program_named_after_a_tool_is_that_tool() {
    let env = env();
    let link = env.join("mklink");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_linksmith"), &link).expect("a link");
    env.file("real.txt", "");
    let mut command = std::process::Command::new(&link);
    command
        .current_dir(env.path())
        .args(["/H", "other.txt", "real.txt"]);
    let outcome = env.finish(&mut command, "");
    assert_eq!(
        outcome.ok(),
        "Hardlink created for other.txt <<===>> real.txt\n"
    );
}

#[test]
fn fsutil() {
    let script = "fsutil hardlink create h.txt file.txt\nfsutil hardlink list h.txt\n\
                  mklink /J j dir >nul\nfsutil reparsepoint query j\n\
                  fsutil reparsepoint delete j\nfsutil reparsepoint query j\n\
                  fsutil behavior query symlinkevaluation\nfsutil hardlink create x";
    assert_snapshot!(scene(script), @r"
exit 1
Hardlink created for C:\a\h.txt <<===>> C:\a\file.txt
\a\file.txt
\a\h.txt
Reparse Tag Value : 0xa0000003
Tag value: Microsoft
Tag value: Name Surrogate
Tag value: Mount Point
Substitue Name offset: 0
Substitue Name length: 24
Print Name offset:     26
Print Name Length:     16
Substitute Name:       \??\C:\a\dir
Print Name:            C:\a\dir

Reparse Data Length: 0x00000034
Reparse Data:
0000:  00 00 18 00 1a 00 10 00  5c 00 3f 00 3f 00 5c 00  ........\.?.?.\.
0010:  43 00 3a 00 5c 00 61 00  5c 00 64 00 69 00 72 00  C.:.\.a.\.d.i.r.
0020:  00 00 43 00 3a 00 5c 00  61 00 5c 00 64 00 69 00  ..C.:.\.a.\.d.i.
0030:  72 00 00 00                                       r...
Error 4390: The file or directory is not a reparse point.
Local to local symbolic links are enabled.
Local to remote symbolic links are enabled.
Remote to local symbolic links are disabled.
Remote to remote symbolic links are disabled.
Usage : fsutil hardlink create <new filename> <existing filename>
   Eg : fsutil hardlink create c:\foo.txt c:\bar.txt
");
}

#[test]
fn junction_of_sysinternals() {
    let script = "junction -nobanner j dir\njunction -nobanner j dir\njunction -nobanner j\n\
                  junction -nobanner -s .\njunction -nobanner dir\njunction -nobanner no*\n\
                  junction -nobanner -d dir\njunction -nobanner -d j\ndir /b";
    assert_snapshot!(scene(script), @r"
Created: C:\a\j
Targetted at: C:\a\dir
C:\a\j: JUNCTION
   Print Name     : C:\a\dir
   Substitute Name: \??\C:\a\dir

C:\a\j: JUNCTION
   Print Name     : C:\a\dir
   Substitute Name: \??\C:\a\dir

No reparse points found.
No matching files were found.
Deleted C:\a\j.
dir
file.txt
--- stderr
Error creating C:\a\j:
Cannot create a file when that file already exists.
Error deleting C:\a\dir: The file or directory is not a reparse point.
");
}

#[test]
fn banners_are_three_lines_and_a_blank_one() {
    for tool in ["junction", "findlinks"] {
        let with = session(&format!("{SCENE}{tool} file.txt")).stdout;
        let without = session(&format!("{SCENE}{tool} -nobanner file.txt")).stdout;
        let banner = with
            .strip_suffix(&without)
            .expect("the same behind the banner");
        assert_eq!(banner.lines().count(), 4, "{banner}");
        assert!(banner.ends_with("\n\n"), "{banner}");
    }
}

#[test]
fn findlinks() {
    let script = "mklink /H other.txt file.txt >nul\nfindlinks -nobanner other.txt\n\
                  findlinks -nobanner nope";
    let outcome = session(&format!("{SCENE}{script}\necho %ERRORLEVEL%"));
    assert_snapshot!(outcome, @r"
C:\a\other.txt
        Index:  0x0000002A
        Links:  2

Linking files:
C:\a\file.txt
-1
--- stderr
Error opening nope:
The system cannot find the file specified.
");
}

#[test]
fn dir_in_its_layouts() {
    let script = "mklink /J j dir >nul & mklink /D gone nowhere >nul & echo more>b.txt\n\
                  echo x>dir\\inner.txt\n\
                  dir\ndir /w\ndir /b /s\ndir /al\ndir /a-d /o-n\ndir *.txt /-c\ndir j\ndir nope";
    assert_snapshot!(scene(script), @r"
exit 1
 Volume in drive C is OS
 Volume Serial Number is 7688-08EC

 Directory of C:\a

06/07/2012  10:32 AM    <DIR>          .
06/07/2012  10:32 AM    <DIR>          ..
06/07/2012  10:32 AM                 6 b.txt
06/07/2012  10:32 AM    <DIR>          dir
06/07/2012  10:32 AM                 6 file.txt
06/07/2012  10:32 AM    <SYMLINKD>     gone [nowhere]
06/07/2012  10:32 AM    <JUNCTION>     j [C:\a\dir]
               2 File(s)             12 bytes
               5 Dir(s)   1,073,733,632 bytes free
 Volume in drive C is OS
 Volume Serial Number is 7688-08EC

 Directory of C:\a

[.]       [..]      b.txt     [dir]     file.txt  [gone]    [j]
               2 File(s)             12 bytes
               5 Dir(s)   1,073,733,632 bytes free
C:\a\b.txt
C:\a\dir
C:\a\file.txt
C:\a\gone
C:\a\j
C:\a\dir\inner.txt
 Volume in drive C is OS
 Volume Serial Number is 7688-08EC

 Directory of C:\a

06/07/2012  10:32 AM    <SYMLINKD>     gone [nowhere]
06/07/2012  10:32 AM    <JUNCTION>     j [C:\a\dir]
               0 File(s)              0 bytes
               2 Dir(s)   1,073,733,632 bytes free
 Volume in drive C is OS
 Volume Serial Number is 7688-08EC

 Directory of C:\a

06/07/2012  10:32 AM                 6 file.txt
06/07/2012  10:32 AM                 6 b.txt
               2 File(s)             12 bytes
               0 Dir(s)   1,073,733,632 bytes free
 Volume in drive C is OS
 Volume Serial Number is 7688-08EC

 Directory of C:\a

06/07/2012  10:32 AM                 6 b.txt
06/07/2012  10:32 AM                 6 file.txt
               2 File(s)             12 bytes
               0 Dir(s)      1073733632 bytes free
 Volume in drive C is OS
 Volume Serial Number is 7688-08EC

 Directory of C:\a\j

06/07/2012  10:32 AM    <DIR>          .
06/07/2012  10:32 AM    <DIR>          ..
06/07/2012  10:32 AM                 3 inner.txt
               1 File(s)              3 bytes
               2 Dir(s)   1,073,733,632 bytes free
 Volume in drive C is OS
 Volume Serial Number is 7688-08EC

 Directory of C:\a

--- stderr
 File Not Found
");
}

#[test]
fn dir_below_never_goes_through_a_link() {
    let script = "mklink /J dir\\up . >nul\ndir /s";
    assert_snapshot!(scene(script), @r"
 Volume in drive C is OS
 Volume Serial Number is 7688-08EC

 Directory of C:\a

06/07/2012  10:32 AM    <DIR>          .
06/07/2012  10:32 AM    <DIR>          ..
06/07/2012  10:32 AM    <DIR>          dir
06/07/2012  10:32 AM                 6 file.txt
               1 File(s)              6 bytes

 Directory of C:\a\dir

06/07/2012  10:32 AM    <DIR>          .
06/07/2012  10:32 AM    <DIR>          ..
06/07/2012  10:32 AM    <JUNCTION>     up [C:\a]
               0 File(s)              0 bytes

     Total Files Listed:
               1 File(s)              6 bytes
               6 Dir(s)   1,073,736,704 bytes free
");
}

#[test]
fn dir_refuses_what_is_no_switch() {
    assert_eq!(session("dir /y").fails(1), "Invalid switch - \"y\".\n");
}
