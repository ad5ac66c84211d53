//! Carries a run on: reads items, starts children as long as the window has room, counts how they
//! end, and tells the parent when all is over. What it knows is ahead of its row only by what can
//! be found out again: a child's name tells whether it was started, its rows how it ended.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use resource::arn::state_machine::StateMachineArn;
use store::Pressure;
use store::error::Unavailable;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use workflow::event::Event;
use workflow::execution::Status;
use workflow::history::Failure;
use workflow::map_run::{Form, MapRun, READER_ERROR, Scope, THRESHOLD_CAUSE, THRESHOLD_ERROR};
use workflow::payload::Payload;

use super::batches::{Batches, Select, Work};
use super::children::{Children, Start};
use super::reader::Items;
use super::{Ended, Message, length, results};
use crate::definitions::Compiled;
use crate::driver::DispatchError;
use crate::records::{
    self, Counts, ExecutionId, MapRunId, MapRunLimits, MapRunRecord, MapRunStatus, StartRecord,
    Unreadable,
};
use crate::service::Service;

/// Children that run at once, whatever is asked for (SFN-DMAP-3).
const CONCURRENCY_MAX: u64 = 10_000;
/// Children whose first commit is under way.
const STARTING_MAX: usize = 256;
/// How long progress may be ahead of its row.
const SAVE_EVERY: Duration = Duration::from_millis(250);
/// How often open children are looked at when none has told of its end.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// How long starts wait while the store is under pressure, or has refused one.
const BREATH: Duration = Duration::from_millis(50);

/// How long a run rests that could not write its row.
const AGAIN: Duration = Duration::from_secs(1);

/// A run to carry on, at its beginning or after a restart.
pub(super) struct Given {
    pub(super) run: MapRunId,
    pub(super) record: MapRunRecord,
    pub(super) plan: MapRun,
    /// The parent's.
    pub(super) start: Arc<StartRecord>,
    pub(super) scope: Option<Scope>,
}

struct Driver {
    service: Service,
    run: MapRunId,
    plan: MapRun,
    record: MapRunRecord,
    children: Children,
    batches: Option<Batches>,
    /// Children that were started and have not ended.
    open: BTreeMap<u64, Open>,
    /// How many of them have no durable first commit yet.
    starting: usize,
    /// The next child's number, and the items before it.
    next: u64,
    consumed: u64,
    /// Children that could not be started yet.
    refused: BTreeSet<u64>,
    /// Outputs by number, while they are short enough to be the state's output (SFN-DMAP-14).
    outputs: Option<BTreeMap<u64, Payload>>,
    inbox: mpsc::UnboundedReceiver<Message>,
    unsaved: bool,
    saved_at: Instant,
    not_before: Instant,
}

struct Open {
    id: Option<ExecutionId>,
    items: u64,
    /// Items in the children before it.
    before: u64,
    /// What it works on, until its first commit is durable.
    work: Option<Work>,
}

/// Why a run cannot go on for now, or for ever.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error("{0}")]
    Unavailable(#[from] Unavailable),
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
}

impl From<DispatchError> for Stuck {
    fn from(error: DispatchError) -> Stuck {
        match error {
            DispatchError::Unavailable(error) => Stuck::Unavailable(error),
            DispatchError::Unreadable(error) => Stuck::Unreadable(error),
        }
    }
}

impl Service {
    /// Carries a run on in the background.
    pub(super) fn drive_map_run(&self, given: Given) {
        let (service, run) = (self.clone(), given.run);
        let (tell, inbox) = mpsc::unbounded_channel();
        if self.map_runs.inboxes.lock().insert(run, tell).is_some() {
            tracing::error!(map_run = run, "a map run is carried on twice");
        }
        self.runtime.spawn(async move {
            let ended = match Driver::new(&service, given, inbox) {
                Ok(mut driver) => driver.drive().await,
                Err(stuck) => Err(stuck),
            };
            service.map_runs.inboxes.lock().remove(&run);
            match ended {
                Ok(()) | Err(Stuck::Unavailable(Unavailable::Stopping)) => {}
                Err(Stuck::Unavailable(error)) => {
                    tracing::warn!(map_run = run, %error, "a map run waits for the store");
                    tokio::time::sleep(AGAIN).await;
                    service.resume_map_run(run);
                }
                Err(Stuck::Unreadable(error)) => {
                    tracing::error!(map_run = run, %error, "map run parked");
                }
            }
        });
    }

    /// Takes a run up again from its rows.
    fn resume_map_run(&self, run: MapRunId) {
        let key = records::map_run_key(run);
        let partition = self.store.partition_of(records::slot_of(run));
        let row = self.store.get(partition, records::OPEN, &key).map_err(Unreadable::new);
        let resumed = row.and_then(|row| match row {
            Some(row) => self.recover_map_run(&key, &row),
            None => Ok(()),
        });
        if let Err(error) = resumed {
            tracing::error!(map_run = run, %error, "map run parked");
        }
    }
}

impl Driver {
    fn new(
        service: &Service,
        given: Given,
        inbox: mpsc::UnboundedReceiver<Message>,
    ) -> Result<Driver, Stuck> {
        let Given { run, record, plan, start, scope } = given;
        let digest = start.revision.definition;
        let whole = service.definitions.find(&service.store, &digest)?;
        let above = start.child.as_ref().map_or(&[][..], |child| &child.path);
        let path = [above, &plan.path].concat();
        let compiled = service.definitions.processor(&digest, &whole, &path)?;
        let parents = match above {
            [] => whole,
            above => service.definitions.processor(&digest, &whole, above)?,
        };
        let machine = StateMachineArn::parse(&start.about.state_machine_arn);
        let children = Children {
            service: service.clone(),
            run,
            map_run_arn: plan.map_run_arn.clone(),
            label: plan.label.clone(),
            path,
            batched: plan.batcher.is_some(),
            express: plan.express_children,
            machine: machine.map_err(Unreadable::new)?,
            start,
            compiled,
            ending: watch::Sender::new(false),
        };
        let mut driver = Driver {
            service: service.clone(),
            run,
            next: record.progress.started,
            consumed: record.progress.consumed,
            record,
            children,
            batches: None,
            open: BTreeMap::new(),
            starting: 0,
            refused: BTreeSet::new(),
            outputs: Some(BTreeMap::new()),
            plan,
            inbox,
            unsaved: false,
            saved_at: Instant::now(),
            not_before: Instant::now(),
        };
        driver.open_items(&parents, scope);
        Ok(driver)
    }

    /// Makes the source of work ready; a failure is the run's.
    fn open_items(&mut self, parents: &Compiled, scope: Option<Scope>) {
        let progress = &mut self.record.progress;
        if let Some(length) = length(&self.plan.source) {
            (progress.items_total, progress.items_known) = (length, true);
        }
        if progress.failure.is_some() || progress.read_all || self.record.aborting {
            return;
        }
        let service = &self.service;
        let select = scope.map(|scope| Select {
            scope,
            definition: parents.definition.clone(),
            limits: service.limits.clone(),
            host: service.host.clone(),
        });
        match Items::new(service.objects.clone(), &self.plan.source) {
            Ok(items) => {
                self.batches = Some(Batches {
                    items,
                    select,
                    batcher: self.plan.batcher.clone(),
                    bytes_max: service.limits.payload_bytes_max,
                    state: self.plan.path.last().cloned().unwrap_or_default(),
                    held: Default::default(),
                    over: false,
                });
            }
            Err(failure) => self.fail(failure),
        }
    }

    async fn drive(&mut self) -> Result<(), Stuck> {
        self.resume().await?;
        loop {
            while !self.is_over() {
                self.turn().await?;
            }
            if self.finish().await? {
                return Ok(());
            }
        }
    }

    /// Takes back what a stop interrupted.
    async fn resume(&mut self) -> Result<(), Stuck> {
        let progress = &self.record.progress;
        let unended: Vec<u64> = progress.ended.missing(progress.started).collect();
        for index in unended {
            if !self.take_back(index)? && !self.ending() {
                return Err(Unreadable::new("a started child is gone").into());
            }
        }
        if self.ending() {
            self.take_back_unknown()?;
        }
        if let Err(failure) = self.read_again().await {
            self.fail(failure);
        }
        self.collect_again()?;
        if self.record.aborting || self.record.progress.failure.is_some() {
            self.stop_children();
        }
        Ok(())
    }

    /// Opens a child again that was started; false when it was not.
    fn take_back(&mut self, index: u64) -> Result<bool, Stuck> {
        let Some(found) = self.children.find(index)? else { return Ok(false) };
        let items = found.start.child.as_ref().map_or(1, |child| child.items);
        self.open.insert(index, Open { id: Some(found.id), items, before: 0, work: None });
        self.children.adopt(found, index);
        Ok(true)
    }

    /// Children whose start the row does not know of yet. A run that goes on meets them when it
    /// reads their items again; one that is ending has to look. No gap between them is longer than
    /// the number of starts under way.
    fn take_back_unknown(&mut self) -> Result<(), Stuck> {
        let (mut index, mut missed) = (self.record.progress.started, 0);
        while missed <= STARTING_MAX * 2 {
            let known = self.record.progress.ended.contains(index);
            if known || self.take_back(index)? {
                (missed, self.next) = (0, self.next.max(index + 1));
            } else {
                missed += 1;
            }
            index += 1;
        }
        Ok(())
    }

    /// Passes over what was consumed; counts all items where a percentage is of them
    /// (SFN-SEM-61).
    async fn read_again(&mut self) -> Result<(), Failure> {
        let share = self.record.limits.tolerated_failure_percentage.unwrap_or(0.0);
        let counts = share > 0.0 && share < 100.0 && !self.record.progress.items_known;
        if counts && self.batches.is_some() {
            let mut items = Items::new(self.service.objects.clone(), &self.plan.source)?;
            let mut total = 0;
            while items.next().await?.is_some() {
                total += 1;
            }
            let progress = &mut self.record.progress;
            (progress.items_total, progress.items_known) = (total, true);
            self.unsaved = true;
        }
        match &mut self.batches {
            Some(batches) => batches.skip(self.consumed).await,
            None => Ok(()),
        }
    }

    /// Outputs of children that ended before a restart.
    fn collect_again(&mut self) -> Result<(), Stuck> {
        if self.record.progress.output_bytes > self.output_bytes_max() || !self.keeps_outputs() {
            self.outputs = None;
            return Ok(());
        }
        let last = self.record.progress.executions_total;
        let ended: Vec<u64> =
            (0..last).filter(|index| self.record.progress.ended.contains(*index)).collect();
        for index in ended {
            let found = self.children.find(index)?;
            let output = found.and_then(|found| found.head.output);
            if let (Some(outputs), Some(output)) = (&mut self.outputs, output) {
                outputs.insert(index, output);
            }
        }
        Ok(())
    }

    /// Whether outputs go into the state's own output.
    fn keeps_outputs(&self) -> bool {
        self.plan
            .writer
            .as_ref()
            .is_none_or(|writer| writer.parameters.is_none() && writer.form != Some(Form::Full))
    }

    fn output_bytes_max(&self) -> u64 {
        self.service.limits.payload_bytes_max as u64
    }

    fn ending(&self) -> bool {
        self.record.aborting || self.record.progress.failure.is_some()
    }

    /// Nothing runs, and nothing is to be started any more.
    fn is_over(&self) -> bool {
        let all_started = self.record.progress.read_all && self.refused.is_empty();
        self.open.is_empty() && (self.ending() || all_started)
    }

    fn has_room(&self) -> bool {
        let asked = self.record.limits.max_concurrency;
        let window = if asked == 0 { CONCURRENCY_MAX } else { asked.min(CONCURRENCY_MAX) };
        (self.open.len() as u64) < window && self.starting < STARTING_MAX
    }

    /// Waits for the next thing, and does it.
    async fn turn(&mut self) -> Result<(), Stuck> {
        let may_start = !self.ending() && self.has_room() && self.breathes();
        if may_start && let Some(index) = self.refused.pop_first() {
            self.start(index);
            return Ok(());
        }
        let reads = may_start && !self.record.progress.read_all;
        let save_at = self.saved_at + SAVE_EVERY;
        let wake_at = match (self.unsaved, self.ending()) {
            (true, _) => save_at,
            (false, false) if !may_start && self.has_room() => self.not_before,
            _ => Instant::now() + LOOK_AGAIN,
        };
        tokio::select! {
            biased;
            Some(message) = self.inbox.recv() => self.hear(message)?,
            work = next_work(&mut self.batches), if reads => self.take(work),
            () = tokio::time::sleep_until(wake_at) => {
                if !self.unsaved && self.starting == 0 {
                    self.look_at_children()?;
                }
            }
        }
        if self.unsaved && Instant::now() >= save_at {
            self.save().await?;
        }
        Ok(())
    }

    /// Whether starts may go on; they pause while the store is under pressure (§11).
    fn breathes(&mut self) -> bool {
        let now = Instant::now();
        if now < self.not_before {
            return false;
        }
        if matches!(self.service.store.pressure(), Pressure::RefuseStarts | Pressure::ReadOnly) {
            self.not_before = now + BREATH;
            return false;
        }
        true
    }

    fn take(&mut self, work: Result<Option<Work>, Failure>) {
        match work {
            Ok(Some(work)) => {
                let index = self.next;
                self.next += 1;
                let before = self.consumed;
                self.consumed += work.items;
                // It may have ended before the row knew that it was started.
                if self.record.progress.ended.contains(index) {
                    return;
                }
                let items = work.items;
                self.open.insert(index, Open { id: None, items, before, work: Some(work) });
                self.start(index);
            }
            Ok(None) => {
                let progress = &mut self.record.progress;
                progress.read_all = true;
                if !progress.items_known {
                    (progress.items_total, progress.items_known) = (self.consumed, true);
                }
                self.batches = None;
                self.unsaved = true;
                self.judge();
            }
            Err(failure) => self.fail(failure),
        }
    }

    fn start(&mut self, index: u64) {
        let work = self.open.get(&index).and_then(|open| open.work.clone());
        let Some(work) = work else { return };
        match self.children.start(index, work) {
            Ok(()) => self.starting += 1,
            Err(error) => self.put_off(index, &error),
        }
        self.unsaved = true;
    }

    fn put_off(&mut self, index: u64, error: &Unavailable) {
        tracing::warn!(map_run = self.run, index, %error, "a child waits for the store");
        self.not_before = Instant::now() + BREATH;
        if self.ending() {
            self.open.remove(&index);
        } else {
            self.refused.insert(index);
        }
    }

    fn hear(&mut self, message: Message) -> Result<(), Stuck> {
        match message {
            Message::Started { index, child } => self.started(index, child)?,
            Message::Ended(ended) => self.ended(ended),
            Message::Look => self.look_at_row()?,
        }
        Ok(())
    }

    fn started(&mut self, index: u64, child: Start) -> Result<(), Stuck> {
        self.starting = self.starting.saturating_sub(1);
        let id = match child {
            Start::Done(id) => id,
            Start::Before => {
                let found = self.children.find(index)?;
                let found = found.ok_or_else(|| Unreadable::new("a started child is gone"))?;
                let id = found.id;
                self.children.adopt(found, index);
                id
            }
            Start::Not(error) => {
                self.put_off(index, &error);
                return Ok(());
            }
        };
        if let Some(open) = self.open.get_mut(&index) {
            (open.id, open.work) = (Some(id), None);
            if self.ending() {
                self.children.stop(id);
            }
        }
        Ok(())
    }

    /// Counts a child that ended; one that was counted is no longer open.
    fn ended(&mut self, ended: Ended) {
        let Some(open) = self.open.remove(&ended.index) else { return };
        let progress = &mut self.record.progress;
        progress.ended.insert(ended.index);
        progress.items.end(ended.status, open.items);
        progress.executions.end(ended.status, 1);
        self.unsaved = true;
        if let Some(output) = ended.output.filter(|_| ended.status == Status::Succeeded) {
            progress.output_bytes += output.bytes() as u64 + 1;
            if progress.output_bytes > self.output_bytes_max() {
                self.outputs = None;
            } else if self.keeps_outputs()
                && let Some(outputs) = &mut self.outputs
            {
                outputs.insert(ended.index, output);
            }
        }
        self.judge();
    }

    /// Fails the run when more items failed than it tolerates (SFN-DMAP-10, SFN-SEM-61).
    fn judge(&mut self) {
        if self.ending() {
            return;
        }
        let (limits, progress) = (&self.record.limits, &self.record.progress);
        if exceeds(limits, &progress.items, progress.items_known.then_some(progress.items_total)) {
            self.fail(Failure {
                error: Some(THRESHOLD_ERROR.to_owned()),
                cause: Some(THRESHOLD_CAUSE.to_owned()),
            });
        }
    }

    fn fail(&mut self, failure: Failure) {
        if self.record.progress.failure.is_none() {
            self.record.progress.failure = Some(failure);
            self.unsaved = true;
            self.stop_children();
        }
    }

    fn stop_children(&mut self) {
        for index in std::mem::take(&mut self.refused) {
            self.open.remove(&index);
        }
        self.children.ending.send_replace(true);
        for id in self.open.values().filter_map(|open| open.id) {
            self.children.stop(id);
        }
    }

    /// What others write into the row: limits, and that the state wants no more of the run.
    fn look_at_row(&mut self) -> Result<(), Stuck> {
        let Some(record) = self.service.find_map_run(self.run)? else { return Ok(()) };
        self.adopt_row(&record);
        self.judge();
        Ok(())
    }

    fn adopt_row(&mut self, record: &MapRunRecord) {
        self.record.limits = record.limits;
        self.record.parent_closed_day = record.parent_closed_day;
        if record.aborting && !self.record.aborting {
            self.record.aborting = true;
            self.stop_children();
        }
    }

    /// Children whose end was not told, by a failure in between.
    fn look_at_children(&mut self) -> Result<(), Stuck> {
        for (index, open) in &self.open {
            let Some(id) = open.id else { continue };
            if let Some(found) = self.service.find_by_id(id)?
                && found.head.status != Status::Running
            {
                let (status, output) = (found.head.status, found.head.output);
                let ended = Ended { index: *index, status, output };
                self.service.map_runs.tell(self.run, Message::Ended(ended));
            }
        }
        Ok(())
    }

    /// Enters into the record what the children say.
    fn count(&mut self) {
        let lowest = self.open.iter().find(|(_, open)| open.id.is_none());
        let (started, consumed) = match lowest {
            Some((index, open)) => (*index, open.before),
            None => (self.next, self.consumed),
        };
        let progress = &mut self.record.progress;
        (progress.started, progress.consumed) = (started, consumed);
        progress.executions.running = self.open.len() as u64;
        progress.items.running = self.open.values().map(|open| open.items).sum();
        progress.executions_total = self.next;
        if !progress.items_known {
            progress.items_total = self.consumed;
        }
    }

    async fn save(&mut self) -> Result<(), Stuck> {
        self.count();
        let (service, run, record) = (self.service.clone(), self.run, self.record.clone());
        let partition = self.service.partition_of(self.record.parent);
        let saved = self.service.store.commit(partition, move |stage| {
            let row = service.staged_map_run(stage, run)?;
            let row = row.ok_or_else(|| Unreadable::new("a map run's row is gone"))?;
            let merged = MapRunRecord { progress: record.progress, ..row };
            service.put_map_run(stage, run, &merged);
            Ok::<_, Unreadable>(merged)
        });
        let row = saved.await??;
        self.adopt_row(&row);
        (self.unsaved, self.saved_at) = (false, Instant::now());
        Ok(())
    }

    /// Ends the run together with the parent's state. False when it turned out to be aborted.
    async fn finish(&mut self) -> Result<bool, Stuck> {
        if self.unsaved {
            self.save().await?;
        }
        if self.record.aborting {
            self.end_aborted().await?;
            return Ok(true);
        }
        let (frame, attempt) = (self.plan.frame, self.plan.attempt);
        let written = self.results().await;
        let (status, event) = match (self.record.progress.failure.clone(), written) {
            (None, Ok(output)) => {
                (MapRunStatus::Succeeded, Event::MapRunSucceeded { frame, attempt, output })
            }
            (Some(failure), _) | (None, Err(failure)) => {
                let Failure { error, cause } = failure;
                (MapRunStatus::Failed, Event::MapRunFailed { frame, attempt, error, cause })
            }
        };
        self.end(status, event).await
    }

    /// Writes results, and makes the state's output of them.
    async fn results(&mut self) -> Result<Option<Payload>, Failure> {
        let failure = self.record.progress.failure.clone();
        let unread =
            failure.as_ref().is_some_and(|failure| failure.error.as_deref() == Some(READER_ERROR));
        if failure.is_some()
            && self.plan.writer.as_ref().is_none_or(|writer| writer.parameters.is_none())
        {
            return Ok(None);
        }
        let writer = results::Results {
            service: &self.service,
            children: &self.children,
            writer: self.plan.writer.as_ref(),
            executions: self.next,
            items_succeeded: self.record.progress.items.succeeded,
            bytes_max: self.output_bytes_max(),
        };
        let pending = self.batches.as_mut().filter(|_| failure.is_some() && !unread);
        let written = writer.write(self.outputs.take(), pending).await;
        let progress = &mut self.record.progress;
        if let Ok(written) = &written {
            progress.executions.results_written = written.executions;
            progress.items.results_written = written.items;
        }
        written.map(|written| written.output)
    }

    async fn end(&mut self, status: MapRunStatus, event: Event) -> Result<bool, Stuck> {
        self.count();
        let partition = self.service.partition_of(self.record.parent);
        let ended = self
            .service
            .with_fetching(|| {
                let (service, run) = (self.service.clone(), self.run);
                let (record, event) = (self.record.clone(), event.clone());
                let store = self.service.store.clone();
                async move {
                    store
                        .commit(partition, move |stage| {
                            let row = service.staged_map_run(stage, run)?;
                            let row =
                                row.ok_or_else(|| Unreadable::new("a map run's row is gone"))?;
                            if row.aborting {
                                return Ok(Some(row));
                            }
                            let parent = record.parent;
                            let stop_ms = Some(service.host.now_ms());
                            let progress = record.progress;
                            let over = MapRunRecord { status, stop_ms, progress, ..row };
                            service.put_map_run(stage, run, &over);
                            service.apply(stage, parent, event)?;
                            Ok(None)
                        })
                        .await
                }
            })
            .await?;
        if let Some(row) = &ended {
            self.adopt_row(row);
        }
        Ok(ended.is_none())
    }

    /// Nobody waits for the run any more: its rows alone say how it ended.
    async fn end_aborted(&mut self) -> Result<(), Stuck> {
        self.count();
        let (service, run, record) = (self.service.clone(), self.run, self.record.clone());
        let (frame, attempt) = (self.plan.frame, self.plan.attempt);
        let partition = self.service.partition_of(self.record.parent);
        let ended = self.service.store.commit(partition, move |stage| {
            let row = service.staged_map_run(stage, run)?;
            let row = row.ok_or_else(|| Unreadable::new("a map run's row is gone"))?;
            let over = MapRunRecord {
                status: MapRunStatus::Aborted,
                stop_ms: Some(service.host.now_ms()),
                progress: record.progress,
                ..row
            };
            service.put_map_run(stage, run, &over);
            if let Some(day) = over.parent_closed_day {
                let of_key = records::map_run_of_key(over.parent, frame, attempt);
                service.move_map_run(stage, run, of_key, day);
            }
            Ok::<_, Unreadable>(())
        });
        ended.await??;
        Ok(())
    }
}

async fn next_work(batches: &mut Option<Batches>) -> Result<Option<Work>, Failure> {
    match batches {
        Some(batches) => batches.next().await,
        None => Ok(None),
    }
}

/// Whether failed and timed out items are too many. A limit that is not given does not count
/// when the other one is.
fn exceeds(limits: &MapRunLimits, items: &Counts, total: Option<u64>) -> bool {
    let failed = items.failed + items.timed_out;
    if failed == 0 {
        return false;
    }
    let by_share = limits.tolerated_failure_percentage.is_some_and(|share| match total {
        Some(total) => failed as f64 * 100.0 > share * total as f64,
        None => share == 0.0,
    });
    let by_count = match (limits.tolerated_failure_count, limits.tolerated_failure_percentage) {
        (Some(count), _) => failed > count,
        (None, None) => true,
        (None, Some(_)) => false,
    };
    by_count || by_share
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-DMAP-10, SFN-SEM-61
    #[test]
    fn either_limit_decides() {
        let limits = |count, share| MapRunLimits {
            max_concurrency: 0,
            tolerated_failure_count: count,
            tolerated_failure_percentage: share,
        };
        let failed =
            |failed, timed_out| Counts { failed, timed_out, aborted: 9, ..Counts::default() };
        let rows = [
            (limits(None, None), failed(0, 0), Some(10), false),
            (limits(None, None), failed(1, 0), Some(10), true),
            (limits(Some(2), None), failed(1, 1), Some(10), false),
            (limits(Some(2), None), failed(2, 1), Some(10), true),
            (limits(None, Some(20.0)), failed(2, 0), Some(10), false),
            (limits(None, Some(20.0)), failed(3, 0), Some(10), true),
            (limits(None, Some(20.0)), failed(3, 0), None, false),
            (limits(Some(5), Some(0.0)), failed(1, 0), None, true),
            (limits(Some(0), Some(100.0)), failed(1, 0), Some(1), true),
        ];
        for (limits, items, total, expected) in rows {
            assert_eq!(exceeds(&limits, &items, total), expected, "{limits:?} {items:?}");
        }
    }
}
