#![no_main]
use libfuzzer_sys::fuzz_target;
use linksmith_ntfs::Error;
use linksmith_ntfs::boot::Geometry;
use linksmith_ntfs::file::{File, ListEntries};
use linksmith_ntfs::fixup;
use linksmith_ntfs::record::Record;

const GEOMETRY: Geometry = Geometry {
    sector_size: 512,
    cluster_size: 4096,
    record_size: 1024,
    index_block_size: 4096,
    sectors: 1 << 20,
    clusters: 1 << 17,
    mft_lcn: 4,
    mft_mirror_lcn: 2,
    serial: 0,
};

/// A record whose attributes are a part of the input.
fn record(number: u64, body: &[u8]) -> Result<Record<Vec<u8>>, Error> {
    let mut bytes = vec![0; 1024];
    bytes[..8].copy_from_slice(&[b'F', b'I', b'L', b'E', 0x30, 0, 3, 0]);
    bytes[0x10] = 1;
    bytes[0x14] = 0x38;
    bytes[0x16] = 1;
    bytes[0x18..0x1A].copy_from_slice(&1024u16.to_le_bytes());
    bytes[0x1C..0x1E].copy_from_slice(&1024u16.to_le_bytes());
    if number != 7 {
        bytes[0x20] = 7;
        bytes[0x26] = 1;
    }
    let length = body.len().min(1024 - 0x38);
    bytes[0x38..0x38 + length].copy_from_slice(&body[..length]);
    fixup::redo(&mut bytes, "record").expect("its update sequence fits");
    Record::from_disk(number, bytes)
}

// The list, then the records, a quarter of the input each.
fuzz_target!(|input: &[u8]| {
    let (list, bodies) = input.split_at(input.len() / 4 / 8 * 8);
    let mut end = 0;
    for entry in ListEntries::new(list).flatten() {
        assert!(entry.offset >= end && entry.offset + 32 <= list.len());
        end = entry.offset + 32;
    }
    let part = bodies.len() / 3;
    let Ok(base) = record(7, &bodies[..part]) else { return };
    let file = File::from_list(base, list, |reference| {
        let start = part * (reference.number() as usize % 3);
        record(reference.number(), &bodies[start..start + part])
    });
    let found: Vec<_> = file.attributes().map(|a| (a.type_code, a.name.to_vec())).collect();
    for (type_code, name) in found {
        let name: Vec<u16> = name.iter().map(|unit| unit.get()).collect();
        if let Ok(Some(value)) = file.value(&GEOMETRY, type_code, &name) {
            let held = value.extents().map_or(0, |extents| extents.end_vcn());
            assert!(value.extents().is_none_or(|e| e.is_compressed() || e.data_size <= held * 4096));
        }
    }
    let _ = (file.names(), file.standard());
});
