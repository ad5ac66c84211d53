//! Durable rows in partitions: log first, families behind it, one group commit for all.
//! Knows no product: keys and values are bytes. Start at [`Store`]; an engine is
//! [`engine::Engine`], and `suite` says what it must do.
//!
//! `stage` → lane (seal, append, publish) → overlay → flush → families. A reader sees the families
//! through the overlay; staged rows are seen only by work staged behind them.

pub mod check;
pub mod engine;
pub mod envelope;
pub mod error;
pub mod failures;
mod flush;
mod id;
mod lane;
pub mod memory;
pub mod nodes;
mod options;
mod partition;
pub mod probe;
mod record;
mod recovery;
mod shared;
mod stage;
mod statistics;
pub mod suite;
mod table;
pub mod transfer;
mod witness;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::Range;
use std::sync::Arc;
use std::thread::JoinHandle;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::engine::{Engine, Family, Order, PartitionId};
use crate::error::{OpenError, ReadError, Unavailable};
use crate::shared::Shared;
use crate::table::{Fetched, Span, Table, front, merge};

pub use crate::id::SLOTS;
pub use crate::options::{Fatal, Options, Wake};
pub use crate::stage::{STAGE_BYTES_MAX, Stage};
pub use crate::statistics::{Pressure, Statistics};

/// A cheap handle. When the last one goes without [`Store::shutdown`], what is staged is dropped,
/// as if the process had been killed.
#[derive(Clone)]
pub struct Store {
    handle: Arc<Handle>,
}

struct Handle {
    shared: Arc<Shared>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// The least range that holds every key with this prefix.
pub fn prefix(prefix: &[u8]) -> Range<Bytes> {
    let mut end = prefix.to_vec();
    while end.last() == Some(&u8::MAX) {
        end.pop();
    }
    if let Some(last) = end.last_mut() {
        *last += 1;
    }
    Bytes::copy_from_slice(prefix)..Bytes::from(end)
}

impl Store {
    /// Claims all partitions, recovers them, and starts the lane and flush threads.
    /// A partition that cannot be believed is stopped ([`Store::broken`]); the others serve.
    pub fn open(
        engine: Arc<dyn Engine>,
        host: host::Host,
        options: Options,
    ) -> Result<Store, OpenError> {
        let shared = Arc::new(recovery::recover(engine, host, options)?);
        let threads = match shared.options.by_hand {
            Some(_) => Vec::new(),
            None => vec![lane::spawn(&shared)?, flush::spawn(&shared)?],
        };
        let threads = Mutex::new(threads);
        Ok(Store { handle: Arc::new(Handle { shared, threads }) })
    }

    pub fn partition_count(&self) -> u16 {
        self.shared().partition_count()
    }

    /// The partition that owns a slot (`0..SLOTS`).
    pub fn partition_of(&self, slot: u16) -> PartitionId {
        id::partition_of(slot, self.partition_count())
    }

    /// Runs `work` under the partition's control against staged state. Returns at once: nothing is
    /// durable yet. Work must not stage in the same partition again (it would wait for itself).
    /// Work that panics leaves nothing staged, and takes the partition's locals with it.
    pub fn stage<R>(
        &self,
        partition: PartitionId,
        work: impl FnOnce(&mut Stage<'_>) -> R,
    ) -> Result<R, Unavailable> {
        stage::run(self.shared(), partition, work)
    }

    /// The same, and waits until everything staged so far in that partition, this work included,
    /// is durable and published. Work that wrote nothing waits too: it may have read staged rows.
    pub async fn commit<R: Send>(
        &self,
        partition: PartitionId,
        work: impl FnOnce(&mut Stage<'_>) -> R + Send,
    ) -> Result<R, Unavailable> {
        let (value, waiting) = self.stage(partition, |stage| {
            let value = work(stage);
            (value, stage.settled())
        })?;
        if let Some(waiting) = waiting {
            waiting.await.unwrap_or(Err(Unavailable::Stopping))?;
        }
        Ok(value)
    }

    /// One row, committed.
    pub fn get(
        &self,
        partition: PartitionId,
        family: &str,
        key: &[u8],
    ) -> Result<Option<Bytes>, ReadError> {
        let shared = self.shared();
        if let Some(cell) = shared.readable(partition)?.overlay.get(family, key) {
            return Ok(cell.value.clone());
        }
        Ok(shared.engine.get(family, key)?)
    }

    /// Committed rows from `range.start` to before `range.end` (an empty end: to the last) that
    /// one partition sees. Rows of other partitions may be among them, behind by their overlay:
    /// keys of families that are scanned so begin with their slot.
    pub fn scan(
        &self,
        partition: PartitionId,
        family: &str,
        range: Range<Bytes>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, ReadError> {
        let shared = self.shared();
        let span = Span { family, range: &range, order, limit };
        let committed = shared.readable(partition)?;
        let above = front(&[&committed.overlay], &span);
        // Opened under the lock: a flush empties the overlay only after the family has its rows.
        let below = shared.engine.snapshot()?;
        drop(committed);
        Ok(merge(above, below.as_ref(), &span)?)
    }

    /// Committed rows of several ranges, each of one partition, at most `limit` of each; in the
    /// order of the ranges. What would be as many scans is one view and one question.
    pub fn scan_each(
        &self,
        family: &str,
        ranges: &[(PartitionId, Range<Bytes>)],
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, ReadError> {
        let shared = self.shared();
        let mut committed = BTreeMap::new();
        for &(partition, _) in ranges {
            if let Entry::Vacant(place) = committed.entry(partition) {
                place.insert(shared.readable(partition)?);
            }
        }
        let order = Order::Forward;
        let spans = ranges.iter().map(|(_, range)| Span { family, range, order, limit });
        let above: Vec<_> = ranges
            .iter()
            .zip(spans.clone())
            .map(|((id, _), span)| {
                let overlay: Vec<&Table> =
                    committed.get(id).map(|c| &c.overlay).into_iter().collect();
                front(&overlay, &span)
            })
            .collect();
        let below = shared.engine.snapshot()?;
        drop(committed);
        let asked: Vec<Range<Bytes>> = ranges.iter().map(|(_, range)| range.clone()).collect();
        let found = below.scan_each(family, &asked, limit)?;
        let mut rows = Vec::new();
        for ((above, found), span) in above.into_iter().zip(found).zip(spans) {
            let found = Fetched { rows: found, limit, below: below.as_ref() };
            rows.extend(merge(above, &found, &span)?);
        }
        Ok(rows)
    }

    /// Committed rows of all partitions, in one order. A broken partition contributes only what
    /// its families have.
    pub fn scan_all(
        &self,
        family: &str,
        range: Range<Bytes>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, ReadError> {
        let shared = self.shared();
        let span = Span { family, range: &range, order, limit };
        let committed: Vec<_> = shared.partitions.iter().map(|p| p.committed.read()).collect();
        let overlays: Vec<&Table> = committed.iter().map(|c| &c.overlay).collect();
        let above = front(&overlays, &span);
        let below = shared.engine.snapshot()?;
        drop(committed);
        Ok(merge(above, below.as_ref(), &span)?)
    }

    /// Removes a family with all its rows, for retention. Rows that are put into it meanwhile may
    /// bring it back.
    pub fn drop_family(&self, family: &str) -> Result<(), ReadError> {
        flush::drop_family(self.shared(), family)
    }

    /// Names of all families with rows, flushed or not, in order.
    pub fn families(&self) -> Result<Vec<String>, ReadError> {
        let shared = self.shared();
        let mut names: std::collections::BTreeSet<String> = shared
            .partitions
            .iter()
            .flat_map(|p| {
                p.committed
                    .read()
                    .overlay
                    .families()
                    .keys()
                    .map(Family::to_string)
                    .collect::<Vec<_>>()
            })
            .collect();
        names.extend(shared.engine.families()?);
        Ok(names.into_iter().collect())
    }

    /// Brings the families up to date with everything committed so far.
    pub fn flush(&self) -> Result<(), ReadError> {
        flush::pass(self.shared())
    }

    /// One turn of the lane, for a store driven by hand: commits what is staged. False if there was
    /// nothing.
    pub fn turn(&self) -> bool {
        lane::turn_once(self.shared())
    }

    /// One look at the disk, for a store driven by hand.
    pub fn watch(&self) {
        flush::look(self.shared());
    }

    /// What starts of new work should do (§8, §11); everything else goes on.
    pub fn pressure(&self) -> Pressure {
        self.shared().pressure()
    }

    /// Partitions that are stopped, with the reason.
    pub fn broken(&self) -> Vec<(PartitionId, Unavailable)> {
        self.shared().broken()
    }

    pub fn statistics(&self) -> Statistics {
        self.shared().counters.read()
    }

    /// Stops staging, finishes what is staged, flushes and releases. Blocks until done.
    pub fn shutdown(&self) {
        let shared = self.shared();
        shared.stop(shared::Stop::Drain);
        self.handle.join();
        flush::finish(shared);
    }

    fn shared(&self) -> &Arc<Shared> {
        &self.handle.shared
    }
}

impl Handle {
    fn join(&self) {
        let threads = std::mem::take(&mut *self.threads.lock());
        let this = std::thread::current().id();
        // The last handle may die in a callback on the lane thread, which cannot wait for itself.
        for thread in threads.into_iter().filter(|thread| thread.thread().id() != this) {
            if thread.join().is_err() {
                tracing::error!("a store thread panicked");
            }
        }
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.shared.stop(shared::Stop::Abandon);
        self.join();
    }
}
