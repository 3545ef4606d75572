//! Every link and its way in a file, so that the second question costs nothing.
//!
//! JSON Lines: a header with the volumes by serial number, then a line a link. Places are the number of
//! a volume in the header and a path on it; the path is hexadecimal where it is not Unicode.

use std::fs::File;
use std::io::{BufRead as _, BufReader, BufWriter, Write as _};
use std::path::Path;

use linksmith::ops::refs::Way;
use linksmith::ops::repair::Identity;
use linksmith::volume::Drives;
use linksmith::{Cause, DriveId, End, EntryPath, FileId, Place};
use serde::{Deserialize, Serialize};

use crate::describe::Description;
use crate::error::{CliError, Exit};
use crate::output::json::{hex, to_line};

#[derive(Serialize, Deserialize)]
struct Header {
    v: u32,
    index: String,
    volumes: Vec<VolumeOf>,
}

#[derive(Serialize, Deserialize)]
struct VolumeOf {
    root: String,
    serial: String,
}

#[derive(Serialize, Deserialize)]
struct LinkOf {
    at: PlaceOf,
    kind: String,
    target: Option<String>,
    status: String,
    links: Vec<PlaceOf>,
    stops: Vec<(usize, PlaceOf)>,
    /// The file at its end; indexes of earlier versions do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    found: Option<FoundOf>,
}

/// The volume and the file of a file id in hexadecimal, and the file's bytes.
#[derive(Serialize, Deserialize)]
struct FoundOf(String, String, u64);

impl FoundOf {
    fn of(end: &End) -> Option<Self> {
        let End::Found { entry, .. } = end else {
            return None;
        };
        let (volume, file) = (entry.id.volume, entry.id.file);
        Some(Self(format!("{volume:X}"), format!("{file:X}"), entry.size))
    }

    fn identity(&self) -> Option<Identity> {
        let id = FileId {
            volume: u64::from_str_radix(&self.0, 16).ok()?,
            file: u128::from_str_radix(&self.1, 16).ok()?,
        };
        Some(Identity { id, size: self.2 })
    }
}

/// Volume and path; the third value is the path in hexadecimal where the second cannot say it.
#[derive(Serialize, Deserialize)]
struct PlaceOf(
    u16,
    String,
    #[serde(default, skip_serializing_if = "String::is_empty")] String,
);

/// A link as an index has it.
pub(crate) struct Indexed {
    pub place: Place,
    pub kind: String,
    pub target: Option<String>,
    pub status: String,
    pub way: Way,
    /// What it led to.
    pub found: Option<Identity>,
}

impl PlaceOf {
    fn of(place: &Place) -> Self {
        let bytes = place.path.as_bytes();
        match std::str::from_utf8(bytes) {
            Ok(text) => Self(place.drive.0, text.to_owned(), String::new()),
            Err(_) => Self(place.drive.0, String::new(), hex(bytes)),
        }
    }

    fn to_place(&self, drives: &[DriveId]) -> Option<Place> {
        let bytes = match self.2.as_str() {
            "" => self.1.clone().into_bytes(),
            digits => crate::output::json::unhex(digits)?,
        };
        Some(Place {
            drive: *drives.get(usize::from(self.0))?,
            path: EntryPath::parse(bytes).ok()?,
        })
    }
}

fn cannot(op: &str, path: &Path, error: std::io::Error) -> CliError {
    CliError::cannot(op, path.as_os_str().as_encoded_bytes(), &Cause::Io(error))
}

/// Writes an index as links are found.
pub(crate) struct Writer<'p> {
    path: &'p Path,
    out: BufWriter<File>,
}

impl<'p> Writer<'p> {
    // The file lies on this machine, which is no volume's business.
    #[allow(clippy::disallowed_methods)]
    pub(crate) fn new(path: &'p Path, drives: &Drives) -> Result<Self, CliError> {
        let file = File::create(path).map_err(|e| cannot("write", path, e))?;
        let mut writer = Self {
            path,
            out: BufWriter::new(file),
        };
        let volumes = drives.ids().into_iter().map(|id| VolumeOf {
            root: drives.display(&Place {
                drive: id,
                path: EntryPath::root(),
            }),
            serial: serial(drives, id).unwrap_or_default(),
        });
        let header = Header {
            v: 1,
            index: "links".to_owned(),
            volumes: volumes.collect(),
        };
        writer.line(&to_line(&header))?;
        Ok(writer)
    }

    fn line(&mut self, line: &str) -> Result<(), CliError> {
        let written = writeln!(self.out, "{line}");
        written.map_err(|e| cannot("write", self.path, e))
    }

    pub(crate) fn add(&mut self, of: &Description) -> Result<(), CliError> {
        let Some(resolution) = &of.located.resolution else {
            return Ok(());
        };
        let way = Way::of(resolution);
        let target = of.target.as_ref();
        self.line(&to_line(&LinkOf {
            at: PlaceOf::of(&of.located.place),
            kind: of.kind.word().to_owned(),
            target: target.map(|t| String::from_utf8_lossy(t).into_owned()),
            status: of.located.status.to_string(),
            found: FoundOf::of(&resolution.end),
            links: way.links.iter().map(PlaceOf::of).collect(),
            stops: way
                .stops
                .iter()
                .map(|(n, p)| (*n, PlaceOf::of(p)))
                .collect(),
        }))
    }

    pub(crate) fn finish(mut self) -> Result<(), CliError> {
        self.out.flush().map_err(|e| cannot("write", self.path, e))
    }
}

fn serial(drives: &Drives, id: DriveId) -> Option<String> {
    let volume = drives.volume(id).ok()?;
    Some(format!("{:016X}", volume.info().serial))
}

/// Reads an index made of these very volumes.
///
/// # Errors
/// An index of another volume is refused, and one that is no index.
pub(crate) fn read(path: &Path, drives: &Drives) -> Result<Vec<Indexed>, CliError> {
    let file = File::open(path).map_err(|e| cannot("read", path, e))?;
    let mut lines = BufReader::new(file).lines().enumerate();
    let bad = |number: usize, why: &str| {
        let message = format!("'{}' line {}: {why}", path.display(), number + 1);
        CliError::new(Exit::Unsafe, message).hint("`linksmith refs --save FILE` makes an index.")
    };
    let (_, first) = lines.next().ok_or_else(|| bad(0, "it is empty"))?;
    let first = first.map_err(|e| cannot("read", path, e))?;
    let header: Header =
        serde_json::from_str(&first).map_err(|e| bad(0, &format!("it is no index: {e}")))?;
    if header.v != 1 || header.index != "links" {
        return Err(bad(0, "it is no index of version 1"));
    }
    let ids = volumes(&header, drives)?;
    let mut links = Vec::new();
    for (number, line) in lines {
        let line = line.map_err(|e| cannot("read", path, e))?;
        let link: LinkOf = serde_json::from_str(&line).map_err(|e| bad(number, &e.to_string()))?;
        links.push(indexed(&link, &ids).ok_or_else(|| bad(number, "a place is none"))?);
    }
    Ok(links)
}

fn indexed(link: &LinkOf, ids: &[DriveId]) -> Option<Indexed> {
    let places = link.links.iter().map(|p| p.to_place(ids));
    let stops = link.stops.iter().map(|(n, p)| Some((*n, p.to_place(ids)?)));
    Some(Indexed {
        place: link.at.to_place(ids)?,
        kind: link.kind.clone(),
        target: link.target.clone(),
        status: link.status.clone(),
        found: match &link.found {
            Some(found) => Some(found.identity()?),
            None => None,
        },
        way: Way {
            links: places.collect::<Option<_>>()?,
            stops: stops.collect::<Option<_>>()?,
        },
    })
}

/// The drives of today for the volumes of an index, by their serial numbers.
fn volumes(header: &Header, drives: &Drives) -> Result<Vec<DriveId>, CliError> {
    let find = |volume: &VolumeOf| {
        let found = drives
            .ids()
            .into_iter()
            .find(|id| serial(drives, *id).as_ref() == Some(&volume.serial));
        found.ok_or_else(|| {
            let (root, serial) = (&volume.root, &volume.serial);
            let message = format!(
                "the index is of another volume: '{root}', serial {serial}, is not attached"
            );
            CliError::new(Exit::Unsafe, message)
                .hint("`linksmith refs --save FILE` makes a new one.")
        })
    };
    header.volumes.iter().map(find).collect()
}
