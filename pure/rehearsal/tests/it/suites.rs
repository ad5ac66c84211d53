//! Our test files.

use expect_test::expect;
use rehearsal::suite::Suite;
use serde_json::{Value, json};

use crate::{FUNCTION, mocks, rehearse, task};

fn suite(test: Value) -> Result<Suite, String> {
    Suite::read(json!({ "tests": [test] })).map_err(|mistake| mistake.to_string())
}

#[test]
fn mistakes_name_their_place() {
    let with = |more: Value| {
        let mut test = json!({ "name": "t", "expect": {} });
        test.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        suite(test).expect_err("refused")
    };
    let mut told = String::new();
    for more in [
        json!({ "inptu": 1 }),
        json!({ "input": 1, "input_file": "a" }),
        json!({ "start": "today" }),
        json!({ "expect": { "statsu": "FAILED" } }),
        json!({ "expect": { "status": "DONE" } }),
        json!({ "mocks": { "A": { "result": 1, "error": "E" } } }),
        json!({ "mocks": { "A": [{ "result": 1 }, {}] } }),
        json!({ "mocks": { "A": { "result": 1, "after": "soon" } } }),
        json!({ "mocks": { "A": { "result": 1, "times": 0 } } }),
        json!({ "mocks": { "A": 7 } }),
    ] {
        told.push_str(&with(more));
        told.push('\n');
    }
    told.push_str(&Suite::read(json!({ "tests": [] })).expect_err("refused").to_string());
    expect![[r#"
        test `t`: unknown field `inptu`, expected one of `name`, `machine`, `case`, `input`, `input_file`, `mocks`, `execution_name`, `start`, `seed`, `expect`
        test `t`: it has `input` and `input_file`; it can have one of them
        test `t`: start `today` is not a time like 2024-01-01T00:00:00Z
        test `t`: expect: unknown field `statsu`, expected one of `status`, `output`, `output_includes`, `error`, `cause`, `cause_includes`, `path`, `visits`, `attempts`, `variables`
        test `t`: expect: status `DONE` is none of SUCCEEDED, FAILED, TIMED_OUT, ABORTED
        test `t`: the mock of `A`: it needs exactly one of result, payload, error, never
        test `t`: the mock of `A`: [1]: it needs exactly one of result, payload, error, never
        test `t`: the mock of `A`: "soon" is not a time like 2s, 250ms, 5m, 1h or 3d
        test `t`: the mock of `A`: times 0 is not a number or `always`
        test `t`: the mock of `A`: 7 is not an object
        it has 0 tests; 1 to 10000 are allowed"#]].assert_eq(&told);
}

#[test]
fn differences_are_told_by_place() {
    let expects = json!({
        "output": { "a": 1.0, "b": [1, 2], "c": "x" },
        "path": ["Work", "More"],
        "attempts": { "Work": 2 },
        "visits": { "Work": 1 },
        "variables": { "v": 1 }
    });
    let suite = suite(json!({ "name": "t", "expect": expects })).expect("valid");
    let answer = mocks(json!({ "Work": { "result": { "a": 1, "b": [1], "d": true } } }));
    let run = rehearse(&task(FUNCTION, json!({})), &answer, json!({}));
    let told = suite.tests[0].expect.differences(&run).join("\n");
    expect![[r#"
        the output differs
          $.b[1]: expected 2, is absent
          $.c: expected "x", is absent
          $.d: not expected, is true
        the path differs
          expected Work → More
          took     Work
        `Work` is called 1 times; expected 2
        the variable $v is not assigned"#]]
    .assert_eq(&told);
}

#[test]
fn failures_are_expected_by_error_alone() {
    let suite = suite(json!({ "name": "t", "expect": { "error": "E", "cause_includes": "b" } }));
    let expects = &suite.expect("valid").tests[0].expect;
    for (answer, fine) in [
        (json!({ "error": "E", "cause": "abc" }), true),
        (json!({ "error": "E", "cause": "a" }), false),
        (json!({ "result": 1 }), false),
    ] {
        let run =
            rehearse(&task(FUNCTION, json!({})), &mocks(json!({ "Work": answer })), json!({}));
        assert_eq!(expects.differences(&run).is_empty(), fine, "{:?}", expects.differences(&run));
    }
}
