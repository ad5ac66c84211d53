//! Our test files, `*.test.yaml` and `*.test.json`: mocks, inputs and what is expected. Every
//! member is known or refused. Start at [`Suite::read`].

mod expect;
mod mistake;

use std::collections::BTreeMap;

use moment::{EpochMs, parse_rfc3339};
use serde::Deserialize;
use serde_json::Value;

pub use expect::Expect;
pub use mistake::Mistake;

use crate::START_MS;
use crate::mocks::{Answer, Line, Mock, Mocks, Reply};

/// Tests in one file.
const TESTS_MAX: usize = 10_000;
const MS_PER_SECOND: f64 = 1_000.0;
/// A hundred years: longer pauses are slips of the pen.
const PAUSE_MS_MAX: f64 = 3_155_760_000_000.0;

/// A test file.
#[derive(Clone, Debug)]
pub struct Suite {
    /// The definition's file, relative to this one, for tests that name none.
    pub machine: Option<String>,
    pub express: bool,
    /// What `${Name}` stands for in definitions.
    pub substitutions: BTreeMap<String, String>,
    /// A `MockConfigFile.json`, relative to this file, for tests with a `case`.
    pub mock_config: Option<String>,
    pub tests: Vec<Test>,
}

/// One test.
#[derive(Clone, Debug)]
pub struct Test {
    pub name: String,
    pub machine: Option<String>,
    /// `Machine#TestCase` of the mock configuration.
    pub case: Option<String>,
    pub input: Input,
    /// The file's mocks with the test's own in their place.
    pub mocks: Mocks,
    pub execution_name: String,
    pub start_ms: EpochMs,
    pub seed: u64,
    pub expect: Expect,
}

#[derive(Clone, Debug)]
pub enum Input {
    Value(Value),
    /// Relative to the test file.
    File(String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    machine: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    substitutions: BTreeMap<String, String>,
    mock_config: Option<String>,
    #[serde(default)]
    mocks: BTreeMap<String, Value>,
    tests: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TestText {
    name: String,
    machine: Option<String>,
    case: Option<String>,
    input: Option<Value>,
    input_file: Option<String>,
    #[serde(default)]
    mocks: BTreeMap<String, Value>,
    execution_name: Option<String>,
    start: Option<String>,
    #[serde(default)]
    seed: u64,
    expect: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LineText {
    when: Option<Value>,
    times: Option<Value>,
    /// `null` is a result too.
    #[serde(default, deserialize_with = "present")]
    result: Option<Value>,
    #[serde(default, deserialize_with = "present")]
    payload: Option<Value>,
    error: Option<String>,
    cause: Option<String>,
    #[serde(default)]
    never: bool,
    after: Option<Value>,
    heartbeat: Option<Value>,
}

fn present<'de, D: serde::Deserializer<'de>>(value: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(value).map(Some)
}

impl Suite {
    /// Reads a file's value, which YAML and JSON have in common.
    pub fn read(value: Value) -> Result<Suite, Mistake> {
        let file: File = mistake::from_value(value)?;
        let express = match file.kind.as_deref() {
            None | Some("STANDARD") => false,
            Some("EXPRESS") => true,
            Some(other) => {
                return Err(Mistake::new(format!("type `{other}` is not STANDARD or EXPRESS")));
            }
        };
        if file.tests.is_empty() || file.tests.len() > TESTS_MAX {
            let count = file.tests.len();
            return Err(Mistake::new(format!(
                "it has {count} tests; 1 to {TESTS_MAX} are allowed"
            )));
        }
        let mocks = mocks(file.mocks)?;
        let tests = file.tests.into_iter().enumerate();
        let tests: Result<Vec<Test>, Mistake> =
            tests.map(|(number, value)| test(number, value, &mocks)).collect();
        Ok(Suite {
            machine: file.machine,
            express,
            substitutions: file.substitutions,
            mock_config: file.mock_config,
            tests: tests?,
        })
    }
}

fn test(number: usize, value: Value, shared: &Mocks) -> Result<Test, Mistake> {
    let name = value.get("name").and_then(Value::as_str);
    let place = match name {
        Some(name) => format!("test `{name}`"),
        None => format!("tests[{number}]"),
    };
    read_test(value, shared).map_err(|mistake| mistake.inside(&place))
}

fn read_test(value: Value, shared: &Mocks) -> Result<Test, Mistake> {
    let text: TestText = mistake::from_value(value)?;
    let input = match (text.input, text.input_file) {
        (Some(_), Some(_)) => {
            return Err(Mistake::new("it has `input` and `input_file`; it can have one of them"));
        }
        (None, Some(file)) => Input::File(file),
        (Some(value), None) => Input::Value(value),
        (None, None) => Input::Value(Value::Object(serde_json::Map::new())),
    };
    let start_ms = match &text.start {
        None => START_MS,
        Some(start) => instant(start)?,
    };
    let expect = Expect::read(text.expect).map_err(|mistake| mistake.inside("expect"))?;
    Ok(Test {
        name: text.name,
        machine: text.machine,
        case: text.case,
        input,
        mocks: shared.with(&mocks(text.mocks)?),
        execution_name: text.execution_name.unwrap_or_else(|| "rehearsal".to_owned()),
        start_ms,
        seed: text.seed,
        expect,
    })
}

fn instant(text: &str) -> Result<EpochMs, Mistake> {
    let ns = parse_rfc3339(text);
    let ms = ns.and_then(|ns| EpochMs::try_from(ns / 1_000_000).ok());
    ms.ok_or_else(|| {
        Mistake::new(format!("start `{text}` is not a time like 2024-01-01T00:00:00Z"))
    })
}

fn mocks(texts: BTreeMap<String, Value>) -> Result<Mocks, Mistake> {
    let mut mocks = Mocks::default();
    for (state, value) in texts {
        let place = format!("the mock of `{state}`");
        let mock = mock(value).map_err(|mistake| mistake.inside(&place))?;
        mocks.states.insert(state, mock);
    }
    Ok(mocks)
}

/// One answer for every call, or a list of answers that are used up one after the other.
fn mock(value: Value) -> Result<Mock, Mistake> {
    match value {
        Value::Array(lines) => {
            let lines: Result<Vec<Line>, Mistake> = lines
                .into_iter()
                .enumerate()
                .map(|(number, value)| {
                    line(value, Some(1)).map_err(|mistake| mistake.inside(&format!("[{number}]")))
                })
                .collect();
            Ok(Mock { lines: lines? })
        }
        single => Ok(Mock { lines: vec![line(single, None)?] }),
    }
}

fn line(value: Value, times: Option<u64>) -> Result<Line, Mistake> {
    let text: LineText = mistake::from_value(value)?;
    let times = match &text.times {
        None => times,
        Some(Value::String(word)) if word == "always" => None,
        Some(value) => match value.as_u64().filter(|times| *times > 0) {
            Some(times) => Some(times),
            None => return Err(Mistake::new(format!("times {value} is not a number or `always`"))),
        },
    };
    let (after, heartbeat) = (text.after.clone(), text.heartbeat.clone());
    let reply = Reply {
        answer: answer(text.result, text.payload, (text.error, text.cause), text.never)?,
        after_ms: after.as_ref().map(pause).transpose()?.unwrap_or(0),
        heartbeat_ms: heartbeat.as_ref().map(pause).transpose()?,
    };
    if reply.heartbeat_ms == Some(0) {
        return Err(Mistake::new("heartbeat 0 is no pause"));
    }
    Ok(Line { when: text.when, times, reply: Some(reply) })
}

fn answer(
    result: Option<Value>,
    payload: Option<Value>,
    (error, cause): (Option<String>, Option<String>),
    never: bool,
) -> Result<Answer, Mistake> {
    let throws = error.is_some() || cause.is_some();
    let given = [result.is_some(), payload.is_some(), throws, never];
    if given.iter().filter(|given| **given).count() != 1 {
        return Err(Mistake::new("it needs exactly one of result, payload, error, never"));
    }
    Ok(match (result, payload) {
        (Some(result), _) => Answer::Return(result),
        (_, Some(payload)) => Answer::Payload(payload),
        _ if never => Answer::Silence,
        _ => Answer::Throw { error, cause },
    })
}

/// Seconds as a number, or `250ms`, `2s`, `5m`, `1h`, `3d`.
fn pause(value: &Value) -> Result<i64, Mistake> {
    let wrong = || Mistake::new(format!("{value} is not a time like 2s, 250ms, 5m, 1h or 3d"));
    let ms = match value {
        Value::Number(seconds) => seconds.as_f64().map(|seconds| seconds * MS_PER_SECOND),
        Value::String(text) => {
            let at = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
            let (number, unit) = text.split_at(at);
            let factor = match unit.trim() {
                "ms" => 1.0,
                "s" => MS_PER_SECOND,
                "m" => 60.0 * MS_PER_SECOND,
                "h" => 3_600.0 * MS_PER_SECOND,
                "d" => 86_400.0 * MS_PER_SECOND,
                _ => return Err(wrong()),
            };
            number.parse::<f64>().ok().map(|number| number * factor)
        }
        _ => None,
    };
    let ms = ms.filter(|ms| (0.0..=PAUSE_MS_MAX).contains(ms)).ok_or_else(wrong)?;
    #[expect(clippy::cast_possible_truncation, reason = "bounded by the line above")]
    Ok(ms.round() as i64)
}
