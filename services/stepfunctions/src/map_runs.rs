//! Map runs: many child executions for one distributed Map (SFN-DMAP-3, SFN-SEM-59…64). The run's
//! rows lie with its parent; each child is an execution of its own, whose name follows from the run
//! and its number, so that none is started twice. Start at [`driver`], which carries a run on.

mod batches;
mod children;
mod driver;
mod places;
mod ranges;
pub(crate) mod reader;
mod redrive;
mod results;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use store::Stage;
use store::engine::{Family, Order};
use tokio::sync::mpsc::UnboundedSender;
use workflow::execution::{Execution, Frame, Status};
use workflow::map_run::{MapRun, Scope, Source};
use workflow::payload::Payload;

pub(crate) use ranges::Ranges;
pub(crate) use redrive::PENDING_REDRIVE;

use crate::driver::{Live, after_commit};
use crate::executions::{id_of_name, started_ms};
use crate::records::{
    self, ChildRecord, Counts, ExecutionId, MapRunId, MapRunLimits, MapRunProgress, MapRunRecord,
    MapRunStatus, Row, Unreadable,
};
use crate::service::Service;
use crate::tokens::Place;

/// Runs that one execution can have begun.
const RUNS_MAX: usize = 25_000;
/// Frames around a Map that are read for its scope.
const FRAMES_MAX: usize = 1_000_000;

/// The runs that are under way, and how to tell them something.
pub(crate) struct MapRuns {
    inboxes: Mutex<HashMap<MapRunId, UnboundedSender<Message>>>,
    /// Express children in memory, and the redrive that set them going.
    express: Mutex<HashSet<(ExecutionId, u64)>>,
    places: places::Places,
}

/// What a run is told. At most one of each for a child that is open, so that the window bounds
/// what waits.
#[derive(Debug)]
pub(crate) enum Message {
    /// A child's first commit is durable, or was not made.
    Started {
        index: u64,
        child: children::Start,
    },
    Ended(Ended),
    /// The parent wants no more of it, or its limits changed: look at the row.
    Look,
}

/// How a child ended.
#[derive(Clone, Debug)]
pub(crate) struct Ended {
    pub(crate) index: u64,
    pub(crate) status: Status,
    pub(crate) output: Option<Payload>,
    /// Whether a redrive could set it going again.
    pub(crate) redrivable: bool,
}

impl MapRuns {
    /// `open_max` runs of an account in a region start children at once.
    pub(crate) fn new(open_max: usize) -> MapRuns {
        MapRuns {
            inboxes: Mutex::default(),
            express: Mutex::default(),
            places: places::Places::new(open_max),
        }
    }

    fn tell(&self, run: MapRunId, message: Message) {
        // A run that is over, or not yet resumed, finds out from the rows.
        if let Some(inbox) = self.inboxes.lock().get(&run) {
            let _ = inbox.send(message);
        }
    }
}

impl Service {
    /// Writes the rows of a run that begins, and sets it going after the commit.
    pub(crate) fn record_map_run(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &Live,
        plan: MapRun,
    ) {
        let name = plan.map_run_arn.rsplit(':').next().unwrap_or_default();
        let Some(run) = id_of_name(name) else {
            tracing::error!(execution = id, name, "a map run without a number");
            return;
        };
        let limits = MapRunLimits {
            max_concurrency: plan.max_concurrency,
            tolerated_failure_count: plan.tolerated_failure_count,
            tolerated_failure_percentage: plan.tolerated_failure_percentage,
        };
        let record = MapRunRecord {
            arn: plan.map_run_arn.clone(),
            parent: id,
            parent_arn: live.start.about.execution_arn.clone(),
            status: MapRunStatus::Running,
            start_ms: live.execution.head.last_event_ms,
            stop_ms: None,
            limits,
            aborting: false,
            parent_closed_day: None,
            progress: MapRunProgress::default(),
            redrive_count: 0,
            redrive_ms: None,
            redrive_asked: None,
        };
        let open = self.families.open.clone();
        let key = records::map_run_key(run);
        let row = records::to_row(Row::MapRun, &key, &record);
        stage.put(&open, key, row);
        let key = records::map_plan_key(run);
        let row = records::to_row(Row::MapPlan, &key, &plan);
        stage.put(&open, key, row);
        let key = records::map_run_of_key(id, plan.frame, plan.attempt);
        let row = records::to_row(Row::MapRunOf, &key, &run);
        stage.put(&open, key, row);
        let scope = plan.selects.then(|| Scope::new(&live.execution, plan.frame));
        let (service, start) = (self.clone(), live.start.clone());
        after_commit(stage, move || {
            service.drive_map_run(driver::Given { run, record, plan, start, scope, begins: true });
        });
    }

    /// The state is done with its run: one that still goes on is aborted (SFN-SEM-35).
    pub(crate) fn abort_map_run(&self, stage: &mut Stage<'_>, place: Place) {
        let open = &self.families.open;
        let key = records::map_run_of_key(place.id, place.frame, place.attempt);
        let Ok(Some(row)) = stage.get(open, &key) else { return };
        let Ok(run) = records::from_row::<MapRunId>(Row::MapRunOf, &key, &row) else { return };
        self.mark_aborting(stage, run);
    }

    fn mark_aborting(&self, stage: &mut Stage<'_>, run: MapRunId) {
        match self.staged_map_run(stage, run) {
            Ok(Some(mut record)) if record.status == MapRunStatus::Running => {
                (record.aborting, record.redrive_asked) = (true, None);
                self.put_map_run(stage, run, &record);
                let service = self.clone();
                after_commit(stage, move || service.map_runs.tell(run, Message::Look));
            }
            Ok(_) => {}
            Err(error) => tracing::error!(map_run = run, %error, "a map run cannot be aborted"),
        }
    }

    /// The parent closes: its finished runs go with it, the others follow when they are over.
    pub(crate) fn close_map_runs(&self, stage: &mut Stage<'_>, id: ExecutionId, day: i64) {
        for (key, row) in self.rows(stage, Row::MapRunOf, id) {
            let Ok(run) = records::from_row::<MapRunId>(Row::MapRunOf, &key, &row) else {
                continue;
            };
            let Ok(Some(mut record)) = self.staged_map_run(stage, run) else { continue };
            if record.status == MapRunStatus::Running {
                record.parent_closed_day = Some(day);
                self.put_map_run(stage, run, &record);
                self.mark_aborting(stage, run);
            } else {
                self.move_map_run(stage, run, key, day);
            }
        }
    }

    /// The parent goes on: its runs are where it is (SFN-SEM-40).
    pub(crate) fn reopen_map_runs(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        family: &Family,
    ) -> Result<(), Unreadable> {
        // Those that outlast the close are here still.
        for (key, row) in self.rows(stage, Row::MapRunOf, id) {
            let run = records::from_row(Row::MapRunOf, &key, &row)?;
            if let Some(mut record) = self.staged_map_run(stage, run)? {
                record.parent_closed_day = None;
                self.put_map_run(stage, run, &record);
            }
        }
        let range = records::rows_of(Row::MapRunOf, id);
        let rows = stage.scan(family, range, Order::Forward, RUNS_MAX);
        for (key, row) in rows.map_err(Unreadable::new)? {
            let run = records::from_row(Row::MapRunOf, &key, &row)?;
            move_rows(
                stage,
                [key, records::map_run_key(run), records::map_plan_key(run)],
                (family, &self.families.open),
            );
        }
        Ok(())
    }

    /// Moves a finished run's rows to the family of the day on which its parent closed.
    fn move_map_run(&self, stage: &mut Stage<'_>, run: MapRunId, of_key: Bytes, day: i64) {
        let family = records::day_family(day).into();
        let keys = [of_key, records::map_run_key(run), records::map_plan_key(run)];
        move_rows(stage, keys, (&self.families.open, &family));
    }

    fn staged_map_run(
        &self,
        stage: &Stage<'_>,
        run: MapRunId,
    ) -> Result<Option<MapRunRecord>, Unreadable> {
        let key = records::map_run_key(run);
        let row = stage.get(&self.families.open, &key).map_err(Unreadable::new)?;
        row.map(|row| records::from_row(Row::MapRun, &key, &row)).transpose()
    }

    fn put_map_run(&self, stage: &mut Stage<'_>, run: MapRunId, record: &MapRunRecord) {
        let key = records::map_run_key(run);
        let row = records::to_row(Row::MapRun, &key, record);
        stage.put(&self.families.open, key, row);
    }

    /// A child closes: its run is told once that is durable.
    pub(crate) fn tell_map_run(&self, stage: &mut Stage<'_>, child: &ChildRecord, live: &Live) {
        let (service, run, head) = (self.clone(), child.run, &live.execution.head);
        let events_max = self.limits.history_events_max;
        let ended = Ended {
            index: child.index,
            status: head.status,
            output: head.output.clone(),
            redrivable: child.express || live.execution.resumable(events_max),
        };
        after_commit(stage, move || service.map_runs.tell(run, Message::Ended(ended)));
    }

    /// Sets an unfinished run going again after a start (SFN-SEM-106).
    pub(crate) fn recover_map_run(&self, key: &Bytes, row: &Bytes) -> Result<(), Unreadable> {
        let record: MapRunRecord = records::from_row(Row::MapRun, key, row)?;
        if record.status != MapRunStatus::Running {
            return Ok(());
        }
        let run = records::map_run_of(key)
            .ok_or_else(|| Unreadable::new("a map run's key is no map run's key"))?;
        let partition = self.partition_of(record.parent);
        let plan_key = records::map_plan_key(run);
        let plan_row = self.store.get(partition, records::OPEN, &plan_key);
        let plan_row = plan_row.map_err(Unreadable::new)?;
        let plan_row = plan_row.ok_or_else(|| Unreadable::new("a map run without a plan"))?;
        let plan: MapRun = records::from_row(Row::MapPlan, &plan_key, &plan_row)?;
        let parent = self.find_by_id(record.parent)?;
        let parent = parent.ok_or_else(|| Unreadable::new("a map run without an execution"))?;
        self.definitions.find(&self.store, &parent.start.revision.definition)?;
        let start = Arc::new(parent.start);
        let scope = match plan.selects && !record.aborting {
            true => Some(self.read_scope(record.parent, start.about.clone(), &plan)?),
            false => None,
        };
        self.drive_map_run(driver::Given { run, record, plan, start, scope, begins: false });
        Ok(())
    }

    fn read_scope(
        &self,
        id: ExecutionId,
        about: Arc<workflow::execution::About>,
        plan: &MapRun,
    ) -> Result<Scope, Unreadable> {
        let mut execution = Execution::new((*about).clone());
        let rows = self
            .store
            .scan(
                self.partition_of(id),
                records::OPEN,
                records::rows_of(Row::Frame, id),
                Order::Forward,
                FRAMES_MAX,
            )
            .map_err(Unreadable::new)?;
        for (key, row) in rows {
            let frame: Frame = records::from_row(Row::Frame, &key, &row)?;
            execution.frames.insert(frame.id, frame);
        }
        Ok(Scope::new(&execution, plan.frame))
    }

    /// Changes the limits of a run that goes on; false when it is over.
    pub(crate) async fn update_map_run(
        &self,
        run: MapRunId,
        change: impl FnOnce(&mut MapRunLimits) + Send,
    ) -> Result<bool, wire::fault::Fault> {
        let service = self.clone();
        let partition = self.store.partition_of(records::slot_of(run));
        let changed = self.store.commit(partition, move |stage| {
            let Some(mut record) = service.staged_map_run(stage, run)? else { return Ok(false) };
            if record.status != MapRunStatus::Running {
                return Ok(false);
            }
            change(&mut record.limits);
            service.put_map_run(stage, run, &record);
            let told = service.clone();
            after_commit(stage, move || told.map_runs.tell(run, Message::Look));
            Ok(true)
        });
        let changed = changed.await.map_err(crate::faults::from_unavailable)?;
        changed.map_err(crate::faults::from_unreadable)
    }

    /// A run as readers see it: committed, wherever it lies.
    pub(crate) fn find_map_run(&self, run: MapRunId) -> Result<Option<MapRunRecord>, Unreadable> {
        if let Some(record) = self.read_map_run(records::OPEN, run)? {
            return Ok(Some(record));
        }
        // As for executions: the clock may have fallen over midnight.
        let first = records::day_of(started_ms(run)) - 1;
        let today = records::day_of(self.host.now_ms());
        for day in first..=today.max(first) + 1 {
            if let Some(record) = self.read_map_run(&records::day_family(day), run)? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    fn read_map_run(
        &self,
        family: &str,
        run: MapRunId,
    ) -> Result<Option<MapRunRecord>, Unreadable> {
        let key = records::map_run_key(run);
        let partition = self.store.partition_of(records::slot_of(run));
        let row = self.store.get(partition, family, &key).map_err(Unreadable::new)?;
        row.map(|row| records::from_row(Row::MapRun, &key, &row)).transpose()
    }

    /// The runs of an execution whose rows are in `family`, newest first.
    pub(crate) fn map_runs_of(
        &self,
        id: ExecutionId,
        family: &str,
    ) -> Result<Vec<MapRunId>, Unreadable> {
        let mut runs = Vec::new();
        // A run may outlast its execution for a moment.
        for family in [records::OPEN, family] {
            let range = records::rows_of(Row::MapRunOf, id);
            let partition = self.partition_of(id);
            let rows = self.store.scan(partition, family, range, Order::Forward, RUNS_MAX);
            for (key, row) in rows.map_err(Unreadable::new)? {
                runs.push(records::from_row(Row::MapRunOf, &key, &row)?);
            }
        }
        runs.sort_unstable_by(|one: &MapRunId, other| other.cmp(one));
        runs.dedup();
        Ok(runs)
    }
}

fn move_rows(stage: &mut Stage<'_>, keys: [Bytes; 3], (from, to): (&Family, &Family)) {
    for key in keys {
        if let Ok(Some(row)) = stage.get(from, &key) {
            stage.put(to, key.clone(), row);
            stage.delete(from, key);
        }
    }
}

/// How many items a source has, where that is known.
fn length(source: &Source) -> Option<u64> {
    match source {
        Source::Items(items) => Some(match items.value() {
            serde_json::Value::Array(items) => items.len() as u64,
            serde_json::Value::Object(members) => members.len() as u64,
            _ => 0,
        }),
        Source::Reader(_) => None,
    }
}

impl Counts {
    /// Adds children, or the items in them, that ended.
    fn end(&mut self, status: Status, number: u64) {
        match status {
            Status::Succeeded => self.succeeded += number,
            Status::Failed => self.failed += number,
            Status::TimedOut => self.timed_out += number,
            Status::Aborted | Status::Running => self.aborted += number,
        }
    }

    /// Takes away those that had ended so.
    fn take_back(&mut self, status: Status, number: u64) {
        let count = match status {
            Status::Succeeded => &mut self.succeeded,
            Status::Failed => &mut self.failed,
            Status::TimedOut => &mut self.timed_out,
            Status::Aborted | Status::Running => &mut self.aborted,
        };
        *count = count.saturating_sub(number);
    }
}
