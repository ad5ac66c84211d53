//! Carries a run on: reads items, starts children as long as the window has room, counts how they
//! end, and tells the parent when all is over. What it knows is ahead of its row only by what can
//! be found out again: a child's name tells whether it was started, its rows how it ended.

mod finish;
mod redrive;
mod resume;
mod tolerance;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use resource::arn::state_machine::StateMachineArn;
use store::Pressure;
use store::error::Unavailable;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use workflow::execution::Status;
use workflow::history::Failure;
use workflow::map_run::{Form, MapRun, Scope, THRESHOLD_CAUSE, THRESHOLD_ERROR};
use workflow::payload::Payload;

use super::batches::{Batches, Select, Work};
use super::children::{Children, Known, Start};
use super::places::Place;
use super::reader::{Broken, Items};
use super::{Ended, MapRuns, Message, length};
use crate::definitions::Compiled;
use crate::driver::DispatchError;
use crate::records::{self, ExecutionId, MapRunId, MapRunRecord, StartRecord, Unreadable};
use crate::service::Service;
use tolerance::exceeds;

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
    /// Whether it begins, and no child of it can be there.
    pub(super) begins: bool,
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
    /// From this number on nobody ever tried to start a child; nothing is known after a restart.
    untried: Option<u64>,
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
    /// How it had ended before it was redriven.
    was: Option<Status>,
}

/// What is left to do when a driver is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rest {
    Nothing,
    /// The run was redriven while it was aborted.
    Redrive,
}

/// Why a run cannot go on for now, or for ever.
#[derive(Debug, thiserror::Error)]
enum Stuck {
    #[error("{0}")]
    Unavailable(#[from] Unavailable),
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
    /// Reading or writing objects was cut off.
    #[error("a request to the object service was cut off")]
    CutOff,
}

impl From<DispatchError> for Stuck {
    fn from(error: DispatchError) -> Stuck {
        match error {
            DispatchError::Unavailable(error) => Stuck::Unavailable(error),
            DispatchError::Unreadable(error) => Stuck::Unreadable(error),
        }
    }
}

impl MapRuns {
    /// Nobody listens any more; an inbox of a later driver stays.
    fn forget(&self, run: MapRunId, tell: &mpsc::UnboundedSender<Message>) {
        let mut inboxes = self.inboxes.lock();
        if inboxes.get(&run).is_some_and(|inbox| inbox.same_channel(tell)) {
            inboxes.remove(&run);
        }
    }
}

impl Service {
    /// Carries a run on in the background.
    pub(super) fn drive_map_run(&self, given: Given) {
        let (service, run) = (self.clone(), given.run);
        let (tell, inbox) = mpsc::unbounded_channel();
        // One that is there still belongs to a driver that is done, before a redrive.
        self.map_runs.inboxes.lock().insert(run, tell.clone());
        self.runtime.spawn(async move {
            let ended = match Driver::new(&service, given, inbox) {
                Ok(mut driver) => driver.drive().await,
                Err(stuck) => Err(stuck),
            };
            service.map_runs.forget(run, &tell);
            match ended {
                Ok(Rest::Nothing) | Err(Stuck::Unavailable(Unavailable::Stopping)) => {}
                Ok(Rest::Redrive) => service.resume_map_run(run),
                Err(error @ (Stuck::Unavailable(_) | Stuck::CutOff)) => {
                    tracing::warn!(map_run = run, %error, "a map run rests");
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
    pub(super) fn resume_map_run(&self, run: MapRunId) {
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
        let Given { run, record, plan, start, scope, begins } = given;
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
            redrive: record.redrive_count,
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
            untried: begins.then_some(0),
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

    async fn drive(&mut self) -> Result<Rest, Stuck> {
        let _place = self.wait_for_a_place().await?;
        self.resume().await?;
        loop {
            while !self.is_over() {
                self.turn().await?;
            }
            if let Some(rest) = self.finish().await? {
                return Ok(rest);
            }
        }
    }

    /// Waits while too many runs of the account are open; one that is to end does not wait. A run
    /// in a child of another run does not either: the other has a place until this one is over.
    async fn wait_for_a_place(&mut self) -> Result<Option<Place>, Stuck> {
        let (service, start) = (self.service.clone(), self.children.start.clone());
        if start.child.is_some() {
            return Ok(None);
        }
        let mut turn = std::pin::pin!(service.map_runs.places.take(&start.account, &start.region));
        while !self.ending() {
            tokio::select! {
                biased;
                place = &mut turn => return Ok(Some(place)),
                // Children that end meanwhile are found by their rows when the run resumes.
                Some(message) = self.inbox.recv() => if matches!(message, Message::Look) {
                    self.look_at_row()?;
                },
            }
        }
        Ok(None)
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
        let most = self.service.quotas.map_run_children_max;
        let window = if asked == 0 { most } else { asked.min(most) };
        (self.open.len() as u64) < window && self.starting < STARTING_MAX
    }

    /// Waits for the next thing, and does it.
    async fn turn(&mut self) -> Result<(), Stuck> {
        let may_start = !self.ending() && self.has_room() && self.breathes();
        if may_start && let Some(index) = self.refused.pop_first() {
            return self.start(index);
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
            work = next_work(&mut self.batches), if reads => self.take(work)?,
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

    fn take(&mut self, work: Result<Option<Work>, Broken>) -> Result<(), Stuck> {
        match work {
            Ok(Some(work)) => {
                let index = self.next;
                self.next += 1;
                let before = self.consumed;
                self.consumed += work.items;
                // It may have ended before the row knew that it was started.
                if self.record.progress.ended.contains(index) {
                    return Ok(());
                }
                let (items, work) = (work.items, Some(work));
                self.open.insert(index, Open { id: None, items, before, work, was: None });
                self.start(index)?;
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
            Err(Broken::Failure(failure)) => self.fail(failure),
            Err(Broken::CutOff) => return Err(Stuck::CutOff),
        }
        Ok(())
    }

    fn start(&mut self, index: u64) -> Result<(), Stuck> {
        if self.record.progress.kept.contains(index)
            && let Some(found) = self.children.find(index)?
        {
            self.meet(index, found);
            return Ok(());
        }
        let work = self.open.get(&index).and_then(|open| open.work.clone());
        let Some(work) = work else { return Ok(()) };
        let known = self.known(index);
        match self.children.start(index, work, known) {
            Ok(()) => self.starting += 1,
            Err(error) => self.put_off(index, &error),
        }
        self.unsaved = true;
        Ok(())
    }

    /// The first try alone is one of a child that cannot be there.
    fn known(&mut self, index: u64) -> Known {
        match &mut self.untried {
            Some(untried) if index >= *untried => {
                *untried = index + 1;
                Known::New
            }
            _ => Known::Perhaps,
        }
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
                self.meet(index, found);
                return Ok(());
            }
            Start::Not(error) => {
                self.put_off(index, &error);
                return Ok(());
            }
            Start::Never => {
                self.stay(index);
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
        if ended.status != Status::Succeeded && !ended.redrivable {
            progress.items.not_redrivable += open.items;
            progress.executions.not_redrivable += 1;
        }
        if let Some(was) = open.was {
            progress.items_before.take_back(was, open.items);
            progress.executions_before.take_back(was, 1);
        }
        self.unsaved = true;
        if let Some(output) = ended.output.filter(|_| ended.status == Status::Succeeded) {
            self.keep_output(ended.index, output);
        }
        self.judge();
    }

    fn keep_output(&mut self, index: u64, output: Payload) {
        self.record.progress.output_bytes += output.bytes() as u64 + 1;
        if self.record.progress.output_bytes > self.output_bytes_max() {
            self.outputs = None;
        } else if self.keeps_outputs()
            && let Some(outputs) = &mut self.outputs
        {
            outputs.insert(index, output);
        }
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
                let ended = self.children.ended(found, *index);
                self.service.map_runs.tell(self.run, Message::Ended(ended));
            }
        }
        Ok(())
    }
}

async fn next_work(batches: &mut Option<Batches>) -> Result<Option<Work>, Broken> {
    match batches {
        Some(batches) => batches.next().await,
        None => Ok(None),
    }
}
