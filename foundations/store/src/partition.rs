//! One partition in memory: what is staged, under its control, and what is committed.

use std::any::{Any, TypeId};
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::{Mutex, RwLock};

use crate::engine::{Epoch, PartitionId, Seq};
use crate::error::Unavailable;
use crate::probe;
use crate::record::{Anchor, Hash};
use crate::table::Table;

/// A batch is closed when it reaches one of these.
pub(crate) const BATCH_BYTES_MAX: usize = 1 << 20;
pub(crate) const BATCH_STAGES_MAX: usize = 512;

/// What is told to a waiting caller.
pub(crate) type Settle = Box<dyn FnOnce(Result<(), Unavailable>) + Send>;

/// Locks are taken in this order: `control`, then `committed`; two `committed` only by readers, in
/// order of partition.
pub(crate) struct Partition {
    pub(crate) id: PartitionId,
    pub(crate) control: Mutex<Control>,
    pub(crate) committed: RwLock<Committed>,
}

/// Staged state: whoever holds it is the partition's thread of control.
#[derive(Default)]
pub(crate) struct Control {
    /// Why no work is taken.
    pub(crate) refuse: Option<Unavailable>,
    /// A flush whose outcome is unknown may still arrive. Only a higher epoch keeps it from writing
    /// old rows over those of the next.
    pub(crate) outdated: bool,
    /// Rows of the batches that are not durable yet, marked with the batch's number.
    pub(crate) staged: Table,
    pub(crate) open: VecDeque<Batch>,
    pub(crate) batch_next: u64,
    /// True while the lane knows that there is something open.
    pub(crate) queued: bool,
    pub(crate) locals: HashMap<TypeId, Box<dyn Any + Send>>,
    pub(crate) id_mark: u64,
}

/// Work that becomes durable together.
pub(crate) struct Batch {
    pub(crate) number: u64,
    pub(crate) rows: Table,
    pub(crate) settles: Vec<Settle>,
    pub(crate) stages: usize,
    /// At least every id that its rows may contain.
    pub(crate) id_mark: u64,
    /// Counts the pieces of work in all batches that are neither durable nor dropped.
    pub(crate) waiting: Arc<AtomicU64>,
}

impl Batch {
    pub(crate) fn new(number: u64, waiting: Arc<AtomicU64>) -> Batch {
        let rows = Table::default();
        Batch { number, rows, settles: Vec::new(), stages: 0, id_mark: 0, waiting }
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        self.waiting.fetch_sub(self.stages as u64, Ordering::Relaxed);
    }
}

/// What readers see over the families.
#[derive(Default)]
pub(crate) struct Committed {
    /// Rows marked with the number of their log record.
    pub(crate) overlay: Table,
    pub(crate) position: Position,
    /// Why this state may not be believed any more.
    pub(crate) stopped: Option<Unavailable>,
}

/// Where the partition stands in its log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Position {
    pub(crate) epoch: Epoch,
    pub(crate) tail: Seq,
    pub(crate) applied: Seq,
    /// Hash and id mark of the record at `tail`.
    pub(crate) last: Anchor,
}

impl Position {
    pub(crate) fn hash(&self) -> Hash {
        self.last.hash
    }
}

impl Partition {
    pub(crate) fn new(id: PartitionId) -> Partition {
        Partition { id, control: Mutex::default(), committed: RwLock::default() }
    }

    /// Keeps work out, and readers too where what is committed may not be believed.
    pub(crate) fn refuse(&self, refuse: Unavailable) {
        let mut control = self.control.lock();
        if matches!(refuse, Unavailable::Broken { .. } | Unavailable::Moved(_)) {
            self.committed.write().stopped = Some(refuse.clone());
        }
        control.refuse = Some(refuse);
    }

    /// The outcome of the last append is known: work may go on.
    pub(crate) fn settled(&self) {
        let mut control = self.control.lock();
        if let Some(Unavailable::Settling(_)) = control.refuse {
            control.refuse = None;
        }
    }

    /// Drops everything staged back to what is committed, and the locals with it. Returns whom to
    /// tell. `refuse` keeps further work out; `None` lets it in.
    pub(crate) fn drop_staged(&self, refuse: Option<Unavailable>) -> Vec<Settle> {
        if let Some(refuse) = refuse {
            self.refuse(refuse);
        }
        let mut control = self.control.lock();
        if !probe::mutant("staged-survives") {
            control.staged = Table::default();
        }
        if !probe::mutant("locals-survive") {
            control.locals.clear();
        }
        let mut open = std::mem::take(&mut control.open);
        open.iter_mut().flat_map(|batch| std::mem::take(&mut batch.settles)).collect()
    }
}

/// Tells each; one that panics does not keep the others waiting.
pub(crate) fn settle_all(settles: Vec<Settle>, outcome: &Result<(), Unavailable>) {
    for settle in settles {
        let outcome = outcome.clone();
        let told = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| settle(outcome)));
        if told.is_err() {
            tracing::error!("what was to follow a commit panicked");
        }
    }
}
