//! `$Secure`: descriptors looked up by hash, added where they are new.
//!
//! `$SDS` holds the descriptors in blocks of 256 KiB, each followed by a copy of itself; `$SII` finds them by
//! security id, `$SDH` by hash.

use zerocopy::little_endian::U32;
use zerocopy::{FromBytes, IntoBytes};

use super::Editor;
use super::build::Id;
use super::clusters::write_extents;
use super::descriptor;
use super::error::{EditError, EditResult};
use super::index::{At, Kind};
use super::node::{Key, view_entry};
use crate::change::FastMap;
use crate::device::Device;
use crate::error::{Error, Result};
use crate::layout::{SecurityDescriptorHeader, attribute_type as ty, well_known};
use crate::value::{Extents, Value};

/// Descriptors and their copies alternate in blocks of this size.
const BLOCK: u64 = 0x4_0000;
const HEADER: usize = size_of::<SecurityDescriptorHeader>();
/// Windows' own limit for a descriptor.
const MOST_DESCRIPTOR: u64 = 0x1_0000;
/// `$SDS`
const SDS: Id<'static> = Id::new(ty::DATA, &[0x24, 0x53, 0x44, 0x53]);
/// Ids below this are reserved.
const FIRST_ID: u32 = 0x100;

/// What children inherit, by what their directory has.
#[derive(Debug, Default)]
pub(crate) struct Security {
    by_parent: FastMap<(u32, bool), u32>,
}

impl<D: Device> Editor<D> {
    /// The security id of a new object in `parent`.
    pub(crate) fn inherited_security(&mut self, parent: u64, container: bool) -> EditResult<u32> {
        let id = self
            .standard(parent)?
            .tail
            .map_or(0, |tail| tail.security_id.get());
        if let Some(&known) = self.security.by_parent.get(&(id, container)) {
            return Ok(known);
        }
        let own = match id {
            0 => self.own_descriptor(parent)?,
            id => self.descriptor_of(id)?,
        };
        let inherited = descriptor::inherit(&own, container).map_err(|e| e.in_record(parent))?;
        let found = self.security_id(&inherited)?;
        // Found by its hash: whoever has the id alone must find it, too.
        self.descriptor_of(found)?;
        // A directory with a descriptor of its own shares it with no other.
        if id != 0 {
            self.security.by_parent.insert((id, container), found);
        }
        Ok(found)
    }

    fn own_descriptor(&mut self, base: u64) -> Result<Vec<u8>> {
        let own = self.value_bytes(base, Id::new(ty::SECURITY_DESCRIPTOR, &[]), MOST_DESCRIPTOR)?;
        // Neither an id nor a descriptor: anybody may do anything, as with the root of a new volume.
        Ok(own.unwrap_or_else(descriptor::for_new_root))
    }

    /// The descriptor of a security id.
    fn descriptor_of(&mut self, id: u32) -> EditResult<Vec<u8>> {
        let key = U32::new(id);
        let found = self.with_index(well_known::SECURE, Kind::SecurityId, |editor, index| {
            let (path, found) = editor.search(index, Key::Integers(key.as_bytes()))?;
            let step = path.last().filter(|_| found);
            step.map(|step| {
                index
                    .node(step.at)
                    .and_then(|node| header_of(node.entry(step.entry)))
            })
            .transpose()
            .map_err(EditError::from)
        })?;
        let missing = || {
            Error::damaged("$Secure:$SII", 0, format!("security id {id}"), "none")
                .in_record(well_known::SECURE)
        };
        self.stored_descriptor(&found.ok_or_else(missing)?)
            .map_err(EditError::from)
    }

    fn stored_descriptor(&mut self, header: &SecurityDescriptorHeader) -> Result<Vec<u8>> {
        let sds = self.sds()?;
        let (at, length) = (header.offset.get(), u64::from(header.length.get()));
        if length < HEADER as u64 || length > MOST_DESCRIPTOR {
            let expected = format!("{HEADER} to {MOST_DESCRIPTOR} bytes");
            return Err(
                Error::damaged("$Secure:$SDS", at, expected, length).in_record(well_known::SECURE)
            );
        }
        let mut bytes = vec![0; length as usize];
        sds.read_at(&self.change, &self.geometry, at, &mut bytes)?;
        if bytes[..HEADER] != *header.as_bytes() {
            let actual = "another header";
            return Err(Error::damaged(
                "$Secure:$SDS",
                at,
                "the header that its index has",
                actual,
            )
            .in_record(well_known::SECURE));
        }
        Ok(bytes.split_off(HEADER))
    }

    fn sds(&mut self) -> Result<Extents> {
        match self.value(well_known::SECURE, SDS)? {
            Some(Value::NonResident(extents)) => Ok(extents),
            _ => Err(
                Error::damaged("file record", 0, "a non-resident $SDS", "none")
                    .in_record(well_known::SECURE),
            ),
        }
    }

    /// The id of a descriptor: that of an equal one, or a new one.
    pub(crate) fn security_id(&mut self, bytes: &[u8]) -> EditResult<u32> {
        let hash = descriptor::hash(bytes);
        let low = [U32::new(hash), U32::new(0)];
        let candidates =
            self.with_index(well_known::SECURE, Kind::SecurityHash, |editor, index| {
                let mut found = Vec::new();
                editor.entries_from(index, At::Root, low.as_bytes(), &mut |entry| {
                    let header = header_of(entry)?;
                    let same = header.hash.get() == hash;
                    if same {
                        found.push(header);
                    }
                    Ok(same)
                })?;
                Ok(found)
            })?;
        for header in candidates {
            if self.stored_descriptor(&header)? == bytes {
                return Ok(header.security_id.get());
            }
        }
        self.add_descriptor(hash, bytes)
    }

    fn add_descriptor(&mut self, hash: u32, bytes: &[u8]) -> EditResult<u32> {
        let last = self.with_index(well_known::SECURE, Kind::SecurityId, |editor, index| {
            editor.last_entry(index)
        })?;
        let last = last.map(|entry| header_of(&entry)).transpose()?;
        let id = last.map_or(FIRST_ID, |header| {
            header.security_id.get().saturating_add(1).max(FIRST_ID)
        });
        let length = (HEADER + bytes.len()) as u32;
        let offset = self.append_descriptor(hash, id, bytes)?;
        let header = SecurityDescriptorHeader {
            hash: hash.into(),
            security_id: id.into(),
            offset: offset.into(),
            length: length.into(),
        };
        let by_id = view_entry(U32::new(id).as_bytes(), header.as_bytes(), &[]);
        self.add_view_entry(Kind::SecurityId, U32::new(id).as_bytes(), by_id)?;
        let key = [U32::new(hash), U32::new(id)];
        // Windows fills the last four bytes up with "II" in UTF-16.
        let by_hash = view_entry(key.as_bytes(), header.as_bytes(), &[0x49, 0, 0x49, 0]);
        self.add_view_entry(Kind::SecurityHash, key.as_bytes(), by_hash)?;
        Ok(id)
    }

    fn add_view_entry(&mut self, kind: Kind, key: &[u8], entry: Vec<u8>) -> EditResult<()> {
        self.with_index(well_known::SECURE, kind, |editor, index| {
            let (path, _) = editor.search(index, Key::Integers(key))?;
            editor.insert_entry(index, path, entry)
        })
    }

    /// Writes a descriptor behind the last one, and its copy. Gives its offset.
    fn append_descriptor(&mut self, hash: u32, id: u32, bytes: &[u8]) -> EditResult<u64> {
        let mut sds = self.sds()?;
        let length = (HEADER + bytes.len()) as u64;
        // The value ends with the copy of the last descriptor.
        let end = sds.data_size.saturating_sub(BLOCK).next_multiple_of(16);
        let fits = end % (2 * BLOCK) + length <= BLOCK;
        let offset = if fits {
            end
        } else {
            end.next_multiple_of(2 * BLOCK)
        };
        let header = SecurityDescriptorHeader {
            hash: hash.into(),
            security_id: id.into(),
            offset: offset.into(),
            length: (length as u32).into(),
        };
        let entry = [header.as_bytes(), bytes].concat();
        self.grow_sds(&mut sds, offset + BLOCK + length)?;
        for at in [offset, offset + BLOCK] {
            write_extents(&sds, &self.change, &self.geometry, at, &entry)?;
        }
        self.store_extents(well_known::SECURE, SDS, &sds)?;
        Ok(offset)
    }

    fn grow_sds(&mut self, sds: &mut Extents, size: u64) -> EditResult<()> {
        let cluster = u64::from(self.geometry.cluster_size);
        let (old, there) = (sds.data_size, sds.end_vcn());
        if size > there * cluster {
            self.claim_for(sds, size.div_ceil(cluster) - there)?;
        }
        sds.data_size = sds.data_size.max(size);
        sds.initialized_size = sds.data_size;
        let zeros = vec![0; sds.data_size.saturating_sub(old) as usize];
        write_extents(sds, &self.change, &self.geometry, old, &zeros)?;
        Ok(())
    }
}

/// The data of a `$SII` or `$SDH` entry.
fn header_of(entry: &[u8]) -> Result<SecurityDescriptorHeader> {
    let at = entry
        .get(..2)
        .and_then(|b| b.try_into().ok())
        .map_or(0, u16::from_le_bytes);
    let data = entry.get(usize::from(at)..).unwrap_or_default();
    SecurityDescriptorHeader::read_from_prefix(data)
        .map(|(header, _)| header)
        .map_err(|_| {
            Error::damaged("$Secure index entry", 0, "data of 20 bytes", data.len())
                .in_record(well_known::SECURE)
        })
}
