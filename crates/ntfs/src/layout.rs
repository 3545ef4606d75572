//! The structures of NTFS as they lie on the disk.
//!
//! All integers are little-endian and unaligned. The offset of each field is in the comment before it;
//! the size of each structure is asserted when this is compiled. Source: the Linux-NTFS project's
//! description of the on-disk format, MS-FSCC 2.1.2 for the reparse header, and images of Windows.

use zerocopy::little_endian::{U16, U32, U64};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

/// Declares an on-disk structure and asserts its size in bytes.
macro_rules! on_disk {
    ($(#[$doc:meta])* $size:literal $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
        #[repr(C)]
        pub struct $name {
            $($(#[$fdoc])* pub $field: $type,)*
        }
        const _: () = assert!(size_of::<$name>() == $size);
    };
}

/// The unit of the update sequence, in bytes, whatever the sector size of the device.
pub const UPDATE_SEQUENCE_STRIDE: usize = 512;

/// `FILE`: a file record.
pub const FILE_SIGNATURE: [u8; 4] = *b"FILE";
/// `INDX`: an index block.
pub const INDX_SIGNATURE: [u8; 4] = *b"INDX";
/// `BAAD`: a record that chkdsk found torn.
pub const BAAD_SIGNATURE: [u8; 4] = *b"BAAD";

/// Numbers of the file records that every volume has.
pub mod well_known {
    /// `$MFT`.
    pub const MFT: u64 = 0;
    /// `$MFTMirr`.
    pub const MFT_MIRROR: u64 = 1;
    /// `$LogFile`.
    pub const LOG_FILE: u64 = 2;
    /// `$Volume`.
    pub const VOLUME: u64 = 3;
    /// `$AttrDef`.
    pub const ATTR_DEF: u64 = 4;
    /// The root directory.
    pub const ROOT: u64 = 5;
    /// `$Bitmap`.
    pub const BITMAP: u64 = 6;
    /// `$Boot`.
    pub const BOOT: u64 = 7;
    /// `$BadClus`.
    pub const BAD_CLUSTERS: u64 = 8;
    /// `$Secure`.
    pub const SECURE: u64 = 9;
    /// `$UpCase`.
    pub const UPCASE: u64 = 10;
    /// `$Extend`.
    pub const EXTEND: u64 = 11;
    /// The first record that is neither a system file nor kept for `$MFT`'s own extension records.
    pub const FIRST_USER: u64 = 24;
}

/// Type codes of attributes, in the order in which they stand in a record.
pub mod attribute_type {
    /// `$STANDARD_INFORMATION`.
    pub const STANDARD_INFORMATION: u32 = 0x10;
    /// `$ATTRIBUTE_LIST`.
    pub const ATTRIBUTE_LIST: u32 = 0x20;
    /// `$FILE_NAME`.
    pub const FILE_NAME: u32 = 0x30;
    /// `$OBJECT_ID`.
    pub const OBJECT_ID: u32 = 0x40;
    /// `$SECURITY_DESCRIPTOR`.
    pub const SECURITY_DESCRIPTOR: u32 = 0x50;
    /// `$VOLUME_NAME`.
    pub const VOLUME_NAME: u32 = 0x60;
    /// `$VOLUME_INFORMATION`.
    pub const VOLUME_INFORMATION: u32 = 0x70;
    /// `$DATA`.
    pub const DATA: u32 = 0x80;
    /// `$INDEX_ROOT`.
    pub const INDEX_ROOT: u32 = 0x90;
    /// `$INDEX_ALLOCATION`.
    pub const INDEX_ALLOCATION: u32 = 0xA0;
    /// `$BITMAP`.
    pub const BITMAP: u32 = 0xB0;
    /// `$REPARSE_POINT`.
    pub const REPARSE_POINT: u32 = 0xC0;
    /// `$EA_INFORMATION`.
    pub const EA_INFORMATION: u32 = 0xD0;
    /// `$EA`.
    pub const EA: u32 = 0xE0;
    /// `$LOGGED_UTILITY_STREAM`.
    pub const LOGGED_UTILITY_STREAM: u32 = 0x100;
    /// Ends the attributes of a record; no attribute.
    pub const END: u32 = 0xFFFF_FFFF;
}

/// Bits of [`RecordHeader::flags`].
pub mod record_flags {
    /// The record is in use.
    pub const IN_USE: u16 = 0x0001;
    /// The record has an `$I30` index: it is a directory.
    pub const DIRECTORY: u16 = 0x0002;
    /// The record is a file of `$Extend`.
    pub const EXTEND: u16 = 0x0004;
    /// The record has an index other than `$I30`.
    pub const VIEW_INDEX: u16 = 0x0008;
}

/// Bits of [`AttributeHeader::flags`].
pub mod attribute_flags {
    /// The low byte is a compression method; 1 is LZNT1.
    pub const COMPRESSION_MASK: u16 = 0x00FF;
    /// Encrypted by EFS.
    pub const ENCRYPTED: u16 = 0x4000;
    /// Sparse.
    pub const SPARSE: u16 = 0x8000;
}

/// Bits of the file attributes in `$STANDARD_INFORMATION` and `$FILE_NAME`.
pub mod file_attributes {
    /// Read-only.
    pub const READ_ONLY: u32 = 0x0001;
    /// Hidden.
    pub const HIDDEN: u32 = 0x0002;
    /// System.
    pub const SYSTEM: u32 = 0x0004;
    /// Archive.
    pub const ARCHIVE: u32 = 0x0020;
    /// Sparse.
    pub const SPARSE_FILE: u32 = 0x0200;
    /// Has reparse data.
    pub const REPARSE_POINT: u32 = 0x0400;
    /// Compressed.
    pub const COMPRESSED: u32 = 0x0800;
    /// Encrypted.
    pub const ENCRYPTED: u32 = 0x4000;
    /// A directory: `$FILE_NAME` and index entries only, mirrors the record's flag.
    pub const DIRECTORY: u32 = 0x1000_0000;
    /// Has a view index: `$FILE_NAME` and index entries only.
    pub const VIEW_INDEX: u32 = 0x2000_0000;
}

/// Bits of [`VolumeInformation::flags`].
pub mod volume_flags {
    /// Was not unmounted, or waits for chkdsk.
    pub const DIRTY: u16 = 0x0001;
    /// `$LogFile` is to be resized.
    pub const RESIZE_LOG: u16 = 0x0002;
    /// Is to be upgraded on the next mount.
    pub const UPGRADE: u16 = 0x0004;
    /// Was mounted by NT 4.
    pub const MOUNTED_ON_NT4: u16 = 0x0008;
    /// Deletion of the USN journal is under way.
    pub const DELETE_USN: u16 = 0x0010;
    /// Object ids are to be repaired.
    pub const REPAIR_OBJECT_IDS: u16 = 0x0020;
    /// A lasting setting, nothing that waits to be done: set on volumes that current Windows formats, and
    /// seen where long names have no 8.3 names beside them.
    pub const SETTING: u16 = 0x0080;
    /// chkdsk is under way.
    pub const CHKDSK_UNDERWAY: u16 = 0x4000;
    /// Was changed by chkdsk.
    pub const MODIFIED_BY_CHKDSK: u16 = 0x8000;
}

/// Namespaces of [`FileName::namespace`].
pub mod namespace {
    /// Any character but `/` and NUL; the case matters.
    pub const POSIX: u8 = 0;
    /// A long name of Windows.
    pub const WIN32: u8 = 1;
    /// The 8.3 name that goes with a [`WIN32`] one.
    pub const DOS: u8 = 2;
    /// A long name that is a valid 8.3 name as well.
    pub const WIN32_AND_DOS: u8 = 3;
}

/// Bits of [`IndexHeader::flags`].
pub mod index_flags {
    /// Entries of this node have children.
    pub const HAS_CHILDREN: u8 = 0x01;
}

/// Bits of [`IndexEntryHeader::flags`].
pub mod entry_flags {
    /// The last 8 bytes of the entry are the child's virtual cluster number.
    pub const HAS_CHILD: u16 = 0x0001;
    /// The last entry of a node: it has no key.
    pub const LAST: u16 = 0x0002;
}

/// Collation rules of [`IndexRootHeader::collation`].
pub mod collation {
    /// File names by `$UpCase`.
    pub const FILE_NAME: u32 = 0x01;
    /// One 32-bit integer: `$Secure:$SII`.
    pub const ULONG: u32 = 0x10;
    /// A security identifier: `$Quota:$O`.
    pub const SID: u32 = 0x11;
    /// Hash, then security id: `$Secure:$SDH`.
    pub const SECURITY_HASH: u32 = 0x12;
    /// A row of 32-bit integers: `$Reparse:$R`, `$ObjId:$O`.
    pub const ULONGS: u32 = 0x13;
}

on_disk! {
    /// The boot sector, up to the boot code.
    84 BootSector {
        /// 0x00: a jump over this.
        jump: [u8; 3],
        /// 0x03: `NTFS    `.
        oem_id: [u8; 8],
        /// 0x0B: bytes per sector.
        bytes_per_sector: U16,
        /// 0x0D: sectors per cluster up to 0x80; above it, as a signed byte, minus the power of two.
        sectors_per_cluster: u8,
        /// 0x0E: 0.
        reserved_sectors: U16,
        /// 0x10: 0.
        unused_10: [u8; 5],
        /// 0x15: 0xF8, a fixed disk.
        media: u8,
        /// 0x16: 0.
        unused_16: [u8; 2],
        /// 0x18: for int 13h.
        sectors_per_track: U16,
        /// 0x1A: for int 13h.
        heads: U16,
        /// 0x1C: the partition's first sector.
        hidden_sectors: U32,
        /// 0x20: 0.
        unused_20: [u8; 8],
        /// 0x28: the volume's sectors, the backup boot sector not counted.
        total_sectors: U64,
        /// 0x30: the cluster of `$MFT`.
        mft_lcn: U64,
        /// 0x38: the cluster of `$MFTMirr`.
        mft_mirror_lcn: U64,
        /// 0x40: clusters per file record, or minus the power of two of its bytes.
        clusters_per_record: i8,
        /// 0x41: 0.
        unused_41: [u8; 3],
        /// 0x44: clusters per index block, or minus the power of two of its bytes.
        clusters_per_index_block: i8,
        /// 0x45: 0.
        unused_45: [u8; 3],
        /// 0x48: the serial number of the volume.
        serial: U64,
        /// 0x50: not used.
        checksum: U32,
    }
}

on_disk! {
    /// What a FILE record and an INDX block begin with.
    8 MultiSectorHeader {
        /// 0x00: `FILE` or `INDX`.
        signature: [u8; 4],
        /// 0x04: where the update sequence is.
        update_sequence_offset: U16,
        /// 0x06: its 16-bit words: the number and one for each 512 bytes.
        update_sequence_count: U16,
    }
}

on_disk! {
    /// A file record.
    48 RecordHeader {
        /// 0x00: signature and update sequence.
        multi_sector: MultiSectorHeader,
        /// 0x08: the log sequence number of the last change.
        lsn: U64,
        /// 0x10: how often the record was used anew; never 0 in a used one.
        sequence: U16,
        /// 0x12: the number of `$FILE_NAME` attributes, 8.3 names as well.
        link_count: U16,
        /// 0x14: the first attribute; a multiple of 8.
        first_attribute: U16,
        /// 0x16: [`record_flags`].
        flags: U16,
        /// 0x18: bytes used, the end marker and its 4 bytes of padding counted.
        bytes_in_use: U32,
        /// 0x1C: the size of the record.
        bytes_allocated: U32,
        /// 0x20: of an extension record: its base record; else 0.
        base: U64,
        /// 0x28: the instance number that the next attribute gets.
        next_instance: U16,
        /// 0x2A: not used. NTFS 3.0 has the update sequence here.
        unused_2a: U16,
        /// 0x2C: the number of this record (NTFS 3.1).
        number: U32,
    }
}

on_disk! {
    /// What every attribute begins with.
    16 AttributeHeader {
        /// 0x00: [`attribute_type`].
        type_code: U32,
        /// 0x04: the bytes of the attribute, this header included; a multiple of 8.
        length: U32,
        /// 0x08: 0 resident, 1 not.
        non_resident: u8,
        /// 0x09: the name's length in 16-bit units.
        name_length: u8,
        /// 0x0A: the name's offset in the attribute.
        name_offset: U16,
        /// 0x0C: [`attribute_flags`].
        flags: U16,
        /// 0x0E: unique among the attributes of the record.
        instance: U16,
    }
}

on_disk! {
    /// What follows [`AttributeHeader`] in a resident attribute.
    8 ResidentHeader {
        /// 0x10: the value's bytes.
        value_length: U32,
        /// 0x14: the value's offset in the attribute.
        value_offset: U16,
        /// 0x16: 1 if the value is in an index (`$FILE_NAME`).
        indexed: u8,
        /// 0x17: 0.
        unused_17: u8,
    }
}

on_disk! {
    /// What follows [`AttributeHeader`] in a non-resident attribute.
    48 NonResidentHeader {
        /// 0x10: the first virtual cluster that the runs describe.
        lowest_vcn: U64,
        /// 0x18: the last; -1 of an empty value.
        highest_vcn: U64,
        /// 0x20: the offset of the data runs in the attribute.
        runs_offset: U16,
        /// 0x22: the power of two of the clusters in a compression unit; 0 of an uncompressed one.
        compression_unit: u8,
        /// 0x23: 0.
        unused_23: [u8; 5],
        /// 0x28: bytes allocated (of a sparse or compressed value: spanned). This and the next two only where `lowest_vcn` is 0.
        allocated_size: U64,
        /// 0x30: bytes of the value.
        data_size: U64,
        /// 0x38: bytes of the value that were ever written; what follows reads as zeros.
        initialized_size: U64,
    }
}

on_disk! {
    /// `$STANDARD_INFORMATION` as all versions have it.
    48 StandardInformation {
        /// 0x00: made, in units of 100 ns since 1601.
        created: U64,
        /// 0x08: contents changed.
        modified: U64,
        /// 0x10: record changed.
        record_modified: U64,
        /// 0x18: last read.
        accessed: U64,
        /// 0x20: [`file_attributes`].
        file_attributes: U32,
        /// 0x24: file versions allowed.
        maximum_versions: U32,
        /// 0x28: the file version; in a directory bit 0 tells that names differ by case.
        version: U32,
        /// 0x2C: class id.
        class_id: U32,
    }
}

on_disk! {
    /// What follows [`StandardInformation`] in the 72-byte form.
    24 StandardInformationTail {
        /// 0x30: owner, for quotas.
        owner_id: U32,
        /// 0x34: the key into `$Secure:$SII`.
        security_id: U32,
        /// 0x38: bytes charged.
        quota_charged: U64,
        /// 0x40: the update sequence number of `$UsnJrnl`.
        usn: U64,
    }
}

on_disk! {
    /// `$FILE_NAME`, and the key of an `$I30` entry, up to the name.
    66 FileName {
        /// 0x00: the directory.
        parent: U64,
        /// 0x08: made.
        created: U64,
        /// 0x10: contents changed.
        modified: U64,
        /// 0x18: record changed.
        record_modified: U64,
        /// 0x20: last read.
        accessed: U64,
        /// 0x28: bytes allocated to the unnamed `$DATA`.
        allocated_size: U64,
        /// 0x30: bytes of the unnamed `$DATA`.
        data_size: U64,
        /// 0x38: [`file_attributes`].
        file_attributes: U32,
        /// 0x3C: the reparse tag of a reparse point, else the bytes of packed extended attributes (16 bits).
        reparse_tag: U32,
        /// 0x40: the name's length in 16-bit units.
        name_length: u8,
        /// 0x41: [`namespace`].
        namespace: u8,
    }
}

on_disk! {
    /// An entry of `$ATTRIBUTE_LIST`, up to the name.
    26 AttributeListEntry {
        /// 0x00: [`attribute_type`].
        type_code: U32,
        /// 0x04: the bytes of the entry; a multiple of 8.
        length: U16,
        /// 0x06: the name's length in 16-bit units.
        name_length: u8,
        /// 0x07: the name's offset in the entry.
        name_offset: u8,
        /// 0x08: the first virtual cluster that the attribute describes; 0 if resident.
        lowest_vcn: U64,
        /// 0x10: the record that has the attribute.
        record: U64,
        /// 0x18: its instance number there.
        instance: U16,
    }
}

on_disk! {
    /// `$VOLUME_INFORMATION`.
    12 VolumeInformation {
        /// 0x00: 0.
        unused_00: U64,
        /// 0x08: 3.
        major: u8,
        /// 0x09: 0 or 1.
        minor: u8,
        /// 0x0A: [`volume_flags`].
        flags: U16,
    }
}

on_disk! {
    /// What the value of `$INDEX_ROOT` begins with; an [`IndexHeader`] follows.
    16 IndexRootHeader {
        /// 0x00: the attribute type that is indexed (0x30), or 0.
        indexed_type: U32,
        /// 0x04: [`collation`].
        collation: U32,
        /// 0x08: bytes of an index block.
        block_size: U32,
        /// 0x0C: clusters of an index block; where a block is smaller than a cluster, its 512-byte units.
        clusters_per_block: u8,
        /// 0x0D: 0.
        unused_0d: [u8; 3],
    }
}

on_disk! {
    /// A node of an index: of a root or of a block.
    16 IndexHeader {
        /// 0x00: the first entry, counted from this header.
        entries_offset: U32,
        /// 0x04: where the entries end, counted from this header.
        used: U32,
        /// 0x08: bytes there are for entries, counted from this header.
        allocated: U32,
        /// 0x0C: [`index_flags`].
        flags: u8,
        /// 0x0D: 0.
        unused_0d: [u8; 3],
    }
}

on_disk! {
    /// What an INDX block begins with; an [`IndexHeader`] follows.
    24 IndexBlockHeader {
        /// 0x00: signature and update sequence.
        multi_sector: MultiSectorHeader,
        /// 0x08: the log sequence number of the last change.
        lsn: U64,
        /// 0x10: the block's own virtual cluster number.
        vcn: U64,
    }
}

on_disk! {
    /// An index entry up to the key. `file` is a file reference in `$I30`; in a view index it is
    /// 16 bits of data offset, 16 of data length and 32 unused.
    16 IndexEntryHeader {
        /// 0x00: file reference, or where the data are.
        file: U64,
        /// 0x08: the bytes of the entry; a multiple of 8.
        length: U16,
        /// 0x0A: the bytes of the key.
        key_length: U16,
        /// 0x0C: [`entry_flags`].
        flags: U16,
        /// 0x0E: 0.
        unused_0e: U16,
    }
}

on_disk! {
    /// The key of `$Extend\$Reparse:$R`. Not aligned to 8 in memory: the reference is 8 bytes at offset 4.
    12 ReparseKey {
        /// 0x00: reparse tag.
        tag: U32,
        /// 0x04: file reference.
        file: U64,
    }
}

on_disk! {
    /// What reparse data begin with (MS-FSCC 2.1.2.2).
    8 ReparseHeader {
        /// 0x00: reparse tag.
        tag: U32,
        /// 0x04: bytes that follow this header, and the 16-byte GUID of a tag that is not Microsoft's.
        data_length: U16,
        /// 0x06: 0.
        reserved: U16,
    }
}

on_disk! {
    /// What a stored descriptor in `$Secure:$SDS` begins with, and the data of `$SII` and `$SDH` entries.
    20 SecurityDescriptorHeader {
        /// 0x00: the descriptor's hash.
        hash: U32,
        /// 0x04: security id.
        security_id: U32,
        /// 0x08: the offset of this header in `$SDS`.
        offset: U64,
        /// 0x10: bytes, this header included.
        length: U32,
    }
}

on_disk! {
    /// The data of an entry of `$Extend\$ObjId:$O`; the key is the 16-byte object id.
    56 ObjectIdData {
        /// 0x00: file reference.
        file: U64,
        /// 0x08: birth volume id, birth object id, domain id.
        birth: [u8; 48],
    }
}

on_disk! {
    /// A restart page of `$LogFile`.
    48 RestartPage {
        /// 0x00: `RSTR` (or `CHKD`) and update sequence.
        multi_sector: MultiSectorHeader,
        /// 0x08: the last log sequence number of chkdsk.
        chkdsk_lsn: U64,
        /// 0x10: bytes of a system page.
        system_page_size: U32,
        /// 0x14: bytes of a log page.
        log_page_size: U32,
        /// 0x18: where the restart area is, from the page's begin.
        restart_offset: U16,
        /// 0x1A: 0 or -1.
        minor_version: U16,
        /// 0x1C: 1 or 2.
        major_version: U16,
        /// 0x1E: the update sequence, whose length varies.
        update_sequence: [u8; 18],
    }
}

on_disk! {
    /// The restart area of `$LogFile`, up to its clients.
    48 RestartArea {
        /// 0x00: the last log sequence number.
        current_lsn: U64,
        /// 0x08: how many log clients there are.
        clients: U16,
        /// 0x0A: the first free client; 0xFFFF: none.
        free_client: U16,
        /// 0x0C: the first client in use; 0xFFFF: none, the log is closed.
        used_client: U16,
        /// 0x0E: bit 1: the volume is clean.
        flags: U16,
        /// 0x10: bits of a sequence number.
        sequence_number_bits: U32,
        /// 0x14: bytes of this area with its clients.
        length: U16,
        /// 0x16: where the clients are.
        client_offset: U16,
        /// 0x18: bytes of the log file.
        file_size: U64,
        /// 0x20: bytes of the last record.
        last_record_length: U32,
        /// 0x24: bytes of a record header.
        record_header_length: U16,
        /// 0x26: where the data of a log page begin.
        page_data_offset: U16,
        /// 0x28: how often the log was opened.
        open_count: U32,
        /// 0x2C: 0.
        unused_2c: U32,
    }
}
