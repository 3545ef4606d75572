//! The tour: every claim of the article tried.

use insta::assert_snapshot;

use crate::env;

#[test]
fn every_claim_is_true_or_corrected() {
    let outcome = env().run(&["tour"]);
    assert_eq!(outcome.code, Some(0), "{outcome}");
    assert!(!outcome.stdout.contains("FAILED"), "{outcome}");
    assert!(
        outcome
            .stdout
            .contains("\n19 claims tried: 13 true, 6 corrected\n"),
        "{outcome}"
    );
    // The refusals are shown where they happen.
    assert!(
        outcome
            .stdout
            .contains("mklink /H hard_dir real_dir\nAccess is denied.\n"),
        "{outcome}"
    );
}

#[test]
fn a_folder_that_is_named_is_made() {
    let env = env();
    let _ = env.run(&["tour", "new/folder"]).ok();
    let made = env.tree();
    assert!(
        made.iter().any(|path| path == "new/folder/C.img"),
        "{made:?}"
    );
}

#[test]
fn claims_for_machines() {
    let claims = env().run(&["tour", "--json"]).ok();
    let verdicts = |word: &str| claims.matches(&format!("\"verdict\":\"{word}\"")).count();
    assert_eq!(
        (verdicts("true"), verdicts("corrected"), verdicts("failed")),
        (13, 6, 0)
    );
    let checks = claims.lines().filter(|l| l.contains("\"wrong\":0")).count();
    assert_eq!((claims.lines().count(), checks), (21, 2), "{claims}");
}

#[test]
fn images_that_are_there_are_not_touched() {
    let env = env();
    env.dir("tour").file("tour/D.img", "precious");
    let outcome = env.run(&["tour", "tour"]);
    assert_eq!(outcome.code, Some(4), "{outcome}");
    assert_eq!(env.tree(), ["tour/", "tour/D.img"]);
}

#[test]
fn the_volumes_can_be_looked_at_afterwards() {
    let env = env();
    env.dir("tour");
    assert_eq!(env.run(&["tour", "-q", "tour"]).ok(), "");
    let drives = ["--drive", "C=tour/C.img", "--drive", "D=tour/D.img"];
    let list = |what: &str| env.run(&[&drives[..], &["list", what]].concat()).ok();
    assert_snapshot!(list("C:\\symlink_test"), @r"
file                   15 bytes  hardlink_file.txt
junction  ok                     junction_dir -> C:\symlink_test\real_dir
junction  ok                     junction_to_d -> D:\
dir                              names
dir                              real_dir
symlink   ok                     soft_to_d.txt -> D:\other.txt
symlink   unreachable            soft_to_net -> \\server\share
symlink   ok                     symlink_dir -> real_dir
symlink   dangling               symlink_file.txt -> real_file.txt
mount     unreachable            volume_dir -> \\?\Volume{01234567-89ab-cdef-0123-456789abcdef}\
");
}
