//! What valid definitions compile to, and where findings are shown.

use asl::model::{
    Flow, InputType, Items, Kind, MapMode, PathField, ReadAction, Resource, Template, Transition,
};
use asl::{Options, excerpt};
use expect_test::expect;
use serde_json::json;

const TEN_MISTAKES: &str = r#"{
  "StartAt": "First",
  "Stats": {},
  "States": {
    "First": {
      "Type": "Pass",
      "InputPath": "total",
      "Parameters": { "id.$": "order.id" },
      "Next": "Secnd"
    },
    "Second": {
      "Type": "Task",
      "Resource": "${ChargeCard}",
      "TimeoutSeconds": 0,
      "Retry": [{ "ErrorEquals": ["States.ALL", "Other"] }],
      "End": true
    },
    "Third": {
      "Type": "Wait",
      "Seconds": 5,
      "Timestamp": "2024-01-01T00:00:00Z"
    },
    "Fourth": {
      "Tpye": "Succeed"
    }
  }
}
"#;

#[test]
fn every_mistake_is_found_at_its_place() {
    let outcome = asl::parse(TEN_MISTAKES, &Options::default());
    assert!(outcome.definition.is_none());
    let shown: Vec<_> =
        outcome.findings.iter().map(|finding| excerpt(TEN_MISTAKES, finding)).collect();
    expect![[r#"
        SCHEMA_VALIDATION_FAILED: Field 'Stats' is not supported at /
          line 3, column 3
          3 |   "Stats": {},
            |   ^^^^^^^
        SCHEMA_VALIDATION_FAILED: The value for the field 'id.$' must be a valid JSONPath or a valid intrinsic function call at /States/First/Parameters
          line 8, column 31
          8 |       "Parameters": { "id.$": "order.id" },
            |                               ^^^^^^^^^^
        SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/First/InputPath
          line 7, column 20
          7 |       "InputPath": "total",
            |                    ^^^^^^^
        SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/Second/Retry[0]/ErrorEquals
          line 15, column 34
          15 |       "Retry": [{ "ErrorEquals": ["States.ALL", "Other"] }],
             |                                  ^^^^^^^^^^^^^^^^^^^^^^^
        SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/Second/Resource
          line 13, column 19
          13 |       "Resource": "${ChargeCard}",
             |                   ^^^^^^^^^^^^^^^
        SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/Second/TimeoutSeconds
          line 14, column 25
          14 |       "TimeoutSeconds": 0,
             |                         ^
        SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/Third
          line 18, column 5
          18 |     "Third": {
             |     ^^^^^^^
        SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [SecondsPath, Seconds, TimestampPath, Timestamp] at /States/Third
          line 21, column 7
          21 |       "Timestamp": "2024-01-01T00:00:00Z"
             |       ^^^^^^^^^^^
        SCHEMA_VALIDATION_FAILED: The field 'Type' is required at /States/Fourth
          line 23, column 5
          23 |     "Fourth": {
             |     ^^^^^^^^
        MISSING_TRANSITION_TARGET: Missing 'Next' target: Secnd at /States/First/Next
          line 9, column 15
          9 |       "Next": "Secnd"
            |               ^^^^^^^
        MISSING_TRANSITION_TARGET: State "Second" is not reachable. at /States/Second
          line 11, column 5
          11 |     "Second": {
             |     ^^^^^^^^
        MISSING_TRANSITION_TARGET: State "Third" is not reachable. at /States/Third
          line 18, column 5
          18 |     "Third": {
             |     ^^^^^^^
        MISSING_TRANSITION_TARGET: State "Fourth" is not reachable. at /States/Fourth
          line 23, column 5
          23 |     "Fourth": {
             |     ^^^^^^^^"#]].assert_eq(&shown.join("\n"));
}

#[test]
fn long_lines_are_cut() {
    let text = format!(
        r#"{{"Comment":"{}","StartAt":"A","States":{{"A":{{"Type":"Pass","Next":"Nowhere"}},"B":{{"Type":"Succeed","Comment":"{}"}}}}}}"#,
        "é".repeat(100),
        "x".repeat(200)
    );
    let outcome = asl::parse(&text, &Options::default());
    expect![[r#"
        MISSING_TRANSITION_TARGET: Missing 'Next' target: Nowhere at /States/A/Next
          line 1, column 165
          1 | "A","States":{"A":{"Type":"Pass","Next":"Nowhere"},"B":{"Type":"Succeed","Comment":"xxxxxxxxxxxxxxxx
            |                                         ^^^^^^^^^"#]].assert_eq(&excerpt(&text, &outcome.findings[0]));
}

fn state(members: &str) -> asl::model::State {
    let text = format!(r#"{{"StartAt":"S","States":{{"S":{{{members}}}}}}}"#);
    let outcome = asl::parse(&text, &Options::default());
    assert_eq!(outcome.findings, []);
    outcome.definition.unwrap().machine.states.swap_remove("S").unwrap()
}

// SFN-IO-5, SFN-PATH-7, SFN-TMPL-1
#[test]
fn data_flow() {
    let state = state(
        r#""Type":"Pass","End":true,"OutputPath":null,"ResultPath":"$.r",
           "Parameters":{"a":{"b":1},"c.$":"$.d","e":[{"f.$":"States.UUID()"}]},"Result":{"x.$":"y"}"#,
    );
    assert_eq!(state.transition, Transition::End);
    let Flow::JsonPath(flow) = &state.flow else { panic!("{:?}", state.flow) };
    assert!(matches!(flow.input_path, PathField::Whole));
    assert!(matches!(flow.output_path, PathField::Nothing));
    assert!(matches!(&flow.result_path, PathField::Path(path) if path.text() == "$.r"));
    let Some(Template::Object(members)) = &flow.parameters else { panic!() };
    let (key, Template::Literal(value)) = &members[0] else { panic!() };
    assert_eq!((key.as_str(), value), ("a", &json!({"b": 1})));
    assert!(matches!(&members[1], (key, Template::Path(_)) if key == "c"));
    assert!(matches!(&members[2], (key, Template::Array(_)) if key == "e"));
    let Kind::Pass(pass) = &state.kind else { panic!() };
    assert_eq!(pass.result, Some(json!({"x.$": "y"})));
}

// SFN-RETRY-1
#[test]
fn retry_defaults() {
    let state = state(
        r#""Type":"Task","End":true,"Resource":"arn:aws:states:::aws-sdk:sfn:startExecution.waitForTaskToken",
           "Parameters":{},"Retry":[{"ErrorEquals":["a"]}]"#,
    );
    let retrier = &state.retry[0];
    assert_eq!((retrier.interval_seconds, retrier.max_attempts), (1, 3));
    assert_eq!((retrier.backoff_rate, retrier.full_jitter), (2.0, false));
    let Kind::Task(task) = &state.kind else { panic!() };
    let Resource::Service { service, action, pattern, .. } = &task.resource else { panic!() };
    assert_eq!((service.as_str(), action.as_str()), ("aws-sdk:sfn", "startExecution"));
    assert_eq!(*pattern, asl::model::Pattern::WaitForTaskToken);
}

// SFN-MAP-1, SFN-MAP-2, SFN-DMAP-1
#[test]
fn legacy_and_distributed_maps() {
    let inner = r#""StartAt":"I","States":{"I":{"Type":"Succeed"}}"#;
    let legacy = state(&format!(
        r#""Type":"Map","End":true,"Parameters":{{"v.$":"$$.Map.Item.Value"}},"Iterator":{{{inner}}}"#
    ));
    let Kind::Map(map) = &legacy.kind else { panic!() };
    assert!(map.item_selector.is_some());
    assert!(matches!(map.items, Items::Path(PathField::Whole)));
    assert!(matches!(map.mode, MapMode::Inline));
    let config = r#""ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"}"#;
    let distributed = state(&format!(
        r#""Type":"Map","End":true,"Label":"l","ToleratedFailureCountPath":"$.n","ItemProcessor":{{{config},{inner}}},
           "ItemReader":{{"Resource":"arn:aws:states:::s3:getObject","Parameters":{{"Bucket":"b","Key":"k"}},"ReaderConfig":{{"InputType":"JSON"}}}}"#
    ));
    let Kind::Map(map) = &distributed.kind else { panic!() };
    let MapMode::Distributed(distributed) = &map.mode else { panic!() };
    assert!(distributed.express_children);
    let reader = distributed.item_reader.as_ref().unwrap();
    assert_eq!(
        (reader.action, reader.config.input_type),
        (ReadAction::GetObject, Some(InputType::Json))
    );
    let Some(Template::Literal(parameters)) = &reader.parameters else { panic!() };
    assert_eq!(parameters["Key"], "k");
}
