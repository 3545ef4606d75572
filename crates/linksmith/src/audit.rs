//! Rules over links: which of them a careful administrator would want to know of.

use crate::entry::{LinkKind, LinkText};
use crate::path::EntryPath;
use crate::reparse::View;
use crate::resolve::{End, Located, MAX_HOPS, MAX_QUALIFIED_HOPS, Status};
use crate::volume::{Drives, LocateError, PathStyle, Place};

/// What a rule found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Which link.
    pub place: Place,
    /// Which rule.
    pub rule: Rule,
    /// What is so, in words.
    pub message: String,
}

/// The rules, each with a stable code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Rule {
    /// A link under a privileged folder that ordinary accounts may replace.
    UserWritable,
    /// A link that leads out of the audited folder.
    LeavesRoot,
    /// A link into a folder for temporary files.
    IntoTemp,
    /// A path over more links than the system follows.
    TooDeep,
    /// A junction inside a OneDrive folder, which stops its synchronisation.
    InOneDrive,
    /// A junction or symbolic link without a print name, which Windows containers cannot read.
    NoPrintName,
}

impl Rule {
    /// All of them, the gravest first.
    pub const ALL: [Self; 6] = [
        Self::UserWritable,
        Self::LeavesRoot,
        Self::IntoTemp,
        Self::TooDeep,
        Self::InOneDrive,
        Self::NoPrintName,
    ];

    /// The word for machines.
    pub const fn code(self) -> &'static str {
        match self {
            Self::UserWritable => "user-writable",
            Self::LeavesRoot => "leaves-root",
            Self::IntoTemp => "into-temp",
            Self::TooDeep => "too-deep",
            Self::InOneDrive => "in-onedrive",
            Self::NoPrintName => "no-print-name",
        }
    }

    /// What to do about it.
    pub const fn hint(self) -> &'static str {
        match self {
            Self::UserWritable => {
                "Programs with more rights follow it to where its owner wants; take the right to write away, or the link."
            }
            Self::LeavesRoot => "What is copied, shared or deleted by way of it lies elsewhere.",
            Self::IntoTemp => {
                "What it leads to may be deleted or replaced by others at any time; lead it to a lasting place with `linksmith retarget`."
            }
            Self::TooDeep => "Shorten the chain with `linksmith retarget`.",
            Self::InOneDrive => "OneDrive does not follow it; move the target in, or the link out.",
            Self::NoPrintName => "`linksmith repair` writes the missing print name.",
        }
    }
}

/// What every rule says of one link below `root`.
///
/// # Errors
/// Where the volume cannot tell who may write.
pub fn audit(drives: &Drives, root: &Place, link: &Located) -> Result<Vec<Finding>, LocateError> {
    let mut findings = Vec::new();
    let mut add = |rule, message| {
        findings.push(Finding {
            place: link.place.clone(),
            rule,
            message,
        });
    };
    if let Some(who) = user_writable(drives, &link.place)? {
        add(
            Rule::UserWritable,
            format!("{who} may replace it, under a privileged folder"),
        );
    }
    if let Some(to) = leaves_root(drives, root, link) {
        add(
            Rule::LeavesRoot,
            format!("it leads to '{to}', outside the audited folder"),
        );
    }
    if let Some(to) = into_temp(drives, link) {
        add(
            Rule::IntoTemp,
            format!("it leads to '{to}', a place for temporary files"),
        );
    }
    if link.status == Status::TooDeep {
        let limits = format!("{MAX_HOPS} links, or {MAX_QUALIFIED_HOPS} with full targets");
        add(
            Rule::TooDeep,
            format!("the way leads over more than {limits}"),
        );
    }
    if let Some(folder) = in_one_drive(drives, link) {
        add(
            Rule::InOneDrive,
            format!("it is a junction inside '{folder}'"),
        );
    }
    if lacks_print_name(link) {
        add(Rule::NoPrintName, "its print name is empty".to_owned());
    }
    Ok(findings)
}

/// Who may replace a link that programs with more rights trust.
fn user_writable(drives: &Drives, place: &Place) -> Result<Option<String>, LocateError> {
    if !is_privileged(drives.style(), &place.path) {
        return Ok(None);
    }
    let writers = drives.volume(place.drive)?.writers(&place.path)?;
    Ok(writers.filter(|w| !w.is_empty()).map(|w| w.join(", ")))
}

/// Folders whose contents run, or are read, with more rights than their reader's. Of a Windows volume's
/// root what lies in it, but not what lies in its other folders.
fn is_privileged(style: PathStyle, path: &EntryPath) -> bool {
    const POSIX: [&[u8]; 13] = [
        b"bin",
        b"boot",
        b"etc",
        b"lib",
        b"lib64",
        b"opt",
        b"root",
        b"sbin",
        b"usr",
        b"var",
        b"Library",
        b"Applications",
        b"System",
    ];
    let mut names = path.name_bytes();
    let first = names.next().unwrap_or_default();
    match style {
        PathStyle::Posix => POSIX.contains(&first),
        PathStyle::Windows => {
            let first = first.to_ascii_lowercase();
            let is_in_root = names.next().is_none();
            // Of programs there are several, `(x86)` and `(Arm)`.
            is_in_root
                || matches!(&first[..], b"windows" | b"programdata")
                || first.starts_with(b"program files")
        }
    }
}

fn leaves_root(drives: &Drives, root: &Place, link: &Located) -> Option<String> {
    let resolution = link.resolution.as_ref()?;
    match &resolution.end {
        End::Found { place, .. }
        | End::Missing { place, .. }
        | End::WrongKind { to: place, .. } => {
            let within = place.drive == root.drive && place.path.starts_with(&root.path);
            (!within).then(|| drives.display(place))
        }
        // The link's own words say more than the root, where it is the one that leads there.
        End::Unreachable { at, root } => {
            let own = at.as_ref() == Some(&link.place);
            let said = link.text.as_ref().filter(|_| own).and_then(said);
            Some(said.unwrap_or_else(|| root.clone()))
        }
        _ => None,
    }
}

/// What a link says, as people write it.
fn said(text: &LinkText) -> Option<String> {
    match text {
        LinkText::Posix(target) => Some(String::from_utf8_lossy(target).into_owned()),
        LinkText::Reparse(point) => {
            let target = point.view().ok()?.target()?;
            Some(target.to_win32().display().into_owned())
        }
    }
}

fn into_temp(drives: &Drives, link: &Located) -> Option<String> {
    let resolution = link.resolution.as_ref()?;
    let (End::Found { place, .. } | End::Missing { place, .. }) = &resolution.end else {
        return None;
    };
    // A link that is itself a temporary one says nothing by leading to its like.
    let temporary = is_temp(&place.path) && !is_temp(&link.place.path);
    temporary.then(|| drives.display(place))
}

fn is_temp(path: &EntryPath) -> bool {
    let names: Vec<&[u8]> = path.name_bytes().collect();
    let is = |name: &[u8], word: &str| name.eq_ignore_ascii_case(word.as_bytes());
    match names[..] {
        [first, ..] if is(first, "tmp") || is(first, "temp") => true,
        [first, second, ..] if is(second, "tmp") && is(first, "var") => true,
        [first, second, ..] if is(second, "temp") && is(first, "windows") => true,
        _ => names
            .windows(2)
            .any(|pair| is(pair[0], "local") && is(pair[1], "temp")),
    }
}

/// The OneDrive folder that a junction lies in: `OneDrive`, or `OneDrive - Organisation`.
fn in_one_drive(drives: &Drives, link: &Located) -> Option<String> {
    if link.kind != Some(LinkKind::Junction) {
        return None;
    }
    let mut folder = link.place.parent()?;
    loop {
        let name = folder.path.file_name()?;
        let text = name.display().to_lowercase();
        if text == "onedrive" || text.starts_with("onedrive - ") {
            return Some(drives.display(&folder));
        }
        folder = folder.parent()?;
    }
}

fn lacks_print_name(link: &Located) -> bool {
    let Some(LinkText::Reparse(point)) = &link.text else {
        return false;
    };
    match point.view() {
        Ok(View::Symlink { print, .. }) => print.is_empty(),
        Ok(View::MountPoint { print, .. }) => {
            link.kind == Some(LinkKind::Junction) && print.is_empty()
        }
        _ => false,
    }
}
