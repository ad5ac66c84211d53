//! Findings as SARIF 2.1.0, which code review tools read.

use std::collections::BTreeSet;

use asl::Severity;
use serde_json::{Value, json};

use crate::check::{Checked, Found, Outcome};
use crate::ui::text;

const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

pub(super) fn document(checked: &[Checked]) -> String {
    let found = |checked: &Checked| checked.findings().to_vec();
    let codes: BTreeSet<&str> = checked.iter().flat_map(found).map(|found| found.code).collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({ "id": code })).collect();
    let results: Vec<Value> = checked
        .iter()
        .flat_map(|checked| checked.findings().iter().map(|found| result(checked, found)))
        .collect();
    let unreadable: Vec<Value> = checked.iter().filter_map(notification).collect();
    let value = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "rung check",
                "version": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            } },
            "columnKind": "unicodeCodePoints",
            "invocations": [{
                "executionSuccessful": unreadable.is_empty(),
                "toolExecutionNotifications": unreadable,
            }],
            "results": results,
        }],
    });
    format!("{value:#}")
}

fn result(checked: &Checked, found: &Found) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": uri(checked) } });
    if let (Some(at), Value::Object(members)) = (found.position, &mut physical) {
        let region = json!({
            "startLine": at.line,
            "startColumn": at.column,
            "byteOffset": at.offset,
            "byteLength": at.length,
        });
        members.insert("region".to_owned(), region);
    }
    let mut location = json!({ "physicalLocation": physical });
    if let (Some(place), Value::Object(members)) = (&found.location, &mut location) {
        members.insert("logicalLocations".to_owned(), json!([{ "fullyQualifiedName": place }]));
    }
    json!({
        "ruleId": found.code,
        "level": match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "message": { "text": found.message },
        "locations": [location],
    })
}

fn notification(checked: &Checked) -> Option<Value> {
    let Outcome::Unreadable(reason) = &checked.outcome else { return None };
    let text = format!("{}: {reason}", text::short(&checked.file));
    Some(json!({ "level": "error", "message": { "text": text } }))
}

/// A relative reference with forward slashes, spaces and the like escaped.
fn uri(checked: &Checked) -> String {
    let path = text::short(&checked.file).replace('\\', "/");
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-~".contains(&byte);
    path.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
