//! Every definition that the real service was given: accepted or refused as it did, in its words.

use std::path::Path;

use asl::{MachineKind, Options};
use serde_json::Value;

use crate::shared;

/// Fewer than this and the test looks in the wrong place.
const DEFINITIONS_MIN: usize = 400;

// SFN-SM-1, SFN-VAL-1 to SFN-VAL-7
#[test]
fn definitions_are_judged_as_recorded() {
    let Some(folder) = shared::folder("conformance/step-functions") else { return };
    let mut judged = 0;
    let mut wrong = Vec::new();
    for (file, case) in cases(&folder) {
        let id = format!("{file}: {}", case["id"].as_str().unwrap_or("?"));
        for (definition, kind, expected) in definitions(&case) {
            judged += 1;
            let found = judge(&definition, kind);
            if found != expected {
                wrong.push(format!("{id}\n  expected {expected:?}\n  found    {found:?}\n"));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {judged}:\n{}", wrong.len(), wrong.concat());
    assert!(judged >= DEFINITIONS_MIN, "only {judged} definitions");
}

// SFN-SM-32
#[test]
fn variable_references_are_as_recorded() {
    let Some(folder) = shared::folder("conformance/step-functions") else { return };
    let mut seen = 0;
    for (_, case) in cases(&folder) {
        let id = case["id"].as_str().unwrap_or("?").to_owned();
        let steps = array(&case["steps"]);
        let created = steps.iter().find(|step| step["op"] == "CreateStateMachine");
        let described = steps.iter().find(|step| step["op"] == "DescribeStateMachine");
        let (Some(created), Some(described)) = (created, described) else { continue };
        if !id.contains("variable_references") {
            continue;
        }
        let text = text_of(&created["params"]["definition"]);
        let outcome = asl::parse(&text, &Options::default());
        let mut expected = described["expect"]["variableReferences"].clone();
        for (_, names) in expected.as_object_mut().into_iter().flatten() {
            names.as_array_mut().unwrap().sort_by_key(|name| name.to_string());
        }
        let found = match outcome.variable_references.is_empty() {
            true => Value::Null,
            false => serde_json::to_value(&outcome.variable_references).unwrap(),
        };
        assert_eq!(found, expected, "{id}");
        seen += 1;
    }
    assert!(seen >= 8, "only {seen} cases");
}

fn cases(folder: &Path) -> Vec<(String, Value)> {
    let mut cases = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            let file = path.file_name().unwrap().to_string_lossy().into_owned();
            let list: Vec<Value> =
                serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap();
            cases.extend(list.into_iter().map(|case| (file.clone(), case)));
        }
    }
    cases
}

type Judged = (String, MachineKind, Vec<String>);

/// The definitions of a case that AWS judged, with the findings it had.
fn definitions(case: &Value) -> Vec<Judged> {
    let mut found = Vec::new();
    let kind = kind(&case["type"]);
    let executed = array(&case["runs"]).iter().map(|run| &run["definition"]);
    for definition in executed.chain([&case["definition"]]).filter(|value| !value.is_null()) {
        found.push((fill(&definition.to_string()), kind, Vec::new()));
    }
    for step in array(&case["steps"]) {
        let params = &step["params"];
        if params["definition"].is_null() {
            continue;
        }
        let text = text_of(&params["definition"]);
        let kind = self::kind(&params["type"]);
        let error = &step["expect_error"];
        match step["op"].as_str() {
            Some("ValidateStateMachineDefinition") => {
                found.push((text, kind, diagnostics(&step["expect"])));
            }
            Some("CreateStateMachine" | "UpdateStateMachine") => {
                if let Some(expected) = refusal(error) {
                    found.push((text, kind, expected));
                }
            }
            _ => {}
        }
    }
    found
}

/// The findings in an `InvalidDefinition`; `None` when the call failed for another reason.
fn refusal(error: &Value) -> Option<Vec<String>> {
    if error.is_null() {
        return Some(Vec::new());
    }
    let message = error["message"].as_str()?;
    let inside = message.strip_prefix("Invalid State Machine Definition: '")?.strip_suffix('\'')?;
    Some(vec![inside.to_owned()])
}

fn diagnostics(expected: &Value) -> Vec<String> {
    let line = |item: &Value| {
        let text = |name: &str| item[name].as_str().unwrap_or("null").to_owned();
        format!("{}: {} at {}", text("code"), text("message"), text("location"))
    };
    array(&expected["diagnostics"]).iter().map(line).collect()
}

fn judge(text: &str, kind: MachineKind) -> Vec<String> {
    let outcome = asl::parse(text, &Options { kind, ..Options::default() });
    assert_eq!(outcome.definition.is_some(), outcome.findings.is_empty());
    let line = |finding: &asl::Finding| {
        let location = finding.location.as_deref().unwrap_or("null");
        let line = format!("{}: {} at {location}", finding.code, finding.message);
        line.replace("arn:aws:", "arn:<partition>:")
    };
    outcome.findings.iter().map(line).collect()
}

fn kind(value: &Value) -> MachineKind {
    if value == "EXPRESS" { MachineKind::Express } else { MachineKind::Standard }
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A request member: JSON to be sent as text, or text.
fn text_of(value: &Value) -> String {
    match value {
        Value::String(text) => fill(text),
        other => fill(&other.get("$json").unwrap_or(other).to_string()),
    }
}

/// Replaces the placeholders of the recordings by what could have been there.
fn fill(text: &str) -> String {
    let mut parts = text.split("%%");
    let mut filled = parts.next().unwrap_or("").to_owned();
    let mut placeholder = true;
    for part in parts {
        filled.push_str(if placeholder { value_of(part) } else { part });
        placeholder = !placeholder;
    }
    filled
}

fn value_of(placeholder: &str) -> &'static str {
    match placeholder {
        "account" | "account2" => "111122223333",
        "region" => "us-east-1",
        _ if placeholder.contains("activityArn") => {
            "arn:aws:states:us-east-1:111122223333:activity:work"
        }
        _ if placeholder.contains("FunctionArn") => {
            "arn:aws:lambda:us-east-1:111122223333:function:work"
        }
        _ if placeholder.starts_with("now") => "2030-01-01T00:00:00",
        _ => "anything",
    }
}
