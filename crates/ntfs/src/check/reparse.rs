//! Reparse data, and `$Extend\$Reparse:$R` against them.

use zerocopy::FromBytes;
use zerocopy::little_endian::U16;

use super::columns::{Bits, bit};
use super::{Checker, Code, Finding, Flow, GO_ON, Subject};
use crate::attribute::{Attribute, Body};
use crate::device::Device;
use crate::error::Result;
use crate::file;
use crate::file_ref::FileRef;
use crate::layout::{ReparseHeader, ReparseKey};
use crate::tree::MAX_REPARSE_DATA;

/// `$R`
pub(super) const INDEX: [u16; 2] = [0x24, 0x52];
const MOUNT_POINT: u32 = 0xA000_0003;
const SYMLINK: u32 = 0xA000_000C;
/// Set in tags of Microsoft; others have a GUID after the header.
const MICROSOFT: u32 = 0x8000_0000;

impl<D: Device, V: FnMut(Finding) -> Flow> Checker<'_, D, V> {
    pub(super) fn scan_reparse(&mut self, owner: u64, attribute: &Attribute<'_>) -> Flow {
        self.summary.reparse_points += 1;
        self.columns.set(owner, bit::REPARSE);
        let data = match attribute.body {
            Body::Resident(data) => Ok(data.to_vec()),
            Body::NonResident(_) => self.read_reparse(owner, attribute),
        };
        let data = match data {
            Ok(data) => data,
            Err(error) => return self.tell_error(Code::ReparseData, owner, &error),
        };
        let tag = data.first_chunk().map_or(0, |tag| u32::from_le_bytes(*tag));
        self.columns.put(|c| &mut c.tag, owner, |_| tag);
        match wrong(&data) {
            None => GO_ON,
            Some(words) => self.tell(Code::ReparseData, owner, words),
        }
    }

    fn read_reparse(&self, owner: u64, attribute: &Attribute<'_>) -> Result<Vec<u8>> {
        let geometry = self.volume.geometry();
        let mut extents = file::start(owner, attribute)?;
        file::append(&mut extents, attribute, geometry).map_err(|e| e.in_record(owner))?;
        let extents = file::finish(extents, geometry)?;
        let value = crate::value::Value::NonResident(extents);
        self.volume.read_whole(&value, 4 * MAX_REPARSE_DATA)
    }

    /// Both ways: each entry has a file with this tag, each reparse point has an entry.
    pub(super) fn check_reparse_index(&mut self) -> Flow {
        let mut seen = Bits::new(self.columns.rows());
        let whole = match self.volume.extend_file("$Reparse") {
            Ok(None) => true,
            Ok(Some(file)) => self.walk_index(&file, &INDEX, |checker, entry| {
                checker.check_reparse_key(file.number(), entry.key, &mut seen)
            })?,
            Err(error) => {
                self.tell_volume(Code::IndexDamaged, format!("$Extend\\$Reparse: {error}"))?;
                false
            }
        };
        if !whole {
            return GO_ON;
        }
        for number in 0..self.columns.len() {
            let has = self.columns.is_file(number) && self.columns.has(number, bit::REPARSE);
            if has && !seen.get(self.columns.row(number)) {
                let tag = self.columns.get(|c| &c.tag, number);
                let words = format!("no entry for tag 0x{tag:08x} of this file");
                let file = self.columns.reference(number);
                let subject = Subject::ReparseKey { tag, file };
                self.tell_about(Code::ReparseIndexMissing, number, words, subject)?;
            }
        }
        GO_ON
    }

    pub(super) fn check_reparse_key(&mut self, record: u64, key: &[u8], seen: &mut Bits) -> Flow {
        let Ok(key) = ReparseKey::read_from_bytes(key) else {
            let words = format!("a key of {} bytes, 12 expected", key.len());
            return self.tell(Code::ViewBad, record, words);
        };
        let (tag, file) = (key.tag.get(), FileRef::from_raw(key.file.get()));
        // The key of a record that cannot be read may be right.
        let subject = match self.columns.has(file.number(), bit::UNREADABLE) {
            true => Subject::None,
            false => Subject::ReparseKey { tag, file },
        };
        if !self.columns.is_current(file) || !self.columns.has(file.number(), bit::REPARSE) {
            let words = format!("entry 0x{tag:08x} leads to {}", self.describe(file));
            return self.tell_about(Code::ReparseIndexStale, file.number(), words, subject);
        }
        seen.set(self.columns.row(file.number()));
        let own = self.columns.get(|c| &c.tag, file.number());
        if own != tag {
            let words = format!("the entry has tag 0x{tag:08x}, the file 0x{own:08x}");
            return self.tell_about(Code::ReparseIndexTag, file.number(), words, subject);
        }
        GO_ON
    }
}

/// What is wrong with reparse data (MS-FSCC 2.1.2); the names of links must lie in them.
fn wrong(data: &[u8]) -> Option<String> {
    let Ok((header, rest)) = ReparseHeader::read_from_prefix(data) else {
        return Some(format!("{} bytes, at least 8 expected", data.len()));
    };
    let (tag, length) = (header.tag.get(), usize::from(header.data_length.get()));
    if tag == 0 {
        return Some("its tag is 0".to_owned());
    }
    let guid = if tag & MICROSOFT == 0 { 16 } else { 0 };
    if rest.len() != guid + length {
        let expected = size_of::<ReparseHeader>() + guid + length;
        return Some(format!("{} bytes, {expected} by its header", data.len()));
    }
    if data.len() as u64 > MAX_REPARSE_DATA {
        return Some(format!(
            "{} bytes, {MAX_REPARSE_DATA} are allowed",
            data.len()
        ));
    }
    match tag {
        MOUNT_POINT => wrong_names(rest, 8),
        SYMLINK => wrong_names(rest, 12),
        _ => None,
    }
}

/// The data begin with offset and length of the substitute name, then of the print name, from byte `names` on.
fn wrong_names(data: &[u8], names: usize) -> Option<String> {
    let Ok((fields, _)) = <[U16; 4]>::read_from_prefix(data) else {
        return Some(format!(
            "{} bytes of data, at least {names} expected",
            data.len()
        ));
    };
    let Some(room) = data.len().checked_sub(names) else {
        return Some(format!(
            "{} bytes of data, at least {names} expected",
            data.len()
        ));
    };
    let [substitute_at, substitute, print_at, print] = fields.map(|v| usize::from(v.get()));
    for (what, at, length) in [
        ("substitute", substitute_at, substitute),
        ("print", print_at, print),
    ] {
        if at + length > room || at % 2 != 0 || length % 2 != 0 {
            return Some(format!(
                "the {what} name is at {at}..{} of {room}",
                at + length
            ));
        }
    }
    (substitute == 0).then(|| "the substitute name is empty".to_owned())
}
