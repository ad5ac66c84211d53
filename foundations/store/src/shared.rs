//! What the store's handles and threads share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use parking_lot::{Condvar, Mutex, RwLockReadGuard};

use crate::engine::{Engine, Layout, PartitionId};
use crate::error::Unavailable;
use crate::lane::Lane;
use crate::options::Options;
use crate::partition::{Committed, Control, Partition, settle_all};
use crate::statistics::{Counters, Pressure};
use crate::witness::Witness;

/// Less free space than this: starts are refused.
pub(crate) const FREE_BYTES_START: u64 = 1 << 30;
/// Less than this: nothing is written but what makes space.
pub(crate) const FREE_BYTES_WRITE: u64 = 256 << 20;

/// More work than this waiting for the disk: starts are refused.
const WAITING_MAX: u64 = 8192;
/// From this share of a limit on, starts are slowed.
const SLOW_PERCENT: u64 = 75;

pub(crate) struct Shared {
    pub(crate) engine: Arc<dyn Engine>,
    pub(crate) host: host::Host,
    pub(crate) options: Options,
    pub(crate) layout: Layout,
    /// This opening's own name, and the high half of its batch ids.
    pub(crate) incarnation: u64,
    pub(crate) partitions: Vec<Partition>,
    pub(crate) lane: Lane,
    pub(crate) watch: Watch,
    pub(crate) witness: Option<Witness>,
    pub(crate) counters: Counters,
    pub(crate) batch_ids: AtomicU64,
    pub(crate) space: Space,
    /// Set once when the device failed; no work is taken after that.
    pub(crate) failed: Mutex<Option<Arc<str>>>,
    pub(crate) stopping: AtomicBool,
}

/// What the watch has seen of the disk.
#[derive(Default)]
pub(crate) struct Space {
    /// An append found no space, or there is too little: nothing is written.
    pub(crate) full: AtomicBool,
    /// Little space: no starts.
    pub(crate) low: AtomicBool,
}

/// Wakes the flush thread.
#[derive(Default)]
pub(crate) struct Watch {
    pub(crate) state: Mutex<WatchState>,
    pub(crate) wake: Condvar,
    /// Held by whoever flushes.
    pub(crate) flushing: Mutex<()>,
}

#[derive(Default)]
pub(crate) struct WatchState {
    pub(crate) stop: bool,
    pub(crate) flush: bool,
}

pub(crate) type Readable<'a> = RwLockReadGuard<'a, Committed>;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Make durable what is staged.
    Drain,
    /// Drop it.
    Abandon,
}

impl Shared {
    pub(crate) fn partition_count(&self) -> u16 {
        self.layout.partitions
    }

    pub(crate) fn partition(&self, id: PartitionId) -> Result<&Partition, Unavailable> {
        self.partitions.get(usize::from(id)).ok_or(Unavailable::NoPartition(id))
    }

    /// Committed state, if it may be believed.
    pub(crate) fn readable(&self, id: PartitionId) -> Result<Readable<'_>, Unavailable> {
        let committed = self.partition(id)?.committed.read();
        match &committed.stopped {
            Some(stopped) => Err(stopped.clone()),
            None => Ok(committed),
        }
    }

    /// Refuses work that could not become durable.
    pub(crate) fn admits(&self, control: &Control) -> Result<(), Unavailable> {
        if let Some(refuse) = &control.refuse {
            return Err(refuse.clone());
        }
        if self.stopping.load(Ordering::Acquire) {
            return Err(Unavailable::Stopping);
        }
        if self.space.full.load(Ordering::Relaxed) {
            return Err(Unavailable::DiskFull);
        }
        Ok(())
    }

    pub(crate) fn pressure(&self) -> Pressure {
        let overlay = self.counters.overlay_bytes.load(Ordering::Relaxed);
        let overlay = share(overlay, self.options.overlay_bytes_max as u64);
        let waiting = share(self.counters.waiting.load(Ordering::Relaxed), WAITING_MAX);
        let percent = overlay.max(waiting);
        if self.space.full.load(Ordering::Relaxed) {
            Pressure::ReadOnly
        } else if percent >= 100 || self.space.low.load(Ordering::Relaxed) {
            Pressure::RefuseStarts
        } else if percent >= SLOW_PERCENT {
            Pressure::Slow
        } else {
            Pressure::Easy
        }
    }

    pub(crate) fn broken(&self) -> Vec<(PartitionId, Unavailable)> {
        let refusal = |p: &Partition| Some((p.id, p.control.lock().refuse.clone()?));
        self.partitions.iter().filter_map(refusal).collect()
    }

    /// Stops one partition, for the reason given.
    pub(crate) fn stop_partition(&self, partition: &Partition, refuse: Unavailable) {
        tracing::error!(partition = partition.id, "partition stopped: {refuse}");
        let settles = partition.drop_staged(Some(refuse.clone()));
        settle_all(settles, &Err(refuse));
    }

    /// The device failed: nothing in memory may be believed, so the process is asked to end.
    pub(crate) fn fail(&self, reason: &str) {
        let first = {
            let mut failed = self.failed.lock();
            let first = failed.is_none();
            failed.get_or_insert_with(|| Arc::from(reason));
            first
        };
        if !first {
            return;
        }
        tracing::error!("the storage failed, the server has to end: {reason}");
        (self.options.fatal)(reason);
        for partition in &self.partitions {
            self.stop_partition(partition, Unavailable::Failed(Arc::from(reason)));
        }
    }

    pub(crate) fn has_failed(&self) -> bool {
        self.failed.lock().is_some()
    }

    pub(crate) fn stop(&self, how: Stop) {
        self.stopping.store(true, Ordering::Release);
        self.lane.stop(how);
        self.watch.state.lock().stop = true;
        self.watch.wake.notify_all();
    }

    pub(crate) fn want_flush(&self) {
        self.watch.state.lock().flush = true;
        self.watch.wake.notify_all();
    }

    pub(crate) fn next_batch_id(&self) -> u128 {
        let count = self.batch_ids.fetch_add(1, Ordering::Relaxed);
        (u128::from(self.incarnation) << 64) | u128::from(count)
    }

    /// The name under which this opening claims.
    pub(crate) fn owner(&self) -> String {
        owner(&self.options.node, self.incarnation)
    }
}

/// Percent of a limit.
fn share(held: u64, max: u64) -> u64 {
    held.saturating_mul(100) / max.max(1)
}

pub(crate) fn owner(node: &str, incarnation: u64) -> String {
    format!("{node}/{incarnation:016x}")
}
