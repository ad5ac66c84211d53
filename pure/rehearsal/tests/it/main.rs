//! Rehearsals of small machines: mocks, virtual time, coverage, test files.

mod configs;
mod coverage;
mod runs;
mod suites;

use asl::model::Definition;
use rehearsal::mocks::Mocks;
use rehearsal::suite::Suite;
use rehearsal::{Rehearsal, START_MS, Setting};
use serde_json::{Value, json};
use workflow::Limits;
use workflow::payload::Payload;

pub(crate) fn definition(value: &Value) -> Definition {
    let outcome = asl::parse(&value.to_string(), &asl::Options::default());
    assert_eq!(outcome.findings, []);
    outcome.definition.expect("there is no finding")
}

pub(crate) fn rehearse(machine: &Value, mocks: &Mocks, input: Value) -> Rehearsal {
    let definition = definition(machine);
    rehearsal::rehearse(&setting(&definition, input), mocks)
}

pub(crate) fn setting(definition: &Definition, input: Value) -> Setting<'_> {
    Setting {
        definition,
        machine_name: "M",
        execution_name: "rehearsal",
        input: Payload::from_value(input),
        start_ms: START_MS,
        seed: 0,
        express: false,
        limits: Limits::default(),
    }
}

/// Mocks as a test file writes them.
pub(crate) fn mocks(value: Value) -> Mocks {
    let file = json!({ "mocks": value, "tests": [{ "name": "t", "expect": {} }] });
    Suite::read(file).expect("valid").tests.remove(0).mocks
}

/// One task `Work` with these extra members.
pub(crate) fn task(resource: &str, more: Value) -> Value {
    let mut state = json!({ "Type": "Task", "Resource": resource, "End": true });
    let members = state.as_object_mut().expect("members");
    members.extend(more.as_object().expect("members").clone());
    json!({ "StartAt": "Work", "States": { "Work": state } })
}

pub(crate) const FUNCTION: &str = "arn:aws:lambda:us-east-1:000000000000:function:f";
