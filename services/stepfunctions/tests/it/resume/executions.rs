//! Executions of generated definitions, crashed after every commit.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};
use workflow::Limits;

use super::cases::{self, Tally};
use super::definition::definition;
use super::functions::Made;
use super::plan::{Case, case};
use super::play::{Player, Workers, history, set_up};
use super::process::{Process, Setup, Tap};
use super::replay::{Replay, chain, plain};
use crate::world::HEAD;

/// Cases of an ordinary run.
const CASES: u64 = 10;
/// Every so many crash points the resumed server is crashed again, at every point.
const TWICE_EVERY: usize = 17;
/// Crash points of one case; the longest are looked at in steps.
const POINTS_MAX: usize = 60;

/// One life of a server, from a start to the end of the execution.
struct Life {
    events: Vec<Value>,
    told: Value,
    taps: Vec<Tap>,
    workers: Workers,
    made: Vec<Made>,
    rows: usize,
}

/// What is the same in all lives of a case.
struct Trial<'a> {
    case: &'a Case,
    setup: Setup,
    definition: asl::model::Definition,
    tally: &'a Tally,
}

// SFN-SEM-95, SFN-SEM-100, SFN-SEM-101, SFN-SEM-102, SFN-SEM-103, SFN-SEM-104, SFN-SEM-121
#[test]
fn executions_go_on_after_a_crash_at_every_commit() {
    cases::run("executions", CASES, case(), |case, tally| check(&case, tally));
}

fn check(case: &Case, tally: &Tally) -> Result<(), String> {
    let text = definition(case);
    let outcome = asl::parse(&text.to_string(), &asl::Options::default());
    let Some(definition) = outcome.definition else {
        return Err(format!("{text:#}\n{:#?}", outcome.findings));
    };
    let limits = Limits { transitions_per_step_max: case.turn, ..Limits::default() };
    let setup = Setup { limits, partitions: 1 };
    let trial = Trial { case, setup, definition, tally };
    trial.check().map_err(|error| format!("{error}\nof\n{text:#}"))
}

impl Trial<'_> {
    fn check(&self) -> Result<(), String> {
        let process = Process::new(&self.setup);
        set_up(&process, self.case);
        let first = process.count();
        let whole = self.live(&process, Workers::default())?;
        drop(process);
        self.accept(&whole, &[])?;
        let points = whole.taps.len() - first;
        let stride = points.div_ceil(POINTS_MAX);
        for at in (first..whole.taps.len()).step_by(stride) {
            self.crash(&whole, at, &[], true)
                .map_err(|error| format!("{error}\ncrashed after commit {at} from {first}"))?;
        }
        Ok(())
    }

    fn live(&self, process: &Process, workers: Workers) -> Result<Life, String> {
        let mut player = Player::new(self.case, process, workers);
        let told = player.play()?;
        let workers = player.workers;
        Ok(Life {
            events: plain(&history(process)),
            told,
            taps: process.taps(),
            workers,
            made: process.functions.made(),
            rows: process.rows(&["open", "index_open"]).len(),
        })
    }

    /// The history is one that the definition can have, and everything tells the same of it.
    fn accept(&self, life: &Life, crashes: &[usize]) -> Result<usize, String> {
        let wrong = |error: String| format!("{error}\nin\n{}", chain(&life.events));
        let with = (&self.definition, &self.setup.limits);
        let mut replay = Replay::new(self.case, with, &life.events, crashes);
        replay.run().map_err(wrong)?;
        replay.agrees(&life.told).map_err(wrong)?;
        // The row of its name is all that stays open of one that is closed.
        if life.rows != 1 {
            return Err(wrong(format!("{} rows are left", life.rows)));
        }
        Ok(replay.lost)
    }

    /// Kills the server of `before` right after a commit, and lets another go on.
    fn crash(
        &self,
        before: &Life,
        at: usize,
        crashes: &[usize],
        again: bool,
    ) -> Result<(), String> {
        self.tally.points.fetch_add(1, Ordering::Relaxed);
        let mut tap = before.taps[at].clone();
        tap.now_ms += i64::from(self.case.downtime) * 1_000;
        let process = Process::after(&self.setup, &tap);
        let durable = plain(&history(&process));
        if !before.events.starts_with(&durable) {
            let seen = chain(&durable);
            return Err(format!("what is durable was never told\n{seen}"));
        }
        process.thaw();
        let life = self.live(&process, before.workers.at(at))?;
        listed(&process, &life)?;
        drop(process);
        if !life.events.starts_with(&durable) {
            let (seen, now) = (chain(&durable), chain(&life.events));
            return Err(format!("history changed; it was\n{seen}\nand is\n{now}"));
        }
        let crashes = [crashes, &[durable.len()]].concat();
        let lost = self.accept(&life, &crashes)?;
        self.once(before, at, &life)?;
        if lost == 0 && self.in_order() && before.events != life.events {
            let (was, is) = (chain(&before.events), chain(&life.events));
            return Err(format!("without a crash\n{was}\nwith one\n{is}"));
        }
        if again && at % TWICE_EVERY == 3 {
            for next in 1..life.taps.len().min(POINTS_MAX) {
                self.crash(&life, next, &crashes, false)
                    .map_err(|error| format!("{error}\ncrashed again after commit {next}"))?;
            }
        }
        Ok(())
    }

    /// Nothing that was called before the crash is called again after it.
    fn once(&self, before: &Life, at: usize, after: &Life) -> Result<(), String> {
        let early = before.made.iter().filter(|made| made.at <= at);
        for made in early {
            if after.made.iter().any(|again| again.key == made.key) {
                return Err(format!("called twice: {made:?}"));
            }
        }
        let mut keys: Vec<&str> = after.made.iter().map(|made| made.key.as_str()).collect();
        keys.sort_unstable();
        if let Some(twice) = keys.windows(2).find(|two| two[0] == two[1]) {
            return Err(format!("called twice: {twice:?}"));
        }
        Ok(())
    }

    /// Whether a crash that loses no outcome leaves the order of things alone. Tasks that wait for
    /// workers are offered anew after a start, and a turn that was cut short comes first then.
    fn in_order(&self) -> bool {
        let text = definition(self.case).to_string();
        let groups = text.contains(r#""Branches""#) || text.contains(r#""ItemProcessor""#);
        let whole = self.setup.limits.transitions_per_step_max == 1_000;
        let alone = !groups || (whole && !text.contains(":activity:"));
        // What a job answers has its name and dates in it.
        alone && self.case.downtime == 0 && !text.contains("startExecution")
    }
}

/// Lists know the execution as it was described (SFN-SEM-121).
fn listed(process: &Process, life: &Life) -> Result<(), String> {
    let machine = format!("{HEAD}stateMachine:M");
    let body = json!({ "stateMachineArn": machine, "statusFilter": life.told["status"] });
    let listed = process.call("ListExecutions", &body)["executions"].clone();
    let [item] = listed.as_array().unwrap().as_slice() else {
        return Err(format!("{} is listed as {listed}", life.told));
    };
    for member in ["executionArn", "status", "startDate", "stopDate", "redriveCount"] {
        if item[member] != life.told[member] {
            return Err(format!("{member} of {} is listed as {item}", life.told));
        }
    }
    Ok(())
}
