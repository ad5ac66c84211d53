//! What a test expects, and how a rehearsal differs from it.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use workflow::execution::Status;

use super::{Mistake, mistake};
use crate::{Rehearsal, difference};

const STATUSES: [&str; 4] = ["SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"];

/// What must be so at the end. What is not said may be anything, but for the status.
#[derive(Clone, Debug, PartialEq)]
pub struct Expect {
    pub status: String,
    pub output: Option<Value>,
    /// The output has this among others.
    pub output_includes: Option<Value>,
    pub error: Option<String>,
    pub cause: Option<String>,
    pub cause_includes: Option<String>,
    /// The states of the top level in the order in which they are entered.
    pub path: Option<Vec<String>>,
    /// How often states are entered.
    pub visits: BTreeMap<String, u64>,
    /// How often tasks are called.
    pub attempts: BTreeMap<String, u64>,
    pub variables: BTreeMap<String, Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    status: Option<String>,
    #[serde(default, deserialize_with = "super::present")]
    output: Option<Value>,
    #[serde(default, deserialize_with = "super::present")]
    output_includes: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
    cause_includes: Option<String>,
    path: Option<Vec<String>>,
    #[serde(default)]
    visits: BTreeMap<String, u64>,
    #[serde(default)]
    attempts: BTreeMap<String, u64>,
    #[serde(default)]
    variables: BTreeMap<String, Value>,
}

impl Expect {
    /// Only that the execution succeeds.
    pub fn success() -> Expect {
        Expect {
            status: Status::Succeeded.text().to_owned(),
            output: None,
            output_includes: None,
            error: None,
            cause: None,
            cause_includes: None,
            path: None,
            visits: BTreeMap::new(),
            attempts: BTreeMap::new(),
            variables: BTreeMap::new(),
        }
    }

    pub(super) fn read(value: Value) -> Result<Expect, Mistake> {
        let text: Text = mistake::from_value(value)?;
        let fails = text.error.is_some() || text.cause.is_some() || text.cause_includes.is_some();
        let usual = if fails { Status::Failed } else { Status::Succeeded };
        let status = text.status.unwrap_or_else(|| usual.text().to_owned());
        if !STATUSES.contains(&status.as_str()) {
            let known = STATUSES.join(", ");
            return Err(Mistake::new(format!("status `{status}` is none of {known}")));
        }
        Ok(Expect {
            status,
            output: text.output,
            output_includes: text.output_includes,
            error: text.error,
            cause: text.cause,
            cause_includes: text.cause_includes,
            path: text.path,
            visits: text.visits,
            attempts: text.attempts,
            variables: text.variables,
        })
    }

    /// A line for each difference; none when all is as expected.
    pub fn differences(&self, rehearsal: &Rehearsal) -> Vec<String> {
        if let Some(problem) = &rehearsal.problem {
            return vec![problem.to_string()];
        }
        let mut lines = self.end(rehearsal);
        if let Some(path) = &self.path
            && *path != rehearsal.path
        {
            lines.push("the path differs".to_owned());
            lines.push(format!("  expected {}", path.join(" → ")));
            lines.push(format!("  took     {}", rehearsal.path.join(" → ")));
        }
        counts("entered", &self.visits, &rehearsal.visits, &mut lines);
        counts("called", &self.attempts, &rehearsal.attempts, &mut lines);
        for (name, expected) in &self.variables {
            match rehearsal.variables.get(name) {
                None => lines.push(format!("the variable ${name} is not assigned")),
                Some(actual) => {
                    let found = difference::lines(expected, actual, false);
                    told(&format!("the variable ${name} differs"), found, &mut lines);
                }
            }
        }
        lines
    }

    /// How the execution ended.
    fn end(&self, rehearsal: &Rehearsal) -> Vec<String> {
        let mut lines = Vec::new();
        let status = rehearsal.status.text();
        if self.status != status {
            let error = rehearsal.error.as_deref().unwrap_or("");
            let cause = rehearsal.cause.as_deref().unwrap_or("");
            let why: Vec<&str> =
                [error, cause].into_iter().filter(|text| !text.is_empty()).collect();
            let why = why.join(": ");
            let why = if why.is_empty() { why } else { format!(" ({why})") };
            lines.push(format!("expected to end {}, ended {status}{why}", self.status));
        }
        text("error", self.error.as_deref(), rehearsal.error.as_deref(), &mut lines);
        if self.status == status && !lines.is_empty() {
            lines.extend(rehearsal.cause.as_ref().map(|cause| format!("  its cause: {cause}")));
        }
        text("cause", self.cause.as_deref(), rehearsal.cause.as_deref(), &mut lines);
        if let Some(part) = &self.cause_includes {
            let cause = rehearsal.cause.as_deref().unwrap_or("");
            if !cause.contains(part.as_str()) {
                lines.push(format!("the cause does not include `{part}`: `{cause}`"));
            }
        }
        let output = rehearsal.output.as_ref().map(|output| output.value().clone());
        let wanted = [(&self.output, false), (&self.output_includes, true)];
        for (expected, part) in wanted {
            let Some(expected) = expected else { continue };
            match &output {
                None => lines.push("there is no output".to_owned()),
                Some(output) => {
                    let found = difference::lines(expected, output, part);
                    told("the output differs", found, &mut lines);
                }
            }
        }
        lines
    }
}

fn told(head: &str, found: Vec<String>, lines: &mut Vec<String>) {
    if !found.is_empty() {
        lines.push(head.to_owned());
        lines.extend(found.into_iter().map(|line| format!("  {line}")));
    }
}

fn text(what: &str, expected: Option<&str>, actual: Option<&str>, lines: &mut Vec<String>) {
    let Some(expected) = expected else { return };
    match actual {
        Some(actual) if actual == expected => {}
        Some(actual) => lines.push(format!("expected the {what} `{expected}`, is `{actual}`")),
        None => lines.push(format!("expected the {what} `{expected}`, there is none")),
    }
}

fn counts(
    what: &str,
    expected: &BTreeMap<String, u64>,
    actual: &BTreeMap<String, u64>,
    lines: &mut Vec<String>,
) {
    for (state, expected) in expected {
        let actual = actual.get(state).copied().unwrap_or(0);
        if *expected != actual {
            lines.push(format!("`{state}` is {what} {actual} times; expected {expected}"));
        }
    }
}
