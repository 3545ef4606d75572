//! Steps in words, for people.

use linksmith::volume::Drives;
use linksmith::{EntryPath, LinkText, Place, PlannedStep, Step};

use crate::output::text::bytes;

/// A step in words, for people.
pub(crate) fn words(drives: &Drives, planned: &PlannedStep) -> String {
    let shown = |path: &EntryPath| {
        let place = Place {
            drive: planned.drive,
            path: path.clone(),
        };
        crate::output::visible(&crate::describe::place_bytes(drives, &place)).into_owned()
    };
    match &planned.step {
        Step::MakeDir { at } | Step::MakeDirLike { at, .. } => {
            format!("make the directory {}", shown(at))
        }
        Step::MakeFile { at, contents } => {
            format!(
                "make the file {} ({})",
                shown(at),
                bytes(contents.len() as u64)
            )
        }
        Step::CopyFile { at, from, .. } => {
            let place = Place {
                drive: from.drive.unwrap_or(planned.drive),
                path: from.at.clone(),
            };
            let source = crate::describe::place_bytes(drives, &place);
            let source = crate::output::visible(&source).into_owned();
            format!("copy {source} to {} ({})", shown(at), bytes(from.size))
        }
        Step::WriteFile { at, contents } => {
            format!(
                "write the file {} ({})",
                shown(at),
                bytes(contents.len() as u64)
            )
        }
        Step::MakeLink { at, link, dir } => {
            let (kind, target) = crate::describe::words_of_link(link, *dir);
            format!("make the {kind} {} -> {target}", shown(at))
        }
        Step::SetReparse { at, data } => {
            let text = LinkText::Reparse(data.clone());
            let (kind, target) = crate::describe::words_of_link(&text, true);
            format!("make {} a {kind} -> {target}", shown(at))
        }
        Step::ClearReparse { at } => format!("take the reparse data off {}", shown(at)),
        Step::HardLink { existing, new } => {
            format!("name the file {} also {}", shown(existing), shown(new))
        }
        Step::Rename { from, to, replace } => {
            let how = if *replace {
                ", replacing what is there"
            } else {
                ""
            };
            format!("rename {} to {}{how}", shown(from), shown(to))
        }
        Step::Remove { at } => format!("remove {}", shown(at)),
        Step::SetMeta { at, .. } => format!("set times and attributes of {}", shown(at)),
    }
}
