//! An expression. The first line is `$states.input`, the rest the expression. That evaluations
//! end is for the fuzzer to see, which bounds the time of an input.

use jsonata::{Bound, EvaluationError, Expression, Reference, Steps};
use moment::Moment;
use serde_json::{Value, json};

use crate::input;

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (input, expression) = input::line(&text);
    let expression = match Expression::parse(expression) {
        Ok(expression) => expression,
        Err(error) => {
            assert!(!error.message.is_empty());
            return;
        }
    };
    check_references(&expression);
    let input = input::value_or(input, || json!({"a": [1, 2, {"b": "x"}], "s": "text", "n": 1.5}));
    let states = json!({
        "input": input,
        "result": {"ok": true},
        "context": {"Execution": {"Id": "e", "Name": "n"}, "State": {"EnteredTime": "t"}},
    });
    let (states, list) = (Bound::from(states), Bound::from(json!([3, 1, 2])));
    let variables = [("states", &states), ("list", &list)];
    let moment = Moment { now_ms: 1_704_067_200_000, seed: 1 };
    let (steps, again) = (Steps::default(), Steps::default());
    let outcome = expression.evaluate(&variables, &moment, &steps);
    let same = expression.evaluate(&variables, &moment, &again);
    assert_eq!((&outcome, steps.left()), (&same, again.left()), "not the same again");
    check_outcome(outcome);
}

/// What an expression refers to stands in it.
fn check_references(expression: &Expression) {
    for reference in expression.references() {
        match reference {
            Reference::Variable(name) => {
                assert!(expression.text().contains(&format!("${name}")), "{name}");
            }
            Reference::Root | Reference::TopLevel(_) | Reference::States(_) => {}
        }
    }
}

fn check_outcome(outcome: Result<Value, EvaluationError>) {
    match outcome {
        Ok(value) => {
            let text = value.to_string();
            assert!(!text.is_empty());
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
}
