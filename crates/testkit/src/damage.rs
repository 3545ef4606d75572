//! An image that is damaged in one place at a time, structures and update sequences kept right around it.

use std::ops::{ControlFlow, Range};

use linksmith_ntfs::device::Memory;
use linksmith_ntfs::file::File;
use linksmith_ntfs::file_name::FileNameView;
use linksmith_ntfs::fixup;
use linksmith_ntfs::index::{Index, IndexEntry, Visit, node};
use linksmith_ntfs::layout::{FILE_SIGNATURE, INDX_SIGNATURE, attribute_type, well_known};
use linksmith_ntfs::tree::I30;
use linksmith_ntfs::value::Extents;
use linksmith_ntfs::{Result, Volume};

/// The bytes of an image, to be damaged.
#[derive(Debug, Clone)]
pub struct Patient {
    /// All of them.
    pub bytes: Vec<u8>,
    volume: std::sync::Arc<Volume<Memory>>,
}

/// Where an index entry is: in which block (none: in the root), and which bytes of the block or of the root's value.
#[derive(Debug, Clone)]
pub struct EntryPlace {
    /// The block's virtual cluster number.
    pub vcn: Option<u64>,
    /// The entry's bytes.
    pub range: Range<usize>,
}

impl Patient {
    /// A healthy image. What is found in it later is found in its healthy state.
    pub fn new(bytes: Vec<u8>) -> Self {
        let volume = Volume::open(Memory::new(bytes.clone())).expect("it is healthy");
        Self {
            bytes,
            volume: std::sync::Arc::new(volume),
        }
    }

    /// The image before the damage.
    pub fn healthy(&self) -> &Volume<Memory> {
        &self.volume
    }

    /// Opens the damaged image.
    pub fn open(&self) -> Result<Volume<Memory>> {
        Volume::open(Memory::new(self.bytes.clone()))
    }

    /// The record number at a path; names joined by `/`.
    pub fn number(&self, path: &str) -> u64 {
        let names: Vec<Vec<u16>> = path
            .split('/')
            .filter(|n| !n.is_empty())
            .map(units)
            .collect();
        self.volume
            .find_path(&names)
            .expect("the path is there")
            .number()
    }

    /// The file of a record.
    pub fn file(&self, number: u64) -> File {
        self.volume.file(number).expect("the record is healthy")
    }

    /// Where a byte of a non-resident value is.
    pub fn place(&self, extents: &Extents, offset: u64) -> usize {
        let (place, _) = extents
            .locate(self.volume.geometry(), offset)
            .expect("within the runs");
        place.expect("no hole") as usize
    }

    /// The mapping of an attribute's value.
    pub fn extents(&self, number: u64, type_code: u32, name: &str) -> Extents {
        let file = self.file(number);
        let value = self
            .volume
            .value(&file, type_code, &units(name))
            .expect("it can be read");
        value
            .expect("it is there")
            .extents()
            .expect("it is not resident")
            .clone()
    }

    /// The bytes of a record in the image.
    pub fn record_range(&self, number: u64) -> Range<usize> {
        let size = u64::from(self.volume.geometry().record_size);
        let start = self.place(self.volume.mft(), number * size);
        start..start + size as usize
    }

    /// Edits a record in memory form. Its copy in `$MFTMirr` is edited as well.
    pub fn record(&mut self, number: u64, edit: impl Fn(&mut [u8])) {
        let size = u64::from(self.volume.geometry().record_size);
        let mut places = vec![self.record_range(number)];
        let mirror = self.extents(well_known::MFT_MIRROR, attribute_type::DATA, "");
        if (number + 1) * size <= mirror.data_size {
            let start = self.place(&mirror, number * size);
            places.push(start..start + size as usize);
        }
        for range in places {
            self.block(range, FILE_SIGNATURE, &edit);
        }
    }

    fn block(&mut self, range: Range<usize>, signature: [u8; 4], edit: impl FnOnce(&mut [u8])) {
        let block = &mut self.bytes[range];
        fixup::undo(block, signature, "block").expect("it is healthy");
        edit(block);
        fixup::redo(block, "block").expect("the update sequence is where it was");
    }

    /// The bytes of the first attribute of a type within its (base) record.
    pub fn attribute(&self, number: u64, type_code: u32) -> Range<usize> {
        let record = self.volume.record(number).expect("the record is healthy");
        let found = record.attributes().map(|a| a.expect("it is healthy"));
        let found = found
            .into_iter()
            .find(|a| a.type_code == type_code)
            .expect("it is there");
        found.offset..found.offset + found.bytes.len()
    }

    /// Edits the bytes of the first attribute of a type.
    pub fn edit_attribute(&mut self, number: u64, type_code: u32, edit: impl Fn(&mut [u8])) {
        let range = self.attribute(number, type_code);
        self.record(number, |record| edit(&mut record[range.clone()]));
    }

    /// Takes the first attribute of a type out of its record.
    pub fn remove_attribute(&mut self, number: u64, type_code: u32) {
        let range = self.attribute(number, type_code);
        self.record(number, |record| {
            let used = u32::from_le_bytes(record[0x18..0x1C].try_into().expect("4 bytes"));
            record.copy_within(range.end..used as usize, range.start);
            let used = used - range.len() as u32;
            record[0x18..0x1C].copy_from_slice(&used.to_le_bytes());
        });
    }

    /// Finds an entry of an index.
    pub fn find_entry(
        &self,
        number: u64,
        index: &str,
        wanted: impl Fn(&IndexEntry<'_>) -> bool,
    ) -> EntryPlace {
        let file = self.file(number);
        let index = Index::open(&self.volume, &file, &units(index)).expect("it can be read");
        let mut found = None;
        let index = index.expect("it is there");
        index
            .walk(|visit| match visit {
                Visit::Entry { vcn, entry } if wanted(&entry) => {
                    let range = entry.offset..entry.offset + entry.bytes.len();
                    found = Some(EntryPlace { vcn, range });
                    ControlFlow::Break(())
                }
                _ => ControlFlow::Continue(()),
            })
            .expect("it can be walked");
        found.expect("the entry is there")
    }

    /// The entry of a name in a directory.
    pub fn name_entry(&self, directory: u64, name: &str) -> EntryPlace {
        let name = units(name);
        self.find_entry(directory, &String::from_utf16_lossy(&I30), |entry| {
            FileNameView::parse(entry.key).is_ok_and(|key| key.to_vec() == name)
        })
    }

    /// Edits the node an entry is in: the block, or the value of the root.
    pub fn node(&mut self, number: u64, index: &str, vcn: Option<u64>, edit: impl Fn(&mut [u8])) {
        let Some(vcn) = vcn else {
            let range = self.attribute(number, attribute_type::INDEX_ROOT);
            return self.record(number, |record| {
                let root = &mut record[range.clone()];
                let value = usize::from(u16::from_le_bytes([root[0x14], root[0x15]]));
                edit(&mut root[value..]);
            });
        };
        let range = self.block_range(number, index, vcn);
        self.block(range, INDX_SIGNATURE, edit);
    }

    /// The bytes of an index block in the image.
    pub fn block_range(&self, number: u64, index: &str, vcn: u64) -> Range<usize> {
        let extents = self.extents(number, attribute_type::INDEX_ALLOCATION, index);
        let size = self.volume.geometry().index_block_size;
        let unit = u64::from(self.volume.geometry().index_vcn_unit(size));
        let start = self.place(&extents, vcn * unit);
        start..start + size as usize
    }

    /// Edits the bytes of an entry.
    pub fn edit_entry(
        &mut self,
        number: u64,
        index: &str,
        place: &EntryPlace,
        edit: impl Fn(&mut [u8]),
    ) {
        let range = place.range.clone();
        self.node(number, index, place.vcn, |node| {
            edit(&mut node[range.clone()]);
        });
    }

    /// Takes an entry out of a node.
    pub fn remove_entry(&mut self, number: u64, index: &str, place: &EntryPlace) {
        let header = if place.vcn.is_some() {
            node::BLOCK_HEADER
        } else {
            node::ROOT_HEADER
        };
        let range = place.range.clone();
        self.node(number, index, place.vcn, |node| {
            let at = header + 4..header + 8;
            let used = u32::from_le_bytes(node[at.clone()].try_into().expect("4 bytes"));
            node.copy_within(range.end..header + used as usize, range.start);
            let used = used - range.len() as u32;
            node[at].copy_from_slice(&used.to_le_bytes());
        });
    }

    /// Flips a bit of a bitmap.
    pub fn flip(&mut self, extents: &Extents, bit: u64) {
        let place = self.place(extents, bit / 8);
        self.bytes[place] ^= 1 << (bit % 8);
    }
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}
