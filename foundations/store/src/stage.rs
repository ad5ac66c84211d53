//! Work under a partition's control: reads staged state, collects rows, leaves all or nothing.

use std::any::TypeId;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::engine::{Family, Order, PartitionId, is_family_name};
use crate::error::{ReadError, Unavailable};
use crate::id;
use crate::partition::{BATCH_BYTES_MAX, BATCH_STAGES_MAX, Batch, Control, Partition, Settle};
use crate::shared::Shared;
use crate::statistics::add;
use crate::table::{Span, Table, front, merge};

/// Bytes of rows that one piece of work may stage.
pub const STAGE_BYTES_MAX: usize = 64 << 20;

pub(crate) type Waiting = oneshot::Receiver<Result<(), Unavailable>>;

/// What staged work sees and writes.
pub struct Stage<'a> {
    shared: &'a Shared,
    partition: &'a Partition,
    control: &'a mut Control,
    rows: Table,
    settles: Vec<Settle>,
}

pub(crate) fn run<R>(
    shared: &Shared,
    partition: PartitionId,
    work: impl FnOnce(&mut Stage<'_>) -> R,
) -> Result<R, Unavailable> {
    let partition = shared.partition(partition)?;
    let mut control = partition.control.lock();
    shared.admits(&control)?;
    let rows = Table::default();
    let mut stage = Stage { shared, partition, control: &mut control, rows, settles: Vec::new() };
    let outcome = catch_unwind(AssertUnwindSafe(|| work(&mut stage)));
    let Stage { rows, settles, .. } = stage;
    let value = match outcome {
        Ok(value) => value,
        Err(panic) => {
            control.locals.clear();
            drop(control);
            resume_unwind(panic)
        }
    };
    if rows.bytes() > STAGE_BYTES_MAX {
        control.locals.clear();
        return Err(Unavailable::TooLarge { bytes: rows.bytes(), max: STAGE_BYTES_MAX });
    }
    let wake = join(shared, &mut control, rows, settles);
    drop(control);
    shared.counters.staged();
    if wake {
        shared.lane.offer(partition.id);
    }
    Ok(value)
}

/// Adds the work to the open batch. True if the lane must be told.
fn join(shared: &Shared, control: &mut Control, rows: Table, settles: Vec<Settle>) -> bool {
    if rows.is_empty() && settles.is_empty() {
        return false;
    }
    let fits = control.open.back().is_some_and(|batch| {
        batch.stages < BATCH_STAGES_MAX && batch.rows.bytes() + rows.bytes() <= BATCH_BYTES_MAX
    });
    if !fits {
        control.batch_next += 1;
        let waiting = shared.counters.waiting.clone();
        control.open.push_back(Batch::new(control.batch_next, waiting));
    }
    let batch = control.open.back_mut().expect("one was pushed if there was none");
    batch.stages += 1;
    add(&batch.waiting, 1);
    batch.id_mark = control.id_mark;
    batch.settles.extend(settles);
    for (family, cells) in rows.into_families() {
        for (key, cell) in cells {
            control.staged.put(&family, key.clone(), cell.value.clone(), batch.number);
            batch.rows.put(&family, key, cell.value, batch.number);
        }
    }
    !std::mem::replace(&mut control.queued, true)
}

impl Stage<'_> {
    pub fn partition(&self) -> PartitionId {
        self.partition.id
    }

    /// One row, as staged.
    pub fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, ReadError> {
        let staged = self.rows.get(family, key).or_else(|| self.control.staged.get(family, key));
        if let Some(cell) = staged {
            return Ok(cell.value.clone());
        }
        if let Some(cell) = self.partition.committed.read().overlay.get(family, key) {
            return Ok(cell.value.clone());
        }
        Ok(self.shared.engine.get(family, key)?)
    }

    /// Staged rows from `range.start` to before `range.end` (an empty end: to the last).
    pub fn scan(
        &self,
        family: &str,
        range: Range<Bytes>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, ReadError> {
        let span = Span { family, range: &range, order, limit };
        let committed = self.partition.committed.read();
        let above = front(&[&self.rows, &self.control.staged, &committed.overlay], &span);
        let below = self.shared.engine.snapshot()?;
        drop(committed);
        Ok(merge(above, below.as_ref(), &span)?)
    }

    pub fn put(&mut self, family: &Family, key: impl Into<Bytes>, value: impl Into<Bytes>) {
        assert!(is_family_name(family), "`{family}` cannot name a family");
        self.rows.put(family, key.into(), Some(value.into()), 0);
    }

    pub fn delete(&mut self, family: &Family, key: impl Into<Bytes>) {
        assert!(is_family_name(family), "`{family}` cannot name a family");
        self.rows.put(family, key.into(), None, 0);
    }

    /// Calls `then` when this work, and all that was staged before it, is durable and published,
    /// or when it failed and was dropped. Runs on the lane thread and must be short. Not called
    /// if this work panics or is refused.
    pub fn on_settled(&mut self, then: impl FnOnce(Result<(), Unavailable>) + Send + 'static) {
        self.settles.push(Box::new(then));
    }

    /// What to wait for until all that was staged so far is durable; `None` if it is already.
    pub(crate) fn settled(&mut self) -> Option<Waiting> {
        if self.rows.is_empty() && self.control.staged.is_empty() && self.control.open.is_empty() {
            return None;
        }
        let (settled, waiting) = oneshot::channel();
        self.on_settled(move |outcome| {
            // The caller may have gone; then nobody is told.
            let _ = settled.send(outcome);
        });
        Some(waiting)
    }

    /// An id that was never given out before and never will be again. It is safe to show once
    /// work that used it is durable.
    pub fn next_id(&mut self, slot: u16, now_ms: i64) -> u64 {
        debug_assert_eq!(
            id::partition_of(slot, self.shared.partition_count()),
            self.partition.id,
            "ids are given out by the owner of their slot",
        );
        id::next_id(&mut self.control.id_mark, slot, now_ms)
    }

    /// In-memory state of a service in this partition. It must be no more than a cache of staged
    /// rows: it goes when work panics and when staged rows are dropped after a failed append.
    pub fn local<T: Default + Send + 'static>(&mut self) -> &mut T {
        self.control
            .locals
            .entry(TypeId::of::<T>())
            .or_insert_with(|| Box::new(T::default()))
            .downcast_mut()
            .expect("filed under its own type")
    }
}
