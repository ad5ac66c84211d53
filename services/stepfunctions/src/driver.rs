//! Feeds events to the interpreter and records what comes of it: one stage a transition, effects
//! only after the commit. Starting, restarting and running all day are the same path.

pub(crate) mod clocks;
mod close;
mod live;
mod record;
mod recover;
mod redrive;
mod retention;
mod timers;
mod watch;

use std::cell::RefCell;
use std::sync::Arc;

use resource::arn::Home;
use store::Stage;
use store::engine::PartitionId;
use store::error::Unavailable;
use workflow::event::Event;
use workflow::execution::{Execution, FrameId, Status};
use workflow::{Environment, Surroundings, Transition};

pub(crate) use close::{Before, is_long};
pub(crate) use live::Live;
pub(crate) use record::after_commit;
pub(crate) use redrive::{By, Redriven, redrive_status};
pub(crate) use timers::TimerKey;

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
        self.advance(stage, id, &mut live, Event::Start, true);
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
        self.advance(stage, id, &mut live, event, false);
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

    fn advance(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &mut Live,
        event: Event,
        fresh: bool,
    ) {
        let submitted = match &event {
            Event::TaskSubmitted { frame, attempt, output } => {
                let place = Place { id, frame: *frame, attempt: *attempt };
                Some((place, watch::job_of(&live.execution, place, output)))
            }
            _ => None,
        };
        let transition = self.step(stage, id, live, event);
        if let Some((place, job)) = submitted {
            self.record_submitted(stage, place, job);
        }
        self.record(stage, id, live, transition, fresh);
    }

    /// The transition alone; it is not recorded.
    fn step(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        live: &mut Live,
        event: Event,
    ) -> Transition {
        let stage = RefCell::new(stage);
        let surroundings = Around { service: self, start: &live.start, id, stage: &stage };
        let environment = Environment {
            definition: &live.compiled.definition,
            moment: self.host.moment(),
            limits: &self.limits,
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
                        tracing::warn!(execution = id, %error, "event waits for the store");
                        tokio::time::sleep(std::time::Duration::from_millis(pause_ms)).await;
                    }
                }
            }
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
    /// Where numbers for map runs come from.
    stage: &'a RefCell<&'s mut Stage<'t>>,
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

    fn map_run_id(&self, _: FrameId, _: u32) -> String {
        let (slot, now_ms) = (records::slot_of(self.id), self.service.host.now_ms());
        let run = self.stage.borrow_mut().next_id(slot, now_ms);
        name_of_id(run, self.service.host.entropy())
    }
}
