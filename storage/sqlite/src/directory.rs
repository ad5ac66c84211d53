//! The data directory: private to its user, held by one process.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::OpenError;

const LOCK_NAME: &str = "lock";

pub(crate) struct Directory {
    path: PathBuf,
    /// Unlocks when it is closed, also when the process is killed.
    _lock: File,
}

impl Directory {
    pub(crate) fn lock(path: &Path) -> Result<Directory, OpenError> {
        let unusable = |cause| OpenError::Unusable { path: path.to_owned(), cause };
        create_directory(path).map_err(unusable)?;
        let lock = create_private(&path.join(LOCK_NAME)).map_err(unusable)?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked { path: path.to_owned(), pid: read_pid(lock) });
            }
            Err(TryLockError::Error(cause)) => return Err(unusable(cause)),
        }
        write_pid(&lock).map_err(unusable)?;
        Ok(Directory { path: path.to_owned(), _lock: lock })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Space that this user may still fill.
    #[cfg(unix)]
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        let volume = rustix::fs::statvfs(&self.path).ok()?;
        Some(volume.f_bavail.saturating_mul(volume.f_frsize))
    }

    #[cfg(not(unix))]
    pub(crate) fn free_bytes(&self) -> Option<u64> {
        None
    }
}

fn create_directory(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Opens a file that only its user may read, creating it if need be.
pub(crate) fn create_private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn write_pid(mut lock: &File) -> io::Result<()> {
    lock.set_len(0)?;
    lock.rewind()?;
    writeln!(lock, "{}", std::process::id())
}

fn read_pid(lock: File) -> Option<u32> {
    let mut text = String::new();
    lock.take(32).read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}
