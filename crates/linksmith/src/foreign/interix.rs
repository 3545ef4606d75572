//! Interix files: how Services for Unix, and ntfs-3g after it, keep symbolic links and devices on NTFS.
//!
//! Such a file has the system attribute, and its contents begin with eight bytes that say what it stands for. Layout and
//! bounds: ntfs-3g's `INTX_FILE`.

use super::Means;
use crate::reparse::interix_target;

const MAGIC: usize = 8;
const CHARACTER_DEVICE: &[u8; MAGIC] = b"IntxCHR\0";
const BLOCK_DEVICE: &[u8; MAGIC] = b"IntxBLK\0";
/// A device's major and minor number, 64 bits each.
const DEVICE: usize = MAGIC + 16;

pub(super) fn parse(contents: &[u8]) -> Option<Means> {
    if let Some(target) = interix_target(contents) {
        return Some(Means::posix_link(target.as_bytes().to_vec()));
    }
    match contents.first_chunk::<MAGIC>()? {
        CHARACTER_DEVICE => {
            let (major, minor) = device(contents)?;
            Some(Means::CharacterDevice { major, minor })
        }
        BLOCK_DEVICE => {
            let (major, minor) = device(contents)?;
            Some(Means::BlockDevice { major, minor })
        }
        _ => None,
    }
}

fn device(contents: &[u8]) -> Option<(u64, u64)> {
    let numbers: &[u8; DEVICE] = contents.try_into().ok()?;
    let (_, rest) = numbers.split_first_chunk::<MAGIC>()?;
    let (major, minor) = rest.split_first_chunk::<8>()?;
    let minor = minor.first_chunk::<8>()?;
    Some((u64::from_le_bytes(*major), u64::from_le_bytes(*minor)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::reparse::interix_contents;

    #[test]
    fn symlinks_say_their_text() {
        for text in ["../a/b", "/x//y/./", "f\u{fc}r/\u{1F600}"] {
            let contents = interix_contents(text.as_bytes()).unwrap();
            assert_eq!(parse(&contents), Some(Means::posix_link(text.into())));
        }
    }

    #[test]
    fn devices() {
        let device = |magic: &[u8; 8]| {
            [
                &magic[..],
                &[4, 0, 0, 0, 0, 0, 0, 0, 64, 1, 0, 0, 0, 0, 0, 0],
            ]
            .concat()
        };
        let (major, minor) = (4, 320);
        let parsed = parse(&device(CHARACTER_DEVICE));
        assert_eq!(parsed, Some(Means::CharacterDevice { major, minor }));
        let parsed = parse(&device(BLOCK_DEVICE));
        assert_eq!(parsed, Some(Means::BlockDevice { major, minor }));
        assert_eq!(parse(&device(BLOCK_DEVICE)[..23]), None);
        assert_eq!(parse(b"IntxFOO\0........"), None);
        assert_eq!(parse(b"Intx"), None);
    }
}
