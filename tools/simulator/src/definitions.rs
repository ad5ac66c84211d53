//! The machines of a run: one for each way to wait, and for each way to go on.

use serde_json::{Value, json};

pub(crate) const HEAD: &str = "arn:aws:states:us-east-1:000000000000:";
const ROLE: &str = "arn:aws:iam::000000000000:role/r";

/// Standard machines.
pub(crate) const STANDARD: [&str; 7] =
    ["flow", "token", "activity", "loop", "parent", "fails", "spread"];

pub(crate) fn machine_arn(name: &str) -> String {
    format!("{HEAD}stateMachine:{name}")
}

pub(crate) fn activity_arn() -> String {
    format!("{HEAD}activity:work")
}

fn call(kind: &str, next: &str) -> Value {
    let mut state = json!({ "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": { "FunctionName": "f",
            "Payload": { "arn.$": "$$.Execution.Id", "kind": kind } },
        "ResultPath": "$.called", "Retry": [retry()] });
    go_on(&mut state, next);
    state
}

fn retry() -> Value {
    json!({ "ErrorEquals": ["States.ALL"], "IntervalSeconds": 1, "MaxAttempts": 6,
        "BackoffRate": 1.5 })
}

fn go_on(state: &mut Value, next: &str) {
    if let Some(state) = state.as_object_mut() {
        match next {
            "" => state.insert("End".to_owned(), true.into()),
            next => state.insert("Next".to_owned(), next.into()),
        };
    }
}

fn wait(seconds: u64, next: &str) -> Value {
    let mut state = json!({ "Type": "Wait", "Seconds": seconds });
    go_on(&mut state, next);
    state
}

fn machine(start: &str, states: Value) -> Value {
    json!({ "StartAt": start, "States": states })
}

fn flow() -> Value {
    machine(
        "First",
        json!({ "First": wait(2, "Call"), "Call": call("flow", "Both"),
            "Both": { "Type": "Parallel", "ResultPath": "$.both", "Next": "Each", "Branches": [
                machine("Wait", json!({ "Wait": wait(4, "") })),
                machine("Ask", json!({ "Ask": call("flow", "") })) ] },
            "Each": { "Type": "Map", "ItemsPath": "$.items", "End": true,
                "ItemProcessor": machine("Some", json!({ "Some": wait(1, "") })) } }),
    )
}

fn definition(name: &str) -> Value {
    match name {
        "flow" => flow(),
        "token" => machine(
            "Ask",
            json!({ "Ask": { "Type": "Task",
                "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
                "Parameters": { "FunctionName": "f", "Payload": {
                    "arn.$": "$$.Execution.Id", "kind": "token", "token.$": "$$.Task.Token" } },
                "Retry": [retry()], "End": true } }),
        ),
        "activity" => machine(
            "Work",
            json!({ "Work": { "Type": "Task", "Resource": activity_arn(), "TimeoutSeconds": 40,
                "HeartbeatSeconds": 15, "Parameters": { "arn.$": "$$.Execution.Id" },
                "Retry": [retry()], "Next": "Rest" }, "Rest": wait(1, "") }),
        ),
        "loop" => machine(
            "Begin",
            json!({ "Begin": { "Type": "Pass", "Result": { "n": 0 }, "Next": "More" },
                "More": { "Type": "Pass", "Next": "Enough",
                    "Parameters": { "n.$": "States.MathAdd($.n, 1)" } },
                "Enough": { "Type": "Choice", "Default": "Rest", "Choices": [
                    { "Variable": "$.n", "NumericLessThan": 60, "Next": "More" } ] },
                "Rest": wait(1, "") }),
        ),
        "parent" => machine(
            "Child",
            json!({ "Child": { "Type": "Task", "End": true,
                "Resource": "arn:aws:states:::states:startExecution.sync:2",
                "Parameters": { "StateMachineArn": machine_arn("child"), "Input": {} },
                "Retry": [retry()] } }),
        ),
        "child" => machine("Wait", json!({ "Wait": wait(6, "") })),
        "fails" => machine(
            "Wait",
            json!({ "Wait": wait(2, "Call"), "Call": call("fails", "No"),
                "No": { "Type": "Fail", "Error": "No" } }),
        ),
        "spread" => machine(
            "Each",
            json!({ "Each": { "Type": "Map", "ItemsPath": "$.items", "MaxConcurrency": 2,
                "ToleratedFailurePercentage": 100, "End": true, "ItemProcessor": {
                    "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
                    "StartAt": "Wait", "States": { "Wait": wait(2, "") } } } }),
        ),
        // Express: one call, of which everybody may know.
        kind => machine(
            "Call",
            json!({ "Call": {
            "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "End": true,
            "Parameters": { "FunctionName": "f",
                "Payload": { "arn.$": "$$.Execution.Id", "kind": kind } } } }),
        ),
    }
}

/// Everything that has to be there before the first execution, as requests that may be repeated.
pub(crate) fn preparations() -> Vec<(&'static str, Value)> {
    let names = STANDARD.into_iter().chain(["child", "sync", "async"]);
    let create = |name: &str| {
        let kind = if matches!(name, "sync" | "async") { "EXPRESS" } else { "STANDARD" };
        let body = json!({ "name": name, "type": kind, "roleArn": ROLE,
            "definition": definition(name).to_string() });
        ("CreateStateMachine", body)
    };
    let activity = ("CreateActivity", json!({ "name": "work" }));
    std::iter::once(activity).chain(names.map(create)).collect()
}
