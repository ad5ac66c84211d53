//! Whether a history is one that the definition can have: the interpreter alone goes through it,
//! event by event, with what functions and workers say, and with lost outcomes where a crash was.
//! After every transition the execution goes through bytes, as its rows do.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use asl::model::{Definition, Resource};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use moment::Moment;
use serde_json::{Value, json};
use workflow::effect::Effect;
use workflow::event::Event;
use workflow::execution::{About, Execution, Frame, FrameId, Head, Status, TaskKind, Waiting};
use workflow::history::event_to_json;
use workflow::payload::Payload;
use workflow::{Environment, Limits, Surroundings, step};

use super::definition::input;
use super::functions::failure_text;
use super::plan::Case;
use super::script::{Part, is_early, say};
use crate::world::{HEAD, text};

/// Everything exists; tokens tell their place.
struct Plain;

impl Surroundings for Plain {
    fn activity_exists(&self, _: &str) -> bool {
        true
    }

    fn task_token(&self, frame: FrameId, attempt: u32) -> String {
        token_text(frame, attempt)
    }
}

fn token_text(frame: FrameId, attempt: u32) -> String {
    format!("token-{frame}-{attempt}")
}

static TOKENS: LazyLock<regex::Regex> =
    LazyLock::new(|| regex::Regex::new(r#"\\"k\\":\\"([A-Za-z0-9_-]{66})\\""#).unwrap());

/// Events in a form that can be compared: milliseconds, and tokens by their place.
pub(super) fn plain(events: &[Value]) -> Vec<Value> {
    let one = |event: &Value| {
        let whole = event.to_string();
        let named = TOKENS.replace_all(&whole, |found: &regex::Captures<'_>| {
            let token = URL_SAFE_NO_PAD.decode(&found[1]).unwrap();
            let number = |at: usize| u32::from_be_bytes(token[at..at + 4].try_into().unwrap());
            format!(r#"\"k\":\"{}\""#, token_text(number(17), number(21)))
        });
        let mut event: Value = serde_json::from_str(&named).unwrap();
        event["timestamp"] = ms(&event["timestamp"]).into();
        event
    };
    events.iter().map(one).collect()
}

fn ms(seconds: &Value) -> i64 {
    (seconds.as_f64().unwrap() * 1_000.0).round() as i64
}

/// What is asked of a task that is open.
struct Asked {
    payload: Value,
    kind: AskedOf,
    /// Events when it was asked.
    at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum AskedOf {
    Function,
    Invoke,
    Callback,
    Worker,
    Job,
}

pub(super) struct Replay<'a> {
    case: &'a Case,
    definition: &'a Definition,
    limits: &'a Limits,
    /// The history, in the form of [`plain`].
    events: &'a [Value],
    /// How long it was at each crash.
    crashes: &'a [usize],
    at: usize,
    pub(super) execution: Execution,
    asked: BTreeMap<(FrameId, u32), Asked>,
    /// Outcomes that were lost.
    pub(super) lost: usize,
}

impl<'a> Replay<'a> {
    pub(super) fn new(
        case: &'a Case,
        (definition, limits): (&'a Definition, &'a Limits),
        events: &'a [Value],
        crashes: &'a [usize],
    ) -> Replay<'a> {
        let about = About {
            execution_arn: super::play::arn(),
            name: "e".into(),
            state_machine_arn: format!("{HEAD}stateMachine:M"),
            state_machine_name: "M".into(),
            role_arn: "arn:aws:iam::000000000000:role/r".into(),
            start_ms: events[0]["timestamp"].as_i64().unwrap(),
            input: Payload::parse(input(case).to_string()).unwrap(),
            state_machine_version_arn: None,
            state_machine_alias_arn: None,
        };
        let execution = Execution::new(about);
        let asked = BTreeMap::new();
        Replay { case, definition, limits, events, crashes, at: 0, execution, asked, lost: 0 }
    }

    /// Goes through the whole history.
    pub(super) fn run(&mut self) -> Result<(), String> {
        while self.at < self.events.len() {
            let ways = self.ways();
            let mut tried = Vec::new();
            let taken = ways.iter().any(|way| match self.follow(way) {
                Ok(()) => true,
                Err(told) => {
                    tried.push(format!("{way:?}: {told}"));
                    false
                }
            });
            if !taken {
                let event = &self.events[self.at];
                return Err(format!("nothing leads to {event}\nafter\n{}", tried.join("\n")));
            }
        }
        Ok(())
    }

    fn now_ms(&self) -> i64 {
        self.events[self.at]["timestamp"].as_i64().unwrap()
    }

    /// What may happen next: each way is a few events, of which only the last leaves a trace.
    fn ways(&self) -> Vec<Vec<Event>> {
        let execution = &self.execution;
        if execution.head.last_event_id == 0 {
            return vec![vec![Event::Start]];
        }
        if execution.head.status != Status::Running {
            return vec![vec![Event::Redrive]];
        }
        let mut ways = Vec::new();
        let waiting = execution.waiting();
        // Timers fire in the order of their deadlines, missed ones too (SFN-SEM-101).
        let first_ms = waiting.iter().filter_map(|reason| match reason {
            Waiting::Timer { due_ms, .. } => Some(*due_ms),
            _ => None,
        });
        let first_ms = first_ms.min().unwrap_or(i64::MAX);
        for reason in waiting {
            match reason {
                Waiting::Ready { .. } => ways.push(vec![Event::Continue]),
                Waiting::Timer { frame, kind, due_ms } if due_ms <= self.now_ms().min(first_ms) => {
                    ways.push(vec![Event::Timer { frame, kind }]);
                }
                Waiting::Timer { .. } | Waiting::MapRun { .. } => {}
                Waiting::Task { frame, task } => self.ways_of(frame, &task, &mut ways),
            }
        }
        if self.case.stop.is_some() {
            let (error, cause) = (Some("Stopped".into()), Some("why".into()));
            ways.push(vec![Event::Stop { error, cause }]);
        }
        ways
    }

    fn ways_of(
        &self,
        frame: FrameId,
        task: &workflow::execution::OpenTask,
        ways: &mut Vec<Vec<Event>>,
    ) {
        let attempt = task.attempt;
        let Some(asked) = self.asked.get(&(frame, attempt)) else { return };
        let settled = self.settled(frame, attempt, asked);
        if matches!(task.kind, TaskKind::Activity { .. }) {
            let worker_name = Some("w".into());
            match task.started {
                true => ways.extend(settled.map(|event| vec![event])),
                false => ways.push(vec![Event::ActivityStarted { frame, attempt, worker_name }]),
            }
            return;
        }
        if task.submitted {
            ways.extend(settled.map(|event| vec![event]));
            return;
        }
        // A call that was open at a crash has no answer any more (SFN-SEM-104).
        let lost = self.crashes.iter().any(|crash| (asked.at..=self.at).contains(crash));
        let end = match lost {
            true => Some(Event::OutcomeLost { frame, attempt }),
            false => self.answered(frame, attempt, asked),
        };
        let Some(end) = end else { return };
        let callback = asked.kind == AskedOf::Callback;
        if callback && is_early(self.case.answers, &asked.payload) {
            ways.extend(settled.map(|event| vec![event, end.clone()]));
        }
        ways.push(vec![end]);
    }

    /// What the worker says, who holds the token.
    fn settled(&self, frame: FrameId, attempt: u32, asked: &Asked) -> Option<Event> {
        if asked.kind == AskedOf::Job {
            let event = &self.events[self.at];
            let output = event["taskSucceededEventDetails"]["output"].as_str()?;
            let output = Payload::parse(output.to_owned())?;
            let known = output.value()["Output"] == json!({ "n": 3, "s": "child" });
            return known.then_some(Event::TaskSucceeded { frame, attempt, output });
        }
        Some(match say(self.case.answers, &asked.payload, Part::Token).what? {
            Ok(value) => {
                let output = Payload::from_value(value);
                Event::TaskSucceeded { frame, attempt, output }
            }
            Err((error, cause)) => {
                let (error, cause) = (Some(error), Some(cause));
                Event::CallbackFailed { frame, attempt, error, cause }
            }
        })
    }

    /// What the function answers. Members around the answer are as the history has them.
    fn answered(&self, frame: FrameId, attempt: u32, asked: &Asked) -> Option<Event> {
        let event = &self.events[self.at];
        if matches!(asked.kind, AskedOf::Callback | AskedOf::Job) {
            let output = event["taskSubmittedEventDetails"]["output"].as_str()?;
            let output = Payload::parse(output.to_owned())?;
            return Some(Event::TaskSubmitted { frame, attempt, output });
        }
        Some(match say(self.case.answers, &asked.payload, Part::Call).what? {
            Err((error, message)) => {
                let cause = Some(failure_text(&error, &message));
                Event::TaskFailed { frame, attempt, error: Some(error), cause }
            }
            Ok(value) if asked.kind == AskedOf::Function => {
                let output = Payload::from_value(value);
                Event::TaskSucceeded { frame, attempt, output }
            }
            Ok(value) => {
                let output = event["taskSucceededEventDetails"]["output"].as_str()?;
                let output = Payload::parse(output.to_owned())?;
                let same = output.value()["Payload"] == value;
                same.then_some(Event::TaskSucceeded { frame, attempt, output })?
            }
        })
    }

    /// Takes a way if it leads to the next events of the history.
    fn follow(&mut self, way: &[Event]) -> Result<(), String> {
        let mut execution = self.execution.clone();
        let (mut told, mut effects) = (Vec::new(), Vec::new());
        for event in way {
            let environment = Environment {
                definition: self.definition,
                moment: Moment { now_ms: self.now_ms(), seed: 1 },
                limits: self.limits,
                surroundings: &Plain,
            };
            let transition = step(&environment, &mut execution, event.clone());
            effects.extend(transition.effects);
            told.extend(transition.history);
        }
        let told: Vec<Value> = told.iter().map(|event| event_to_json(event, true)).collect();
        let told = plain(&told);
        let whole = self.events[self.at..].starts_with(&told);
        // Going on may lead to nothing but to having gone on.
        if !whole || (told.is_empty() && !matches!(way, [Event::Continue])) {
            let first = told.iter().zip(&self.events[self.at..]).find(|(told, seen)| told != seen);
            return Err(first.map_or_else(|| "nothing".into(), |(told, _)| told.to_string()));
        }
        self.at += told.len();
        self.lost += usize::from(matches!(way.last(), Some(Event::OutcomeLost { .. })));
        self.execution = through_bytes(&execution);
        assert_eq!(self.execution, execution, "frames are the state");
        for effect in effects {
            self.note(effect);
        }
        Ok(())
    }

    fn note(&mut self, effect: Effect) {
        let at = self.at;
        match effect {
            Effect::Call(call) => {
                let whole = call.parameters.value().clone();
                let (payload, kind) = match (&call.resource, call.token) {
                    (Resource::Lambda { .. }, _) => (whole, AskedOf::Function),
                    (Resource::Service { service, .. }, _) if service == "states" => {
                        (whole["Input"].clone(), AskedOf::Job)
                    }
                    (_, None) => (whole["Payload"].clone(), AskedOf::Invoke),
                    (_, Some(_)) => (whole["Payload"].clone(), AskedOf::Callback),
                };
                self.asked.insert((call.frame, call.attempt), Asked { payload, kind, at });
            }
            Effect::Offer { frame, attempt, input, .. } => {
                let asked = Asked { payload: input.value().clone(), kind: AskedOf::Worker, at };
                self.asked.insert((frame, attempt), asked);
            }
            _ => {}
        }
    }

    /// The description tells of the same execution.
    pub(super) fn agrees(&self, told: &Value) -> Result<(), String> {
        let head = &self.execution.head;
        let ours = json!([
            head.status.text(),
            head.output.as_ref().map(|output| output.text().to_string()),
            head.error,
            head.cause,
            head.redrive_count,
            head.stop_ms,
        ]);
        let stop_ms = told.get("stopDate").map(ms);
        let theirs = json!([
            told["status"],
            told.get("output"),
            told.get("error"),
            told.get("cause"),
            told["redriveCount"],
            stop_ms,
        ]);
        if ours != theirs {
            return Err(format!("described as {theirs}, not {ours}"));
        }
        Ok(())
    }
}

/// Head and frames as bytes and back.
fn through_bytes(execution: &Execution) -> Execution {
    let head = rmp_serde::to_vec_named(&execution.head).unwrap();
    let head: Head = rmp_serde::from_slice(&head).unwrap();
    let frames = execution.frames.values().map(|frame| {
        let frame = rmp_serde::to_vec_named(frame).unwrap();
        let frame: Frame = rmp_serde::from_slice(&frame).unwrap();
        (frame.id, frame)
    });
    Execution { head, frames: frames.collect() }
}

/// A history as a chain, for people.
pub(super) fn chain(events: &[Value]) -> String {
    let line = |event: &Value| {
        let detail = event.as_object().unwrap().iter().find(|(name, _)| name.ends_with("Details"));
        let detail = detail.map(|(_, detail)| detail.to_string()).unwrap_or_default();
        let detail: String = detail.chars().take(140).collect();
        let (id, previous) = (&event["id"], &event["previousEventId"]);
        let ms = event["timestamp"].as_i64().unwrap_or(0) % 1_000_000;
        format!("{ms:>6} {id}<{previous} {} {detail}", text(event, "type"))
    };
    events.iter().map(line).collect::<Vec<_>>().join("\n")
}
