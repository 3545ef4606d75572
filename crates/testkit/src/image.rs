//! Fixture images: made by scripts with mkntfs and ntfs-3g, kept under `target/fixtures` by the hash of their script.
#![allow(
    clippy::disallowed_methods,
    reason = "files of its own under target/ and in a temporary folder"
)]

use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::suite::Need;

/// What a script needs to run.
pub const NEEDS: &[Need] = &[
    Need::Tool("mkntfs"),
    Need::Tool("ntfs-3g"),
    Need::Tool("setfattr"),
    Need::Tool("python3"),
    Need::Root,
    Need::Fuse,
];

/// Every kind of link and every shape of file that ntfs-3g can make.
pub const LINKS: Script = Script {
    name: "links",
    text: include_str!("../fixtures/links.sh"),
    variables: &[],
};

/// A volume whose `$MFT` is spread over extension records.
pub const SCATTERED: Script = Script {
    name: "scattered",
    text: include_str!("../fixtures/scattered.sh"),
    variables: &[],
};

/// A small volume with one of everything, to be damaged.
pub const SMALL: Script = Script {
    name: "small",
    text: include_str!("../fixtures/small.sh"),
    variables: &[],
};

/// What ntfs-3g lets be made, and Windows does not.
pub const DEFECTS: Script = Script {
    name: "defects",
    text: include_str!("../fixtures/defects.sh"),
    variables: &[],
};

/// Sectors, clusters, file records and index blocks of every size that mkntfs makes.
pub const SIZES: &[Script] = &[
    sizes(
        "sizes-s512-c512",
        &[("SIZE", "24M"), ("ARGS", "-s 512 -c 512")],
    ),
    sizes(
        "sizes-s512-c1k",
        &[("SIZE", "24M"), ("ARGS", "-s 512 -c 1024")],
    ),
    sizes(
        "sizes-s512-c8k",
        &[("SIZE", "32M"), ("ARGS", "-s 512 -c 8192")],
    ),
    sizes(
        "sizes-s512-c64k",
        &[("SIZE", "64M"), ("ARGS", "-s 512 -c 65536")],
    ),
    sizes(
        "sizes-s512-c128k",
        &[("SIZE", "128M"), ("ARGS", "-s 512 -c 131072")],
    ),
    sizes(
        "sizes-s512-c2m",
        &[("SIZE", "512M"), ("ARGS", "-s 512 -c 2097152")],
    ),
    sizes(
        "sizes-s1k-c4k",
        &[("SIZE", "24M"), ("ARGS", "-s 1024 -c 4096")],
    ),
    sizes(
        "sizes-s4k-c4k",
        &[("SIZE", "24M"), ("ARGS", "-s 4096 -c 4096")],
    ),
    sizes(
        "sizes-s4k-c64k",
        &[("SIZE", "64M"), ("ARGS", "-s 4096 -c 65536")],
    ),
];

const fn sizes(name: &'static str, variables: &'static [(&'static str, &'static str)]) -> Script {
    Script {
        name,
        text: include_str!("../fixtures/sizes.sh"),
        variables,
    }
}

/// A script that makes an image.
#[derive(Debug, Clone, Copy)]
pub struct Script {
    /// The name of the image.
    pub name: &'static str,
    /// What bash runs: `$IMG` is to be made; `mount_image` mounts it at `$MNT`, `rp` prints reparse data.
    pub text: &'static str,
    /// Variables besides.
    pub variables: &'static [(&'static str, &'static str)],
}

const PROLOGUE: &str = r#"
set -euo pipefail
rp() { python3 "$RP" "$@"; }
unmount() { cd /; if mountpoint -q "$MNT"; then umount "$MNT"; while pgrep -f "ntfs-3g.*$MNT" > /dev/null; do sleep 0.05; done; fi; }
trap unmount EXIT
mount_image() { ntfs-3g -o "${1:-rw}" "$IMG" "$MNT"; }
"#;

impl Script {
    /// The image, made now unless an earlier run made it. Not to be changed: [`copy`](Self::copy) is for that.
    ///
    /// # Panics
    ///
    /// When the script fails, with what it said.
    pub fn image(&self) -> PathBuf {
        let helper = include_str!("../fixtures/rp.py");
        let mut hasher = DefaultHasher::new();
        (PROLOGUE, self.text, self.variables, helper).hash(&mut hasher);
        let folder = fixtures();
        let image = folder.join(format!("{}-{:016x}.img", self.name, hasher.finish()));
        let lock = std::fs::File::create(image.with_extension("lock")).expect("a lock file");
        // Elsewhere there are no tools to make images with, and this is never reached.
        #[cfg(unix)]
        rustix::fs::flock(&lock, rustix::fs::FlockOperation::LockExclusive).expect("the lock");
        #[cfg(not(unix))]
        let _ = &lock;
        if !image.exists() {
            self.make(&image, helper);
        }
        image
    }

    /// The bytes of the image, for a test that damages them.
    pub fn copy(&self) -> Vec<u8> {
        std::fs::read(self.image()).expect("the image can be read")
    }

    fn make(&self, image: &Path, helper: &str) {
        let work = tempfile::tempdir().expect("a temporary folder");
        let mount = work.path().join("mnt");
        std::fs::create_dir(&mount).expect("a mount point");
        let rp = work.path().join("rp.py");
        std::fs::write(&rp, helper).expect("the helper");
        let fresh = image.with_extension("new");
        let _ = std::fs::remove_file(&fresh);
        let made = Command::new("bash")
            .arg("-c")
            .arg(format!("{PROLOGUE}{}", self.text))
            .env("PATH", search_path())
            .env("IMG", &fresh)
            .env("MNT", &mount)
            .env("RP", &rp)
            .envs(self.variables.iter().copied())
            .env("LC_ALL", "C.UTF-8")
            .output()
            .expect("bash runs");
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(
            made.status.success(),
            "{} cannot be made: {said}",
            self.name
        );
        std::fs::rename(&fresh, image).expect("the image takes its name");
    }
}

fn fixtures() -> PathBuf {
    let folder = PathBuf::from(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../target/fixtures"
    ));
    std::fs::create_dir_all(&folder).expect("target/fixtures");
    folder
}

/// mkntfs lies where only root's path leads.
fn search_path() -> String {
    format!(
        "{}:/usr/sbin:/sbin",
        std::env::var("PATH").unwrap_or_default()
    )
}
