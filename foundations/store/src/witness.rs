//! The witness: a small file beside the data that remembers how far each partition's log had
//! come. A database that ends its log early, or was replaced by an older copy, says nothing of it;
//! the witness does (§7).
//!
//! `magic 8 | cluster 16`, then for each partition `epoch 8 | tail 8 | hash 16 | crc32c 4 | 0 4`.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use bytes::{Buf, BufMut};
use parking_lot::Mutex;

use crate::engine::{Epoch, Layout, PartitionId, Seq};
use crate::partition::Position;
use crate::record::Hash;

const FILE_NAME: &str = "witness";
const MAGIC: &[u8; 8] = b"rungwit1";
const HEAD_BYTES: usize = 24;
const ENTRY_BYTES: usize = 40;
const ENTRY_COVERED_BYTES: usize = 32;

pub(crate) struct Witness {
    path: PathBuf,
    state: Mutex<State>,
}

struct State {
    file: File,
    content: Vec<u8>,
    /// Written since the last sync.
    dirty: bool,
    /// Told once that it cannot be written.
    failed: bool,
}

/// What the witness knows of a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Testimony {
    pub(crate) epoch: Epoch,
    pub(crate) tail: Seq,
    pub(crate) hash: Hash,
}

impl Witness {
    /// Opens or creates the witness of a directory. `Err(InvalidData)` if it is that of another
    /// cluster: then the data are not those that were here.
    pub(crate) fn open(directory: &Path, layout: &Layout) -> io::Result<Witness> {
        let path = directory.join(FILE_NAME);
        let mut file = private().read(true).write(true).create(true).truncate(false).open(&path)?;
        let mut found = Vec::new();
        file.read_to_end(&mut found)?;
        let length = HEAD_BYTES + usize::from(layout.partitions) * ENTRY_BYTES;
        let head = head(layout);
        if found.starts_with(MAGIC) && !found.starts_with(&head) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                format!(
                    "`{}` belongs to other data than are here now; if that is meant, remove it",
                    path.display()
                ),
            ));
        }
        if !found.starts_with(MAGIC) {
            found.clear();
            found.extend_from_slice(&head);
        }
        found.resize(length, 0);
        let state = State { file, content: found, dirty: false, failed: false };
        Ok(Witness { path, state: Mutex::new(state) })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// What it says of a partition; nothing if it never saw it, or the entry was torn.
    pub(crate) fn testimony(&self, partition: PartitionId) -> Option<Testimony> {
        let state = self.state.lock();
        let mut entry = state.content.get(place(partition))?;
        let check = entry.get(ENTRY_COVERED_BYTES..)?.first_chunk()?;
        if u32::from_le_bytes(*check) != crc(partition, entry.get(..ENTRY_COVERED_BYTES)?) {
            return None;
        }
        let (epoch, tail) = (entry.get_u64_le(), entry.get_u64_le());
        Some(Testimony { epoch, tail, hash: entry.get_u128_le().to_le_bytes() })
    }

    /// Remembers where a partition stands.
    pub(crate) fn note(&self, partition: PartitionId, position: &Position) {
        let mut entry = Vec::with_capacity(ENTRY_BYTES);
        entry.put_u64_le(position.epoch);
        entry.put_u64_le(position.tail);
        entry.put_slice(&position.hash());
        let check = crc(partition, &entry);
        entry.put_u32_le(check);
        entry.put_u32_le(0);
        if let Some(slot) = self.state.lock().content.get_mut(place(partition)) {
            slot.copy_from_slice(&entry);
        }
    }

    /// Writes what was noted. A witness that cannot be written lags, which harms nothing.
    pub(crate) fn write(&self) {
        let mut state = self.state.lock();
        let State { file, content, dirty, failed } = &mut *state;
        *dirty = true;
        let written = file.seek(SeekFrom::Start(0)).and_then(|_| file.write_all(content));
        match written {
            Ok(()) => *failed = false,
            Err(error) if !*failed => {
                *failed = true;
                tracing::warn!("the witness `{}` cannot be written: {error}", self.path.display());
            }
            Err(_) => {}
        }
    }

    /// Makes it durable, if it changed.
    pub(crate) fn sync(&self) {
        let file = {
            let mut state = self.state.lock();
            if !std::mem::take(&mut state.dirty) {
                return;
            }
            state.file.try_clone()
        };
        // Outside the lock: the lane must not wait for it.
        if let Err(error) = file.and_then(|file| file.sync_data()) {
            tracing::warn!("the witness `{}` cannot be synced: {error}", self.path.display());
        }
    }
}

fn head(layout: &Layout) -> Vec<u8> {
    let mut head = MAGIC.to_vec();
    head.put_u128_le(layout.cluster);
    head
}

fn place(partition: PartitionId) -> std::ops::Range<usize> {
    let begin = HEAD_BYTES + usize::from(partition) * ENTRY_BYTES;
    begin..begin + ENTRY_BYTES
}

fn crc(partition: PartitionId, covered: &[u8]) -> u32 {
    crc32c::crc32c_append(crc32c::crc32c(&partition.to_le_bytes()), covered)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::Anchor;

    #[test]
    fn remembers_across_openings_and_knows_its_cluster() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout { cluster: 5, partitions: 4 };
        let witness = Witness::open(dir.path(), &layout).unwrap();
        assert_eq!(witness.testimony(3), None);
        let last = Anchor { hash: [9; 16], id_mark: 0 };
        witness.note(3, &Position { epoch: 2, tail: 7, applied: 0, last });
        witness.write();
        witness.sync();
        let again = Witness::open(dir.path(), &layout).unwrap();
        assert_eq!(again.testimony(3), Some(Testimony { epoch: 2, tail: 7, hash: [9; 16] }));
        assert_eq!(again.testimony(2), None);
        assert!(Witness::open(dir.path(), &Layout { cluster: 6, partitions: 4 }).is_err());

        let path = dir.path().join(FILE_NAME);
        let mut torn = std::fs::read(&path).unwrap();
        torn[HEAD_BYTES + 3 * ENTRY_BYTES] ^= 1;
        std::fs::write(&path, torn).unwrap();
        assert_eq!(Witness::open(dir.path(), &layout).unwrap().testimony(3), None);
    }
}
