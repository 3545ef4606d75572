//! Disks in containers, against QEMU's own writers: each is read as the disk it was made from, and the command says of it
//! what it says of that disk.
#![allow(
    clippy::disallowed_methods,
    reason = "disks of the tests' own, in temporary folders"
)]

use std::fs::File;
use std::io::{Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use linksmith::container::{ContainerError, Opened, open};
use linksmith::volume::image::{Access, open_device};
use linksmith_ntfs::device::Device;
use testkit::env::TestEnv;
use testkit::suite::{Need, Suite, find_tool};

const QEMU: &[Need] = &[Need::Tool("qemu-img")];
const MIB: usize = 1 << 20;
const DISK: usize = 23 * MIB + 512;

/// A format of QEMU, with its options and what else the conversion is told.
type Way<'a> = (&'a str, &'a str, &'a [&'a str]);

/// The formats, with the name that each is known by.
const WAYS: &[(&str, &[Way<'_>])] = &[
    (
        "VHD image",
        &[
            ("vpc", "subformat=dynamic", &[]),
            ("vpc", "subformat=dynamic,force_size=on", &[]),
        ],
    ),
    (
        "VHDX image",
        &[
            ("vhdx", "subformat=dynamic", &[]),
            ("vhdx", "subformat=dynamic,block_size=1M", &[]),
            (
                "vhdx",
                "subformat=dynamic,block_size=2M,block_state_zero=off",
                &[],
            ),
            ("vhdx", "subformat=fixed,block_size=32M", &[]),
            ("vhdx", "subformat=fixed,log_size=4M", &[]),
        ],
    ),
    (
        "QCOW2 image",
        &[
            ("qcow2", "cluster_size=512", &[]),
            ("qcow2", "cluster_size=4K", &[]),
            ("qcow2", "cluster_size=64K", &[]),
            ("qcow2", "cluster_size=2M", &[]),
            ("qcow2", "compat=0.10", &[]),
            ("qcow2", "compat=0.10,cluster_size=512", &["-c"]),
            ("qcow2", "cluster_size=512", &["-c"]),
            ("qcow2", "cluster_size=64K", &["-c"]),
            ("qcow2", "cluster_size=2M", &["-c"]),
            ("qcow2", "extended_l2=on", &[]),
            ("qcow2", "extended_l2=on,cluster_size=16K", &[]),
            ("qcow2", "extended_l2=on,cluster_size=2M", &["-c"]),
            ("qcow2", "preallocation=metadata", &["-S", "0"]),
            ("qcow2", "lazy_refcounts=on,refcount_bits=64", &[]),
        ],
    ),
    (
        "VDI image",
        &[("vdi", "static=off", &[]), ("vdi", "static=on", &[])],
    ),
    (
        "VMDK image",
        &[
            ("vmdk", "subformat=monolithicSparse", &[]),
            (
                "vmdk",
                "subformat=monolithicSparse,zeroed_grain=on",
                &["-S", "0"],
            ),
            ("vmdk", "subformat=streamOptimized", &[]),
        ],
    ),
    (
        "VMDK description",
        &[
            ("vmdk", "subformat=twoGbMaxExtentSparse", &[]),
            ("vmdk", "subformat=twoGbMaxExtentFlat", &[]),
            ("vmdk", "subformat=monolithicFlat", &[]),
        ],
    ),
];

fn main() {
    let mut suite = Suite::new("containers");
    for (name, ways) in WAYS {
        let case = name.to_ascii_lowercase().replace(' ', "_");
        suite = suite.case(&case, QEMU, || reads_as_the_disk(name, ways));
    }
    suite
        .case(
            "a_fixed_vhd_stays_the_plain_disk",
            QEMU,
            a_fixed_vhd_stays_the_plain_disk,
        )
        .case("many_gibibytes", QEMU, many_gibibytes)
        .case("one_over_the_other", QEMU, one_over_the_other)
        .case("what_is_refused", QEMU, what_is_refused)
        .case("nothing_is_changed", QEMU, nothing_is_changed)
        .run();
}

fn env() -> TestEnv {
    TestEnv::new(env!("CARGO_BIN_EXE_linksmith"))
}

/// `disk.raw` of [`make_disk`], which is made once.
fn raw_disk(env: &TestEnv) -> &'static [u8] {
    static DISK: OnceLock<Vec<u8>> = OnceLock::new();
    let disk = DISK.get_or_init(make_disk);
    std::fs::write(env.join("disk.raw"), disk).expect("the disk");
    disk
}

/// An MBR, a partition at 1 MiB with links and files, and something after it.
fn make_disk() -> Vec<u8> {
    let env = env();
    let _ = env.run(&["format", "C.img", "--size", "16M"]).ok();
    env.dir("tree/dir").file("tree/dir/file.txt", "text");
    std::fs::write(env.join("tree/noise"), noise(300 << 10)).expect("a file");
    let lines: String = (0..40_000).map(|n| format!("line {n}\n")).collect();
    env.file("tree/lines", &lines);
    let run = |words: &[&str]| env.run(&[&["--drive", "C=C.img"], words].concat());
    let _ = run(&["import", "tree", r"C:\tree"]).ok();
    let _ = run(&["soft", r"C:\soft", r"tree\dir\file.txt"]).ok();
    let _ = run(&["hard", r"C:\hard", r"C:\tree\dir\file.txt"]).ok();
    let _ = run(&["junction", r"C:\junction", r"C:\tree\dir"]).ok();
    let volume = std::fs::read(env.join("C.img")).expect("the volume");
    let mut disk = vec![0; DISK];
    disk[MIB..MIB + volume.len()].copy_from_slice(&volume);
    disk[DISK - 512..].fill(0xA5);
    let sectors = |bytes: usize| ((bytes / 512) as u32).to_le_bytes();
    disk[0x1B8..0x1BC].copy_from_slice(&[1, 2, 3, 4]);
    disk[450] = 7;
    disk[454..458].copy_from_slice(&sectors(MIB));
    disk[458..462].copy_from_slice(&sectors(volume.len()));
    disk[510..512].copy_from_slice(&[0x55, 0xAA]);
    disk
}

/// Bytes that no packer makes smaller.
fn noise(length: usize) -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state as u8
    };
    std::iter::repeat_with(next).take(length).collect()
}

fn qemu_img(folder: &Path, words: &[&str]) {
    let tool = find_tool("qemu-img").expect("qemu-img");
    let out = Command::new(tool).current_dir(folder).args(words).output();
    let out = out.expect("qemu-img runs");
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "qemu-img {words:?}: {said}");
}

fn convert(env: &TestEnv, (format, options, more): Way<'_>, name: &str) -> PathBuf {
    let fixed = ["convert", "-f", "raw", "-O", format, "-o", options];
    qemu_img(env.path(), &[&fixed, more, &["disk.raw", name]].concat());
    env.join(name)
}

fn open_disk(image: &Path) -> Result<Opened, ContainerError> {
    let device = open_device(image, Access::Read).expect("the image");
    open(device, &|name| {
        open_device(&image.with_file_name(name), Access::Read)
    })
}

/// The disk in a container of this kind.
fn disk_in(image: &Path, kind: &str) -> linksmith::container::ContainerDevice {
    match open_disk(image) {
        Ok(Opened::Container(disk)) => {
            assert_eq!(disk.format().to_string(), kind);
            assert_eq!(disk.notes(), [""; 0]);
            disk
        }
        other => panic!("{}: {other:?}", image.display()),
    }
}

fn reads_as_the_disk(kind: &str, ways: &[Way<'_>]) {
    let env = env();
    let raw = raw_disk(&env);
    let say = |image: &str| {
        let drive = format!("C={image}");
        let run = |words: &[&str]| env.run(&[&["--drive", &drive], words].concat()).ok();
        let (list, find) = (run(&["list", "-R", r"C:\"]), run(&["find"]));
        (list, find, env.run(&["check", image]).ok())
    };
    let of_raw = say("disk.raw");
    assert!(of_raw.2.ends_with("no findings\n"), "{of_raw:?}");
    for (number, way) in ways.iter().enumerate() {
        let name = format!("disk{number}.{}", way.0);
        let image = convert(&env, *way, &name);
        let disk = disk_in(&image, kind);
        let in_one = read(&disk, 0, disk.len() as usize);
        assert!(in_one[..DISK] == *raw, "{way:?}");
        // QEMU rounds the size up to whole cylinders, where the format counts in them.
        assert!(in_one[DISK..].iter().all(|byte| *byte == 0), "{way:?}");
        in_pieces(&disk, raw);
        drop(disk);
        // The others differ in where bytes lie, which has been seen.
        if number == 0 || way.2 == ["-c"] {
            assert_eq!(say(&name), of_raw, "{way:?}");
        }
    }
}

fn read(device: &dyn Device, at: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![1; length];
    device.read_at(at, &mut bytes).expect("it can be read");
    bytes
}

/// Lengths and places that fit no unit of any format.
fn in_pieces(disk: &dyn Device, raw: &[u8]) {
    for at in (0..raw.len() - 5000).step_by(99_991) {
        let length = 1 + at % 4999;
        assert!(
            read(disk, at as u64, length) == raw[at..at + length],
            "{length} bytes at {at}"
        );
    }
    assert!(disk.read_at(disk.len(), &mut [0]).is_err());
    assert!(disk.write_at(0, &[0]).is_err());
}

fn a_fixed_vhd_stays_the_plain_disk() {
    let env = env();
    raw_disk(&env);
    let image = convert(
        &env,
        ("vpc", "subformat=fixed,force_size=on", &[]),
        "disk.vhd",
    );
    assert!(matches!(open_disk(&image), Ok(Opened::Plain(_))));
    let _ = env
        .run(&["--drive", "C=disk.vhd", "remove", r"C:\soft"])
        .ok();
    let _ = env.run(&["check", "disk.vhd"]).ok();
}

/// Tables of more than one page, entries after the first chunk of a VHDX, offsets above 32 bits.
fn many_gibibytes() {
    const GIB: u64 = 1 << 30;
    let env = env();
    let places = [
        0,
        3 * GIB,
        4 * GIB - 3,
        4 * GIB + 7 * MIB as u64,
        9 * GIB - 5,
    ];
    let mut raw = File::create(env.join("disk.raw")).expect("the disk");
    raw.set_len(9 * GIB).expect("its size");
    for place in places {
        raw.seek(SeekFrom::Start(place)).expect("its place");
        raw.write_all(&place.to_be_bytes()[3..]).expect("its place");
    }
    drop(raw);
    for (way, kind) in [
        (
            ("vpc", "subformat=dynamic,force_size=on", &[][..]),
            "VHD image",
        ),
        (("vhdx", "block_size=1M", &[]), "VHDX image"),
        (("qcow2", "cluster_size=4K", &[]), "QCOW2 image"),
        (("vdi", "static=off", &[]), "VDI image"),
        (("vmdk", "subformat=monolithicSparse", &[]), "VMDK image"),
        (
            ("vmdk", "subformat=twoGbMaxExtentSparse", &[]),
            "VMDK description",
        ),
    ] {
        let name = format!("{}.{}", way.1, way.0);
        let disk = disk_in(&convert(&env, way, &name), kind);
        assert_eq!(disk.len(), 9 * GIB);
        for place in places {
            assert_eq!(read(&disk, place, 5), place.to_be_bytes()[3..], "{way:?}");
            assert_eq!(
                read(
                    &disk,
                    place + GIB / 2 - 4 * u64::from(place > 8 * GIB) * GIB,
                    4096
                ),
                [0; 4096]
            );
        }
    }
}

/// What differs from another disk, over that disk.
fn one_over_the_other() {
    let env = env();
    let mut disk = raw_disk(&env).to_vec();
    convert(&env, ("qcow2", "cluster_size=4K", &[]), "base.qcow2");
    convert(
        &env,
        ("vmdk", "subformat=monolithicSparse", &[]),
        "base.vmdk",
    );
    convert(
        &env,
        ("vmdk", "subformat=twoGbMaxExtentSparse", &[]),
        "split.vmdk",
    );
    std::fs::rename(env.join("disk.raw"), env.join("base.raw")).expect("the base");
    // Bytes where there were zeros, zeros where there were bytes, other bytes.
    disk[9..29].fill(7);
    disk[20 * MIB..20 * MIB + 99_999].fill(7);
    disk[DISK - 512..].fill(0);
    disk[5 * MIB + 3..5 * MIB + 70_000].fill(0);
    std::fs::write(env.join("disk.raw"), &disk).expect("the disk");
    for (format, options, base, base_format, kind) in [
        ("qcow2", "cluster_size=4K", "base.raw", "raw", "QCOW2 image"),
        (
            "qcow2",
            "cluster_size=64K",
            "base.qcow2",
            "qcow2",
            "QCOW2 image",
        ),
        (
            "qcow2",
            "extended_l2=on",
            "base.qcow2",
            "qcow2",
            "QCOW2 image",
        ),
        ("qcow2", "compat=0.10", "split.vmdk", "vmdk", "QCOW2 image"),
        (
            "vmdk",
            "subformat=monolithicSparse",
            "base.vmdk",
            "vmdk",
            "VMDK image",
        ),
        (
            "vmdk",
            "subformat=twoGbMaxExtentSparse",
            "base.vmdk",
            "vmdk",
            "VMDK description",
        ),
    ] {
        let more = ["-B", base, "-F", base_format];
        let name = format!("{options}-{base}.{format}");
        let image = convert(&env, (format, options, &more), &name);
        assert!(read(&disk_in(&image, kind), 0, DISK) == disk, "{name}");
    }
    std::fs::rename(env.join("split.vmdk"), env.join("base.vmdk")).expect("another base");
    let other = env
        .run(&["check", "subformat=monolithicSparse-base.vmdk.vmdk"])
        .fails(10);
    assert!(
        other.contains("'base.vmdk' is not the parent that it was made over"),
        "{other}"
    );
}

fn what_is_refused() {
    let env = env();
    raw_disk(&env);
    convert(
        &env,
        ("qcow2", "compression_type=zstd", &["-c"]),
        "zstd.qcow2",
    );
    convert(
        &env,
        ("qcow2", "data_file=data,data_file_raw=on", &[]),
        "data.qcow2",
    );
    convert(
        &env,
        ("vmdk", "subformat=twoGbMaxExtentSparse", &[]),
        "split.vmdk",
    );
    let secret = ["--object", "secret,id=s,data=words"];
    let luks = "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10";
    let words = ["create", "-q", "-f", "qcow2", "-o", luks];
    qemu_img(
        env.path(),
        &[&words[..1], &secret, &words[1..], &["luks.qcow2", "8M"]].concat(),
    );
    std::fs::remove_file(env.join("split-s001.vmdk")).expect("the extent");
    for (image, words) in [
        ("zstd.qcow2", "compressed by zstd"),
        ("data.qcow2", "data lie in another file"),
        ("luks.qcow2", "encrypted"),
        ("split.vmdk", "'split-s001.vmdk', which cannot be opened"),
    ] {
        let said = env.run(&["check", image]).fails(6);
        assert!(said.contains(words) && said.contains("\nhint: "), "{said}");
    }
}

fn nothing_is_changed() {
    let env = env();
    raw_disk(&env);
    let image = convert(&env, ("vhdx", "subformat=dynamic", &[]), "disk.vhdx");
    let before = std::fs::read(&image).expect("the image");
    let hint = "hint: A VHDX image is only read; `qemu-img convert -O raw 'disk.vhdx' disk.img` makes a copy that can be changed.\n";
    let _reader = open_disk(&image);
    for words in [
        &["soft", r"C:\new", r"C:\tree"][..],
        &["hard", r"C:\new", r"C:\hard"],
        &["junction", r"C:\new", r"C:\tree"],
        &["remove", r"C:\soft"],
        &["rename", r"C:\hard", "new"],
        &["move", r"C:\hard", r"C:\tree\new"],
        &["retarget", r"C:\junction", r"C:\tree"],
        &["convert", r"C:\junction", "--to", "soft"],
        &["import", ".", r"C:\new"],
    ] {
        let outcome = env.run(&[&["--drive", "C=disk.vhdx"], words].concat());
        assert!(matches!(outcome.code, Some(5 | 6)), "{words:?}: {outcome}");
        assert!(outcome.stderr.ends_with(hint), "{words:?}: {outcome}");
    }
    let repair = env.run(&["check", "--repair", "disk.vhdx"]);
    assert!(repair.stderr.ends_with(hint), "{repair}");
    assert!(std::fs::read(&image).expect("the image") == before);
}
