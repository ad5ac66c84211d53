//! TestState: every recorded case, and what the recordings leave open.

use expect_test::{Expect, expect};
use serde_json::{Value, json};
use stepfunctions::Service;

use crate::cases::{self, Comparison, Templates};
use crate::rig;

/// Share of the recorded cases that must be equal, in percent.
const EQUAL_PERCENT_MIN: usize = 100;

// SFN-TEST-1…17
#[tokio::test]
async fn recorded_cases() {
    let service = rig::open(b"\"HelloWorld!\"").await;
    let cases = cases::load("test_state");
    let mut different = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        if let Err(difference) = replay(&service, number, case).await {
            different.push(format!("{}\n    {difference}", case["id"].as_str().unwrap()));
        }
    }
    let equal = cases.len() - different.len();
    println!("{equal} of {} recorded cases are equal", cases.len());
    let enough = equal * 100 >= cases.len() * EQUAL_PERCENT_MIN;
    assert!(enough, "{equal} of {} are equal:\n{}", cases.len(), different.join("\n"));
}

async fn replay(service: &Service, number: usize, case: &Value) -> Result<(), String> {
    let mut templates = Templates::new(number);
    let mut comparison = Comparison::of(case);
    for step in case["steps"].as_array().unwrap() {
        let name = step["as"].as_str().unwrap();
        let body = templates.fill(&step["params"]);
        if step["op"] == "$CreateTestFunction" {
            // The rig's functions all answer what `return_bytes_str` does.
            let arn = format!("arn:aws:lambda:us-east-1:000000000000:function:{number}");
            templates.replies.insert(name.to_owned(), json!({ "FunctionArn": arn }));
            continue;
        }
        let reply = rig::call(service, step["op"].as_str().unwrap(), &body).await;
        match (step.get("expect_error"), reply) {
            (None, Ok(reply)) => {
                let reply = cases::normalise(&reply);
                comparison.compare(&step["expect"], &reply, name)?;
            }
            (Some(expected), Err(fault)) => {
                let members = ["code", "message"].map(|member| &expected[member]);
                let found = [&fault.code, &fault.message];
                if members.into_iter().zip(found).any(|(member, found)| member != found) {
                    return Err(format!("{name}: {}: {}", fault.code, fault.message));
                }
            }
            (None, Err(fault)) => return Err(format!("{name}: {}: {}", fault.code, fault.message)),
            (Some(_), Ok(reply)) => return Err(format!("{name}: succeeded with {reply}")),
        }
    }
    Ok(())
}

/// The answer to a request, or its fault, in lines. Functions answer 42, or never.
async fn check(request: Value, expected: Expect) {
    let functions: &[u8] = if request["functions"] == "hang" { rig::NEVER } else { b"42" };
    let service = rig::open(functions).await;
    let mut body = json!({ "inspectionLevel": "DEBUG" });
    for (name, value) in request.as_object().unwrap() {
        if name == "functions" {
            continue;
        }
        let text = matches!(name.as_str(), "definition" | "input" | "variables" | "context");
        let value =
            if text && !value.is_string() { value.to_string().into() } else { value.clone() };
        body[name] = value;
    }
    let answer = match rig::call(&service, "TestState", &body).await {
        Ok(reply) => told(&cases::normalise(&reply)),
        Err(fault) => format!("{}\n{}", fault.code, fault.message),
    };
    expected.assert_eq(&answer);
}

fn told(reply: &Value) -> String {
    let mut lines = Vec::new();
    for (name, value) in reply.as_object().unwrap() {
        match value.as_object().filter(|_| name == "inspectionData") {
            Some(data) => {
                lines.extend(data.iter().map(|(name, value)| format!("  {name}: {value}")))
            }
            None => lines.push(format!("{name}: {value}")),
        }
    }
    lines.join("\n")
}

const ROLE: &str = "arn:aws:iam::000000000000:role/r";

fn task(more: Value) -> Value {
    let mut task = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:::lambda:invoke",
        "Parameters": { "FunctionName": "f" },
        "Next": "After",
    });
    for (name, value) in more.as_object().unwrap() {
        task[name] = value.clone();
    }
    task
}

// SFN-TEST-8, SFN-TEST-11, SFN-TEST-12
#[tokio::test]
async fn retries_and_catchers() {
    let retry = json!([
        { "ErrorEquals": ["Other"] },
        { "ErrorEquals": ["Mine"], "IntervalSeconds": 1, "BackoffRate": 2, "MaxAttempts": 5 },
    ]);
    let mine = json!({ "errorOutput": { "error": "Mine", "cause": "c" } });
    let retried = task(json!({ "Retry": retry }));
    let after = |count: i64| json!({ "retrierRetryCount": count });
    check(
        json!({ "definition": retried, "mock": mine, "stateConfiguration": after(4) }),
        expect![[r#"
            error: "Mine"
            cause: "c"
              input: {}
              afterInputPath: {}
              afterParameters: {"FunctionName":"f"}
              errorDetails: {"retryIndex":1,"retryBackoffIntervalSeconds":16}
            status: "RETRIABLE""#]],
    )
    .await;
    check(
        json!({ "definition": retried, "mock": mine, "stateConfiguration": after(5) }),
        expect![[r#"
            error: "Mine"
            cause: "c"
              input: {}
              afterInputPath: {}
              afterParameters: {"FunctionName":"f"}
              errorDetails: {"retryIndex":1}
            status: "FAILED""#]],
    )
    .await;
    let caught = task(json!({
        "Retry": retry,
        "Catch": [{ "ErrorEquals": ["States.ALL"], "ResultPath": "$.e", "Next": "Handler" }],
    }));
    check(
        json!({
            "definition": caught, "mock": mine, "stateConfiguration": after(5),
            "input": { "a": 1 },
        }),
        expect![[r#"
            output: {"a":1,"e":{"Error":"Mine","Cause":"c"}}
            error: "Mine"
            cause: "c"
              input: {"a":1}
              afterInputPath: {"a":1}
              afterParameters: {"FunctionName":"f"}
              errorDetails: {"catchIndex":0}
            nextState: "Handler"
            status: "CAUGHT_ERROR""#]],
    )
    .await;
    let runtime = json!({ "errorOutput": { "error": "States.Runtime" } });
    check(
        json!({ "definition": caught, "mock": runtime }),
        expect![[r#"
        error: "States.Runtime"
          input: {}
          afterInputPath: {}
          afterParameters: {"FunctionName":"f"}
        status: "FAILED""#]],
    )
    .await;
}

// SFN-TEST-1, SFN-TEST-7, SFN-TEST-17
#[tokio::test]
async fn tasks_that_wait() {
    let activity = json!({
        "Type": "Task",
        "Resource": "arn:aws:states:us-east-1:000000000000:activity:a",
        "ResultPath": "$.r",
        "End": true,
    });
    check(
        json!({ "definition": activity, "mock": { "result": "7" }, "input": { "a": 1 } }),
        expect![[r#"
            output: {"a":1,"r":7}
              input: {"a":1}
              afterInputPath: {"a":1}
              afterParameters: {"a":1}
              result: "7"
              afterResultSelector: "7"
              afterResultPath: {"a":1,"r":7}
            status: "SUCCEEDED""#]],
    )
    .await;
    let callback = task(json!({
        "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken",
        "Parameters": { "FunctionName": "f", "Payload": { "token.$": "$$.Task.Token" } },
    }));
    check(
        json!({
            "definition": callback, "mock": { "result": "[1]" },
            "context": { "Task": { "Token": "t" } },
        }),
        expect![[r#"
            output: "[1]"
              input: {}
              afterInputPath: {}
              afterParameters: {"FunctionName":"f","Payload":{"token":"t"}}
              result: "[1]"
              afterResultSelector: "[1]"
              afterResultPath: "[1]"
            nextState: "After"
            status: "SUCCEEDED""#]],
    )
    .await;
    let failed = json!({ "errorOutput": { "error": "E" } });
    check(
        json!({ "definition": callback, "mock": failed, "inspectionLevel": "INFO" }),
        expect![[r#"
            error: "E"
            status: "FAILED""#]],
    )
    .await;
    let job = task(json!({
        "Resource": "arn:aws:states:::states:startExecution.sync:2",
        "Parameters": { "StateMachineArn": "m" },
    }));
    check(
        json!({ "definition": job, "mock": { "result": "{}" } }),
        expect![[r#"
        ValidationException
        Mock result schema validation error: Required field 'ExecutionArn' is missing"#]],
    )
    .await;
    check(
        json!({
            "definition": job,
            "mock": { "result": "{\"Output\": {\"a\": 1}}", "fieldValidationMode": "PRESENT" },
            "inspectionLevel": "INFO",
        }),
        expect![[r#"
            output: {"Output":{"a":1}}
            nextState: "After"
            status: "SUCCEEDED""#]],
    )
    .await;
    check(
        json!({ "definition": callback, "roleArn": ROLE }),
        expect![[r#"
        InvalidDefinition
        TestState API does not support '.sync' or '.waitForTaskToken' integration patterns."#]],
    )
    .await;
    check(
        json!({ "definition": activity, "roleArn": ROLE }),
        expect![[r#"
        InvalidDefinition
        TestState API does not support Activity tasks."#]],
    )
    .await;
}

// SFN-TEST-1, SFN-TEST-3
#[tokio::test]
async fn calls_are_made_without_a_mock() {
    let function = "arn:aws:lambda:us-east-1:000000000000:function:f";
    let lambda = json!({ "Type": "Task", "Resource": function, "ResultPath": "$.r", "End": true });
    check(
        json!({ "definition": lambda, "roleArn": ROLE, "input": { "a": 1 } }),
        expect![[r#"
        output: {"a":1,"r":42}
          input: {"a":1}
          afterInputPath: {"a":1}
          afterParameters: {"a":1}
          result: "42"
          afterResultSelector: "42"
          afterResultPath: {"a":1,"r":42}
        status: "SUCCEEDED""#]],
    )
    .await;
    check(
        json!({ "definition": lambda }),
        expect![[r#"
        ValidationException
        RoleArn must be specified when testing a Task state"#]],
    )
    .await;
    let slow = json!({
        "Type": "Task", "Resource": function, "TimeoutSeconds": 1, "End": true,
        "Retry": [{ "ErrorEquals": ["States.Timeout"] }],
    });
    check(
        json!({
            "definition": slow, "roleArn": ROLE, "functions": "hang", "inspectionLevel": "INFO",
        }),
        expect![[r#"
            error: "States.Timeout"
            status: "RETRIABLE""#]],
    )
    .await;
}

// SFN-TEST-9, SFN-TEST-10, SFN-TEST-16
#[tokio::test]
async fn states_without_work() {
    let pass = json!({
        "Type": "Pass",
        "Assign": { "b.$": "$.a", "c": { "d": [1, 2] } },
        "Next": "StateName",
    });
    check(
        json!({ "definition": pass, "input": { "a": 1 }, "variables": { "a": 0, "b": 0 } }),
        expect![[r#"
            output: {"a":1}
              input: {"a":1}
              afterInputPath: {"a":1}
              afterParameters: {"a":1}
              afterResultSelector: {"a":1}
              afterResultPath: {"a":1}
              variables: {"a":0,"b":1,"c":{"d":[1,2]}}
            nextState: "StateName"
            status: "SUCCEEDED""#]],
    )
    .await;
    let missing = json!({ "Type": "Pass", "Parameters": { "b.$": "$.b" }, "End": true });
    check(json!({ "definition": missing, "input": { "a": 1 } }), expect![[r#"
        error: "States.Runtime"
        cause: "The JSONPath '$.b' specified for the field 'b.$' could not be found in the input '{\"a\":1}'"
          input: {"a":1}
          afterInputPath: {"a":1}
        status: "FAILED""#]]).await;
    let choice = json!({
        "Type": "Choice",
        "Choices": [{ "Variable": "$.a", "NumericEquals": 2, "Next": "Two" }],
    });
    check(
        json!({ "definition": choice, "input": { "a": 1 } }),
        expect![[r#"
        error: "States.Runtime"
        cause: "Failed to transition out of the state. The state does not point to a next state."
          input: {"a":1}
          afterInputPath: {"a":1}
        status: "FAILED""#]],
    )
    .await;
    let wait = json!({ "Type": "Wait", "SecondsPath": "$.a", "Next": "After" });
    check(
        json!({ "definition": wait, "input": { "a": 0 } }),
        expect![[r#"
        output: {"a":0}
          input: {"a":0}
          afterInputPath: {"a":0}
        nextState: "After"
        status: "SUCCEEDED""#]],
    )
    .await;
    let jsonata = json!({
        "Type": "Pass", "QueryLanguage": "JSONata", "Output": "{% $x + $states.input %}",
        "End": true,
    });
    check(
        json!({ "definition": jsonata, "input": "1", "variables": { "x": 2 } }),
        expect![[r#"
            output: "3"
              input: "1"
              variables: {"x":2}
            status: "SUCCEEDED""#]],
    )
    .await;
    check(json!({ "definition": jsonata, "input": "1" }), expect![[r#"
        error: "States.QueryEvaluationError"
        cause: "The JSONata expression '$x + $states.input' specified for the field 'Output' returned nothing (undefined)."
          input: "1"
        status: "FAILED""#]]).await;
}

fn map(more: Value) -> Value {
    let mut map = json!({
        "Type": "Map",
        "ItemProcessor": {
            "ProcessorConfig": { "Mode": "DISTRIBUTED", "ExecutionType": "STANDARD" },
            "StartAt": "Inner",
            "States": { "Inner": { "Type": "Pass", "End": true } },
        },
        "End": true,
    });
    for (name, value) in more.as_object().unwrap() {
        map[name] = value.clone();
    }
    map
}

// SFN-TEST-5, SFN-TEST-9, SFN-TEST-14
#[tokio::test]
async fn maps() {
    let batched = map(json!({
        "ItemReader": {
            "Resource": "arn:aws:states:::s3:getObject",
            "Parameters": { "Bucket.$": "$.bucket", "Key": "k" },
            "ReaderConfig": { "InputType": "JSON", "ItemsPointer": "/items" },
        },
        "ItemSelector": { "i.$": "$$.Map.Item.Index", "v.$": "$$.Map.Item.Value" },
        "ItemBatcher": { "MaxItemsPerBatchPath": "$.size", "BatchInput": { "b.$": "$.bucket" } },
        "ToleratedFailurePercentage": 30,
    }));
    let request = |failures: i64| {
        json!({
            "definition": batched,
            "input": { "bucket": "B", "size": 2 },
            "mock": { "result": "[]" },
            "stateConfiguration": {
                "mapItemReaderData": "{\"items\": [1, 2, 3]}",
                "mapIterationFailureCount": failures,
            },
        })
    };
    check(request(0), expect![[r#"
        output: "[]"
          input: {"bucket":"B","size":2}
          afterInputPath: {"bucket":"B","size":2}
          afterItemsPointer: "[1, 2, 3]"
          afterItemSelector: "[{\"v\":1,\"i\":0},{\"v\":2,\"i\":1},{\"v\":3,\"i\":2}]"
          afterItemBatcher: "[{\"BatchInput\":{\"b\":\"B\"},\"Items\":[{\"v\":1,\"i\":0},{\"v\":2,\"i\":1}]},{\"BatchInput\":{\"b\":\"B\"},\"Items\":[{\"v\":3,\"i\":2}]}]"
          afterResultSelector: "[]"
          afterResultPath: "[]"
          maxConcurrency: 0
          toleratedFailurePercentage: 30.0
        status: "SUCCEEDED""#]]).await;
    check(request(1), expect![[r#"
        error: "States.ExceedToleratedFailureThreshold"
        cause: "The specified tolerated failure threshold was exceeded"
          input: {"bucket":"B","size":2}
          afterInputPath: {"bucket":"B","size":2}
          afterItemsPointer: "[1, 2, 3]"
          afterItemSelector: "[{\"v\":1,\"i\":0},{\"v\":2,\"i\":1},{\"v\":3,\"i\":2}]"
          afterItemBatcher: "[{\"BatchInput\":{\"b\":\"B\"},\"Items\":[{\"v\":1,\"i\":0},{\"v\":2,\"i\":1}]},{\"BatchInput\":{\"b\":\"B\"},\"Items\":[{\"v\":3,\"i\":2}]}]"
          maxConcurrency: 0
          toleratedFailurePercentage: 30.0
        status: "FAILED""#]]).await;
    check(
        request(3),
        expect![[r#"
        ValidationException
        Map iteration failure count must be less than or equal to the number of Map iterations"#]],
    )
    .await;
    let inline = json!({
        "Type": "Map",
        "ItemsPath": "$.items",
        "ItemSelector": { "v.$": "$$.Map.Item.Value" },
        "MaxConcurrencyPath": "$.most",
        "ItemProcessor": { "StartAt": "Inner", "States": { "Inner": { "Type": "Pass", "End": true } } },
        "ResultPath": "$.r",
        "Next": "After",
    });
    check(
        json!({
            "definition": inline,
            "input": { "items": [1, 2], "most": 3 },
            "mock": { "result": "[8, 9]" },
            "stateConfiguration": { "mapIterationFailureCount": 2 },
        }),
        expect![[r#"
            output: {"items":[1,2],"most":3,"r":[8,9]}
              input: {"items":[1,2],"most":3}
              afterInputPath: {"items":[1,2],"most":3}
              afterItemsPath: "[1,2]"
              afterItemSelector: "[{\"v\":1},{\"v\":2}]"
              afterResultSelector: "[8, 9]"
              afterResultPath: {"items":[1,2],"most":3,"r":[8,9]}
              maxConcurrency: 3
            nextState: "After"
            status: "SUCCEEDED""#]],
    )
    .await;
    let unread = json!({ "items": 3 });
    check(
        json!({ "definition": inline, "input": unread, "mock": { "result": "[]" } }),
        expect![[r#"
            error: "States.Runtime"
            cause: "Reference path \"$.items\" must point to array."
              input: {"items":3}
              afterInputPath: {"items":3}
            status: "FAILED""#]],
    )
    .await;
    let broken = json!({ "mapItemReaderData": "{}" });
    check(
        json!({
            "definition": batched, "input": { "bucket": "B" }, "mock": { "result": "[]" },
            "stateConfiguration": broken, "inspectionLevel": "INFO",
        }),
        expect![[r#"
            error: "States.ItemReaderFailed"
            cause: "Attempting to map over non-iterable node."
            status: "FAILED""#]],
    )
    .await;
}

// SFN-TEST-9, SFN-TEST-11
#[tokio::test]
async fn parallel_with_a_mocked_error() {
    let states = |name: &str| json!({ name: { "Type": "Pass", "End": true } });
    let branch = |name: &str| json!({ "StartAt": name, "States": states(name) });
    let parallel = json!({
        "Type": "Parallel",
        "QueryLanguage": "JSONata",
        "Branches": [branch("A"), branch("B")],
        "Catch": [{
            "ErrorEquals": ["States.ALL"],
            "Output": "{% $states.errorOutput.Error %}",
            "Assign": { "seen": "{% $states.errorOutput.Cause %}" },
            "Next": "Handler",
        }],
        "Next": "After",
    });
    let mine = json!({ "errorOutput": { "error": "Mine", "cause": "c" } });
    let by = |name: &str| json!({ "errorCausedByState": name });
    check(
        json!({ "definition": parallel, "mock": mine, "stateConfiguration": by("B") }),
        expect![[r#"
            output: "\"Mine\""
            error: "Mine"
            cause: "c"
              input: {}
              variables: {"seen":"c"}
              errorDetails: {"catchIndex":0}
            nextState: "Handler"
            status: "CAUGHT_ERROR""#]],
    )
    .await;
    check(
        json!({ "definition": parallel, "mock": mine, "stateConfiguration": by("C") }),
        expect![[r#"
            ValidationException
            State not found in definition"#]],
    )
    .await;
}

// SFN-TEST-4, SFN-TEST-5, SFN-TEST-6, SFN-TEST-15
#[tokio::test]
async fn refusals() {
    let pass = json!({ "Type": "Pass", "End": true });
    let none = json!({});
    let rows = [
        (
            json!({}),
            expect![[r#"
            ValidationException
            1 validation error detected: Value null at 'definition' failed to satisfy constraint: Member must not be null"#]],
        ),
        (
            json!({ "definition": "nonsense" }),
            expect![[r#"
                InvalidDefinition
                Invalid State Machine Definition: 'INVALID_JSON_DESCRIPTION: Unrecognized token 'nonsense': was expecting (JSON String, Number, Array, Object or token 'null', 'true' or 'false')
                 at [Source: (String)"nonsense"; line: 1, column: 9]'"#]],
        ),
        (
            json!({ "definition": { "Type": "Pass", "Next": 3 } }),
            expect![[r#"
            InvalidDefinition
            Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/StateName/Next'"#]],
        ),
        (
            json!({ "definition": { "Type": "Pass" } }),
            expect![[r#"
            InvalidDefinition
            Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/StateName'"#]],
        ),
        (
            json!({ "definition": { "Type": "Task", "Resource": "x", "Next": "B" } }),
            expect![[r#"
                InvalidDefinition
                Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/StateName/Resource'"#]],
        ),
        (
            json!({ "definition": pass, "input": "{" }),
            expect![[r#"
                InvalidExecutionInput
                Invalid State Machine Execution Input: 'Unexpected end-of-input: expected close marker for Object (start marker at [Source: (String)"{"; line: 1, column: 1])'"#]],
        ),
        (
            json!({ "definition": pass, "variables": "[]" }),
            expect![[r#"
            ValidationException
            Variables must be a JSON object"#]],
        ),
        (
            json!({ "definition": pass, "context": none }),
            expect![[r#"
            ValidationException
            TestState does not support Context when a mock is not specified."#]],
        ),
        (
            json!({ "definition": pass, "inspectionLevel": "ALL" }),
            expect![[r#"
            ValidationException
            1 validation error detected: Value 'ALL' at 'inspectionLevel' failed to satisfy constraint: Member must satisfy enum value set: [INFO, DEBUG, TRACE]"#]],
        ),
        (
            json!({ "definition": pass, "roleArn": "role" }),
            expect![[r#"
            InvalidArn
            Invalid Arn: 'Invalid ARN prefix: role'"#]],
        ),
        (
            json!({ "definition": task(none.clone()), "mock": none }),
            expect![[r#"
            ValidationException
            A test mock should have only one of the following fields: [result, errorOutput]."#]],
        ),
        (
            json!({ "definition": task(none.clone()), "mock": { "result": "{" } }),
            expect![[r#"
            ValidationException
            Mocked result must be valid JSON"#]],
        ),
        (
            json!({
                "definition": task(none.clone()), "mock": { "result": "{}" },
                "revealSecrets": true,
            }),
            expect![[r#"
                ValidationException
                TestState does not support RevealSecrets when a mock is specified."#]],
        ),
        (
            json!({
                "definition": task(none.clone()), "mock": { "result": "{}" },
                "context": { "Task": {} },
            }),
            expect![[r#"
                ValidationException
                Invalid Context object provided: Context object contains 'Task' when state is not a Task state with a '.sync' or '.waitForTaskToken' service integration pattern"#]],
        ),
        (
            json!({
                "definition": pass, "stateConfiguration": { "mapIterationFailureCount": 1 },
            }),
            expect![[r#"
                ValidationException
                TestState does not support MapIterationFailureCount when a mock is not specified."#]],
        ),
    ];
    for (request, expected) in rows {
        check(request, expected).await;
    }
}
