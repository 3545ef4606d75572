//! What every volume must do, done by NTFS behind ntfs-3g, which gives reparse data as they are.
//!
//! Slow by nature: the kernel takes a second to see what became a link.

fn main() {
    #[cfg(target_os = "linux")]
    linux::main();
}

#[cfg(target_os = "linux")]
mod linux {
    use std::process::Command;
    use std::sync::Arc;

    use linksmith::entry::LinkText;
    use linksmith::path::EntryPath;
    use linksmith::plan::Step;
    use linksmith::resolve::{End, resolve};
    use linksmith::volume::image::ImageVolume;
    use linksmith::volume::posix::PosixVolume;
    use linksmith::volume::{Cause, Drives, Volume};
    use testkit::conformance::{self, Fresh};
    use testkit::suite::{Need, Suite, find_tool};

    pub(super) fn main() {
        let suite = Suite::new("ntfs_3g");
        let needs = [
            Need::Tool("mkntfs"),
            Need::Tool("ntfs-3g"),
            Need::Fuse,
            Need::Root,
        ];
        let missing = needs.into_iter().find_map(Need::missing);
        match missing.map_or_else(Mount::new, Err) {
            Ok(mount) => {
                let mount = Arc::new(mount);
                let own = Arc::clone(&mount);
                let suite = suite.case("a_rooted_target_starts_at_the_mount", &[], move || {
                    rooted(&own);
                });
                let own = Arc::clone(&mount);
                let suite = suite.case(
                    "a_mounted_image_is_not_changed_beside_the_mount",
                    &[],
                    move || {
                        left_alone(&own);
                    },
                );
                conformance::add_but(suite, "ntfs_3g", move || fresh(&mount), fault).run()
            }
            Err(why) => suite.case_unless("ntfs_3g", Some(why), || ()).run(),
        }
    }

    /// `\x` means the volume that is mounted, also in a tree that begins above it.
    fn rooted(mount: &Mount) {
        let volume = PosixVolume::at(mount.dir.path()).expect("a volume");
        let at = |text: &str| EntryPath::parse(text).expect("a path");
        let text = |target| LinkText::Reparse(conformance::symlink(target, target, true));
        let link = |name, target| Step::MakeLink {
            at: at(name),
            link: text(target),
            dir: false,
        };
        let contents = b"x".to_vec();
        let file = at("mnt/rooted file");
        volume
            .apply(&[
                Step::MakeFile { at: file, contents },
                link("mnt/rooted link", r"\rooted file"),
                link("mnt/relative link", r"..\mnt\rooted link"),
            ])
            .expect("links");
        let drives = Drives::posix(Arc::new(volume), &EntryPath::root());
        for name in ["mnt/rooted link", "mnt/relative link"] {
            let place = drives.locate(name.as_ref()).expect("a place");
            let end = resolve(&drives, &place).end;
            let End::Found { place, .. } = end else {
                panic!("{name}: {end}");
            };
            assert_eq!(drives.display(&place), "/mnt/rooted file");
        }
    }

    /// ntfs-3g holds no lock while it has an image mounted, and would not see what is written to the file.
    fn left_alone(mount: &Mount) {
        let image = mount.dir.path().join("image");
        let refused = ImageVolume::open_to_change(&image, None).expect_err("it is mounted");
        assert!(matches!(refused.cause, Cause::InUse), "{refused}");
        ImageVolume::open(&image, None).expect("it can be looked at");
    }

    /// POSIX names are any bytes; those of NTFS are not, however they are reached.
    fn fault(case: &str) -> Option<String> {
        (case == "bytes_that_are_not_unicode_are_kept").then(|| "NTFS keeps UTF-16".to_owned())
    }

    /// One mount for all cases, each in a directory of its own; it ends with the last case.
    struct Mount {
        dir: tempfile::TempDir,
    }

    impl Mount {
        fn new() -> Result<Self, String> {
            let dir = tempfile::tempdir().map_err(|e| e.to_string())?;
            let (image, at) = (dir.path().join("image"), dir.path().join("mnt"));
            let file = std::fs::File::create_new(&image).map_err(|e| e.to_string())?;
            file.set_len(128 << 20).map_err(|e| e.to_string())?;
            std::fs::create_dir(&at).map_err(|e| e.to_string())?;
            run("mkntfs", |tool| tool.arg("-qF").arg(&image))?;
            run("ntfs-3g", |tool| tool.arg(&image).arg(&at))?;
            Ok(Self { dir })
        }
    }

    fn run(tool: &str, args: impl FnOnce(&mut Command) -> &mut Command) -> Result<(), String> {
        let path = find_tool(tool).ok_or_else(|| format!("{tool} is not installed"))?;
        let out = args(&mut Command::new(path))
            .output()
            .map_err(|e| e.to_string())?;
        if out.status.success() {
            return Ok(());
        }
        let said = String::from_utf8_lossy(&out.stderr);
        Err(format!("{tool} failed: {}", said.trim()))
    }

    impl Drop for Mount {
        fn drop(&mut self) {
            let at = self.dir.path().join("mnt");
            let _ = Command::new("umount").arg(at).status();
        }
    }

    fn fresh(mount: &Arc<Mount>) -> Fresh {
        let dir = tempfile::tempdir_in(mount.dir.path().join("mnt")).expect("a directory");
        let volume = PosixVolume::at(dir.path()).expect("a volume");
        Fresh {
            volume: Arc::new(volume),
            // The directory goes with the image.
            guard: Box::new((dir.keep(), Arc::clone(mount))),
        }
    }
}
