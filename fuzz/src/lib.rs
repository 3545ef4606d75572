//! What the targets share: a small healthy volume, and edits of it.

use std::sync::LazyLock;

use linksmith_ntfs::Volume;
use linksmith_ntfs::collate::UpCase;
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::layout::{attribute_type, well_known};

/// A volume of 2 MiB with links of every kind: made by `make_base.sh`.
static BASE: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let packed = include_bytes!("../base/links.img.zlib");
    let image = miniz_oxide::inflate::decompress_to_vec_zlib(packed);
    with_upcase(image.expect("the base image is whole"))
});

/// The table of upper case is left out of the packed image.
fn with_upcase(mut image: Vec<u8>) -> Vec<u8> {
    let volume = Volume::open(Memory::new(image.clone())).expect("the base image opens");
    let file = volume.file(well_known::UPCASE).expect("$UpCase");
    let value = volume.value(&file, attribute_type::DATA, &[]).expect("$UpCase");
    let value = value.expect("$UpCase");
    let extents = value.extents().expect("it is not resident");
    for (index, unit) in UpCase::ascii().units().iter().enumerate() {
        let offset = 2 * index as u64;
        let place = extents.locate(volume.geometry(), offset).and_then(|(place, _)| place);
        let place = place.expect("it has no holes") as usize;
        image[place..place + 2].copy_from_slice(&unit.to_le_bytes());
    }
    image
}

/// The volume with the edits that fuzzer input stands for: of each edit 3 bytes of place, 1 byte of length, then the
/// bytes. Places count through the parts of the image that hold anything, so that few edits hit nothing.
///
/// The first byte of the input may cut the image short.
pub fn edited(input: &[u8]) -> Vec<u8> {
    let mut image = BASE.clone();
    let Some((&cut, mut input)) = input.split_first() else { return image };
    if cut >= 0xF0 {
        image.truncate(image.len() / 16 * usize::from(cut - 0xEF));
    }
    while let [a, b, c, length, rest @ ..] = input {
        let place = PARTS.place(u32::from_le_bytes([*a, *b, *c, 0]) as usize);
        let length = usize::from(*length % 64).min(rest.len());
        let (bytes, rest) = rest.split_at(length);
        for (byte, at) in bytes.iter().zip(place..) {
            if let Some(old) = image.get_mut(at) {
                *old = *byte;
            }
        }
        input = rest;
    }
    image
}

/// The sectors of the base image that hold something.
struct Parts(Vec<usize>);

static PARTS: LazyLock<Parts> = LazyLock::new(|| {
    let sectors = BASE.chunks(512).enumerate();
    let held = sectors.filter(|(_, sector)| sector.iter().any(|byte| !matches!(byte, 0 | 0xFF)));
    // $UpCase is a quarter of what is held, and nothing is to be found in it.
    let upcase = |sector: &[u8]| sector.windows(4).all(|w| w[0].abs_diff(w[2]) <= 2);
    Parts(held.filter(|(_, sector)| !upcase(sector)).map(|(index, _)| index * 512).collect())
});

impl Parts {
    fn place(&self, at: usize) -> usize {
        let sector = self.0.get(at / 512 % self.0.len().max(1)).copied().unwrap_or(0);
        sector + at % 512
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_base_image_is_healthy() {
        let volume = super::Volume::open(super::Memory::new(super::edited(&[]))).expect("it opens");
        let found = linksmith_ntfs::check::findings(&volume).expect("it can be checked");
        assert_eq!(found, []);
    }
}
