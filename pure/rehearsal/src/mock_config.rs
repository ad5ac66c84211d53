//! AWS's own mock format, `MockConfigFile.json`, unchanged: machines, their test cases, and for
//! each mocked state the name of its responses.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::mocks::{Answer, Line, Mock, Mocks, Reply};
use crate::suite::Mistake;

/// Calls that one range of responses may span.
const CALLS_MAX: u64 = 100_000;

/// A mock configuration, read and checked.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct MockConfig {
    /// Machine to test case to its mocks.
    machines: BTreeMap<String, BTreeMap<String, Mocks>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct File {
    state_machines: BTreeMap<String, Machine>,
    #[serde(default)]
    mocked_responses: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Machine {
    test_cases: BTreeMap<String, BTreeMap<String, String>>,
}

impl MockConfig {
    /// Reads a file's text.
    pub fn parse(text: &str) -> Result<MockConfig, Mistake> {
        let file: File =
            serde_json::from_str(text).map_err(|error| Mistake::new(error.to_string()))?;
        let mut responses = BTreeMap::new();
        for (name, texts) in file.mocked_responses {
            let place = format!("MockedResponses.{name}");
            let mock = mock(texts).map_err(|mistake| mistake.inside(&place))?;
            responses.insert(name, mock);
        }
        let mut machines = BTreeMap::new();
        for (name, machine) in file.state_machines {
            let place = format!("StateMachines.{name}");
            let cases = cases(machine, &responses).map_err(|mistake| mistake.inside(&place))?;
            machines.insert(name, cases);
        }
        Ok(MockConfig { machines })
    }

    /// Every machine with the names of its test cases.
    pub fn cases(&self) -> impl Iterator<Item = (&str, impl Iterator<Item = &str>)> {
        self.machines.iter().map(|(name, cases)| (name.as_str(), cases.keys().map(String::as_str)))
    }

    /// The mocks of a machine's test case.
    pub fn mocks(&self, machine: &str, case: &str) -> Option<&Mocks> {
        self.machines.get(machine)?.get(case)
    }
}

fn cases(
    machine: Machine,
    responses: &BTreeMap<String, Mock>,
) -> Result<BTreeMap<String, Mocks>, Mistake> {
    let mut cases = BTreeMap::new();
    for (case, states) in machine.test_cases {
        let mut mocks = Mocks::default();
        for (state, response) in states {
            let mock = responses.get(&response).ok_or_else(|| {
                Mistake::new(format!(
                    "TestCases.{case}.{state} names the response `{response}`, which is not there"
                ))
            })?;
            mocks.states.insert(state, mock.clone());
        }
        cases.insert(case, mocks);
    }
    Ok(cases)
}

/// `"0"` is the first call, `"1-3"` the second to the fourth.
fn mock(texts: BTreeMap<String, Value>) -> Result<Mock, Mistake> {
    let mut ranges = Vec::new();
    for (key, value) in texts {
        let (first, last) = range(&key)?;
        ranges.push((first, last, answer(value).map_err(|mistake| mistake.inside(&key))?));
    }
    ranges.sort_by_key(|(first, ..)| *first);
    let mut lines = Vec::new();
    let mut next = 0;
    for (first, last, answer) in ranges {
        if first < next {
            return Err(Mistake::new(format!("call {first} has more than one response")));
        }
        if first > next {
            lines.push(Line { when: None, times: Some(first - next), reply: None });
        }
        let times = Some(last - first + 1);
        lines.push(Line { when: None, times, reply: Some(Reply::of(answer)) });
        next = last + 1;
    }
    Ok(Mock { lines })
}

fn range(key: &str) -> Result<(u64, u64), Mistake> {
    let number = |text: &str| text.trim().parse::<u64>().ok().filter(|number| *number < CALLS_MAX);
    let read = match key.split_once('-') {
        None => number(key).map(|number| (number, number)),
        Some((first, last)) => number(first).zip(number(last)),
    };
    let read = read.filter(|(first, last)| first <= last);
    read.ok_or_else(|| {
        Mistake::new(format!("`{key}` is not a call like \"0\" or calls like \"1-3\""))
    })
}

fn answer(value: Value) -> Result<Answer, Mistake> {
    let wrong = || Mistake::new("a response needs either `Return` or `Throw` with an `Error`");
    let Value::Object(mut members) = value else { return Err(wrong()) };
    match (members.remove("Return"), members.remove("Throw")) {
        (Some(value), None) => Ok(Answer::Return(value)),
        (None, Some(throw)) => {
            let text = |name: &str| throw.get(name).and_then(Value::as_str).map(str::to_owned);
            let error = Some(text("Error").ok_or_else(wrong)?);
            Ok(Answer::Throw { error, cause: text("Cause") })
        }
        _ => Err(wrong()),
    }
}
