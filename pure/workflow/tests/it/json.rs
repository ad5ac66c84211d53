//! Events as GetExecutionHistory tells them.

use expect_test::expect;
use serde_json::json;
use workflow::event::Event;
use workflow::history::event_to_json;

use crate::harness::{World, failed, leased, run, submitted, succeeded};

// SFN-HIST-1…8
#[test]
fn shapes() {
    let text = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Pass", "Assign": {"v": {"k": 1}}, "Next": "B"},
        "B": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage.waitForTaskToken",
            "Parameters": {"QueueUrl": "q", "MessageBody": {"t.$": "$$.Task.Token"}},
            "Credentials": {"RoleArn": "arn:aws:iam::111111111111:role/x"},
            "TimeoutSeconds": 60, "HeartbeatSeconds": 5, "End": true}}}"#;
    let mut world = World::started(text, r#"{"a": [1, 2]}"#);
    world.feed(submitted(0, 1));
    world.feed(succeeded(0, 1, "[1, 2]"));
    expect![[r#"
        1<0 ExecutionStarted {"input":"{\"a\": [1, 2]}","roleArn":"arn:aws:iam::111111111111:role/r"}
        2<0 PassStateEntered {"name":"A","input":"{\"a\": [1, 2]}"}
        3<2 PassStateExited {"name":"A","output":"{\"a\": [1, 2]}","assignedVariables":{"v":"{\"k\":1}"}}
        4<3 TaskStateEntered {"name":"B","input":"{\"a\": [1, 2]}"}
        5<4 TaskScheduled {"resourceType":"sqs","resource":"sendMessage.waitForTaskToken","parameters":"{\"QueueUrl\":\"q\",\"MessageBody\":{\"t\":\"token-0-1\"}}","timeoutInSeconds":60,"heartbeatInSeconds":5,"taskCredentials":{"roleArn":"arn:aws:iam::111111111111:role/x"}}
        6<5 TaskStarted {"resourceType":"sqs","resource":"sendMessage.waitForTaskToken"}
        7<6 TaskSubmitted {"resourceType":"sqs","resource":"sendMessage.waitForTaskToken","output":"{}"}
        8<7 TaskSucceeded {"resourceType":"sqs","resource":"sendMessage.waitForTaskToken","output":"[1, 2]"}
        9<8 TaskStateExited {"name":"B","output":"[1, 2]"}
        10<9 ExecutionSucceeded {"output":"[1, 2]"}
    "#]]
    .assert_eq(&world.chain());
    let told = event_to_json(&world.history[2], true);
    assert_eq!(
        told,
        json!({
            "timestamp": 1_704_067_200.0, "type": "PassStateExited", "id": 3, "previousEventId": 2,
            "stateExitedEventDetails": {
                "name": "A", "output": "{\"a\": [1, 2]}", "outputDetails": {"truncated": false},
                "assignedVariables": {"v": "{\"k\":1}"},
                "assignedVariablesDetails": {"truncated": false},
            },
        })
    );
}

// SFN-HIST-4
#[test]
fn without_execution_data() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
        "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}}}"#;
    let mut world = World::started(text, "{}");
    world.feed(failed(0, 1, "E"));
    let told: Vec<String> =
        world.history.iter().map(|event| event_to_json(event, false).to_string()).collect();
    expect![[r#"
        {"timestamp":1704067200.0,"type":"ExecutionStarted","id":1,"previousEventId":0,"executionStartedEventDetails":{"roleArn":"arn:aws:iam::111111111111:role/r"}}
        {"timestamp":1704067200.0,"type":"TaskStateEntered","id":2,"previousEventId":0,"stateEnteredEventDetails":{"name":"A"}}
        {"timestamp":1704067200.0,"type":"TaskScheduled","id":3,"previousEventId":2,"taskScheduledEventDetails":{"resourceType":"lambda","resource":"invoke","region":"us-east-1","parameters":"{\"FunctionName\":\"f\"}"}}
        {"timestamp":1704067200.0,"type":"TaskStarted","id":4,"previousEventId":3,"taskStartedEventDetails":{"resourceType":"lambda","resource":"invoke"}}
        {"timestamp":1704067200.0,"type":"TaskFailed","id":5,"previousEventId":4,"taskFailedEventDetails":{"resourceType":"lambda","resource":"invoke","error":"E","cause":"because"}}
        {"timestamp":1704067200.0,"type":"ExecutionFailed","id":6,"previousEventId":5,"executionFailedEventDetails":{"error":"E","cause":"because"}}
    "#]]
    .assert_eq(&(told.join("\n") + "\n"));
}

// SFN-HIST-31, SFN-HIST-33: activities and legacy functions.
#[test]
fn activity_and_function() {
    let text = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:a", "Next": "B"},
        "B": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
            "TimeoutSecondsPath": "$.t", "End": true}}}"#;
    let mut world = World::started(text, "{}");
    world.feed(Event::ActivityStarted { frame: 0, attempt: 1, worker_name: None });
    world.feed(succeeded(0, 1, r#"{"t": "30"}"#));
    world.feed(succeeded(0, 2, "null"));
    expect![[r#"
        1<0 ExecutionStarted {"input":"{}","roleArn":"arn:aws:iam::111111111111:role/r"}
        2<0 TaskStateEntered {"name":"A","input":"{}"}
        3<2 ActivityScheduled {"resource":"arn:aws:states:us-east-1:111111111111:activity:a","input":"{}"}
        4<3 ActivityStarted {}
        5<4 ActivitySucceeded {"output":"{\"t\": \"30\"}"}
        6<5 TaskStateExited {"name":"A","output":"{\"t\": \"30\"}"}
        7<6 TaskStateEntered {"name":"B","input":"{\"t\": \"30\"}"}
        8<7 LambdaFunctionScheduled {"resource":"arn:aws:lambda:us-east-1:111111111111:function:f","input":"{\"t\": \"30\"}","timeoutInSeconds":30}
        9<8 LambdaFunctionStarted
        10<9 LambdaFunctionSucceeded {"output":"null"}
        11<10 TaskStateExited {"name":"B","output":"null"}
        12<11 ExecutionSucceeded {"output":"null"}
    "#]]
    .assert_eq(&world.chain());
}

#[test]
fn times_have_milliseconds() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Wait", "TimestampPath": "$.t", "End": true}}}"#;
    let world = run(text, r#"{"t": "2024-01-01T00:00:01.5Z"}"#);
    let told = event_to_json(world.history.last().unwrap(), true);
    assert_eq!(told["timestamp"], json!(1_704_067_201.5));
}

#[test]
fn events_are_stored_and_read_back() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "HeartbeatSeconds": 9,
        "Resource": "arn:aws:states:us-east-1:111111111111:activity:a", "End": true}}}"#;
    let mut world = World::started(text, r#"{"a": [1, 2]}"#);
    world.feed(leased(0, 1));
    for event in &world.history {
        let stored = serde_json::to_string(event).unwrap();
        assert_eq!(*event, serde_json::from_str(&stored).unwrap());
    }
    let stored = serde_json::to_string(&world.execution.frames).unwrap();
    let read = serde_json::from_str(&stored).unwrap();
    assert_eq!(world.execution.frames, read);
    // A frame of a version that knew less.
    let old =
        r#"{"id": 0, "parent": null, "visit": {"state": "A", "input": "{}", "doing": "Enter"}}"#;
    let frame: workflow::execution::Frame = serde_json::from_str(old).unwrap();
    assert_eq!((frame.attempts, frame.visit.entered_id), (0, 0));
}
