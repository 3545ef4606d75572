#![no_main]
use libfuzzer_sys::fuzz_target;
use linksmith_ntfs::fixup;
use linksmith_ntfs::record::Record;

// The first byte says whether the update sequence is made right first: most input would end at it.
fuzz_target!(|input: &[u8]| {
    let Some((&kind, bytes)) = input.split_first() else { return };
    let size = if kind & 2 == 0 { 1024 } else { 4096 };
    let mut bytes = bytes.to_vec();
    bytes.resize(size, 0);
    if kind & 1 == 0 {
        bytes[..8].copy_from_slice(&[b'F', b'I', b'L', b'E', 0x30, 0, (size / 512) as u8 + 1, 0]);
        fixup::redo(&mut bytes, "record").expect("its update sequence fits");
    }
    let Ok(record) = Record::from_disk(7, bytes) else { return };
    let mut end = 0;
    for attribute in record.attributes().flatten() {
        assert!(attribute.offset >= end, "attributes do not overlap");
        end = attribute.offset + attribute.bytes.len();
        assert!(end <= record.bytes().len());
        if let Some(mapping) = attribute.non_resident() {
            for run in mapping.runs(1 << 20).flatten() {
                assert!(run.lcn.is_none_or(|lcn| lcn + run.length <= 1 << 20));
            }
        }
        let again = record.attribute_at(attribute.offset).expect("it was just there");
        assert_eq!(again.bytes, attribute.bytes);
    }
});
