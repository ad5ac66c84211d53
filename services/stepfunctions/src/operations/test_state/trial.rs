//! The run of a test: an execution in memory that ends when the state is left, fails, or is about
//! to be retried.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use identity::Caller;
use moment::EpochMs;
use serde_json::Value;
use wire::fault::Fault;
use workflow::Environment;
use workflow::effect::{Call, Effect, TimerKind};
use workflow::event::Event;
use workflow::execution::{About, Doing, Execution, Frame, FrameId, Outcome, Status, Visit};
use workflow::history::{Details, Failure};
use workflow::payload::Payload;

use super::context::{self, Pretence};
use super::definition::{STATE_NAME, Tested, next_name};
use super::mock::Mock;
use super::probe::{Probe, Seen};
use super::request::Checked;
use crate::records::{Revision, StartRecord};
use crate::service::Service;

/// Longest test (SFN-TEST-1).
const DURATION_MS_MAX: EpochMs = 300_000;

/// Variables by name, in the order in which they came.
type Variables = serde_json::Map<String, Value>;

pub(super) struct Trial<'a> {
    service: &'a Service,
    start: StartRecord,
    tested: Tested,
    probe: Probe,
    execution: Execution,
    variables: Variables,
    pointed: Option<Payload>,
    /// Texts that parts of the data may be taken from.
    sources: Vec<Arc<str>>,
    /// Events that are due at once.
    due: Vec<Event>,
    call: Option<Call>,
    timers: BTreeMap<(FrameId, TimerKind), EpochMs>,
}

/// How a test ended, and all that was seen.
pub(super) struct Ended {
    pub(super) verdict: Verdict,
    pub(super) tested: Tested,
    pub(super) input: Payload,
    pub(super) seen: Seen,
    pub(super) variables: Variables,
    pub(super) pointed: Option<Payload>,
    /// Texts that parts of the data may be taken from.
    pub(super) sources: Vec<Arc<str>>,
}

pub(super) struct Verdict {
    pub(super) status: TestStatus,
    pub(super) output: Option<Payload>,
    pub(super) failure: Failure,
    pub(super) next_state: Option<String>,
}

/// SFN-TEST-8
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TestStatus {
    Succeeded,
    Failed,
    Retriable,
    CaughtError,
}

impl TestStatus {
    pub(super) fn text(self) -> &'static str {
        match self {
            TestStatus::Succeeded => "SUCCEEDED",
            TestStatus::Failed => "FAILED",
            TestStatus::Retriable => "RETRIABLE",
            TestStatus::CaughtError => "CAUGHT_ERROR",
        }
    }
}

impl<'a> Trial<'a> {
    pub(super) fn new(
        service: &'a Service,
        caller: &Caller,
        checked: &Checked,
        tested: Tested,
        mock: Option<Mock>,
    ) -> Result<Trial<'a>, Fault> {
        let start = pretend(service, caller, checked);
        let retries = checked.configuration.retrier_retry_count.unwrap_or(0);
        let retries = u64::try_from(retries).unwrap_or(0);
        let token = service.host.uuid();
        let context = match &checked.context {
            Some(context) => {
                context::check_task(context, &tested)?;
                context.clone()
            }
            None => {
                let about = &start.about;
                let pretence = Pretence {
                    execution_arn: &about.execution_arn,
                    execution_name: &about.name,
                    machine_arn: &about.state_machine_arn,
                    machine_name: &about.state_machine_name,
                    role_arn: checked.role_arn.as_deref(),
                    input: about.input.value(),
                    now_ms: about.start_ms,
                    retry_count: retries,
                    token: token.clone(),
                };
                context::default(&pretence, &tested)
            }
        };
        let (stand_in, pointed) = match mock {
            Some(mock) => (Some(mock.stand_in), mock.pointed),
            None => (None, None),
        };
        let execution = before(&start, &tested, retries, &checked.variables);
        let variables = checked.variables.iter();
        let variables = variables.map(|(name, value)| (name.clone(), value.value().clone()));
        Ok(Trial {
            service,
            variables: variables.collect(),
            probe: Probe::new(service.clone(), context, token, stand_in),
            start,
            tested,
            execution,
            pointed,
            sources: checked.sources(),
            due: vec![Event::Continue],
            call: None,
            timers: BTreeMap::new(),
        })
    }

    pub(super) async fn run(mut self) -> Ended {
        let deadline_ms = self.start.about.start_ms + DURATION_MS_MAX;
        loop {
            for event in std::mem::take(&mut self.due) {
                self.step(event);
            }
            if let Some(verdict) = self.verdict() {
                return self.end(verdict);
            }
            if self.due.is_empty() {
                match self.next_event(deadline_ms).await {
                    Some(event) => self.due.push(event),
                    None => return self.end(timed_out()),
                }
            }
        }
    }

    /// The answer of the call, or a timer that is due before; `None` when the test's time is over.
    async fn next_event(&mut self, deadline_ms: EpochMs) -> Option<Event> {
        let first = self.timers.iter().min_by_key(|(_, due_ms)| **due_ms);
        let first = first.map(|(key, due_ms)| (*key, *due_ms));
        let until_ms = first.map_or(deadline_ms, |(_, due_ms)| due_ms.min(deadline_ms));
        let wait_ms = until_ms.saturating_sub(self.service.host.now_ms());
        let wait = Duration::from_millis(u64::try_from(wait_ms).unwrap_or(0));
        match self.call.take() {
            Some(call) => tokio::select! {
                event = self.service.answer_event(0, &self.start, &call) => return Some(event),
                () = tokio::time::sleep(wait) => {}
            },
            None => tokio::time::sleep(wait).await,
        }
        let ((frame, kind), due_ms) = first?;
        if due_ms > deadline_ms {
            return None;
        }
        self.timers.remove(&(frame, kind));
        Some(Event::Timer { frame, kind })
    }

    fn step(&mut self, event: Event) {
        if self.is_left() {
            return;
        }
        let environment = Environment {
            definition: &self.tested.definition,
            moment: self.service.host.moment(),
            limits: &self.service.limits,
            surroundings: &self.probe,
        };
        let transition = workflow::step(&environment, &mut self.execution, event);
        for event in transition.history {
            if let Details::StateExited { assigned_variables, .. } = event.details {
                for (name, value) in assigned_variables {
                    self.variables.insert(name, value.value().clone());
                }
            }
        }
        for effect in transition.effects {
            self.perform(effect);
        }
        if transition.more {
            self.due.push(Event::Continue);
        }
    }

    fn perform(&mut self, effect: Effect) {
        let mock = self.probe.stand_in.as_ref().map(|mock| mock.outcome.clone());
        match (effect, mock) {
            (Effect::Call(call), None) => self.call = Some(call),
            (Effect::Call(Call { frame, attempt, token, .. }), Some(outcome)) => {
                if token.is_some() && matches!(outcome, Outcome::Succeeded(_)) {
                    let output = Payload::empty_object();
                    self.due.push(Event::TaskSubmitted { frame, attempt, output });
                }
                self.due.push(answer(frame, attempt, outcome));
            }
            (Effect::Offer { frame, attempt, .. }, Some(outcome)) => {
                self.due.push(Event::ActivityStarted { frame, attempt, worker_name: None });
                self.due.push(answer(frame, attempt, outcome));
            }
            (Effect::SetTimer { frame, kind, due_ms }, _) => {
                self.timers.insert((frame, kind), due_ms);
            }
            (Effect::ClearTimer { frame, kind }, _) => {
                self.timers.remove(&(frame, kind));
            }
            // An activity and a Map are tested with a mock only, and no map run begins then; a call
            // that is closed is dropped.
            (
                Effect::MapRun(_)
                | Effect::RedriveMapRun { .. }
                | Effect::Offer { .. }
                | Effect::Close { .. }
                | Effect::Finished,
                _,
            ) => {}
        }
    }

    fn visit(&self) -> Option<&Visit> {
        self.execution.frames.get(&0).map(|frame| &frame.visit)
    }

    /// Whether the state is behind the execution, or about to be retried.
    fn is_left(&self) -> bool {
        let running = self.execution.head.status == Status::Running;
        !running
            || self.visit().is_none_or(|visit| {
                *visit.state != *STATE_NAME || matches!(visit.doing, Doing::Retry { .. })
            })
    }

    /// What came of the state, once something did.
    fn verdict(&self) -> Option<Verdict> {
        if !self.is_left() {
            return None;
        }
        let head = &self.execution.head;
        let nothing = Failure::default();
        Some(match (head.status, self.visit()) {
            (Status::Succeeded, _) => Verdict {
                status: TestStatus::Succeeded,
                output: head.output.clone(),
                failure: nothing,
                next_state: None,
            },
            (Status::Running, Some(visit)) if *visit.state != *STATE_NAME => Verdict {
                status: TestStatus::Succeeded,
                output: Some(visit.input.clone()),
                failure: nothing,
                next_state: Some(next_name(&visit.state).to_owned()),
            },
            (Status::Running, _) => Verdict {
                status: TestStatus::Retriable,
                output: None,
                failure: nothing,
                next_state: None,
            },
            _ => Verdict {
                status: TestStatus::Failed,
                output: None,
                failure: Failure { error: head.error.clone(), cause: head.cause.clone() },
                next_state: None,
            },
        })
    }

    fn end(self, mut verdict: Verdict) -> Ended {
        let seen = self.probe.into_seen();
        if seen.catcher.is_some() && verdict.status == TestStatus::Succeeded {
            verdict.status = TestStatus::CaughtError;
        }
        if matches!(verdict.status, TestStatus::CaughtError | TestStatus::Retriable) {
            verdict.failure = seen.failure.clone();
        }
        Ended {
            verdict,
            tested: self.tested,
            input: self.start.about.input.clone(),
            seen,
            variables: self.variables,
            pointed: self.pointed,
            sources: self.sources,
        }
    }
}

impl Ended {
    /// There cannot be more failed iterations than iterations (SFN-TEST-5).
    pub(super) fn check_iterations(&self, failed: Option<i32>) -> Result<(), Fault> {
        let all = self.seen.mapped.as_ref().and_then(|mapped| mapped.iterations);
        let failed = failed.and_then(|failed| u64::try_from(failed).ok());
        match (failed, all) {
            (Some(failed), Some(all)) if failed > all => Err(Fault::validation(
                "Map iteration failure count must be less than or equal to the number of Map \
                 iterations",
            )),
            _ => Ok(()),
        }
    }
}

fn answer(frame: FrameId, attempt: u32, outcome: Outcome) -> Event {
    match outcome {
        Outcome::Succeeded(output) => Event::TaskSucceeded { frame, attempt, output },
        Outcome::Failed(Failure { error, cause }) => {
            Event::TaskFailed { frame, attempt, error, cause }
        }
    }
}

fn timed_out() -> Verdict {
    Verdict {
        status: TestStatus::Failed,
        output: None,
        failure: Failure { error: Some("States.Timeout".into()), cause: None },
        next_state: None,
    }
}

/// The start of an Express execution that is kept nowhere (SFN-TEST-7).
fn pretend(service: &Service, caller: &Caller, checked: &Checked) -> StartRecord {
    let (machine, name) = (service.host.uuid(), service.host.uuid());
    let arn = |rest: String| format!("arn:aws:states:{}:{}:{rest}", caller.region, caller.account);
    let now_ms = service.host.now_ms();
    let role_arn = checked.role_arn.clone().unwrap_or_default();
    let about = About {
        execution_arn: arn(format!("express:{machine}:{name}")),
        name,
        state_machine_arn: arn(format!("stateMachine:{machine}")),
        state_machine_name: machine,
        role_arn: role_arn.clone(),
        start_ms: now_ms,
        input: checked.input.clone(),
        state_machine_version_arn: None,
        state_machine_alias_arn: None,
    };
    let revision = Revision {
        id: None,
        definition: [0; 32],
        role_arn,
        logging: Value::Null,
        tracing: Value::Null,
        encryption: Value::Null,
        update_ms: now_ms,
        variable_references: BTreeMap::new(),
    };
    StartRecord {
        about: Arc::new(about),
        revision: Arc::new(revision),
        incarnation: 0,
        account: caller.account.to_string(),
        region: caller.region.to_string(),
        named: false,
        trace_header: None,
        child: None,
        mock_case: None,
    }
}

/// The execution as it is when it comes to the state.
fn before(
    start: &StartRecord,
    tested: &Tested,
    retries: u64,
    variables: &[(String, Payload)],
) -> Execution {
    let mut execution = Execution::new(start.about.clone());
    let visit = Visit {
        state: STATE_NAME.into(),
        input: start.about.input.clone(),
        entered_id: 0,
        entered_ms: 0,
        retries: vec![retries; tested.state().retry.len()],
        map_run: None,
        doing: Doing::Enter,
    };
    let frame = Frame {
        id: 0,
        parent: None,
        place: 0,
        item: None,
        last: 0,
        tail: 0,
        attempts: 0,
        variables: variables.iter().cloned().collect(),
        visit,
    };
    execution.frames.insert(0, frame);
    execution.head.next_frame = 1;
    execution.head.ready.push_back(0);
    execution
}
