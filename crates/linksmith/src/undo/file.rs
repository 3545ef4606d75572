//! A run's file on each system: private, locked while it is written, flushed with its folder.

#[cfg(unix)]
mod imp {
    use std::fs::File;
    use std::io;
    use std::os::unix::fs::OpenOptionsExt;
    use std::path::Path;

    use rustix::fs::{FlockOperation, flock};

    /// Contents of the user's files may be in it: nobody else reads it.
    pub(in crate::undo) fn open_new(path: &Path) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true).mode(0o600);
        options.open(path)
    }

    pub(in crate::undo) fn open_again(path: &Path) -> io::Result<File> {
        File::options().read(true).write(true).open(path)
    }

    pub(in crate::undo) fn lock(file: &File) -> io::Result<()> {
        Ok(flock(file, FlockOperation::NonBlockingLockExclusive)?)
    }

    pub(in crate::undo) fn is_locked(path: &Path) -> bool {
        File::open(path).is_ok_and(|file| {
            flock(&file, FlockOperation::NonBlockingLockShared)
                .is_err_and(|e| e == rustix::io::Errno::WOULDBLOCK)
        })
    }

    pub(in crate::undo) fn sync_dir(dir: &Path) -> io::Result<()> {
        File::open(dir)?.sync_all()
    }
}

#[cfg(not(unix))]
mod imp {
    use std::fs::File;
    use std::io;
    use std::path::Path;

    #[cfg(windows)]
    fn writable_by_one(options: &mut std::fs::OpenOptions) {
        use std::os::windows::fs::OpenOptionsExt;
        // FILE_SHARE_READ: others may look, and find that they cannot open it to write.
        options.share_mode(1);
    }

    #[cfg(not(windows))]
    fn writable_by_one(_: &mut std::fs::OpenOptions) {}

    pub(in crate::undo) fn open_new(path: &Path) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true).create_new(true);
        writable_by_one(&mut options);
        options.open(path)
    }

    pub(in crate::undo) fn open_again(path: &Path) -> io::Result<File> {
        let mut options = File::options();
        options.read(true).write(true);
        writable_by_one(&mut options);
        options.open(path)
    }

    /// The open file is the lock: it is shared for reading only.
    pub(in crate::undo) fn lock(_: &File) -> io::Result<()> {
        Ok(())
    }

    /// ERROR_SHARING_VIOLATION is 32.
    pub(in crate::undo) fn is_locked(path: &Path) -> bool {
        let opened = File::options().write(true).open(path);
        opened.is_err_and(|e| e.raw_os_error() == Some(32))
    }

    /// NTFS logs the folder's change itself, and a folder cannot be flushed.
    pub(in crate::undo) fn sync_dir(_: &Path) -> io::Result<()> {
        Ok(())
    }
}

pub(super) use imp::{is_locked, lock, open_again, open_new, sync_dir};
