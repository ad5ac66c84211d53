//! AWS's mock configuration.

use expect_test::expect;
use rehearsal::mock_config::MockConfig;
use serde_json::json;

use crate::{FUNCTION, rehearse, task};

fn config(responses: serde_json::Value) -> Result<MockConfig, String> {
    let file = json!({
        "StateMachines": { "M": { "TestCases": { "Case": { "Work": "Answers" } } } },
        "MockedResponses": { "Answers": responses }
    });
    MockConfig::parse(&file.to_string()).map_err(|mistake| mistake.to_string())
}

#[test]
fn ranges_are_calls() {
    let config = config(json!({
        "0": { "Throw": { "Error": "Busy", "Cause": "c" } },
        "1-2": { "Throw": { "Error": "Busy" } },
        "3": { "Return": { "Payload": 1 } }
    }))
    .expect("valid");
    let retry = json!({ "Retry": [{ "ErrorEquals": ["Busy"], "MaxAttempts": 5 }] });
    let mocks = config.mocks("M", "Case").expect("there");
    let run = rehearse(&task(FUNCTION, retry), mocks, json!({}));
    assert_eq!(*run.output.expect("succeeds").value(), json!({ "Payload": 1 }));
    assert_eq!(run.attempts["Work"], 4);
    assert_eq!(config.mocks("M", "Other"), None);
}

#[test]
fn mistakes_name_their_place() {
    let good = json!({ "Return": 1 });
    let mut told = String::new();
    for responses in [
        json!({ "x": good }),
        json!({ "2-1": good }),
        json!({ "0-2": good, "1": good }),
        json!({ "0": {} }),
        json!({ "0": { "Return": 1, "Throw": { "Error": "E" } } }),
        json!({ "0": { "Throw": {} } }),
    ] {
        told.push_str(&config(responses).expect_err("refused"));
        told.push('\n');
    }
    let file = json!({ "StateMachines": { "M": { "TestCases": { "C": { "A": "none" } } } } });
    told.push_str(&MockConfig::parse(&file.to_string()).expect_err("refused").to_string());
    expect![[r#"
        MockedResponses.Answers: `x` is not a call like "0" or calls like "1-3"
        MockedResponses.Answers: `2-1` is not a call like "0" or calls like "1-3"
        MockedResponses.Answers: call 1 has more than one response
        MockedResponses.Answers: 0: a response needs either `Return` or `Throw` with an `Error`
        MockedResponses.Answers: 0: a response needs either `Return` or `Throw` with an `Error`
        MockedResponses.Answers: 0: a response needs either `Return` or `Throw` with an `Error`
        StateMachines.M: TestCases.C.A names the response `none`, which is not there"#]]
    .assert_eq(&told);
}
