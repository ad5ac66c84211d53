//! Every valid case of the RFC 9535 suite, save the exceptions listed with their reasons.

use std::collections::BTreeMap;
use std::path::{Path as FilePath, PathBuf};

use jsonpath::Path;
use serde_json::Value;

const EXCEPTIONS: &str = include_str!("../data/exceptions.txt");

#[test]
#[expect(clippy::disallowed_methods, reason = "the suite is a file")]
fn the_rfc_suite() {
    let Some(file) = suite() else {
        println!("skipped: no folder `shared/conformance/jsonpath` beside the workspace");
        return;
    };
    let suite: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut exceptions = exceptions();
    let (mut passed, mut wrong) = (0, Vec::new());
    for case in suite["tests"].as_array().unwrap() {
        if case["invalid_selector"] == Value::Bool(true) {
            continue;
        }
        let name = case["name"].as_str().unwrap();
        match (verdict(case), exceptions.remove(name)) {
            (Ok(()), None) => passed += 1,
            (Err(_), Some(_)) => {}
            (Ok(()), Some(_)) => wrong.push(format!("{name}: passes, yet is listed")),
            (Err(why), None) => wrong.push(format!("{name}: {why}")),
        }
    }
    wrong.extend(exceptions.keys().map(|name| format!("{name}: listed, but not in the suite")));
    assert!(wrong.is_empty(), "{} passed, else:\n{}", passed, wrong.join("\n"));
    assert!(passed > 250, "only {passed} cases ran");
}

#[expect(clippy::disallowed_methods, reason = "where the suite lies is a setting")]
fn suite() -> Option<PathBuf> {
    let shared = match std::env::var_os("RUNG_SHARED") {
        Some(shared) => PathBuf::from(shared),
        None => FilePath::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?.join("shared"),
    };
    let file = shared.join("conformance/jsonpath/cts.json");
    file.exists().then_some(file)
}

/// Name to reason: a reason is a line `# reason`, and holds for the names below it.
fn exceptions() -> BTreeMap<&'static str, &'static str> {
    let mut reason = "";
    let mut all = BTreeMap::new();
    for line in EXCEPTIONS.lines().filter(|line| !line.is_empty()) {
        match line.strip_prefix("# ") {
            Some(text) => reason = text,
            None => assert!(all.insert(line, reason).is_none(), "`{line}` is listed twice"),
        }
    }
    assert!(all.values().all(|reason| !reason.is_empty()));
    all
}

fn verdict(case: &Value) -> Result<(), String> {
    let selector = case["selector"].as_str().unwrap();
    let path = Path::parse(selector).map_err(|error| format!("{selector}: {error}"))?;
    // The suite asks for a list of nodes: a definite path that is missing has none.
    let found = match path.select(&case["document"]) {
        Ok(jsonpath::Selection::One(value)) => Value::Array(vec![value.clone()]),
        Ok(selection) => selection.into_value(),
        Err(_) => Value::Array(Vec::new()),
    };
    let wanted = |value: &&Value| **value == found;
    let any_order = case["results"].as_array().is_some_and(|all| all.iter().any(|v| wanted(&v)));
    match any_order || case.get("result").filter(wanted).is_some() {
        true => Ok(()),
        false => Err(format!("{selector} on {} gives {found}", case["document"])),
    }
}
