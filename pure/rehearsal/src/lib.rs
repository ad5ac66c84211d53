//! A rehearsal: one execution of a definition with mocked tasks, in virtual time, on the
//! interpreter itself. A Wait of a year takes a millisecond; equal inputs give equal runs.
//! Must never know where files lie or how results are shown. Start at [`rehearse`] and [`mocks`];
//! [`suite`] reads our test files, [`mock_config`] reads AWS's `MockConfigFile.json`.

pub mod coverage;
pub mod difference;
pub mod mock_config;
pub mod mocks;
mod stage;
pub mod suite;

use std::collections::{BTreeMap, BTreeSet};

use asl::model::Definition;
use moment::EpochMs;
use serde_json::Value;
use workflow::Limits;
use workflow::execution::Status;
use workflow::history::HistoryEvent;
use workflow::payload::Payload;

use crate::coverage::Spot;
use crate::mocks::Mocks;

/// When a rehearsal begins that says nothing else: 2024-01-01T00:00:00Z.
pub const START_MS: EpochMs = 1_704_067_200_000;
/// Longest Express execution (SFN-SEM-1).
pub const EXPRESS_MS_MAX: i64 = 300_000;

/// What a rehearsal runs.
pub struct Setting<'a> {
    pub definition: &'a Definition,
    pub machine_name: &'a str,
    pub execution_name: &'a str,
    pub input: Payload,
    pub start_ms: EpochMs,
    pub seed: u64,
    /// Ends it after [`EXPRESS_MS_MAX`], as an Express machine's execution.
    pub express: bool,
    pub limits: Limits,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Rehearsal {
    pub status: Status,
    pub output: Option<Payload>,
    pub error: Option<String>,
    pub cause: Option<String>,
    /// The states of the top level in the order in which they were entered.
    pub path: Vec<String>,
    /// How often each state was entered, those inside Map and Parallel too.
    pub visits: BTreeMap<String, u64>,
    /// How often each task was called.
    pub attempts: BTreeMap<String, u64>,
    /// The variables of the top level at the end.
    pub variables: BTreeMap<String, Value>,
    pub history: Vec<HistoryEvent>,
    /// Virtual milliseconds from the start to the end.
    pub elapsed_ms: i64,
    /// Why it could not go on; the status is then `RUNNING`.
    pub problem: Option<Problem>,
    /// What it covered.
    pub spots: BTreeSet<Spot>,
}

/// Why a rehearsal could not go on.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Problem {
    #[error("`{state}` is not mocked; it calls {resource} with {parameters}")]
    NotMocked { state: String, resource: String, parameters: String },
    #[error("the mock of `{state}` has no answer for call {call} (from 0), which has {parameters}")]
    NoAnswer { state: String, call: u64, parameters: String },
    #[error("it does not end: more than {0} events happened")]
    Endless(usize),
    #[error("`{state}` is a distributed Map, which a rehearsal runs only when it is mocked")]
    Distributed { state: String },
}

/// Runs a definition to its end, or to what keeps it from one.
pub fn rehearse(setting: &Setting<'_>, mocks: &Mocks) -> Rehearsal {
    stage::run(setting, mocks)
}
