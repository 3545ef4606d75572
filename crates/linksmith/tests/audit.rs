//! Each rule of the audit: what it finds, and what it leaves alone.

use std::ffi::OsStr;
use std::sync::Arc;

use linksmith::audit::{Finding, Rule, audit};
use linksmith::path::TargetPath;
use linksmith::resolve::inspect;
use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{Drives, Volume};
use linksmith::{EntryPath, LinkText, ReparsePoint, Step};

fn at(path: &str) -> EntryPath {
    EntryPath::parse(path).expect("a path")
}

/// Drive C with these directories and these links, `(path, target, junction)`.
fn drive(dirs: &[&str], links: &[(&str, &str, bool)]) -> Drives {
    let volume = MemoryVolume::ntfs();
    let mut steps: Vec<Step> = dirs.iter().map(|d| Step::MakeDir { at: at(d) }).collect();
    for (path, target, junction) in links {
        let target = TargetPath::parse(target);
        let point = match junction {
            true => ReparsePoint::junction(&target),
            false => ReparsePoint::symlink(&target),
        };
        let link = LinkText::Reparse(point.expect("it can be encoded"));
        steps.push(Step::MakeLink {
            at: at(path),
            link,
            dir: true,
        });
    }
    volume.apply(&steps).expect("a tree");
    Drives::attached(vec![('C', Arc::new(volume) as Arc<dyn Volume>)]).expect("a drive")
}

fn findings(drives: &Drives, root: &str, link: &str) -> Vec<Finding> {
    let root = drives.locate(OsStr::new(root)).expect("the root");
    let link = drives.locate(OsStr::new(link)).expect("the link");
    let located = inspect(drives, &link).expect("it is there");
    audit(drives, &root, &located).expect("it can be judged")
}

fn check(drives: &Drives, root: &str, link: &str, expected: &[Rule]) {
    let findings = findings(drives, root, link);
    let rules: Vec<Rule> = findings.iter().map(|f| f.rule).collect();
    assert_eq!(rules, expected, "{findings:?}");
}

#[test]
fn a_link_that_leaves_the_root() {
    let tree = drive(
        &["in", "in/a", "inside"],
        &[
            ("in/j", r"C:\inside", true),
            ("in/k", r"C:\in\a", true),
            ("in/d", r"D:\x", true),
        ],
    );
    check(&tree, r"C:\in", r"C:\in\j", &[Rule::LeavesRoot]);
    check(&tree, r"C:\in", r"C:\in\k", &[]);
    check(&tree, r"C:\in", r"C:\in\d", &[Rule::LeavesRoot]);
    let told = &findings(&tree, r"C:\in", r"C:\in\d")[0].message;
    assert!(told.contains(r"'D:\x'"), "{told}");
}

#[test]
fn a_link_into_a_temporary_folder() {
    let tree = drive(
        &[
            "Windows",
            "Windows/Temp",
            "Users",
            "Users/me",
            "Users/me/AppData",
            "Users/me/AppData/Local",
            "Users/me/AppData/Local/Temp",
            "Temperature",
        ],
        &[
            ("one", r"C:\Windows\Temp", true),
            ("two", r"Users\me\AppData\Local\Temp", false),
            ("three", r"C:\Temperature", true),
            ("Windows/Temp/own", r"C:\Windows\Temp", true),
        ],
    );
    check(&tree, r"C:\", r"C:\one", &[Rule::IntoTemp]);
    check(&tree, r"C:\", r"C:\two", &[Rule::IntoTemp]);
    check(&tree, r"C:\", r"C:\three", &[]);
    check(&tree, r"C:\", r"C:\Windows\Temp\own", &[]);
}

#[test]
fn a_junction_in_a_onedrive_folder() {
    let tree = drive(
        &[
            "me",
            "me/OneDrive - Firm",
            "me/OneDrive - Firm/docs",
            "me/OneDriver",
        ],
        &[
            ("me/OneDrive - Firm/docs/j", r"C:\me", true),
            ("me/OneDrive - Firm/docs/s", r"C:\me", false),
            ("me/OneDriver/j", r"C:\me", true),
        ],
    );
    check(
        &tree,
        r"C:\",
        r"C:\me\OneDrive - Firm\docs\j",
        &[Rule::InOneDrive],
    );
    check(&tree, r"C:\", r"C:\me\OneDrive - Firm\docs\s", &[]);
    check(&tree, r"C:\", r"C:\me\OneDriver\j", &[]);
}

#[test]
fn a_chain_beyond_the_limit() {
    let names: Vec<(String, String)> = (0..32)
        .map(|i| (format!("l{i:02}"), format!(r"C:\l{:02}", i + 1)))
        .collect();
    let links: Vec<(&str, &str, bool)> = names
        .iter()
        .map(|(at, to)| (at.as_str(), to.as_str(), true))
        .collect();
    let tree = drive(&["l32"], &links);
    check(&tree, r"C:\", r"C:\l00", &[Rule::TooDeep]);
    check(&tree, r"C:\", r"C:\l01", &[]);
}

#[test]
fn a_junction_without_a_print_name() {
    let volume = MemoryVolume::ntfs();
    let substitute = TargetPath::parse_nt(r"\??\C:\dir");
    let point =
        ReparsePoint::mount_point_from_names(&substitute, &TargetPath::parse("")).expect("it fits");
    let steps = [
        Step::MakeDir { at: at("dir") },
        Step::MakeLink {
            at: at("j"),
            link: LinkText::Reparse(point),
            dir: true,
        },
    ];
    volume.apply(&steps).expect("a tree");
    let tree = Drives::attached(vec![('C', Arc::new(volume) as Arc<dyn Volume>)]).expect("a drive");
    check(&tree, r"C:\", r"C:\j", &[Rule::NoPrintName]);
}

#[cfg(unix)]
#[test]
fn a_link_under_a_privileged_folder_that_others_may_replace() {
    use std::os::unix::fs::{PermissionsExt as _, symlink};
    let root = tempfile::tempdir().expect("a root");
    let usr = root.path().join("usr");
    std::fs::create_dir(&usr).expect("a folder");
    symlink("nothing", usr.join("link")).expect("a link");
    symlink("nothing", root.path().join("elsewhere")).expect("a link");
    std::fs::set_permissions(&usr, std::fs::Permissions::from_mode(0o777)).expect("its mode");
    let volume = linksmith::volume::posix::PosixVolume::at(root.path()).expect("a volume");
    let tree = Drives::posix(Arc::new(volume), &EntryPath::root());
    check(&tree, "/", "/usr/link", &[Rule::UserWritable]);
    check(&tree, "/", "/elsewhere", &[]);
}

/// Of a fresh image everybody may write all, by the descriptor that its root has.
#[test]
fn a_link_that_others_may_replace_under_a_privileged_folder() {
    let volume = testkit::empty_image::fresh(0x77);
    let junction = |path: &str| {
        let data = ReparsePoint::junction(&TargetPath::parse(r"C:\data"));
        Step::MakeLink {
            at: at(path),
            link: LinkText::Reparse(data.expect("it can be encoded")),
            dir: true,
        }
    };
    let dirs = ["data", "Windows", "program files (Arm)", "data/Windows"];
    let mut steps: Vec<Step> = dirs
        .iter()
        .map(|dir| Step::MakeDir { at: at(dir) })
        .collect();
    steps.extend(
        [
            "in_root",
            "Windows/a",
            "program files (Arm)/b",
            "data/Windows/c",
        ]
        .map(junction),
    );
    volume.apply(&steps).expect("a tree");
    let tree = Drives::attached(vec![('C', Arc::new(volume) as Arc<dyn Volume>)]).expect("a drive");
    check(&tree, r"C:\", r"C:\in_root", &[Rule::UserWritable]);
    check(&tree, r"C:\", r"C:\windows\a", &[Rule::UserWritable]);
    check(
        &tree,
        r"C:\",
        r"C:\Program Files (Arm)\b",
        &[Rule::UserWritable],
    );
    check(&tree, r"C:\", r"C:\data\Windows\c", &[]);
    let told = &findings(&tree, r"C:\", r"C:\Windows\a")[0].message;
    assert!(told.starts_with("Everyone may replace it"), "{told}");
}
