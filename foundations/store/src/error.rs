//! What callers of the store are told when it cannot serve.

use std::sync::Arc;

use crate::engine::{EngineError, PartitionId};

/// The store did not open.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("the number of partitions must be a power of two from 1 to 1024, not {0}")]
    Partitions(u16),
    #[error("another node has just taken partition {0}")]
    Taken(PartitionId),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error("the witness file could not be read: {0}")]
    Witness(std::io::Error),
    #[error("a thread could not be started: {0}")]
    Thread(#[from] std::io::Error),
}

/// A committed row could not be read.
#[derive(Clone, Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// A partition does not take work, or dropped the work it had staged. Clients may try again,
/// unless the variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unavailable {
    #[error("partition {0} does not exist")]
    NoPartition(PartitionId),
    /// Stays so until an operator acts.
    #[error("partition {partition} is stopped: {evidence}")]
    Broken { partition: PartitionId, evidence: Arc<str> },
    #[error("partition {0} was taken over by another node")]
    Moved(PartitionId),
    #[error("partition {0} is finding out whether its last commit happened")]
    Settling(PartitionId),
    #[error("the disk is full")]
    DiskFull,
    #[error("the storage failed: {0}")]
    Failed(Arc<str>),
    /// Trying again does not help.
    #[error("one commit holds {bytes} bytes, more than {max}")]
    TooLarge { bytes: usize, max: usize },
    #[error("the server is stopping")]
    Stopping,
}
