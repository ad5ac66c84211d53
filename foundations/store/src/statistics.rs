//! Counters of a store, and the pressure it is under.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// What the store has done since it was opened, and what it holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// Pieces of work staged.
    pub stages: u64,
    /// Durable group commits.
    pub groups: u64,
    /// Those of which everybody who waited has been told.
    pub told: u64,
    /// Log records in them.
    pub records: u64,
    /// Rows in those.
    pub rows: u64,
    /// Bytes of those records as stored.
    pub record_bytes: u64,
    /// Commits whose outcome had to be found out.
    pub unknown: u64,
    /// Batches that were dropped.
    pub dropped: u64,
    /// Flush passes that moved something.
    pub flushes: u64,
    pub flushed_rows: u64,
    /// Rows now in memory, committed but not in the families.
    pub overlay_bytes: u64,
    /// Log written since the last flush began.
    pub unflushed_bytes: u64,
    /// Pieces of work that are not durable yet.
    pub waiting: u64,
}

/// How hard it is for the store to take new work, mildest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pressure {
    Easy,
    /// Slow down the start of new work.
    Slow,
    /// Refuse the start of new work; go on with what there is.
    RefuseStarts,
    /// Nothing can be written.
    ReadOnly,
}

#[derive(Default)]
pub(crate) struct Counters {
    pub(crate) stages: AtomicU64,
    pub(crate) groups: AtomicU64,
    pub(crate) told: AtomicU64,
    pub(crate) records: AtomicU64,
    pub(crate) rows: AtomicU64,
    pub(crate) record_bytes: AtomicU64,
    pub(crate) unknown: AtomicU64,
    pub(crate) dropped: AtomicU64,
    pub(crate) flushes: AtomicU64,
    pub(crate) flushed_rows: AtomicU64,
    pub(crate) overlay_bytes: AtomicU64,
    pub(crate) unflushed_bytes: AtomicU64,
    pub(crate) waiting: Arc<AtomicU64>,
}

impl Counters {
    pub(crate) fn staged(&self) {
        add(&self.stages, 1);
    }

    /// Follows the size of one partition's overlay.
    pub(crate) fn overlay_changed(&self, before: usize, after: usize) {
        add(&self.overlay_bytes, after);
        self.overlay_bytes.fetch_sub(before as u64, Relaxed);
    }

    pub(crate) fn read(&self) -> Statistics {
        Statistics {
            stages: self.stages.load(Relaxed),
            groups: self.groups.load(Relaxed),
            told: self.told.load(Relaxed),
            records: self.records.load(Relaxed),
            rows: self.rows.load(Relaxed),
            record_bytes: self.record_bytes.load(Relaxed),
            unknown: self.unknown.load(Relaxed),
            dropped: self.dropped.load(Relaxed),
            flushes: self.flushes.load(Relaxed),
            flushed_rows: self.flushed_rows.load(Relaxed),
            overlay_bytes: self.overlay_bytes.load(Relaxed),
            unflushed_bytes: self.unflushed_bytes.load(Relaxed),
            waiting: self.waiting.load(Relaxed),
        }
    }
}

pub(crate) fn add(counter: &AtomicU64, by: usize) {
    counter.fetch_add(by as u64, Relaxed);
}
