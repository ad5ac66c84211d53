//! Single runs.

use rehearsal::{Problem, rehearse as run};
use serde_json::json;
use workflow::execution::Status;

use crate::{FUNCTION, definition, mocks, rehearse, setting, task};

#[test]
fn a_year_takes_no_time() {
    let machine = json!({ "StartAt": "Long", "States": {
        "Long": { "Type": "Wait", "Seconds": 31_000_000, "Next": "Done" },
        "Done": { "Type": "Succeed" }
    } });
    let run = rehearse(&machine, &mocks(json!({})), json!({ "a": 1 }));
    assert_eq!(run.status, Status::Succeeded);
    assert_eq!(run.elapsed_ms, 31_000_000_000);
    assert_eq!(run.path, ["Long", "Done"]);
    assert_eq!(*run.output.unwrap().value(), json!({ "a": 1 }));
}

#[test]
fn answers_are_used_up_in_order() {
    let retry = json!({ "Retry": [{ "ErrorEquals": ["Busy"], "IntervalSeconds": 2 }] });
    let machine = task(FUNCTION, retry);
    let answers = mocks(json!({ "Work": [{ "error": "Busy", "times": 2 }, { "result": 7 }] }));
    let run = rehearse(&machine, &answers, json!({}));
    assert_eq!(*run.output.unwrap().value(), json!(7));
    assert_eq!(run.attempts["Work"], 3);
    assert_eq!(run.elapsed_ms, 6_000, "2 s and 4 s between the attempts");
    let short = mocks(json!({ "Work": [{ "error": "Busy" }] }));
    let run = rehearse(&machine, &short, json!({}));
    assert!(matches!(run.problem, Some(Problem::NoAnswer { call: 1, .. })), "{:?}", run.problem);
}

#[test]
fn silence_ends_with_the_timeout_and_heartbeats_hold_on() {
    let limits = json!({ "TimeoutSeconds": 100, "HeartbeatSeconds": 20 });
    let machine = task("arn:aws:states:us-east-1:000000000000:activity:a", limits);
    for (answer, error, elapsed_ms) in [
        (json!({ "never": true }), Some("States.Timeout"), 20_000),
        (json!({ "never": true, "heartbeat": "15s" }), Some("States.Timeout"), 100_000),
        (json!({ "result": 1, "heartbeat": 15, "after": "1.5m" }), None, 90_000),
        (json!({ "result": 1, "after": "90s" }), Some("States.Timeout"), 20_000),
    ] {
        let run = rehearse(&machine, &mocks(json!({ "Work": answer.clone() })), json!({}));
        assert_eq!(run.error.as_deref(), error, "{answer}");
        assert_eq!(run.elapsed_ms, elapsed_ms, "{answer}");
    }
}

// SFN-INT-41
#[test]
fn payloads_are_wrapped_where_the_integration_wraps() {
    let answer = mocks(json!({ "Work": { "payload": { "x": 1 } } }));
    let with = |resource: &str, more| {
        let run = rehearse(&task(resource, more), &answer, json!({}));
        run.output.unwrap().value().clone()
    };
    let parameters = json!({ "Parameters": { "FunctionName": "f" } });
    let wrapped = with("arn:aws:states:::lambda:invoke", parameters);
    assert_eq!(
        wrapped,
        json!({ "ExecutedVersion": "$LATEST", "Payload": { "x": 1 }, "StatusCode": 200 })
    );
    assert_eq!(with(FUNCTION, json!({})), json!({ "x": 1 }));
}

// SFN-HIST-32
#[test]
fn jobs_and_callbacks_are_submitted_first() {
    let parameters = json!({ "Parameters": { "StateMachineArn": "arn" } });
    let machine = task("arn:aws:states:::states:startExecution.sync", parameters);
    let run = rehearse(&machine, &mocks(json!({ "Work": { "error": "Bad" } })), json!({}));
    let types: Vec<_> = run.history.iter().map(|event| event.type_name()).collect();
    assert_eq!(
        types[2..],
        ["TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskFailed", "ExecutionFailed"]
    );
}

#[test]
fn answers_can_depend_on_the_call() {
    let machine = json!({ "StartAt": "Each", "States": { "Each": {
        "Type": "Map", "End": true,
        "ItemProcessor": { "StartAt": "Work", "States": {
            "Work": { "Type": "Task", "Resource": FUNCTION, "End": true } } }
    } } });
    let answers = mocks(json!({ "Work": [
        { "when": { "sku": "mug" }, "result": "a mug" },
        { "times": "always", "result": "something" }
    ] }));
    let items = json!([{ "sku": "pen" }, { "sku": "mug", "n": 2 }, { "sku": "mug" }]);
    let run = rehearse(&machine, &answers, items);
    assert_eq!(*run.output.unwrap().value(), json!(["something", "a mug", "something"]));
    assert_eq!((run.visits["Work"], run.path.len()), (3, 1));
}

#[test]
fn what_is_not_mocked_is_a_problem() {
    let run = rehearse(&task(FUNCTION, json!({})), &mocks(json!({})), json!({ "a": 1 }));
    assert_eq!(run.status, Status::Running);
    let text = run.problem.expect("a problem").to_string();
    assert_eq!(text, format!("`Work` is not mocked; it calls {FUNCTION} with {{\"a\":1}}"));
}

#[test]
fn variables_of_the_top_level_are_kept() {
    let machine = json!({ "QueryLanguage": "JSONata", "StartAt": "A", "States": {
        "A": { "Type": "Pass", "Assign": { "x": "{% 1 + 1 %}", "y": [1] }, "Next": "B" },
        "B": { "Type": "Pass", "Assign": { "x": 3 }, "End": true }
    } });
    let run = rehearse(&machine, &mocks(json!({})), json!({}));
    assert_eq!(json!(run.variables), json!({ "x": 3, "y": [1] }));
}

// SFN-SEM-1
#[test]
fn express_executions_end_after_five_minutes() {
    let machine = json!({ "StartAt": "W", "States": {
        "W": { "Type": "Wait", "Seconds": 301, "End": true } } });
    let definition = definition(&machine);
    let mut setting = setting(&definition, json!({}));
    setting.express = true;
    let run = run(&setting, &mocks(json!({})));
    assert_eq!((run.status, run.elapsed_ms), (Status::TimedOut, 300_000));
}

#[test]
fn equal_seeds_give_equal_runs() {
    let retrier =
        json!({ "ErrorEquals": ["States.ALL"], "MaxAttempts": 9, "JitterStrategy": "FULL" });
    let retry = json!({ "Retry": [retrier] });
    let definition = definition(&task(FUNCTION, retry));
    let answers = mocks(json!({ "Work": { "error": "E" } }));
    let with_seed = |seed| {
        let mut setting = setting(&definition, json!({}));
        setting.seed = seed;
        run(&setting, &answers)
    };
    assert_eq!(with_seed(1).history, with_seed(1).history);
    assert_ne!(with_seed(1).elapsed_ms, with_seed(2).elapsed_ms);
}

#[test]
fn a_mock_of_a_distributed_map_stands_for_its_children() {
    let machine = json!({ "StartAt": "Each", "States": { "Each": {
        "Type": "Map", "End": true,
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "Work",
            "States": { "Work": { "Type": "Task", "Resource": FUNCTION, "End": true } } }
    } } });
    let run = rehearse(&machine, &mocks(json!({ "Each": { "result": [1, 2] } })), json!([3, 4]));
    assert_eq!(*run.output.unwrap().value(), json!([1, 2]));
    let run = rehearse(&machine, &mocks(json!({ "Each": { "error": "E" } })), json!([3, 4]));
    assert_eq!(run.error.as_deref(), Some("E"));
    let run = rehearse(&machine, &mocks(json!({})), json!([3, 4]));
    assert!(matches!(run.problem, Some(Problem::Distributed { .. })), "{:?}", run.problem);
}
