//! Tests that need what may not be there: reported as ignored with the reason, never as passed.
//!
//! The built-in harness knows a test's fate only when it is compiled, so a test binary with such tests
//! has `harness = false` and a `main` of this shape:
//!
//! ```no_run
//! use testkit::suite::{Need, Suite};
//!
//! fn seven_zip_lists_the_same() {}
//!
//! fn main() {
//!     Suite::new("oracles")
//!         .case("seven_zip_lists_the_same", &[Need::Tool("7zz")], seven_zip_lists_the_same)
//!         .run();
//! }
//! ```
//!
//! The output is that of `cargo test`, filters and `--list` included; a case whose needs are not met is
//! `ignored`, its reason stands in brackets before the name and in the closing lines.

use std::io::Write;
use std::path::PathBuf;

use libtest_mimic::{Arguments, Failed, Trial};

/// Something outside the project that a test needs.
#[derive(Clone, Copy)]
pub enum Need {
    /// A program on `PATH` (or in the folder that [`tools_dir`] names).
    Tool(&'static str),
    /// The rights of root.
    Root,
    /// `/dev/fuse` that can be opened.
    Fuse,
    /// Anything else: `Err` says what is missing.
    Probe(fn() -> Result<(), String>),
}

impl Need {
    /// What is missing, in words.
    pub fn missing(self) -> Option<String> {
        match self {
            Self::Tool(name) => find_tool(name)
                .is_none()
                .then(|| format!("{name} is not installed")),
            Self::Root => (!is_root()).then(|| "it needs root".to_owned()),
            Self::Fuse => std::fs::OpenOptions::new()
                .read(true)
                .write(true)
                .open("/dev/fuse")
                .err()
                .map(|e| format!("/dev/fuse cannot be opened: {e}")),
            Self::Probe(probe) => probe().err(),
        }
    }
}

/// Where `./test` unpacks tools that are not installed system-wide: `.tools` at the workspace's root,
/// or what `LINKSMITH_TOOLS` says.
pub fn tools_dir() -> PathBuf {
    std::env::var_os("LINKSMITH_TOOLS").map_or_else(
        || PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../.tools")),
        PathBuf::from,
    )
}

/// The program called `name`: in [`tools_dir`] first, then on `PATH`, then where root's programs lie.
pub fn find_tool(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let tools = tools_dir();
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    [tools.clone(), tools.join("bin")]
        .into_iter()
        .chain(std::env::split_paths(&path))
        .chain(["/usr/sbin".into(), "/sbin".into()])
        .map(|dir| dir.join(&name))
        .find(|file| std::fs::File::open(file).is_ok())
}

/// Whether this process has the rights of root.
pub fn is_root() -> bool {
    std::process::Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|out| out.stdout.trim_ascii() == b"0")
}

/// Cases of one test binary.
pub struct Suite {
    name: &'static str,
    trials: Vec<Trial>,
    skipped: Vec<String>,
}

impl Suite {
    /// An empty suite, named as its file is.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            trials: Vec::new(),
            skipped: Vec::new(),
        }
    }

    /// Adds a case; it fails by panicking, as any test.
    #[must_use]
    pub fn case(
        mut self,
        name: &str,
        needs: &[Need],
        test: impl FnOnce() + Send + 'static,
    ) -> Self {
        let missing = needs.iter().find_map(|need| need.missing());
        self.push(name, missing, test);
        self
    }

    /// Adds a case whose reason for being skipped, if there is one, was found out already.
    #[must_use]
    pub fn case_unless(
        mut self,
        name: &str,
        missing: Option<String>,
        test: impl FnOnce() + Send + 'static,
    ) -> Self {
        self.push(name, missing, test);
        self
    }

    fn push(&mut self, name: &str, missing: Option<String>, test: impl FnOnce() + Send + 'static) {
        let trial = Trial::test(name, move || run_case(test));
        self.trials.push(match missing {
            None => trial,
            Some(why) => {
                self.skipped.push(format!("{}::{name}: {why}", self.name));
                trial.with_kind(why).with_ignored_flag(true)
            }
        });
    }

    /// Runs the cases as the command line says, prints what was skipped and why, and exits.
    pub fn run(self) -> ! {
        let args = Arguments::from_args();
        let quiet = args.list;
        let conclusion = libtest_mimic::run(&args, self.trials);
        if !quiet {
            for line in &self.skipped {
                let _ = writeln!(std::io::stdout(), "skipped: {line}");
            }
        }
        conclusion.exit()
    }
}

fn run_case(test: impl FnOnce()) -> Result<(), Failed> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)).map_err(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Failed::from(text.unwrap_or("panicked"))
    })
}
