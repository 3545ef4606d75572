//! The data: NTFS images filled through libntfs-3g, and a tree of the host's own file system.

use std::cell::RefCell;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use super::Wish;
use super::peers::Peers;
use super::shell::{is_root, sh};

/// Made when a race asks for it, and kept for the next run.
pub(crate) struct Data<'a> {
    cache: &'a Path,
    peers: &'a Peers,
    /// One for the full size, ten for a quick run.
    pub(crate) part: usize,
    mounts: RefCell<Vec<PathBuf>>,
}

/// Reparse points of every image, whatever its files: what grows is what is not asked for.
const REPARSE: usize = 20_000;

impl<'a> Data<'a> {
    pub(crate) fn new(wish: &'a Wish, peers: &'a Peers) -> Self {
        Self {
            cache: &wish.cache,
            peers,
            part: if wish.quick { 10 } else { 1 },
            mounts: RefCell::default(),
        }
    }

    /// A path in the cache.
    pub(crate) fn file(&self, name: &str) -> PathBuf {
        self.cache.join(name)
    }

    /// The files of the large image.
    pub(crate) fn files(&self) -> usize {
        1_000_000 / self.part
    }

    /// Reparse points of each image.
    pub(crate) fn reparse(&self) -> usize {
        REPARSE / self.part
    }

    /// A volume of 16 GiB, sparse, with so many files: a directory to 20, a second name for each tenth, an 8.3
    /// name for each tenth, and the same reparse points in all.
    pub(crate) fn image(&self, files: usize) -> Result<PathBuf, String> {
        let image = self.file(&format!("files-{files}-{}.img", self.reparse()));
        let ntfsgen = self
            .peers
            .get("ntfsgen")
            .ok_or("ntfsgen could not be built")?;
        if std::fs::symlink_metadata(&image).is_err() {
            eprintln!("bench: making {}", image.display());
            let script = format!(
                "rm -f \"$1.new\"; truncate -s 16G \"$1.new\"; mkntfs -F -f -q \"$1.new\" >&2 2>/dev/null
                 {ntfsgen} \"$1.new\" --dirs {} --files {files} --links {} --reparse {} --dos 10 >&2
                 mv \"$1.new\" \"$1\"",
                files / 20,
                files / 10,
                self.reparse(),
            );
            sh(&script, &[&image])?;
        }
        Ok(image)
    }

    /// The bytes of an image's `$MFT` in a file of their own, for `cat`.
    pub(crate) fn mft(image: &Path) -> Result<PathBuf, String> {
        let file = image.with_extension("mft");
        if std::fs::symlink_metadata(&file).is_err() {
            sh(
                "ntfscat -f -i 0 \"$1\" > \"$2.new\" && mv \"$2.new\" \"$2\"",
                &[image, &file],
            )?;
        }
        Ok(file)
    }

    /// An empty volume, to be copied for each run.
    pub(crate) fn empty(&self, size: &str) -> Result<PathBuf, String> {
        let image = self.file(&format!("empty-{size}.img"));
        let script =
            "rm -f \"$1\"; truncate -s \"$2\" \"$1\"; mkntfs -F -f -q \"$1\" >&2 2>/dev/null";
        sh(script, &[&image, Path::new(size)])?;
        Ok(image)
    }

    /// An image mounted by ntfs-3g, read-only, until the benchmark ends.
    pub(crate) fn mount(&self, image: &Path) -> Result<PathBuf, String> {
        if !is_root() || self.peers.get("ntfs-3g").is_none() {
            return Err("mounting needs root and ntfs-3g".to_owned());
        }
        let point = image.with_extension("mnt");
        if !self.mounts.borrow().contains(&point) {
            sh(
                "mkdir -p \"$2\"; ntfs-3g -o ro \"$1\" \"$2\"",
                &[image, &point],
            )?;
            self.mounts.borrow_mut().push(point.clone());
        }
        Ok(point)
    }

    /// Unmounts everything.
    pub(crate) fn unmount(&self) {
        for point in self.mounts.take() {
            // The driver ends a little after the mount does, and has the image open until then.
            let script = "umount \"$1\"; for _ in $(seq 50); do fuser -s \"$2\" 2>/dev/null || break; sleep 0.1; done";
            if let Err(why) = sh(script, &[&point, &point.with_extension("img")]) {
                eprintln!("bench: {why}");
            }
        }
    }

    /// A tree of the host: 4 % directories, 2 % symbolic links, and a second name for a file in every other
    /// directory.
    pub(crate) fn tree(&self) -> Result<PathBuf, String> {
        let entries = self.files();
        let tree = self.file(&format!("tree-{entries}"));
        if std::fs::symlink_metadata(&tree).is_err() {
            eprintln!("bench: making {}", tree.display());
            let fresh = tree.with_extension("new");
            sh("rm -rf \"$1\"", &[&fresh])?;
            grow(&fresh, entries).map_err(|e| format!("{}: {e}", fresh.display()))?;
            sh("mv \"$1\" \"$2\"", &[&fresh, &tree])?;
        }
        Ok(tree)
    }
}

impl Drop for Data<'_> {
    fn drop(&mut self) {
        self.unmount();
    }
}

fn grow(tree: &Path, entries: usize) -> std::io::Result<()> {
    let directories = entries / 25;
    for i in 0..directories {
        let dir = tree.join(format!("g{:03}/d{i:05}", i / 250));
        std::fs::create_dir_all(&dir)?;
        for k in 0..23 {
            std::fs::File::create(dir.join(format!("file{k:02}.txt")))?;
        }
        if i % 2 == 0 {
            symlink(
                format!("../d{:05}/file00.txt", (i + 1) % directories),
                dir.join("sym"),
            )?;
            std::fs::hard_link(dir.join("file00.txt"), dir.join("hard"))?;
        }
    }
    Ok(())
}
