//! The prompt: its grammar, its commands, and what they refuse.

use insta::assert_snapshot;

use crate::{MINUS_ONE, env, session};

#[test]
fn chains_variables_and_redirection() {
    let script = "md a & cd a && echo in %CD%\n\
                  cd nope || echo refused %ERRORLEVEL%\n\
                  echo level %ERRORLEVEL%\n\
                  set NAME=value& echo %name%!%no%\n\
                  echo one>f & echo two>>f & type f\n\
                  dir nope >nul 2>&1 || echo quiet\n\
                  echo \"a & b\" ^& c\n\
                  mklink ^\n  /D d f >nul 2>nul & dir /b";
    assert_snapshot!(session(script), @r#"
in C:\
refused 0
level 1
!
one 
two 
quiet
"a & b" & c
d
f
--- stderr
The system cannot find the path specified.
"#);
}

#[test]
fn what_cannot_be_parsed_is_told_and_nothing_runs() {
    assert_snapshot!(session("md a | md b\ndir /b"), @r"
exit 1
--- stderr
| was unexpected at this time.
 File Not Found
");
    assert_snapshot!(session("frobnicate"), @r"
exit 1
--- stderr
'frobnicate' is not recognized as an internal or external command,
operable program or batch file.
");
}

#[test]
fn the_exit_status_is_the_last_commands() {
    let check = |script: &str, code: i32| assert_eq!(session(script).code, Some(code), "{script}");
    check("cd nope", 1);
    check("cd nope\necho but then", 0);
    check("exit 5\necho not reached", 5);
    check("cd nope & exit", 1);
    check("exit -1", MINUS_ONE);
    check("exit 255", 255);
    check("exit 70000", 1);
    check("junction -nobanner nope\\x C:\\", MINUS_ONE);
    check("junction -nobanner nope\\x C:\\\nexit", MINUS_ONE);
    check("junction -nobanner nope\\x C:\\\ncd nope", 1);
    check("remove nope", 3);
    check("rem nothing", 0);
}

#[test]
fn del_of_a_link_to_a_directory_is_refused() {
    let script = "md real & echo keep>real\\keep.txt & mklink /D d real >nul & mklink /J j real >nul\n\
                  del d\ndel j\ndir /b & dir /b real";
    assert_snapshot!(session(script), @r"
d
j
real
keep.txt
--- stderr
del would delete the files that 'd' leads to, not the link: refused. `rd d` removes the link; `del /q d` deletes the files all the same.
del would delete the files that 'j' leads to, not the link: refused. `rd j` removes the link; `del /q j` deletes the files all the same.
");
}

#[test]
fn rd_detaches_links() {
    let script = "md real & echo keep>real\\keep.txt\n\
                  md tree\\deep & mklink /J tree\\deep\\j real >nul & mklink /D tree\\d ..\\real >nul\n\
                  rd tree\nrd /s tree\nrd /s /q tree\ndir /b & dir /b real\n\
                  mklink /J j real >nul & rd j & dir /b & rd real";
    assert_snapshot!(session(script), @r"
exit 1
real
keep.txt
real
--- stderr
The directory is not empty.
tree: nobody can be asked here; /Q removes without asking.
The directory is not empty.
");
}

#[test]
fn directories_and_drives() {
    let script = "md a\\b & cd a\\b & cd & cd .. & cd & D: & cd & cd C: & cd /d C:\\ & cd\n\
                  pushd a & cd & popd & cd\nE:\nmklink /J j a >nul & cd j & cd & cd ..\\a & cd";
    assert_snapshot!(session(script), @r"
C:\a\b
C:\a
D:\
C:\a
C:\
C:\a
C:\
C:\j
C:\a
--- stderr
The system cannot find the drive specified.
");
}

#[test]
fn files() {
    let script = "echo one>a.txt & echo two>b.txt\ncopy a.txt+b.txt both.txt\ntype both.txt\n\
                  ren *.txt *.bak\ndir /b\nren a.bak b.bak\ncopy nope x\nmd a.bak\n\
                  mklink l b.bak >nul & ren l m & type m";
    assert_snapshot!(session(script), @r"
a.txt
b.txt
        1 file(s) copied.
one 
two
a.bak
b.bak
both.bak
two
--- stderr
A duplicate file name exists, or the file
cannot be found.
The system cannot find the file specified.
A subdirectory or file a.bak already exists.
");
}

#[test]
fn where_and_vol_and_help() {
    let outcome = session("where junction & where linksmith & where nosuch");
    assert_eq!(outcome.code, Some(1), "{outcome}");
    assert_eq!(outcome.stdout.lines().count(), 2, "{outcome}");
    assert!(
        outcome.stderr.starts_with("INFO: Could not find files"),
        "{outcome}"
    );
    let help = session("help").ok();
    for named in [
        "  RD ",
        "mklink, dir, fsutil, junction, findlinks",
        "soft, ",
    ] {
        assert!(help.contains(named), "{named} in {help}");
    }
    assert_snapshot!(session("vol & vol D: & vol Z:"), @r"
exit 1
 Volume in drive C is OS
 Volume Serial Number is 7688-08EC
 Volume in drive D has no label.
 Volume Serial Number is 1234-ABCD
--- stderr
The system cannot find the drive specified.
");
}

#[test]
fn lines_of_a_script_are_echoed() {
    let env = env();
    let script = "rem first\n@echo hidden\n:label\n\necho off\necho no echo\n";
    assert_snapshot!(env.run_with(&["--drive", "C=memory:", "shell"], script), @r"

C:\>rem first
hidden

C:\>echo off
no echo
");
}
