//! The programs that we are measured against, and the tools that make the data.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Wish;
use super::shell::{self, find_tool, line, output};

/// Debian's package of each, for who wants to have it.
const TOOLS: &[(&str, &str)] = &[
    ("gcc", "gcc"),
    ("mkntfs", "ntfs-3g"),
    ("ntfs-3g", "ntfs-3g"),
    ("ntfscat", "ntfs-3g"),
    ("ntfsck", "tools/oracles"),
    ("7zz", "7zip"),
    ("wimlib-imagex", "wimtools"),
    ("find", "findutils"),
    ("fdfind", "fd-find"),
    ("symlinks", "symlinks"),
    ("jdupes", "jdupes"),
    ("hardlink", "util-linux-extra"),
    ("taskset", "util-linux"),
    ("time", "time"),
    ("valgrind", "valgrind"),
    ("perf", "linux-perf"),
];

/// What was found and built.
pub(crate) struct Peers {
    tools: Vec<(&'static str, PathBuf)>,
    missing: Vec<(&'static str, String)>,
    /// linksmith itself, of the release profile.
    pub(crate) linksmith: PathBuf,
}

impl Peers {
    pub(crate) fn find(wish: &Wish) -> Result<Self, String> {
        let cache = &wish.cache;
        let mut peers = Self {
            tools: Vec::new(),
            missing: Vec::new(),
            linksmith: wish.binary.clone().map_or_else(build_linksmith, Ok)?,
        };
        for &(name, package) in TOOLS {
            match oracle(name).or_else(|| find_tool(name)) {
                Some(path) => peers.tools.push((name, path)),
                None => peers
                    .missing
                    .push((name, format!("not on this machine ({package})"))),
            }
        }
        for name in ["ntfsgen", "onelink"] {
            let built = build_c(name, "-I/usr/include/ntfs-3g", "-lntfs-3g", cache)
                .map_err(|_| "libntfs-3g's headers are not here (ntfs-3g-dev)".to_owned());
            peers.add(name, built);
        }
        let built = build_c("walkfloor", "-Wall", "-pthread", cache);
        peers.add("walkfloor", built);
        for (name, program) in [
            ("ntfs-mft", "peer-ntfs-mft"),
            ("rust-fs-ntfs", "peer-rust-fs-ntfs"),
        ] {
            peers.add(program, build_crate(name, cache));
        }
        Ok(peers)
    }

    fn add(&mut self, name: &'static str, built: Result<PathBuf, String>) {
        match built {
            Ok(path) => self.tools.push((name, path)),
            Err(why) => self
                .missing
                .push((name, why.lines().next().unwrap_or_default().to_owned())),
        }
    }

    /// Where a tool is, as text for a command line.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.tools
            .iter()
            .find(|(tool, _)| *tool == name)?
            .1
            .to_str()
    }

    /// What is not there, and why.
    pub(crate) fn missing(&self) -> &[(&'static str, String)] {
        &self.missing
    }

    pub(crate) fn print(&self) {
        for (name, path) in &self.tools {
            println!("{name}: {}", path.display());
        }
        for (name, why) in &self.missing {
            println!("{name}: skipped, {why}");
        }
    }

    /// What version each peer says it is.
    pub(crate) fn versions() -> Vec<(&'static str, String)> {
        let asks: &[(&'static str, &'static str)] = &[
            (
                "libntfs-3g, ntfs-3g, mkntfs",
                "mkntfs -V 2>&1 | grep -o 'v[0-9.]*'",
            ),
            ("7zz", "7zz | grep -o '7-Zip[^:]*'"),
            ("wimlib", "wimlib-imagex --version | grep -o 'wimlib[^)]*'"),
            ("find", "find --version"),
            ("fd", "fdfind --version"),
            ("hardlink", "hardlink --version"),
            ("jdupes", "jdupes --version"),
            ("ntfs-mft (crate)", "echo 0.1.0"),
            ("rust-fs-ntfs (crate)", "echo 0.10.2"),
        ];
        asks.iter().map(|&(name, ask)| (name, line(ask))).collect()
    }
}

/// A tool that `tools/oracles` brought.
fn oracle(name: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("LINKSMITH_TOOLS").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../.tools"));
    let tool = folder.join(name);
    let there = std::fs::symlink_metadata(&tool).is_ok_and(|found| found.is_file());
    there.then_some(tool)
}

pub(crate) fn build_linksmith() -> Result<PathBuf, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut cargo = Command::new(env!("CARGO"));
    output(
        cargo
            .current_dir(&root)
            .args(["build", "--release", "--package", "linksmith-cli"]),
    )?;
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(root.join("target"), PathBuf::from);
    std::path::absolute(target.join("release/linksmith")).map_err(|e| e.to_string())
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers")
        .join(name)
}

fn build_c(name: &str, flag: &str, library: &str, cache: &Path) -> Result<PathBuf, String> {
    let program = cache.join(name);
    let script = "gcc -O2 \"$3\" \"$1\" -o \"$2\" \"$4\"";
    let source = source(&format!("{name}.c"));
    shell::sh(
        script,
        &[&source, &program, flag.as_ref(), library.as_ref()],
    )?;
    Ok(program)
}

fn build_crate(name: &str, cache: &Path) -> Result<PathBuf, String> {
    let target = cache.join("target");
    let mut cargo = Command::new(env!("CARGO"));
    cargo
        .current_dir(source(name))
        .env("CARGO_TARGET_DIR", &target)
        .args(["build", "--release", "--locked"]);
    output(&mut cargo)?;
    Ok(target.join("release").join(format!("peer-{name}")))
}
