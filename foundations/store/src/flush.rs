//! Behind the lane: brings the families up to date, trims the log, watches the disk.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::engine::{Applied, EngineError, PartitionId, Row, Slice};
use crate::error::{ReadError, Unavailable};
use crate::partition::{Partition, Position};
use crate::probe;
use crate::record;
use crate::shared::{FREE_BYTES_START, FREE_BYTES_WRITE, Shared};
use crate::statistics::add;

/// Rows written between two appends.
const SLICE_ROWS_MAX: usize = 200;
/// And their bytes, unless one row alone has more.
const SLICE_BYTES_MAX: usize = 1 << 20;

pub(crate) fn spawn(shared: &Arc<Shared>) -> std::io::Result<JoinHandle<()>> {
    let shared = shared.clone();
    std::thread::Builder::new().name("store-flush".to_owned()).spawn(move || {
        let ran = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&shared)));
        if ran.is_err() {
            shared.fail("the flush thread panicked");
        }
    })
}

fn run(shared: &Shared) {
    let mut flushed = Instant::now();
    while let Some(wanted) = wait(shared) {
        look(shared);
        let due = flushed.elapsed() >= shared.options.flush_interval;
        if wanted || due {
            flushed = Instant::now();
            if let Err(error) = pass(shared) {
                tracing::warn!("a flush did not finish and will be repeated: {error}");
            }
        }
    }
}

/// Waits for the next turn: true if a flush is wanted at once, `None` at the end.
fn wait(shared: &Shared) -> Option<bool> {
    let interval: Duration = shared.options.watch_interval.min(shared.options.flush_interval);
    let mut state = shared.watch.state.lock();
    if !state.stop && !state.flush {
        shared.watch.wake.wait_for(&mut state, interval);
    }
    let wanted = std::mem::take(&mut state.flush);
    (!state.stop).then_some(wanted)
}

/// Keeps house, and sees how much space there is.
pub(crate) fn look(shared: &Shared) {
    if let Some(witness) = &shared.witness {
        witness.sync();
    }
    tend(shared);
    watch_space(shared);
}

fn tend(shared: &Shared) {
    match shared.engine.tend() {
        Ok(()) => {}
        Err(error @ (EngineError::Device(_) | EngineError::Damaged(_))) => {
            shared.fail(&error.to_string());
        }
        Err(error) => tracing::debug!("housekeeping will be repeated: {error}"),
    }
}

fn watch_space(shared: &Shared) {
    let free = shared.engine.free_bytes().unwrap_or(u64::MAX);
    shared.space.low.store(free < FREE_BYTES_START, Ordering::Relaxed);
    let full = free < FREE_BYTES_WRITE;
    if shared.space.full.swap(full, Ordering::Relaxed) && !full {
        tracing::info!("there is space again: writing goes on");
    }
}

/// Writes everything committed so far to the families.
pub(crate) fn pass(shared: &Shared) -> Result<(), ReadError> {
    let _flushing = shared.watch.flushing.lock();
    if let Some(reason) = shared.failed.lock().clone() {
        return Err(Unavailable::Failed(reason).into());
    }
    shared.counters.unflushed_bytes.store(0, Ordering::Relaxed);
    let mut group = Group::default();
    let mut moved = false;
    let mut outdated = None;
    for partition in &shared.partitions {
        if partition.control.lock().outdated {
            shared.lane.offer(partition.id);
            outdated = Some(Unavailable::Settling(partition.id));
            continue;
        }
        let Some(plan) = plan(shared, partition) else { continue };
        moved = true;
        for slice in cut(plan) {
            group.push(slice);
            if group.is_full() {
                group.write(shared)?;
            }
        }
    }
    group.write(shared)?;
    if moved {
        add(&shared.counters.flushes, 1);
    }
    outdated.map_or(Ok(()), |why| Err(why.into()))
}

/// What one partition has to write.
struct Plan {
    partition: PartitionId,
    position: Position,
    rows: Vec<Row>,
}

fn plan(shared: &Shared, partition: &Partition) -> Option<Plan> {
    let committed = shared.readable(partition.id).ok()?;
    let position = committed.position;
    if position.tail == position.applied {
        return None;
    }
    let rows = committed.overlay.families().iter().flat_map(|(family, cells)| {
        let written = cells.iter().filter(|(_, cell)| {
            let trimmed = probe::mutant("trim-too-far") && cell.mark == position.tail;
            let forgotten = probe::mutant("flush-forgets-deletes") && cell.value.is_none();
            !trimmed && !forgotten
        });
        written.map(|(key, cell)| Row {
            family: family.clone(),
            key: key.clone(),
            value: cell.value.clone(),
        })
    });
    Some(Plan { partition: partition.id, position, rows: rows.collect() })
}

/// Cuts a plan into slices; `applied` moves with the last, so that one cut short changes nothing
/// a reader sees.
fn cut(plan: Plan) -> Vec<Slice> {
    let Plan { partition, position, rows } = plan;
    let slice = |rows| Slice { partition, epoch: position.epoch, rows, applied: None };
    let mut slices = Vec::new();
    let (mut part, mut bytes) = (Vec::new(), 0);
    for row in rows {
        let more = row.key.len() + row.value.as_ref().map_or(0, bytes::Bytes::len);
        if part.len() == SLICE_ROWS_MAX || (bytes + more > SLICE_BYTES_MAX && !part.is_empty()) {
            slices.push(slice(std::mem::take(&mut part)));
            bytes = 0;
        }
        bytes += more;
        part.push(row);
    }
    let anchor = record::seal_anchor(partition, position.tail, &position.last);
    let applied = Applied { from: position.applied, to: position.tail, anchor };
    slices.push(Slice { applied: Some(applied), ..slice(part) });
    slices
}

/// Slices that are written in one commit.
#[derive(Default)]
struct Group {
    slices: Vec<Slice>,
    rows: usize,
    bytes: usize,
}

impl Group {
    fn push(&mut self, slice: Slice) {
        self.rows += slice.rows.len();
        self.bytes += slice
            .rows
            .iter()
            .filter_map(|r| r.value.as_ref())
            .map(bytes::Bytes::len)
            .sum::<usize>();
        self.slices.push(slice);
    }

    fn is_full(&self) -> bool {
        self.rows >= SLICE_ROWS_MAX || self.bytes >= SLICE_BYTES_MAX
    }

    fn write(&mut self, shared: &Shared) -> Result<(), ReadError> {
        let group = std::mem::take(self);
        if group.slices.is_empty() {
            return Ok(());
        }
        let landed = match shared.engine.flush(&group.slices) {
            Ok(landed) => landed,
            Err(error @ (EngineError::Device(_) | EngineError::Damaged(_))) => {
                shared.fail(&error.to_string());
                return Err(error.into());
            }
            Err(error) => {
                match error {
                    EngineError::Full(_) => shared.space.full.store(true, Ordering::Relaxed),
                    EngineError::Unknown(_) => outdate(shared, &group.slices)?,
                    _ => {}
                }
                reconcile(shared, &group.slices)?;
                return Err(error.into());
            }
        };
        add(&shared.counters.flushed_rows, group.rows);
        let (written, refused): (Vec<Slice>, Vec<Slice>) =
            group.slices.into_iter().partition(|slice| landed.contains(&slice.partition));
        for slice in &written {
            if let Some(applied) = &slice.applied {
                forget(shared, slice.partition, applied.to)?;
            }
        }
        reconcile(shared, &refused)
    }
}

/// Has the lane raise the epochs, so that what is still under way is refused.
fn outdate(shared: &Shared, slices: &[Slice]) -> Result<(), Unavailable> {
    for slice in slices {
        shared.partition(slice.partition)?.control.lock().outdated = true;
        shared.lane.offer(slice.partition);
    }
    Ok(())
}

/// The families have everything up to `applied`: memory need not.
fn forget(shared: &Shared, partition: PartitionId, applied: u64) -> Result<(), Unavailable> {
    let mut committed = shared.partition(partition)?.committed.write();
    let before = committed.overlay.bytes();
    committed.overlay.remove_through(applied);
    shared.counters.overlay_changed(before, committed.overlay.bytes());
    committed.position.applied = applied;
    Ok(())
}

/// After a refusal or an unknown outcome: see where the partitions stand.
fn reconcile(shared: &Shared, slices: &[Slice]) -> Result<(), ReadError> {
    if slices.is_empty() {
        return Ok(());
    }
    let rows = shared.engine.partitions()?;
    for slice in slices {
        let partition = shared.partition(slice.partition)?;
        let Some(row) = rows.iter().find(|row| row.partition == slice.partition) else { continue };
        let position = partition.committed.read().position;
        if row.epoch == position.epoch {
            if row.applied > position.applied {
                forget(shared, slice.partition, row.applied)?;
            }
        } else if position.epoch == slice.epoch && row.owner != shared.owner() {
            shared.stop_partition(partition, Unavailable::Moved(slice.partition));
        }
    }
    Ok(())
}

pub(crate) fn drop_family(shared: &Shared, family: &str) -> Result<(), ReadError> {
    // Rows that are only in the log would come back with the next recovery.
    pass(shared)?;
    let _flushing = shared.watch.flushing.lock();
    for partition in &shared.partitions {
        let mut committed = partition.committed.write();
        let before = committed.overlay.bytes();
        committed.overlay.remove_family(family);
        shared.counters.overlay_changed(before, committed.overlay.bytes());
    }
    Ok(shared.engine.drop_family(family)?)
}

/// The last acts of a shutdown, after the threads have ended.
pub(crate) fn finish(shared: &Shared) {
    if shared.has_failed() {
        return;
    }
    if let Err(error) = pass(shared) {
        tracing::warn!("the last flush did not finish; the log has the rest: {error}");
    }
    if let Some(witness) = &shared.witness {
        witness.sync();
    }
    let held = |p: &Partition| (p.id, p.committed.read().position.epoch);
    let held: Vec<_> = shared.partitions.iter().map(held).collect();
    if let Err(error) = shared.engine.release(&held) {
        tracing::warn!("the partitions were not released: {error}");
    }
}
