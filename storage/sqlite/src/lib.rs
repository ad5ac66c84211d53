//! The embedded engine: one SQLite file in one directory, held by one process.
//! WAL, one connection that writes, one that checkpoints beside it, readers read-only. What is
//! acknowledged is synced.
//! Start at [`Sqlite`]; the tables are in `schema`.

mod ballast;
mod directory;
mod failure;
mod readers;
mod schema;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, MutexGuard, RwLock};
use rusqlite::Connection;
use store::engine::{
    Claim, Engine, EngineError, Epoch, Layout, PartitionId, Sealed, Slice, Snapshot,
};

use crate::ballast::Ballast;
use crate::directory::Directory;
use crate::failure::engine_error;
use crate::readers::Readers;
use crate::writer::Writer;

/// The format this version writes, and the newest it reads.
pub const FORMAT: u32 = 1;

const FILE_NAME: &str = "rung.db";
/// How often a checkpoint is made while more is written, before the last.
const CHECKPOINTS_BESIDE: usize = 2;

/// The data directory could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the data directory `{}` cannot be used: {cause}", path.display())]
    Unusable { path: PathBuf, cause: std::io::Error },
    #[error("the data directory `{}` is in use by {}", path.display(), holder(*pid))]
    Locked { path: PathBuf, pid: Option<u32> },
    #[error(
        "the data in `{}` have format {found}, but this version reads formats up to {supported}; \
         use a newer version of the program",
        path.display()
    )]
    NewerFormat { path: PathBuf, found: u32, supported: u32 },
    #[error("`{}` is not a database of this program: {cause}", path.display())]
    Foreign { path: PathBuf, cause: String },
    #[error("the database `{}` cannot be opened: {cause}", path.display())]
    Database { path: PathBuf, cause: rusqlite::Error },
}

fn holder(pid: Option<u32>) -> String {
    pid.map_or("another process".to_owned(), |pid| format!("the process {pid}"))
}

/// The engine. Dropping it closes the file and unlocks the directory.
pub struct Sqlite {
    // Before the writer: the last to close it makes the checkpoint.
    readers: Arc<Readers>,
    checkpointer: Mutex<Connection>,
    writer: Mutex<Writer>,
    /// Families that have a table.
    families: Arc<RwLock<BTreeSet<String>>>,
    ballast: Mutex<Ballast>,
    // Last, so that it is unlocked when all else is closed.
    directory: Directory,
}

impl Sqlite {
    /// Opens the database in `directory`; creates both when they are not there.
    pub fn open(directory: &Path) -> Result<Sqlite, OpenError> {
        Sqlite::open_with(directory, ballast::BYTES)
    }

    /// True if there is a database in `directory`.
    pub fn exists(directory: &Path) -> bool {
        directory.join(FILE_NAME).exists()
    }

    /// Whether this version reads the data in `directory`: a look that locks nothing and changes
    /// no data. A directory without a database is fine.
    pub fn inspect(directory: &Path) -> Result<(), OpenError> {
        let file = directory.join(FILE_NAME);
        if file.exists() { schema::inspect(&file) } else { Ok(()) }
    }

    fn open_with(path: &Path, ballast_bytes: u64) -> Result<Sqlite, OpenError> {
        let directory = Directory::lock(path)?;
        let file = path.join(FILE_NAME);
        directory::create_private(&file)
            .map_err(|cause| OpenError::Unusable { path: path.to_owned(), cause })?;
        let connection = schema::open(&file)?;
        let broken = |cause| OpenError::Database { path: file.clone(), cause };
        let families = schema::families(&connection).map_err(broken)?;
        let families = Arc::new(RwLock::new(families));
        let readers = Arc::new(Readers::new(file.clone(), families.clone()));
        let mut ballast = Ballast::new(path, ballast_bytes);
        ballast.restore(directory.free_bytes());
        Ok(Sqlite {
            checkpointer: Mutex::new(schema::open_checkpointer(&file).map_err(broken)?),
            writer: Mutex::new(Writer::new(connection)),
            readers,
            families,
            ballast: Mutex::new(ballast),
            directory,
        })
    }

    /// Does a write; when there is no space, gives the ballast away so that the next can trim.
    fn write<R>(
        &self,
        act: impl FnOnce(&mut Writer) -> Result<R, EngineError>,
    ) -> Result<R, EngineError> {
        let mut writer = self.writer.lock();
        let outcome = act(&mut writer);
        // To whoever waits: a flush, which comes back at once, may not hold up an append.
        MutexGuard::unlock_fair(writer);
        self.relieve(outcome)
    }

    fn relieve<R>(&self, outcome: Result<R, EngineError>) -> Result<R, EngineError> {
        if let Err(EngineError::Full(_)) = outcome {
            self.ballast.lock().release();
        }
        outcome
    }
}

impl Engine for Sqlite {
    fn layout(&self, wanted: Layout) -> Result<Layout, EngineError> {
        self.write(|writer| writer.layout(wanted))
    }

    fn partitions(&self) -> Result<Vec<Claim>, EngineError> {
        self.writer.lock().partitions()
    }

    fn claim(
        &self,
        wanted: &[(PartitionId, Epoch)],
        node: &str,
    ) -> Result<Vec<Claim>, EngineError> {
        self.write(|writer| writer.claim(wanted, node))
    }

    fn release(&self, held: &[(PartitionId, Epoch)]) -> Result<(), EngineError> {
        self.write(|writer| writer.release(held))
    }

    fn append(&self, batches: &[Sealed]) -> Result<Vec<PartitionId>, EngineError> {
        self.write(|writer| writer.append(batches))
    }

    fn flush(&self, slices: &[Slice]) -> Result<Vec<PartitionId>, EngineError> {
        let known = self.families.read().clone();
        let mut created = BTreeSet::new();
        let landed = self.write(|writer| writer.flush(slices, &known, &mut created))?;
        if !created.is_empty() {
            self.families.write().extend(created);
        }
        Ok(landed)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError> {
        Ok(Box::new(self.readers.snapshot()?))
    }

    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.readers.get(family, key)
    }

    fn families(&self) -> Result<Vec<String>, EngineError> {
        Ok(self.families.read().iter().cloned().collect())
    }

    fn drop_family(&self, family: &str) -> Result<(), EngineError> {
        if !self.families.write().remove(family) {
            return Ok(());
        }
        let dropped = self.write(|writer| writer.drop_family(family));
        if dropped.is_err() {
            self.families.write().insert(family.to_owned());
        }
        dropped
    }

    fn tend(&self) -> Result<(), EngineError> {
        self.ballast.lock().restore(self.directory.free_bytes());
        if !self.writer.lock().is_checkpoint_due() {
            return Ok(());
        }
        // Most of it beside the writer, then what was written meanwhile.
        for _ in 0..CHECKPOINTS_BESIDE {
            let checkpoint = schema::checkpoint(&self.checkpointer.lock());
            self.relieve(checkpoint.map_err(engine_error))?;
        }
        self.write(Writer::checkpoint)
    }

    fn free_bytes(&self) -> Option<u64> {
        self.directory.free_bytes()
    }

    fn directory(&self) -> Option<&Path> {
        Some(self.directory.path())
    }
}
