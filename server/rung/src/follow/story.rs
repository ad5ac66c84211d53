//! History events become lines. Pure: events in, lines out; time comes with the events.
//!
//! Which state an event belongs to is found by walking `previousEventId` back (SFN-HIST-10):
//! iterations and branches run at once and their states have equal names.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use serde_json::Value;

use crate::follow::event::Event;
use crate::ui::text;

/// States named in a spinner; more are counted.
const WAITING_SHOWN_MAX: usize = 3;
/// Width at which durations line up.
const NAME_WIDTH: usize = 36;

/// An execution as far as it was told.
#[derive(Debug, Default)]
pub(crate) struct Story {
    /// By event id; what the walk back needs of each event.
    links: HashMap<u64, Link>,
    /// States that were entered and not yet left, by the id of their Entered event.
    open: BTreeMap<u64, Open>,
    /// How often each state was tried again, by name.
    retries: BTreeMap<String, u64>,
    last_id: u64,
    began: f64,
    ended: f64,
    ending: Option<Ending>,
}

/// How an execution ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Ending {
    Succeeded { output: Option<String> },
    Failed { status: &'static str, error: Option<String>, cause: Option<String> },
}

impl Ending {
    /// AWS's status, `SUCCEEDED`.
    pub(crate) fn status(&self) -> &'static str {
        match self {
            Ending::Succeeded { .. } => "SUCCEEDED",
            Ending::Failed { status, .. } => status,
        }
    }
}

#[derive(Debug)]
struct Link {
    previous: u64,
    /// The state that was entered with this event, when it is an Entered event.
    entered: Option<Entered>,
    /// Where the states after this event are: `Fulfil /` or `ReserveStock[0] /`.
    path: String,
}

#[derive(Clone, Debug)]
struct Entered {
    /// `Task`, `Map`, …
    kind: String,
    name: String,
}

#[derive(Debug)]
struct Open {
    kind: String,
    /// The name with the path before it.
    title: String,
    name: String,
    since: f64,
    attempts: u64,
    /// What it waits for.
    waits_for: String,
    /// The last failure, until it is followed by another attempt.
    failure: Option<String>,
    note: Option<String>,
}

impl Story {
    /// The story of an execution that is only known by the answer of StartSyncExecution.
    pub(crate) fn of_answer(answer: &Value) -> Story {
        let text = |name: &str| answer.get(name).and_then(Value::as_str).map(str::to_owned);
        let time = |name: &str| answer.get(name).and_then(Value::as_f64).unwrap_or_default();
        let failed = |status| Ending::Failed { status, error: text("error"), cause: text("cause") };
        let ending = match text("status").as_deref() {
            Some("SUCCEEDED") => Ending::Succeeded { output: text("output") },
            Some("TIMED_OUT") => failed("TIMED_OUT"),
            _ => failed("FAILED"),
        };
        Story {
            began: time("startDate"),
            ended: time("stopDate"),
            ending: Some(ending),
            ..Story::default()
        }
    }

    /// The highest event id that was told.
    pub(crate) fn last_id(&self) -> u64 {
        self.last_id
    }

    pub(crate) fn ending(&self) -> Option<&Ending> {
        self.ending.as_ref()
    }

    /// From the first event to the last one.
    pub(crate) fn length(&self) -> Duration {
        span(self.began, self.ended)
    }

    /// Whether a state of this name was tried more than once.
    pub(crate) fn retried(&self, state: &str) -> bool {
        self.retries.contains_key(state)
    }

    /// What the execution waits for, in one line.
    pub(crate) fn waiting(&self, now: f64) -> String {
        let inner: Vec<&Open> = self
            .open
            .values()
            .filter(|open| !matches!(open.kind.as_str(), "Map" | "Parallel"))
            .collect();
        let mut parts: Vec<String> = inner
            .iter()
            .take(WAITING_SHOWN_MAX)
            .map(|open| {
                let since = text::duration(span(open.since, now));
                format!("{} {} ({since})", open.title, open.waits_for)
            })
            .collect();
        if inner.len() > WAITING_SHOWN_MAX {
            parts.push(format!("{} more", inner.len() - WAITING_SHOWN_MAX));
        }
        parts.join(", ")
    }

    /// Takes the next event; gives the lines that it completes.
    pub(crate) fn tell(&mut self, event: Event) -> Vec<String> {
        self.last_id = event.id;
        self.ended = event.at;
        if let Some((kind, _)) = event.kind.split_once("StateEntered") {
            self.enter(&event, kind.to_owned());
            return Vec::new();
        }
        if let Some((kind, _)) = event.kind.split_once("StateExited") {
            return self.exit(&event, kind);
        }
        match event.kind.as_str() {
            "ExecutionStarted" => self.began = event.at,
            "ExecutionSucceeded" => {
                let output = event.text("output").map(str::to_owned);
                self.ending = Some(Ending::Succeeded { output });
            }
            "ExecutionFailed" => return self.end(&event, "FAILED"),
            "ExecutionAborted" => return self.end(&event, "ABORTED"),
            "ExecutionTimedOut" => return self.end(&event, "TIMED_OUT"),
            _ => return self.within(&event),
        }
        self.link(&event, None, String::new());
        Vec::new()
    }

    fn enter(&mut self, event: &Event, kind: String) {
        let name = event.text("name").unwrap_or_default().to_owned();
        let path = self.path_after(event.previous);
        let open = Open {
            kind: kind.clone(),
            title: format!("{path}{name}"),
            name: name.clone(),
            since: event.at,
            attempts: 0,
            waits_for: waits_for(&kind).to_owned(),
            failure: None,
            note: None,
        };
        self.open.insert(event.id, open);
        self.link(event, Some(Entered { kind, name }), path);
    }

    fn exit(&mut self, event: &Event, kind: &str) -> Vec<String> {
        let name = event.text("name").unwrap_or_default();
        let found = self
            .entered_before(event.previous, |entered| entered.kind == kind && entered.name == name);
        let Some(id) = found else {
            self.link(event, None, self.path_after(event.previous));
            return Vec::new();
        };
        let path = self.path_after(id);
        self.link(event, None, path);
        let Some(open) = self.open.remove(&id) else { return Vec::new() };
        vec![open.left(event.at)]
    }

    /// Events inside a state: attempts, submissions, iterations, failures.
    fn within(&mut self, event: &Event) -> Vec<String> {
        let kind = event.kind.as_str();
        match kind {
            "MapIterationStarted" | "ParallelStateStarted" | "MapStateStarted" => {
                return self.start_inner(event);
            }
            "ParallelStateFailed" | "MapStateFailed" => return self.fail_outer(event),
            _ => {}
        }
        let path = self.path_after(event.previous);
        self.link(event, None, path);
        let Some(id) = self.entered_before(event.previous, |_| true) else { return Vec::new() };
        let Some(open) = self.open.get_mut(&id) else { return Vec::new() };
        let mut lines = Vec::new();
        if kind.ends_with("Scheduled") {
            open.attempts += 1;
            if let Some(failure) = open.failure.take() {
                *self.retries.entry(open.name.clone()).or_default() += 1;
                lines.push(format!(
                    "  {} {} attempt {} failed: {failure}",
                    text::again(),
                    pad(&open.title),
                    open.attempts - 1,
                ));
            }
        }
        match kind {
            "ActivityScheduled" => open.waits_for = "waits for a worker".to_owned(),
            "ActivityStarted" => {
                open.waits_for = match event.text("workerName") {
                    Some(worker) => format!("is with {}", text::cause(worker)),
                    None => "is with a worker".to_owned(),
                }
            }
            "TaskSubmitted" => {
                open.waits_for = match event.text("resource") {
                    Some(call) if call.ends_with(".waitForTaskToken") => "waits for its task token",
                    _ => "waits for its job",
                }
                .to_owned();
            }
            "EvaluationFailed" => open.failure = Some(event.failure()),
            _ if is_task_failure(kind) => {
                open.failure = Some(event.failure());
                open.waits_for = "waits to try again".to_owned();
            }
            _ => {}
        }
        lines
    }

    /// A Map or Parallel begins its branches or one iteration, for the first time or again.
    fn start_inner(&mut self, event: &Event) -> Vec<String> {
        let Some(id) = self.outer_of(event) else {
            self.link(event, None, self.path_after(event.previous));
            return Vec::new();
        };
        let outer = self.path_after(id);
        let name = self.open.get(&id).map(|open| open.name.clone()).unwrap_or_default();
        let path = match event.kind.as_str() {
            "ParallelStateStarted" => format!("{outer}{name} / "),
            "MapIterationStarted" => {
                format!("{outer}{name}[{}] / ", event.number("index").unwrap_or(0))
            }
            _ => outer,
        };
        self.link(event, None, path);
        if event.kind == "MapIterationStarted" {
            return Vec::new();
        }
        let (lines, _) = self.close_inner(id, event);
        if let Some(open) = self.open.get_mut(&id) {
            open.attempts += 1;
            open.note = event.number("length").map(items);
            if open.attempts > 1 {
                *self.retries.entry(name).or_default() += 1;
            }
        }
        lines
    }

    /// A Map or Parallel failed: what failed inside is told, the rest was cut off.
    fn fail_outer(&mut self, event: &Event) -> Vec<String> {
        let outer = self.outer_of(event);
        self.link(event, None, self.path_after(event.previous));
        let Some(id) = outer else { return Vec::new() };
        let (lines, failure) = self.close_inner(id, event);
        if let Some(open) = self.open.get_mut(&id) {
            open.failure.get_or_insert(failure.unwrap_or_else(|| "failed".to_owned()));
        }
        lines
    }

    /// The Map or Parallel that an event of its branches or iterations belongs to.
    fn outer_of(&self, event: &Event) -> Option<u64> {
        let kind = if event.kind.starts_with("Map") { "Map" } else { "Parallel" };
        self.entered_before(event.previous, |entered| {
            entered.kind == kind && event.text("name").is_none_or(|name| name == entered.name)
        })
    }

    /// Closes what is open inside `outer`; lines and the reason of what had failed.
    fn close_inner(&mut self, outer: u64, event: &Event) -> (Vec<String>, Option<String>) {
        let inner: Vec<u64> =
            self.open.keys().copied().filter(|id| self.is_inside(*id, outer)).collect();
        let mut lines = Vec::new();
        let mut reason = None;
        for id in inner {
            let Some(open) = self.open.remove(&id) else { continue };
            if open.failure.is_some() || open.kind == "Fail" {
                reason = reason.or_else(|| open.failure.clone());
                lines.push(open.failed(event));
            }
        }
        (lines, reason)
    }

    fn end(&mut self, event: &Event, status: &'static str) -> Vec<String> {
        self.ending = Some(Ending::Failed {
            status,
            error: event.text("error").map(str::to_owned),
            cause: event.text("cause").map(str::to_owned),
        });
        let failed = self.entered_before(event.previous, |_| true);
        let open = std::mem::take(&mut self.open);
        open.into_iter()
            .filter(|(id, open)| Some(*id) == failed || open.failure.is_some())
            .map(|(_, open)| open.failed(event))
            .collect()
    }

    fn link(&mut self, event: &Event, entered: Option<Entered>, path: String) {
        self.links.insert(event.id, Link { previous: event.previous, entered, path });
    }

    fn path_after(&self, id: u64) -> String {
        self.links.get(&id).map(|link| link.path.clone()).unwrap_or_default()
    }

    /// The nearest state before `id` that is still open and fits.
    fn entered_before(&self, id: u64, fits: impl Fn(&Entered) -> bool) -> Option<u64> {
        let mut at = id;
        while let Some(link) = self.links.get(&at) {
            if link.entered.as_ref().is_some_and(&fits) && self.open.contains_key(&at) {
                return Some(at);
            }
            at = link.previous;
        }
        None
    }

    fn is_inside(&self, id: u64, outer: u64) -> bool {
        let mut at = id;
        if id <= outer {
            return false;
        }
        while let Some(link) = self.links.get(&at) {
            if link.previous == outer {
                return true;
            }
            at = link.previous;
        }
        false
    }
}

impl Open {
    /// The line of a state that was left, whether or not a failure was caught in it.
    fn left(self, at: f64) -> String {
        let took = text::duration(span(self.since, at));
        let mark = if self.failure.is_some() { text::warning() } else { text::good() };
        let mut notes = Vec::new();
        if self.attempts > 1 {
            notes.push(format!("{} attempts", self.attempts));
        }
        notes.extend(self.note);
        notes.extend(self.failure.map(|failure| format!("caught {failure}")));
        let line = format!("  {mark} {} {took:>9}  {}", pad(&self.title), notes.join(", "));
        line.trim_end().to_owned()
    }

    fn failed(self, event: &Event) -> String {
        let took = text::duration(span(self.since, event.at));
        let failure = match self.failure {
            Some(failure) if self.kind != "Parallel" && self.kind != "Map" => failure,
            _ => event.failure(),
        };
        format!("  {} {} {took:>9}  {failure}", text::bad(), pad(&self.title))
    }
}

fn pad(title: &str) -> String {
    console::pad_str(title, NAME_WIDTH, console::Alignment::Left, None).into_owned()
}

/// A failed attempt, and no failed iteration.
fn is_task_failure(kind: &str) -> bool {
    (kind.ends_with("TimedOut") || kind.ends_with("Failed")) && !kind.starts_with("Map")
}

fn waits_for(kind: &str) -> &'static str {
    if kind == "Wait" { "waits" } else { "runs" }
}

fn items(length: u64) -> String {
    if length == 1 { "1 item".to_owned() } else { format!("{length} items") }
}

fn span(from: f64, to: f64) -> Duration {
    Duration::try_from_secs_f64((to - from).max(0.0)).unwrap_or_default()
}

#[cfg(test)]
mod tests;
