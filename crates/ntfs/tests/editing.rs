//! Volumes that mkntfs made, edited, and then read by others.
#![allow(clippy::unwrap_used, reason = "tests")]
#![allow(clippy::disallowed_methods, reason = "images in folders of its own")]

use std::process::Command;

use linksmith_ntfs::Volume;
use linksmith_ntfs::check::findings;
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::edit::{EditError, EditOptions, Editor};
use linksmith_ntfs::format::{FormatOptions, format};
use linksmith_ntfs::journal::MemoryJournal;
use testkit::rng::Rng;
use testkit::suite::{Need, Suite, find_tool};

const NOW: u64 = 134_000_000_000_000_000;

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

/// A symbolic link's reparse data (MS-FSCC 2.1.2.4), relative.
fn symlink(target: &str) -> Vec<u8> {
    let name: Vec<u8> = target.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let n = name.len() as u16;
    let mut out = 0xA000_000Cu32.to_le_bytes().to_vec();
    for word in [12 + 2 * n, 0, 0, n, n, n, 1, 0] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&name);
    out.extend_from_slice(&name);
    out
}

/// A junction's reparse data (MS-FSCC 2.1.2.5).
fn junction(target: &str) -> Vec<u8> {
    let bytes = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let (substitute, print) = (bytes(&format!("\\??\\{target}")), bytes(target));
    let (s, p) = (substitute.len() as u16, print.len() as u16);
    let mut out = 0xA000_0003u32.to_le_bytes().to_vec();
    for word in [12 + s + p, 0, 0, s, s + 2, p] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&substitute);
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&print);
    out.extend_from_slice(&[0, 0]);
    out
}

struct Image {
    folder: tempfile::TempDir,
}

impl Image {
    fn mkntfs(size: &str, args: &[&str]) -> Self {
        let image = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        image.run("truncate", &["-s", size]);
        let mut all = vec!["-F", "-f", "-q"];
        all.extend_from_slice(args);
        image.run("mkntfs", &all);
        image
    }

    /// A volume of our own.
    fn format(size: u64, cluster_size: Option<u32>) -> Self {
        let image = Self {
            folder: tempfile::tempdir().unwrap(),
        };
        let device = Memory::new(vec![0xA5; size as usize]);
        let label = units("Fresh");
        format(
            &device,
            &FormatOptions {
                cluster_size,
                label,
                serial: 0x1234_5678_9ABC_DEF0,
                now: NOW,
            },
        )
        .unwrap();
        std::fs::write(image.path(), device.into_bytes()).unwrap();
        image
    }

    fn path(&self) -> std::path::PathBuf {
        self.folder.path().join("ntfs.img")
    }

    fn run(&self, tool: &str, args: &[&str]) -> String {
        let out = Command::new(find_tool(tool).unwrap())
            .args(args)
            .arg(self.path())
            .output()
            .unwrap();
        let text = String::from_utf8_lossy(&out.stdout).into_owned()
            + &String::from_utf8_lossy(&out.stderr);
        assert!(
            out.status.success(),
            "{tool} {args:?}: {}: {text}",
            out.status
        );
        text
    }

    fn edit<T>(&self, work: impl FnOnce(&mut Editor<&Memory>) -> T) -> T {
        let device = Memory::new(std::fs::read(self.path()).unwrap());
        let mut editor = Editor::open(&device, NOW, EditOptions::default()).unwrap();
        let result = work(&mut editor);
        editor.commit(&MemoryJournal::default()).unwrap();
        drop(editor);
        std::fs::write(self.path(), device.into_bytes()).unwrap();
        result
    }

    /// What four checkers say: nothing.
    fn check(&self) {
        let volume = Volume::open(Memory::new(std::fs::read(self.path()).unwrap())).unwrap();
        let findings = findings(&volume).unwrap();
        let shown: String = findings
            .iter()
            .take(12)
            .map(|f| {
                format!(
                    "
{f:?}"
                )
            })
            .collect();
        assert!(findings.is_empty(), "{} findings:{shown}", findings.len());
        // It reads no clusters above 64 KiB, whoever made the volume.
        let is_small = volume.geometry().cluster_size <= 65536;
        if is_small && find_tool("ntfsck").is_some() {
            self.run("ntfsck", &["-n", "-q"]);
        }
        self.run("ntfsresize", &["-i", "-f", "-P"]);
        self.run("ntfsfix", &["-n"]);
    }
}

fn a_bit_of_everything() {
    let image = Image::mkntfs("64M", &[]);
    image.edit(|e| {
        let root = e.root().unwrap();
        let dir = e.create_dir(root, &units("real_dir")).unwrap();
        let file = e
            .create_file(root, &units("real_file.txt"), b"Hello, links!\r\n")
            .unwrap();
        e.link(file, root, &units("hardlink_file.txt")).unwrap();
        e.create_reparse_point(
            root,
            &units("symlink_file.txt"),
            false,
            &symlink("real_file.txt"),
        )
        .unwrap();
        e.create_reparse_point(
            root,
            &units("junction_dir"),
            true,
            &junction("C:\\real_dir"),
        )
        .unwrap();
        e.create_file(dir, &units("large.bin"), &vec![7; 100_000])
            .unwrap();
        e.create_file(dir, &units("inside.txt"), b"").unwrap();
    });
    image.check();
}

/// Contents in pieces: over several pieces, into clusters in many runs, from a file of the same change.
fn streams() {
    let image = Image::mkntfs("64M", &[]);
    let pattern = |n: usize| -> Vec<u8> { (0..n).map(|i| (i / 7 % 251) as u8).collect() };
    let size = 5_000_001;
    image.edit(|e| {
        let root = e.root().unwrap();
        // Holes of a cluster each, so that what comes next lies in many runs.
        for i in 0..5000 {
            e.create_file(root, &units(&format!("f{i}")), &[1; 4000])
                .unwrap();
        }
    });
    image.edit(|e| {
        let root = e.root().unwrap();
        for i in (0..5000).step_by(2) {
            e.remove(root, &units(&format!("f{i}"))).unwrap();
        }
    });
    image.edit(|e| {
        let root = e.root().unwrap();
        let bytes = pattern(size);
        let whole = &mut bytes.as_slice();
        let made = e
            .create_file_from(root, &units("streamed"), size as u64, whole)
            .unwrap();
        let before = e.memory();
        e.copy_file(made, size as u64, root, &units("copied"))
            .unwrap();
        assert!(e.memory() - before < 1 << 20, "the copy gathered in memory");
    });
    let device = Memory::new(std::fs::read(image.path()).unwrap());
    let mut e = Editor::open(&device, NOW, EditOptions::default()).unwrap();
    let root = e.root().unwrap();
    let short = e.create_file_from(root, &units("short"), 100_000, &mut [9; 70_000].as_slice());
    assert!(matches!(short, Err(EditError::Contents(_))));
    image.check();
    for name in ["streamed", "copied"] {
        let path = image.path();
        let mut seven = Command::new("7zz");
        let args = ["e", "-so", path.to_str().unwrap(), name];
        let read = seven.args(args).output().unwrap();
        assert!(read.stdout == pattern(size), "{name} reads otherwise");
    }
}

fn many_of_everything() {
    let image = Image::mkntfs("256M", &[]);
    image.edit(|e| {
        let root = e.root().unwrap();
        let many = e.create_file(root, &units("many"), b"contents").unwrap();
        for i in 0..1023 {
            e.link(many, root, &units(&format!("name {i} of many")))
                .unwrap();
        }
        assert!(matches!(
            e.link(many, root, &units("one more")),
            Err(EditError::TooManyLinks { names: 1024, .. })
        ));
        let big = e.create_dir(root, &units("big")).unwrap();
        for i in 0..5_000u64 {
            let name = format!("entry {:08} of a directory", i * 48_271 % 5_000);
            if i % 3 == 0 {
                e.create_reparse_point(big, &units(&name), i % 2 == 0, &junction("C:\\real_dir"))
                    .unwrap();
            } else {
                e.create_file(big, &units(&name), &vec![1; (i % 1200) as usize])
                    .unwrap();
            }
        }
    });
    image.check();
    image.edit(|e| {
        let root = e.root().unwrap();
        let big = e.lookup(root, &units("BIG")).unwrap().unwrap().file;
        let mut rng = Rng::new(5);
        let mut numbers: Vec<u64> = (0..5_000).collect();
        for i in (1..numbers.len()).rev() {
            numbers.swap(i, rng.below(i as u64 + 1) as usize);
        }
        for i in &numbers[..4_000] {
            e.remove(big, &units(&format!("entry {i:08} of a directory")))
                .unwrap();
        }
    });
    image.check();
    image.edit(|e| {
        let root = e.root().unwrap();
        let big = e.lookup(root, &units("BIG")).unwrap().unwrap().file;
        for i in 0..5_000 {
            match e.remove(big, &units(&format!("entry {i:08} of a directory"))) {
                Ok(()) | Err(EditError::NotFound { .. }) => {}
                other => panic!("{other:?}"),
            }
        }
        e.remove(root, &units("big")).unwrap();
        for i in 0..1023 {
            e.remove(root, &units(&format!("name {i} of many")))
                .unwrap();
        }
        e.remove(root, &units("many")).unwrap();
    });
    image.check();
}

/// Whatever lay on the device before, and whatever the sizes: nobody finds fault with a fresh volume, nor with one that was used.
fn fresh_volumes() {
    let sizes = [
        (1 << 20, None),
        (3 << 20, Some(1024)),
        (8 << 20, None),
        (40 << 20, Some(65536)),
        (33_333_333, Some(512)),
        (160 << 20, Some(1 << 20)),
    ];
    for (size, cluster) in sizes {
        let image = Image::format(size, cluster);
        image.check();
        image.edit(|e| {
            let root = e.root().unwrap();
            let dir = e.create_dir(root, &units("a directory")).unwrap();
            for i in 0..100 {
                let file = e
                    .create_file(dir, &units(&format!("file number {i}")), &vec![1; i * 9])
                    .unwrap();
                e.link(file, root, &units(&format!("link number {i}")))
                    .unwrap();
            }
            e.create_reparse_point(dir, &units("junction"), true, &junction("C:\\real_dir"))
                .unwrap();
        });
        image.check();
    }
}

/// ntfs-3g fills a volume, we edit it, ntfs-3g edits it again; everybody finds it sound each time.
#[cfg(unix)]
fn hand_in_hand_with_ntfs_3g() {
    for seed in 0..2 {
        testkit::by_turns::edit_by_turns(seed, 2, 150);
    }
}

fn main() {
    let needs = [
        Need::Tool("mkntfs"),
        Need::Tool("ntfsresize"),
        Need::Tool("ntfsfix"),
    ];
    let suite = Suite::new("editing")
        .case("a_bit_of_everything", &needs, a_bit_of_everything)
        .case("fresh_volumes", &needs, fresh_volumes)
        .case("many_of_everything", &needs, many_of_everything)
        .case(
            "streams",
            &[needs.as_slice(), &[Need::Tool("7zz")]].concat(),
            streams,
        );
    #[cfg(unix)]
    let suite = suite.case(
        "hand_in_hand_with_ntfs_3g",
        &testkit::by_turns::NEEDS,
        hand_in_hand_with_ntfs_3g,
    );
    suite.run();
}
