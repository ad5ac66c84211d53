//! Feeds events to the interpreter and records what comes of it: one stage a transition, effects
//! only after the commit. Starting, restarting and running all day are the same path.

pub(crate) mod clocks;
mod close;
mod live;
mod record;
mod recover;
mod redrive;
mod retention;
mod tallies;
pub(crate) mod thinkers;
pub(crate) mod thinking;
pub(crate) mod timers;
mod upgrade;
mod watch;

use std::cell::RefCell;
use std::sync::Arc;

use jsonata::EvaluationError;
use resource::arn::Home;
use serde_json::Value;
use store::Stage;
use store::engine::PartitionId;
use store::error::Unavailable;
use tokio::sync::OwnedSemaphorePermit;
use workflow::event::Event;
use workflow::execution::{Execution, FrameId, Status};
use workflow::{Environment, Limits, Question, Surroundings, Transition};

pub(crate) use close::{Before, is_long};
pub(crate) use live::Live;
pub(crate) use record::after_commit;
pub(crate) use redrive::{By, Redriven, redrive_status};
use thinking::{Mind, Patience, Thinking, Thought};
pub(crate) use timers::TimerKey;
pub(crate) use upgrade::mark_upgraded;

use crate::definitions::Compiled;
use crate::executions::name_of_id;
use crate::machines::{Cached, MachineKey};
use crate::records::{self, ExecutionId, StartRecord, Unreadable};
use crate::service::Service;
use crate::tokens::Place;

/// What became of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was applied.
    Applied,
    /// The execution is closed, or never was.
    NotRunning,
}

/// Why an event could not be applied.
#[derive(Debug)]
pub(crate) enum Trouble {
    /// The definition must be fetched first; nothing happened.
    NeedsDefinition([u8; 32]),
    /// The machine must be looked up first; nothing happened.
    NeedsMachine(MachineKey),
    /// An expression takes long; nothing happened.
    TakesLong(Box<Thought>),
    Unreadable(Unreadable),
}

impl From<Unreadable> for Trouble {
    fn from(unreadable: Unreadable) -> Trouble {
        Trouble::Unreadable(unreadable)
    }
}

/// Something happened before the event could be durable.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DispatchError {
    #[error("{0}")]
    Unavailable(Unavailable),
    #[error("{0}")]
    Unreadable(#[from] Unreadable),
}

impl Service {
    pub(crate) fn partition_of(&self, id: ExecutionId) -> PartitionId {
        self.store.partition_of(records::slot_of(id))
    }

    /// Begins an execution inside a stage; the transition up to its first wait is in it, and may
    /// be the last one.
    pub(crate) fn begin(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        start: StartRecord,
        compiled: Compiled,
    ) -> Status {
        let execution = Execution::new(start.about.clone());
        let mut live = Live::new(start, execution, compiled);
        let about = live.start.clone();
        let before = || Execution::new(about.about.clone());
        let transition = self.step_first(stage, id, &mut live, Event::Start, before);
        self.record(stage, id, &mut live, transition, true);
        let status = live.execution.head.status;
        self.put_back(stage, id, live);
        status
    }

    /// Applies an event to a running execution inside a stage.
    pub(crate) fn apply(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        event: Event,
    ) -> Result<Outcome, Trouble> {
        let Some(mut live) = self.take_live(stage, id)? else { return Ok(Outcome::NotRunning) };
        if live.execution.head.status != Status::Running {
            return Ok(Outcome::NotRunning);
        }
        let Some(deleting) = self.is_deleting(&live) else {
            let key = live.machine_key();
            self.put_back(stage, id, live);
            return Err(Trouble::NeedsMachine(key));
        };
        let event = if deleting && moves_on(&event) { Event::MachineDeleted } else { event };
        let submitted = match &event {
            Event::TaskSubmitted { frame, attempt, output } => {
                let place = Place { id, frame: *frame, attempt: *attempt };
                Some((place, watch::job_of(&live.execution, place, output)))
            }
            _ => None,
        };
        let transition = self.step_impatiently(stage, id, &mut live, event)?;
        if let Some((place, job)) = submitted {
            self.record_submitted(stage, place, job);
        }
        self.record(stage, id, &mut live, transition, false);
        self.put_back(stage, id, live);
        Ok(Outcome::Applied)
    }

    /// Executions of a machine that is being deleted fail at their next transition (SFN-SEM-74).
    fn is_deleting(&self, live: &Live) -> Option<bool> {
        match self.machines.cached(&live.machine_key()) {
            Cached::Here(machine) => {
                Some(machine.incarnation != live.start.incarnation || machine.deleting)
            }
            Cached::Gone => Some(true),
            Cached::Unknown => None,
        }
    }

    /// The transition, unless it takes long; then it is to be taken beside the partition before the
    /// next try.
    fn step_impatiently(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &mut Live,
        event: Event,
    ) -> Result<Transition, Trouble> {
        let mut mind = self.take_mind(stage, id).unwrap_or_else(|| Mind::new(self.host.moment()));
        if let Some(transition) = mind.recall(live, &event) {
            return Ok(transition);
        }
        let thinking = self.thinking(Patience::Little, mind);
        let transition = self.step(stage, id, live, event.clone(), &thinking);
        if !thinking.gave_up() {
            return Ok(transition);
        }
        // What the step made of the execution is dropped; its rows are as they were.
        let live = self.read_live(stage, id)?;
        let live = live.ok_or_else(|| Unreadable::new("a running execution has no rows"))?;
        let mind = thinking.into_mind();
        Err(Trouble::TakesLong(Box::new(Thought { id, live, event, mind })))
    }

    /// The transition alone; it is not recorded, and must not be if `thinking` gave up.
    fn step(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &mut Live,
        event: Event,
        thinking: &Thinking,
    ) -> Transition {
        self.step_within(stage, id, live, event, (thinking, &self.limits))
    }

    /// A step whose event cannot come again. If it takes long, nothing of it is kept and the
    /// execution, as it was `before`, only begins; the rest is an event of its own.
    fn step_first(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &mut Live,
        event: Event,
        before: impl FnOnce() -> Execution,
    ) -> Transition {
        let thinking = self.thinking(Patience::Little, Mind::new(self.host.moment()));
        let transition = self.step(stage, id, live, event.clone(), &thinking);
        if !thinking.gave_up() {
            return transition;
        }
        live.execution = before();
        self.step_only(stage, id, live, event)
    }

    /// The same without entering a state: what follows waits for [`Event::Continue`].
    fn step_only(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &mut Live,
        event: Event,
    ) -> Transition {
        let limits = Limits { transitions_per_step_max: 0, ..self.limits.clone() };
        let thinking = self.thinking(Patience::All, Mind::new(self.host.moment()));
        self.step_within(stage, id, live, event, (&thinking, &limits))
    }

    fn step_within(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &mut Live,
        event: Event,
        (thinking, limits): (&Thinking, &Limits),
    ) -> Transition {
        let stage = RefCell::new(stage);
        let surroundings =
            Around { service: self, start: &live.start, id, stage: Some(&stage), thinking };
        let environment = Environment {
            definition: &live.compiled.definition,
            moment: surroundings.thinking.moment(),
            limits,
            surroundings: &surroundings,
        };
        workflow::step(&environment, &mut live.execution, event)
    }

    /// Applies an event and waits until it is durable.
    pub(crate) async fn dispatch(
        &self,
        id: ExecutionId,
        event: Event,
    ) -> Result<Outcome, DispatchError> {
        self.with_fetching(|| {
            let (service, event) = (self.clone(), event.clone());
            async move {
                let partition = service.partition_of(id);
                let store = service.store.clone();
                store.commit(partition, move |stage| service.apply(stage, id, event)).await
            }
        })
        .await
    }

    /// Applies an event without waiting: its effects wait for the commit by themselves. Tried
    /// again while the store is unavailable, since nobody else would.
    pub(crate) fn dispatch_soon(&self, id: ExecutionId, event: Event) {
        self.dispatch_soon_with(id, event, None);
    }

    /// The same; `first` is held during the first try.
    fn dispatch_soon_with(
        &self,
        id: ExecutionId,
        event: Event,
        mut first: Option<OwnedSemaphorePermit>,
    ) {
        let service = self.clone();
        self.runtime.spawn(async move {
            for pause_ms in [10_u64, 100, 1_000, 5_000, 15_000, 60_000] {
                match service.dispatch(id, event.clone()).await {
                    Ok(_) => return,
                    Err(DispatchError::Unreadable(error)) => {
                        tracing::error!(execution = id, %error, "execution parked");
                        return;
                    }
                    Err(DispatchError::Unavailable(error)) => {
                        first = None;
                        tracing::warn!(execution = id, %error, "event waits for the store");
                        tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
                    }
                }
            }
            drop(first);
            tracing::error!(execution = id, "event dropped: the store stays unavailable");
        });
    }

    /// Runs `attempt`, fetching what it asks for between tries.
    pub(crate) async fn with_fetching<T, F>(
        &self,
        attempt: impl Fn() -> F,
    ) -> Result<T, DispatchError>
    where
        F: Future<Output = Result<Result<T, Trouble>, Unavailable>>,
    {
        loop {
            match attempt().await.map_err(DispatchError::Unavailable)? {
                Ok(done) => return Ok(done),
                Err(Trouble::Unreadable(unreadable)) => return Err(unreadable.into()),
                Err(Trouble::TakesLong(thought)) => {
                    self.think(*thought).await.map_err(DispatchError::Unavailable)?;
                }
                Err(Trouble::NeedsDefinition(digest)) => {
                    self.definitions.find(&self.store, &digest)?;
                }
                Err(Trouble::NeedsMachine(key)) => {
                    self.machines.find(&self.store, &key)?;
                }
            }
        }
    }
}

/// Whether an event may lead to a transition; a heartbeat and a lease only tell.
fn moves_on(event: &Event) -> bool {
    !matches!(event, Event::Heartbeat { .. } | Event::ActivityStarted { .. } | Event::Stop { .. })
}

/// What the interpreter may ask: looked up in memory.
struct Around<'a, 's, 't> {
    service: &'a Service,
    start: &'a Arc<StartRecord>,
    id: ExecutionId,
    /// Where numbers for map runs come from; none beside the partition, where none is kept.
    stage: Option<&'a RefCell<&'s mut Stage<'t>>>,
    thinking: &'a Thinking,
}

impl Surroundings for Around<'_, '_, '_> {
    fn activity_exists(&self, arn: &str) -> bool {
        // Another account's or region's activity does not exist here (SFN-ARN-6).
        let home = Home::new(&self.start.region, &self.start.account);
        arn.starts_with(&home.prefix("states")) && self.service.activities.exists(arn)
    }

    fn task_token(&self, frame: FrameId, attempt: u32) -> String {
        let place = Place { id: self.id, frame, attempt };
        self.service.tokens.mint((&self.start.account, &self.start.region), place, None)
    }

    fn evaluate(&self, question: &Question<'_, '_>) -> Result<Value, EvaluationError> {
        self.thinking.evaluate(question)
    }

    fn may_go_on(&self) -> bool {
        self.thinking.may_go_on()
    }

    fn is_tired(&self) -> bool {
        self.thinking.is_tired()
    }

    fn map_run_id(&self, _: FrameId, _: u32) -> String {
        let Some(stage) = self.stage else { return String::new() };
        let (slot, now_ms) = (records::slot_of(self.id), self.service.host.now_ms());
        let run = stage.borrow_mut().next_id(slot, now_ms);
        name_of_id(run, self.service.host.entropy())
    }
}
