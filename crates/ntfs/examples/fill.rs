//! Fills an image, for measuring: `fill IMAGE DIRS FILES LINKS JUNCTIONS STEPS_PER_COMMIT`
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program for measuring, on an image that is its argument"
)]

use std::fs::File;
use std::io;
#[cfg(unix)]
use std::os::unix::fs::FileExt;
use std::time::Instant;

use linksmith_ntfs::FileRef;
use linksmith_ntfs::device::Device;
use linksmith_ntfs::edit::{EditOptions, Editor};
use linksmith_ntfs::journal::MemoryJournal;

struct Disk(File, u64);

impl Device for Disk {
    fn len(&self) -> u64 {
        self.1
    }
    #[cfg(unix)]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        self.0.read_exact_at(buf, offset)
    }
    #[cfg(unix)]
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        self.0.write_all_at(data, offset)
    }
    // One thread alone uses it, so the file's own position will do elsewhere.
    #[cfg(not(unix))]
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        io::Seek::seek(&mut &self.0, io::SeekFrom::Start(offset))?;
        io::Read::read_exact(&mut &self.0, buf)
    }
    #[cfg(not(unix))]
    fn write_at(&self, offset: u64, data: &[u8]) -> io::Result<()> {
        io::Seek::seek(&mut &self.0, io::SeekFrom::Start(offset))?;
        io::Write::write_all(&mut &self.0, data)
    }
    fn flush(&self) -> io::Result<()> {
        self.0.sync_data()
    }
}

fn units(text: &str) -> Vec<u16> {
    text.encode_utf16().collect()
}

fn junction(target: &str) -> Vec<u8> {
    let text: Vec<u8> = units(&format!("\\??\\{target}"))
        .iter()
        .flat_map(|u| u.to_le_bytes())
        .collect();
    let n = text.len() as u16;
    let mut out = 0xA000_0003u32.to_le_bytes().to_vec();
    for word in [12 + n, 0, 0, n, n + 2, 0] {
        out.extend_from_slice(&word.to_le_bytes());
    }
    out.extend_from_slice(&text);
    out.extend_from_slice(&[0; 4]);
    out
}

struct Fill {
    editor: Editor<Disk>,
    journal: MemoryJournal,
    steps: u64,
    per_commit: u64,
    peak: usize,
}

impl Fill {
    fn step(&mut self) {
        self.steps += 1;
        if self.steps % self.per_commit == 0 {
            self.commit();
        }
    }

    fn commit(&mut self) {
        self.peak = self.peak.max(self.editor.memory());
        self.editor.commit(&self.journal).unwrap();
    }

    fn timed(&mut self, what: &str, work: impl FnOnce(&mut Self)) {
        let began = Instant::now();
        work(self);
        println!("{what:<10} {:.3} s", began.elapsed().as_secs_f64());
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize| args[i].parse::<u64>().unwrap();
    let (dirs, files, links, junctions) = (number(1), number(2), number(3), number(4));
    let file = File::options()
        .read(true)
        .write(true)
        .open(&args[0])
        .unwrap();
    let len = file.metadata().unwrap().len();
    let began = Instant::now();
    let editor = Editor::open(
        Disk(file, len),
        134_000_000_000_000_000,
        EditOptions::default(),
    )
    .unwrap();
    println!("open       {:.3} s", began.elapsed().as_secs_f64());
    let mut fill = Fill {
        editor,
        journal: MemoryJournal::default(),
        steps: 0,
        per_commit: number(5),
        peak: 0,
    };
    let root = fill.editor.root().unwrap();
    let top = fill.editor.create_dir(root, &units("t")).unwrap();
    let (mut made, mut all): (Vec<FileRef>, Vec<FileRef>) = (Vec::new(), Vec::new());
    let per = files.div_ceil(dirs);
    fill.timed("dirs", |fill| {
        for i in 0..dirs {
            made.push(
                fill.editor
                    .create_dir(top, &units(&format!("d{i:05}")))
                    .unwrap(),
            );
            fill.step();
        }
    });
    fill.timed("files", |fill| {
        for i in 0..files {
            let name = units(&format!("file{i:07}.txt"));
            all.push(
                fill.editor
                    .create_file(made[(i / per) as usize], &name, b"")
                    .unwrap(),
            );
            fill.step();
        }
    });
    fill.timed("links", |fill| {
        for i in 0..links {
            let k = (i * files / links) as usize;
            let dir = made[(k + 1) * made.len() / all.len() % made.len()];
            fill.editor
                .link(all[k], dir, &units(&format!("hard{i:07}.lnk")))
                .unwrap();
            fill.step();
        }
    });
    fill.timed("junctions", |fill| {
        let mut parent = top;
        for i in 0..junctions {
            if i % 1000 == 0 {
                parent = fill
                    .editor
                    .create_dir(root, &units(&format!("r{:04}", i / 1000)))
                    .unwrap();
            }
            let data = junction(&format!("C:\\t\\d{:05}", i % dirs));
            let name = units(&format!("junc{i:06}"));
            fill.editor
                .create_reparse_point(parent, &name, true, &data)
                .unwrap();
            fill.step();
        }
    });
    fill.timed("commit", Fill::commit);
    println!(
        "total      {:.3} s, {} MiB of edits and caches at most",
        began.elapsed().as_secs_f64(),
        fill.peak >> 20
    );
}
