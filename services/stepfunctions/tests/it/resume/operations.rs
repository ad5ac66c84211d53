//! Operations on machines, versions, aliases and executions against a model, crashed at every
//! commit: what was acknowledged is there, what was refused is not, and the one that was under way
//! is either.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;

use serde_json::Value;
use workflow::Limits;

use super::act::{Act, MAP, acts, machine_arn, may_repeat, pick, request};
use super::cases::{self, Tally};
use super::model::Model;
use super::observe::{Seen, absent, map_run, observe};
use super::process::{Process, STEP_MS, Setup, Tap};

/// Cases of an ordinary run.
const CASES: u64 = 8;
/// Crash points of one case; the longest are looked at in steps.
const POINTS_MAX: usize = 40;

/// `code: message` for a refusal.
type Answer = Result<Value, String>;

/// An act of the run without a crash.
struct Done {
    answer: Answer,
    /// What could be seen after it.
    seen: Seen,
    /// Commits after it.
    count: usize,
    now_ms: i64,
    /// ARNs of the executions started before it.
    executions: Vec<String>,
}

impl Done {
    /// Whether an act finds the same when it is repeated: a named start its execution running, a
    /// stop the execution at all.
    fn stays(&self, act: &Act) -> bool {
        let started = self.answer.as_ref().map(|answer| answer["executionArn"].as_str());
        match (act, started) {
            (Act::Start { .. }, Ok(Some(arn))) => {
                self.seen.told.get(arn).is_some_and(|told| told["status"] == "RUNNING")
            }
            (Act::Stop { execution }, Ok(_)) => {
                let arn = pick(&self.executions, *execution);
                arn.is_some_and(|arn| self.seen.told.contains_key(arn))
            }
            _ => true,
        }
    }
}

// SFN-SEM-40, SFN-SEM-45, SFN-SEM-70, SFN-SEM-72, SFN-SEM-74, SFN-SEM-100, SFN-SEM-105, SFN-SEM-121
#[test]
fn operations_keep_their_promises_at_every_commit() {
    cases::run("operations", CASES, acts(), |acts, tally| {
        check(&acts, tally).map_err(|error| format!("{error}\nof\n{}", list(&acts)))
    });
}

fn list(acts: &[Act]) -> String {
    let line = |(number, act)| format!("{number:>3} {act:?}");
    acts.iter().enumerate().map(line).collect::<Vec<_>>().join("\n")
}

fn check(acts: &[Act], tally: &Tally) -> Result<(), String> {
    let setup = Setup { limits: Limits::default(), partitions: 4 };
    let process = Process::new(&setup);
    let done = go_through(&process, acts)?;
    for (act, done) in acts.iter().zip(&done) {
        tally.count(act.name(), done.answer.is_ok() && !done.answer.as_ref().unwrap().is_null());
    }
    let taps = process.taps();
    drop(process);
    let stride = taps.len().div_ceil(POINTS_MAX);
    for at in (1..taps.len()).step_by(stride.max(1)) {
        tally.points.fetch_add(1, Ordering::Relaxed);
        let under_way = done.iter().position(|done| at <= done.count).unwrap();
        let crash = Crash { acts, done: &done, at, under_way };
        crash
            .check(&setup, &taps[at])
            .map_err(|error| format!("{error}\ncrashed after commit {at}, in act {under_way}"))?;
    }
    Ok(())
}

/// Does everything without a crash, against the model.
fn go_through(process: &Process, acts: &[Act]) -> Result<Vec<Done>, String> {
    let mut model = Model::default();
    let mut done: Vec<Done> = Vec::new();
    for (number, act) in acts.iter().enumerate() {
        let executions: Vec<String> =
            model.executions.iter().map(|execution| execution.arn.clone()).collect();
        let answer = perform(process, act, number, &executions);
        let seen = observe(process);
        absent(process, &seen);
        if let Some(answer) = &answer {
            let now_ms = process.now_ms();
            let expected = model.take(act, number, answer, now_ms);
            model.hear(&seen.told, now_ms);
            let code = answer.as_ref().map(|_| ()).map_err(|told| told.split(':').next().unwrap());
            if code != expected {
                return Err(format!("act {number} got {answer:?}, expected {expected:?}"));
            }
        }
        differ(&seen.told, &model.expected())
            .map_err(|told| format!("after act {number}, as seen and as expected:\n{told}"))?;
        let answer = answer.unwrap_or(Ok(Value::Null));
        let (count, now_ms) = (process.count(), process.now_ms());
        done.push(Done { answer, seen, count, now_ms, executions });
    }
    Ok(done)
}

/// What an act is answered; `None` when it is none for this server.
fn perform(process: &Process, act: &Act, number: usize, executions: &[String]) -> Option<Answer> {
    process.machine.reseed(number as u64 + 1);
    if let Act::Pass { seconds } = act {
        pass(process, process.now_ms() + seconds * 1_000);
        return Some(Ok(Value::Null));
    }
    let find = |execution: &str| map_run(process, execution);
    let (operation, body) = request(act, number, executions, find)?;
    let answer = process.act(operation, &body);
    Some(answer.map_err(|fault| format!("{}: {}", fault.code, fault.message)))
}

fn pass(process: &Process, until_ms: i64) {
    while process.now_ms() < until_ms {
        process.pass(STEP_MS);
    }
}

type Map = std::collections::BTreeMap<String, Value>;

/// Where two views differ.
fn differ(one: &Map, other: &Map) -> Result<(), String> {
    let keys: BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let lines: Vec<String> = keys
        .into_iter()
        .filter(|key| one.get(*key) != other.get(*key))
        .map(|key| format!("{key}\n  {:?}\n  {:?}", one.get(key), other.get(key)))
        .collect();
    if lines.is_empty() { Ok(()) } else { Err(lines.join("\n")) }
}

/// How much of an act is durable.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Landed {
    Not,
    Partly,
    Whole,
}

/// A crash right after a commit.
struct Crash<'a> {
    acts: &'a [Act],
    done: &'a [Done],
    at: usize,
    under_way: usize,
}

impl Crash<'_> {
    fn check(&self, setup: &Setup, tap: &Tap) -> Result<(), String> {
        let act = &self.acts[self.under_way];
        let done = &self.done[self.under_way];
        let landed = self.either(&observe(&Process::reader(setup, tap)))?;
        let process = Process::after(setup, tap);
        process.thaw();
        let repeats = match landed {
            Landed::Not => true,
            // A deletion goes on by itself, also one that waited for the execution stopped here.
            Landed::Partly => !matches!(act, Act::Stop { .. } | Act::DeleteMachine { .. }),
            Landed::Whole => may_repeat(act, done.stays(act)),
        };
        if let Act::Pass { .. } = act {
            pass(&process, done.now_ms);
        } else if repeats {
            // The client has no answer and asks again.
            self.again(&process, self.under_way)?;
        }
        differ(&observe(&process).whole, &done.seen.whole)
            .map_err(|told| format!("after the act, with and without a crash:\n{told}"))?;
        for number in self.under_way + 1..self.acts.len() {
            self.again(&process, number)?;
        }
        let last = self.done.last().unwrap();
        differ(&observe(&process).whole, &last.seen.whole)
            .map_err(|told| format!("at the end, with and without a crash:\n{told}"))
    }

    /// What is durable is what was there before the act, or after it.
    fn either(&self, durable: &Seen) -> Result<Landed, String> {
        let nothing = Map::new();
        let after = &self.done[self.under_way].seen.whole;
        let before = match self.under_way {
            0 => &nothing,
            number => &self.done[number - 1].seen.whole,
        };
        let done = &self.done[self.under_way];
        if self.at == done.count {
            differ(&durable.whole, after)
                .map_err(|told| format!("committed, but durable is not all:\n{told}"))?;
            return Ok(Landed::Whole);
        }
        let keys: BTreeSet<&String> =
            durable.whole.keys().chain(before.keys()).chain(after.keys()).collect();
        for key in keys {
            let now = durable.whole.get(key);
            let known = now == before.get(key) || now == after.get(key);
            if !known && !self.on_its_way(key, durable) {
                return Err(format!(
                    "neither before nor after:\n{key}\n  {now:?}\n  {:?}\n  {:?}",
                    before.get(key),
                    after.get(key)
                ));
            }
        }
        Ok(match &durable.whole {
            whole if whole == after => Landed::Whole,
            whole if whole == before => Landed::Not,
            _ => Landed::Partly,
        })
    }

    /// Deletions go by a mark; map runs take many steps.
    fn on_its_way(&self, key: &str, durable: &Seen) -> bool {
        let deleting = (0..2).map(machine_arn).any(|machine| {
            let told = durable.told.get(&machine);
            let own =
                *key == machine || key.starts_with(&machine.replace("stateMachine", "execution"));
            own && told.is_some_and(|told| told["status"] == "DELETING")
        });
        let told = durable.told.get(key);
        deleting || told.is_some_and(|told| told["definition"] == MAP)
    }

    /// Does an act as in the run without a crash, and is answered the same.
    fn again(&self, process: &Process, number: usize) -> Result<(), String> {
        let done = &self.done[number];
        let answer = perform(process, &self.acts[number], number, &done.executions);
        let answer = answer.unwrap_or(Ok(Value::Null));
        if answer != done.answer {
            let (was, is) = (&done.answer, &answer);
            return Err(format!("act {number} without a crash: {was:?}, with one: {is:?}"));
        }
        Ok(())
    }
}
