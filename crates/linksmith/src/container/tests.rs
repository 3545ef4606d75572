//! Containers made by hand: what each says of its disk, and what is said of malformed ones.

mod samples;

use std::sync::LazyLock;

use linksmith_ntfs::device::Memory;
use proptest::prelude::*;

use super::*;
use samples::*;

/// Every kind.
const SAMPLES: [(Format, fn() -> Sample); 5] = [
    (Format::Vhd, vhd),
    (Format::Vhdx, vhdx),
    (Format::Qcow2, qcow2),
    (Format::Vdi, vdi),
    (Format::Vmdk, vmdk),
];

fn alone(_: &str) -> io::Result<Box<dyn Device>> {
    Err(io::ErrorKind::NotFound.into())
}

fn open_bytes(bytes: &[u8]) -> Result<ContainerDevice, ContainerError> {
    match open(Box::new(Memory::new(bytes.to_vec())), &alone)? {
        Opened::Container(disk) => Ok(disk),
        Opened::Plain(device) => panic!("{device:?} is no container"),
    }
}

fn read_all(disk: &ContainerDevice) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0xFF; disk.len() as usize];
    disk.read_at(0, &mut bytes).map(|()| bytes)
}

#[test]
fn every_format_gives_the_same_disk() {
    for (format, sample) in SAMPLES {
        let opened = open_bytes(&sample().0).expect("it opens");
        assert_eq!((opened.format(), opened.len()), (format, 3 * 4096));
        assert!(read_all(&opened).expect("it is read") == disk(), "{format}");
        let mut across = [0; 100];
        opened.read_at(4096 - 50, &mut across).expect("it is read");
        assert_eq!(across, disk()[4096 - 50..][..100], "{format}");
        assert!(opened.read_at(3 * 4096 - 50, &mut across).is_err());
        assert!(opened.read_at(u64::MAX, &mut across).is_err());
        let refused = opened.write_at(0, &[0]).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ReadOnlyFilesystem);
    }
}

/// Opens the sample and reads its disk; what is said where that fails.
fn said(sample: &Sample) -> String {
    let read = open_bytes(&sample.0).map_err(|error| error.to_string());
    let read = read.and_then(|disk| read_all(&disk).map_err(|error| error.to_string()));
    read.err().unwrap_or_default()
}

fn check(malformed: impl IntoIterator<Item = (Sample, &'static str)>) {
    for (sample, words) in malformed {
        let said = said(&sample);
        assert!(said.contains(words), "'{said}', expected '{words}'");
    }
}

#[test]
fn malformed_vhd() {
    let header = |edit: fn(Sample) -> Sample| edit(vhd()).sum_up(512, 1024, 36);
    let footer = |edit: fn(Sample) -> Sample| {
        let sample = edit(vhd()).sum_up(0, 512, 64);
        let footer = sample.0[..512].to_vec();
        sample.put(22 * 512, &footer)
    };
    check([
        (
            vhd().be32(100, 1).be32(22 * 512 + 100, 1),
            "the right checksum",
        ),
        (vhd().be32(600, 1), "dynamic header"),
        (footer(|vhd| vhd.be64(16, u64::MAX)), "the file ends at"),
        (footer(|vhd| vhd.be64(48, 0)), "a disk of 0 bytes"),
        (footer(|vhd| vhd.be64(48, 1 << 20)), "3 blocks for a disk"),
        (footer(|vhd| vhd.be32(60, 7)), "of kind 7"),
        (
            header(|vhd| vhd.be32(512 + 32, 1000)),
            "blocks of 1000 bytes",
        ),
        (header(|vhd| vhd.be32(512 + 32, 0)), "blocks of 0 bytes"),
        (
            header(|vhd| vhd.be64(512 + 16, u64::MAX)),
            "its table of 3 entries",
        ),
        (vhd().be32(1536, 1 << 31), "the file ends at"),
    ]);
    // The footer's copy is enough.
    assert_eq!(said(&vhd().be32(22 * 512 + 100, 1)), "");
}

/// The disk of a file beside which these lie.
fn over(sample: &Sample, beside: &[(&str, Vec<u8>)]) -> Result<Vec<u8>, String> {
    let siblings = |name: &str| -> io::Result<Box<dyn Device>> {
        let found = beside.iter().find(|(there, _)| *there == name);
        let (_, bytes) = found.ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(Memory::new(bytes.clone())))
    };
    match open(Box::new(Memory::new(sample.0.clone())), &siblings) {
        Ok(Opened::Container(disk)) => read_all(&disk).map_err(|error| error.to_string()),
        Ok(Opened::Plain(device)) => panic!("{device:?} is no container"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_vhd_over_its_parent() {
    let name: Vec<u8> = r"D:\old\parent.vhd"
        .encode_utf16()
        .flat_map(u16::to_be_bytes)
        .collect();
    let child = vhd().be32(60, 4).sum_up(0, 512, 64);
    let footer = child.0[..512].to_vec();
    // Of the first block the child has sectors 0, 2 and 3, of the last one all.
    let child = child
        .put(22 * 512, &footer)
        .put(512 + 40, &[7; 16])
        .put(512 + 64, &name)
        .sum_up(512, 1024, 36)
        .put(13 * 512, &[0b1011_0000])
        .put(4 * 512, &[0xFF]);
    let below = [vec![3; 4096], stored(9), vec![5; 2048]].concat();
    let fixed = [&below[..], &vhd_footer(2)].concat();
    let end = fixed.len() - 512;
    let parent = Sample(fixed).put(end + 68, &[7; 16]).sum_up(end, 512, 64);
    let mut want = [stored(1), stored(9), stored(2)].concat();
    want[512..1024].fill(3);
    want[2048..4096].fill(3);
    let read = over(&child, &[("parent.vhd", parent.0.clone())]);
    assert!(read.expect("it is read") == want);

    // Sectors that neither has are zeros, also where the parent is shorter.
    let child = child.put(4 * 512, &[0]);
    want[2 * 4096..][..2048].fill(5);
    want[2 * 4096 + 2048..].fill(0);
    let read = over(&child, &[("parent.vhd", parent.0.clone())]);
    assert!(read.expect("it is read") == want);

    let other = parent.put(end + 68, &[8; 16]).sum_up(end, 512, 64);
    let said = over(&child, &[("parent.vhd", other.0)]).unwrap_err();
    assert!(said.contains("'parent.vhd' is not the parent"), "{said}");
    let said = over(&child, &[]).unwrap_err();
    assert!(
        said.contains("'parent.vhd', which cannot be opened"),
        "{said}"
    );
    let itself = child
        .put(512 + 64, &name)
        .put(22 * 512 + 68, &[7; 16])
        .sum_up(22 * 512, 512, 64);
    let said = over(&itself, &[("parent.vhd", itself.0.clone())]).unwrap_err();
    assert!(said.contains("over more than 16 others"), "{said}");
}

/// A QCOW2 image over a backing file of this format, of which it shows the unit in its middle.
fn qcow2_over(format: &str) -> Sample {
    let sample = qcow2().be64(8, 300).be32(16, 4).put(300, b"base");
    let sample = sample.be32(104, 0xE279_2ACA).be32(108, format.len() as u32);
    sample.put(112, format.as_bytes()).be64(2 * 4096 + 8, 0)
}

#[test]
fn a_qcow2_over_its_backing_file() {
    let want = [stored(1), disk()[..4096].to_vec(), stored(2)].concat();
    let raw = [vec![9; 4096], stored(1)].concat();
    let read = over(&qcow2_over("raw"), &[("base", raw)]);
    assert!(read.expect("it is read") == want);
    // A raw disk that looks like a container is one to whoever guesses.
    let trap = over(&qcow2_over("raw"), &[("base", vdi().0)]).expect("it is read");
    assert!(trap[4096..8192] == vdi().0[4096..8192]);
    for (format, base) in [
        ("vdi", vdi()),
        ("vpc", vhd()),
        ("qcow2", qcow2()),
        ("vmdk", vmdk()),
    ] {
        let read = over(&qcow2_over(format), &[("base", base.0)]);
        assert!(read.expect("it is read") == disk(), "{format}");
    }
    for (format, words) in [
        ("vdi", "is another file"),
        ("luks", "of the format 'luks'"),
        ("", "of the format ''"),
    ] {
        let said = over(&qcow2_over(format), &[("base", qcow2().0)]).unwrap_err();
        assert!(said.contains(words), "{said}");
    }
    let itself = qcow2_over("qcow2");
    let said = over(&itself, &[("base", itself.0.clone())]).unwrap_err();
    assert!(said.contains("over more than 16 others"), "{said}");
    let elsewhere = itself.put(300, b"/etc");
    let said = over(&elsewhere, &[]).unwrap_err();
    assert!(said.contains("does not lie beside it"), "{said}");
}

#[test]
fn malformed_vhdx() {
    let headers = |edit: fn(Sample, usize) -> Sample| {
        let sample = edit(edit(vhdx(), 64 * KIB), 128 * KIB);
        sample.crc(64 * KIB, 4096).crc(128 * KIB, 4096)
    };
    let regions = |edit: fn(Sample, usize) -> Sample| {
        let sample = edit(edit(vhdx(), 192 * KIB), 256 * KIB);
        sample.crc(192 * KIB, 64 * KIB).crc(256 * KIB, 64 * KIB)
    };
    let items = MIB + 64 * KIB;
    check([
        (
            vhdx().le32(64 * KIB + 99, 1).le32(128 * KIB + 99, 1),
            "neither of its headers",
        ),
        (headers(|vhdx, at| vhdx.put(at + 66, &[2])), "of version 2"),
        (
            headers(|vhdx, at| vhdx.put(at + 48, &[1])),
            "its log holds work",
        ),
        (
            vhdx().le32(192 * KIB + 9, 9).le32(256 * KIB + 9, 9),
            "neither of its tables of regions",
        ),
        (
            regions(|vhdx, at| vhdx.put(at + 16, &[0])),
            "a region that is not known",
        ),
        (
            regions(|vhdx, at| vhdx.le32(at + 8, 1)),
            "no table of blocks, or no metadata",
        ),
        (
            regions(|vhdx, at| vhdx.le32(at + 40, 4)),
            "too short for the disk",
        ),
        (
            regions(|vhdx, at| vhdx.le64(at + 32, u64::MAX - 7)),
            "ends past the file's",
        ),
        (
            regions(|vhdx, at| vhdx.le64(at + 64, u64::MAX - 7)),
            "the file ends at",
        ),
        (vhdx().put(MIB, &[0]), "its metadata are none"),
        (vhdx().put(MIB + 10, &[1]), "no size of the disk"),
        (
            vhdx().put(MIB + 32, &[0]).le32(MIB + 32 + 24, 4),
            "metadata that are not known",
        ),
        (vhdx().le32(items, 3 << 20), "blocks of 3145728 bytes"),
        (vhdx().le32(items + 4, 2), "differs from its parent"),
        (vhdx().le64(items + 8, u64::MAX), "a disk of"),
        (vhdx().le32(items + 16, 0), "sectors of 0 bytes"),
        (vhdx().le64(2 * MIB, 3 << 20 | 7), "state 7"),
        (vhdx().le64(2 * MIB, u64::MAX << 20 | 6), "the file ends at"),
    ]);
    // The newer header counts, and one whole one is enough.
    assert_eq!(
        said(&vhdx().put(128 * KIB + 48, &[1]).crc(128 * KIB, 4096)),
        ""
    );
    assert_eq!(said(&vhdx().put(64 * KIB + 48, &[1])), "");
}

#[test]
fn malformed_qcow2() {
    check([
        (qcow2().be32(4, 1), "of version 1"),
        (qcow2().be32(100, 8), "a header of 8 bytes"),
        (qcow2().be32(20, 8), "clusters of 2^8 bytes"),
        (qcow2().be32(20, 64), "clusters of 2^64 bytes"),
        (qcow2().be64(24, u64::MAX), "a disk of"),
        (qcow2().be64(24, 1 << 40), "1 of 524288 tables"),
        (qcow2().be32(32, 2), "encrypted"),
        (qcow2().be64(40, u64::MAX - 3), "ends past the file's"),
        (qcow2().be64(8, u64::MAX), "the file ends at"),
        (qcow2().be64(72, 2), "marked as corrupt"),
        (qcow2().be64(72, 4), "in another file"),
        (
            qcow2().be64(72, 8).be32(100, 112).put(104, &[1]),
            "compressed by zstd",
        ),
        (qcow2().be64(72, 16), "subclusters in clusters of 2^12"),
        (qcow2().be64(72, 32), "not known (0x20)"),
        (qcow2().be64(4096, 1 << 50), "the file ends at"),
        (qcow2().be64(2 * 4096, 1 << 50), "the file ends at"),
        (
            qcow2().put(4 * 4096, &[7]),
            "compressed at 16384 cannot be unpacked",
        ),
        (
            qcow2().put(4 * 4096, &[1, 0, 8, 0xFF, 0xF7]),
            "cannot be unpacked",
        ),
    ]);
    let dirty = open_bytes(&qcow2().be64(72, 1).0).expect("it opens");
    assert!(dirty.notes()[0].contains("not closed"));
}

#[test]
fn malformed_vdi() {
    check([
        (vdi().le32(0x44, 1), "of version 0.1"),
        (vdi().le32(0x4C, 4), "differs from another"),
        (vdi().le32(0x4C, 9), "of kind 9"),
        (vdi().le64(0x170, 0), "a disk of 0 bytes"),
        (vdi().le32(0x178, 0), "blocks of 0 bytes"),
        (vdi().le32(0x17C, 512), "extra data"),
        (vdi().le32(0x154, u32::MAX), "ends past the file's"),
        (vdi().le32(0x200, 3), "block 0 is the 3th of 3"),
        (vdi().le32(0x158, u32::MAX), "the file ends at"),
    ]);
}

#[test]
fn malformed_vmdk() {
    check([
        (vmdk().put(0, b"COWD"), "of ESX hosts"),
        (
            vmdk().put(0, &[0xBE, 0xBA, 0xFE, 0xCA, 0, 0, 0, 0]),
            "of ESXi",
        ),
        (vmdk().le32(4, 9), "of version 9"),
        (
            vmdk().le32(8, 1 << 16),
            "compressed in a way that is not known",
        ),
        (vmdk().le64(12, u64::MAX), "a disk of"),
        (vmdk().le64(12, 1 << 50), "ends past the file's"),
        (vmdk().le64(20, 0), "grains of 0 bytes"),
        (vmdk().le64(20, 1 << 40), "grains of"),
        (vmdk().le32(44, 0), "tables of 0 grains"),
        (vmdk().le64(56, 1 << 60), "ends past the file's"),
        (vmdk().le64(56, u64::MAX), "its header is none"),
        (vmdk().le32(512, 1 << 31), "the file ends at"),
        (vmdk().le32(1024, 1 << 31), "the file ends at"),
        (vmdk().le32(8, 3 << 16 | 5).put(77, &[1]), "a grain of"),
    ]);
    let open = open_bytes(&vmdk().put(72, &[1]).0).expect("it opens");
    assert!(open.notes()[0].contains("not closed"));
}

#[test]
fn what_holds_no_disk_is_named() {
    for (magic, name) in [(&b"EVF\x09"[..], "EWF (E01)"), (b"MSWIM\0\0\0", "WIM")] {
        check([(Sample::new(1024).put(0, magic), name)]);
    }
}

fn described(text: &str) -> Result<Vec<u8>, String> {
    let text = format!(
        "# Disk DescriptorFile\nversion=1\nparentCID=ffffffff\n{text}\n{}",
        " ".repeat(80)
    );
    let siblings = |name: &str| -> io::Result<Box<dyn Device>> {
        match name {
            "flat" => Ok(Box::new(Memory::new(stored(1)))),
            "sparse" => Ok(Box::new(Memory::new(vmdk().0))),
            _ => Err(io::ErrorKind::NotFound.into()),
        }
    };
    match open(Box::new(Memory::new(text.into_bytes())), &siblings) {
        Ok(Opened::Container(disk)) => Ok(read_all(&disk).expect("it is read")),
        Ok(Opened::Plain(_)) => panic!("it is a text"),
        Err(error) => Err(error.to_string()),
    }
}

#[test]
fn a_disk_of_several_files() {
    let read = described(
        "RW 2 FLAT \"flat\" 6\nRW 3 ZERO\nRW 0 ZERO\nRW 9 SPARSE \"sparse\"\nRW 8 VMFS \"flat\"",
    );
    let want = [
        &stored(1)[6 * 512..],
        &[0; 3 * 512],
        &disk()[..9 * 512],
        &stored(1),
    ]
    .concat();
    assert!(read.expect("it opens") == want);
    for (text, words) in [
        ("RW 9 FLAT \"flat\"", "'flat' is shorter"),
        (
            "RW 1 FLAT \"flat\" 18446744073709551615",
            "'flat' is shorter",
        ),
        ("RW 25 SPARSE \"sparse\"", "'sparse' is shorter"),
        ("RW 8 SPARSE \"flat\"", "its header is none"),
        ("RW 8 FLAT \"gone\"", "'gone', which cannot be opened"),
        ("RW 8 FLAT \"../flat\"", "does not lie beside it"),
        ("RW 8 FLAT \"/dev/sda\"", "does not lie beside it"),
        ("RW 8 SESPARSE \"flat\"", "of kind SESPARSE"),
        ("RW 18446744073709551615 ZERO", "a disk of"),
        ("", "names 0 extents"),
    ] {
        let said = described(text).expect_err(text);
        assert!(said.contains(words), "'{said}', expected '{words}'");
    }
}

/// The samples, with the places in which their structures hold something, and those after them.
static BASES: LazyLock<Vec<(Sample, Vec<usize>)>> = LazyLock::new(|| {
    let samples = SAMPLES.iter().map(|(_, sample)| sample());
    samples.map(|s| (s.clone(), structures(&s.0))).collect()
});

fn structures(bytes: &[u8]) -> Vec<usize> {
    let mut held: Vec<bool> = bytes.iter().map(|byte| *byte != 0).collect();
    let sectors = (0..bytes.len()).step_by(512);
    for at in sectors
        .flat_map(|at| [at, at + 5])
        .filter(|at| at + 4096 <= bytes.len())
    {
        if [1, 2]
            .iter()
            .any(|unit| bytes[at..].starts_with(&stored(*unit)))
        {
            held[at..at + 4096].fill(false);
        }
    }
    let held = held.iter().enumerate().filter(|(_, held)| **held);
    held.flat_map(|(at, _)| [at, at + 1]).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn damage_is_an_error_or_other_bytes(
        which in 0..SAMPLES.len(), edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        reads in prop::collection::vec((any::<u64>(), 0..9000_usize), 1..8)
    ) {
        let (mut sample, places) = BASES[which].clone();
        for (index, byte) in edits {
            let place = *index.get(&places);
            sample = sample.put(place, &[byte]);
        }
        sample = match which {
            0 => sample.sum_up(512, 1024, 36).sum_up(22 * 512, 512, 64),
            1 => sample.crc(64 * KIB, 4096).crc(192 * KIB, 64 * KIB),
            _ => sample,
        };
        let Ok(disk) = open(Box::new(Memory::new(sample.0)), &alone) else { return Ok(()) };
        let disk: &dyn Device = match &disk {
            Opened::Container(disk) => disk,
            Opened::Plain(device) => device,
        };
        for (at, length) in reads {
            let _ = disk.read_at(at % disk.len().max(1), &mut vec![0; length]);
        }
    }
}
