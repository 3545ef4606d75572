//! Numbers in structures of a disk. A field past the end of its structure reads as 0, which no structure takes for
//! anything valid.

macro_rules! number {
    ($($name:ident $type:ident $from:ident),*) => {$(
        pub(crate) fn $name(bytes: &[u8], at: usize) -> $type {
            let field = bytes.get(at..).and_then(|from| from.first_chunk());
            field.copied().map_or(0, $type::$from)
        }
    )*};
}

number!(
    le16 u16 from_le_bytes, le32 u32 from_le_bytes, le64 u64 from_le_bytes,
    be32 u32 from_be_bytes, be64 u64 from_be_bytes
);
