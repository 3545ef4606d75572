//! Readers that are not ours, for comparison.
#![allow(
    clippy::disallowed_methods,
    reason = "it looks at mounts of its own in temporary folders"
)]

use std::collections::HashMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use crate::listing::{Listing, Seen};
use crate::suite::Need;

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

/// A mount of an image by ntfs-3g that ends with the value.
#[derive(Debug)]
pub struct Mounted {
    folder: tempfile::TempDir,
    driver: Option<Child>,
}

impl Mounted {
    /// Mounts it, read-only.
    ///
    /// # Panics
    ///
    /// When ntfs-3g refuses.
    pub fn new(image: &Path, options: &str) -> Self {
        Self::mount(image, &format!("ro,{options}"))
    }

    /// Mounts it so that it can be changed; [`Mounted::end`] waits until all is written.
    ///
    /// # Panics
    ///
    /// When ntfs-3g refuses.
    pub fn for_writing(image: &Path) -> Self {
        Self::mount(image, "noatime")
    }

    /// The driver stays this process's child, so that its end can be waited for: `umount` comes back before it has
    /// written everything.
    fn mount(image: &Path, options: &str) -> Self {
        let folder = tempfile::tempdir().expect("a mount point");
        let at = folder.path().to_string_lossy().into_owned();
        let mut driver = Command::new(crate::suite::find_tool("ntfs-3g").expect("ntfs-3g"))
            .args(["-o", &format!("no_detach,{options}")])
            .args([image, folder.path()])
            .stderr(Stdio::piped())
            .spawn()
            .expect("ntfs-3g runs");
        let mounts = || std::fs::read_to_string("/proc/self/mounts").expect("the mounts");
        while !mounts().contains(&at) {
            if driver.try_wait().expect("a child").is_some() {
                panic!("{} cannot be mounted: {}", image.display(), said(driver));
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        Self {
            folder,
            driver: Some(driver),
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Unmounts it, and waits until the driver has written everything and ended.
    ///
    /// # Panics
    ///
    /// When it cannot be unmounted, or the driver ends badly.
    pub fn end(mut self) {
        assert!(self.unmount(), "{} stays mounted", self.path().display());
    }

    fn unmount(&mut self) -> bool {
        let Some(mut driver) = self.driver.take() else {
            return true;
        };
        let unmounted = Command::new("umount").arg(self.folder.path()).status();
        unmounted.is_ok_and(|status| status.success())
            && driver.wait().is_ok_and(|status| status.success())
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        self.unmount();
    }
}

fn said(driver: Child) -> String {
    let output = driver.wait_with_output().expect("a child");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The number of free clusters, as the driver's statfs tells them.
///
/// # Panics
///
/// Where there is no ntfs-3g to ask.
pub fn ntfs_3g_free_clusters(image: &Path) -> u64 {
    let mounted = Mounted::new(image, "noatime");
    #[cfg(unix)]
    return rustix::fs::statvfs(mounted.path())
        .expect("statvfs")
        .f_bfree;
    #[cfg(not(unix))]
    panic!("no statvfs for {}", mounted.path().display());
}

/// `7zz l -slt`: names, record numbers, names of a file (8.3 names not counted), sizes, which are reparse points.
///
/// It opens no volume whose sectors are not of 512 bytes, nor one whose `$MFT` is spread over extension records: `None`.
pub fn seven_zip(image: &Path) -> Option<Listing> {
    let (opened, text) = run("7zz", &["l", "-slt", "-sccUTF-8", &image.to_string_lossy()]);
    if !opened {
        return None;
    }
    let entries = text
        .split_once("\n----------\n")
        .map_or("", |(_, entries)| entries);
    let mut listing = Listing::new();
    for block in entries.split("\n\n") {
        let fields: HashMap<&str, &str> = block
            .lines()
            .filter_map(|line| line.split_once(" = ").or(line.split_once(" =")))
            .collect();
        let field = |name: &str| fields.get(name).copied().unwrap_or_default();
        let path = field("Path");
        let stream = field("Alternate Stream") == "+";
        if path.is_empty() || path.starts_with('[') || stream || field("Deleted") == "+" {
            continue;
        }
        let directory = field("Folder") == "+";
        let seen = Seen {
            record: field("iNode").parse().ok(),
            directory: Some(directory),
            names: Some(field("Links").parse().unwrap_or(1)),
            size: field("Size").parse().ok().filter(|_| !directory),
            is_reparse: Some(field("Attributes").contains('L')),
            ..Seen::default()
        };
        listing.insert(format!("/{path}"), seen);
    }
    Some(listing)
}

/// `fls -r -p`: names, record numbers, and which are directories.
///
/// It opens no volume with clusters above 64 KiB: `None`.
pub fn sleuthkit(image: &Path) -> Option<Listing> {
    let (opened, text) = run("fls", &["-r", "-p", &image.to_string_lossy()]);
    if !opened {
        return None;
    }
    let mut listing = Listing::new();
    for line in text.lines() {
        // r/r 73-128-2:	deep/leaf.txt
        let Some((head, path)) = line.split_once(":\t") else {
            continue;
        };
        let Some((kind, id)) = head.split_once(' ') else {
            continue;
        };
        let record = id.split('-').next().and_then(|number| number.parse().ok());
        // The system's own, what it found by carving, and alternate streams.
        if path.starts_with('$') || path.contains(':') || id.starts_with('*') {
            continue;
        }
        let directory = Some(kind.ends_with('d'));
        listing.insert(
            format!("/{path}"),
            Seen {
                record,
                directory,
                ..Seen::default()
            },
        );
    }
    Some(listing)
}

/// A mount by ntfs-3g: names, record numbers, link counts (8.3 names counted), sizes, and reparse data byte for byte.
pub fn ntfs_3g(image: &Path) -> Option<Listing> {
    let mounted = Mounted::new(image, "noatime,streams_interface=none");
    let mut listing = Listing::new();
    let mut waiting = vec![(mounted.path().to_owned(), String::new())];
    while let Some((folder, path)) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).expect("the folder can be listed") {
            let entry = entry.expect("an entry");
            let path = format!("{path}/{}", entry.file_name().to_string_lossy());
            let seen = seen_by_ntfs_3g(&entry.path());
            if seen.directory == Some(true) && seen.is_reparse == Some(false) {
                waiting.push((entry.path(), path.clone()));
            }
            listing.insert(path, seen);
        }
    }
    Some(listing)
}

fn seen_by_ntfs_3g(path: &Path) -> Seen {
    use std::os::unix::fs::MetadataExt;

    let metadata = std::fs::symlink_metadata(path).expect("lstat");
    let mut data = vec![0; 20_000];
    let got = rustix::fs::lgetxattr(path, "system.ntfs_reparse_data", data.as_mut_slice());
    let reparse = match got {
        Ok(length) => {
            data.truncate(length);
            Some(data)
        }
        Err(rustix::io::Errno::NODATA) => None,
        Err(error) => panic!("{}: {error}", path.display()),
    };
    // Its symbolic links are reparse points, and Interix files that say what no record does.
    let link = metadata.file_type().is_symlink();
    Seen {
        record: Some(metadata.ino()),
        directory: (!link).then_some(metadata.is_dir()),
        // Of directories it always says 1.
        link_count: (!metadata.is_dir()).then(|| metadata.nlink() as u32),
        size: metadata.is_file().then_some(metadata.len()),
        is_reparse: Some(reparse.is_some()),
        reparse: Some(reparse),
        ..Seen::default()
    }
}

/// `wimlib-imagex capture`: names, which are directories or reparse points, names of a file, sizes. It reads by way of
/// libntfs-3g and gives a volume up at the first reparse data that it does not like.
pub fn wimlib(image: &Path) -> Option<Listing> {
    let folder = tempfile::tempdir().expect("a folder");
    let archive = folder.path().join("captured.wim").display().to_string();
    let image = image.display().to_string();
    let capture = [
        "capture",
        &image,
        &archive,
        "--norpfix",
        "--compress=none",
        "--no-acls",
        "--quiet",
    ];
    let (captured, _) = run("wimlib-imagex", &capture);
    if !captured {
        return None;
    }
    let (_, text) = run("wimlib-imagex", &["dir", &archive, "1", "--detailed"]);
    let entries = text.split("----\nFull Path").skip(1);
    let mut listing: Listing = entries.filter_map(captured_by_wimlib).collect();
    listing.remove("/");
    Some(listing)
}

fn captured_by_wimlib(block: &str) -> Option<(String, Seen)> {
    let mut fields = HashMap::new();
    let lines = block.lines().skip(1);
    for (name, value) in lines.filter_map(|line| line.split_once('=')) {
        // The first of each: the unnamed stream stands before the others.
        fields.entry(name.trim()).or_insert(value.trim());
    }
    let path = block
        .lines()
        .next()?
        .trim_start_matches([' ', '='])
        .trim_matches('"');
    let attributes = fields.get("Attributes")?.trim_start_matches("0x");
    let attributes = u32::from_str_radix(attributes, 16).ok()?;
    let (directory, reparse) = (attributes & 0x10 != 0, attributes & 0x400 != 0);
    let size = fields.get("Uncompressed size");
    let size = size.and_then(|size| size.split(' ').next()?.parse().ok());
    let names = fields
        .get("Link Count")
        .and_then(|count| count.parse().ok());
    let seen = Seen {
        directory: Some(directory),
        // The names of one link it counts as links of their own.
        names: names.filter(|_| !reparse),
        size: size.filter(|_| !directory && !reparse),
        is_reparse: Some(reparse),
        ..Seen::default()
    };
    Some((path.to_owned(), seen))
}

/// dissect.ntfs, as `tools/oracles` unpacks it.
pub const DISSECT: Need = Need::Probe(|| {
    let works = dissect_python().is_some();
    if works {
        Ok(())
    } else {
        Err("dissect.ntfs is not there (tools/oracles brings it)".into())
    }
});

fn dissect_python() -> Option<PathBuf> {
    let own = crate::suite::tools_dir().join("dissect/bin/python");
    let works = |python: &PathBuf| {
        let import = Command::new(python)
            .args(["-c", "import dissect.ntfs"])
            .output();
        import.is_ok_and(|out| out.status.success())
    };
    [Some(own), crate::suite::find_tool("python3")]
        .into_iter()
        .flatten()
        .find(works)
}

/// dissect.ntfs by its records: paths, names, link counts, sizes, reparse data byte for byte.
pub fn dissect(image: &Path) -> Option<Listing> {
    let python = dissect_python().expect("dissect.ntfs");
    let mut script = tempfile::NamedTempFile::new().expect("a temporary file");
    script
        .write_all(include_bytes!("../fixtures/list_by_dissect.py"))
        .expect("the script");
    let out = Command::new(python)
        .arg(script.path())
        .arg(image)
        .output()
        .expect("python runs");
    assert!(
        out.status.success(),
        "{}",
        String::from_utf8_lossy(&out.stderr)
    );
    let text = String::from_utf8_lossy(&out.stdout);
    let mut listing = Listing::new();
    for line in text.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let [path, record, directory, names, links, size, data] = fields[..] else {
            panic!("not a line of it: {line}");
        };
        // The system's own files stand at the root, and what they hold below.
        if path.starts_with('$') || path == "." {
            continue;
        }
        let reparse = (data != "-").then(|| unhex(data));
        let seen = Seen {
            record: record.parse().ok(),
            directory: Some(directory == "1"),
            names: names.parse().ok(),
            link_count: links.parse().ok(),
            size: size.parse().ok(),
            is_reparse: Some(reparse.is_some()),
            reparse: Some(reparse),
        };
        listing.insert(format!("/{path}"), seen);
    }
    Some(listing)
}

fn unhex(text: &str) -> Vec<u8> {
    let pairs = text.as_bytes().chunks_exact(2);
    let byte = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).unwrap_or("x"), 16);
    pairs
        .map(|pair| byte(pair).expect("hexadecimal digits"))
        .collect()
}
