//! Links changed, converted and repaired on volumes in memory; chains and loops of any length.

use std::ffi::OsStr;
use std::sync::Arc;

use linksmith::entry::LinkText;
use linksmith::ops::convert::{self, ConvertError, Into};
use linksmith::ops::impact::{Change, Effect, impact};
use linksmith::ops::repair::{self, Fault};
use linksmith::ops::say::Manner;
use linksmith::ops::{ExecuteError, execute, refs, retarget};
use linksmith::path::{EntryPath, TargetPath};
use linksmith::plan::{Plan, Step};
use linksmith::reparse::{Kind, ReparsePoint};
use linksmith::resolve::{Status, inspect};
use linksmith::undo::Keep;
use linksmith::volume::memory::MemoryVolume;
use linksmith::volume::{DriveId, Drives, Place, Volume};

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).expect("a path")
}

fn place(text: &str) -> Place {
    Place {
        drive: DriveId(0),
        path: path(text),
    }
}

fn soft(at: &str, target: &str, dir: bool) -> Step {
    let point = ReparsePoint::symlink(&TargetPath::parse(target)).expect("a target");
    Step::MakeLink {
        at: path(at),
        link: LinkText::Reparse(point),
        dir,
    }
}

fn junction(at: &str, target: &str) -> Step {
    let point = ReparsePoint::junction(&TargetPath::parse(target)).expect("a target");
    Step::MakeLink {
        at: path(at),
        link: LinkText::Reparse(point),
        dir: true,
    }
}

/// `C:` with `real_dir\sub`, `real_dir\f.txt` and what the steps make.
fn drives(steps: &[Step]) -> Drives {
    let volume = MemoryVolume::ntfs();
    let make_dir = |at: &str| Step::MakeDir { at: path(at) };
    let file = Step::MakeFile {
        at: path("real_dir/f.txt"),
        contents: b"contents".to_vec(),
    };
    let base = [make_dir("real_dir"), make_dir("real_dir/sub"), file];
    volume.apply(&base).expect("a tree");
    volume.apply(steps).expect("the steps");
    Drives::attached([('C', Arc::new(volume) as Arc<dyn Volume>)]).expect("a drive")
}

fn carry_out(drives: &Drives, plan: &Plan) {
    execute(plan, drives, Keep::DEFAULT, None).unwrap_or_else(|e| panic!("{e}: {plan:#?}"));
}

/// What a link says, as people write it, and what became of it.
fn said(drives: &Drives, at: &str) -> (Kind, String, Status) {
    let link = inspect(drives, &place(at)).expect("an entry");
    let text = match &link.text {
        Some(LinkText::Reparse(data)) => {
            let target = data.view().expect("data").target();
            target.map_or_else(String::new, |t| t.to_win32().display().into_owned())
        }
        Some(LinkText::Posix(text)) => String::from_utf8_lossy(text).into_owned(),
        None => String::new(),
    };
    (Kind::of(&link.entry, link.text.as_ref()), text, link.status)
}

#[test]
fn one_kind_into_another() {
    let check = |step: Step, into: Into, manner: Manner, kind: Kind, text: &str| {
        let at = step.at().display().into_owned();
        let drives = drives(&[step]);
        let before = inspect(&drives, &place(&at)).expect("a link");
        let plan = convert::plan(&drives, &place(&at), into, manner)
            .unwrap_or_else(|e| panic!("{at} {into:?}: {e}"));
        carry_out(&drives, &plan);
        let now = said(&drives, &at);
        assert_eq!(now, (kind, text.to_owned(), Status::Ok), "{at} {into:?}");
        if into != Into::Copy && into != Into::Hard {
            let after = inspect(&drives, &place(&at))
                .expect("a link")
                .entry
                .times
                .modified;
            assert_eq!(after, before.entry.times.modified, "{at}");
        }
    };
    let to_dir = || junction("a/../j".trim_start_matches("a/../"), r"C:\real_dir");
    let now = Manner::AsNow;
    check(to_dir(), Into::Soft, now, Kind::Symlink, r"C:\real_dir");
    check(
        to_dir(),
        Into::Soft,
        Manner::Relative,
        Kind::Symlink,
        "real_dir",
    );
    check(
        soft("s", "real_dir", true),
        Into::Junction,
        now,
        Kind::Junction,
        r"C:\real_dir",
    );
    check(
        soft("s", "real_dir", true),
        Into::Same,
        Manner::Absolute,
        Kind::Symlink,
        r"C:\real_dir",
    );
    check(
        soft("s", r"C:\real_dir", true),
        Into::Same,
        Manner::Relative,
        Kind::Symlink,
        "real_dir",
    );
    check(
        soft("s", r"real_dir\f.txt", false),
        Into::Hard,
        now,
        Kind::Hard,
        "",
    );
    check(
        soft("s", r"real_dir\f.txt", false),
        Into::Copy,
        now,
        Kind::File,
        "",
    );
    check(to_dir(), Into::Copy, now, Kind::Dir, "");
    // One for files that leads to a directory becomes one for directories.
    check(
        soft("s", "real_dir", false),
        Into::Soft,
        now,
        Kind::Symlink,
        "real_dir",
    );
}

#[test]
fn a_hard_link_into_a_soft_one_and_a_copy() {
    let hard = Step::HardLink {
        existing: path("real_dir/f.txt"),
        new: path("h.txt"),
    };
    let drives_of = || drives(std::slice::from_ref(&hard));
    let convert = |into| {
        let drives = drives_of();
        let plan = convert::plan(&drives, &place("h.txt"), into, Manner::AsNow);
        carry_out(&drives, &plan.unwrap_or_else(|e| panic!("{into:?}: {e}")));
        said(&drives, "h.txt")
    };
    let soft = (Kind::Symlink, r"real_dir\f.txt".to_owned(), Status::Ok);
    assert_eq!(convert(Into::Soft), soft);
    assert_eq!(convert(Into::Copy), (Kind::File, String::new(), Status::Ok));
}

#[test]
fn what_cannot_be_converted() {
    let check = |step: Step, into: Into, want: &str| {
        let at = step.at().clone();
        let drives = drives(&[step]);
        let at = Place {
            drive: DriveId(0),
            path: at,
        };
        match convert::plan(&drives, &at, into, Manner::AsNow) {
            Err(e) => assert!(e.to_string().contains(want), "{into:?}: {e}"),
            Ok(plan) => panic!("{into:?}: {plan:#?}"),
        }
    };
    check(soft("s", "nowhere", false), Into::Hard, "leads nowhere");
    check(
        soft("s", "real_dir", true),
        Into::Hard,
        "a directory cannot",
    );
    check(
        soft("s", r"real_dir\f.txt", false),
        Into::Junction,
        "this is a file",
    );
    check(
        junction("real_dir/sub/up", r"C:\real_dir"),
        Into::Copy,
        "lies in the directory",
    );
    let drives = drives(&[]);
    let plain = convert::plan(&drives, &place("real_dir/f.txt"), Into::Soft, Manner::AsNow);
    assert!(matches!(plain, Err(ConvertError::NotALink)), "{plain:?}");
}

#[test]
fn every_fault_and_what_mends_it() {
    let no_print = |at: &str| {
        let point = ReparsePoint::mount_point_from_names(
            &TargetPath::parse_nt(r"\??\C:\real_dir"),
            &TargetPath::parse(""),
        );
        Step::MakeLink {
            at: path(at),
            link: LinkText::Reparse(point.expect("a junction")),
            dir: true,
        }
    };
    let check = |step: Step, fault: Fault, mended: &str| {
        let at = step.at().display().into_owned();
        let drives = drives(&[step]);
        let mut found = repair::find(&drives, &[place("")], &Default::default()).expect("findings");
        let repair = found.repairs.pop().expect("a finding");
        assert_eq!((repair.fault, found.repairs.len()), (fault, 0), "{at}");
        let best = repair
            .candidates
            .first()
            .unwrap_or_else(|| panic!("{at}: no candidate"));
        let mut plan = Plan::default();
        repair::plan(&drives, &repair, best, &mut plan).expect("a plan");
        carry_out(&drives, &plan);
        let (_, text, status) = said(&drives, &at);
        assert_eq!((text.as_str(), status), (mended, Status::Ok), "{at}");
        let again = repair::find(&drives, &[place("")], &Default::default()).expect("findings");
        assert!(again.repairs.is_empty(), "{:?}", again.repairs);
    };
    check(
        soft("s", "lost\\f.txt", false),
        Fault::Dangling,
        "real_dir\\f.txt",
    );
    check(
        junction("j", r"C:\old\sub"),
        Fault::Dangling,
        r"C:\real_dir\sub",
    );
    check(soft("s", "real_dir", false), Fault::WrongKind, "real_dir");
    check(no_print("j"), Fault::NoPrintName, r"C:\real_dir");
    check(
        soft("s", r"real_dir\.\sub\..\f.txt", false),
        Fault::Messy,
        r"real_dir\f.txt",
    );
    let long = format!(r"C:\{}\x.txt", ["deep_folder_name"; 16].join("\\"));
    let volume_steps: Vec<Step> = (1..=16)
        .map(|n| Step::MakeDir {
            at: path(&["deep_folder_name"; 16][..n].join("/")),
        })
        .collect();
    let deep = ["deep_folder_name"; 16].join("/");
    let mut steps = volume_steps;
    steps.push(Step::MakeFile {
        at: path(&format!("{deep}/x.txt")),
        contents: Vec::new(),
    });
    steps.push(soft(&format!("{deep}/s"), &long, false));
    let drives = drives(&steps);
    let found = repair::find(&drives, &[place("")], &Default::default()).expect("findings");
    let repair = found.repairs.first().expect("a finding");
    assert_eq!(repair.fault, Fault::TooLong);
}

#[test]
fn nothing_is_certain_among_equals() {
    let file = |at: &str, contents: &[u8]| Step::MakeFile {
        at: path(at),
        contents: contents.to_vec(),
    };
    let steps = [
        file("real_dir/sub/x", b"one"),
        file("x", b"two"),
        soft("s", r"gone\x", false),
    ];
    let drives = drives(&steps);
    let found = repair::find(&drives, &[place("")], &Default::default()).expect("findings");
    let scores: Vec<u8> = found.repairs[0]
        .candidates
        .iter()
        .map(|c| c.score)
        .collect();
    assert_eq!(scores, [30, 30]);
}

#[test]
fn other_targets_one_by_one() {
    let drives = drives(&[soft("s", "real_dir", true), junction("j", r"C:\real_dir")]);
    let one =
        |at: &str, to: &str, dangling| retarget::one(&drives, &place(at), OsStr::new(to), dangling);
    carry_out(
        &drives,
        &one("s", r"real_dir\f.txt", false).expect("a plan"),
    );
    let now = (Kind::Symlink, r"real_dir\f.txt".to_owned(), Status::Ok);
    assert_eq!(said(&drives, "s"), now);
    carry_out(&drives, &one("j", r"real_dir\sub", false).expect("a plan"));
    let now = (Kind::Junction, r"C:\real_dir\sub".to_owned(), Status::Ok);
    assert_eq!(said(&drives, "j"), now);
    let refused = |at: &str, to: &str, why: &str| match one(at, to, false) {
        Err(e) => assert!(e.to_string().contains(why), "{at} {to}: {e}"),
        Ok(plan) => panic!("{at} {to}: {plan:#?}"),
    };
    refused("s", "nowhere", "not there");
    refused("j", r"C:\real_dir\f.txt", "not to files");
    refused("j", r"\\server\share", "another computer");
    refused("real_dir", "x", "no link");
    assert!(one("s", "nowhere", true).is_ok());
}

/// `l0 -> l1 -> … -> real_dir\f.txt`.
fn chain(length: usize) -> Vec<Step> {
    let name = |n: usize| format!("l{n}");
    let target = |n: usize| {
        if n + 1 == length {
            r"real_dir\f.txt".to_owned()
        } else {
            name(n + 1)
        }
    };
    (0..length)
        .map(|n| soft(&name(n), &target(n), false))
        .collect()
}

#[test]
fn chains_of_ten_thousand_links() {
    let drives = drives(&chain(10_000));
    let to = place("real_dir/f.txt");
    let reach = |at: &str| {
        let link = inspect(&drives, &place(at)).expect("a link");
        refs::reach(&drives, &to, &link).map(|reach| reach.hops)
    };
    assert_eq!(reach("l9999"), Some(1));
    assert_eq!(reach("l9940"), Some(60));
    assert_eq!(said(&drives, "l0").2, Status::TooDeep);
}

#[test]
fn what_breaks_in_a_long_chain() {
    let drives = drives(&chain(500));
    let change = Change::Delete {
        at: place("real_dir/f.txt"),
    };
    let foretold = impact(&drives, &change, &[place("")]).expect("an answer");
    assert_eq!(foretold.links.len(), 500);
    // So many links Windows follows on one path.
    assert_eq!(foretold.count(Effect::Breaks), 63);
    assert_eq!(foretold.count(Effect::StaysBroken), 500 - 63);
    assert_eq!(foretold.last_names.len(), 1);
}

#[test]
fn loops_of_every_length() {
    for length in 1..=70 {
        let steps: Vec<Step> = (0..length)
            .map(|n| soft(&format!("l{n}"), &format!("l{}", (n + 1) % length), false))
            .collect();
        let drives = drives(&steps);
        let want = if length <= 63 {
            Status::Loop
        } else {
            Status::TooDeep
        };
        assert_eq!(said(&drives, "l0").2, want, "{length}");
        if !matches!(length, 1..=3 | 63 | 64) {
            continue;
        }
        let change = Change::Move {
            from: place("l0"),
            to: place("real_dir/l0"),
        };
        let foretold = impact(&drives, &change, &[place("")]).expect("an answer");
        assert_eq!(foretold.count(Effect::StaysBroken), length, "{length}");
        let found = repair::find(&drives, &[place("")], &Default::default()).expect("findings");
        let fault = match want {
            Status::Loop => Fault::Loop,
            _ => Fault::TooDeep,
        };
        let endless = found.repairs.iter().filter(|r| r.fault == fault);
        assert_eq!(endless.count(), length, "{length}");
    }
}

#[test]
fn what_changed_meanwhile_is_not_touched() {
    let drives = drives(&[soft("s", "real_dir", true)]);
    let plan = retarget::one(&drives, &place("s"), OsStr::new(r"real_dir\sub"), false);
    let plan = plan.expect("a plan");
    let volume = drives.volume(DriveId(0)).expect("a volume");
    let other = [Step::Remove { at: path("s") }, soft("s", "real_dir", true)];
    volume.apply(&other).expect("another one like it");
    let refused = execute(&plan, &drives, Keep::DEFAULT, None);
    assert!(
        matches!(refused, Err(ExecuteError::Unexpected { step: 0, .. })),
        "{refused:?}"
    );
    assert_eq!(said(&drives, "s").1, "real_dir");
}
