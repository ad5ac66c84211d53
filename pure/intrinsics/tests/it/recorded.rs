//! The recorded cases whose one state calls a function on the input.

use std::path::{Path as FilePath, PathBuf};

use intrinsics::Call;
use moment::Random;
use serde_json::{Value, json};

use crate::scope::Fixture;

#[test]
#[expect(clippy::disallowed_methods, reason = "the cases are a file")]
fn recorded_cases() {
    let Some(file) = cases() else {
        println!("skipped: no folder `shared/conformance/step-functions` beside the workspace");
        return;
    };
    let cases: Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    let mut compared = 0;
    for case in cases.as_array().unwrap() {
        let state = case["definition"]["States"].as_object().unwrap().values().next().unwrap();
        let Some(text) = state["Parameters"]["FunctionResult.$"].as_str() else { continue };
        let one = vec![case.clone()];
        for run in case["runs"].as_array().unwrap_or(&one) {
            compared += usize::from(agrees(text, run));
        }
    }
    assert!(compared > 60, "only {compared} runs were compared");
}

/// Whether the run could be compared; it then agrees.
fn agrees(text: &str, run: &Value) -> bool {
    let wanted = &run["expected"]["output"]["FunctionResult"];
    let placeholder = |text: &str| text == "RandomNumberGenerated" || text.starts_with('<');
    if wanted.as_str().is_some_and(placeholder) {
        return false;
    }
    let context = json!({ "Execution": { "Input": run["input"] } });
    let fixture = Fixture { input: run["input"].clone(), context };
    let call = Call::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    let found = call.evaluate(&fixture, &mut Random::new(1));
    assert_eq!(found.as_ref(), Ok(wanted), "{text} on {}", run["input"]);
    true
}

#[expect(clippy::disallowed_methods, reason = "where the cases lie is a setting")]
fn cases() -> Option<PathBuf> {
    let shared = match std::env::var_os("RUNG_SHARED") {
        Some(shared) => PathBuf::from(shared),
        None => FilePath::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(3)?.join("shared"),
    };
    let file = shared.join("conformance/step-functions/intrinsic_functions.json");
    file.exists().then_some(file)
}
