//! Bytes of steps and ids in a journal: little-endian, lengths before bytes, one tag byte a value.
//!
//! Not JSON: a journal holds contents of files and names that are no Unicode, and its reader has to get
//! along with a file that ends in the middle of a write. The plan file for people is the command line's.

use crate::entry::{Attributes, FileId, FileTime, LinkText, Times};
use crate::path::EntryPath;
use crate::plan::{Expect, PlannedStep, Source, Step};
use crate::reparse::ReparsePoint;
use crate::volume::DriveId;

use super::Inverse;

/// What is wrong with a journal's bytes, and where in the frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Malformed {
    pub(super) position: usize,
    pub(super) what: &'static str,
}

/// Takes values off a frame; never past its end.
pub(super) struct Input<'b> {
    bytes: &'b [u8],
    at: usize,
}

type Read<T> = Result<T, Malformed>;

impl<'b> Input<'b> {
    pub(super) fn new(bytes: &'b [u8]) -> Self {
        Self { bytes, at: 0 }
    }

    fn wrong<T>(&self, what: &'static str) -> Read<T> {
        Err(Malformed {
            position: self.at,
            what,
        })
    }

    fn take(&mut self, count: usize, what: &'static str) -> Read<&'b [u8]> {
        let end = self.at.checked_add(count);
        match end.and_then(|end| self.bytes.get(self.at..end)) {
            Some(bytes) => {
                self.at += count;
                Ok(bytes)
            }
            None => self.wrong(what),
        }
    }

    fn array<const N: usize>(&mut self, what: &'static str) -> Read<[u8; N]> {
        let position = self.at;
        self.take(N, what)?
            .try_into()
            .map_err(|_| Malformed { position, what })
    }

    pub(super) fn end(&self) -> Read<()> {
        if self.at == self.bytes.len() {
            return Ok(());
        }
        self.wrong("the end of the record")
    }
}

/// A value with a form in bytes.
pub(super) trait Coded: Sized {
    fn write(&self, out: &mut Vec<u8>);
    fn read(input: &mut Input<'_>) -> Read<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => {
        $(impl Coded for $number {
            fn write(&self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }
            fn read(input: &mut Input<'_>) -> Read<Self> {
                Ok(Self::from_le_bytes(input.array("a number")?))
            }
        })*
    };
}
numbers!(u8, u16, u32, u64, u128);

impl Coded for bool {
    fn write(&self, out: &mut Vec<u8>) {
        u8::from(*self).write(out);
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        match u8::read(input)? {
            0 => Ok(false),
            1 => Ok(true),
            _ => input.wrong("0 or 1"),
        }
    }
}

fn write_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    (bytes.len() as u64).write(out);
    out.extend_from_slice(bytes);
}

fn read_bytes(input: &mut Input<'_>) -> Read<Vec<u8>> {
    let count = usize::try_from(u64::read(input)?).unwrap_or(usize::MAX);
    Ok(input.take(count, "so many bytes")?.to_vec())
}

impl Coded for String {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.as_bytes(), out);
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        Self::from_utf8(read_bytes(input)?).or_else(|_| input.wrong("text in UTF-8"))
    }
}

impl<T: Coded> Coded for Option<T> {
    fn write(&self, out: &mut Vec<u8>) {
        self.is_some().write(out);
        if let Some(value) = self {
            value.write(out);
        }
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        bool::read(input)?.then(|| T::read(input)).transpose()
    }
}

/// Values one after the other, their number before them. No room is set aside by that number: it is
/// what the file says, and the bytes may not be there.
impl<T: Coded> Coded for Vec<T> {
    fn write(&self, out: &mut Vec<u8>) {
        (self.len() as u64).write(out);
        for value in self {
            value.write(out);
        }
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        let count = u64::read(input)?;
        (0..count).map(|_| T::read(input)).collect()
    }
}

impl<A: Coded, B: Coded> Coded for (A, B) {
    fn write(&self, out: &mut Vec<u8>) {
        self.0.write(out);
        self.1.write(out);
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        Ok((A::read(input)?, B::read(input)?))
    }
}

impl Coded for EntryPath {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.as_bytes(), out);
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        Self::parse(read_bytes(input)?).or_else(|_| input.wrong("a path"))
    }
}

impl Coded for FileId {
    fn write(&self, out: &mut Vec<u8>) {
        self.volume.write(out);
        self.file.write(out);
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        Ok(Self {
            volume: u64::read(input)?,
            file: u128::read(input)?,
        })
    }
}

impl Coded for ReparsePoint {
    fn write(&self, out: &mut Vec<u8>) {
        write_bytes(self.as_bytes(), out);
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        Self::from_bytes(read_bytes(input)?).or_else(|_| input.wrong("reparse data"))
    }
}

impl Coded for LinkText {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Reparse(data) => {
                0u8.write(out);
                data.write(out);
            }
            Self::Posix(text) => {
                1u8.write(out);
                write_bytes(text, out);
            }
        }
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        match u8::read(input)? {
            0 => Ok(Self::Reparse(ReparsePoint::read(input)?)),
            1 => Ok(Self::Posix(read_bytes(input)?)),
            _ => input.wrong("a kind of link text"),
        }
    }
}

impl Coded for Times {
    fn write(&self, out: &mut Vec<u8>) {
        for time in [self.created, self.modified, self.changed, self.accessed] {
            time.0.write(out);
        }
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        let mut time = || u64::read(input).map(FileTime);
        Ok(Self {
            created: time()?,
            modified: time()?,
            changed: time()?,
            accessed: time()?,
        })
    }
}

impl Coded for Source {
    fn write(&self, out: &mut Vec<u8>) {
        self.drive.map(|drive| drive.0).write(out);
        self.at.write(out);
        self.id.write(out);
        self.size.write(out);
        self.modified.0.write(out);
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        Ok(Self {
            drive: Option::<u16>::read(input)?.map(DriveId),
            at: EntryPath::read(input)?,
            id: FileId::read(input)?,
            size: u64::read(input)?,
            modified: FileTime(u64::read(input)?),
        })
    }
}

impl Coded for Step {
    fn write(&self, out: &mut Vec<u8>) {
        let mut start = |tag: u8, at: &EntryPath| {
            tag.write(out);
            at.write(out);
        };
        match self {
            Self::MakeDir { at } => start(0, at),
            Self::MakeDirLike { at, like } => {
                start(11, at);
                like.write(out);
            }
            Self::MakeFile { at, contents } => {
                start(1, at);
                write_bytes(contents, out);
            }
            Self::WriteFile { at, contents } => {
                start(2, at);
                write_bytes(contents, out);
            }
            Self::MakeLink { at, link, dir } => {
                start(3, at);
                link.write(out);
                dir.write(out);
            }
            Self::SetReparse { at, data } => {
                start(4, at);
                data.write(out);
            }
            Self::ClearReparse { at } => start(5, at),
            Self::HardLink { existing, new } => {
                start(6, existing);
                new.write(out);
            }
            Self::Rename { from, to, replace } => {
                start(7, from);
                to.write(out);
                replace.write(out);
            }
            Self::Remove { at } => start(8, at),
            Self::SetMeta {
                at,
                times,
                attributes,
            } => {
                start(9, at);
                times.write(out);
                attributes.map(|a| a.bits()).write(out);
            }
            Self::CopyFile {
                at,
                from,
                times,
                attributes,
            } => {
                start(10, at);
                from.write(out);
                times.write(out);
                attributes.map(|a| a.bits()).write(out);
            }
        }
    }

    fn read(input: &mut Input<'_>) -> Read<Self> {
        let tag = u8::read(input)?;
        let at = EntryPath::read(input)?;
        Ok(match tag {
            0 => Self::MakeDir { at },
            1 => Self::MakeFile {
                at,
                contents: read_bytes(input)?,
            },
            2 => Self::WriteFile {
                at,
                contents: read_bytes(input)?,
            },
            3 => Self::MakeLink {
                at,
                link: LinkText::read(input)?,
                dir: bool::read(input)?,
            },
            4 => Self::SetReparse {
                at,
                data: ReparsePoint::read(input)?,
            },
            5 => Self::ClearReparse { at },
            6 => Self::HardLink {
                existing: at,
                new: EntryPath::read(input)?,
            },
            7 => Self::Rename {
                from: at,
                to: EntryPath::read(input)?,
                replace: bool::read(input)?,
            },
            8 => Self::Remove { at },
            9 => Self::SetMeta {
                at,
                times: Times::read(input)?,
                attributes: Option::<u32>::read(input)?.map(Attributes::from_bits_retain),
            },
            10 => Self::CopyFile {
                at,
                from: Source::read(input)?,
                times: Times::read(input)?,
                attributes: Option::<u32>::read(input)?.map(Attributes::from_bits_retain),
            },
            11 => Self::MakeDirLike {
                at,
                like: EntryPath::read(input)?,
            },
            _ => return input.wrong("a kind of step"),
        })
    }
}

impl Coded for Expect {
    fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Absent(at) => {
                0u8.write(out);
                at.write(out);
            }
            Self::Entry { at, id, link } => {
                1u8.write(out);
                at.write(out);
                id.write(out);
                link.write(out);
            }
            Self::SameContents { at, other } => {
                2u8.write(out);
                at.write(out);
                other.write(out);
            }
        }
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        match u8::read(input)? {
            0 => Ok(Self::Absent(EntryPath::read(input)?)),
            2 => Ok(Self::SameContents {
                at: EntryPath::read(input)?,
                other: EntryPath::read(input)?,
            }),
            1 => Ok(Self::Entry {
                at: EntryPath::read(input)?,
                id: FileId::read(input)?,
                link: Option::read(input)?,
            }),
            _ => input.wrong("a kind of expectation"),
        }
    }
}

impl Coded for PlannedStep {
    fn write(&self, out: &mut Vec<u8>) {
        self.drive.0.write(out);
        self.step.write(out);
        self.expect.write(out);
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        Ok(Self {
            drive: DriveId(u16::read(input)?),
            step: Step::read(input)?,
            expect: Vec::read(input)?,
        })
    }
}

impl Coded for Inverse {
    fn write(&self, out: &mut Vec<u8>) {
        self.steps.write(out);
        self.lost.write(out);
        self.gone.write(out);
    }
    fn read(input: &mut Input<'_>) -> Read<Self> {
        Ok(Self {
            steps: Vec::read(input)?,
            lost: Option::read(input)?,
            gone: Option::read(input)?,
        })
    }
}
