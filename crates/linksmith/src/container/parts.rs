//! What a container is put together from while it is opened: its files, and the disk that it lies over.

use linksmith_ntfs::device::{Device, Window};

use super::device::Files;
use super::{ContainerError, Format, Opened, Siblings, detect, open_at, vhd};

/// So many disks may lie one over the other. Hyper-V and QEMU draw no line; a file that names itself needs one.
const MAX_DEPTH: u32 = 16;

/// A container that is being opened.
pub(super) struct Parts<'a> {
    pub(super) files: Files,
    pub(super) notes: Vec<String>,
    /// The disk that shows where this one holds nothing of its own.
    pub(super) below: Option<Box<dyn Device>>,
    siblings: Siblings<'a>,
    depth: u32,
}

impl<'a> Parts<'a> {
    pub(super) fn new(first: Box<dyn Device>, siblings: Siblings<'a>, depth: u32) -> Self {
        Self {
            files: Files::new(first),
            notes: Vec::new(),
            below: None,
            siblings,
            depth,
        }
    }

    /// Opens a file that the container names.
    pub(super) fn sibling(
        &self,
        format: Format,
        name: &str,
    ) -> Result<Box<dyn Device>, ContainerError> {
        // A container from elsewhere does not choose among all files of this machine.
        if matches!(name, "" | "." | "..") || name.contains(['/', '\\', ':', '\0']) {
            let what = format!("whose file '{name}' does not lie beside it");
            return Err(ContainerError::unsupported(format, what));
        }
        (self.siblings)(name).map_err(|source| ContainerError::Sibling {
            format,
            name: name.to_owned(),
            source,
        })
    }

    /// Lays the container over the disk in a file beside it. `is_right` says of a file's format whether it may be that.
    pub(super) fn lay_over(
        &mut self,
        format: Format,
        name: &str,
        is_right: impl FnOnce(Option<Format>) -> bool,
    ) -> Result<(), ContainerError> {
        if self.depth >= MAX_DEPTH {
            let what = format!("that lies over more than {MAX_DEPTH} others");
            return Err(ContainerError::unsupported(format, what));
        }
        let file = self.sibling(format, name)?;
        if !is_right(detect(&*file)?) {
            let what = format!("'{name}', over which it lies, is another file");
            return Err(ContainerError::damaged(format, what));
        }
        self.below = Some(match open_at(file, self.siblings, self.depth + 1)? {
            Opened::Container(disk) => {
                self.notes.extend_from_slice(disk.notes());
                Box::new(disk)
            }
            Opened::Plain(device) => {
                let length = vhd::plain_length(&*device)?;
                Box::new(Window::new(device, 0, length))
            }
        });
        Ok(())
    }

    /// Lays the container over the bytes of a file beside it, whatever they look like.
    pub(super) fn lay_over_raw(
        &mut self,
        format: Format,
        name: &str,
    ) -> Result<(), ContainerError> {
        self.below = Some(self.sibling(format, name)?);
        Ok(())
    }
}
