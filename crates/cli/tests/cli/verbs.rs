//! Our own verbs on volumes in memory: what they print, and each exit code once.

use insta::assert_snapshot;

use crate::{env, session};

const SCENE: &str = "md a & cd a & md dir & echo text>file.txt\n";

fn scene(script: &str) -> String {
    session(&format!("{SCENE}{script}")).to_string()
}

#[test]
fn each_kind_of_link() {
    let script = "soft s file.txt\nsoft d dir\nhard h file.txt\nlinksmith junction j dir\n\
                  soft --absolute abs file.txt\nsoft --relative dir\\rel file.txt\nlist\nlist dir";
    assert_snapshot!(scene(script), @r"
soft link (file) s -> file.txt
soft link (directory) d -> dir
hard link h = file.txt
junction j -> C:\a\dir
soft link (file) abs -> C:\a\file.txt
soft link (file) dir\rel -> ..\file.txt
symlink   ok                abs -> C:\a\file.txt
symlink   ok                d -> dir
dir                         dir
hard      2 names  6 bytes  file.txt
hard      2 names  6 bytes  h
junction  ok                j -> C:\a\dir
symlink   ok                s -> file.txt
symlink  ok    rel -> ..\file.txt
");
}

#[test]
fn a_link_as_json() {
    let script =
        "linksmith junction j dir\nlinksmith show --json j\nlinksmith --json hard h file.txt";
    assert_snapshot!(scene(script), @r#"
junction j -> C:\a\dir
{"v":1,"path":"C:\\a\\j","kind":"junction","dir":true,"tag":"0xA0000003","target":"C:\\a\\dir","substitute":"\\??\\C:\\a\\dir","print":"C:\\a\\dir","resolved":"C:\\a\\dir","status":"ok","links":1,"id":"$ID","size":0,"way":[{"at":"C:\\a\\j","kind":"junction","target":"C:\\a\\dir","to":"C:\\a\\dir"}]}
{"v":1,"path":"C:\\a\\h","kind":"hard","dir":false,"tag":null,"target":null,"substitute":null,"print":null,"resolved":null,"status":"ok","links":2,"id":"$ID","size":6}
"#);
}

#[test]
fn what_show_says() {
    let script = "linksmith junction j dir & soft j\\up ..\\file.txt --dangling --kind file\n\
                  hard h file.txt\nsoft --dangling --kind file gone nope\n\
                  show j j\\up h gone dir j\\nope";
    assert_snapshot!(scene(script), @r"
exit 1
junction j -> C:\a\dir
soft link (file) j\up -> ..\file.txt
hard link h = file.txt
soft link (file) gone -> nope
C:\a\j
  kind        junction
  status      ok
  target      C:\a\dir
  tag         0xA0000003 IO_REPARSE_TAG_MOUNT_POINT
  substitute  \??\C:\a\dir
  print       C:\a\dir
  leads to    C:\a\dir
  id          $ID

C:\a\dir\up
  kind        symbolic link for files
  status      ok
  target      ..\file.txt
  tag         0xA000000C IO_REPARSE_TAG_SYMLINK
  substitute  ..\file.txt
  print       ..\file.txt
  way         C:\a\j -> C:\a\dir (junction)
  way         C:\a\dir\up -> ..\file.txt (symlink)
  leads to    C:\a\file.txt
  id          $ID

C:\a\h
  kind        file with 2 names, 6 bytes
  id          $ID
  name        C:\a\file.txt
  name        C:\a\h

C:\a\gone
  kind        symbolic link for files
  status      dangling: 'C:\a\nope' is not there
  target      nope
  tag         0xA000000C IO_REPARSE_TAG_SYMLINK
  substitute  nope
  print       nope
  id          $ID

C:\a\dir
  kind        directory
  id          $ID

j\nope
  way         C:\a\j -> C:\a\dir (junction)
--- stderr
linksmith: cannot look at 'j\nope': there is no such file or directory (Win32 error 2)
hint: `linksmith list` on the folder shows what is there.
");
}

#[test]
fn a_mount_point() {
    let script = "linksmith mount m \\\\?\\Volume{01234567-89ab-cdef-0123-456789abcdef}\\ --dangling\n\
                  list\ndir m";
    assert_snapshot!(scene(script), @r"
volume mount point m -> \\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\
dir                          dir
file                6 bytes  file.txt
mount  unreachable           m -> \\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\
 Volume in drive C is OS
 Volume Serial Number is 7688-08EC

 Directory of C:\a

06/07/2012  10:32 AM    <JUNCTION>     m [\\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\]
               0 File(s)              0 bytes
               1 Dir(s)   1,073,736,704 bytes free
");
}

#[test]
fn every_status_in_a_list() {
    let script = "soft ok file.txt\nsoft --dangling --kind file gone nope\n\
                  soft --dangling --kind file loop loop\nmklink wrong dir 2>nul >nul\n\
                  soft --dangling --kind dir other-drive Z:\\x\nlist";
    assert_snapshot!(scene(script), @r"
soft link (file) ok -> file.txt
soft link (file) gone -> nope
soft link (file) loop -> loop
soft link (directory) other-drive -> Z:\x
dir                            dir
file                  6 bytes  file.txt
symlink  dangling              gone -> nope
symlink  loop                  loop -> loop
symlink  ok                    ok -> file.txt
symlink  unreachable           other-drive -> Z:\x
symlink  wrong-kind            wrong -> dir
");
}

#[test]
fn names_of_a_file() {
    let script = "hard dir\\h file.txt\nnames file.txt\nnames --within dir file.txt";
    assert_snapshot!(scene(script), @r"
exit 7
hard link dir\h = file.txt
C:\a\dir\h
C:\a\file.txt
C:\a\dir\h
C:\a\file.txt  (outside)
");
}

#[test]
fn contents_through_a_link() {
    assert_snapshot!(scene("soft s file.txt\nlinksmith type s"), @r"
soft link (file) s -> file.txt
text
");
}

#[test]
fn a_dry_run_changes_nothing() {
    let script = "soft -n s file.txt\nlinksmith junction -n j dir --json\nremove -n -r dir\ndir /b";
    assert_snapshot!(scene(script), @r#"
would make the soft link (file) C:\a\s -> file.txt
{"v":1,"drive":0,"do":"make-link","at":"a/j","link":{"reparse":"030000a034000000000018001a0010005c003f003f005c0043003a005c0061005c00640069007200000043003a005c0061005c006400690072000000"},"dir":true,"expect":[{"is":"absent","at":"a/j"}]}
would remove C:\a\dir
dir
file.txt
"#);
}

#[test]
fn force_and_backup() {
    let script = "soft s file.txt\nsoft --force s dir\nsoft --backup s file.txt\nlist";
    assert_snapshot!(scene(script), @r"
soft link (file) s -> file.txt
soft link (directory) s -> dir
soft link (file) s -> file.txt
dir                   dir
file         6 bytes  file.txt
symlink  ok           s -> file.txt
symlink  ok           s~ -> dir
");
}

#[test]
fn several_into_a_directory() {
    let script = "echo b>b.txt\nsoft --relative -t dir file.txt b.txt\nlist dir";
    assert_snapshot!(scene(script), @r"
soft link (file) dir\file.txt -> ..\file.txt
soft link (file) dir\b.txt -> ..\b.txt
symlink  ok    b.txt -> ..\b.txt
symlink  ok    file.txt -> ..\file.txt
");
}

#[test]
fn another_kind_where_this_one_cannot_be() {
    assert_snapshot!(scene("hard --or soft D:\\h file.txt\nlist D:\\"), @r"
soft link (file) D:\h -> C:\a\file.txt
symlink  ok    h -> C:\a\file.txt
--- stderr
linksmith: warning: made a soft link instead: 'C:\a\file.txt' is on another volume than 'D:\h'
");
}

#[test]
fn remove_takes_links_alone() {
    let script = "soft s file.txt & linksmith junction j dir & hard h file.txt & echo x>dir\\x\n\
                  remove s j h\nlist\ndir /b dir";
    assert_snapshot!(scene(script), @r"
soft link (file) s -> file.txt
junction j -> C:\a\dir
hard link h = file.txt
removed s
removed j
removed h
dir              dir
file    6 bytes  file.txt
x
");
}

#[test]
fn remove_of_a_tree_follows_nothing() {
    let script = "md tree\\deep & echo keep>dir\\keep.txt & linksmith junction tree\\deep\\j dir -q\n\
                  remove -r tree\ntype dir\\keep.txt\ndir /b";
    assert_snapshot!(scene(script), @r"
removed tree and 2 entries in it
keep 
dir
file.txt
");
}

#[test]
fn quiet_says_nothing() {
    assert_eq!(
        session(&format!("{SCENE}soft -q s file.txt\nremove -q s")).ok(),
        ""
    );
}

#[test]
fn exit_codes() {
    let check = |command: &str, code: i32| {
        let outcome = session(&format!("{SCENE}soft s file.txt -q\n{command}"));
        assert_eq!(outcome.code, Some(code), "{command}: {outcome}");
    };
    check("soft t file.txt", 0);
    check("remove s nope", 1);
    check("soft t", 2);
    check("remove nope", 3);
    check("soft s file.txt", 4);
    check("linksmith hard D:\\h file.txt", 6);
    check("names --within dir file.txt", 7);
    check("remove dir", 8);
    check("linksmith mklink", 1);
    check("linksmith nosuchverb", 2);
}

#[test]
fn a_read_only_drive_is_no_permission() {
    let outcome = env().run(&[
        "--drive",
        "C=memory:,ro",
        "soft",
        "s",
        "x",
        "--dangling",
        "--kind",
        "file",
    ]);
    assert_eq!(outcome.code, Some(5), "{outcome}");
}

#[test]
fn errors_as_json() {
    let outcome = env().run(&["--drive", "C=memory:", "show", "--json", "nope"]);
    assert_snapshot!(outcome, @r#"
exit 3
--- stderr
{"v":1,"error":"cannot look at 'nope': there is no such file or directory","code":2,"path":"nope","hint":"`linksmith list` on the folder shows what is there.","exit":3}
"#);
}

#[test]
fn a_plan_in_a_file() {
    let env = env();
    env.file("real.txt", "");
    let args = [
        "--drive",
        "C=memory:;serial=1",
        "soft",
        "s",
        "x",
        "--dangling",
        "--kind",
        "dir",
    ];
    let outcome = env.run(&[&args[..], &["--plan", "plan.json"]].concat());
    assert_eq!(outcome.ok(), "1 step saved in plan.json\n");
    assert_eq!(env.tree(), ["plan.json", "real.txt"]);
}

#[test]
fn help_lists_every_verb_and_each_has_examples() {
    let help = env().run(&["help"]).ok();
    for verb in [
        "soft", "hard", "junction", "mount", "remove", "show", "list", "names", "shell",
    ] {
        assert!(help.contains(&format!("  {verb} ")), "{verb} in {help}");
        let help = env().run(&[verb, "--help"]).ok();
        assert!(help.contains("Examples:"), "{verb}");
    }
}

#[test]
fn usage_errors_are_one_line_and_a_hint() {
    assert_snapshot!(env().run(&["soft", "--frobnicate"]), @r"
exit 2
--- stderr
linksmith: unexpected argument '--frobnicate' found
hint: To pass '--frobnicate' as a value, use '-- --frobnicate'. Usage: `linksmith soft [OPTIONS] <LINK TARGET>...`.
");
    assert_snapshot!(env().run(&["sotf", "a", "b"]), @r"
exit 2
--- stderr
linksmith: unrecognized subcommand 'sotf'
hint: A similar subcommand exists: 'soft'. Usage: `linksmith [OPTIONS] <COMMAND>`.
");
    assert_snapshot!(env().run(&["md", "dir"]), @r"
exit 2
--- stderr
linksmith: 'md' is a command of the prompt and no verb
hint: `linksmith shell` opens the prompt.
");
    assert_snapshot!(env().run(&["--drive", "nope", "list"]), @r"
exit 2
--- stderr
linksmith: 'nope' is not LETTER=PATH[,part=N][,guid=GUID][,ro]
hint: Example: `--drive C=disk.img`.
");
}

#[test]
fn manual_pages_and_completions() {
    let env = env();
    assert!(env.run(&["man", "pages"]).ok().is_empty());
    assert!(
        env.tree().contains(&"pages/linksmith-soft.1".to_owned()),
        "{:?}",
        env.tree()
    );
    assert!(env.run(&["completions", "bash"]).ok().contains("junction"));
}

/// An empty drive C in an image.
fn image() -> testkit::env::TestEnv {
    let env = env();
    let _ = env.run(&["format", "c.img", "--size", "8M"]).ok();
    env
}

#[test]
fn an_absent_target_has_a_hint_for_the_kind_that_is_wanted() {
    let env = image();
    let run = |words: &[&str]| env.run(&[&["--drive", "C=c.img"], words].concat());
    assert_snapshot!(run(&["hard", "l", "gone"]), @r"
exit 3
--- stderr
linksmith: cannot make the hard link 'l': the target 'gone' is not there (Win32 error 2)
hint: A relative target starts at the current directory; a hard link needs a file that is there.
");
    assert_snapshot!(run(&["junction", "l", "gone"]), @r"
exit 3
--- stderr
linksmith: cannot make the junction 'l': the target 'gone' is not there (Win32 error 2)
hint: A relative target starts at the current directory; `--dangling` makes the link all the same.
");
    let _ = run(&["junction", "--dangling", "l", "gone"]).ok();
}

#[test]
fn a_junction_to_the_network_falls_back_to_a_soft_link() {
    let env = image();
    let run = |words: &[&str]| env.run(&[&["--drive", "C=c.img"], words].concat());
    assert_snapshot!(run(&["junction", "l", r"\\srv\share"]), @r"
exit 6
--- stderr
linksmith: cannot make the junction 'l': '\\srv\share' is on another computer, and junctions lead to local volumes only
hint: Make a soft link, which may lead to the network: `--or soft`.
");
    assert_snapshot!(run(&["junction", "--or", "soft", "l", r"\\srv\share"]), @r"
soft link (directory) l -> \\srv\share
--- stderr
linksmith: warning: '\\srv\share' was not looked at: nothing is attached as '\\srv\share\'
linksmith: warning: made a soft link instead: '\\srv\share' is on another computer, and junctions lead to local volumes only
");
}

#[test]
fn what_is_missing_itself_is_no_folder_on_the_way() {
    let env = image();
    let run = |words: &[&str]| env.run(&[&["--drive", "C=c.img"], words].concat());
    assert_snapshot!(run(&["names", r"C:\gone"]), @r"
exit 3
--- stderr
linksmith: cannot follow 'C:\gone': there is no such file or directory (Win32 error 2)
hint: `linksmith list` on the folder shows what is there.
");
    assert_snapshot!(run(&["names", r"C:\gone\x"]), @r"
exit 3
--- stderr
linksmith: cannot follow 'C:\gone\x': 'C:\gone' is not there (Win32 error 3)
hint: A folder on the way is missing, or a link on the way leads nowhere; `linksmith show PATH` names the component.
");
    assert_snapshot!(run(&["show", r"\\srv\share\x"]), @r"
exit 3
--- stderr
linksmith: cannot reach '\\srv\share\x': nothing is attached as '\\srv\share\' (Win32 error 3)
hint: Shares are reached on Windows alone.
");
}

#[test]
fn mends_are_typed_as_the_shell_reads_them() {
    let env = image();
    let script = "@md a\n@mklink /J j a >nul\n@linksmith impact rename a b\n";
    let prompt = env.run_with(&["--drive", "C=c.img", "shell", "-"], script);
    let mend = |text: String| {
        let line = text.lines().find(|line| line.contains("mend: "));
        line.unwrap_or(&text).trim().to_owned()
    };
    assert_eq!(mend(prompt.ok()), r"mend: linksmith retarget C:\j C:\b");
    let shell = env.run(&["--drive", "C=c.img", "impact", "rename", "a", "b"]);
    let quoted = r"mend: linksmith retarget 'C:\j' 'C:\b'";
    let plain = r"mend: linksmith retarget C:\j C:\b";
    assert_eq!(mend(shell.ok()), if cfg!(unix) { quoted } else { plain });
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_is_lost_is_a_failure_with_a_line() {
    let env = image();
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full");
    let mut command = env.command();
    command.args(["--drive", "C=c.img", "dir"]);
    command.stdout(full.expect("the full device"));
    let output = command.output().expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said.starts_with("linksmith: cannot write the output: "),
        "{said}"
    );
}

#[cfg(unix)]
#[test]
fn a_failure_of_this_machine_has_the_words_and_the_code_of_windows() {
    let env = env();
    assert_snapshot!(env.run(&["format", "no/a.img", "--size", "8M"]), @r"
exit 3
--- stderr
linksmith: cannot format 'no/a.img': there is no such file or directory (Win32 error 2)
hint: `linksmith list` on the folder shows what is there.
");
}

#[cfg(unix)]
#[test]
fn a_journal_that_cannot_be_kept_says_what_to_do() {
    let env = image();
    env.file("state", "no folder");
    let link = [
        "--drive",
        "C=c.img",
        "soft",
        "l",
        "x",
        "--dangling",
        "--kind",
        "file",
    ];
    let run = |more: &[&str]| {
        let mut command = env.command();
        command.env("LINKSMITH_STATE", env.join("state"));
        env.finish(command.args(link).args(more), "")
    };
    assert_snapshot!(run(&[]), @r"
exit 3
--- stderr
linksmith: cannot open the journal '$DIR/state/journal': it is not a directory (Win32 error 267)
hint: LINKSMITH_STATE names another folder for the journal; `--no-undo` changes something without one.
");
    let _ = run(&["--no-undo"]).ok();
}

#[test]
fn every_verb_that_changes_something_says_so_in_json() {
    let env = image();
    let run_with = |words: &[&str], input: &str| {
        let mut command = env.command();
        command.env("LINKSMITH_STATE", env.join("state"));
        env.finish(
            command.args(["--drive", "C=c.img", "--json"]).args(words),
            input,
        )
    };
    let run = |words: &[&str]| run_with(words, "");
    let steps = r#"{"do":"mkdir","path":"C:\\a"}
{"do":"junction","link":"C:\\j","target":"C:\\a"}"#;
    assert_snapshot!(run_with(&["apply", "-"], steps), @r#"
{"v":1,"steps":2}
"#);
    assert_snapshot!(run(&["rename", "a", "b"]), @r#"
{"v":1,"path":"C:\\b","was":"C:\\a","mended":1,"not_mended":0}
"#);
    let key = |words: &[&str], key: &str| {
        let said = run(words).ok();
        assert!(said.starts_with("{\"v\":1,"), "{words:?}: {said}");
        assert!(said.contains(key), "{words:?}: {said}");
    };
    key(&["retarget", "j", r"C:\b"], r#""target":"C:\\b""#);
    key(&["convert", "j", "--to", "soft"], r#""kind":"symlink""#);
    assert_snapshot!(run(&["remove", "j"]), @r#"
{"v":1,"path":"C:\\j","removed":1}
"#);
    assert_snapshot!(run(&["export", "C:\\b", "out"]), @r#"
{"v":1,"files":0,"directories":0,"links":0}
"#);
    assert_snapshot!(run(&["undo"]), @r#"
{"v":1,"id":5,"state":"taken-back","command":"remove j"}
"#);
}

#[test]
fn the_help_names_other_tools_too() {
    let help = env().run(&["help"]).ok();
    let tools = env().run(&["as", "--help"]).ok();
    for tool in [
        "mklink",
        "dir",
        "fsutil",
        "junction",
        "findlinks",
        "symlinks",
    ] {
        assert!(help.contains(tool), "{help}");
        assert!(tools.contains(tool), "{tools}");
    }
}

#[test]
fn other_tools_are_completed_too() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = env().run(&["completions", shell]).ok();
        // Not all of the generators complete the values of an argument.
        let values = matches!(shell, "bash" | "zsh");
        let of_as = ["findlinks", "symlinks"].into_iter().filter(|_| values);
        for tool in ["mklink", "fsutil"].into_iter().chain(of_as) {
            assert!(script.contains(tool), "{shell} does not know {tool}");
        }
    }
}

#[test]
fn a_manifest_is_told_what_a_manifest_can_say() {
    let env = image();
    let link = "[[link]]\npath = 'C:\\l'\ntarget = 'C:\\gone'\nkind = 'junction'\n";
    env.file("links.toml", link);
    let apply = env.run(&["--drive", "C=c.img", "links", "apply", "links.toml"]);
    assert_snapshot!(apply, @r"
exit 3
--- stderr
linksmith: cannot make the junction 'C:\l': the target 'C:\gone' is not there (Win32 error 2)
hint: `dangling = true` in the manifest makes the link all the same.
linksmith: there is no place to remember what was made
hint: LINKSMITH_STATE names the folder it is kept in.
");
}
