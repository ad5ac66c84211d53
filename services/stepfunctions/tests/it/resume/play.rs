//! Carries a case through: what clients, workers and functions do, one thing at a time, and time
//! when there is nothing to do.

use serde_json::{Value, json};

use super::definition::{CHILD_SECONDS, child, definition, input};
use super::plan::Case;
use super::process::{Process, STEP_MS};
use super::replay::{chain, plain};
use super::script::{Part, is_early, rank, say};
use crate::world::{HEAD, text};

/// Things done, or seconds passed, until an execution counts as stuck.
const STEPS_MAX: usize = 3_000;
/// Seconds in which nothing happens until it does: longer than any Wait, timeout or delay.
const IDLE_MAX: usize = 120;

/// A task that somebody outside works on. It outlives the server.
#[derive(Clone, Debug)]
struct Held {
    token: String,
    payload: Value,
    since_ms: i64,
    callback: bool,
    /// The commit with which it was handed out.
    got: usize,
    /// The commit that says that the function took it.
    submitted: Option<usize>,
    settled: Option<usize>,
}

/// What the world outside the server holds.
#[derive(Clone, Debug, Default)]
pub(super) struct Workers {
    held: Vec<Held>,
}

impl Workers {
    /// What they hold when the server dies right after a commit.
    pub(super) fn at(&self, commit: usize) -> Workers {
        let before = |at: &Option<usize>| at.filter(|at| *at <= commit).map(|_| 0);
        let held = self.held.iter().filter(|held| held.got <= commit);
        let held = held.map(|held| Held {
            got: 0,
            submitted: before(&held.submitted),
            settled: before(&held.settled),
            ..held.clone()
        });
        Workers { held: held.collect() }
    }
}

/// What there is to do.
enum Deed {
    Answer(usize),
    Settle(usize),
    Stop,
    Redrive,
}

pub(super) struct Player<'a> {
    case: &'a Case,
    process: &'a Process,
    pub(super) workers: Workers,
    /// Calls looked at for tokens.
    looked: usize,
    polls: bool,
}

pub(super) fn arn() -> String {
    format!("{HEAD}execution:M:e")
}

/// The machine and the activity of a case.
pub(super) fn set_up(process: &Process, case: &Case) {
    process.call("CreateActivity", &json!({ "name": "a" }));
    for (name, definition) in [("C", child()), ("M", definition(case))] {
        process.call(
            "CreateStateMachine",
            &json!({ "name": name, "definition": definition.to_string(),
                "roleArn": "arn:aws:iam::000000000000:role/r" }),
        );
    }
}

/// All events, as they are answered.
pub(super) fn history(process: &Process) -> Vec<Value> {
    let mut events = Vec::new();
    let mut body = json!({ "executionArn": arn(), "maxResults": 1000 });
    loop {
        let Ok(page) = process.answer("GetExecutionHistory", &body) else { return events };
        events.extend(page["events"].as_array().unwrap().iter().cloned());
        if page["nextToken"].is_null() {
            return events;
        }
        body["nextToken"] = page["nextToken"].clone();
    }
}

impl<'a> Player<'a> {
    pub(super) fn new(case: &'a Case, process: &'a Process, workers: Workers) -> Player<'a> {
        let polls = definition(case).to_string().contains(":activity:");
        Player { case, process, workers, looked: 0, polls }
    }

    /// Goes on until the execution is closed for good; its description.
    pub(super) fn play(&mut self) -> Result<Value, String> {
        let (mut count, mut idle) = (0, 0);
        for step in 0..STEPS_MAX {
            idle = if count == self.process.count() { idle + 1 } else { 0 };
            count = self.process.count();
            if idle > IDLE_MAX {
                break;
            }
            if self.case.flushes && step % 5 == 4 {
                self.process.flush();
            }
            let Some(told) = self.describe() else {
                self.start();
                continue;
            };
            if self.polls && told["status"] == "RUNNING" && self.take() {
                continue;
            }
            self.look();
            match self.next(&told) {
                Some(deed) => self.do_it(deed),
                None if told["status"] == "RUNNING" => self.process.pass(STEP_MS),
                None => {
                    // Jobs whose outcome was lost are on their own.
                    (0..=CHILD_SECONDS).for_each(|_| self.process.pass(STEP_MS));
                    return Ok(told);
                }
            }
        }
        Err(format!("it does not go on:\n{}", chain(&plain(&history(self.process)))))
    }

    fn describe(&self) -> Option<Value> {
        self.process.answer("DescribeExecution", &json!({ "executionArn": arn() })).ok()
    }

    fn start(&self) {
        let machine = format!("{HEAD}stateMachine:M");
        let body = json!({ "stateMachineArn": machine, "name": "e",
            "input": input(self.case).to_string() });
        self.process.call("StartExecution", &body);
    }

    /// Takes a task of the activity, if there is one.
    fn take(&mut self) -> bool {
        let at = self.process.count();
        let body = json!({ "activityArn": format!("{HEAD}activity:a"), "workerName": "w" });
        let Some(answer) = self.process.poll("GetActivityTask", &body) else { return false };
        let task = answer.unwrap_or_else(|fault| panic!("{} {}", fault.code, fault.message));
        self.process.quiesce();
        self.workers.held.push(Held {
            token: text(&task, "taskToken"),
            payload: serde_json::from_str(&text(&task, "input")).unwrap(),
            since_ms: self.process.now_ms(),
            callback: false,
            got: at + 1,
            submitted: None,
            settled: None,
        });
        true
    }

    /// Whoever is called with a token has it from then on.
    fn look(&mut self) {
        let made = self.process.functions.made();
        for call in made.iter().skip(self.looked) {
            if let Some(token) = call.payload["k"].as_str() {
                self.workers.held.push(Held {
                    token: token.to_owned(),
                    payload: call.payload.clone(),
                    since_ms: call.since_ms,
                    callback: true,
                    got: call.at,
                    submitted: None,
                    settled: None,
                });
            }
        }
        self.looked = made.len();
    }

    fn next(&self, told: &Value) -> Option<Deed> {
        if told["status"] != "RUNNING" {
            let again = told["redriveStatus"] == "REDRIVABLE"
                && told["redriveCount"].as_u64() < Some(self.case.redrives);
            return again.then_some(Deed::Redrive);
        }
        let answers = self.case.answers;
        let now_ms = self.process.now_ms();
        let mut ready = Vec::new();
        for (place, (payload, since_ms)) in self.process.functions.parked().iter().enumerate() {
            let said = say(answers, payload, Part::Call);
            if said.what.is_some() || payload.get("k").is_some() {
                let at_ms = since_ms + said.after_ms;
                ready.push((at_ms, rank(answers, payload), Deed::Answer(place)));
            }
        }
        for (place, held) in self.workers.held.iter().enumerate() {
            let may =
                !held.callback || held.submitted.is_some() || is_early(answers, &held.payload);
            let said = say(answers, &held.payload, Part::Token);
            if may && held.settled.is_none() && said.what.is_some() {
                let at_ms = held.since_ms + said.after_ms;
                ready.push((at_ms, rank(answers, &held.payload), Deed::Settle(place)));
            }
        }
        let begin_ms = (told["startDate"].as_f64().unwrap() * 1_000.0).round() as i64;
        if let Some(seconds) = self.case.stop.filter(|_| told["redriveCount"] == 0) {
            ready.push((begin_ms + i64::from(seconds) * 1_000, 0, Deed::Stop));
        }
        let due = ready.into_iter().filter(|(at_ms, ..)| *at_ms <= now_ms);
        due.min_by_key(|(at_ms, rank, _)| (*at_ms, *rank)).map(|(.., deed)| deed)
    }

    fn do_it(&mut self, deed: Deed) {
        let answers = self.case.answers;
        let next = self.process.count() + 1;
        match deed {
            Deed::Answer(place) => {
                let (payload, _) = self.process.functions.parked().swap_remove(place);
                let answer = match payload["k"].as_str() {
                    Some(token) => {
                        let held = self.workers.held.iter_mut().find(|held| held.token == token);
                        held.unwrap().submitted = Some(next);
                        Ok(Value::Null)
                    }
                    None => say(answers, &payload, Part::Call).what.unwrap(),
                };
                self.process.functions.answer(place, &answer);
                self.process.quiesce();
            }
            Deed::Settle(place) => {
                let held = &mut self.workers.held[place];
                held.settled = Some(next);
                let token = &held.token;
                let told = match say(answers, &held.payload, Part::Token).what.unwrap() {
                    Ok(value) => {
                        let body = json!({ "taskToken": token, "output": value.to_string() });
                        self.process.act("SendTaskSuccess", &body)
                    }
                    Err((error, cause)) => {
                        let body = json!({ "taskToken": token, "error": error, "cause": cause });
                        self.process.act("SendTaskFailure", &body)
                    }
                };
                if let Err(fault) = told {
                    assert_eq!(fault.code, "TaskTimedOut", "{}", fault.message);
                }
            }
            Deed::Stop => {
                let body = json!({ "executionArn": arn(), "error": "Stopped", "cause": "why" });
                self.process.call("StopExecution", &body);
            }
            Deed::Redrive => {
                self.process.call("RedriveExecution", &json!({ "executionArn": arn() }));
            }
        }
    }
}
