//! `dir`, on any volume.
//!
//! On a POSIX volume the layout is the same with the facts there are: the drive is shown as `/`, the
//! serial number is made of the device number, a symbolic link is `<SYMLINKD>` where it leads to a
//! directory and `<SYMLINK>` otherwise, and entries stand in order of their names, since the system
//! gives them in none.

mod layout;
mod options;
mod time;

use std::cmp::Ordering;
use std::ffi::{OsStr, OsString};
use std::sync::Arc;

use linksmith::volume::{Drives, PathStyle, Place};
use linksmith::{Base, Entry, ReparseTag, Volume};

use super::wildcard;
use crate::error::CliError;
use crate::session::Session;
pub(crate) use layout::volume_header;
use layout::{Columns, Mark, Row};
use options::{Key, Options, TimeField};
use time::Clock;

const USAGE: &str = include_str!("usage.txt");

/// Runs `dir` with these words; the answer is the exit code.
pub(super) fn run(session: &mut Session, words: &[OsString]) -> Result<u8, CliError> {
    let drives = session.drives()?;
    let (options, mut paths) = match parse(words, drives.style()) {
        Ok(parsed) => parsed,
        Err(bad) => {
            let text = format!("Invalid switch - \"{bad}\".");
            super::err_line(session, &text)?;
            return Ok(1);
        }
    };
    if options.help {
        super::out(session, USAGE)?;
        return Ok(0);
    }
    if options.streams {
        session
            .console
            .warn("alternate data streams are not listed: /R shows none", None)?;
    }
    if paths.is_empty() {
        paths.push(OsString::from("."));
    }
    let mut lister = Lister {
        clock: Clock::of_system(),
        drives,
        options,
        shown: None,
        files: 0,
        bytes: 0,
        dirs: 0,
        printed: 0,
    };
    let mut code = 0;
    for path in &paths {
        code = code.max(lister.list(session, path)?);
    }
    Ok(code)
}

/// Switches and paths. On a Windows drive whatever begins with a slash is switches; on a POSIX one it
/// is a path unless the whole word is one switch.
fn parse(words: &[OsString], style: PathStyle) -> Result<(Options, Vec<OsString>), String> {
    let mut options = Options::default();
    let mut paths = Vec::new();
    for word in words {
        let text = word.to_string_lossy();
        if !text.starts_with('/') {
            paths.push(word.clone());
        } else if style == PathStyle::Posix {
            if !options.take(&text) {
                paths.push(word.clone());
            }
        } else {
            for switch in text.split('/').skip(1) {
                if !options.take(&format!("/{switch}")) {
                    return Err(switch.to_owned());
                }
            }
        }
    }
    Ok((options, paths))
}

/// A directory to list and which of its entries.
struct Request {
    place: Place,
    /// The directory as it is shown.
    shown: String,
    pattern: String,
}

struct Lister {
    clock: Clock,
    drives: Arc<Drives>,
    options: Options,
    /// The drive whose header was printed.
    shown: Option<linksmith::DriveId>,
    files: u64,
    bytes: u64,
    dirs: u64,
    /// Lines on the screen since the last pause.
    printed: usize,
}

impl Lister {
    fn list(&mut self, session: &mut Session, path: &OsStr) -> Result<u8, CliError> {
        let request = match self.request(path) {
            Ok(request) => request,
            Err(message) => {
                super::err_line(session, &message)?;
                return Ok(1);
            }
        };
        if !self.options.bare {
            self.header(session, &request)?;
        }
        (self.files, self.bytes, self.dirs) = (0, 0, 0);
        let found = self.tree(session, &request)?;
        if !found {
            if !self.options.bare && !self.options.recurse {
                self.directory_line(session, &request.shown)?;
            }
            super::err_line(session, " File Not Found")?;
            return Ok(1);
        }
        if !self.options.bare {
            self.footer(session, &request)?;
        }
        Ok(0)
    }

    /// Which directory and pattern a path asks for, or the words for why there is none.
    fn request(&self, path: &OsStr) -> Result<Request, String> {
        let text = path.to_string_lossy();
        let separators: &[char] = match self.drives.style() {
            PathStyle::Windows => &['\\', '/', ':'],
            PathStyle::Posix => &['/'],
        };
        let cut = text.rfind(separators).map_or(0, |i| i + 1);
        let (dir, last) = text.split_at(cut);
        if wildcard::has_any(last) {
            let dir = if dir.is_empty() { "." } else { dir };
            return self.in_dir(OsStr::new(dir), last);
        }
        if let Ok(place) = self.drives.locate_target(path) {
            if self.is_dir(&place) {
                return self.in_dir(path, "*");
            }
        }
        // A file, or a link that leads nowhere: itself, in its directory.
        let dir = if dir.is_empty() { "." } else { dir };
        self.in_dir(OsStr::new(dir), last)
    }

    fn in_dir(&self, dir: &OsStr, pattern: &str) -> Result<Request, String> {
        let place = self
            .drives
            .locate_target(dir)
            .map_err(|e| super::words(crate::session::code_of(&e), &e))?;
        let shown = self
            .drives
            .full_path(dir)
            .map_err(|e| super::words(crate::session::code_of(&e), &e))?;
        let root = self.drives.display(&Place {
            drive: place.drive,
            path: linksmith::EntryPath::root(),
        });
        let shown = if shown.len() > root.len() {
            shown.trim_end_matches(['\\', '/']).to_owned()
        } else {
            shown
        };
        Ok(Request {
            place,
            shown,
            pattern: pattern.to_owned(),
        })
    }

    fn is_dir(&self, place: &Place) -> bool {
        let entry = self
            .drives
            .volume(place.drive)
            .ok()
            .and_then(|v| v.entry(&place.path).ok());
        entry.is_some_and(|e| e.is_real_dir())
    }

    fn header(&mut self, session: &mut Session, request: &Request) -> Result<(), CliError> {
        if self.shown == Some(request.place.drive) {
            return Ok(());
        }
        self.shown = Some(request.place.drive);
        for line in super::volume_lines(&self.drives, request.place.drive)? {
            self.line(session, line.as_bytes())?;
        }
        Ok(())
    }

    fn directory_line(&mut self, session: &mut Session, shown: &str) -> Result<(), CliError> {
        self.line(session, b"")?;
        self.line(session, format!(" Directory of {shown}").as_bytes())?;
        self.line(session, b"")
    }

    /// The directory and, with `/S`, those below it; whether anything was found.
    fn tree(&mut self, session: &mut Session, request: &Request) -> Result<bool, CliError> {
        let mut found = false;
        let mut todo = vec![(request.place.clone(), request.shown.clone())];
        while let Some((place, shown)) = todo.pop() {
            let volume = self
                .drives
                .volume(place.drive)
                .map_err(crate::session::located)?;
            let entries = match linksmith::volume::list(&*volume, &place.path) {
                Ok(entries) => entries,
                Err(error) => {
                    super::err_line(session, &super::words(error.cause.win32(), &error.cause))?;
                    continue;
                }
            };
            let at = (&place, shown.as_str());
            found |= self.directory(session, &*volume, at, &request.pattern, &entries)?;
            if self.options.recurse {
                let below = self.sorted(&*volume, entries);
                let below = below.into_iter().filter(Entry::is_real_dir).rev();
                todo.extend(below.filter_map(|e| {
                    let name = e.name?;
                    let place = place.join(&name);
                    let shown = self.drives.display(&place);
                    Some((place, shown))
                }));
            }
        }
        Ok(found)
    }

    /// One directory's block.
    fn directory(
        &mut self,
        session: &mut Session,
        volume: &dyn Volume,
        (place, shown): (&Place, &str),
        pattern: &str,
        entries: &[Entry],
    ) -> Result<bool, CliError> {
        let rows = self.rows(volume, place, pattern, entries);
        if rows.is_empty() {
            return Ok(false);
        }
        if self.options.bare {
            return self.bare(session, &rows, shown);
        }
        self.directory_line(session, shown)?;
        if self.options.wide {
            for line in layout::wide(&rows, self.options.by_column, self.options.lower) {
                self.line(session, &line)?;
            }
        } else {
            let columns = Columns {
                short_names: self.options.short_names,
                owner: self.options.owner,
                commas: self.options.commas,
                lower: self.options.lower,
            };
            for row in &rows {
                self.line(session, &layout::line(row, columns))?;
            }
        }
        let files = rows.iter().filter(|r| !r.mark.is_dir()).count() as u64;
        let bytes = rows.iter().map(|r| r.mark.size()).sum();
        self.files += files;
        self.bytes += bytes;
        self.dirs += rows.len() as u64 - files;
        let footer = layout::files_footer(files, bytes, self.options.commas);
        self.line(session, footer.as_bytes())?;
        Ok(true)
    }

    fn bare(&mut self, session: &mut Session, rows: &[Row], shown: &str) -> Result<bool, CliError> {
        let mut any = false;
        for row in rows
            .iter()
            .filter(|r| !matches!(r.name.as_slice(), b"." | b".."))
        {
            any = true;
            let name = layout::cased(&row.name, self.options.lower);
            if !self.options.recurse {
                self.line(session, &name)?;
                continue;
            }
            let separator = match self.drives.style() {
                PathStyle::Windows => b'\\',
                PathStyle::Posix => b'/',
            };
            let mut path = layout::cased(shown.as_bytes(), self.options.lower);
            if !path.ends_with(&[separator]) {
                path.push(separator);
            }
            path.extend_from_slice(&name);
            self.line(session, &path)?;
        }
        Ok(any)
    }

    fn footer(&mut self, session: &mut Session, request: &Request) -> Result<(), CliError> {
        let volume = self
            .drives
            .volume(request.place.drive)
            .map_err(crate::session::located)?;
        let commas = self.options.commas;
        if self.options.recurse {
            self.line(session, b"")?;
            self.line(session, b"     Total Files Listed:")?;
            let files = layout::files_footer(self.files, self.bytes, commas);
            self.line(session, files.as_bytes())?;
        }
        let free = volume.space().map_or(0, |s| s.free);
        let dirs = layout::dirs_footer(self.dirs, free, commas);
        self.line(session, dirs.as_bytes())
    }

    fn line(&mut self, session: &mut Session, line: &[u8]) -> Result<(), CliError> {
        super::out_line(session, line)?;
        self.printed += 1;
        if self.options.pause && session.pause_after(self.printed)? {
            self.printed = 0;
        }
        Ok(())
    }

    fn rows(
        &self,
        volume: &dyn Volume,
        place: &Place,
        pattern: &str,
        entries: &[Entry],
    ) -> Vec<Row> {
        let matching = entries.iter().filter(|e| {
            let mut names = [&e.name, &e.short_name].into_iter().flatten();
            self.options.filter.takes(options::attributes(e))
                && names.any(|n| wildcard::matches(pattern, &n.display()))
        });
        let sorted = self.sorted(volume, matching.cloned().collect());
        let mut rows = self.dots(volume, place, pattern);
        rows.extend(sorted.iter().map(|e| self.row(volume, place, e)));
        rows
    }

    /// `.` and `..`: in every directory but a root, where all names are listed.
    fn dots(&self, volume: &dyn Volume, place: &Place, pattern: &str) -> Vec<Row> {
        let Some(parent) = place.parent() else {
            return Vec::new();
        };
        if !wildcard::matches(pattern, ".") {
            return Vec::new();
        }
        // Both are shown or not by the directory's own attributes: those of a root are hidden and system,
        // and `..` stands in a root's directories all the same.
        let shown = volume
            .entry(&place.path)
            .is_ok_and(|own| self.options.filter.takes(options::attributes(&own)));
        if !shown {
            return Vec::new();
        }
        let dot = |at: &Place, name: &str| {
            let entry = volume.entry(&at.path).ok()?;
            Some(Row {
                time: self.clock.show(self.time_of(&entry)),
                mark: Mark::Dir,
                short_name: Vec::new(),
                name: name.into(),
                bracket: None,
            })
        };
        let dots = [dot(place, "."), dot(&parent, "..")];
        dots.into_iter().flatten().collect()
    }

    fn row(&self, volume: &dyn Volume, dir: &Place, entry: &Entry) -> Row {
        let bytes = |n: &Option<linksmith::Name>| {
            n.as_ref()
                .map(|n| n.as_bytes().to_vec())
                .unwrap_or_default()
        };
        let place = entry.name.as_ref().map(|n| dir.join(n));
        let text = place
            .as_ref()
            .filter(|_| entry.is_link())
            .and_then(|p| volume.link_text(&p.path).ok().flatten());
        Row {
            time: self.clock.show(self.time_of(entry)),
            mark: self.mark(entry, place.as_ref()),
            short_name: bytes(&entry.short_name),
            name: bytes(&entry.name),
            bracket: entry
                .is_link()
                .then(|| text.map(|t| super::bracket(&t)).unwrap_or_default()),
        }
    }

    fn mark(&self, entry: &Entry, place: Option<&Place>) -> Mark {
        match (entry.base, entry.tag) {
            (Base::PosixSymlink, _) => {
                let target =
                    place.map(|p| self.drives.locate_target(self.drives.display(p).as_ref()));
                match target {
                    Some(Ok(target)) if self.is_dir(&target) => Mark::SymlinkDir,
                    _ => Mark::Symlink,
                }
            }
            (Base::Dir, Some(ReparseTag::SYMLINK)) => Mark::SymlinkDir,
            (_, Some(ReparseTag::SYMLINK)) => Mark::Symlink,
            (base, Some(tag)) if tag.is_name_surrogate() => Mark::Junction {
                // An unknown surrogate counts as a file, whatever carries it.
                dir: base == Base::Dir && tag == ReparseTag::MOUNT_POINT,
            },
            (Base::Dir, _) => Mark::Dir,
            _ => Mark::Size(entry.size),
        }
    }

    fn time_of(&self, entry: &Entry) -> linksmith::FileTime {
        match self.options.time {
            TimeField::Created => entry.times.created,
            TimeField::Accessed => entry.times.accessed,
            TimeField::Written => entry.times.modified,
        }
    }

    /// In the order asked for, else in the index's.
    fn sorted(&self, volume: &dyn Volume, mut entries: Vec<Entry>) -> Vec<Entry> {
        let by_name = |a: &Entry, b: &Entry| match (&a.name, &b.name) {
            (Some(a), Some(b)) => volume.compare_names(a, b),
            _ => Ordering::Equal,
        };
        if self.options.order.is_empty() {
            if self.drives.style() == PathStyle::Posix {
                entries.sort_by(by_name);
            }
            return entries;
        }
        entries.sort_by(|a, b| {
            let keys = self.options.order.iter().map(|(key, ascending)| {
                let order = match key {
                    Key::Name => by_name(a, b),
                    Key::Extension => extension(a).cmp(&extension(b)),
                    Key::Size => a.size.cmp(&b.size),
                    Key::Date => self.time_of(a).cmp(&self.time_of(b)),
                    Key::Directories => (b.base == Base::Dir).cmp(&(a.base == Base::Dir)),
                };
                if *ascending { order } else { order.reverse() }
            });
            keys.fold(Ordering::Equal, Ordering::then)
        });
        entries
    }
}

fn extension(entry: &Entry) -> String {
    let name = entry
        .name
        .as_ref()
        .map(|n| n.display().to_uppercase())
        .unwrap_or_default();
    name.rsplit_once('.')
        .map(|(_, e)| e.to_owned())
        .unwrap_or_default()
}
