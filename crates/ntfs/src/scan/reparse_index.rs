//! The `$R` road.

use std::collections::HashSet;
use std::ops::ControlFlow;

use super::columns::Columns;
use super::decode::Taken;
use super::{Ask, Catalog, batch};
use crate::device::Device;
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::layout::well_known;
use crate::tree::MAX_PATH_NAMES;
use crate::volume::Volume;

/// Entries that a thread should have to be worth starting.
const SHARE: usize = 512;

impl<D: Device> Volume<D> {
    /// Finds every reparse point by `$Extend\$Reparse:$R`, the records it names and the directories above.
    ///
    /// A record of `$R` whose file is gone or has no reparse data is among the [`Catalog::failures`]: the
    /// index is stale there. Reparse points that `$R` lacks are not found; `check` finds both.
    ///
    /// # Errors
    ///
    /// Where `$R` cannot be read, or `$MFT` claims more records than the device has room for.
    pub fn scan_reparse_index(&self, ask: Ask) -> Result<Catalog> {
        let records = batch::record_count(self)?;
        let ask = Ask {
            reparse_points: true,
            hard_links: false,
            ..ask
        };
        let mut columns = Columns::default();
        let mut links = Vec::new();
        self.reparse_points(|entry| {
            match entry {
                Ok((_, file)) => links.push(file),
                Err(error) => columns.failures.push(error),
            }
            ControlFlow::Continue(())
        })?;
        links.sort_unstable_by_key(|link| link.place());
        links.dedup();
        columns.append(self.take_sorted(&links, ask));
        report_stale(&links, &mut columns);
        self.take_directories(&mut columns, ask);
        Ok(Catalog::new([columns], records as usize))
    }

    /// Takes the directories above all names, level by level: each is read once, in the order of `$MFT`.
    fn take_directories(&self, columns: &mut Columns, ask: Ask) {
        let only_directories = Ask {
            reparse_points: false,
            hard_links: false,
            ..ask
        };
        let mut known: HashSet<FileRef> = columns
            .directories
            .iter()
            .map(|row| row.reference)
            .collect();
        let mut parents: Vec<FileRef> = columns.names.iter().map(|name| name.parent).collect();
        parents.extend(columns.directories.iter().map(|row| row.name.parent));
        for _ in 0..MAX_PATH_NAMES {
            parents.sort_unstable_by_key(|parent| parent.place());
            parents.dedup();
            parents.retain(|at| at.number() != well_known::ROOT && known.insert(*at));
            if parents.is_empty() {
                return;
            }
            let above = self.take_sorted(&parents, only_directories);
            parents = above
                .directories
                .iter()
                .map(|row| row.name.parent)
                .collect();
            columns.append(above);
        }
    }

    /// Takes the files of these references, which are sorted, on several threads if they are many.
    fn take_sorted(&self, files: &[FileRef], ask: Ask) -> Columns {
        let threads = ask.threads().min(files.len() / SHARE).max(1);
        let parts: Vec<&[FileRef]> = files.chunks(files.len().div_ceil(threads).max(1)).collect();
        let next = std::sync::atomic::AtomicUsize::new(0);
        let work = || {
            let at = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            let part = parts.get(at).copied().unwrap_or_default();
            self.take_part(part, ask)
        };
        let mut all = Columns::default();
        batch::on_threads(parts.len().max(1), work)
            .into_iter()
            .for_each(|columns| all.append(columns));
        all
    }

    fn take_part(&self, files: &[FileRef], ask: Ask) -> Columns {
        let mut columns = Columns::default();
        let mut elsewhere = Vec::new();
        let numbers: Vec<u64> = files.iter().map(|file| file.number()).collect();
        let mut wanted = files.iter();
        batch::read_sorted(self, &numbers, |number, record| {
            let Some(&file) = wanted.next() else { return };
            match record {
                Ok(Some(record)) if record.reference() == file => {
                    if columns.take(&record, ask) == Taken::Elsewhere {
                        elsewhere.push(number);
                    }
                }
                Ok(_) => {} // told by who asked for it
                Err(error) => columns.failures.push(error),
            }
        });
        let alone = Ask { threads: 1, ..ask };
        columns.append(batch::take_files(self, &elsewhere, alone));
        columns
    }
}

/// Tells of the entries of `$R` that led to no reparse point.
fn report_stale(links: &[FileRef], columns: &mut Columns) {
    let found: HashSet<FileRef> = columns.files.iter().map(|row| row.reference).collect();
    let failed = !columns.failures.is_empty();
    for &link in links.iter().filter(|link| !found.contains(link)) {
        // What could not be read was told already.
        if !failed {
            let what = format!("the reparse point of record {link}, which $R has,");
            columns.failures.push(Error::NotFound { what });
        }
    }
}
