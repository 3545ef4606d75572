//! Writes what `ntfsgen` writes into an image, by the crate `rust-fs-ntfs`, as far as it gets: each sort of work ends at
//! the first refusal, or when its share of the time is over. What was done is printed.
use std::path::Path;
use std::time::{Duration, Instant};

use fs_ntfs::block_io::PathIo;
use fs_ntfs::write::{create_file_io, link_io, mkdir_io, write_reparse_point_io};

const SHARE: Duration = Duration::from_secs(5);
const MOUNT_POINT: u32 = 0xA000_0003;

/// Does `work` for each number, says how many it did and what ended it, and gives how many.
fn each<E>(what: &str, count: usize, mut work: impl FnMut(usize) -> Result<(), E>) -> usize {
    let began = Instant::now();
    for i in 0..count {
        let over = began.elapsed() > SHARE;
        if over || work(i).is_err() {
            println!("{i} {what}{}", if over { " in 5 s" } else { "" });
            return i;
        }
    }
    println!("{count} {what}");
    count
}

/// Reparse data of a junction, without the header.
fn junction(target: &str) -> Vec<u8> {
    let bytes = |text: &str| {
        text.encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect::<Vec<u8>>()
    };
    let (substitute, print) = (bytes(&format!("\\??\\{target}")), bytes(target));
    let (s, p) = (substitute.len() as u16, print.len() as u16);
    let mut out = Vec::new();
    for word in [0, s, s + 2, p] {
        out.extend_from_slice(&u16::to_le_bytes(word));
    }
    out.extend_from_slice(&substitute);
    out.extend_from_slice(&[0, 0]);
    out.extend_from_slice(&print);
    out.extend_from_slice(&[0, 0]);
    out
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let count = |at: usize| args[at].parse::<usize>().expect("a number");
    let (dirs, files, links, junctions) = (count(2), count(3), count(4), count(5));
    let mut io = PathIo::open_rw(Path::new(&args[1])).expect("the image opens");
    mkdir_io(&mut io, "/", "t").expect("the first directory");
    mkdir_io(&mut io, "/", "links").expect("the second directory");
    let make = |i| mkdir_io(&mut io, "/t", &format!("d{i:05}")).map(drop);
    let dirs = each("directories", dirs, make);
    let dir = |i: usize| format!("/t/d{:05}", i % dirs);
    let name = |i: usize| format!("file{i:07}.txt");
    let make = |i| create_file_io(&mut io, &dir(i), &name(i)).map(drop);
    let files = each("files", files, make);
    each("hard links", links, |i| {
        let file = i % files;
        let file = format!("{}/{}", dir(file), name(file));
        let new = format!("hard{i:07}.lnk");
        link_io(&mut io, &file, &dir(i * 7919 + 1), &new)
    });
    each("junctions", junctions, |i| {
        let name = format!("junc{i:06}");
        mkdir_io(&mut io, "/links", &name)?;
        let data = junction(&format!("C:\\t\\d{:05}", i % dirs));
        write_reparse_point_io(&mut io, &format!("/links/{name}"), MOUNT_POINT, &data)
    });
}
