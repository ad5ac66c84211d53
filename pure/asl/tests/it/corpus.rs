//! Real definitions from public repositories: all are accepted, or listed with the reason.

use std::collections::BTreeMap;

use asl::Options;
use serde_json::Value;

use crate::shared;

/// `file: the finding that refuses it, and why it is right`, a line each.
const EXCEPTIONS: &str = include_str!("../data/corpus-exceptions.txt");

#[test]
fn real_definitions_are_accepted() {
    let Some(folder) = shared::folder("corpus/asl") else { return };
    let index = std::fs::read_to_string(folder.join("index.json")).unwrap();
    let index: Value = serde_json::from_str(&index).unwrap();
    let mut exceptions: BTreeMap<&str, &str> =
        EXCEPTIONS.lines().filter_map(|line| line.split_once(": ")).collect();
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
        fill_resources(&mut value);
        let outcome = asl::parse(&value.to_string(), &Options::default());
        let found = outcome.findings.first().map(asl::describe);
        match (found, exceptions.remove(file)) {
            (Some(found), Some(reason)) if reason.starts_with(&found) => {}
            (None, None) => {}
            (found, reason) => wrong.push(format!("{file}: {found:?}, listed {reason:?}\n")),
        }
    }
    assert!(wrong.is_empty(), "{} of {strict}:\n{}", wrong.len(), wrong.concat());
    assert!(exceptions.is_empty(), "not in the corpus: {exceptions:?}");
    assert!(strict > 190, "only {strict} definitions");
}

/// Deployment tools put ARNs where the authors wrote `${FunctionArn}`.
fn fill_resources(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match member {
                    Value::String(text) if name == "Resource" => *text = filled(text),
                    _ => fill_resources(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(fill_resources),
        _ => {}
    }
}

fn filled(resource: &str) -> String {
    if resource.starts_with("${") && resource.ends_with('}') {
        let kind = match resource.contains("Activity") {
            true => "states:us-east-1:111122223333:activity",
            false => "lambda:us-east-1:111122223333:function",
        };
        return format!("arn:aws:{kind}:work");
    }
    let mut filled = String::new();
    let mut rest = resource;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}').unwrap_or((after, ""));
        let name = name.to_lowercase();
        filled.push_str(before);
        filled.push_str(match name.as_str() {
            _ if name.contains("partition") => "aws",
            _ if name.contains("region") => "us-east-1",
            _ if name.contains("account") => "111122223333",
            _ => "work",
        });
        rest = after;
    }
    filled + rest
}
