//! One line: what it asks for, and the steps that do it.

use std::ffi::OsString;

use linksmith::ops::create::{Carrier, CreateCause, Want, says};
use linksmith::ops::retarget;
use linksmith::resolve::resolve;
use linksmith::{Base, End, LinkText, Place, Step};
use serde::Deserialize;

use super::{Bulk, on};
use crate::args::os_string;
use crate::error::{CliError, Exit};
use crate::output::json::unhex;
use crate::output::visible;
use crate::plan_file::Bytes;
use crate::session::{failed, located, located_on};

/// What carries a symbolic link of Windows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum KindOf {
    /// As the target is.
    #[default]
    Auto,
    File,
    Dir,
}

/// A line as it is written. Paths are as on the command line; those that are no Unicode are `{"hex": …}`.
#[derive(Debug, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case", deny_unknown_fields)]
enum Line {
    Mkdir {
        path: Bytes,
    },
    Write {
        path: Bytes,
        #[serde(default)]
        text: String,
        hex: Option<String>,
        #[serde(default)]
        replace: bool,
    },
    Soft {
        link: Bytes,
        target: Bytes,
        #[serde(default)]
        kind: KindOf,
    },
    Hard {
        link: Bytes,
        target: Bytes,
    },
    Junction {
        link: Bytes,
        target: Bytes,
    },
    Mount {
        link: Bytes,
        volume: Bytes,
    },
    Remove {
        path: Bytes,
        #[serde(default)]
        last_name: bool,
    },
    Rename {
        from: Bytes,
        to: Bytes,
        #[serde(default)]
        replace: bool,
    },
    Retarget {
        link: Bytes,
        target: Bytes,
        #[serde(default)]
        dangling: bool,
    },
}

fn words(bytes: &Bytes) -> Result<OsString, CliError> {
    let bytes = bytes.to_bytes().map_err(CliError::usage)?;
    Ok(os_string(&bytes))
}

impl Bulk<'_> {
    /// Adds the steps of a line to the batch.
    pub(super) fn take(&mut self, text: &[u8]) -> Result<(), CliError> {
        let line: Line = serde_json::from_slice(text)
            .map_err(|e| CliError::usage(format!("this is no step: {e}")))?;
        match line {
            Line::Mkdir { path } => {
                let place = self.place(&path)?;
                self.make(place, true, |at| Step::MakeDir { at })
            }
            Line::Write {
                path,
                text,
                hex,
                replace,
            } => self.write(&path, text, hex, replace),
            Line::Soft { link, target, kind } => self.soft(&link, &target, kind),
            Line::Hard { link, target } => {
                let (new, existing) = (self.place(&link)?, self.place(&target)?);
                if new.drive != existing.drive {
                    let shown = self.drives.display(&new);
                    return Err(CliError::cannot(
                        "make the hard link",
                        shown.as_bytes(),
                        &linksmith::Cause::CrossVolume,
                    ));
                }
                let existing = existing.path;
                self.make(new, false, |new| Step::HardLink { existing, new })
            }
            Line::Junction { link, target } => self.directory_link(&link, &target, Want::Junction),
            Line::Mount { link, volume } => self.directory_link(&link, &volume, Want::Mount),
            Line::Remove { path, last_name } => self.remove(&path, last_name),
            Line::Rename { from, to, replace } => self.rename(&from, &to, replace),
            Line::Retarget {
                link,
                target,
                dangling,
            } => self.retarget(&link, &target, dangling),
        }
    }

    fn place(&self, text: &Bytes) -> Result<Place, CliError> {
        let text = words(text)?;
        let place = self.drives.place(&text);
        place.map_err(|e| located_on(&self.drives, &text, e))
    }

    fn push(&mut self, place: &Place, step: Step) {
        self.pending.batch.lines.push(self.line);
        self.pending.batch.plan.push(place.drive, step, Vec::new());
    }

    fn make(
        &mut self,
        place: Place,
        dir: bool,
        step: impl FnOnce(linksmith::EntryPath) -> Step,
    ) -> Result<(), CliError> {
        self.push(&place, step(place.path.clone()));
        self.pending.made.insert(place, dir);
        Ok(())
    }

    fn write(
        &mut self,
        path: &Bytes,
        text: String,
        hex: Option<String>,
        replace: bool,
    ) -> Result<(), CliError> {
        let place = self.place(path)?;
        let contents = match hex {
            Some(hex) => {
                unhex(&hex).ok_or_else(|| CliError::usage("\"hex\" is not hexadecimal"))?
            }
            None => text.into_bytes(),
        };
        self.pending.bytes += contents.len();
        if !replace {
            return self.make(place, false, |at| Step::MakeFile { at, contents });
        }
        let at = place.path.clone();
        self.push(&place, Step::WriteFile { at, contents });
        self.pending.changed.insert(place);
        Ok(())
    }

    fn says(&self, want: Want, link: &Place, target: &Bytes) -> Result<LinkText, CliError> {
        let target = words(target)?;
        says(&self.drives, want, link, &target).map_err(|cause| match cause {
            CreateCause::Link(e) | CreateCause::Target(e) => located_on(&self.drives, &target, e),
            other => CliError::new(Exit::Unsupported, other.to_string()),
        })
    }

    fn soft(&mut self, link: &Bytes, target: &Bytes, kind: KindOf) -> Result<(), CliError> {
        let place = self.place(link)?;
        let link = self.says(Want::Soft(Carrier::Auto), &place, target)?;
        let dir = match (kind, &link) {
            (_, LinkText::Posix(_)) | (KindOf::File, _) => false,
            (KindOf::Dir, _) => true,
            (KindOf::Auto, _) => self.leads_to_dir(&place, target)?,
        };
        self.make(place, dir, |at| Step::MakeLink { at, link, dir })
    }

    /// Whether the target of a link is a directory: one that an earlier line makes, or one that is there.
    fn leads_to_dir(&mut self, link: &Place, target: &Bytes) -> Result<bool, CliError> {
        let text = words(target)?;
        let path = linksmith::TargetPath::parse(text.as_encoded_bytes());
        let text = match *path.root() == linksmith::path::Root::Relative {
            false => text,
            true => {
                let folder = link.parent().unwrap_or_else(|| link.clone());
                let mut whole = self.drives.display(&folder).into_bytes();
                whole.push(b'\\');
                whole.extend_from_slice(text.as_encoded_bytes());
                os_string(&whole)
            }
        };
        let place = self.drives.place(&text);
        let place = place.map_err(|e| located_on(&self.drives, &text, e))?;
        if let Some(dir) = self.pending.made.get(&place) {
            return Ok(*dir);
        }
        self.wait()?;
        match resolve(&self.drives, &place).end {
            End::Found { entry, .. } => Ok(entry.base == Base::Dir),
            _ => {
                let shown = visible(text.as_encoded_bytes()).into_owned();
                let message =
                    format!("it cannot be seen whether '{shown}' is a file or a directory");
                Err(CliError::new(Exit::NotFound, message)
                    .hint("\"kind\":\"file\" or \"kind\":\"dir\" says so."))
            }
        }
    }

    fn directory_link(&mut self, link: &Bytes, to: &Bytes, want: Want) -> Result<(), CliError> {
        let place = self.place(link)?;
        let link = self.says(want, &place, to)?;
        self.make(place, true, |at| Step::MakeLink {
            at,
            link,
            dir: true,
        })
    }

    /// Does what stands before this line, where the line looks at what that changes.
    fn settle(&mut self, place: &Place) -> Result<(), CliError> {
        self.wait()?;
        if self.pending.is_as_it_was(place) {
            return Ok(());
        }
        if self.options.whole {
            let shown = self.drives.display(place);
            let message = format!("'{shown}' is changed by a line before, in the same change");
            return Err(CliError::new(Exit::Unsafe, message).hint(
                "Without --one-transaction, -n and --plan each line sees what those before it did.",
            ));
        }
        self.finish()
    }

    fn remove(&mut self, path: &Bytes, last_name: bool) -> Result<(), CliError> {
        let place = self.place(path)?;
        self.settle(&place)?;
        let volume = self.drives.volume(place.drive).map_err(located)?;
        let entry = volume.entry(&place.path);
        let entry = entry.map_err(|e| failed(&self.drives, place.drive, &e))?;
        if entry.base != Base::Dir && !entry.is_link() {
            let before = self.pending.gone.entry(entry.id).or_default();
            *before += 1;
            if !last_name && entry.links.is_none_or(|links| *before >= links) {
                let shown = self.drives.display(&place);
                let message = format!("cannot remove '{shown}': it is the file's last name");
                return Err(CliError::new(Exit::Unsafe, message)
                    .path(shown.as_bytes())
                    .hint("\"last_name\":true removes it, and the file with it."));
            }
        }
        let at = place.path.clone();
        self.push(&place, Step::Remove { at });
        self.pending.changed.insert(place);
        Ok(())
    }

    fn rename(&mut self, from: &Bytes, to: &Bytes, replace: bool) -> Result<(), CliError> {
        let (from, to) = (self.place(from)?, self.place(to)?);
        if from.drive != to.drive {
            let shown = self.drives.display(&to);
            let cause = linksmith::Cause::CrossVolume;
            return Err(CliError::cannot("rename to", shown.as_bytes(), &cause));
        }
        let step = Step::Rename {
            from: from.path.clone(),
            to: to.path.clone(),
            replace,
        };
        self.push(&from, step);
        self.pending.changed.extend([from, to]);
        self.pending.moved = true;
        Ok(())
    }

    fn retarget(&mut self, link: &Bytes, target: &Bytes, dangling: bool) -> Result<(), CliError> {
        let place = self.place(link)?;
        self.settle(&place)?;
        let plan = retarget::one(&self.drives, &place, &words(target)?, dangling);
        let plan = plan.map_err(|e| {
            let shown = self.drives.display(&place);
            CliError::new(Exit::Partly, format!("cannot retarget '{shown}': {e}"))
                .path(shown.as_bytes())
        })?;
        for planned in plan.steps {
            let at = on(planned.drive, planned.step.at());
            self.pending.batch.lines.push(self.line);
            self.pending.batch.plan.steps.push(planned);
            self.pending.changed.insert(at);
        }
        Ok(())
    }
}
