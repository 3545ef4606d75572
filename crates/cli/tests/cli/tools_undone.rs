//! Other tools' commands and the prompt's own, taken back by `undo`: what was there is there again.

use std::path::PathBuf;

use testkit::env::TestEnv;

use crate::env;

/// An image with a few things on it, and a journal.
struct Image {
    env: TestEnv,
    state: PathBuf,
}

impl Image {
    fn new() -> Self {
        let env = env();
        env.run(&["format", "disk.img", "--size", "8M"]).ok();
        let state = env.join("state");
        let image = Self { env, state };
        image.prompt("md dir\\sub\necho one>a.txt\necho two>b.txt\nmklink /J j C:\\dir\n");
        image
    }

    fn run(&self, args: &[&str], input: &str) -> testkit::env::Outcome {
        let mut command = self.env.command();
        command.env("LINKSMITH_STATE", &self.state);
        let drive = ["--drive", "C=disk.img"];
        self.env.finish(command.args(drive).args(args), input)
    }

    fn prompt(&self, script: &str) -> String {
        self.run(&["shell"], script).stdout
    }

    /// Every entry, and what the files hold.
    fn tree(&self) -> String {
        let listed = self.run(&["list", "-R", "--json"], "").ok();
        let ids = |line: &str| line.split(",\"id\"").next().unwrap_or_default().to_owned();
        let entries: Vec<String> = listed.lines().map(ids).collect();
        entries.join("\n") + &self.prompt("@type a.txt b.txt 2>nul")
    }

    /// One command changes the tree, one `undo` brings it back.
    #[track_caller]
    fn check(&self, command: &str) {
        let before = self.tree();
        self.prompt(command);
        assert_ne!(self.tree(), before, "{command} does something");
        let undone = self.run(&["undo"], "");
        assert_eq!(undone.code, Some(0), "{command}: {undone}");
        assert_eq!(self.tree(), before, "{command}");
        let title = command.split('>').next().unwrap_or_default();
        assert!(undone.stdout.contains(title), "{command}: {undone}");
    }
}

#[test]
fn each_of_them_on_an_image() {
    let image = Image::new();
    image.check("mklink link a.txt");
    image.check("mklink /H hard.txt a.txt");
    image.check("mklink /J j2 C:\\dir");
    image.check("fsutil hardlink create c.txt a.txt");
    image.check("fsutil reparsepoint delete j");
    image.check("junction -nobanner j3 C:\\dir");
    image.check("junction -nobanner -d j");
    image.check("md new");
    image.check("rd j");
    image.check("rd /s /q dir");
    image.check("del a.txt");
    image.check("del *.txt");
    image.check("ren a.txt c.txt");
    image.check("ren *.txt *.bak");
    image.check("copy *.txt dir");
    image.check("copy a.txt+b.txt c.txt");
    image.check("copy b.txt a.txt");
    image.check("echo other>a.txt");
    image.check("echo more>>a.txt");
}

#[test]
fn what_was_made_again_can_be_taken_back_itself() {
    let image = Image::new();
    let before = image.tree();
    image.prompt("mklink x a.txt\n");
    image.prompt("del x\n");
    image.run(&["undo"], "").ok();
    image.run(&["undo"], "").ok();
    assert_eq!(image.tree(), before);
}

/// Names of one file are made again one from the other.
#[test]
fn several_names_of_a_file_come_back() {
    let image = Image::new();
    image.prompt("mklink /H dir\n1 a.txt\nmklink /H dir\n2 a.txt\nmklink /H dir\n3 a.txt\n");
    image.check("rd /s /q dir");
    image.check("del a.txt");
}

#[test]
fn what_one_command_did_before_it_failed_stays_and_is_one_run() {
    let image = Image::new();
    image.prompt("md taken\nren b.txt b.old\necho x>a.bak\n");
    let before = image.tree();
    // a.txt cannot become a.bak; nothing after it is tried.
    let said = image.run(&["shell"], "echo 0>0.txt\nren *.txt *.bak\n");
    assert!(said.stderr.contains("duplicate file name"), "{said}");
    assert!(image.run(&["list"], "").stdout.contains("0.bak"));
    image.run(&["undo"], "").ok();
    image.run(&["undo"], "").ok();
    assert_eq!(image.tree(), before);
}

#[cfg(unix)]
#[test]
fn on_this_machine() {
    let env = env();
    env.file("f", "text");
    let state = tempfile::tempdir().expect("a folder");
    let run = |args: &[&str]| {
        let mut command = env.command();
        command.env("LINKSMITH_STATE", state.path());
        env.finish(command.args(args), "")
    };
    let before = env.tree();
    let made = run(&["mklink", "link", "f"]).ok();
    assert_eq!(made, "symbolic link created for link <<===>> f\n");
    run(&["fsutil", "hardlink", "create", "g", "f"]).ok();
    run(&["undo"]).ok();
    run(&["undo"]).ok();
    assert_eq!(env.tree(), before);
}

/// The original knows no journal: where none can be kept the command does its work all the same.
#[cfg(unix)]
#[test]
fn without_a_journal_the_work_is_done() {
    let env = env();
    env.file("state", "no folder");
    let mut command = env.command();
    command.env("LINKSMITH_STATE", env.join("state"));
    let made = env.finish(command.args(["mklink", "link", "f"]), "");
    assert_eq!(made.code, Some(0), "{made}");
    assert_eq!(made.stdout, "symbolic link created for link <<===>> f\n");
    assert!(made.stderr.contains("not recorded for undo"), "{made}");
}
