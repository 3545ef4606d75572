//! Reparse data that Wine and Samba keep in extended attributes.

use testkit::suite::Suite;

fn main() {
    let suite = Suite::new("foreign");
    #[cfg(target_os = "linux")]
    let suite = linux::add(suite);
    suite.run();
}

#[cfg(target_os = "linux")]
#[allow(clippy::disallowed_methods, reason = "folders of its own")]
mod linux {
    use std::path::Path;
    use std::sync::Arc;

    use linksmith::LinkText;
    use linksmith::foreign::{Foreign, Form, Means};
    use linksmith::path::{EntryPath, TargetPath};
    use linksmith::reparse::ReparsePoint;
    use linksmith::resolve::Status;
    use linksmith::volume::posix::PosixVolume;
    use linksmith::volume::{Drives, Place, Volume};
    use testkit::suite::{Need, Suite};

    const WINE: &str = "user.WINEREPARSE";
    const SAMBA: &str = "user.SmbReparse";

    pub(super) fn add(suite: Suite) -> Suite {
        let needs = &[Need::Probe(attributes)];
        suite
            .case("wine", needs, wine)
            .case("samba", needs, samba)
            .case("what is none", needs, none)
    }

    fn attributes() -> Result<(), String> {
        let folder = tempfile::tempdir().map_err(|e| e.to_string())?;
        set(folder.path(), "user.linksmith", b"x").map_err(|e| format!("extended attributes: {e}"))
    }

    fn set(path: &Path, name: &str, value: &[u8]) -> rustix::io::Result<()> {
        rustix::fs::setxattr(path, name, value, rustix::fs::XattrFlags::empty())
    }

    fn at(path: &str) -> EntryPath {
        EntryPath::parse(path).expect("a path")
    }

    fn of(volume: &PosixVolume, path: &str) -> Option<Foreign> {
        let entry = volume.entry(&at(path)).expect("it is there");
        Foreign::of(volume, &at(path), &entry).expect("it can be read")
    }

    /// A directory `Current?` that is a junction to Wine, and a relative link beside it.
    fn wine() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        std::fs::create_dir_all(root.join("app/1.0")).expect("a folder");
        let target = TargetPath::parse(r"C:\app\1.0");
        let junction = ReparsePoint::junction(&target).expect("it encodes");
        std::fs::create_dir(root.join("app/Current?")).expect("a folder");
        set(&root.join("app/Current?"), WINE, junction.as_bytes()).expect("it is set");
        let soft = ReparsePoint::symlink(&TargetPath::parse(r"app\1.0")).expect("it encodes");
        std::fs::create_dir(root.join("soft?")).expect("a folder");
        set(&root.join("soft?"), WINE, soft.as_bytes()).expect("it is set");

        let volume = PosixVolume::at(root).expect("it opens");
        let expected = |point: &ReparsePoint| Foreign {
            form: Form::Wine,
            means: Means::Link(LinkText::Reparse(point.clone())),
        };
        assert_eq!(of(&volume, "app/Current?"), Some(expected(&junction)));
        assert_eq!(of(&volume, "soft?"), Some(expected(&soft)));

        // No drive has the letter; what stands beside it is found.
        let drives = Drives::posix(
            Arc::new(PosixVolume::at(root).expect("it opens")),
            &EntryPath::root(),
        );
        let status = |path: &str| {
            let place = Place {
                drive: drives.ids()[0],
                path: at(path),
            };
            let foreign = of(&volume, path).expect("a link");
            foreign
                .resolve(&drives, &place, true)
                .expect("a link")
                .end
                .status()
        };
        assert_eq!(status("app/Current?"), Status::Unreachable);
        assert_eq!(status("soft?"), Status::Ok);
    }

    fn samba() {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("link");
        std::fs::write(&file, "").expect("a file");
        let link = ReparsePoint::wsl_symlink(b"../a").expect("it encodes");
        set(&file, SAMBA, link.as_bytes()).expect("it is set");
        let volume = PosixVolume::at(folder.path()).expect("it opens");
        let expected = Foreign {
            form: Form::Samba,
            means: Means::Link(LinkText::Reparse(link)),
        };
        assert_eq!(of(&volume, "link"), Some(expected));
    }

    fn none() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path();
        std::fs::create_dir(root.join("plain?")).expect("a folder");
        // Wine looks only at names that end so.
        std::fs::create_dir(root.join("other")).expect("a folder");
        let target = TargetPath::parse(r"C:\a");
        let junction = ReparsePoint::junction(&target).expect("it encodes");
        set(&root.join("other"), WINE, junction.as_bytes()).expect("it is set");
        std::fs::write(root.join("file"), "text of some length").expect("a file");
        std::fs::write(root.join("spoilt"), "").expect("a file");
        set(&root.join("spoilt"), SAMBA, b"no reparse data").expect("it is set");
        let volume = PosixVolume::at(root).expect("it opens");
        for path in ["plain?", "other", "file", "spoilt"] {
            assert_eq!(of(&volume, path), None, "{path}");
        }
    }
}
