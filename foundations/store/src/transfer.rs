//! Moving everything from one engine to another: families are copied in key order, then both are
//! read again and compared.

use bytes::Bytes;

use crate::check::each_row;
use crate::engine::{Applied, Claim, Engine, EngineError, Family, Layout, PartitionId, Row, Slice};
use crate::record::{self, Anchor};

/// A slice is written when it has this many rows, or bytes.
const SLICE_ROWS_MAX: usize = 500;
const SLICE_BYTES_MAX: usize = 1 << 20;
/// Who holds the partitions of the target meanwhile.
const NODE: &str = "transfer";

/// What was moved.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Transferred {
    pub families: usize,
    pub rows: u64,
    pub bytes: u64,
}

/// Why nothing, or not all, was moved. The source is as it was.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    #[error("the source cannot be read: {0}")]
    Source(EngineError),
    #[error("the target cannot be written: {0}")]
    Target(EngineError),
    #[error("partition {0} of the source has records that are not in its tables")]
    NotFlushed(PartitionId),
    #[error("partition {partition} of the source is not believed: {evidence}")]
    Damaged { partition: PartitionId, evidence: String },
    #[error("the target is not empty")]
    NotEmpty,
    #[error("another process took the target")]
    Taken,
    #[error("the copy of `{0}` differs from the source")]
    Differs(String),
}

/// Copies everything to an engine that holds nothing. Both must be without an owner: a store that
/// was shut down has everything in its families. `progress` hears family and rows so far.
pub fn transfer(
    from: &dyn Engine,
    to: &dyn Engine,
    layout: Layout,
    progress: &mut dyn FnMut(&str, u64),
) -> Result<Transferred, TransferError> {
    let rows = from.partitions().map_err(TransferError::Source)?;
    if let Some(row) = rows.iter().find(|row| row.tail != row.applied) {
        return Err(TransferError::NotFlushed(row.partition));
    }
    let claims = take(to, layout)?;
    let first = claims.first().cloned().ok_or(TransferError::Taken)?;
    let mut done = Transferred::default();
    let names = from.families().map_err(TransferError::Source)?;
    for name in &names {
        let copied = copy(from, to, &first, name, progress)?;
        done.families += 1;
        done.rows += copied.rows;
        done.bytes += copied.bytes;
    }
    keep_ids(to, &rows, &claims)?;
    for name in &names {
        if digest(from, name, TransferError::Source)? != digest(to, name, TransferError::Target)? {
            return Err(TransferError::Differs(name.clone()));
        }
    }
    let held: Vec<_> = claims.iter().map(|claim| (claim.partition, claim.epoch)).collect();
    to.release(&held).map_err(TransferError::Target)?;
    Ok(done)
}

/// Makes the target a cluster of the same layout, and owns it.
fn take(to: &dyn Engine, layout: Layout) -> Result<Vec<Claim>, TransferError> {
    if !to.families().map_err(TransferError::Target)?.is_empty() {
        return Err(TransferError::NotEmpty);
    }
    if to.layout(layout).map_err(TransferError::Target)? != layout {
        return Err(TransferError::NotEmpty);
    }
    let rows = to.partitions().map_err(TransferError::Target)?;
    if rows.iter().any(|row| row.tail > 0) {
        return Err(TransferError::NotEmpty);
    }
    let wanted: Vec<_> = rows.iter().map(|row| (row.partition, row.epoch)).collect();
    let claims = to.claim(&wanted, NODE).map_err(TransferError::Target)?;
    if claims.len() == rows.len() { Ok(claims) } else { Err(TransferError::Taken) }
}

/// Rows on their way into the target. Any partition's epoch guards them.
struct Copy<'a> {
    to: &'a dyn Engine,
    claim: &'a Claim,
    rows: Vec<Row>,
    bytes: usize,
    done: Transferred,
    failed: Option<TransferError>,
}

impl Copy<'_> {
    fn push(&mut self, family: &Family, key: &Bytes, value: &Bytes) {
        self.rows.push(Row {
            family: family.clone(),
            key: key.clone(),
            value: Some(value.clone()),
        });
        self.bytes += key.len() + value.len();
        self.done.rows += 1;
        self.done.bytes += (key.len() + value.len()) as u64;
        if self.rows.len() >= SLICE_ROWS_MAX || self.bytes >= SLICE_BYTES_MAX {
            self.write();
        }
    }

    fn write(&mut self) {
        if self.failed.is_some() {
            return;
        }
        self.bytes = 0;
        let slice = Slice {
            partition: self.claim.partition,
            epoch: self.claim.epoch,
            rows: std::mem::take(&mut self.rows),
            applied: None,
        };
        self.failed = flush(self.to, &[slice]).err();
    }
}

fn flush(to: &dyn Engine, slices: &[Slice]) -> Result<(), TransferError> {
    let landed = to.flush(slices).map_err(TransferError::Target)?;
    if landed.len() == slices.len() { Ok(()) } else { Err(TransferError::Taken) }
}

fn copy(
    from: &dyn Engine,
    to: &dyn Engine,
    claim: &Claim,
    name: &str,
    progress: &mut dyn FnMut(&str, u64),
) -> Result<Transferred, TransferError> {
    let snapshot = from.snapshot().map_err(TransferError::Source)?;
    let family = Family::from(name);
    let done = Transferred::default();
    let mut copy = Copy { to, claim, rows: Vec::new(), bytes: 0, done, failed: None };
    each_row(snapshot.as_ref(), name, &mut |key, value| {
        copy.push(&family, key, value);
        if copy.rows.is_empty() {
            progress(name, copy.done.rows);
        }
    })
    .map_err(TransferError::Source)?;
    copy.write();
    match copy.failed {
        Some(error) => Err(error),
        None => Ok(copy.done),
    }
}

/// The target's log begins anew, but never gives an id again that the source gave.
fn keep_ids(to: &dyn Engine, rows: &[Claim], claims: &[Claim]) -> Result<(), TransferError> {
    let mut slices = Vec::with_capacity(claims.len());
    for (row, claim) in rows.iter().zip(claims) {
        let partition = row.partition;
        let anchor = record::unseal_anchor(partition, row.applied, &row.anchor)
            .map_err(|evidence| TransferError::Damaged { partition, evidence })?;
        let anchor = Anchor { id_mark: anchor.id_mark, ..Anchor::default() };
        let anchor = record::seal_anchor(partition, 0, &anchor);
        slices.push(Slice {
            partition,
            epoch: claim.epoch,
            rows: Vec::new(),
            applied: Some(Applied { from: 0, to: 0, anchor }),
        });
    }
    flush(to, &slices)
}

/// Count and hash of a family's rows in order.
fn digest(
    engine: &dyn Engine,
    name: &str,
    failed: fn(EngineError) -> TransferError,
) -> Result<(u64, u64), TransferError> {
    let snapshot = engine.snapshot().map_err(failed)?;
    let (mut rows, mut hash) = (0, 0_u64);
    each_row(snapshot.as_ref(), name, &mut |key, value| {
        rows += 1;
        for part in [key, value] {
            // The order counts: what was there is turned before the next is laid over it.
            let length = part.len() as u64;
            let sum = (u64::from(crc32c::crc32c(part)) << 32) | (length & u64::from(u32::MAX));
            hash = hash.rotate_left(7).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ sum;
        }
    })
    .map_err(failed)?;
    Ok((rows, hash))
}
