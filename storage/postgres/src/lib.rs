//! The engine on PostgreSQL, or on a database that speaks its protocol: one statement commits the
//! batches of all partitions. Start at [`Postgres`]; the tables are in `schema`.

mod failure;
mod nodes;
mod readers;
mod schema;
mod session;
mod url;
mod writer;

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::{Mutex, RwLock};
use store::engine::{
    Claim, Engine, EngineError, Epoch, Layout, PartitionId, Sealed, Slice, Snapshot,
};

use crate::readers::Readers;
use crate::session::Dialer;
use crate::writer::Writer;

pub use crate::nodes::Membership;
pub use crate::url::Address;

/// The format this version writes, and the newest it reads.
pub const FORMAT: u32 = 1;

/// The database could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the database's address is not valid: {0}")]
    Address(String),
    #[error("the database cannot be used: {cause}")]
    Refused { cause: String },
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the database has no schema `{schema}` of this program")]
    Absent { schema: String },
    #[error("the schema `{schema}` of the database has tables that are not this program's")]
    Foreign { schema: String },
    #[error(
        "the data have format {found}, but this version reads formats up to {supported}; \
         use a newer version of the program"
    )]
    NewerFormat { found: u32, supported: u32 },
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// The engine. Dropping it closes its connections.
pub struct Postgres {
    dialer: Arc<Dialer>,
    /// The lane's connection: claims and appends.
    lane: Mutex<Writer>,
    /// A connection of its own for what is written behind the lane.
    behind: Mutex<Writer>,
    readers: Arc<Readers>,
    /// Families known to have a table.
    families: Arc<RwLock<BTreeSet<String>>>,
}

impl Postgres {
    /// Connects, and makes the tables when they are not there.
    pub fn open(address: &Address) -> Result<Postgres, OpenError> {
        Postgres::connect(address, true)
    }

    /// Connects to tables that are there.
    pub fn find(address: &Address) -> Result<Postgres, OpenError> {
        Postgres::connect(address, false)
    }

    fn connect(address: &Address, create: bool) -> Result<Postgres, OpenError> {
        let dialer = Arc::new(Dialer::new(address.config(), address.tls()?)?);
        let names = address.names().clone();
        dialer.wait(async { schema::open(&dialer.connect().await?, &names, create).await })?;
        let families = Arc::new(RwLock::new(BTreeSet::new()));
        let readers = Readers::new(dialer.clone(), names.clone(), families.clone());
        Ok(Postgres {
            lane: Mutex::new(Writer::new(names.clone())),
            behind: Mutex::new(Writer::new(names)),
            readers: Arc::new(readers),
            families,
            dialer,
        })
    }

    /// The nodes that share this database.
    pub fn membership(&self, address: &Address) -> Membership {
        Membership::new(self.dialer.clone(), address.names().clone())
    }

    fn create_families(&self, slices: &[Slice]) -> Result<(), EngineError> {
        let known = self.families.read().clone();
        let missing: BTreeSet<String> = slices
            .iter()
            .flat_map(|slice| &slice.rows)
            .filter(|row| !known.contains(&*row.family))
            .map(|row| row.family.to_string())
            .collect();
        if missing.is_empty() {
            return Ok(());
        }
        self.dialer.wait(self.behind.lock().create_families(&self.dialer, &missing))?;
        self.families.write().extend(missing);
        Ok(())
    }
}

impl Engine for Postgres {
    fn layout(&self, wanted: Layout) -> Result<Layout, EngineError> {
        self.dialer.wait(self.lane.lock().layout(&self.dialer, wanted))
    }

    fn partitions(&self) -> Result<Vec<Claim>, EngineError> {
        self.dialer.wait(self.behind.lock().partitions(&self.dialer))
    }

    fn claim(
        &self,
        wanted: &[(PartitionId, Epoch)],
        node: &str,
    ) -> Result<Vec<Claim>, EngineError> {
        self.dialer.wait(self.lane.lock().claim(&self.dialer, wanted, node))
    }

    fn release(&self, held: &[(PartitionId, Epoch)]) -> Result<(), EngineError> {
        self.dialer.wait(self.lane.lock().release(&self.dialer, held))
    }

    fn append(&self, batches: &[Sealed]) -> Result<Vec<PartitionId>, EngineError> {
        self.dialer.wait(self.lane.lock().append(&self.dialer, batches))
    }

    fn flush(&self, slices: &[Slice]) -> Result<Vec<PartitionId>, EngineError> {
        self.create_families(slices)?;
        self.dialer.wait(self.behind.lock().flush(&self.dialer, slices))
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError> {
        Ok(Box::new(self.readers.snapshot()?))
    }

    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.readers.get(family, key)
    }

    fn families(&self) -> Result<Vec<String>, EngineError> {
        self.readers.families()
    }

    fn drop_family(&self, family: &str) -> Result<(), EngineError> {
        self.families.write().remove(family);
        self.dialer.wait(self.behind.lock().drop_family(&self.dialer, family))
    }
}
