//! The sound volumes that are damaged, and where their structures lie.

use std::ops::Range;

use linksmith_ntfs::Volume;
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::edit::{EditOptions, EditResult, Editor};
use linksmith_ntfs::file::File;
use linksmith_ntfs::format::FormatOptions;
use linksmith_ntfs::journal::MemoryJournal;
use linksmith_ntfs::layout::{attribute_type as ty, well_known};
use linksmith_ntfs::value::Extents;

use super::units;
use crate::crash_edits::junction;
use crate::empty_image::{self, NOW};

/// What a piece of metadata is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A file record in use.
    Record,
    /// A file record not in use.
    FreeRecord,
    /// A block of an index.
    IndexBlock,
    /// `$Bitmap`, `$MFT`'s bitmap, the bitmaps of indexes.
    Bitmap,
    /// `$Secure:$SDS`.
    Security,
    /// `$UpCase`.
    UpCase,
    /// An attribute list in clusters of its own.
    List,
    /// The boot sector.
    Boot,
}

/// A piece of metadata, as it lies on the disk.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) kind: Kind,
    pub(super) range: Range<usize>,
    /// Another copy that a writer always writes along: a record in `$MFTMirr`.
    pub(super) copy: Option<Range<usize>>,
}

/// A sound volume.
pub(super) struct Base {
    pub(super) image: Vec<u8>,
    pub(super) places: Vec<Place>,
}

impl Base {
    /// Clusters smaller than index blocks on a volume with hardly any room, and of one size with them.
    pub(super) fn all() -> Vec<Self> {
        [(1 << 20, 1024), (2 << 20, 4096)]
            .map(|(size, cluster_size)| Self::new(size, cluster_size))
            .into()
    }

    fn new(size: usize, cluster_size: u32) -> Self {
        let options = FormatOptions {
            serial: 7,
            now: NOW,
            cluster_size: Some(cluster_size),
            ..FormatOptions::default()
        };
        let device = empty_image::formatted_as(size, &options);
        let mut editor = Editor::open(&device, NOW, EditOptions::default()).expect("it opens");
        populate(&mut editor).expect("it is populated");
        editor
            .commit(&MemoryJournal::default())
            .expect("it is committed");
        drop(editor);
        let volume = Volume::open(&device).expect("it opens");
        let places = Places::of(&volume);
        let image = device.into_bytes();
        Self { image, places }
    }
}

/// A little of everything that can be edited, with holes where things were removed.
fn populate(e: &mut Editor<&Memory>) -> EditResult<()> {
    let root = e.root()?;
    let file = e.create_file(root, &units("file.txt"), b"contents of the file")?;
    let dir = e.create_dir(root, &units("dir"))?;
    e.link(file, dir, &units("second name of the file"))?;
    e.link(file, root, &units("third name of the file"))?;
    e.create_file(root, &units("large"), &[0x5A; 9000])?;
    e.create_reparse_point(root, &units("junction"), true, &junction(10))?;
    e.create_reparse_point(root, &units("long junction"), true, &junction(600))?;
    e.create_reparse_point(dir, &units("link"), false, &junction(30))?;
    let full = e.create_dir(root, &units("full"))?;
    for i in 0..60 {
        let name = units(&format!("entry number {i:03} of a directory with blocks"));
        e.create_file(full, &name, &[i; 40])?;
    }
    // Free records, room in index blocks, and free clusters between others.
    for i in (0..60).step_by(9) {
        let name = units(&format!("entry number {i:03} of a directory with blocks"));
        e.remove(full, &name)?;
    }
    for i in 0..6 {
        e.create_file(dir, &units(&format!("piece {i}")), &[i; 5000])?;
    }
    for i in [1, 3] {
        e.remove(dir, &units(&format!("piece {i}")))?;
    }
    e.create_file(dir, &units("in pieces"), &[0xA5; 14_000])?;
    // Names that spill into extension records.
    let many = e.create_file(dir, &units("many names"), b"")?;
    for i in 0..24 {
        e.link(many, dir, &units(&format!("many names, number {i:02}")))?;
    }
    let inner = e.create_dir(dir, &units("inner"))?;
    e.create_dir(inner, &units("innermost"))?;
    e.create_dir(root, &units("empty"))?;
    Ok(())
}

/// Gathers places.
struct Places<'v> {
    volume: &'v Volume<&'v Memory>,
    found: Vec<Place>,
}

impl<'v> Places<'v> {
    fn of(volume: &'v Volume<&'v Memory>) -> Vec<Place> {
        let mut places = Self {
            volume,
            found: Vec::new(),
        };
        let (kind, range, copy) = (Kind::Boot, 0..0x54, None);
        places.found.push(Place { kind, range, copy });
        for number in 0..volume.record_count() {
            places.record(number);
        }
        places.found
    }

    fn record(&mut self, number: u64) {
        let size = u64::from(self.volume.geometry().record_size);
        let range = self.piece(self.volume.mft(), number * size, size);
        let Ok(record) = self.volume.record(number) else {
            return;
        };
        let kind = if record.is_in_use() {
            Kind::Record
        } else {
            Kind::FreeRecord
        };
        let mirror = self.extents(well_known::MFT_MIRROR, ty::DATA);
        let copy = ((number + 1) * size <= mirror.data_size)
            .then(|| self.piece(&mirror, number * size, size));
        self.found.push(Place { kind, range, copy });
        if let (true, Ok(file)) = (record.base().is_none(), self.volume.file(number)) {
            self.values(&file);
        }
    }

    fn values(&mut self, file: &File) {
        let blocks = u64::from(self.volume.geometry().index_block_size);
        for attribute in file.attributes() {
            let name: Vec<u16> = attribute.name.iter().map(|unit| unit.get()).collect();
            let (kind, size) = match (attribute.type_code, file.number()) {
                (ty::INDEX_ALLOCATION, _) => (Kind::IndexBlock, blocks),
                (ty::BITMAP, _) | (ty::DATA, well_known::BITMAP) => (Kind::Bitmap, 512),
                (ty::DATA, well_known::SECURE) => (Kind::Security, 512),
                // The letters of most alphabets.
                (ty::DATA, well_known::UPCASE) => (Kind::UpCase, 1024),
                (ty::ATTRIBUTE_LIST, _) => (Kind::List, 512),
                _ => continue,
            };
            let value = self.volume.value(file, attribute.type_code, &name);
            let Some(extents) = value
                .expect("it is sound")
                .and_then(|v| v.extents().cloned())
            else {
                continue;
            };
            let pieces = (extents.data_size / size).min(if kind == Kind::UpCase { 1 } else { 16 });
            for piece in 0..pieces.max(1) {
                let size = size.min(extents.data_size);
                let range = self.piece(&extents, piece * size, size);
                let copy = None;
                self.found.push(Place { kind, range, copy });
            }
        }
    }

    fn extents(&self, number: u64, type_code: u32) -> Extents {
        let file = self.volume.file(number).expect("it is sound");
        let value = self.volume.value(&file, type_code, &[]);
        let value = value.expect("it is sound").expect("it is there");
        value.extents().expect("it is not resident").clone()
    }

    fn piece(&self, extents: &Extents, offset: u64, size: u64) -> Range<usize> {
        let place = extents.locate(self.volume.geometry(), offset);
        let start = place.and_then(|(place, _)| place).expect("no hole") as usize;
        start..start + size as usize
    }
}
