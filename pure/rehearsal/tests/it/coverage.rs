//! What runs cover.

use expect_test::expect;
use rehearsal::coverage::{Coverage, GROUPS};
use serde_json::json;

use crate::{FUNCTION, definition, mocks, rehearse};

#[test]
fn ways_that_were_never_taken_are_named() {
    let machine = json!({ "StartAt": "Which", "States": {
        "Which": { "Type": "Choice", "Default": "Plain", "Choices": [
            { "Variable": "$.n", "NumericEquals": 1, "Next": "Work" },
            { "Variable": "$.n", "NumericEquals": 2, "Next": "Work" }
        ] },
        "Work": { "Type": "Task", "Resource": FUNCTION, "Next": "Plain",
            "Retry": [{ "ErrorEquals": ["A"], "MaxAttempts": 1 }, { "ErrorEquals": ["B"] }],
            "Catch": [{ "ErrorEquals": ["A"], "Next": "Plain" },
                { "ErrorEquals": ["States.ALL"], "Next": "Odd" }] },
        "Odd": { "Type": "Parallel", "End": true, "Branches": [
            { "StartAt": "Inner", "States": { "Inner": { "Type": "Pass", "End": true } } }] },
        "Plain": { "Type": "Succeed" }
    } });
    let mut coverage = Coverage::of(&definition(&machine));
    for (n, answer) in [(2, json!({ "error": "A" })), (3, json!({ "result": 1 }))] {
        let run = rehearse(&machine, &mocks(json!({ "Work": answer })), json!({ "n": n }));
        assert_eq!(run.problem, None);
        coverage.add(&run.spots);
    }
    let counts = coverage.counts();
    let mut told = String::new();
    for group in GROUPS {
        told.push_str(&format!("{group}: {}/{}\n", counts[group].taken, counts[group].all));
    }
    for (_, line) in coverage.missed() {
        told.push_str(&format!("{line}\n"));
    }
    expect![[r#"
        states: 3/5
        choice branches: 2/3
        retriers: 1/2
        catchers: 1/2
        Which: Choices[0] never leads to Work
        Work: Retry[1] never retries (B)
        Work: Catch[1] never leads to Odd (States.ALL)
        Odd is never entered
        Inner is never entered
    "#]]
    .assert_eq(&told);
}
