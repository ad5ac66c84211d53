//! Real definitions from public repositories: all are accepted.

use asl::Options;
use serde_json::Value;

use crate::shared;

#[test]
fn real_definitions_are_accepted() {
    let Some(folder) = shared::folder("corpus/asl") else { return };
    let index = std::fs::read_to_string(folder.join("index.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    let mut wrong = Vec::new();
    let mut strict = 0;
    for entry in index["definitions"].as_array().unwrap() {
        if entry["parse"] != "strict" {
            continue;
        }
        strict += 1;
        let file = entry["file"].as_str().unwrap();
        let text = std::fs::read_to_string(folder.join(file)).unwrap();
        let mut value: Value = serde_json::from_str(&text).unwrap();
        fill(&mut value);
        let outcome = asl::parse(&value.to_string(), &Options::default());
        wrong.extend(outcome.findings.first().map(|found| format!("{file}: {found:?}\n")));
    }
    assert!(wrong.is_empty(), "{} of {strict}:\n{}", wrong.len(), wrong.concat());
    assert!(strict > 190, "only {strict} definitions");
}

/// Deployment tools and their users put ARNs where the authors wrote `${FunctionArn}` or
/// `{{FUNCTION_ARN}}`, and switches into expressions.
fn fill(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "Resource" => *text = resource(text),
                    Value::String(text) if text.starts_with("{%") => *text = filled(text, "true"),
                    _ => fill(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(fill),
        _ => {}
    }
}

fn resource(text: &str) -> String {
    let whole = |open: &str, close: &str| text.starts_with(open) && text.ends_with(close);
    if whole("${", "}") || whole("{{", "}}") {
        let kind = match text.to_lowercase().contains("activity") {
            true => "states:us-east-1:111122223333:activity",
            false => "lambda:us-east-1:111122223333:function",
        };
        return format!("arn:aws:{kind}:work");
    }
    filled(text, "work")
}

fn filled(text: &str, unnamed: &str) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let name = name.to_lowercase();
        filled.push_str(before);
        filled.push_str(match name.as_str() {
            _ if name.contains("partition") => "aws",
            _ if name.contains("region") => "us-east-1",
            _ if name.contains("account") => "111122223333",
            _ => unnamed,
        });
        rest = after;
    }
    filled + rest
}
