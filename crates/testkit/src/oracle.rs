//! Readers that are not ours, for comparison.
#![allow(
    clippy::disallowed_methods,
    reason = "it looks at mounts of its own in temporary folders"
)]

use std::path::Path;
use std::process::Command;

/// Runs a program to its end and gives what it wrote.
///
/// # Panics
///
/// When it cannot be run; its exit code is the caller's to judge.
pub fn run(program: &str, args: &[&str]) -> (bool, String) {
    let path = crate::suite::find_tool(program).expect("the tool is there");
    let out = Command::new(path)
        .args(args)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("it runs");
    (
        out.status.success(),
        String::from_utf8_lossy(&out.stdout).into_owned(),
    )
}

/// A mount of an image by ntfs-3g, read-only, that ends with the value.
#[derive(Debug)]
pub struct Mounted {
    folder: tempfile::TempDir,
}

impl Mounted {
    /// Mounts it.
    ///
    /// # Panics
    ///
    /// When ntfs-3g refuses.
    pub fn new(image: &Path, options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a mount point");
        let mounted = Command::new(crate::suite::find_tool("ntfs-3g").expect("ntfs-3g"))
            .args(["-o", &format!("ro,{options}")])
            .args([image, folder.path()])
            .output()
            .expect("ntfs-3g runs");
        let said = String::from_utf8_lossy(&mounted.stderr);
        assert!(
            mounted.status.success(),
            "{} cannot be mounted: {said}",
            image.display()
        );
        Self { folder }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.folder.path()).output();
    }
}

/// The number of free clusters, as the driver's statfs tells them.
pub fn ntfs_3g_free_clusters(image: &Path) -> u64 {
    let mounted = Mounted::new(image, "noatime");
    let told = rustix::fs::statvfs(mounted.path()).expect("statvfs");
    told.f_bfree
}
