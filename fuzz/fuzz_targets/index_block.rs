#![no_main]
use libfuzzer_sys::fuzz_target;
use linksmith_ntfs::file_name::FileNameView;
use linksmith_ntfs::fixup;
use linksmith_ntfs::index::Node;
use linksmith_ntfs::index::node::undo_block;

// The first byte: a root's value, a block whose update sequence is made right, or a block as it is.
fuzz_target!(|input: &[u8]| {
    let Some((&kind, bytes)) = input.split_first() else { return };
    let mut bytes = bytes.to_vec();
    let node = if kind % 3 == 0 {
        Node::root(&bytes).map(|(_, node)| node)
    } else {
        bytes.resize(4096, 0);
        if kind % 3 == 1 {
            bytes[..8].copy_from_slice(&[b'I', b'N', b'D', b'X', 0x28, 0, 9, 0]);
            bytes[16..24].fill(0);
            fixup::redo(&mut bytes, "block").expect("its update sequence fits");
        }
        if undo_block(&mut bytes, 0).is_err() {
            return;
        }
        Node::block(&bytes)
    };
    let Ok(node) = node else { return };
    let mut end = 0;
    for entry in node.entries().flatten() {
        assert!(entry.offset >= end, "entries do not overlap");
        end = entry.offset + entry.bytes.len();
        assert!(end <= bytes.len());
        let _ = entry.data();
        if let Ok(name) = FileNameView::parse(entry.key) {
            assert!(name.bytes.len() <= entry.key.len() && !name.name.is_empty());
        }
    }
});
