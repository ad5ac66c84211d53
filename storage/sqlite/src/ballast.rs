//! A file that is there to be deleted: when the disk is full, trimming the log needs space first.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::{Path, PathBuf};

pub(crate) const BYTES: u64 = 64 << 20;

/// The ballast is not put back while there is less space than this.
const FREE_BYTES_RESTORE: u64 = (1 << 30) + BYTES;
const CHUNK_BYTES: usize = 1 << 20;

pub(crate) struct Ballast {
    path: PathBuf,
    bytes: u64,
    held: bool,
}

impl Ballast {
    pub(crate) fn new(directory: &Path, bytes: u64) -> Ballast {
        let path = directory.join("ballast");
        let held = std::fs::metadata(&path).is_ok_and(|found| found.len() == bytes);
        Ballast { path, bytes, held }
    }

    /// Gives the space away.
    pub(crate) fn release(&mut self) {
        if !std::mem::take(&mut self.held) {
            return;
        }
        match std::fs::remove_file(&self.path) {
            Ok(()) => tracing::warn!("gave up `{}` to make space", self.path.display()),
            Err(error) => tracing::error!("cannot give up `{}`: {error}", self.path.display()),
        }
    }

    /// Takes the space again, once there is enough.
    pub(crate) fn restore(&mut self, free_bytes: Option<u64>) {
        if self.held || self.bytes == 0 || free_bytes.is_none_or(|free| free < FREE_BYTES_RESTORE) {
            return;
        }
        match self.fill() {
            Ok(()) => self.held = true,
            Err(error) => {
                tracing::warn!("cannot set aside `{}`: {error}", self.path.display());
                // Half a ballast helps nobody; it is tried again. It may never have come to be.
                let _ = std::fs::remove_file(&self.path);
            }
        }
    }

    fn fill(&self) -> std::io::Result<()> {
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(&self.path)?;
        let chunk = noise();
        let mut left = self.bytes;
        while left > 0 {
            let now = usize::try_from(left).unwrap_or(CHUNK_BYTES).min(CHUNK_BYTES);
            file.write_all(chunk.get(..now).unwrap_or_default())?;
            left -= now as u64;
        }
        file.sync_data()
    }
}

/// Bytes that a compressing file system cannot make smaller.
fn noise() -> Vec<u8> {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let words = std::iter::repeat_with(|| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.take(CHUNK_BYTES / 8).flatten().collect()
}
