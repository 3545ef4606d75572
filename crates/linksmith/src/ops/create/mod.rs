//! Making links: soft, hard, junctions, volume mount points.

mod error;
mod parents;
mod request;
mod slot;
mod target;

use std::sync::Arc;

pub use error::{CreateCause, CreateError};
pub use request::{Carrier, Request, Spelled, Want};

use self::slot::Slot;
use crate::entry::{Base, Entry, LinkKind, LinkText};
use crate::path::NameError;
use crate::plan::{Expect, Plan, Step};
use crate::reparse::ReparsePoint;
use crate::resolve::{End, resolve_as_if};
use crate::volume::{Caps, Cause, Drives, PathStyle, Place, Volume, VolumeError};

/// A link about to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Creation {
    /// How. No steps where what is wanted is there already.
    pub plan: Plan,
    /// Where.
    pub link: Place,
    /// Of which kind: the one asked for, or another where a fall-back was needed.
    pub kind: LinkKind,
    /// What it will say; `None` for a hard link.
    pub text: Option<LinkText>,
}

/// Plans a link. Nothing is changed.
///
/// # Errors
/// [`CreateError`], with the cause, the Win32 code Windows would give, and a hint. Where `or` names
/// other kinds, the error of the first one if none of them can be made.
pub fn plan(drives: &Drives, request: &Request) -> Result<Creation, CreateError> {
    let missing = match request.parents {
        true => parents::missing(drives, &request.link)
            .map_err(|e| error(request, request.want, CreateCause::Link(e)))?,
        false => None,
    };
    let Some((after, mut folders)) = missing else {
        return plan_there(drives, request);
    };
    let mut creation = plan_there(&after, request)?;
    folders.steps.append(&mut creation.plan.steps);
    creation.plan.steps = folders.steps;
    Ok(creation)
}

/// Plans a link whose folder is there.
fn plan_there(drives: &Drives, request: &Request) -> Result<Creation, CreateError> {
    let mut first: Option<CreateError> = None;
    for want in std::iter::once(request.want).chain(request.or.iter().copied()) {
        let want = standing_in(want, first.as_ref());
        match Planner::new(drives, request, want).and_then(|p| p.plan()) {
            Ok(mut creation) => {
                if let Some(error) = &first {
                    let message = format!("made a {want} instead: {}", error.cause);
                    creation.plan.warn(message, None);
                }
                return Ok(creation);
            }
            Err(cause) if cause.is_of_the_kind() => {
                first.get_or_insert_with(|| error(request, want, cause));
            }
            Err(cause) => return Err(first.unwrap_or_else(|| error(request, want, cause))),
        }
    }
    Err(first.unwrap_or_else(|| error(request, request.want, CreateCause::EmptyTarget)))
}

/// The kind of a link in the place of one that was refused. Nobody looks at what lies on another computer; what a junction
/// was to lead to there is a directory.
fn standing_in(want: Want, refused: Option<&CreateError>) -> Want {
    let remote = |error: &CreateError| matches!(*error.cause, CreateCause::NotLocal { .. });
    match want {
        Want::Soft(Carrier::Auto) if refused.is_some_and(remote) => Want::Soft(Carrier::Dir),
        want => want,
    }
}

fn error(request: &Request, want: Want, cause: CreateCause) -> CreateError {
    CreateError {
        want,
        link: request.link.to_string_lossy().into_owned(),
        cause: Box::new(cause),
    }
}

/// What a new link at `link` says to lead to `target`, its text alone looked at.
///
/// # Errors
/// Where such a link cannot say it; a hard link says nothing.
pub fn says(
    drives: &Drives,
    want: Want,
    link: &Place,
    target: &std::ffi::OsStr,
) -> Result<LinkText, CreateCause> {
    let text = match want {
        Want::Soft(_) => {
            let request = Request::new(want, "", target);
            let volume = drives.volume(link.drive).map_err(CreateCause::Link)?;
            return target::soft_text(drives, &request, link, &*volume);
        }
        Want::Hard | Want::Junction => ReparsePoint::junction(&target::absolute(drives, target)?),
        Want::Mount => ReparsePoint::volume_mount_point(target::volume_guid(drives, target)?),
    };
    Ok(LinkText::Reparse(text?))
}

/// What can be said of a link's place without looking at what stands there.
fn check_place(volume: &dyn Volume, link: &Place) -> Result<(), CreateCause> {
    let fail = |cause| Err(VolumeError::new("make", &link.path, cause).into());
    let info = volume.info();
    if info.caps.contains(Caps::READ_ONLY) {
        return fail(Cause::ReadOnly);
    }
    let Some(name) = link.path.file_name() else {
        return fail(Cause::Exists);
    };
    let length = match info.style {
        PathStyle::Windows => match name.to_utf16() {
            Ok(units) => units.len(),
            Err(e) => return fail(Cause::Name(e)),
        },
        PathStyle::Posix => name.as_bytes().len(),
    };
    if length > 255 {
        return fail(Cause::Name(NameError::TooLong(length)));
    }
    Ok(())
}

/// What a link would lead to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Seen {
    Dir,
    File,
    Absent,
    Loop(String),
    /// It cannot be looked at from here: why.
    Unknown(String),
}

struct Planner<'a> {
    drives: &'a Drives,
    request: &'a Request,
    want: Want,
    link: Place,
    volume: Arc<dyn Volume>,
    slot: Slot,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn new(drives: &'a Drives, request: &'a Request, want: Want) -> Result<Self, CreateCause> {
        if request.target.is_empty() {
            return Err(CreateCause::EmptyTarget);
        }
        let link = drives.locate(&request.link).map_err(CreateCause::Link)?;
        let volume = drives.volume(link.drive).map_err(CreateCause::Link)?;
        check_place(&*volume, &link)?;
        let slot = Slot::look(&*volume, &link, request)?;
        Ok(Self {
            drives,
            request,
            want,
            link,
            volume,
            slot,
            plan: Plan::default(),
        })
    }

    fn plan(self) -> Result<Creation, CreateCause> {
        match self.want {
            Want::Soft(carrier) => self.soft(carrier),
            Want::Hard => self.hard(),
            Want::Junction => self.junction(),
            Want::Mount => self.mount(),
        }
    }

    fn caps(&self) -> Caps {
        self.volume.info().caps
    }

    fn needs(&self, caps: Caps) -> Result<(), CreateCause> {
        if self.caps().intersects(caps) {
            return Ok(());
        }
        Err(CreateCause::Unsupported {
            file_system: self.volume.info().file_system.clone(),
            want: self.want,
        })
    }

    fn soft(mut self, carrier: Carrier) -> Result<Creation, CreateCause> {
        self.needs(Caps::SYMLINK | Caps::POSIX_SYMLINK)?;
        let text = target::soft_text(self.drives, self.request, &self.link, &*self.volume)?;
        let posix = matches!(text, LinkText::Posix(_));
        let seen = self.look(&text, carrier != Carrier::File);
        let dir = self.carrier(carrier, &seen, posix)?;
        let kind = if posix {
            LinkKind::PosixSymlink
        } else {
            LinkKind::Symlink { dir }
        };
        self.finish(kind, text, dir && !posix)
    }

    /// Where a link that says `text` would lead from here.
    fn look(&self, text: &LinkText, dir: bool) -> Seen {
        let resolution = resolve_as_if(self.drives, &self.link, text.clone(), dir);
        match &resolution.end {
            End::Found { entry, .. } if entry.base == Base::Dir => Seen::Dir,
            End::Found { .. } => Seen::File,
            End::WrongKind { link_dir: true, .. } => Seen::File,
            End::WrongKind { .. } => Seen::Dir,
            End::Missing { .. } | End::NotADirectory { .. } | End::Invalid { .. } => Seen::Absent,
            end @ (End::Loop { .. } | End::TooDeep { .. }) => Seen::Loop(end.words(self.drives)),
            end => Seen::Unknown(end.words(self.drives)),
        }
    }

    fn target(&self) -> String {
        self.request.target.to_string_lossy().into_owned()
    }

    /// Whether a directory carries the soft link.
    fn carrier(&mut self, carrier: Carrier, seen: &Seen, posix: bool) -> Result<bool, CreateCause> {
        self.check_seen(seen)?;
        let target_dir = match seen {
            Seen::Dir => Some(true),
            Seen::File => Some(false),
            _ => None,
        };
        if posix {
            return Ok(false);
        }
        let dir = match (carrier, target_dir) {
            (Carrier::Auto, Some(dir)) => return Ok(dir),
            (Carrier::Auto, None) => {
                let target = self.target();
                return Err(CreateCause::NeedsKind { target });
            }
            (carrier, _) => carrier == Carrier::Dir,
        };
        if target_dir.is_some_and(|target_dir| target_dir != dir) {
            let cause = CreateCause::WrongKind {
                target: self.target(),
                target_dir: !dir,
            };
            if !self.request.wrong_kind {
                return Err(cause);
            }
            self.plan.warn(cause.to_string(), cause.hint(self.want));
        }
        Ok(dir)
    }

    /// Whether the link may be made though its target is absent, unknown or leads in a circle.
    fn check_seen(&mut self, seen: &Seen) -> Result<(), CreateCause> {
        let target = self.target();
        match seen {
            Seen::Dir | Seen::File => Ok(()),
            _ if self.request.dangling => Ok(()),
            Seen::Absent => Err(CreateCause::TargetMissing { target }),
            Seen::Loop(why) => Err(CreateCause::Loop {
                target,
                why: why.clone(),
            }),
            Seen::Unknown(why) => {
                self.plan
                    .warn(format!("'{target}' was not looked at: {why}"), None);
                Ok(())
            }
        }
    }

    fn junction(mut self) -> Result<Creation, CreateCause> {
        self.needs(Caps::JUNCTION)?;
        let target = target::absolute(self.drives, &self.request.target)?;
        if target.is_remote() {
            let target = self.target();
            return Err(CreateCause::NotLocal { target });
        }
        let text = LinkText::Reparse(ReparsePoint::junction(&target)?);
        let seen = self.look(&text, true);
        if seen == Seen::File {
            let target = self.target();
            return Err(CreateCause::NotADirectory { target });
        }
        self.check_seen(&seen)?;
        self.finish(LinkKind::Junction, text, true)
    }

    fn mount(mut self) -> Result<Creation, CreateCause> {
        self.needs(Caps::JUNCTION)?;
        let guid = target::volume_guid(self.drives, &self.request.target)?;
        let text = LinkText::Reparse(ReparsePoint::volume_mount_point(guid)?);
        let seen = self.look(&text, true);
        self.check_seen(&seen)?;
        self.finish(LinkKind::VolumeMountPoint, text, true)
    }

    fn hard(mut self) -> Result<Creation, CreateCause> {
        self.needs(Caps::HARD_LINK)?;
        let (existing, entry) = self.existing()?;
        let limit = self.volume.info().max_links;
        if entry.links.is_some_and(|links| links >= limit) {
            return Err(CreateCause::TooManyLinks { limit });
        }
        let Place { drive, path } = self.link.clone();
        if self.slot.id() == Some(entry.id) {
            let message = format!("'{}' is a name of that file already", path.display());
            self.plan.warn(message, None);
        } else {
            let make = |new| Step::HardLink {
                existing: existing.clone(),
                new,
            };
            let expect = Expect::Entry {
                at: existing.clone(),
                id: entry.id,
                link: None,
            };
            self.slot
                .put(&*self.volume, &mut self.plan, drive, &path, &make)?;
            if let Some(step) = self.plan.steps.first_mut() {
                step.expect.push(expect);
            }
        }
        Ok(Creation {
            plan: self.plan,
            link: self.link,
            kind: LinkKind::HardLink,
            text: None,
        })
    }

    /// The file that gets another name; a link itself, never what it leads to.
    fn existing(&self) -> Result<(crate::path::EntryPath, Entry), CreateCause> {
        let target = self.target();
        let place = self
            .drives
            .locate(&self.request.target)
            .map_err(CreateCause::Target)?;
        let volume = self
            .drives
            .volume(place.drive)
            .map_err(CreateCause::Target)?;
        let entry = match volume.entry(&place.path) {
            Ok(entry) => entry,
            Err(e) if matches!(e.cause, Cause::NotFound) => {
                return Err(CreateCause::TargetMissing { target });
            }
            Err(e) => return Err(CreateCause::Volume(e)),
        };
        if entry.base == Base::Dir {
            return Err(CreateCause::IsADirectory { target });
        }
        if place.drive != self.link.drive && !Arc::ptr_eq(&volume, &self.volume) {
            return Err(CreateCause::CrossVolume {
                target: self.drives.display(&place),
                link: self.drives.display(&self.link),
            });
        }
        Ok((place.path, entry))
    }

    /// The steps of a link that says something.
    fn finish(
        mut self,
        kind: LinkKind,
        text: LinkText,
        dir: bool,
    ) -> Result<Creation, CreateCause> {
        let Place { drive, path } = self.link.clone();
        if let (Some(data), false) = (
            self.slot.in_place(&text, dir, self.caps()),
            self.request.backup,
        ) {
            let step = Step::SetReparse {
                at: path.clone(),
                data,
            };
            self.plan.push(drive, step, vec![self.slot.expect(&path)]);
        } else {
            let make = |at| Step::MakeLink {
                at,
                link: text.clone(),
                dir,
            };
            self.slot
                .put(&*self.volume, &mut self.plan, drive, &path, &make)?;
        }
        Ok(Creation {
            plan: self.plan,
            link: self.link,
            kind,
            text: Some(text),
        })
    }
}
