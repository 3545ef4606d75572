//! What a volume holds, in a form that readers can be compared in.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use linksmith_ntfs::device::Device;
use linksmith_ntfs::file::File;
use linksmith_ntfs::layout::well_known;
use linksmith_ntfs::{Result, Volume};

/// Entries by path: names joined by `/`, unpaired surrogates replaced.
pub type Listing = BTreeMap<String, Seen>;

/// What a reader tells of an entry; `None` where it does not tell.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Seen {
    /// The number of the file record.
    pub record: Option<u64>,
    /// Whether it is a directory, links to directories counted by what their record is.
    pub directory: Option<bool>,
    /// Names, 8.3 names not counted.
    pub names: Option<u32>,
    /// Names as the record counts them: 8.3 names as well.
    pub link_count: Option<u32>,
    /// Bytes of the unnamed stream.
    pub size: Option<u64>,
    /// Reparse data, header included.
    pub reparse: Option<Option<Vec<u8>>>,
    /// Whether it has reparse data, for readers that show no bytes.
    pub is_reparse: Option<bool>,
}

/// Lists everything below the root directory by its indexes, but the system files.
pub fn list<D: Device>(volume: &Volume<D>) -> Result<Listing> {
    let mut listing = Listing::new();
    let mut waiting = vec![(String::new(), volume.file(well_known::ROOT)?)];
    while let Some((path, directory)) = waiting.pop() {
        let mut found = Vec::new();
        let mut failed = None;
        volume.read_dir(&directory, |entry| match entry {
            Ok(entry) => {
                let system = entry.file.number() < well_known::FIRST_USER;
                let hidden = path.is_empty() && system;
                if !(hidden || entry.key.is_dos()) {
                    found.push((entry.file, String::from_utf16_lossy(&entry.key.to_vec())));
                }
                ControlFlow::Continue(())
            }
            Err(error) => {
                failed = Some(error);
                ControlFlow::Break(())
            }
        })?;
        failed.map_or(Ok(()), Err)?;
        for (reference, name) in found {
            let file = volume.file_by_ref(reference)?.into_sound()?;
            let path = format!("{path}/{name}");
            listing.insert(path.clone(), seen(volume, &file)?);
            if file.is_directory() {
                waiting.push((path, file));
            }
        }
    }
    Ok(listing)
}

fn seen<D: Device>(volume: &Volume<D>, file: &File) -> Result<Seen> {
    let size = volume.value(file, linksmith_ntfs::layout::attribute_type::DATA, &[])?;
    let reparse = volume.reparse_data(file)?;
    Ok(Seen {
        record: Some(file.number()),
        directory: Some(file.is_directory()),
        names: Some(file.names()?.len() as u32),
        link_count: file
            .base()
            .map(|base| base.header().link_count.get().into()),
        size: (!file.is_directory()).then_some(size.map_or(0, |size| size.len())),
        is_reparse: Some(reparse.is_some()),
        reparse: Some(reparse),
    })
}

/// The facts that a reader tells: entries, and what it says of them.
pub fn facts(listing: &Listing) -> usize {
    let told = |seen: &Seen| {
        [
            seen.record.is_some(),
            seen.directory.is_some(),
            seen.names.is_some(),
            seen.link_count.is_some(),
            seen.size.is_some(),
            seen.reparse.is_some(),
            seen.is_reparse.is_some(),
        ]
    };
    listing.values().flat_map(told).filter(|told| *told).count()
}

/// Every disagreement of two readers, where both tell something, one to a line.
pub fn differences(ours: &Listing, theirs: &Listing) -> Vec<String> {
    let mut found = Vec::new();
    for path in theirs.keys().filter(|path| !ours.contains_key(*path)) {
        found.push(format!("{path}: only theirs"));
    }
    for (path, our) in ours {
        let Some(their) = theirs.get(path) else {
            found.push(format!("{path}: only ours"));
            continue;
        };
        let mut field = |name: &str, ours: String, theirs: Option<String>| {
            if let Some(theirs) = theirs.filter(|theirs| *theirs != ours) {
                found.push(format!("{path}: {name}: ours {ours}, theirs {theirs}"));
            }
        };
        let show = |value: Option<u64>| value.map_or("none".to_owned(), |v| v.to_string());
        field(
            "record",
            show(our.record),
            their.record.map(|v| v.to_string()),
        );
        field(
            "names",
            show(our.names.map(u64::from)),
            their.names.map(|v| v.to_string()),
        );
        let links = our.link_count.map(u64::from);
        field(
            "link count",
            show(links),
            their.link_count.map(|v| v.to_string()),
        );
        field("size", show(our.size), their.size.map(|v| v.to_string()));
        let yes = |value: Option<bool>| value.map(|v| v.to_string());
        field(
            "directory",
            yes(our.directory).unwrap_or_default(),
            yes(their.directory),
        );
        field(
            "reparse point",
            yes(our.is_reparse).unwrap_or_default(),
            yes(their.is_reparse),
        );
        let reparse = |seen: &Seen| seen.reparse.as_ref().map(|data| format!("{data:02x?}"));
        field(
            "reparse data",
            reparse(our).unwrap_or_default(),
            reparse(their),
        );
    }
    found
}
