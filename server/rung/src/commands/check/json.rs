//! Findings as JSON: one object with every file and a count.

use asl::Severity;
use serde_json::{Value, json};

use crate::check::{Checked, Found, Outcome};
use crate::ui::text;

pub(super) fn document(checked: &[Checked]) -> String {
    let count = |severity| checked.iter().map(|checked| checked.count(severity)).sum::<usize>();
    let value = json!({
        "files": checked.iter().map(file).collect::<Vec<_>>(),
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
    });
    format!("{value:#}")
}

fn file(checked: &Checked) -> Value {
    let mut value = json!({ "file": text::short(&checked.file) });
    let mut put = |name: &str, member: Value| {
        if let Value::Object(members) = &mut value {
            members.insert(name.to_owned(), member);
        }
    };
    if let Some(machine) = &checked.machine {
        put("machine", machine.as_str().into());
    }
    match &checked.outcome {
        Outcome::Findings(found) => put("findings", found.iter().map(finding).collect()),
        Outcome::Computed(why) => put("notChecked", why.as_str().into()),
        Outcome::Unreadable(reason) => put("unreadable", reason.as_str().into()),
    }
    value
}

fn finding(found: &Found) -> Value {
    json!({
        "severity": match found.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        },
        "code": found.code,
        "message": found.message,
        "location": found.location,
        "line": found.position.map(|position| position.line),
        "column": found.position.map(|position| position.column),
        "offset": found.position.map(|position| position.offset),
        "length": found.position.map(|position| position.length),
    })
}
