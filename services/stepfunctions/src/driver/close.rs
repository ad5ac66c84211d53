//! A closed execution moves to the family of its day, where retention drops it whole.

use bytes::Bytes;
use moment::EpochMs;
use store::Stage;
use store::engine::Family;
use store::engine::Order;
use store::probe;
use workflow::execution::Head;
use workflow::history::HistoryEvent;

use super::Live;
use super::record::{after_commit, chunk_body, list_record, running_key};
use crate::counts::Kind;
use crate::records::{self, ExecutionId, Row, whole};
use crate::service::Service;
use crate::tokens::Place;

/// Rows of one kind that one execution can have.
pub(super) const ROWS_MAX: usize = 1_000_000;

/// Bytes of chunks that one stage moves.
const MOVED_BYTES_MAX: u64 = 16 << 20;

/// Whether the chunks of a closed execution are in the open family, but for the last.
pub(crate) fn is_long(chunk_bytes: u64) -> bool {
    chunk_bytes > MOVED_BYTES_MAX
}

fn stop_ms_of(head: &Head) -> EpochMs {
    head.stop_ms.unwrap_or(head.last_event_ms)
}

/// What there may be of an execution before it closes.
#[derive(Clone, Copy)]
pub(crate) struct Before {
    /// Rows in the open families.
    pub(crate) rows: bool,
    /// Map runs that it began.
    pub(crate) map_runs: bool,
}

impl Before {
    /// Whatever there can be.
    pub(crate) const ANYTHING: Before = Before { rows: true, map_runs: true };
}

impl Service {
    /// Writes a closed execution. One that was never recorded open goes to its day at once.
    pub(crate) fn close(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &Live,
        last_events: &[HistoryEvent],
        before: Before,
    ) {
        let head = &live.execution.head;
        let stop_ms = stop_ms_of(head);
        let day = records::day_of(stop_ms);
        let family: Family = records::day_family(day).into();
        if before.rows {
            self.empty_open(stage, id, live, &family);
        }
        self.record_closed(stage, id, live, last_events, (&family, before));
        let key = records::list_key(live.start.list(), stop_ms, id);
        let item = list_record(live);
        let row = records::to_row(Row::ListItem, &key, &item);
        if !probe::mutant("index-forgotten") {
            stage.put(&records::index_day_family(day).into(), key, row);
        }
        self.record_name(stage, id, &live.start, Some(day));
        if before.map_runs {
            self.close_map_runs(stage, id, day);
        }
        if let Some(child) = &live.start.child {
            self.tell_map_run(stage, child, live);
        }
        self.mocked.forget(id);
        let service = self.clone();
        after_commit(stage, move || service.closings.notify_waiters());
        if before.rows {
            let (service, key) = (self.clone(), live.machine_key());
            after_commit(stage, move || service.finish_deletion_soon(key));
        }
    }

    /// The rows of a closed execution; one row, if nothing of it was written before and nothing is
    /// kept to go on with.
    fn record_closed(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &Live,
        last_events: &[HistoryEvent],
        (family, before): (&Family, Before),
    ) {
        let (start, head) = (&*live.start, self.head_record(live));
        let history = chunk_body(last_events);
        let start_key = records::start_key(id);
        let alone = !before.rows && live.execution.frames.is_empty() && !head.resumable;
        if alone && history.len() <= whole::HISTORY_BYTES_MAX {
            let row = whole::to_row(&start_key, start, &head, &history);
            stage.put(family, start_key, row);
            return;
        }
        let row = records::to_row(Row::Start, &start_key, start);
        stage.put(family, start_key, row);
        let key = records::head_key(id);
        let row = records::to_row(Row::Head, &key, &head);
        stage.put(family, key, row);
        // What a redrive goes on with; an execution that succeeded has none.
        for frame in live.execution.frames.values() {
            let key = records::frame_key(id, frame.id);
            let row = records::to_row(Row::Frame, &key, frame);
            stage.put(family, key, row);
        }
        if let Some(first) = last_events.first() {
            let key = records::chunk_key(id, first.id);
            let row = records::bytes_to_row(Row::Chunk, &key, &history);
            stage.put(family, key, row);
        }
    }

    /// Takes a closing execution's rows out of the open families. Its chunks go on to the day, but
    /// where they are too many for one stage: those stay until the day is dropped.
    fn empty_open(&self, stage: &mut Stage<'_>, id: ExecutionId, live: &Live, day: &Family) {
        let open = &self.families.open;
        if is_long(live.chunk_bytes) {
            let key = records::kept_key(id);
            let of_day = records::day_of(stop_ms_of(&live.execution.head));
            let row = records::to_row(Row::Kept, &key, &of_day);
            stage.put(open, key, row);
        } else {
            for (key, row) in self.rows(stage, Row::Chunk, id) {
                stage.put(day, key.clone(), row);
                stage.delete(open, key);
            }
        }
        for kind in [Row::Frame, Row::Effect, Row::Task] {
            for (key, row) in self.rows(stage, kind, id) {
                if kind == Row::Task
                    && let Some((id, frame, attempt)) = records::attempt_of_key(&key)
                {
                    self.withdraw_row(stage, Place { id, frame, attempt }, (&key, &row));
                }
                stage.delete(open, key);
            }
        }
        for ((frame, kind), due) in &live.timers {
            stage.delete(open, records::timer_key(id, *frame, *kind, *due));
        }
        stage.delete(open, records::start_key(id));
        stage.delete(open, records::head_key(id));
        if !probe::mutant("index-stays") {
            stage.delete(&self.families.index_open, running_key(id, live));
        }
        self.tally(stage, &live.start, -1);
        self.count_closed(stage, live);
    }

    /// The children of map runs are not counted (see [`crate::quotas::Quotas`]).
    fn count_closed(&self, stage: &mut Stage<'_>, live: &Live) {
        if live.start.child.is_none() {
            let (service, start) = (self.clone(), live.start.clone());
            after_commit(stage, move || {
                service.counts.release(&start.account, &start.region, Kind::Execution);
            });
        }
    }

    pub(crate) fn rows(
        &self,
        stage: &Stage<'_>,
        kind: Row,
        id: ExecutionId,
    ) -> Vec<(Bytes, Bytes)> {
        let range = records::rows_of(kind, id);
        match stage.scan(&self.families.open, range, Order::Forward, ROWS_MAX) {
            Ok(rows) => rows,
            Err(error) => {
                // Left behind, they are found by the check of the store; the execution closes.
                tracing::error!(execution = id, %error, "rows of a closed execution stay");
                Vec::new()
            }
        }
    }
}
