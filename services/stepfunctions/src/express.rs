//! Express executions: in memory, on the same interpreter. A synchronous one leaves no trace; an
//! asynchronous one leaves one row while it runs, and begins anew after a crash (SFN-SEM-6).

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jsonata::EvaluationError;
use moment::EpochMs;
use rehearsal::mocks::{Task, Used};
use serde_json::Value;
use store::engine::{Family, Order};
use store::error::Unavailable;
use store::probe;
use tokio::sync::mpsc;
use workflow::effect::{Call, Effect, TimerKind};
use workflow::event::Event;
use workflow::execution::{Execution, FrameId, Head, Status};
use workflow::history::{Details, Failure, HistoryEvent};
use workflow::{Environment, Question, Surroundings};

use crate::definitions::Compiled;
use crate::notices::Notice;
use crate::records::{self, ExecutionId, Row, StartRecord, Unreadable};
use crate::service::Service;

/// Longest Express execution (SFN-SEM-1).
pub(crate) const DURATION_MS_MAX: EpochMs = 300_000;
/// Answers of calls waiting for the interpreter.
const ANSWERS_MAX: usize = 1_024;
/// Interrupted executions begun anew at a start.
const RECOVERED_MAX: usize = 1_000_000;

/// Whether somebody waits for the execution.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    Synchronous,
    Asynchronous,
}

/// An Express execution on its way.
struct Express<'a> {
    manner: Manner,
    service: &'a Service,
    start: &'a Arc<StartRecord>,
    compiled: &'a Compiled,
    execution: Execution,
    timers: BTreeMap<(FrameId, TimerKind), EpochMs>,
    /// Where the answers of calls arrive; there from the first call on.
    answers: Option<(mpsc::Sender<Event>, mpsc::Receiver<Event>)>,
    /// Of the answers of a test case.
    used: Used,
    /// Whether a large payload was told of.
    told: bool,
}

impl Service {
    /// Runs an Express execution to its end.
    pub(crate) async fn run_express(
        &self,
        start: Arc<StartRecord>,
        compiled: &Compiled,
        manner: Manner,
    ) -> Head {
        let deadline_ms = start.about.start_ms + DURATION_MS_MAX;
        let mut execution = Execution::new(start.about.clone());
        execution.head.redrive_count = start.restarts();
        let mut express = Express {
            manner,
            service: self,
            told: false,
            start: &start,
            compiled,
            execution,
            timers: BTreeMap::new(),
            answers: None,
            used: Used::default(),
        };
        express.step(Event::Start);
        while express.execution.head.status == Status::Running {
            let now_ms = self.host.now_ms();
            if now_ms >= deadline_ms {
                express.time_out(deadline_ms);
                break;
            }
            let next_ms = express.timers.values().copied().min().unwrap_or(deadline_ms);
            let wait_ms = next_ms.min(deadline_ms).saturating_sub(now_ms);
            let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
            let answered = tokio::select! {
                biased;
                event = express.answer() => Some(event),
                () = tokio::time::sleep(wait) => None,
            };
            match answered {
                Some(event) => express.step(event),
                None => express.fire(),
            }
        }
        express.execution.head
    }

    /// Begins an asynchronous execution, whose row is committed.
    pub(crate) fn express_soon(
        &self,
        id: ExecutionId,
        start: Arc<StartRecord>,
        compiled: Compiled,
    ) {
        let service = self.clone();
        self.runtime.spawn(async move {
            service.run_express(start, &compiled, Manner::Asynchronous).await;
            let partition = service.partition_of(id);
            let family: Family = records::EXPRESS.into();
            if probe::mutant("express-stays") {
                return;
            }
            let ended = service
                .store
                .stage(partition, |stage| stage.delete(&family, records::start_key(id)));
            if let Err(error) = ended {
                tracing::warn!(%error, "an Express execution ended unrecorded; it may run again");
            }
        });
    }

    /// Records an asynchronous execution and begins it; answered when the record is durable.
    pub(crate) async fn start_express(
        &self,
        slot: u16,
        to_start: impl FnOnce(ExecutionId) -> StartRecord + Send,
        compiled: Compiled,
    ) -> Result<Arc<StartRecord>, Unavailable> {
        let service = self.clone();
        let now_ms = self.host.now_ms();
        let family: Family = records::EXPRESS.into();
        self.store
            .commit(self.store.partition_of(slot), move |stage| {
                let id = stage.next_id(slot, now_ms);
                let start = Arc::new(to_start(id));
                let key = records::start_key(id);
                let row = records::to_row(Row::Start, &key, &*start);
                if !probe::mutant("express-unwritten") {
                    stage.put(&family, key, row);
                }
                let begun = start.clone();
                stage.on_settled(move |settled| {
                    if settled.is_ok() {
                        service.express_soon(id, begun, compiled);
                    }
                });
                start
            })
            .await
    }

    /// A mistake that a simulation asks for: the row makes a synchronous execution begin again.
    pub(crate) fn leave_row(&self, start: &StartRecord) {
        let (family, now_ms): (Family, _) = (records::EXPRESS.into(), self.host.now_ms());
        let left = self.store.stage(self.store.partition_of(0), |stage| {
            let key = records::start_key(stage.next_id(0, now_ms));
            let row = records::to_row(Row::Start, &key, start);
            stage.put(&family, key, row);
        });
        // It is there to do harm; without a store it does none.
        let _ = left;
    }

    /// Begins anew what a stop interrupted: at least once from its acknowledgement.
    pub(crate) fn recover_express(&self) -> Result<(), Unreadable> {
        let everything = Bytes::new()..Bytes::from_static(&[0xFF; 32]);
        let rows = self
            .store
            .scan_all(records::EXPRESS, everything, Order::Forward, RECOVERED_MAX)
            .map_err(Unreadable::new)?;
        for (key, row) in rows {
            let start: StartRecord = records::from_row(Row::Start, &key, &row)?;
            let id = records::start_of_key(&key)
                .ok_or_else(|| Unreadable::new("a start's key is no start's key"))?;
            let compiled = self.definitions.find(&self.store, &start.revision.definition)?;
            self.express_soon(id, Arc::new(start), compiled);
        }
        Ok(())
    }
}

impl Express<'_> {
    /// The next answer of a call; never, when there is no call.
    async fn answer(&mut self) -> Event {
        if let Some((_, arriving)) = &mut self.answers
            && let Some(event) = arriving.recv().await
        {
            return event;
        }
        std::future::pending().await
    }

    /// Where to send answers to.
    fn answers(&mut self) -> mpsc::Sender<Event> {
        let (sender, _) = self.answers.get_or_insert_with(|| mpsc::channel(ANSWERS_MAX));
        sender.clone()
    }

    fn step(&mut self, event: Event) {
        let mut event = event;
        loop {
            let surroundings = Alone { service: self.service, manner: self.manner };
            let environment = Environment {
                definition: &self.compiled.definition,
                moment: self.service.host.moment(),
                limits: &self.service.limits,
                surroundings: &surroundings,
            };
            let transition = workflow::step(&environment, &mut self.execution, event);
            self.log(&transition.history);
            if let Some(large) = transition.large.filter(|_| !self.told) {
                self.told = true;
                self.service.tell(Notice::large(&self.start.about, large));
            }
            for effect in transition.effects {
                self.perform(effect);
            }
            if !transition.more {
                return;
            }
            event = Event::Continue;
        }
    }

    /// The log is the only history (SFN-LOG-11).
    fn log(&self, history: &[HistoryEvent]) {
        if let Some(batch) = self.service.log_batch(self.start, 0, history) {
            self.service.hand_over(batch);
        }
    }

    fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Call(call) => {
                let mocked = self.mocked(&call);
                let (service, start) = (self.service.clone(), self.start.clone());
                let answers = self.answers();
                self.service.runtime.spawn(async move {
                    let events = match mocked {
                        Some(events) => events,
                        None => vec![service.answer_event(0, &start, &call).await],
                    };
                    for event in events {
                        // When the execution is over nobody listens any more.
                        let _ = answers.send(event).await;
                    }
                });
            }
            Effect::SetTimer { frame, kind, due_ms } => {
                self.timers.insert((frame, kind), due_ms);
            }
            Effect::ClearTimer { frame, kind } => {
                self.timers.remove(&(frame, kind));
            }
            // Activities and distributed Maps are refused in Express machines; nothing else is kept
            // outside.
            Effect::MapRun(_)
            | Effect::RedriveMapRun { .. }
            | Effect::Offer { .. }
            | Effect::Close { .. }
            | Effect::Finished => {}
        }
    }

    fn mocked(&mut self, call: &Call) -> Option<Vec<Event>> {
        let task = Task {
            frame: call.frame,
            attempt: call.attempt,
            resource: &call.resource,
            parameters: &call.parameters,
            token: call.token.is_some(),
        };
        self.service.mocked.events(&mut self.used, self.start, &self.execution, &task)
    }

    fn fire(&mut self) {
        let now_ms = self.service.host.now_ms();
        let mut due: Vec<_> = self
            .timers
            .iter()
            .filter(|(_, due)| **due <= now_ms)
            .map(|(key, due)| (*due, *key))
            .collect();
        due.sort_unstable();
        for (_, (frame, kind)) in due {
            self.timers.remove(&(frame, kind));
            self.step(Event::Timer { frame, kind });
        }
    }

    /// The limit of the kind, whatever the definition says (SFN-SEM-4, SFN-HIST-14).
    fn time_out(&mut self, at_ms: EpochMs) {
        let head = &mut self.execution.head;
        head.status = Status::TimedOut;
        head.stop_ms = Some(at_ms);
        head.error = Some("States.Timeout".to_owned());
        let failure = Failure { error: head.error.clone(), cause: None };
        let ended = HistoryEvent {
            id: head.last_event_id + 1,
            previous_id: 0,
            timestamp_ms: at_ms,
            details: Details::ExecutionTimedOut(failure),
        };
        self.log(&[ended]);
    }
}

/// Express machines have neither activities nor tokens.
struct Alone<'a> {
    service: &'a Service,
    manner: Manner,
}

impl Surroundings for Alone<'_> {
    fn evaluate(&self, question: &Question<'_, '_>) -> Result<Value, EvaluationError> {
        self.service.evaluate_alone(question)
    }

    fn activity_exists(&self, _: &str) -> bool {
        false
    }

    fn task_token(&self, _: FrameId, _: u32) -> String {
        String::new()
    }

    fn tells_redrives(&self) -> bool {
        self.manner == Manner::Asynchronous
    }
}
