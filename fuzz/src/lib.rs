//! What the targets share: a small healthy volume, containers of a disk, and edits of them.

use std::sync::LazyLock;

use linksmith_ntfs::Volume;
use linksmith_ntfs::collate::UpCase;
use linksmith_ntfs::device::Memory;
use linksmith_ntfs::layout::{attribute_type, well_known};

/// A volume of 2 MiB with links of every kind: made by `make_base.sh`.
static BASE: LazyLock<Base> = LazyLock::new(|| {
    Base::new(with_upcase(unpacked(include_bytes!("../base/links.img.zlib"))))
});

/// A disk of 192 KiB with few bytes in it, in a container of each format: made by `make_containers.sh`.
static CONTAINERS: LazyLock<Vec<Base>> = LazyLock::new(|| {
    let packed: [&[u8]; 8] = [
        include_bytes!("../base/disk.vhd.zlib"),
        include_bytes!("../base/disk.vhdx.zlib"),
        include_bytes!("../base/disk.qcow2.zlib"),
        include_bytes!("../base/subclusters.qcow2.zlib"),
        include_bytes!("../base/packed.qcow2.zlib"),
        include_bytes!("../base/disk.vdi.zlib"),
        include_bytes!("../base/disk.vmdk.zlib"),
        include_bytes!("../base/packed.vmdk.zlib"),
    ];
    packed.iter().map(|packed| Base::new(unpacked(packed))).collect()
});

fn unpacked(packed: &[u8]) -> Vec<u8> {
    let image = miniz_oxide::inflate::decompress_to_vec_zlib(packed);
    image.expect("the base image is whole")
}

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
    BASE.edited(input)
}

/// A container with such edits; the first byte of the input chooses it.
pub fn edited_container(input: &[u8]) -> Vec<u8> {
    let Some((&which, input)) = input.split_first() else { return Vec::new() };
    match CONTAINERS.get(usize::from(which)) {
        Some(base) => base.edited(input),
        // A format without a base.
        None => input.to_vec(),
    }
}

struct Base {
    image: Vec<u8>,
    /// The sectors that hold something.
    parts: Vec<usize>,
}

impl Base {
    fn new(image: Vec<u8>) -> Self {
        let sectors = image.chunks(512).enumerate();
        let held = sectors.filter(|(_, sector)| sector.iter().any(|byte| !matches!(byte, 0 | 0xFF)));
        // $UpCase is a quarter of what the volume holds, and nothing is to be found in it.
        let upcase = |sector: &[u8]| sector.windows(4).all(|w| w[0].abs_diff(w[2]) <= 2);
        let parts = held.filter(|(_, sector)| !upcase(sector)).map(|(index, _)| index * 512).collect();
        Self { image, parts }
    }

    fn place(&self, at: usize) -> usize {
        let sector = self.parts.get(at / 512 % self.parts.len().max(1)).copied().unwrap_or(0);
        sector + at % 512
    }

    fn edited(&self, input: &[u8]) -> Vec<u8> {
        let mut image = self.image.clone();
        let Some((&cut, mut input)) = input.split_first() else { return image };
        if cut >= 0xF0 {
            image.truncate(image.len() / 16 * usize::from(cut - 0xEF));
        }
        while let [a, b, c, length, rest @ ..] = input {
            let place = self.place(u32::from_le_bytes([*a, *b, *c, 0]) as usize);
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
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_base_image_is_healthy() {
        let volume = super::Volume::open(super::Memory::new(super::edited(&[]))).expect("it opens");
        let found = linksmith_ntfs::check::findings(&volume).expect("it can be checked");
        assert_eq!(found, []);
    }

    #[test]
    fn every_container_has_the_disk() {
        for which in 0..super::CONTAINERS.len() {
            let bytes = super::edited_container(&[which as u8]);
            let alone = |_: &str| Err(std::io::ErrorKind::NotFound.into());
            let opened = linksmith::container::open(Box::new(super::Memory::new(bytes)), &alone);
            let Ok(linksmith::container::Opened::Container(disk)) = opened else {
                panic!("container {which}: {opened:?}");
            };
            let mut bytes = [0; 512];
            linksmith_ntfs::device::Device::read_at(&disk, 191 << 10, &mut bytes).expect("it is read");
            assert!(bytes.starts_with(b"the end"), "container {which}");
        }
    }
}
