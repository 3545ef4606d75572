use super::*;
use crate::plan::Step;
use crate::volume::memory::MemoryVolume;

#[test]
fn the_reference_volume_can_do_all_of_windows() {
    let memory = MemoryVolume::ntfs();
    let trial = try_features(&memory, &EntryPath::root()).expect("a trial");
    let wanted = Caps::HARD_LINK | Caps::SYMLINK | Caps::JUNCTION | Caps::REPARSE;
    assert_eq!(trial.caps, wanted, "{:?}", trial.findings);
    assert_eq!(trial.left_behind, None);
    let left = crate::volume::list(&memory, &EntryPath::root()).expect("a listing");
    assert!(left.is_empty(), "{left:?}");
}

#[test]
fn names_left_are_counted() {
    let memory = MemoryVolume::ntfs();
    let at = EntryPath::parse("f").expect("a path");
    memory
        .apply(&[Step::MakeFile {
            at: at.clone(),
            contents: Vec::new(),
        }])
        .expect("a file");
    let finding = names_left(&memory, &at).expect("a file");
    assert_eq!(finding.state, State::Good);
    assert!(finding.found.contains("1023 more"), "{}", finding.found);
    let folder = names_left(&memory, &EntryPath::root()).expect("a folder");
    assert_eq!(folder.state, State::Fact);
    assert!(folder.found.contains("1024 names"), "{}", folder.found);
}

#[test]
fn a_folder_below_a_cloud_services_is_told() {
    let memory = MemoryVolume::ntfs();
    let path = |text: &str| EntryPath::parse(text).expect("a path");
    let data = [&0x9000_601Au32.to_le_bytes()[..], &[4, 0, 0, 0, 1, 2, 3, 4]].concat();
    let point = crate::reparse::ReparsePoint::from_bytes(data).expect("reparse data");
    memory
        .apply(&[
            Step::MakeDir { at: path("kept") },
            Step::SetReparse {
                at: path("kept"),
                data: point,
            },
            Step::MakeDir {
                at: path("kept/below"),
            },
            Step::MakeDir { at: path("own") },
        ])
        .expect("folders");
    let told = |at: &str| {
        volume(&memory, &path(at))
            .into_iter()
            .find(|f| f.key == "cloud")
    };
    assert!(told("kept/below").is_some_and(|f| f.state == State::Limited && f.advice.is_some()));
    assert_eq!(told("own"), None);
}

#[cfg(unix)]
#[test]
fn a_folder_of_this_machine_holds_hard_and_soft_links() {
    let dir = tempfile::tempdir().expect("a folder");
    let volume = crate::volume::posix::PosixVolume::at(dir.path()).expect("a volume");
    let trial = try_features(&volume, &EntryPath::root()).expect("a trial");
    assert_eq!(
        trial.caps,
        Caps::HARD_LINK | Caps::POSIX_SYMLINK,
        "{:?}",
        trial.findings
    );
    assert_eq!(trial.left_behind, None);
}
