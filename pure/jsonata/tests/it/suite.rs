//! The reference implementation's suite, save the exceptions listed with their reasons.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use jsonata::{Bound, EvaluationError, Expression};
use moment::Moment;
use serde_json::Value;

const EXCEPTIONS: &str = include_str!("../data/exceptions.txt");

/// Cases that pass, of a thousand, at least; those left out on purpose for a requirement of the
/// service (their reasons begin with its number) do not count.
const PASSED_MIN: usize = 995;

#[test]
fn the_reference_suite() {
    let Some(folder) = suite() else {
        println!("skipped: no folder `shared/conformance/jsonata` beside the workspace");
        return;
    };
    let mut exceptions = exceptions();
    let (mut passed, mut total, mut wrong) = (0, 0, Vec::new());
    for (name, case) in cases(&folder) {
        total += 1;
        match (verdict(&folder, &name, &case), exceptions.remove(name.as_str())) {
            (Ok(()), None) => passed += 1,
            (Err(_), Some(reason)) => total -= usize::from(reason.starts_with("SFN-")),
            (Ok(()), Some(_)) => wrong.push(format!("{name}: passes, yet is listed")),
            (Err(why), None) => wrong.push(format!("{name}: {why}")),
        }
    }
    wrong.extend(exceptions.keys().map(|name| format!("{name}: listed, but not in the suite")));
    assert!(wrong.is_empty(), "{passed} of {total} passed, else:\n{}", wrong.join("\n"));
    assert!(passed * 1000 >= total * PASSED_MIN, "only {passed} of {total} pass");
}

#[expect(clippy::disallowed_methods, reason = "where the suite lies is a setting")]
fn suite() -> Option<PathBuf> {
    let shared = match std::env::var_os("RUNG_SHARED") {
        Some(shared) => PathBuf::from(shared),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?.join("shared"),
    };
    let folder = shared.join("conformance/jsonata");
    folder.join("groups").exists().then_some(folder)
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

#[expect(clippy::disallowed_methods, reason = "the suite is a folder of files")]
fn cases(folder: &Path) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    for group in std::fs::read_dir(folder.join("groups")).unwrap() {
        let group = group.unwrap().path();
        for file in std::fs::read_dir(&group).unwrap() {
            let file = file.unwrap().path();
            if file.extension().is_none_or(|extension| extension != "json") {
                continue;
            }
            let group = group.file_name().unwrap().to_string_lossy().into_owned();
            let stem = file.file_stem().unwrap().to_string_lossy();
            // Half of a surrogate pair is no text here; such a file is skipped by name below.
            let Ok(content) = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()) else {
                all.push((format!("{group}/{stem}"), Value::Null));
                continue;
            };
            match content {
                Value::Array(cases) => all.extend(
                    cases
                        .into_iter()
                        .enumerate()
                        .map(|(at, case)| (format!("{group}/{stem}[{at}]"), case)),
                ),
                case => all.push((format!("{group}/{stem}"), case)),
            }
        }
    }
    all
}

#[expect(clippy::disallowed_methods, reason = "expressions and documents are files")]
fn verdict(folder: &Path, name: &str, case: &Value) -> Result<(), String> {
    if case.is_null() {
        return Err("the case is no JSON text here".to_owned());
    }
    let read = |path: PathBuf| std::fs::read_to_string(path).unwrap();
    let group = name.split('/').next().unwrap();
    let text = match case["expr-file"].as_str() {
        Some(file) => read(folder.join("groups").join(group).join(file)),
        None => case["expr"].as_str().unwrap().to_owned(),
    };
    let document = match case["dataset"].as_str() {
        Some(dataset) => {
            let text = read(folder.join("datasets").join(format!("{dataset}.json")));
            Some(serde_json::from_str(&text).unwrap())
        }
        None => case.get("data").cloned(),
    };
    let bindings = case["bindings"].as_object().cloned().unwrap_or_default();
    let bound: Vec<_> =
        bindings.iter().map(|(name, value)| (name.as_str(), Bound::new(value))).collect();
    let variables: Vec<_> = bound.iter().map(|(name, bound)| (*name, bound)).collect();
    let document = document.map(Bound::from);
    let moment = Moment { now_ms: 1_767_225_600_000, seed: 7 };
    let found = match Expression::parse(&text) {
        Err(error) => Err(error.message),
        Ok(expression) => expression
            .evaluate_on(document.as_ref(), &variables, &moment)
            .map_err(|error| format!("{error:?}")),
    };
    compare(case, &text, found)
}

fn compare(case: &Value, text: &str, found: Result<Value, String>) -> Result<(), String> {
    let said = format!("{text:?} gives {found:?}").chars().take(300).collect::<String>();
    let undefined = format!("{:?}", EvaluationError::Undefined);
    let agrees = if let Some(wanted) = case.get("result") {
        let unordered = case["unordered"] == Value::Bool(true);
        found.is_ok_and(|found| same(&found, wanted, unordered))
    } else if case["undefinedResult"] == Value::Bool(true) {
        found == Err(undefined)
    } else {
        let code = case["code"].as_str().or(case["error"]["code"].as_str()).unwrap_or("?");
        // A parse error has lost its code, as the service prints none. The evaluator finds a
        // call of a number while parsing.
        let is_parse_error = code.starts_with('S') || ["T1006", "T1008"].contains(&code);
        found.is_err_and(|found| found != undefined && (is_parse_error || found.contains(code)))
    };
    if agrees { Ok(()) } else { Err(said) }
}

/// Deep equality; numbers as doubles.
fn same(found: &Value, wanted: &Value, unordered: bool) -> bool {
    match (found, wanted) {
        (Value::Number(one), Value::Number(two)) => one.as_f64() == two.as_f64(),
        (Value::Array(one), Value::Array(two)) if unordered => {
            one.len() == two.len()
                && two.iter().all(|two| one.iter().any(|one| same(one, two, false)))
        }
        (Value::Array(one), Value::Array(two)) => {
            one.len() == two.len() && one.iter().zip(two).all(|(one, two)| same(one, two, false))
        }
        (Value::Object(one), Value::Object(two)) => {
            let member = |(name, one)| two.get(name).is_some_and(|two| same(one, two, false));
            one.len() == two.len() && one.iter().all(member)
        }
        _ => found == wanted,
    }
}
