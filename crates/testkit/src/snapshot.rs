//! A whole tree as text, for comparing: what is where, what it says and holds, and which names are one file.

use std::collections::HashMap;
use std::io::Read;

use linksmith::entry::{Attributes, Base};
use linksmith::path::EntryPath;
use linksmith::volume::{Caps, Volume, list};

/// The settable flags.
const FLAGS: Attributes = Attributes::READONLY
    .union(Attributes::HIDDEN)
    .union(Attributes::SYSTEM)
    .union(Attributes::ARCHIVE)
    .union(Attributes::NOT_CONTENT_INDEXED);

/// One line an entry: path, what it is, links, flags, time of the last write, link data, contents, and
/// for a file with several names the first of them.
///
/// Left out is what changes by looking or by what happens beside it: ids, times of reading and of record
/// changes, times of directories.
///
/// # Panics
/// Where the volume cannot be read.
pub fn snapshot(volume: &dyn Volume) -> Vec<String> {
    let mut lines = Vec::new();
    let mut waiting = vec![EntryPath::root()];
    let mut paths = Vec::new();
    while let Some(dir) = waiting.pop() {
        for entry in list(volume, &dir).expect("a directory") {
            let path = dir.join(entry.name.as_ref().expect("a name"));
            if entry.is_real_dir() {
                waiting.push(path.clone());
            }
            paths.push(path);
        }
    }
    paths.sort();
    let mut first = HashMap::new();
    for path in &paths {
        let entry = volume.entry(path).expect("an entry");
        let group = first.entry(entry.id).or_insert_with(|| path.clone());
        let flags = entry.attributes & FLAGS;
        let flags = volume
            .info()
            .caps
            .contains(Caps::ATTRIBUTES)
            .then_some(flags);
        let time = (!entry.is_real_dir()).then_some(entry.times.modified);
        let text = volume.link_text(path).expect("link data");
        let mut contents = Vec::new();
        if entry.base == Base::File && text.is_none() {
            let mut reader = volume.read(path).expect("a file");
            reader.read_to_end(&mut contents).expect("its contents");
        }
        lines.push(format!(
            "{path:?} {:?} links={:?} {flags:?} {time:?} {:?} {contents:?} first={group:?}",
            entry.base,
            entry.links.filter(|_| entry.base != Base::Dir),
            text.map(|text| match text {
                linksmith::LinkText::Reparse(data) => data.as_bytes().to_vec(),
                linksmith::LinkText::Posix(text) => text,
            }),
        ));
    }
    lines
}
