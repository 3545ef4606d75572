//! The two volumes of the tour: images, formatted for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use linksmith::volume::Drives;
use linksmith::volume::image::ImageVolume;
use linksmith::{Cause, FileTime};
use linksmith_ntfs::format::FormatOptions;

use crate::command::{check, format};
use crate::error::{CliError, Exit};
use crate::session::{Session, located};

/// Bytes of each image; sparse, so that a few MB lie on the disk.
const SIZE: u64 = 64 << 20;

/// `C:` and `D:`, each an image in one folder.
pub(super) struct Pair {
    images: [PathBuf; 2],
    volumes: [Arc<ImageVolume>; 2],
}

impl Pair {
    /// Formats both in `dir`, or in a new folder among the temporary files.
    pub(super) fn make(dir: Option<&Path>) -> Result<Self, CliError> {
        let dir = match dir {
            Some(dir) => dir.to_owned(),
            None => temporary()?,
        };
        std::fs::create_dir_all(&dir).map_err(|e| {
            CliError::cannot("make", dir.as_os_str().as_encoded_bytes(), &Cause::Io(e))
        })?;
        // Both or none: a name that is taken is told before anything is made.
        for name in ["C.img", "D.img"] {
            let image = dir.join(name);
            if image.symlink_metadata().is_ok() {
                let shown = image.as_os_str().as_encoded_bytes();
                return Err(CliError::cannot("make", shown, &Cause::Exists)
                    .hint("The tour takes a folder without C.img and D.img; without one it makes its own."));
            }
        }
        let make = |name: &str, label: &str| {
            let image = dir.join(name);
            let options = FormatOptions {
                label: label.encode_utf16().collect(),
                serial: format::random(),
                now: FileTime::now().0,
                ..FormatOptions::default()
            };
            format::make(&image, SIZE, &options)?;
            Ok::<_, CliError>((open(&image)?, image))
        };
        let (c, c_image) = make("C.img", "OS")?;
        let (d, d_image) = make("D.img", "DATA")?;
        Ok(Self {
            images: [c_image, d_image],
            volumes: [Arc::new(c), Arc::new(d)],
        })
    }

    pub(super) fn drives(&self) -> Result<Arc<Drives>, CliError> {
        let [c, d] = &self.volumes;
        let drives = Drives::attached([('C', c.clone() as _), ('D', d.clone() as _)]);
        Ok(Arc::new(drives.map_err(located)?))
    }

    /// Where they lie, for the title.
    pub(super) fn words(&self) -> String {
        let [c, d] = self.images.each_ref().map(|p| p.display().to_string());
        format!("on two fresh NTFS volumes: C: is {c}, D: is {d}")
    }

    /// Checks both; how many findings are wrong. Then says how to look at them.
    pub(super) fn check(&self, session: &mut Session) -> Result<usize, CliError> {
        let mut wrong = 0;
        let volumes = self.images.iter().zip(&self.volumes);
        for ((image, volume), letter) in volumes.zip(["C", "D"]) {
            session
                .console
                .note(format!("\nchecking {letter}: {}", image.display()))?;
            let summary = check::check(volume, &mut session.console)?;
            check::summarise(&summary, &mut session.console)?;
            wrong += usize::try_from(summary.wrong).unwrap_or(usize::MAX);
        }
        let [c, d] = self.images.each_ref().map(|p| p.display().to_string());
        session.console.note(format!(
            "\nlook around: linksmith --drive C={c} --drive D={d} shell"
        ))?;
        Ok(wrong)
    }
}

fn temporary() -> Result<PathBuf, CliError> {
    let made = tempfile::Builder::new().prefix("linksmith-tour-").tempdir();
    let dir = made.map_err(|e| {
        CliError::new(Exit::Partly, format!("cannot make a temporary folder: {e}"))
            .hint("`linksmith tour DIR` takes another folder.")
    })?;
    Ok(dir.keep())
}

fn open(image: &Path) -> Result<ImageVolume, CliError> {
    ImageVolume::open_to_change(image, None).map_err(|e| not_opened(image, &e.cause))
}

fn not_opened(image: &Path, cause: &Cause) -> CliError {
    CliError::cannot("open", image.as_os_str().as_encoded_bytes(), cause)
}
