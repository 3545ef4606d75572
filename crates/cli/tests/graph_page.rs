//! The page of `graph` in a real browser: what a person sees, clicks and finds.
#![allow(clippy::disallowed_methods)] // It makes the tree that it looks at.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use testkit::browser::Page;
use testkit::suite::{Need, Suite};

fn main() {
    let needs = [Need::Tool("chromium"), Need::Probe(symlinks)];
    Suite::new("graph_page")
        .case(
            "every_link_is_a_row_with_its_status",
            &needs,
            every_link_is_a_row,
        )
        .case(
            "searching_and_filtering_leave_what_matches",
            &needs,
            searching_and_filtering,
        )
        .case(
            "a_clicked_row_is_told_and_a_clicked_folder_folds",
            &needs,
            clicking,
        )
        .case("zooming_changes_the_picture", &needs, zooming)
        .case("ten_thousand_links_can_be_searched", &needs, ten_thousand)
        .run();
}

fn symlinks() -> Result<(), String> {
    if cfg!(unix) {
        Ok(())
    } else {
        Err("it makes POSIX links".into())
    }
}

#[cfg(unix)]
fn link(target: &str, at: &Path) {
    std::os::unix::fs::symlink(target, at).expect("a link");
}

#[cfg(not(unix))]
fn link(_: &str, _: &Path) {}

/// The page of a tree that `make` fills.
fn page_of(make: impl FnOnce(&Path)) -> (Page, tempfile::TempDir) {
    let dir = tempfile::tempdir().expect("a folder");
    let root = dir.path().join("tree");
    fs::create_dir(&root).expect("a root");
    make(&root);
    let file: PathBuf = dir.path().join("links.html");
    let status = Command::new(env!("CARGO_BIN_EXE_linksmith"))
        .args(["graph", "--as", "html", "--output"])
        .args([&file, &root])
        .status();
    assert!(status.expect("it runs").success());
    (Page::open(&file), dir)
}

fn small(root: &Path) {
    fs::create_dir(root.join("real_dir")).expect("a directory");
    fs::write(root.join("real_dir/real_file.txt"), "15 bytes of text").expect("a file");
    link("real_dir", &root.join("good"));
    link("good", &root.join("chain"));
    link("</script>nowhere", &root.join("<b>broken"));
    link("loop_b", &root.join("loop_a"));
    link("loop_a", &root.join("loop_b"));
}

fn every_link_is_a_row() {
    let (mut page, _dir) = page_of(small);
    assert_eq!(page.text("#count"), "5 of 5 links");
    let rows = page.text("#rows");
    for expected in [
        "<b>broken",
        "</script>nowhere",
        "(dangling)",
        "cycle 1",
        "(chain of 2)",
        "symlink → real_dir",
    ] {
        assert!(rows.contains(expected), "{expected} is not in {rows}");
    }
    assert!(page.text("h1").starts_with("Links below /"));
}

fn searching_and_filtering() {
    let (mut page, _dir) = page_of(small);
    page.click("#search");
    page.type_text("LOOP_");
    assert_eq!(page.text("#count"), "2 of 5 links");
    page.value("document.getElementById('search').value = ''; document.getElementById('search').dispatchEvent(new Event('input'))");
    page.click("#statuses button[data-status=ok]");
    assert_eq!(page.text("#count"), "3 of 5 links");
    page.click("#statuses button[data-status=ok]");
    assert_eq!(page.text("#count"), "5 of 5 links");
}

fn clicking() {
    let (mut page, _dir) = page_of(small);
    let row = "[...document.querySelectorAll('.row')].find(r => r.title.endsWith('/good'))";
    page.value(&format!("{row}.id = 'good'"));
    page.click("#good");
    let told = page.text("#about");
    assert!(
        told.contains("/good: symlink, ok. Says real_dir; leads to /"),
        "{told}"
    );
    let before = page.value("visible.length");
    page.click("#fit");
    // The first line of the picture is the root folder; a click folds everything below it.
    let spot = page.value("(() => { const r = canvas.getBoundingClientRect(); const n = visible[0]; return [r.x + panX + n.x * scale, r.y + panY + n.y * scale]; })()");
    page.click_at(
        spot[0].as_f64().unwrap_or(0.0),
        spot[1].as_f64().unwrap_or(0.0),
    );
    let after = page.value("visible.length");
    assert!(
        after.as_u64() < before.as_u64(),
        "{before} lines, then {after}"
    );
}

fn zooming() {
    let (mut page, _dir) = page_of(small);
    let before = page.screenshot();
    let scale = page.value("scale").as_f64();
    page.click("#in");
    assert!(page.value("scale").as_f64() > scale);
    page.value("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))");
    assert_ne!(page.screenshot(), before);
}

fn ten_thousand() {
    let (mut page, _dir) = page_of(|root| {
        for folder in 0..100 {
            let at = root.join(format!("folder{folder}"));
            fs::create_dir(&at).expect("a folder");
            for i in 0..100 {
                link("../folder0", &at.join(format!("link{i}")));
            }
        }
    });
    assert_eq!(page.text("#count"), "10000 of 10000 links");
    page.click("#search");
    page.type_text("folder77/link42");
    assert_eq!(page.text("#count"), "1 of 10000 links");
    page.click(".row");
    assert!(page.text("#about").contains("folder77/link42: symlink, ok"));
    // Only what can be seen is drawn, however many there are.
    assert!(
        page.value("document.querySelectorAll('.row').length")
            .as_u64()
            < Some(100)
    );
    assert!(page.value("visible.length").as_u64() < Some(1000));
}
