//! A result as a file of this machine: wholly the old one or wholly the new one.

use std::ffi::OsStr;
use std::io::{self, Write};
use std::path::Path;

use crate::error::CliError;

/// Writes a file through a temporary one beside it, which then takes its place.
///
/// A link at that path is replaced, not written through.
pub(crate) fn save(
    path: &OsStr,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CliError> {
    let path = Path::new(path);
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    let saved = beside(folder).and_then(|mut file| {
        let mut buffered = io::BufWriter::new(file.as_file_mut());
        write(&mut buffered)?;
        buffered.flush()?;
        drop(buffered);
        file.persist(path).map_err(|e| e.error)?;
        Ok(())
    });
    saved.map_err(|error| {
        let shown = path.as_os_str().as_encoded_bytes();
        CliError::cannot("write the file", shown, &linksmith::Cause::Io(error))
            .hint("The folder has to be there and to be writable; nothing was written.")
    })
}

/// With the rights that any new file gets, not those of a secret one.
fn beside(folder: &Path) -> io::Result<tempfile::NamedTempFile> {
    #[cfg(unix)]
    {
        let any = std::os::unix::fs::PermissionsExt::from_mode(0o666);
        let mut builder = tempfile::Builder::new();
        builder.permissions(any).tempfile_in(folder)
    }
    #[cfg(not(unix))]
    tempfile::NamedTempFile::new_in(folder)
}
