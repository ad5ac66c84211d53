//! Runs a definition in memory, by hand or to its end, and tells its history as a chain.

use std::collections::BTreeSet;
use std::fmt::Write;

use asl::model::Definition;
use moment::Moment;
use workflow::effect::{Effect, TimerKind};
use workflow::event::Event;
use workflow::execution::{About, Doing, Execution, FrameId, MapItem, Status, Waiting};
use workflow::history::{HistoryEvent, event_to_json};
use workflow::map_run::{MapRun, Scope, Source, processor};
use workflow::payload::Payload;
use workflow::{Environment, Limits, Surroundings, Transition, step};

pub(crate) const START_MS: i64 = 1_704_067_200_000;

/// Every activity exists but those whose name ends in `gone`.
pub(crate) struct Everything;

impl Surroundings for Everything {
    fn activity_exists(&self, arn: &str) -> bool {
        !arn.ends_with("gone")
    }

    fn task_token(&self, frame: FrameId, attempt: u32) -> String {
        format!("token-{frame}-{attempt}")
    }
}

pub(crate) struct World {
    pub(crate) definition: Definition,
    pub(crate) execution: Execution,
    pub(crate) limits: Limits,
    pub(crate) now_ms: i64,
    pub(crate) seed: u64,
    pub(crate) history: Vec<HistoryEvent>,
    pub(crate) effects: Vec<Effect>,
}

pub(crate) fn definition(text: &str) -> Definition {
    let outcome = asl::parse(text, &asl::Options::default());
    outcome.definition.unwrap_or_else(|| panic!("{text}\n{:#?}", outcome.findings))
}

pub(crate) fn about(input: &str) -> About {
    About {
        execution_arn: "arn:aws:states:us-east-1:111111111111:execution:M:e".into(),
        name: "e".into(),
        state_machine_arn: "arn:aws:states:us-east-1:111111111111:stateMachine:M".into(),
        state_machine_name: "M".into(),
        role_arn: "arn:aws:iam::111111111111:role/r".into(),
        start_ms: START_MS,
        input: Payload::parse(input).unwrap(),
        state_machine_version_arn: None,
        state_machine_alias_arn: None,
    }
}

impl World {
    pub(crate) fn new(text: &str, input: &str) -> World {
        World {
            definition: definition(text),
            execution: Execution::new(about(input)),
            limits: Limits::default(),
            now_ms: START_MS,
            seed: 1,
            history: Vec::new(),
            effects: Vec::new(),
        }
    }

    /// A world in which the execution has begun.
    pub(crate) fn started(text: &str, input: &str) -> World {
        let mut world = World::new(text, input);
        world.feed(Event::Start);
        world
    }

    /// Feeds one event, and checks what must hold after every transition.
    pub(crate) fn feed(&mut self, event: Event) -> Transition {
        let before: BTreeSet<FrameId> = self.execution.frames.keys().copied().collect();
        let frames = self.execution.frames.clone();
        self.seed += 1;
        let environment = Environment {
            definition: &self.definition,
            moment: Moment { now_ms: self.now_ms, seed: self.seed },
            limits: &self.limits,
            surroundings: &Everything,
        };
        let transition = step(&environment, &mut self.execution, event);
        self.history.extend(transition.history.iter().cloned());
        self.effects.extend(transition.effects.iter().cloned());
        self.check(&transition, &before);
        for (id, frame) in &frames {
            let changed = self.execution.frames.get(id).is_some_and(|now| now != frame);
            assert!(!changed || transition.touched.contains(id), "frame {id} changed untold");
        }
        transition
    }

    fn check(&self, transition: &Transition, before: &BTreeSet<FrameId>) {
        for (place, event) in self.history.iter().enumerate() {
            assert_eq!(event.id, place as u64 + 1, "ids without gap");
            assert!(event.previous_id < event.id);
        }
        assert_eq!(self.execution.head.last_event_id, self.history.len() as u64);
        assert!(self.history.is_sorted_by_key(|event| event.timestamp_ms));
        let after: BTreeSet<FrameId> = self.execution.frames.keys().copied().collect();
        let gone: Vec<FrameId> = before.difference(&after).copied().collect();
        assert_eq!(transition.removed, gone);
        assert!(after.difference(before).all(|id| transition.touched.contains(id)));
        let waiting = self.execution.waiting();
        let begun = self.execution.head.last_event_id > 0;
        let running = self.execution.head.status == Status::Running && begun;
        // P5: a reason to wake other than the year's end.
        let wakes =
            |reason: &Waiting| !matches!(reason, Waiting::Timer { kind: TimerKind::Execution, .. });
        assert_eq!(running, waiting.iter().any(wakes), "{waiting:?} {:?}", self.execution);
        assert_eq!(transition.more, !self.execution.head.ready.is_empty());
        if !running && begun {
            self.check_kept();
        }
        self.check_effects();
    }

    /// A closed execution keeps frames if it can be redriven, and none of them waits.
    fn check_kept(&self) {
        let frames = &self.execution.frames;
        assert_eq!(!frames.is_empty(), self.execution.resumable(self.limits.history_events_max));
        for frame in frames.values() {
            let rests = match &frame.visit.doing {
                Doing::Enter => frame.visit.entered_id == 0,
                Doing::Resume => frame.visit.entered_id != 0,
                Doing::Children(children) => {
                    let own = frames.values().filter(|child| child.parent == Some(frame.id));
                    let own: Vec<_> = own.map(|child| (child.place, child.id)).collect();
                    let open = children.open.iter().map(|(&place, &id)| (place, id));
                    own.iter().copied().collect::<BTreeSet<_>>() == open.collect()
                }
                _ => false,
            };
            assert!(rests, "{frame:?}");
            assert!(frame.parent.is_none_or(|parent| frames.contains_key(&parent)), "{frame:?}");
        }
    }

    /// What the effects so far leave open is what the execution waits for.
    fn check_effects(&self) {
        let (mut timers, mut tasks) = (BTreeSet::new(), BTreeSet::new());
        for effect in &self.effects {
            match effect {
                Effect::SetTimer { frame, kind, due_ms } => {
                    timers.retain(|(set, of, _)| (set, of) != (frame, kind));
                    timers.insert((*frame, *kind, *due_ms));
                }
                Effect::ClearTimer { frame, kind } => {
                    let count = timers.len();
                    timers.retain(|(set, of, _)| (set, of) != (frame, kind));
                    assert_eq!(timers.len() + 1, count, "cleared what was not set: {effect:?}");
                }
                Effect::Call(call) => assert!(tasks.insert((call.frame, call.attempt))),
                Effect::Offer { frame, attempt, .. } => {
                    assert!(tasks.insert((*frame, *attempt)));
                }
                Effect::MapRun(map_run) => {
                    assert!(tasks.insert((map_run.frame, map_run.attempt)));
                }
                Effect::RedriveMapRun { frame, attempt, .. } => {
                    assert!(tasks.insert((*frame, *attempt)));
                }
                Effect::Close { frame, attempt } => {
                    assert!(tasks.remove(&(*frame, *attempt)), "closed twice: {effect:?}");
                }
                Effect::Finished => {}
            }
        }
        let (mut due, mut open) = (BTreeSet::new(), BTreeSet::new());
        for reason in self.execution.waiting() {
            match reason {
                Waiting::Timer { frame, kind, due_ms } => {
                    due.insert((frame, kind, due_ms));
                }
                Waiting::Task { frame, task } if task.prepared.is_none() => {
                    open.insert((frame, task.attempt));
                }
                Waiting::MapRun { frame, attempt } => {
                    open.insert((frame, attempt));
                }
                Waiting::Task { .. } | Waiting::Ready { .. } => {}
            }
        }
        assert_eq!(timers, due, "timers");
        assert_eq!(tasks, open, "tasks");
    }

    /// Fires the next timer, moving the clock; false when only the execution's own is left.
    pub(crate) fn fire_next(&mut self) -> bool {
        let next = self.execution.waiting().into_iter().filter_map(|reason| match reason {
            Waiting::Timer { frame, kind, due_ms } if kind != TimerKind::Execution => {
                Some((due_ms, frame, kind))
            }
            _ => None,
        });
        let Some((due_ms, frame, kind)) = next.min() else { return false };
        self.now_ms = self.now_ms.max(due_ms);
        self.feed(Event::Timer { frame, kind });
        true
    }

    /// Goes on as long as timers and budgets alone can carry it.
    pub(crate) fn drive(&mut self) {
        while self.execution.head.status == Status::Running {
            if !self.execution.head.ready.is_empty() {
                self.feed(Event::Continue);
            } else if !self.fire_next() && !self.run_map() {
                return;
            }
        }
    }

    /// The map run that is waited for, as the last effect of its kind asked for it.
    pub(crate) fn map_run(&self) -> Option<MapRun> {
        let waiting = self.execution.waiting();
        self.effects.iter().rev().find_map(|effect| match effect {
            Effect::MapRun(run) => {
                let (frame, attempt) = (run.frame, run.attempt);
                let awaited = waiting.contains(&Waiting::MapRun { frame, attempt });
                awaited.then(|| (**run).clone())
            }
            _ => None,
        })
    }

    /// Carries out a map run over items of the state input, a child world an item, and feeds its
    /// end; false when there is none.
    fn run_map(&mut self) -> bool {
        let Some(run) = self.map_run() else { return false };
        let (frame, attempt) = (run.frame, run.attempt);
        let Source::Items(items) = &run.source else { return false };
        let items: Vec<MapItem> = match items.value() {
            serde_json::Value::Array(items) => items
                .iter()
                .enumerate()
                .map(|(index, value)| MapItem {
                    index: index as u64,
                    value: Payload::from_value(value.clone()),
                    key: None,
                })
                .collect(),
            other => panic!("items {other}"),
        };
        let machine = processor(&self.definition, &run.path).unwrap().clone();
        let definition = Definition { machine, timeout_seconds: None, ..self.definition.clone() };
        let mut scope = Scope::new(&self.execution, frame);
        let mut outputs = Vec::new();
        for item in items {
            let moment = Moment { now_ms: self.now_ms, seed: 7 };
            let input = scope
                .item_input(&self.definition, &self.limits, moment, &item, "STATE_DATA")
                .unwrap();
            let mut child = World {
                definition: definition.clone(),
                execution: Execution::new(about(input.text())),
                limits: self.limits.clone(),
                now_ms: self.now_ms,
                seed: 3,
                history: Vec::new(),
                effects: Vec::new(),
            };
            child.feed(Event::Start);
            child.drive();
            outputs.extend(child.execution.head.output.clone());
        }
        self.feed(Event::MapRunSucceeded {
            frame,
            attempt,
            output: Some(Payload::array(&outputs)),
        });
        true
    }

    /// `id<prev Type {details}`, a line an event.
    pub(crate) fn chain(&self) -> String {
        let mut text = String::new();
        for event in &self.history {
            let mut told = event_to_json(event, true);
            let members = told.as_object_mut().unwrap();
            for known in ["id", "previousEventId", "type", "timestamp"] {
                members.remove(known);
            }
            let details = members.values_mut().next();
            let details = details.map(|details| {
                let details = details.as_object_mut().unwrap();
                details.retain(|name, _| !name.ends_with("Details") && name != "region");
                format!(" {}", serde_json::Value::Object(details.clone()))
            });
            let (id, previous) = (event.id, event.previous_id);
            let details = details.unwrap_or_default();
            writeln!(text, "{id}<{previous} {}{details}", event.type_name()).unwrap();
        }
        text
    }

    /// `id<prev Type`, joined by semicolons, as the specification writes worked chains.
    pub(crate) fn short(&self) -> String {
        let event = |event: &HistoryEvent| {
            format!("{}<{} {}", event.id, event.previous_id, event.type_name())
        };
        self.history.iter().map(event).collect::<Vec<_>>().join("; ")
    }
}

/// Starts and drives; for machines that need nobody.
pub(crate) fn run(text: &str, input: &str) -> World {
    let mut world = World::started(text, input);
    world.drive();
    world
}

/// Shorthands for the events of a task's life.
pub(crate) fn succeeded(frame: FrameId, attempt: u32, output: &str) -> Event {
    Event::TaskSucceeded { frame, attempt, output: Payload::parse(output).unwrap() }
}

pub(crate) fn failed(frame: FrameId, attempt: u32, error: &str) -> Event {
    let cause = Some("because".into());
    Event::TaskFailed { frame, attempt, error: Some(error.into()), cause }
}

pub(crate) fn submitted(frame: FrameId, attempt: u32) -> Event {
    Event::TaskSubmitted { frame, attempt, output: Payload::parse("{}").unwrap() }
}

pub(crate) fn leased(frame: FrameId, attempt: u32) -> Event {
    Event::ActivityStarted { frame, attempt, worker_name: Some("w".into()) }
}
