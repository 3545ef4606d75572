//! Editing a volume: every change gathers in memory and reaches the device whole, through the journal.
//!
//! An [`Editor`] works on a [`Change`] over the device. Its verbs find out first whether they can be done, and
//! touch nothing where they cannot; [`Editor::commit`] brings everything since the last commit to the device.

mod attribute_list;
mod attributes;
mod bitmap;
pub(crate) mod build;
mod clusters;
mod contents;
mod copy;
mod create;
mod delete;
pub(crate) mod descriptor;
mod error;
pub(crate) mod index;
pub(crate) mod link;
mod list;
mod metadata;
mod names;
pub(crate) mod node;
mod own;
pub(crate) mod record_edit;
mod records;
mod rename;
mod reparse;
mod seal;
mod security;
mod values;

pub use error::{EditError, EditResult};
pub use metadata::NewTimes;
pub use names::Found;

use crate::boot::Geometry;
use crate::change::{Change, FastMap};
use crate::check::touched::{self, Touched};
use crate::collate::UpCase;
use crate::device::Device;
use crate::error::{Error, Refusal, Result};
use crate::file_ref::FileRef;
use crate::journal::{self, CommitReport, JournalStore};
use crate::layout::{attribute_type as ty, well_known};
use crate::value::{Extents, Value};
use crate::volume::Volume;

use bitmap::Bitmap;
use build::Id;
use clusters::Clusters;
use index::{Index, Kind};
use link::Counted;
use list::Lists;
use records::Cached;
use security::Security;

/// The most names that Windows gives a file.
pub const MOST_NAMES: usize = 1024;
/// The most bytes of reparse data, header included (MS-FSCC 2.1.2).
pub const MOST_REPARSE_DATA: usize = 16 * 1024;
/// Beyond this many bytes of cached nodes and records, a commit drops them all.
const CACHE_LIMIT: usize = 96 << 20;

/// Edits a volume.
#[derive(Debug)]
pub struct Editor<D> {
    pub(crate) change: Change<D>,
    pub(crate) geometry: Geometry,
    upcase: UpCase,
    /// The time that edits leave, in units of 100 ns since 1601.
    now: u64,
    /// `$MFT`'s data, its allocation counted, its sizes as of the last seal.
    mft: Extents,
    mirror: Extents,
    mft_bitmap: Bitmap,
    mft_bitmap_extents: Extents,
    /// Records that `$MFT` has, those not yet formatted included.
    record_count: u64,
    /// Records that are on the device or in the change.
    formatted_records: u64,
    /// No record for files before this one is free.
    next_record: u64,
    records: FastMap<u64, Cached>,
    lists: Lists,
    /// The names of files that have an attribute list.
    counted: FastMap<u64, Counted>,
    indexes: FastMap<(u64, Kind), Box<Index>>,
    pub(crate) clusters: Clusters,
    security: Security,
    /// Directories whose entries changed: their times follow when the change is sealed.
    pub(crate) touched: FastMap<u64, ()>,
    /// Files whose data moved into clusters to make room: their entries follow as well.
    moved_out: FastMap<u64, ()>,
    /// The record of `$Extend\$Reparse` and of `$Extend\$ObjId`, once looked up.
    reparse_index: Option<u64>,
    object_ids: Option<Option<u64>>,
    spoiled: bool,
    /// What was sealed since the last commit.
    sealed: Touched,
}

/// What to put up with when a volume is opened for editing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EditOptions {
    /// Edit a volume whose dirty flag is set; it stays set.
    pub allow_dirty: bool,
}

impl<D: Device> Editor<D> {
    /// Opens the volume on `device` for editing. `now` is the time that edits leave, in units of 100 ns since 1601.
    ///
    /// A journal that lies beside the volume must be recovered first.
    ///
    /// # Errors
    /// [`Error::Refused`] where a change could destroy something: see [`Refusal`].
    pub fn open(device: D, now: u64, options: EditOptions) -> EditResult<Self> {
        Self::of_change(Change::new(device), now, options)
    }

    /// The same with what is written in `change` already.
    pub(crate) fn of_change(change: Change<D>, now: u64, options: EditOptions) -> EditResult<Self> {
        let volume = Volume::open(&change)?;
        Self::check_health(&volume, options)?;
        let (geometry, upcase, mft) = (
            *volume.geometry(),
            volume.upcase().clone(),
            volume.mft().clone(),
        );
        drop(volume);
        Self::over(change, geometry, upcase, mft, now).map_err(EditError::from)
    }

    /// The same for a volume that is open for reading over the same bytes; spares reading its tables again.
    pub fn beside<E: Device>(
        device: D,
        volume: &Volume<E>,
        now: u64,
        options: EditOptions,
    ) -> EditResult<Self> {
        Self::check_health(volume, options)?;
        let (geometry, upcase) = (*volume.geometry(), volume.upcase().clone());
        let mft = volume.mft().clone();
        Self::over(Change::new(device), geometry, upcase, mft, now).map_err(EditError::from)
    }

    fn check_health<E: Device>(volume: &Volume<E>, options: EditOptions) -> Result<()> {
        let refusals = volume.health().refusals();
        let stays = |refusal: &Refusal| !(options.allow_dirty && matches!(refusal, Refusal::Dirty));
        match refusals.into_iter().find(stays) {
            Some(refusal) => Err(Error::Refused(refusal)),
            None => Ok(()),
        }
    }

    pub(crate) fn over(
        change: Change<D>,
        geometry: Geometry,
        upcase: UpCase,
        mft: Extents,
        now: u64,
    ) -> Result<Self> {
        let record_count =
            mft.initialized_size.min(mft.data_size) / u64::from(geometry.record_size);
        let mft_end = mft
            .runs
            .last()
            .and_then(|run| run.lcn.map(|lcn| lcn + run.length))
            .unwrap_or(0);
        let mut editor = Self {
            change,
            geometry,
            upcase,
            now,
            mft,
            mirror: Extents::default(),
            mft_bitmap: Bitmap::new(record_count, "$MFT bitmap"),
            mft_bitmap_extents: Extents::default(),
            record_count,
            formatted_records: record_count,
            next_record: records::FIRST_FOR_FILES,
            records: FastMap::default(),
            lists: Lists::default(),
            counted: FastMap::default(),
            indexes: FastMap::default(),
            clusters: Clusters::none(),
            security: Security::default(),
            touched: FastMap::default(),
            moved_out: FastMap::default(),
            reparse_index: None,
            object_ids: None,
            spoiled: false,
            sealed: Touched::default(),
        };
        editor.mirror = editor.system_extents(well_known::MFT_MIRROR, ty::DATA)?;
        editor.mft_bitmap_extents = editor.system_extents(well_known::MFT, ty::BITMAP)?;
        let bitmap = editor.system_extents(well_known::BITMAP, ty::DATA)?;
        editor.clusters = Clusters::new(bitmap, &geometry, mft_end)?;
        Ok(editor)
    }

    fn system_extents(&mut self, base: u64, type_code: u32) -> Result<Extents> {
        match self.value(base, Id::new(type_code, &[]))? {
            Some(Value::NonResident(extents)) => Ok(extents),
            _ => Err(
                Error::damaged("file record", 0, "a non-resident value", "none").in_record(base),
            ),
        }
    }

    /// The device as it will be once what was sealed is committed.
    pub fn change(&self) -> &Change<D> {
        &self.change
    }

    /// Sizes and places of the volume.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Sets the time that edits leave from now on, in units of 100 ns since 1601.
    pub fn set_now(&mut self, now: u64) {
        self.now = now;
    }

    /// Bytes of memory that uncommitted edits and caches take: commit when it is too much.
    pub fn memory(&self) -> usize {
        let record = self.geometry.record_size as usize + 96;
        let nodes: usize = self.indexes.values().map(|index| index.memory()).sum();
        self.change.memory() + self.records.len() * record + self.lists.memory() + nodes
    }

    /// File records that the volume has room for, those it grew by counted.
    pub fn record_count(&self) -> u64 {
        self.record_count
    }

    /// The tag of a file's reparse data, if it has any.
    pub fn tag(&mut self, file: FileRef) -> EditResult<Option<u32>> {
        self.base(file)?;
        self.reparse_tag(file.number()).map_err(EditError::from)
    }

    /// The bytes of a file's unnamed data.
    pub fn size(&mut self, file: FileRef) -> EditResult<u64> {
        self.base(file)?;
        Ok(self.summary(file.number())?.size)
    }

    /// When a file's contents were last written, in units of 100 ns since 1601.
    pub fn modified(&mut self, file: FileRef) -> EditResult<u64> {
        self.base(file)?;
        Ok(self.summary(file.number())?.times[1])
    }

    /// Whether a directory has no entry.
    pub fn is_empty(&mut self, directory: FileRef) -> EditResult<bool> {
        self.base(directory)?;
        self.is_empty_directory(directory)
    }

    /// The root directory.
    pub fn root(&mut self) -> EditResult<FileRef> {
        Ok(self.record(well_known::ROOT)?.reference())
    }

    /// Brings everything since the last commit to the device, whole or not at all, through the journal in `store`.
    /// What was touched is held to the rules of [`check`](crate::check) first.
    ///
    /// # Errors
    /// [`EditError::Unsound`] where the volume would break a rule; nothing was written then.
    /// [`EditError::Journal`] tells on which side of the commit point it failed. After an error the editor is
    /// good for nothing: open the volume again.
    pub fn commit(&mut self, store: &dyn JournalStore) -> EditResult<CommitReport> {
        self.seal()?;
        self.spoiled = true;
        self.check_touched()?;
        self.commit_sealed(store)
    }

    fn check_touched(&self) -> EditResult<()> {
        if self.change.is_empty() {
            return Ok(());
        }
        let (geometry, upcase) = (self.geometry, &self.upcase);
        let before = Volume::beside(self.change.base(), geometry, upcase.clone())?;
        let after = Volume::beside(&self.change, geometry, upcase.clone())?;
        match touched::first_wrong(&before, &after, &self.sealed)? {
            None => Ok(()),
            Some(finding) => Err(EditError::Unsound(Box::new(finding))),
        }
    }

    /// The same for what was sealed and checked.
    pub(crate) fn commit_sealed(&mut self, store: &dyn JournalStore) -> EditResult<CommitReport> {
        let marks = self.dirty_marks()?;
        self.spoiled = true;
        let report = journal::commit(&self.change, store, &marks)?;
        self.spoiled = false;
        self.sealed = Touched::default();
        self.change.clear();
        self.clusters.committed();
        if self.memory() > CACHE_LIMIT {
            self.records.clear();
            self.lists = Lists::default();
            self.counted.clear();
            self.indexes.clear();
        }
        Ok(report)
    }

    /// Runs the part of an edit that changes things. Where it fails half-way, nothing of the change is good any more.
    pub(crate) fn mutate<T>(
        &mut self,
        work: impl FnOnce(&mut Self) -> EditResult<T>,
    ) -> EditResult<T> {
        if self.spoiled {
            return Err(EditError::Spoiled);
        }
        self.spoiled = true;
        let result = work(self)?;
        self.spoiled = false;
        Ok(result)
    }
}
