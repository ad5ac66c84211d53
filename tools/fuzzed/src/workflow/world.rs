//! An execution in memory, and what must be true after every one of its transitions.

use std::collections::{BTreeMap, BTreeSet};

use asl::model::Definition;
use moment::{EpochMs, Moment};
use serde_json::Value;
use workflow::effect::{Effect, TimerKind};
use workflow::event::Event;
use workflow::execution::{About, Execution, Frame, FrameId, Head, Status, Waiting};
use workflow::history::{Details, HistoryEvent, event_to_json};
use workflow::map_run::MapRun;
use workflow::payload::Payload;
use workflow::{Environment, Limits, Surroundings, Transition, step};

use crate::input::Choices;

const START_MS: EpochMs = 1_704_067_200_000;
/// Histories stay short, so that endless machines end soon.
const HISTORY_EVENTS_MAX: [u64; 4] = [250, 250, 25, 1_000];
const PAYLOAD_BYTES_MAX: [usize; 4] = [262_144, 262_144, 600, 4_000];
const TRANSITIONS_MAX: [usize; 4] = [1_000, 1, 2, 7];

pub(super) struct World<'d> {
    pub(super) definition: &'d Definition,
    pub(super) execution: Execution,
    pub(super) limits: Limits,
    pub(super) now_ms: EpochMs,
    /// The map run that a frame asked for last.
    pub(super) map_runs: BTreeMap<FrameId, MapRun>,
    seed: u64,
    history: Vec<HistoryEvent>,
    timers: BTreeMap<(FrameId, TimerKind), EpochMs>,
    tasks: BTreeSet<(FrameId, u32)>,
}

impl<'d> World<'d> {
    pub(super) fn new(
        definition: &'d Definition,
        input: &str,
        choices: &mut Choices<'_>,
    ) -> World<'d> {
        let limits = Limits {
            history_events_max: choices.of(&HISTORY_EVENTS_MAX).unwrap_or(250),
            payload_bytes_max: choices.of(&PAYLOAD_BYTES_MAX).unwrap_or(262_144),
            transitions_per_step_max: choices.of(&TRANSITIONS_MAX).unwrap_or(1_000),
            ..Limits::default()
        };
        World {
            definition,
            execution: Execution::new(about(input)),
            limits,
            now_ms: START_MS,
            map_runs: BTreeMap::new(),
            seed: u64::from(choices.byte()),
            history: Vec::new(),
            timers: BTreeMap::new(),
            tasks: BTreeSet::new(),
        }
    }

    pub(super) fn is_running(&self) -> bool {
        self.execution.head.status == Status::Running
    }

    pub(super) fn is_resumable(&self) -> bool {
        self.execution.resumable(self.limits.history_events_max)
    }

    /// Feeds one event and checks what came of it.
    pub(super) fn feed(&mut self, event: Event) {
        let before = self.execution.frames.clone();
        self.seed = self.seed.wrapping_add(1);
        let environment = Environment {
            definition: self.definition,
            moment: Moment { now_ms: self.now_ms, seed: self.seed },
            limits: &self.limits,
            surroundings: &Everything,
        };
        let transition = step(&environment, &mut self.execution, event);
        self.check_history(&transition);
        self.check_frames(&transition, &before);
        self.check_effects(&transition);
        self.check_waiting(&transition);
    }

    /// Ids without gaps, each event after the one that it follows from, times that never fall.
    fn check_history(&mut self, transition: &Transition) {
        for event in &transition.history {
            let last = self.history.last();
            assert_eq!(event.id, last.map_or(1, |last| last.id + 1), "ids without gaps");
            assert!(event.previous_id < event.id, "{event:?} follows from what is later");
            // SFN-HIST-12…14
            let first = event.id <= 2
                || matches!(
                    event.details,
                    Details::ExecutionAborted(_) | Details::ExecutionTimedOut(_)
                );
            assert!(event.previous_id > 0 || first, "{event:?} follows from nothing");
            let since = last.map_or(START_MS, |last| last.timestamp_ms);
            assert!(event.timestamp_ms >= since, "{event:?} is before its time");
            let told = event_to_json(event, true);
            assert!(told.get("type").is_some_and(Value::is_string), "{told}");
            check_details(&event.details);
            self.history.push(event.clone());
        }
        let head = &self.execution.head;
        assert_eq!(head.last_event_id, self.history.len() as u64);
        // The events that end an execution come on top.
        let room = self.limits.history_events_max + 1;
        assert!(head.last_event_id <= room, "{} events", head.last_event_id);
    }

    /// What changed is told, and nothing else is.
    fn check_frames(&self, transition: &Transition, before: &BTreeMap<FrameId, Frame>) {
        let after = &self.execution.frames;
        let gone = before.keys().filter(|id| !after.contains_key(id));
        assert!(gone.eq(&transition.removed), "removed: {:?}", transition.removed);
        for (id, frame) in after {
            let changed = before.get(id) != Some(frame);
            assert!(!changed || transition.touched.contains(id), "frame {id} changed untold");
            let parent = frame.parent.is_none_or(|parent| after.contains_key(&parent));
            assert!(parent, "{frame:?} lost its parent");
            assert!(frame.last <= self.execution.head.last_event_id);
        }
    }

    /// Nothing is cleared that was not set, closed that was not open, or opened twice.
    fn check_effects(&mut self, transition: &Transition) {
        for effect in &transition.effects {
            match effect {
                Effect::SetTimer { frame, kind, due_ms } => {
                    self.timers.insert((*frame, *kind), *due_ms);
                }
                Effect::ClearTimer { frame, kind } => {
                    let cleared = self.timers.remove(&(*frame, *kind));
                    assert!(cleared.is_some(), "cleared what was not set: {effect:?}");
                }
                Effect::Call(call) => {
                    check_payload(&call.parameters);
                    self.open(call.frame, call.attempt);
                }
                Effect::Offer { frame, attempt, input, .. } => {
                    check_payload(input);
                    self.open(*frame, *attempt);
                }
                Effect::MapRun(run) => {
                    self.open(run.frame, run.attempt);
                    self.map_runs.insert(run.frame, (**run).clone());
                }
                Effect::RedriveMapRun { frame, attempt, .. } => self.open(*frame, *attempt),
                Effect::Close { frame, attempt } => {
                    let closed = self.tasks.remove(&(*frame, *attempt));
                    assert!(closed, "closed what was not open: {effect:?}");
                }
                Effect::Finished => assert!(!self.is_running(), "finished and running"),
            }
        }
    }

    fn open(&mut self, frame: FrameId, attempt: u32) {
        assert!(self.tasks.insert((frame, attempt)), "opened twice: {frame} {attempt}");
    }

    /// What the effects left open is what the execution waits for, and it waits while it runs.
    fn check_waiting(&self, transition: &Transition) {
        let (mut timers, mut tasks) = (BTreeMap::new(), BTreeSet::new());
        let mut wakes = false;
        for reason in self.execution.waiting() {
            match reason {
                Waiting::Timer { frame, kind, due_ms } => {
                    wakes |= kind != TimerKind::Execution;
                    timers.insert((frame, kind), due_ms);
                }
                Waiting::Task { frame, task } => {
                    wakes = true;
                    if task.prepared.is_none() {
                        tasks.insert((frame, task.attempt));
                    }
                }
                Waiting::MapRun { frame, attempt } => {
                    wakes = true;
                    tasks.insert((frame, attempt));
                }
                Waiting::Ready { .. } => wakes = true,
            }
        }
        assert_eq!(self.timers, timers, "timers");
        assert_eq!(self.tasks, tasks, "tasks");
        assert_eq!(self.is_running(), wakes, "waits for nothing, or for something after its end");
        assert_eq!(transition.more, !self.execution.head.ready.is_empty());
    }

    /// Stored and read back, an execution is the same.
    pub(super) fn check_stored(&self) {
        let Execution { head, frames } = &self.execution;
        let stored = serde_json::to_string(head).expect("a head is JSON");
        let read: Head = serde_json::from_str(&stored).expect("a head is read back");
        assert_eq!(&read, head);
        let stored = serde_json::to_string(frames).expect("frames are JSON");
        let read: BTreeMap<FrameId, Frame> = serde_json::from_str(&stored).expect("read back");
        assert_eq!(&read, frames);
        if let Some(output) = &head.output {
            check_payload(output);
        }
    }

    /// Equal inputs give equal results.
    pub(super) fn assert_same(&self, other: &World<'_>) {
        assert_eq!(self.history, other.history, "not the same again");
        assert_eq!(self.execution, other.execution, "not the same again");
    }
}

fn check_details(details: &Details) {
    match details {
        Details::ExecutionStarted { input: payload, .. }
        | Details::ExecutionSucceeded { output: payload }
        | Details::StateEntered { input: payload, .. }
        | Details::LambdaFunctionScheduled { input: payload, .. }
        | Details::TaskScheduled { parameters: payload, .. }
        | Details::ActivityScheduled { input: payload, .. } => check_payload(payload),
        Details::StateExited { output, assigned_variables, .. } => {
            check_payload(output);
            for (_, value) in assigned_variables {
                check_payload(value);
            }
        }
        _ => {}
    }
}

/// A payload's text is JSON, and its value what the text says.
pub(super) fn check_payload(payload: &Payload) {
    let read: Result<Value, _> = serde_json::from_str(payload.text());
    match read {
        Ok(value) => assert_eq!(&value, payload.value(), "another value than its text"),
        Err(error) => assert_eq!(None, Some(error.to_string()), "{}", payload.text()),
    }
}

/// Every activity exists.
struct Everything;

impl Surroundings for Everything {
    fn activity_exists(&self, arn: &str) -> bool {
        !arn.ends_with("gone")
    }

    fn task_token(&self, frame: FrameId, attempt: u32) -> String {
        format!("token-{frame}-{attempt}")
    }
}

fn about(input: &str) -> About {
    About {
        execution_arn: "arn:aws:states:us-east-1:111111111111:execution:M:e".into(),
        name: "e".into(),
        state_machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:M".into(),
        state_machine_name: "M".into(),
        role_arn: "arn:aws:iam::111111111111:role/r".into(),
        start_ms: START_MS,
        input: Payload::from_valid_text(input),
        state_machine_version_arn: None,
        state_machine_alias_arn: None,
    }
}
