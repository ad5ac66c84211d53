//! What happens to an execution: answers, timers and interruptions in the order of a script, then,
//! when that is over, whatever leads to the end soonest.

use moment::Moment;
use serde_json::Value;
use workflow::effect::TimerKind;
use workflow::event::Event;
use workflow::execution::{FrameId, MapItem, OpenTask, TaskKind, Waiting};
use workflow::map_run::Source;
use workflow::payload::Payload;

use super::world::World;
use crate::input::Choices;

/// Events that an execution may take until it has ended: some times what a history may hold, since
/// few events write none.
const EVENTS_MAX: usize = 4_000;
/// Redrives of one execution.
const REDRIVES_MAX: usize = 2;
/// Items of a map run whose inputs are worked out.
const ITEMS_MAX: usize = 3;

const ERRORS: [&str; 8] = [
    "Error",
    "Lambda.TooManyRequestsException",
    "States.TaskFailed",
    "States.Timeout",
    "States.DataLimitExceeded",
    "States.Runtime",
    "",
    "Custom.Error",
];

pub(super) struct Play<'a, 'd> {
    pub(super) world: World<'d>,
    pub(super) choices: Choices<'a>,
    pub(super) results: &'a [Value],
}

impl<'d> Play<'_, 'd> {
    /// Plays until the execution has ended and is not redriven any more.
    pub(super) fn until_end(mut self) -> World<'d> {
        self.world.feed(Event::Start);
        self.drive();
        for _ in 0..REDRIVES_MAX {
            if !self.choices.one_in(2) || !self.world.is_resumable() {
                break;
            }
            self.world.feed(Event::Redrive);
            self.drive();
        }
        self.world.check_stored();
        self.world
    }

    fn drive(&mut self) {
        let mut events = 0;
        while self.world.is_running() {
            assert!(events < EVENTS_MAX, "no end in sight: {:?}", self.world.execution.head);
            events += 1;
            let event = self.next_event();
            self.world.feed(event);
        }
    }

    fn next_event(&mut self) -> Event {
        let waiting = self.world.execution.waiting();
        if waiting.iter().any(|reason| matches!(reason, Waiting::Ready { .. })) {
            return Event::Continue;
        }
        if let Some(event) = self.interruption() {
            return event;
        }
        let own =
            |reason: &Waiting| matches!(reason, Waiting::Timer { kind: TimerKind::Execution, .. });
        let (own, others): (Vec<Waiting>, Vec<Waiting>) = waiting.into_iter().partition(own);
        // The year's end comes when nothing else can; and when a script has it so.
        let offered = if others.is_empty() || self.choices.one_in(64) { own } else { others };
        let chosen = self.choices.below(offered.len());
        match offered.into_iter().nth(chosen) {
            Some(Waiting::Timer { frame, kind, due_ms }) => {
                self.world.now_ms = self.world.now_ms.max(due_ms);
                Event::Timer { frame, kind }
            }
            Some(Waiting::Task { frame, task }) => self.answer(frame, &task),
            Some(Waiting::MapRun { frame, attempt }) => self.map_run_ends(frame, attempt),
            Some(Waiting::Ready { .. }) | None => Event::Continue,
        }
    }

    /// Something that nobody waits for, now and then.
    fn interruption(&mut self) -> Option<Event> {
        if self.choices.are_over() || !self.choices.one_in(16) {
            return None;
        }
        let (frame, attempt) = (self.choices.below(6) as FrameId, self.choices.below(4) as u32);
        let kinds = [TimerKind::Wait, TimerKind::Retry, TimerKind::Timeout, TimerKind::Heartbeat];
        Some(match self.choices.below(12) {
            0 => Event::Stop { error: self.error(), cause: None },
            1 => Event::MachineDeleted,
            2 => Event::Timer { frame, kind: self.choices.of(&kinds)? },
            3 => Event::Redrive,
            4 => Event::Start,
            5 => Event::TaskSucceeded { frame, attempt, output: self.result() },
            6 => Event::MapRunSucceeded { frame, attempt, output: Some(self.result()) },
            7 => Event::ActivityStarted { frame, attempt, worker_name: None },
            8 => Event::CallbackFailed { frame, attempt, error: self.error(), cause: None },
            9 => Event::TaskSubmitted { frame, attempt, output: self.result() },
            10 => {
                self.world.now_ms += 1_000 * self.choices.byte() as i64;
                Event::Continue
            }
            _ => Event::Heartbeat { frame, attempt },
        })
    }

    fn answer(&mut self, frame: FrameId, task: &OpenTask) -> Event {
        let attempt = task.attempt;
        let calls = matches!(task.kind, TaskKind::Call { .. });
        // Its callback is held until the call is answered.
        if task.settled() && self.choices.below(4) < 3 {
            return Event::TaskSubmitted { frame, attempt, output: self.result() };
        }
        // It takes answers from the worker that has it.
        if !calls && !task.started && self.choices.below(4) < 3 {
            return Event::ActivityStarted { frame, attempt, worker_name: Some("w".to_owned()) };
        }
        match self.choices.below(10) {
            0..=3 => Event::TaskSucceeded { frame, attempt, output: self.result() },
            4 | 5 => {
                let (error, cause) = (self.error(), self.error());
                Event::TaskFailed { frame, attempt, error, cause }
            }
            6 if calls => Event::TaskSubmitted { frame, attempt, output: self.result() },
            6 => Event::ActivityStarted { frame, attempt, worker_name: Some("w".to_owned()) },
            7 => Event::CallbackFailed { frame, attempt, error: self.error(), cause: None },
            8 => Event::Heartbeat { frame, attempt },
            _ => Event::OutcomeLost { frame, attempt },
        }
    }

    fn map_run_ends(&mut self, frame: FrameId, attempt: u32) -> Event {
        self.work_out_items(frame);
        match self.choices.below(4) {
            0 | 1 => Event::MapRunSucceeded { frame, attempt, output: Some(self.result()) },
            2 => Event::MapRunSucceeded { frame, attempt, output: None },
            _ => {
                let (error, cause) = (self.error(), None);
                Event::MapRunFailed { frame, attempt, error, cause }
            }
        }
    }

    /// The inputs of the run's first items.
    fn work_out_items(&mut self, frame: FrameId) {
        let Some(run) = self.world.map_runs.get(&frame) else { return };
        let items = match &run.source {
            Source::Items(items) => items.value().as_array().cloned().unwrap_or_default(),
            Source::Reader(_) => self.results.to_vec(),
        };
        let moment = Moment { now_ms: self.world.now_ms, seed: 1 };
        let items = items.into_iter().take(ITEMS_MAX).enumerate();
        let inputs: Vec<_> = items
            .map(|(place, value)| {
                let value = Payload::from_value(value);
                let item = MapItem { index: place as u64, value, key: None };
                let mut scope = workflow::map_run::Scope::new(&self.world.execution, frame);
                let limits = &self.world.limits;
                scope.item_input(self.world.definition, limits, moment, &item, "STATE_DATA")
            })
            .collect();
        for input in inputs.into_iter().flatten() {
            super::world::check_payload(&input);
        }
    }

    fn result(&mut self) -> Payload {
        let chosen = self.choices.below(self.results.len());
        let result = self.results.get(chosen).cloned().unwrap_or_default();
        Payload::from_value(result)
    }

    fn error(&mut self) -> Option<String> {
        if self.choices.one_in(8) {
            return None;
        }
        self.choices.of(&ERRORS).map(str::to_owned)
    }
}
