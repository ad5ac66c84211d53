//! Replays recorded executions that need no other service, and compares whole histories with
//! what the real service wrote. Their folder is beside the workspace or named by `RUNG_SHARED`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde_json::{Map, Value, json};
use workflow::execution::Status;
use workflow::history::event_to_json;

use crate::harness::World;

/// Of the cases that could be replayed, as many must be equal.
const SHARE_MIN: f64 = 0.95;

#[test]
#[expect(clippy::disallowed_methods, reason = "the cases are files")]
fn recorded_executions_are_equal() {
    let Some(folder) = folder() else {
        println!("skipped: no recorded cases beside the workspace; RUNG_SHARED names their folder");
        return;
    };
    let mut paths: Vec<PathBuf> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    paths.sort();
    let (mut equal, mut all) = (0, 0);
    let mut differences = String::new();
    for path in paths {
        let cases: Vec<Value> =
            serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        for case in cases.iter().filter(|case| replayable(case)) {
            for (definition, run) in runs(case) {
                all += 1;
                match replay(case, definition, run) {
                    Ok(()) => equal += 1,
                    Err(difference) => {
                        let id = case["id"].as_str().unwrap();
                        differences.push_str(&format!("{id}\n    {difference}\n"));
                    }
                }
            }
        }
    }
    println!("{differences}{equal} of {all} recorded executions are equal");
    assert!(all > 100, "{all} cases");
    assert!(f64::from(equal) / f64::from(all) >= SHARE_MIN, "{equal} of {all}\n{differences}");
}

#[expect(clippy::disallowed_methods, reason = "where the cases lie is a setting")]
fn folder() -> Option<PathBuf> {
    let shared = match std::env::var_os("RUNG_SHARED") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../../shared")),
    };
    let folder = shared.join("conformance/step-functions");
    folder.is_dir().then_some(folder)
}

/// Executions of pure machines whose history was recorded.
fn replayable(case: &Value) -> bool {
    let kind = case["kind"].as_str().unwrap();
    let pure = case["needs"].as_array().unwrap().is_empty();
    let recorded = case["aws_validated"] != json!(false);
    (kind == "execution" || kind == "executions") && pure && recorded
}

fn runs(case: &Value) -> Vec<(&Value, &Value)> {
    match case["runs"].as_array() {
        Some(runs) => runs
            .iter()
            .map(|run| (run.get("definition").unwrap_or(&case["definition"]), run))
            .collect(),
        None => vec![(&case["definition"], case)],
    }
}

fn replay(case: &Value, definition: &Value, run: &Value) -> Result<(), String> {
    let definition = fill(&spaced(definition));
    let input = match (run.get("input_raw"), run.get("input")) {
        (Some(raw), _) => raw.as_str().unwrap().to_owned(),
        (None, Some(input)) => spaced(input),
        (None, None) => "{}".into(),
    };
    let outcome = asl::parse(&definition, &asl::Options::default());
    if outcome.definition.is_none() {
        return Err(format!("refused: {:?}", outcome.findings));
    }
    let mut world = World::started(&definition, &fill(&input));
    world.drive();
    let expected = &run["expected"];
    if let Some(status) = expected["status"].as_str()
        && status != world.execution.head.status.text()
    {
        return Err(format!("status {status} is {:?}", world.execution.head));
    }
    let Some(history) = expected["history"].as_array() else {
        return outcome_only(expected, &world);
    };
    let events = world.history.iter();
    let mut told: Vec<Value> =
        events.map(|event| normal(event_to_json(event, true), case)).collect();
    if expected["history_is_prefix"] == json!(true) {
        told.truncate(history.len());
    }
    Comparison::new(case).histories(history, &told)
}

/// Where only the final output was recorded; a list of one stands for what is in it.
fn outcome_only(expected: &Value, world: &World) -> Result<(), String> {
    let wanted = &expected["output_only"];
    assert!(!wanted.is_null(), "a case without history has an output");
    if world.execution.head.status != Status::Succeeded {
        return Err(format!("{:?}", world.execution.head));
    }
    let output = world.execution.head.output.as_ref().unwrap().value().clone();
    let wanted = match wanted.as_array().map(Vec::as_slice) {
        Some([only]) if !output.is_array() => only,
        _ => wanted,
    };
    Comparison::new(&Value::Null).value(wanted, &output, "output")
}

/// Stands in for account, region, names and dates in definitions.
fn fill(text: &str) -> String {
    let mut text = text.replace("%%account%%", "111111111111").replace("%%region%%", "us-east-1");
    for (name, days) in [("%%now+24855d%%", 24_855), ("%%now+24856d%%", 24_856), ("%%now%%", 0)] {
        let stamp = moment::format_iso(crate::harness::START_MS + days * 86_400_000);
        text = text.replace(name, stamp.split('.').next().unwrap());
    }
    text
}

/// JSON with `", "` and `": "`, as the recordings sent it.
fn spaced(value: &Value) -> String {
    match value {
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| format!("{}: {}", Value::from(name.as_str()), spaced(value)));
            format!("{{{}}}", members.collect::<Vec<_>>().join(", "))
        }
        Value::Array(items) => {
            format!("[{}]", items.iter().map(spaced).collect::<Vec<_>>().join(", "))
        }
        other => other.to_string(),
    }
}

/// An event as the recordings keep it: objects in texts parsed, times, account and region hidden.
fn normal(event: Value, case: &Value) -> Value {
    let mut event = match event {
        Value::Object(members) => Value::Object(
            members.into_iter().map(|(name, value)| (name, parse_members(value))).collect(),
        ),
        other => other,
    };
    hide_times(&mut event);
    hide(&event, case)
}

/// Members whose names speak of a timestamp.
fn hide_times(value: &mut Value) {
    let Value::Object(members) = value else { return };
    for (name, value) in members {
        let told_as_text = value.as_str().is_some_and(|text| moment::parse_rfc3339(text).is_some());
        if name.to_lowercase().contains("timestamp") && !value.is_object() && !told_as_text {
            *value = json!("timestamp");
        }
        hide_times(value);
    }
}

fn parse_members(value: Value) -> Value {
    match value {
        Value::Object(members) => Value::Object(
            members
                .into_iter()
                .map(|(name, value)| match value {
                    Value::Object(_) => (name, parse_members(value)),
                    other => (name, parsed(other)),
                })
                .collect(),
        ),
        other => other,
    }
}

fn parsed(value: Value) -> Value {
    match &value {
        Value::String(text) if text.starts_with('{') => serde_json::from_str(text).unwrap_or(value),
        _ => value,
    }
}

fn hide(value: &Value, case: &Value) -> Value {
    let mut text = value.to_string();
    for rule in case["normalise"].as_array().into_iter().flatten() {
        if let (Some(literal), Some(token)) = (rule["literal"].as_str(), rule["token"].as_str()) {
            text = text.replace(&fill(literal), token);
        }
    }
    let text = text.replace("us-east-1", "<region>").replace("arn:aws:", "arn:<partition>:");
    let text = text.replace("arn:<partition>:iam::111111111111:role/r", "snf_role_arn");
    serde_json::from_str(&hide_dates(&text)).unwrap()
}

/// Writes `date` for every date and time.
fn hide_dates(text: &str) -> String {
    let mut hidden = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('T') {
        let from = at.saturating_sub(10);
        let ends = (at..=rest.len().min(at + 30)).rev();
        let date = ends
            .filter_map(|end| Some((end, rest.get(from..end)?)))
            .find(|(_, date)| moment::parse_rfc3339(date).is_some());
        let end = date.map_or(at + 1, |(end, _)| end);
        match date {
            Some(_) => hidden.extend([&rest[..from], "date"]),
            None => hidden.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    hidden + rest
}

/// One case's way of comparing.
struct Comparison {
    special: Vec<String>,
    /// What a token such as `<name:1>` stood for.
    bound: BTreeMap<String, String>,
    wild: Vec<(String, String)>,
}

impl Comparison {
    fn new(case: &Value) -> Comparison {
        let texts = |value: &Value| -> Vec<String> {
            let items = value.as_array().into_iter().flatten();
            items.filter_map(|item| item.as_str().map(String::from)).collect()
        };
        let wild = case["normalise"].as_array().into_iter().flatten().filter_map(|rule| {
            Some((rule["key"].as_str()?.to_owned(), rule["token"].as_str()?.to_owned()))
        });
        Comparison {
            special: texts(&case["comparison"]),
            bound: BTreeMap::new(),
            wild: wild.collect(),
        }
    }

    fn is(&self, special: &str) -> bool {
        self.special.iter().any(|one| one == special)
    }

    fn histories(&mut self, expected: &[Value], told: &[Value]) -> Result<(), String> {
        if self.is("unordered_parallel_events") {
            return self.unordered(expected, told);
        }
        for (place, (wanted, got)) in expected.iter().zip(told).enumerate() {
            self.event(wanted, got).map_err(|difference| format!("event {place}: {difference}"))?;
        }
        if expected.len() != told.len() {
            return Err(format!("{} events instead of {}", told.len(), expected.len()));
        }
        Ok(())
    }

    /// Events of branches lost their ids and order: count types, compare the last event.
    fn unordered(&mut self, expected: &[Value], told: &[Value]) -> Result<(), String> {
        let types = |events: &[Value]| {
            let mut types: Vec<String> = events
                .iter()
                .map(|event| event["type"].as_str().unwrap().to_owned())
                .filter(|name| name != "ParallelStateSucceeded" && name != "ParallelStateExited")
                .collect();
            types.sort();
            types
        };
        if types(expected) != types(told) {
            return Err(format!("{:?} instead of {:?}", types(told), types(expected)));
        }
        match (expected.last(), told.last()) {
            (Some(wanted), Some(got)) => self.event(wanted, got),
            _ => Ok(()),
        }
    }

    fn event(&mut self, wanted: &Value, got: &Value) -> Result<(), String> {
        let (mut wanted, mut got) = (wanted.clone(), got.clone());
        let kind = wanted["type"].as_str().unwrap_or_default().to_owned();
        if self.is(&format!("any_previous:{kind}")) {
            for event in [&mut wanted, &mut got] {
                event.as_object_mut().unwrap().remove("previousEventId");
            }
        }
        self.value(&wanted, &got, "")
    }

    fn value(&mut self, wanted: &Value, got: &Value, key: &str) -> Result<(), String> {
        let unlike = || Err(format!("{key}: {got} instead of {wanted}"));
        if let Value::String(text) = wanted
            && self.wild.iter().any(|(name, token)| name == key && token == text)
        {
            return Ok(());
        }
        let embedded = matches!(wanted, Value::Object(_) | Value::Array(_))
            || (key == "output" && self.is("json_outputs") && !wanted.is_string());
        let reparsed = match got {
            Value::String(text) if embedded => serde_json::from_str(text).ok(),
            _ => None,
        };
        let got = reparsed.as_ref().unwrap_or(got);
        match (wanted, got) {
            (Value::Object(wanted), Value::Object(got)) => self.members(wanted, got),
            (Value::Array(wanted), Value::Array(got)) if wanted.len() == got.len() => {
                wanted.iter().zip(got).try_for_each(|(wanted, got)| self.value(wanted, got, key))
            }
            (Value::String(text), Value::String(found)) if self.texts(text, found) => Ok(()),
            (wanted, got) if wanted == got => Ok(()),
            _ => unlike(),
        }
    }

    fn members(
        &mut self,
        wanted: &Map<String, Value>,
        got: &Map<String, Value>,
    ) -> Result<(), String> {
        if let Some(name) = got.keys().find(|name| !wanted.contains_key(*name)) {
            return Err(format!("{name} is too much"));
        }
        for (name, wanted) in wanted {
            let Some(got) = got.get(name) else { return Err(format!("{name} is missing")) };
            self.value(wanted, got, name)?;
        }
        Ok(())
    }

    /// Texts with tokens that stand for any text, the same everywhere.
    fn texts(&mut self, wanted: &str, got: &str) -> bool {
        if wanted == got {
            return true;
        }
        let (Some(from), Some(to)) = (wanted.find('<'), wanted.rfind('>')) else { return false };
        let token = wanted.get(from..=to).unwrap_or_default();
        let numbered = token.contains(':') || token.contains("idx");
        let wraps = got.len() >= from + wanted.len() - to - 1
            && got.starts_with(&wanted[..from])
            && got.ends_with(&wanted[to + 1..]);
        if !numbered || !wraps || !got.is_char_boundary(from) {
            return false;
        }
        let found = got[from..got.len() - (wanted.len() - to - 1)].to_owned();
        *self.bound.entry(token.into()).or_insert_with(|| found.clone()) == found
    }
}
