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
mod tests {
    use serde_json::json;

    use super::*;

    /// Tells a history and gives its lines, without colour.
    fn check(events: Value) -> (Vec<String>, Story) {
        let mut story = Story::default();
        let lines = events
            .as_array()
            .expect("a list")
            .iter()
            .map(|value| Event::read(value).expect("an event"))
            .flat_map(|event| story.tell(event))
            .map(|line| {
                let plain = console::strip_ansi_codes(&line).into_owned();
                plain.split_whitespace().collect::<Vec<_>>().join(" ")
            })
            .collect();
        (lines, story)
    }

    fn event(id: u64, previous: u64, at: f64, kind: &str, details: Value) -> Value {
        json!({
            "id": id, "previousEventId": previous, "timestamp": at, "type": kind,
            "someEventDetails": details
        })
    }

    // SFN-HIST-39
    #[test]
    fn a_retry_is_told_once() {
        let failure = json!({"error": "Busy", "cause": "{\"errorMessage\":\"no answer\"}"});
        let (lines, story) = check(json!([
            event(1, 0, 100.0, "ExecutionStarted", json!({})),
            event(2, 0, 100.0, "TaskStateEntered", json!({"name": "Charge"})),
            event(3, 2, 100.0, "TaskScheduled", json!({})),
            event(4, 3, 100.0, "TaskStarted", json!({})),
            event(5, 4, 100.2, "TaskFailed", failure),
            event(6, 5, 101.2, "TaskScheduled", json!({})),
            event(7, 6, 101.2, "TaskStarted", json!({})),
            event(8, 7, 101.3, "TaskSucceeded", json!({})),
            event(9, 8, 101.3, "TaskStateExited", json!({"name": "Charge"})),
            event(10, 9, 101.3, "ExecutionSucceeded", json!({"output": "1"})),
        ]));
        assert_eq!(
            lines,
            ["↻ Charge attempt 1 failed: Busy: no answer", "✓ Charge 1.3 s 2 attempts"]
        );
        assert!(story.retried("Charge"));
        assert_eq!(story.ending(), Some(&Ending::Succeeded { output: Some("1".to_owned()) }));
        assert_eq!(text::duration(story.length()), "1.3 s");
    }

    // SFN-HIST-71
    #[test]
    fn iterations_of_equal_names_are_told_apart() {
        let (lines, _) = check(json!([
            event(1, 0, 0.0, "ExecutionStarted", json!({})),
            event(2, 0, 0.0, "MapStateEntered", json!({"name": "Lines"})),
            event(3, 2, 0.0, "MapStateStarted", json!({"length": 2})),
            event(4, 3, 0.0, "MapIterationStarted", json!({"name": "Lines", "index": 0})),
            event(5, 4, 0.0, "PassStateEntered", json!({"name": "Line"})),
            event(6, 3, 0.0, "MapIterationStarted", json!({"name": "Lines", "index": 1})),
            event(7, 6, 0.0, "PassStateEntered", json!({"name": "Line"})),
            event(8, 7, 0.1, "PassStateExited", json!({"name": "Line"})),
            event(9, 8, 0.1, "MapIterationSucceeded", json!({"name": "Lines", "index": 1})),
            event(10, 5, 0.3, "PassStateExited", json!({"name": "Line"})),
            event(11, 10, 0.3, "MapIterationSucceeded", json!({"name": "Lines", "index": 0})),
            event(12, 11, 0.3, "MapStateSucceeded", json!({})),
            event(13, 11, 0.3, "MapStateExited", json!({"name": "Lines"})),
            event(14, 13, 0.3, "ExecutionSucceeded", json!({})),
        ]));
        assert_eq!(
            lines,
            ["✓ Lines[1] / Line 100 ms", "✓ Lines[0] / Line 300 ms", "✓ Lines 300 ms 2 items"]
        );
    }

    // SFN-HIST-40, SFN-HIST-63
    #[test]
    fn a_caught_branch_ends_what_it_cut_off() {
        let (lines, story) = check(json!([
            event(1, 0, 0.0, "ExecutionStarted", json!({})),
            event(2, 0, 0.0, "ParallelStateEntered", json!({"name": "Both"})),
            event(3, 2, 0.0, "ParallelStateStarted", json!({})),
            event(4, 3, 0.0, "TaskStateEntered", json!({"name": "Pack"})),
            event(5, 4, 0.0, "ActivityScheduled", json!({})),
            event(6, 3, 0.0, "TaskStateEntered", json!({"name": "Mail"})),
            event(7, 6, 0.0, "LambdaFunctionScheduled", json!({})),
            event(8, 7, 0.5, "LambdaFunctionFailed", json!({"error": "Bounced"})),
            event(9, 8, 0.5, "TaskStateAborted", json!({})),
            event(10, 8, 0.5, "TaskStateAborted", json!({})),
            event(11, 8, 0.5, "ParallelStateFailed", json!({})),
            event(12, 11, 0.5, "ParallelStateExited", json!({"name": "Both"})),
            event(13, 12, 0.5, "PassStateEntered", json!({"name": "Sorry"})),
        ]));
        assert_eq!(lines, ["✗ Both / Mail 500 ms Bounced", "! Both 500 ms caught Bounced"]);
        assert_eq!(story.waiting(0.7), "Sorry runs (200 ms)");
    }

    #[test]
    fn the_failing_state_has_error_and_cause() {
        let failure = json!({"error": "CardDeclined", "cause": "no money"});
        let (lines, story) = check(json!([
            event(1, 0, 0.0, "ExecutionStarted", json!({})),
            event(2, 0, 0.0, "TaskStateEntered", json!({"name": "Charge"})),
            event(3, 2, 0.0, "TaskScheduled", json!({})),
            event(4, 3, 0.0, "TaskStarted", json!({})),
            event(5, 4, 0.2, "TaskFailed", failure.clone()),
            event(6, 5, 0.2, "ExecutionFailed", failure),
        ]));
        assert_eq!(lines, ["✗ Charge 200 ms CardDeclined: no money"]);
        assert_eq!(story.ending().map(Ending::status), Some("FAILED"));
    }

    // SFN-HIST-138
    #[test]
    fn a_parallel_that_is_tried_again() {
        let (lines, story) = check(json!([
            event(1, 0, 0.0, "ExecutionStarted", json!({})),
            event(2, 0, 0.0, "ParallelStateEntered", json!({"name": "P"})),
            event(3, 2, 0.0, "ParallelStateStarted", json!({})),
            event(4, 3, 0.0, "FailStateEntered", json!({"name": "F"})),
            event(5, 4, 1.0, "ParallelStateStarted", json!({})),
            event(6, 5, 1.0, "FailStateEntered", json!({"name": "F"})),
            event(7, 6, 1.0, "ParallelStateFailed", json!({})),
            event(8, 7, 1.0, "ExecutionFailed", json!({"error": "E"})),
        ]));
        assert_eq!(lines, ["✗ P / F 1.0 s failed", "✗ P / F 0 ms failed", "✗ P 1.0 s E"]);
        assert!(story.retried("P"));
    }

    #[test]
    fn an_answer_is_a_story() {
        let answer = json!({
            "status": "FAILED", "error": "E", "cause": "c", "startDate": 1.0, "stopDate": 1.5
        });
        let story = Story::of_answer(&answer);
        assert_eq!(story.ending().map(Ending::status), Some("FAILED"));
        assert_eq!(story.length(), Duration::from_millis(500));
    }

    // SFN-HIST-13
    #[test]
    fn an_abort_ends_without_a_failing_state() {
        let (lines, story) = check(json!([
            event(1, 0, 0.0, "ExecutionStarted", json!({})),
            event(2, 0, 0.0, "WaitStateEntered", json!({"name": "Sleep"})),
            event(3, 0, 2.0, "ExecutionAborted", json!({})),
        ]));
        assert!(lines.is_empty());
        assert_eq!(story.ending().map(Ending::status), Some("ABORTED"));
    }

    #[test]
    fn waiting_says_for_what() {
        let (_, story) = check(json!([
            event(1, 0, 0.0, "ExecutionStarted", json!({})),
            event(2, 0, 0.0, "TaskStateEntered", json!({"name": "Ask"})),
            event(3, 2, 0.0, "TaskScheduled", json!({})),
            event(4, 3, 0.0, "TaskStarted", json!({})),
            event(5, 4, 0.0, "TaskSubmitted", json!({"resource": "invoke.waitForTaskToken"})),
        ]));
        assert_eq!(story.waiting(90.0), "Ask waits for its task token (1 min 30 s)");
    }
}
