//! One link of a manifest against what is there.

use std::ffi::{OsStr, OsString};

use linksmith::Plan;
use linksmith::ops::create::{self, Carrier, CreateCause, Creation, Request, Spelled, Want};
use linksmith::ops::execute;
use linksmith::path::{Root, TargetPath};
use linksmith::undo::Keep;
use linksmith::volume::{Drives, PathStyle};
use serde::Serialize;

use super::Opened;
use crate::command::create::not_made;
use crate::error::{CliError, Exit};
use crate::manifest::{Spelling, Wanted, WantedKind};
use crate::output::json::to_line;
use crate::session::Session;

/// How a place differs from what is wanted there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Drift {
    /// Not at all.
    AsWanted,
    /// Nothing is there.
    Missing,
    /// Another link is there.
    Differs,
    /// What is there is no link, and stays.
    Blocked,
    /// It cannot be made.
    Impossible,
    /// It is not wanted on this machine.
    NotHere,
}

impl Drift {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::AsWanted => "ok",
            Self::Missing => "missing",
            Self::Differs => "differs",
            Self::Blocked => "blocked",
            Self::Impossible => "impossible",
            Self::NotHere => "not-here",
        }
    }

    /// Of what apply did about it.
    pub(super) fn done(self) -> &'static str {
        match self {
            Self::Missing => "made",
            _ => "changed",
        }
    }

    pub(super) fn is_drift(self) -> bool {
        !matches!(self, Self::AsWanted | Self::NotHere)
    }
}

/// A link of the manifest, looked at.
pub(super) struct Looked {
    /// Its full path.
    pub path: String,
    /// What it is to say.
    pub target: String,
    /// How the place differs.
    pub drift: Drift,
    /// Why, in words; empty where the word says it all.
    pub why: String,
    /// What makes it as wanted, or why nothing can.
    pub plan: Result<Plan, CliError>,
    line: usize,
}

#[derive(Serialize)]
struct Json<'a> {
    v: u32,
    path: &'a str,
    target: &'a str,
    drift: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    why: &'a str,
    line: usize,
}

impl Looked {
    pub(super) fn json(&self) -> String {
        to_line(&Json {
            v: 1,
            path: &self.path,
            target: &self.target,
            drift: self.drift.word(),
            why: &self.why,
            line: self.line,
        })
    }

    pub(super) fn words(&self) -> String {
        let link = format!("{} -> {}", self.path, self.target);
        if self.why.is_empty() {
            link
        } else {
            format!("{link} ({})", self.why)
        }
    }
}

impl Opened {
    /// Every link of the manifest in its order.
    pub(super) fn look(&self, session: &mut Session) -> Result<Vec<Looked>, CliError> {
        let drives = session.drives()?;
        for wanted in &self.manifest.links {
            // Drives that no path has named yet are not in the preview.
            let request = self.request(&drives, wanted);
            let _ = drives.locate(&request.link);
            let _ = drives.locate(&request.target);
        }
        // A link may lead to one before it, or lie in a folder that one before it makes.
        let after = drives.preview();
        Ok(self
            .manifest
            .links
            .iter()
            .map(|wanted| {
                let looked = self.look_at(&after, wanted);
                if let Ok(plan) = &looked.plan {
                    // What fails here fails again, and is told, when it is done.
                    let _ = execute(plan, &after, Keep::DEFAULT, None);
                }
                looked
            })
            .collect())
    }

    fn look_at(&self, drives: &Drives, wanted: &Wanted) -> Looked {
        let request = self.request(drives, wanted);
        let shown = drives.full_path(&request.link);
        let (drift, why, plan) = match &wanted.unmet {
            Some(why) => (Drift::NotHere, why.clone(), Ok(Plan::default())),
            None => judge(drives, &request),
        };
        Looked {
            path: shown.unwrap_or_else(|_| wanted.path.clone()),
            target: wanted.target.clone(),
            drift,
            why,
            plan,
            line: wanted.line,
        }
    }

    fn request(&self, drives: &Drives, wanted: &Wanted) -> Request {
        let want = match (wanted.kind, wanted.dir) {
            (WantedKind::Soft, None) => Want::Soft(Carrier::Auto),
            (WantedKind::Soft, Some(true)) => Want::Soft(Carrier::Dir),
            (WantedKind::Soft, Some(false)) => Want::Soft(Carrier::File),
            (WantedKind::Hard, _) => Want::Hard,
            (WantedKind::Junction, _) => Want::Junction,
            (WantedKind::Mount, _) => Want::Mount,
        };
        let target = OsStr::new(&wanted.target);
        // A soft link says its text as it stands, which starts at the link's own folder.
        let verbatim = wanted.kind == WantedKind::Mount
            || wanted.kind == WantedKind::Soft && wanted.spelling == Spelling::AsIs;
        let target = if verbatim {
            target.to_owned()
        } else {
            below(drives, &self.base, target)
        };
        let link = below(drives, &self.base, OsStr::new(&wanted.path));
        let mut request = Request::new(want, link, target);
        request.spelled = match wanted.spelling {
            Spelling::AsIs => Spelled::AsIs,
            Spelling::Relative => Spelled::Relative,
            Spelling::Absolute => Spelled::Absolute,
        };
        request.force = true;
        request.dangling = wanted.dangling;
        request.parents = true;
        request
    }
}

/// A path of the manifest as one that starts at its folder.
pub(super) fn below(drives: &Drives, base: &OsStr, path: &OsStr) -> OsString {
    let windows = drives.style() == PathStyle::Windows;
    let relative = match windows {
        true => matches!(
            TargetPath::parse(path.as_encoded_bytes()).root(),
            Root::Relative
        ),
        false => !path.as_encoded_bytes().starts_with(b"/"),
    };
    if !relative || base.is_empty() {
        return path.to_owned();
    }
    let mut full = base.to_owned();
    full.push(if windows { "\\" } else { "/" });
    full.push(path);
    full
}

/// What the planner says tells how the place differs.
fn judge(drives: &Drives, request: &Request) -> (Drift, String, Result<Plan, CliError>) {
    match create::plan(drives, request) {
        Ok(Creation { plan, .. }) if plan.steps.is_empty() => {
            (Drift::AsWanted, String::new(), Ok(plan))
        }
        Ok(creation) => (
            drift_of(drives, &creation),
            String::new(),
            Ok(creation.plan),
        ),
        Err(error) => {
            let missing = matches!(*error.cause, CreateCause::TargetMissing { .. });
            let mut error = not_made(drives, request, &error);
            if missing {
                error =
                    error.hint("`dangling = true` in the manifest makes the link all the same.");
            }
            let drift = match error.exit {
                Exit::Exists => Drift::Blocked,
                _ => Drift::Impossible,
            };
            (drift, error.line(), Err(error))
        }
    }
}

/// How what is there differs from the link that is planned, byte for byte.
fn drift_of(drives: &Drives, planned: &Creation) -> Drift {
    let Ok(volume) = drives.volume(planned.link.drive) else {
        return Drift::Missing;
    };
    match volume.link_text(&planned.link.path) {
        Ok(there) if there.is_some() && there == planned.text => Drift::AsWanted,
        Ok(_) => Drift::Differs,
        Err(_) if volume.entry(&planned.link.path).is_ok() => Drift::Differs,
        Err(_) => Drift::Missing,
    }
}
