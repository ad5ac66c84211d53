//! A definition, in JSON or YAML. The first byte's lowest bits choose Express, YAML and no
//! warnings; the rest is the text.

use asl::{Finding, MachineKind, Options, Outcome, Severity, Syntax};
use serde_json::Value;

pub(crate) fn run(data: &[u8]) {
    let Some((flags, text)) = data.split_first() else { return };
    let text = String::from_utf8_lossy(text);
    let options = options(*flags);
    let outcome = asl::parse(&text, &options);
    let refused = outcome.findings.iter().any(|finding| finding.severity == Severity::Error);
    assert_eq!(outcome.definition.is_none(), refused, "a definition or an error");
    for finding in &outcome.findings {
        check_finding(&text, finding);
    }
    match options.syntax {
        Syntax::Json => check_json(&text),
        Syntax::Yaml => check_yaml(&text, &options, &outcome),
    }
}

fn options(flags: u8) -> Options {
    let kind = if flags & 1 == 0 { MachineKind::Standard } else { MachineKind::Express };
    let syntax = if flags & 2 == 0 { Syntax::Json } else { Syntax::Yaml };
    Options { kind, syntax, warnings: flags & 4 == 0 }
}

/// A finding is told, and its place is in the text.
fn check_finding(text: &str, finding: &Finding) {
    assert!(!finding.message.is_empty(), "{finding:?}");
    assert!(!asl::describe(finding).is_empty());
    assert!(!asl::excerpt(text, finding).is_empty());
    let Some(position) = finding.position else { return };
    let place = text.get(position.offset..position.offset + position.length);
    assert!(place.is_some(), "outside of the text: {finding:?}");
    let before = text.get(..position.offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |end| end + 1);
    let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
    let line = before.matches('\n').count() + 1;
    assert_eq!((position.line, position.column), (line, column), "{finding:?}");
}

/// What is no error for us is none for whoever reads the stored text again.
fn check_json(text: &str) {
    match asl::json_error(text) {
        None => {
            let again: Result<Value, _> = serde_json::from_str(text);
            assert!(again.is_ok(), "serde_json refuses it: {again:?}");
        }
        Some(error) => assert!(error.line > 0 && error.column > 0, "{error:?}"),
    }
}

/// The JSON that a YAML text is turned to is judged like it.
fn check_yaml(text: &str, options: &Options, outcome: &Outcome) {
    let Ok(json) = asl::yaml_to_json(text) else {
        assert!(outcome.definition.is_none());
        return;
    };
    let again: Result<Value, _> = serde_json::from_str(&json);
    assert!(again.is_ok(), "{json}: {again:?}");
    let as_json = asl::parse(&json, &Options { syntax: Syntax::Json, ..*options });
    let (yaml, json) = (outcome.definition.is_some(), as_json.definition.is_some());
    assert_eq!(yaml, json, "{:?} {:?}", outcome.findings, as_json.findings);
}
