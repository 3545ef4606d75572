//! Every link of a volume without going through its directories.
//!
//! Two roads lead to a [`Catalog`]. The `$MFT` road reads all of `$MFT` in large blocks, decodes them on
//! several threads, and keeps the directories and what was asked for; it costs about as much as reading
//! `$MFT` does. The `$R` road reads `$Extend\$Reparse:$R`, the records that it names and the directories
//! above those; it costs what the reparse points cost, however many other files there are, and finds
//! nothing else.
//!
//! Both find files by what records say (`$FILE_NAME` and its parent reference), where a walk goes by the
//! indexes of directories. On a sound volume that is the same; where the two differ, `check` tells.

mod batch;
mod catalog;
mod columns;
mod decode;
mod mft;
mod reparse_index;

pub use catalog::{Catalog, Directory, Scanned, ScannedName};

/// What a scan is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Ask {
    /// Files and directories with reparse data.
    pub reparse_points: bool,
    /// Files with more than one name, 8.3 names not counted.
    pub hard_links: bool,
    /// At most so many threads; 0 is one for each processor.
    pub threads: usize,
}

impl Ask {
    fn threads(self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            n => n,
        }
    }
}
