//! Express executions over crashes: an asynchronous one whose start was acknowledged runs to its
//! end at least once, a synchronous one at most once (SFN-SEM-6).

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use proptest::collection::vec;
use proptest::prelude::*;
use serde_json::{Value, json};
use workflow::Limits;

use super::cases::{self, Tally};
use super::definition::FUNCTION;
use super::process::{Process, STEP_MS, Setup};
use crate::world::HEAD;

/// Cases of an ordinary run.
const CASES: u64 = 8;

/// What is done to an Express machine.
#[derive(Clone, Debug)]
enum Act {
    Start,
    StartSync,
    /// Answers the first call that waits.
    Answer,
    Pass,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        3 => Just(Act::Start),
        2 => Just(Act::StartSync),
        4 => Just(Act::Answer),
        2 => Just(Act::Pass),
    ];
    vec(act, 2..14)
}

/// Two calls with a Wait between them: `[number, 1]` and `[number, 2]` are what functions hear.
fn definition() -> Value {
    let task = |part: u8, next: Value| {
        let mut task = json!({ "Type": "Task", "Resource": FUNCTION, "ResultPath": null,
            "Parameters": { "number.$": "$.number", "part": part } });
        task.as_object_mut().unwrap().extend(next.as_object().unwrap().clone());
        task
    };
    json!({ "StartAt": "One", "States": {
        "One": task(1, json!({ "Next": "Wait" })),
        "Wait": { "Type": "Wait", "Seconds": 1, "Next": "Two" },
        "Two": task(2, json!({ "End": true })) } })
}

/// Counts of calls, by execution and part.
fn calls(process: &Process) -> BTreeMap<(u64, u64), usize> {
    let mut calls = BTreeMap::new();
    for made in process.functions.made() {
        let number = |member: &str| made.payload[member].as_u64().unwrap();
        *calls.entry((number("number"), number("part"))).or_default() += 1;
    }
    calls
}

fn answer(process: &Process) -> bool {
    let waits = !process.functions.parked().is_empty();
    if waits {
        process.functions.answer(0, &Ok(Value::Null));
        process.quiesce();
    }
    waits
}

/// Lets everything end.
fn finish(process: &Process) {
    for _ in 0..3 {
        while answer(process) {}
        process.pass(STEP_MS);
    }
}

fn express_rows(process: &Process) -> usize {
    process.rows(&["express"]).len()
}

// SFN-SEM-6, SFN-SEM-7
#[test]
fn express_executions_run_as_often_as_promised() {
    cases::run("express", CASES, acts(), |acts, tally| check(&acts, tally));
}

fn check(acts: &[Act], tally: &Tally) -> Result<(), String> {
    let setup = Setup { limits: Limits::default(), partitions: 2 };
    let process = Process::new(&setup);
    let body = json!({ "name": "X", "type": "EXPRESS", "definition": definition().to_string(),
        "roleArn": "arn:aws:iam::000000000000:role/r" });
    process.call("CreateStateMachine", &body);
    let first = process.count();
    let arn = format!("{HEAD}stateMachine:X");
    // Commits after the acknowledgement of each asynchronous start.
    let mut acknowledged = BTreeMap::new();
    let mut synchronous = Vec::new();
    for (number, act) in acts.iter().enumerate() {
        let number = number as u64;
        let body =
            json!({ "stateMachineArn": arn, "input": json!({ "number": number }).to_string() });
        match act {
            Act::Start => {
                process.call("StartExecution", &body);
                acknowledged.insert(number, process.count());
            }
            Act::StartSync => {
                process.begin("StartSyncExecution", body);
                synchronous.push(number);
            }
            Act::Answer => {
                answer(&process);
            }
            Act::Pass => process.pass(STEP_MS),
        }
    }
    finish(&process);
    if express_rows(&process) != 0 {
        return Err("rows are left of executions that are over".into());
    }
    for (call, count) in calls(&process) {
        if count != 1 {
            return Err(format!("{call:?} was called {count} times without a crash"));
        }
    }
    let made = process.functions.made();
    for (at, tap) in process.taps().iter().enumerate().skip(first) {
        tally.points.fetch_add(1, Ordering::Relaxed);
        let wrong = |told: String| format!("{told}\ncrashed after commit {at} from {first}");
        let resumed = Process::after(&setup, tap);
        let open = express_rows(&resumed);
        resumed.thaw();
        finish(&resumed);
        let after = calls(&resumed);
        for number in &synchronous {
            if (1..=2).any(|part| after.contains_key(&(*number, part))) {
                return Err(wrong(format!("the synchronous {number} was begun again")));
            }
        }
        let mut ended = 0;
        for (number, count) in &acknowledged {
            let runs = after.get(&(*number, 2)).copied().unwrap_or(0);
            let called = |made: &&super::functions::Made| {
                made.payload == json!({ "number": number, "part": 2 }) && made.at <= at
            };
            let ran_before = made.iter().any(|made| called(&made));
            if *count <= at && runs == 0 && !ran_before {
                return Err(wrong(format!("the acknowledged {number} never ran")));
            }
            ended += runs;
        }
        if ended != open {
            return Err(wrong(format!("{open} were open, {ended} ran to their end")));
        }
        if express_rows(&resumed) != 0 {
            return Err(wrong("rows are left of executions that are over".into()));
        }
    }
    Ok(())
}
