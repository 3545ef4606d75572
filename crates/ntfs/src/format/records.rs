//! The records of the volume's own files.

use std::ops::Range;

use zerocopy::{FromZeros, IntoBytes};

use super::layout::Plan;
use super::{FormatOptions, tables};
use crate::edit::build::{self, Id, Sizes};
use crate::edit::descriptor;
use crate::edit::index::Kind;
use crate::edit::node::{Node, view_entry};
use crate::edit::record_edit::{EditRecord, OwnRecord};
use crate::error::{Error, Result};
use crate::file_ref::FileRef;
use crate::layout::{
    FileName, IndexRootHeader, StandardInformation, StandardInformationTail, VolumeInformation,
    attribute_type as ty, collation, file_attributes, namespace, record_flags, well_known,
};
use crate::record::Record;
use crate::runs::{self, Run};

/// Security ids of the volume's own files and of the root.
const SYSTEM_SECURITY: u32 = 0x100;
const ROOT_SECURITY: u32 = 0x101;

/// Files of `$Extend`, in records that Windows uses for them.
const QUOTA: u64 = 24;
const OBJECT_IDS: u64 = 25;
const REPARSE: u64 = 26;

const NAMES: [(u64, u64, &str); 15] = [
    (well_known::MFT, well_known::ROOT, "$MFT"),
    (well_known::MFT_MIRROR, well_known::ROOT, "$MFTMirr"),
    (well_known::LOG_FILE, well_known::ROOT, "$LogFile"),
    (well_known::VOLUME, well_known::ROOT, "$Volume"),
    (well_known::ATTR_DEF, well_known::ROOT, "$AttrDef"),
    (well_known::ROOT, well_known::ROOT, "."),
    (well_known::BITMAP, well_known::ROOT, "$Bitmap"),
    (well_known::BOOT, well_known::ROOT, "$Boot"),
    (well_known::BAD_CLUSTERS, well_known::ROOT, "$BadClus"),
    (well_known::SECURE, well_known::ROOT, "$Secure"),
    (well_known::UPCASE, well_known::ROOT, "$UpCase"),
    (well_known::EXTEND, well_known::ROOT, "$Extend"),
    (QUOTA, well_known::EXTEND, "$Quota"),
    (OBJECT_IDS, well_known::EXTEND, "$ObjId"),
    (REPARSE, well_known::EXTEND, "$Reparse"),
];

/// Every name that a new volume has: record, directory, name.
pub(super) fn names() -> impl Iterator<Item = (u64, u64, Vec<u16>)> {
    NAMES
        .iter()
        .map(|&(number, parent, name)| (number, parent, name.encode_utf16().collect()))
}

/// The descriptors of a new volume, and the ids that they are to get.
pub(super) fn descriptors() -> [(Vec<u8>, u32); 2] {
    [
        (descriptor::for_system_file(), SYSTEM_SECURITY),
        (descriptor::for_new_root(), ROOT_SECURITY),
    ]
}

/// The sequence number of a record: its own number in the first 24, as everywhere.
pub(super) fn sequence(number: u64) -> u16 {
    if (1..well_known::FIRST_USER).contains(&number) {
        number as u16
    } else {
        1
    }
}

/// `$MFT`'s bitmap: 0 to 15, and the files of `$Extend`.
pub(super) fn mft_bitmap(records: u64) -> Vec<u8> {
    let mut bitmap = vec![0; records as usize / 8];
    bitmap[..4].copy_from_slice(&[0xFF, 0xFF, 0, 0b111]);
    bitmap
}

/// All records, in memory form.
pub(super) fn system_records(plan: &Plan, options: &FormatOptions) -> Result<Vec<Vec<u8>>> {
    (0..plan.records)
        .map(|number| {
            let maker = Maker::new(plan, options, number)?;
            maker
                .make()
                .map(|record| record.into_bytes().into_vec())
                .map_err(|e| e.in_record(number))
        })
        .collect()
}

struct Maker<'a> {
    plan: &'a Plan,
    options: &'a FormatOptions,
    number: u64,
    record: OwnRecord,
}

impl<'a> Maker<'a> {
    fn new(plan: &'a Plan, options: &'a FormatOptions, number: u64) -> Result<Self> {
        let in_use = matches!(number, 0..=15 | QUOTA..=REPARSE);
        let flags = match number {
            _ if !in_use => 0,
            well_known::ROOT | well_known::EXTEND => record_flags::IN_USE | record_flags::DIRECTORY,
            well_known::SECURE => record_flags::IN_USE | record_flags::VIEW_INDEX,
            QUOTA..=REPARSE => {
                record_flags::IN_USE | record_flags::EXTEND | record_flags::VIEW_INDEX
            }
            _ => record_flags::IN_USE,
        };
        let size = plan.geometry.record_size as usize;
        let bytes = build::record(number, sequence(number), size, flags, None);
        let record = Record::new(number, bytes.into_boxed_slice())?;
        Ok(Self {
            plan,
            options,
            number,
            record,
        })
    }

    fn make(mut self) -> Result<OwnRecord> {
        if !self.record.is_in_use() {
            return Ok(self.record);
        }
        self.standard_information()?;
        self.file_name()?;
        let plan = self.plan;
        let unit = u64::from(plan.geometry.cluster_size);
        match self.number {
            well_known::MFT => {
                self.clusters(
                    ty::DATA,
                    &plan.mft,
                    plan.records * u64::from(plan.geometry.record_size),
                )?;
                self.clusters(
                    ty::BITMAP,
                    &plan.mft_bitmap,
                    mft_bitmap(plan.records).len() as u64,
                )?;
            }
            well_known::MFT_MIRROR => self.clusters(ty::DATA, &plan.mirror, plan.mirror_size())?,
            well_known::LOG_FILE => {
                self.clusters(ty::DATA, &plan.log, (plan.log.end - plan.log.start) * unit)?;
            }
            well_known::VOLUME => self.volume()?,
            well_known::ATTR_DEF => {
                let size = tables::attribute_definitions().len() as u64;
                self.clusters(ty::DATA, &plan.attribute_definitions, size)?;
            }
            well_known::ROOT | well_known::EXTEND => self.index(Kind::Names)?,
            well_known::BITMAP => self.clusters(ty::DATA, &plan.bitmap, plan.bitmap_size())?,
            well_known::BOOT => self.clusters(
                ty::DATA,
                &plan.boot,
                (plan.boot.end - plan.boot.start) * unit,
            )?,
            well_known::BAD_CLUSTERS => self.bad_clusters()?,
            well_known::SECURE => self.secure()?,
            well_known::UPCASE => self.clusters(ty::DATA, &plan.upcase, 0x2_0000)?,
            QUOTA => self.quota()?,
            OBJECT_IDS => self.index(Kind::ObjectId)?,
            REPARSE => self.index(Kind::Reparse)?,
            _ => self.put(&build::resident(Id::new(ty::DATA, &[]), 0, &[]))?,
        }
        Ok(self.record)
    }

    fn put(&mut self, attribute: &[u8]) -> Result<()> {
        match self.record.insert_attribute(attribute)? {
            Some(_) => Ok(()),
            None => Err(Error::damaged(
                "file record",
                0,
                "room for the volume's own attributes",
                "none",
            )),
        }
    }

    fn attributes(&self) -> u32 {
        let hidden = file_attributes::HIDDEN | file_attributes::SYSTEM;
        match self.number {
            well_known::SECURE => hidden | file_attributes::VIEW_INDEX,
            QUOTA..=REPARSE => hidden | file_attributes::ARCHIVE | file_attributes::VIEW_INDEX,
            _ => hidden,
        }
    }

    fn standard_information(&mut self) -> Result<()> {
        let now = self.options.now;
        let mut base = StandardInformation::new_zeroed();
        base.created = now.into();
        base.modified = now.into();
        base.record_modified = now.into();
        base.accessed = now.into();
        base.file_attributes = self.attributes().into();
        let mut tail = StandardInformationTail::new_zeroed();
        let is_root = self.number == well_known::ROOT;
        tail.security_id = if is_root {
            ROOT_SECURITY
        } else {
            SYSTEM_SECURITY
        }
        .into();
        let value = [base.as_bytes(), tail.as_bytes()].concat();
        self.put(&build::resident(
            Id::new(ty::STANDARD_INFORMATION, &[]),
            0,
            &value,
        ))
    }

    fn file_name(&mut self) -> Result<()> {
        let Some((_, parent, name)) = names().find(|(number, _, _)| *number == self.number) else {
            return Ok(());
        };
        let now = self.options.now;
        let mut head = FileName::new_zeroed();
        head.parent = FileRef::new(parent, sequence(parent)).raw().into();
        head.created = now.into();
        head.modified = now.into();
        head.record_modified = now.into();
        head.accessed = now.into();
        let directory = if self.record.is_directory() {
            file_attributes::DIRECTORY
        } else {
            0
        };
        head.file_attributes = (self.attributes() | directory).into();
        head.name_length = name.len() as u8;
        head.namespace = namespace::WIN32_AND_DOS;
        let units: Vec<u8> = name.into_iter().flat_map(u16::to_le_bytes).collect();
        let value = [head.as_bytes(), &units].concat();
        self.put(&build::resident(Id::new(ty::FILE_NAME, &[]), 0, &value))?;
        self.record
            .change_header(|header| header.link_count = 1.into());
        Ok(())
    }

    /// A value in one run of clusters.
    fn clusters(&mut self, type_code: u32, clusters: &Range<u64>, size: u64) -> Result<()> {
        let length = clusters.end - clusters.start;
        let mut encoded = Vec::new();
        runs::encode(
            &[Run {
                vcn: 0,
                lcn: Some(clusters.start),
                length,
            }],
            &mut encoded,
        );
        let allocated = length * u64::from(self.plan.geometry.cluster_size);
        let sizes = Sizes {
            allocated,
            data: size,
            initialized: size,
        };
        self.put(&build::non_resident(
            Id::new(type_code, &[]),
            0,
            0..length,
            sizes,
            &encoded,
        ))
    }

    fn volume(&mut self) -> Result<()> {
        let label: Vec<u8> = self
            .options
            .label
            .iter()
            .flat_map(|unit| unit.to_le_bytes())
            .collect();
        self.put(&build::resident(Id::new(ty::VOLUME_NAME, &[]), 0, &label))?;
        let mut information = VolumeInformation::new_zeroed();
        information.major = 3;
        information.minor = 1;
        self.put(&build::resident(
            Id::new(ty::VOLUME_INFORMATION, &[]),
            0,
            information.as_bytes(),
        ))?;
        self.put(&build::resident(Id::new(ty::DATA, &[]), 0, &[]))
    }

    /// One hole as long as the volume: no cluster is bad.
    fn bad_clusters(&mut self) -> Result<()> {
        self.put(&build::resident(Id::new(ty::DATA, &[]), 0, &[]))?;
        let clusters = self.plan.geometry.clusters;
        let mut encoded = Vec::new();
        runs::encode(
            &[Run {
                vcn: 0,
                lcn: None,
                length: clusters,
            }],
            &mut encoded,
        );
        let size = self.plan.geometry.bytes();
        let sizes = Sizes {
            allocated: size,
            data: size,
            initialized: 0,
        };
        let name: Vec<u16> = "$Bad".encode_utf16().collect();
        self.put(&build::non_resident(
            Id::new(ty::DATA, &name),
            0,
            0..clusters,
            sizes,
            &encoded,
        ))
    }

    /// Without descriptors yet: those are added as to any volume.
    fn secure(&mut self) -> Result<()> {
        let name: Vec<u16> = "$SDS".encode_utf16().collect();
        let empty = build::non_resident(Id::new(ty::DATA, &name), 0, 0..0, Sizes::default(), &[0]);
        self.put(&empty)?;
        self.index(Kind::SecurityHash)?;
        self.index(Kind::SecurityId)
    }

    fn index(&mut self, kind: Kind) -> Result<()> {
        let indexed = if kind.is_names() { ty::FILE_NAME } else { 0 };
        self.index_root(kind.name(), indexed, kind.collation(), &[])
    }

    fn index_root(
        &mut self,
        name: &[u16],
        indexed: u32,
        collation: u32,
        entries: &[Vec<u8>],
    ) -> Result<()> {
        let geometry = &self.plan.geometry;
        let block = geometry.index_block_size;
        let mut head = IndexRootHeader::new_zeroed();
        head.indexed_type = indexed.into();
        head.collation = collation.into();
        head.block_size = block.into();
        head.clusters_per_block = (block / geometry.index_vcn_unit(block)) as u8;
        let mut node = Node::empty_root();
        for (i, entry) in entries.iter().enumerate() {
            node.insert(i, entry);
        }
        let value = [head.as_bytes(), node.bytes()].concat();
        self.put(&build::resident(Id::new(ty::INDEX_ROOT, name), 0, &value))
    }

    /// No quotas: the volume's default, and an entry for the administrators, to whom everything belongs.
    fn quota(&mut self) -> Result<()> {
        let administrators = crate::security::descriptor::ADMINISTRATORS;
        let by_owner = [view_entry(
            &administrators,
            &SYSTEM_SECURITY.to_le_bytes(),
            &[],
        )];
        let unlimited = |owner: &[u8]| {
            // Version 2, flags 1 (default limits), used, changed, threshold and limit (none), exceeded, owner.
            let mut out = [2u32.to_le_bytes(), 1u32.to_le_bytes()].concat();
            for word in [0, self.options.now, u64::MAX, u64::MAX, 0] {
                out.extend_from_slice(&word.to_le_bytes());
            }
            out.extend_from_slice(owner);
            out
        };
        let by_id = [
            view_entry(&1u32.to_le_bytes(), &unlimited(&[]), &[]),
            view_entry(&0x100u32.to_le_bytes(), &unlimited(&administrators), &[]),
        ];
        self.index_root(&[0x24, 0x4F], 0, collation::SID, &by_owner)?;
        self.index_root(&[0x24, 0x51], 0, collation::ULONG, &by_id)
    }
}
