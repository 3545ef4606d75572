//! Plans there and back.

use super::*;
use linksmith::path::TargetPath;
use linksmith::volume::memory::MemoryVolume;
use std::sync::Arc;

fn path(text: &str) -> EntryPath {
    EntryPath::parse(text).expect("a path")
}

fn every_step() -> Plan {
    let at = path("a/b");
    let data = ReparsePoint::junction(&TargetPath::parse(r"C:\t")).expect("a junction");
    let odd = EntryPath::parse(b"a/\xff").expect("a path");
    let mut plan = Plan::default();
    let id = FileId {
        volume: u64::MAX,
        file: u128::MAX - 1,
    };
    let link = LinkText::Posix(b"x\xff".to_vec());
    let steps = [
        Step::MakeDirLike {
            at: at.clone(),
            like: odd.clone(),
        },
        Step::MakeDir { at: odd },
        Step::MakeFile {
            at: at.clone(),
            contents: b"\x00\xff".to_vec(),
        },
        Step::CopyFile {
            at: at.clone(),
            from: Source {
                drive: Some(DriveId(0)),
                at: path("c"),
                id,
                size: u64::MAX,
                modified: FileTime(1),
            },
            times: Times::default(),
            attributes: Some(Attributes::READONLY),
        },
        Step::WriteFile {
            at: at.clone(),
            contents: b"text".to_vec(),
        },
        Step::MakeLink {
            at: at.clone(),
            link: link.clone(),
            dir: false,
        },
        Step::MakeLink {
            at: at.clone(),
            link: LinkText::Reparse(data.clone()),
            dir: true,
        },
        Step::SetReparse {
            at: at.clone(),
            data,
        },
        Step::ClearReparse { at: at.clone() },
        Step::HardLink {
            existing: at.clone(),
            new: path("c"),
        },
        Step::Rename {
            from: at.clone(),
            to: path("c"),
            replace: true,
        },
        Step::Remove { at: at.clone() },
        Step::SetMeta {
            at: at.clone(),
            times: Times {
                created: FileTime(u64::MAX),
                ..Times::default()
            },
            attributes: Some(Attributes::HIDDEN),
        },
    ];
    for step in steps {
        let expect = vec![
            Expect::Absent(at.clone()),
            Expect::Entry {
                at: at.clone(),
                id,
                link: Some(link.clone()),
            },
            Expect::SameContents {
                at: at.clone(),
                other: path("c"),
            },
        ];
        plan.push(DriveId(0), step, expect);
    }
    plan.warn("mind", Some("so".into()));
    plan
}

#[test]
fn every_step_comes_back() {
    let drives = Drives::attached([('C', Arc::new(MemoryVolume::ntfs()) as _)]).expect("C:");
    let plan = every_step();
    let file = PlanFile::of(&plan, &drives);
    let text = serde_json::to_string(&file).expect("JSON");
    let read: PlanFile = serde_json::from_str(&text).expect("our own JSON");
    assert_eq!(read, file);
    assert_eq!(read.to_plan(), Ok(plan));
    assert!(
        text.starts_with(r#"{"v":1,"drives":[{"id":0,"root":"C:\\","serial":""#),
        "{text}"
    );
}

#[test]
fn what_was_tampered_with_is_refused() {
    let check = |text: &str, why: &str| {
        let read: Result<PlanFile, _> = serde_json::from_str(text);
        let error = read
            .map_err(|e| e.to_string())
            .and_then(|f| f.to_plan())
            .unwrap_err();
        assert!(error.contains(why), "{text}: {error}");
    };
    check(r#"{"v":2,"drives":[],"steps":[]}"#, "version 2");
    check(
        r#"{"v":1,"drives":[],"steps":[{"drive":0,"do":"fly"}]}"#,
        "fly",
    );
    check(
        r#"{"v":1,"drives":[],"steps":[{"drive":0,"do":"remove","at":"a/../b"}]}"#,
        "'..'",
    );
    check(
        r#"{"v":1,"drives":[],"steps":[{"drive":0,"do":"remove","at":{"hex":"6"}}]}"#,
        "hexadecimal",
    );
}
