//! What is asked of the system, and what goes over to images and back.

use testkit::suite::Suite;

use crate::env;
use crate::needs::{DEVICE, HARD, WINDOWS, device};

pub(crate) fn add(suite: Suite) -> Suite {
    suite
        .case("doctor_says_what_to_do", &[], doctor)
        .case("find_says_its_road", &[], road)
        .case("a_tree_goes_to_an_image_and_back", &[HARD], there_and_back)
        .case("drives_come_from_the_environment", &[], environment)
        .case("the_tour", &[], tour)
        .case(
            "a_raw_device_is_read_as_its_image_is",
            &[DEVICE],
            raw_device,
        )
        .case(
            "a_raw_volume_that_cannot_be_attached",
            &[WINDOWS],
            raw_volume,
        )
}

fn doctor() {
    let env = env();
    env.file("f", "x");
    let outcome = env.run(&["doctor", "--json", "f"]).ok();
    for line in outcome.lines() {
        assert!(line.starts_with(r#"{"v":1,"path":"#), "{line}");
        let wanting = [r#""state":"missing""#, r#""state":"limited""#]
            .iter()
            .any(|state| line.contains(state));
        // What lies in the volume's nature needs no advice.
        let nature = ["transaction", "names"]
            .iter()
            .any(|key| line.contains(&format!(r#""finding":"{key}""#)));
        assert!(
            !wanting || nature || !line.contains(r#""advice":null"#),
            "{line}"
        );
    }
    for key in ["system", "file-system", "hard-link", "names-left"] {
        assert!(
            outcome.contains(&format!(r#""finding":"{key}""#)),
            "{key}: {outcome}"
        );
    }
    assert_eq!(env.tree(), ["f"], "the trial is taken away");
}

fn road() {
    let env = env();
    env.dir("dir");
    for args in [
        &["find", "--explain", "dir"][..],
        &["find", "--explain", "--hard", "dir"],
    ] {
        let outcome = env.run(args);
        assert_eq!(outcome.code, Some(0), "{outcome}");
        assert_eq!(outcome.stderr.lines().count(), 1, "{outcome}");
        let told = ["directory walk: ", "$Reparse index: "];
        assert!(
            told.iter().any(|road| outcome.stderr.contains(road)),
            "{outcome}"
        );
    }
}

fn there_and_back() {
    let env = env();
    env.dir("tree/deep")
        .file("tree/file.txt", "text")
        .file("tree/deep/naïve ファイル.txt", "inner");
    let _ = env
        .run(&["-q", "hard", "tree/deep/h", "tree/file.txt"])
        .ok();
    let _ = env.run(&["-q", "format", "C.img", "--size", "16M"]).ok();
    let drive = ["--drive", "C=C.img"];
    let run = |args: &[&str]| env.run(&[&drive, args].concat());
    let _ = run(&["import", "tree", "C:\\copy"]).ok();
    let listed = run(&["find", "--hard", "--json"]).ok();
    assert!(listed.contains(r#""links":2,"size":4"#), "{listed}");
    let _ = run(&["export", "C:\\copy", "back"]).ok();
    let _ = env.run(&["check", "C.img"]).ok();
    let part = |root: &str| -> Vec<String> {
        let tree = env.tree();
        tree.iter()
            .filter_map(|l| l.strip_prefix(root))
            .map(str::to_owned)
            .collect()
    };
    assert_eq!(part("back/"), part("tree/"));
    assert_eq!(env.run(&["type", "back/deep/h"]).ok(), "text");
}

fn environment() {
    let env = env();
    let mut command = env.command();
    command
        .env("LINKSMITH_DRIVES", "C=memory:label=OS;D=memory:")
        .args(["dir", "D:\\"]);
    let outcome = env.finish(&mut command, "");
    assert!(outcome.stdout.contains("Directory of D:\\"), "{outcome}");
}

fn tour() {
    let outcome = env().run(&["tour"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(
        outcome
            .stdout
            .contains("\n19 claims tried: 13 true, 6 corrected\n"),
        "{outcome}"
    );
}

/// The contents of an image, put on the device as they are: then it is read as the image is, and what changes
/// it either is whole or has not touched it.
#[allow(
    clippy::disallowed_methods,
    reason = "the scene is set by the system's own calls"
)]
fn raw_device() {
    use std::io::{Read as _, Write as _};
    let env = env();
    let _ = env.run(&["-q", "format", "C.img", "--size", "16M"]).ok();
    let script = "@md dir & echo text>f & mklink /J j dir & mklink /H g f & mklink s f\n";
    let made = env.run_with(&["--drive", "C=C.img", "shell"], script);
    assert_eq!(made.code, Some(0), "{made}");
    let image = std::fs::read(env.join("C.img")).expect("the image");
    let device = device().expect("it is needed");
    let open = || {
        std::fs::File::options()
            .read(true)
            .write(true)
            .open(&device)
            .expect("it opens")
    };
    open().write_all(&image).expect("written");

    let attach = format!("C={device}");
    for args in [&["list", "-R"][..], &["find", "--explain"], &["dir", "/s"]] {
        let of_image = env.run(&[&["--drive", "C=C.img,ro"], args].concat());
        let read_only = format!("{attach},ro");
        let of_device = env.run(&[&["--drive", &read_only], args].concat());
        assert_eq!(of_device, of_image, "{args:?}");
    }
    let state = tempfile::tempdir().expect("a folder");
    let mut command = env.command();
    command
        .env("LOCALAPPDATA", state.path())
        .env("XDG_STATE_HOME", state.path())
        .args(["--drive", &attach, "mklink", "/J", "C:\\k", "C:\\dir"]);
    let changed = env.finish(&mut command, "");
    let mut now = vec![0; image.len()];
    open().read_exact(&mut now).expect("read");
    if changed.code == Some(0) {
        let _ = env.run(&["check", &device]).ok();
        assert!(now != image, "{changed}");
    } else {
        assert!(now == image, "{changed}");
        assert!(changed.stderr.contains("cannot attach"), "{changed}");
    }
}

fn raw_volume() {
    let env = env();
    let outcome = env.run(&["--drive", r"X=\\.\PhysicalDrive99", "list"]);
    assert_eq!(outcome.stdout, "");
    assert!(outcome.code > Some(0), "{outcome}");
    assert!(
        outcome
            .stderr
            .starts_with(r"linksmith: cannot attach '\\.\PhysicalDrive99': "),
        "{outcome}"
    );
}
