//! The seam to a storage engine: claim, append, flush, snapshot. The conformance suite is the
//! definition (`store::suite`).
//!
//! An engine checks epoch and tail in the same transaction as every write, and the check itself
//! writes: a plain read of the epoch lets an old and a new owner both commit.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;

/// Number of a partition, `0..partition_count`.
pub type PartitionId = u16;
/// Number of an ownership; only grows.
pub type Epoch = u64;
/// Number of a log record in its partition; only grows, without gaps. The first is 1.
pub type Seq = u64;

/// A sorted table of rows. Names are short, `[a-z0-9_]+`: `open`, `index_open`, `day_20653`.
pub type Family = Arc<str>;

/// Longest name of a family.
pub const FAMILY_NAME_BYTES_MAX: usize = 48;

/// Names that engines use for tables of their own.
const FAMILY_NAMES_RESERVED: [&str; 4] = ["cluster", "node", "partition", "log"];

/// True if a family may bear this name on every engine.
pub fn is_family_name(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    !name.is_empty()
        && name.len() <= FAMILY_NAME_BYTES_MAX
        && name.bytes().all(plain)
        && !name.starts_with("sqlite_")
        && !FAMILY_NAMES_RESERVED.contains(&name)
}

/// One row as it is after a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub family: Family,
    pub key: Bytes,
    /// `None` deletes.
    pub value: Option<Bytes>,
}

/// Which way a scan goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    Forward,
    Backward,
}

/// What is decided once, when a cluster is created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    pub cluster: u128,
    pub partitions: u16,
}

/// A partition's row, as it is now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim {
    pub partition: PartitionId,
    pub epoch: Epoch,
    /// Who claimed it; empty if nobody holds it.
    pub owner: String,
    /// The last record of the log.
    pub tail: Seq,
    /// The last record whose rows are all in the families.
    pub applied: Seq,
    /// What the owner left with `applied`: opaque to the engine.
    pub anchor: Bytes,
}

impl Claim {
    /// The row of a partition that nobody has claimed yet.
    pub fn first(partition: PartitionId) -> Claim {
        Claim {
            partition,
            epoch: 0,
            owner: String::new(),
            tail: 0,
            applied: 0,
            anchor: Bytes::new(),
        }
    }
}

/// A record on its way into the log.
#[derive(Clone, Debug)]
pub struct Sealed {
    pub partition: PartitionId,
    pub epoch: Epoch,
    pub seq: Seq,
    pub batch_id: u128,
    pub body: Bytes,
}

/// A record of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRecord {
    pub seq: Seq,
    pub epoch: Epoch,
    pub batch_id: u128,
    pub body: Bytes,
}

/// Rows of one partition on their way into the families.
#[derive(Clone, Debug)]
pub struct Slice {
    pub partition: PartitionId,
    pub epoch: Epoch,
    pub rows: Vec<Row>,
    /// With the last slice only: moves `applied` and trims the log up to there.
    pub applied: Option<Applied>,
}

/// How far the families are complete.
#[derive(Clone, Debug)]
pub struct Applied {
    pub from: Seq,
    pub to: Seq,
    pub anchor: Bytes,
}

/// Why an engine did not do, or may not have done, what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Certainly not done; the same call may be repeated.
    #[error("storage is busy: {0}")]
    Busy(String),
    /// Certainly not done, and it will not be until there is space.
    #[error("disk is full: {0}")]
    Full(String),
    /// Done or not: a claim settles it.
    #[error("the outcome is unknown: {0}")]
    Unknown(String),
    /// Reading or syncing the device failed: nothing in memory may be believed any more.
    #[error("the storage device failed: {0}")]
    Device(String),
    #[error("storage is damaged: {0}")]
    Damaged(String),
    /// Certainly not done, and repeating does not help.
    #[error("storage refused: {0}")]
    Refused(String),
}

/// A storage engine. Calls block; they come from threads that may.
pub trait Engine: Send + Sync + 'static {
    /// The layout of this cluster; one that has none yet gets `wanted` and its partition rows.
    fn layout(&self, wanted: Layout) -> Result<Layout, EngineError>;

    /// All partition rows in order. Reading them claims nothing.
    fn partitions(&self) -> Result<Vec<Claim>, EngineError>;

    /// Takes over each partition whose epoch is still the one given, raising its epoch by one.
    /// Partitions missing from the answer have moved on.
    fn claim(&self, wanted: &[(PartitionId, Epoch)], node: &str)
    -> Result<Vec<Claim>, EngineError>;

    /// Gives up partitions whose epoch is still the one given.
    fn release(&self, held: &[(PartitionId, Epoch)]) -> Result<(), EngineError>;

    /// Appends each record whose epoch and place (`tail + 1`) are still right, all in one durable
    /// commit. Partitions missing from the answer were refused.
    fn append(&self, batches: &[Sealed]) -> Result<Vec<PartitionId>, EngineError>;

    /// Writes each slice whose epoch (and `applied`, if it moves it) is still right, all in one
    /// commit. Partitions missing from the answer were refused.
    fn flush(&self, slices: &[Slice]) -> Result<Vec<PartitionId>, EngineError>;

    /// A view that does not change any more.
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError>;

    /// One row of a family as it is now.
    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Names of the families that have ever had a row, in order.
    fn families(&self) -> Result<Vec<String>, EngineError>;

    /// Removes a family with all its rows. One that is not there is no error.
    fn drop_family(&self, family: &str) -> Result<(), EngineError>;

    /// Housekeeping, about once a second, on the thread that flushes.
    fn tend(&self) -> Result<(), EngineError> {
        Ok(())
    }

    /// Space left where the engine writes, if that can be known. Called about once a second.
    fn free_bytes(&self) -> Option<u64> {
        None
    }

    /// A directory that lives and dies with the data, if there is one: the witness goes there.
    fn directory(&self) -> Option<&Path> {
        None
    }
}

/// Families and log of one moment.
pub trait Snapshot {
    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError>;

    /// Rows from `range.start` to before `range.end` (an empty end: to the last), at most `limit`.
    fn scan(
        &self,
        family: &str,
        range: &Range<Bytes>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError>;

    /// Rows of several ranges, forward, at most `limit` of each; in the order of the ranges. An
    /// engine that is asked over a network answers them all at once.
    fn scan_each(
        &self,
        family: &str,
        ranges: &[Range<Bytes>],
        limit: usize,
    ) -> Result<Vec<Vec<(Bytes, Bytes)>>, EngineError> {
        ranges.iter().map(|range| self.scan(family, range, Order::Forward, limit)).collect()
    }

    /// Records of a partition from `from` on, in order, at most `limit`.
    fn log(
        &self,
        partition: PartitionId,
        from: Seq,
        limit: usize,
    ) -> Result<Vec<LogRecord>, EngineError>;
}
