//! The seam to a storage engine: claim, append, flush, snapshot. The conformance suite is the
//! definition (`store::suite`).

use bytes::Bytes;

/// Number of a partition, `0..partition_count`.
pub type PartitionId = u16;
/// Number of an ownership; only grows.
pub type Epoch = u64;
/// Number of a log record in its partition; only grows, without gaps.
pub type Seq = u64;

/// A sorted table of rows. Names are short, `[a-z0-9_]+`: `open`, `index_open`, `day_20653`.
pub type Family = std::sync::Arc<str>;

/// One row as it is after a transition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub family: Family,
    pub key: Bytes,
    /// `None` deletes.
    pub value: Option<Bytes>,
}
