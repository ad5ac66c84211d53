//! What stands in for tasks: for every state its answers, one after the other.

use std::collections::BTreeMap;

use asl::model::{Pattern, Resource};
use serde_json::{Value, json};
use workflow::event::Event;
use workflow::execution::FrameId;
use workflow::payload::Payload;

/// Mocks by the names of states, which are unique in a definition (SFN-ASL-3).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mocks {
    pub states: BTreeMap<String, Mock>,
}

/// The answers of one state.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Mock {
    pub lines: Vec<Line>,
}

/// An answer, and how often and for what it is given.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The parameters that the call must have, among others; `None` takes any call.
    pub when: Option<Value>,
    /// How many calls it answers; `None` never wears out.
    pub times: Option<u64>,
    /// `None` holds a call's place without an answer: a gap of a mock configuration.
    pub reply: Option<Reply>,
}

/// One answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Reply {
    pub answer: Answer,
    /// Virtual milliseconds until the answer.
    pub after_ms: i64,
    /// Virtual milliseconds between heartbeats until then.
    pub heartbeat_ms: Option<i64>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// The result of the task as it is.
    Return(Value),
    /// What a function answers: wrapped where the integration wraps it.
    Payload(Value),
    Throw {
        error: Option<String>,
        cause: Option<String>,
    },
    /// No answer at all: only a timeout ends the task.
    Silence,
}

/// How far the answers of each state are used up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Used {
    calls: BTreeMap<String, u64>,
    lines: BTreeMap<(String, usize), u64>,
}

/// What a mock says to a call.
#[derive(Clone, Debug, PartialEq)]
pub enum Said<'a> {
    NotMocked,
    /// The mock is used up for this call, counted from 0.
    NoAnswer {
        call: u64,
    },
    Reply(&'a Reply),
}

impl Mocks {
    /// The answer for the next call of a state.
    pub fn next(&self, used: &mut Used, state: &str, parameters: &Value) -> Said<'_> {
        let Some(mock) = self.states.get(state) else { return Said::NotMocked };
        let calls = used.calls.entry(state.to_owned()).or_default();
        let call = *calls;
        *calls += 1;
        for (number, line) in mock.lines.iter().enumerate() {
            let count = used.lines.entry((state.to_owned(), number)).or_default();
            let worn_out = line.times.is_some_and(|times| *count >= times);
            if worn_out || !line.when.as_ref().is_none_or(|when| includes(parameters, when)) {
                continue;
            }
            *count += 1;
            return line.reply.as_ref().map_or(Said::NoAnswer { call }, Said::Reply);
        }
        Said::NoAnswer { call }
    }

    /// These with others in place of those of the same states.
    #[must_use]
    pub fn with(&self, others: &Mocks) -> Mocks {
        let mut states = self.states.clone();
        states.extend(others.states.clone());
        Mocks { states }
    }
}

impl Mock {
    /// Answers every call the same.
    pub fn always(reply: Reply) -> Mock {
        Mock { lines: vec![Line { when: None, times: None, reply: Some(reply) }] }
    }
}

impl Reply {
    /// The answer at once.
    pub fn of(answer: Answer) -> Reply {
        Reply { answer, after_ms: 0, heartbeat_ms: None }
    }
}

/// An attempt of a task that wants an answer.
pub struct Task<'a> {
    pub frame: FrameId,
    pub attempt: u32,
    pub resource: &'a Resource,
    pub parameters: &'a Payload,
    /// Whether it is a job or waits for a callback.
    pub token: bool,
}

/// What happens to a mocked task first: a worker takes it, or its call is answered.
pub fn begin(task: &Task<'_>) -> Option<Event> {
    let (frame, attempt) = (task.frame, task.attempt);
    if matches!(task.resource, Resource::Activity { .. }) {
        let worker_name = Some("mock".to_owned());
        return Some(Event::ActivityStarted { frame, attempt, worker_name });
    }
    let output = Payload::empty_object();
    task.token.then_some(Event::TaskSubmitted { frame, attempt, output })
}

/// How a mocked task ends; `None` for silence.
pub fn end(answer: &Answer, task: &Task<'_>) -> Option<Event> {
    let (frame, attempt) = (task.frame, task.attempt);
    if let Some(output) = result_of(answer, Some(task.resource)) {
        return Some(Event::TaskSucceeded { frame, attempt, output });
    }
    let Answer::Throw { error, cause } = answer else { return None };
    let (error, cause) = (error.clone(), cause.clone());
    Some(Event::TaskFailed { frame, attempt, error, cause })
}

/// The result that an answer gives a task of this resource; `None` when it is a failure or none.
pub fn result_of(answer: &Answer, resource: Option<&Resource>) -> Option<Payload> {
    let value = match (answer, resource) {
        (Answer::Return(value), _) => value.clone(),
        (Answer::Payload(value), Some(resource)) if wraps(resource) => {
            json!({ "ExecutedVersion": "$LATEST", "Payload": value, "StatusCode": 200 })
        }
        (Answer::Payload(value), _) => value.clone(),
        (Answer::Throw { .. } | Answer::Silence, _) => return None,
    };
    Some(Payload::from_value(value))
}

/// `lambda:invoke` gives the function's answer in an envelope (SFN-INT-41).
fn wraps(resource: &Resource) -> bool {
    matches!(
        resource,
        Resource::Service { service, action, pattern: Pattern::RequestResponse, .. }
            if service == "lambda" && action == "invoke"
    )
}

/// Whether `value` has all that `part` has: members of objects, items of arrays by place.
pub fn includes(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Object(value), Value::Object(part)) => part
            .iter()
            .all(|(name, part)| value.get(name).is_some_and(|value| includes(value, part))),
        (Value::Array(value), Value::Array(part)) => {
            value.len() == part.len()
                && value.iter().zip(part).all(|(value, part)| includes(value, part))
        }
        _ => same(value, part),
    }
}

/// Equal as JSON: `1` is `1.0`, members have no order.
pub fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => {
            left == right || (left.is_f64() || right.is_f64()) && left.as_f64() == right.as_f64()
        }
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len()
                && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left
                    .iter()
                    .all(|(name, left)| right.get(name).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}
