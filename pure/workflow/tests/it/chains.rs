//! The worked chains of history.md §12, and the rules they stand on.

use workflow::effect::TimerKind;
use workflow::event::Event;

use crate::harness::{World, failed, leased, run, submitted, succeeded};

const LAMBDA: &str = "arn:aws:lambda:us-east-1:111111111111:function:f";
const ACTIVITY: &str = "arn:aws:states:us-east-1:111111111111:activity:a";

pub(crate) fn machine(states: &str) -> String {
    format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#)
}

pub(crate) fn task(resource: &str, more: &str) -> String {
    let parameters = match resource {
        "lambda:invoke" => r#""Parameters": {"FunctionName": "f"},"#,
        "sqs:sendMessage.waitForTaskToken" => {
            r#""Parameters": {"QueueUrl": "q", "MessageBody": "m"},"#
        }
        "states:startExecution.sync" => r#""Parameters": {"StateMachineArn": "m"},"#,
        _ => "",
    };
    let arn = match resource {
        "lambda" => LAMBDA.into(),
        "activity" => ACTIVITY.into(),
        other => format!("arn:aws:states:::{other}"),
    };
    format!(r#"{{"Type": "Task", "Resource": "{arn}", {parameters} {more} "End": true}}"#)
}

/// A task that goes to B, with a catcher that goes there too.
fn caught(resource: &str, more: &str) -> String {
    let catch = r#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}],"#;
    let task = task(resource, &format!("{more} {catch}"));
    machine(&format!(r#""A": {task}, "B": {{"Type": "Pass", "End": true}}"#))
}

fn alone(resource: &str, more: &str) -> String {
    machine(&format!(r#""A": {}"#, task(resource, more)))
}

#[track_caller]
pub(crate) fn check(world: &World, expected: &str) {
    assert_eq!(world.short(), expected, "\n{}", world.chain());
}

fn time_out(world: &mut World) {
    while world.fire_next() {}
}

// SFN-HIST-10, SFN-HIST-12, SFN-HIST-20, SFN-HIST-22, SFN-HIST-120
#[test]
fn choice_then_pass() {
    let text = machine(
        r#""A": {"Type": "Choice", "Choices": [{"Variable": "$.x", "NumericEquals": 1, "Next": "B"}]},
           "B": {"Type": "Pass", "End": true}"#,
    );
    check(
        &run(&text, r#"{"x": 1}"#),
        "1<0 ExecutionStarted; 2<0 ChoiceStateEntered; 3<2 ChoiceStateExited; \
         4<3 PassStateEntered; 5<4 PassStateExited; 6<5 ExecutionSucceeded",
    );
}

// SFN-HIST-15, SFN-HIST-24, SFN-HIST-121
#[test]
fn fail_with_a_missing_path() {
    let text = machine(
        r#""A": {"Type": "Pass", "Next": "B"}, "B": {"Type": "Fail", "ErrorPath": "$.no"}"#,
    );
    let world = run(&text, "{}");
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 PassStateEntered; 3<2 PassStateExited; \
         4<3 FailStateEntered; 5<4 ExecutionFailed",
    );
    assert_eq!(world.execution.head.error.as_deref(), Some("States.Runtime"));
}

// SFN-HIST-122
#[test]
fn wait_for_no_time() {
    let text = machine(r#""A": {"Type": "Wait", "TimestampPath": "$.t", "End": true}"#);
    check(
        &run(&text, r#"{"t": "soon"}"#),
        "1<0 ExecutionStarted; 2<0 WaitStateEntered; 3<2 ExecutionFailed",
    );
}

// SFN-HIST-124
#[test]
fn output_too_long() {
    let text = machine(
        r#""A": {"Type": "Pass", "Parameters": {"a.$": "$.x", "b.$": "$.x"}, "End": true}"#,
    );
    let world = run(&text, &format!(r#"{{"x": "{}"}}"#, "y".repeat(200_000)));
    check(&world, "1<0 ExecutionStarted; 2<0 PassStateEntered; 3<2 ExecutionFailed");
    assert_eq!(world.execution.head.error.as_deref(), Some("States.DataLimitExceeded"));
}

// SFN-HIST-30, SFN-HIST-125
#[test]
fn lambda_error_caught() {
    let mut world = World::started(&caught("lambda", ""), "{}");
    world.feed(failed(0, 1, "E"));
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 LambdaFunctionScheduled; \
         4<3 LambdaFunctionStarted; 5<4 LambdaFunctionFailed; 6<5 TaskStateExited; \
         7<6 PassStateEntered; 8<7 PassStateExited; 9<8 ExecutionSucceeded",
    );
}

// SFN-CATCH-4, SFN-HIST-25, SFN-HIST-126: States.Runtime passes the catcher.
#[test]
fn lambda_output_without_output_path() {
    let mut world = World::started(&caught("lambda", r#""OutputPath": "$.no","#), "{}");
    world.feed(succeeded(0, 1, "{}"));
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 LambdaFunctionScheduled; \
         4<3 LambdaFunctionStarted; 5<4 LambdaFunctionSucceeded; 6<5 ExecutionFailed",
    );
}

// SFN-HIST-39, SFN-HIST-40, SFN-HIST-127
#[test]
fn retries_then_a_catcher() {
    let retry = r#""Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 3}],"#;
    let mut world = World::started(&caught("lambda:invoke", retry), "{}");
    for attempt in 1..=4 {
        world.feed(failed(0, attempt, "E"));
        world.fire_next();
    }
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 TaskScheduled; 4<3 TaskStarted; \
         5<4 TaskFailed; 6<5 TaskScheduled; 7<6 TaskStarted; 8<7 TaskFailed; \
         9<8 TaskScheduled; 10<9 TaskStarted; 11<10 TaskFailed; 12<11 TaskScheduled; \
         13<12 TaskStarted; 14<13 TaskFailed; 15<14 TaskStateExited; 16<15 PassStateEntered; \
         17<16 PassStateExited; 18<17 ExecutionSucceeded",
    );
}

// SFN-HIST-128, SFN-ERRN-3
#[test]
fn result_too_long() {
    let mut world = World::started(&caught("lambda:invoke", ""), "{}");
    world.feed(succeeded(0, 1, &format!("\"{}\"", "x".repeat(262_144))));
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 TaskScheduled; 4<3 TaskStarted; \
         5<4 TaskFailed; 6<5 TaskStateExited; 7<6 PassStateEntered; 8<7 PassStateExited; \
         9<8 ExecutionSucceeded",
    );
    assert!(world.chain().contains(
        "The state/task 'arn:aws:states:::lambda:invoke' returned a result with a size \
         exceeding the maximum number of bytes service limit."
    ));
}

// SFN-HIST-36, SFN-HIST-129
#[test]
fn lambda_timeout() {
    let mut world = World::started(&alone("lambda", r#""TimeoutSeconds": 5,"#), "{}");
    time_out(&mut world);
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 LambdaFunctionScheduled; \
         4<3 LambdaFunctionStarted; 5<4 LambdaFunctionTimedOut; 6<5 ExecutionFailed",
    );
}

// SFN-HIST-32, SFN-HIST-130
#[test]
fn token_success() {
    let mut world = World::started(&alone("sqs:sendMessage.waitForTaskToken", ""), "{}");
    world.feed(submitted(0, 1));
    world.feed(succeeded(0, 1, "1"));
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 TaskScheduled; 4<3 TaskStarted; \
         5<4 TaskSubmitted; 6<5 TaskSucceeded; 7<6 TaskStateExited; 8<7 ExecutionSucceeded",
    );
}

// SFN-HIST-131
#[test]
fn token_without_heartbeat() {
    let text = alone("sqs:sendMessage.waitForTaskToken", r#""HeartbeatSeconds": 5,"#);
    let mut world = World::started(&text, "{}");
    world.feed(submitted(0, 1));
    time_out(&mut world);
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 TaskScheduled; 4<3 TaskStarted; \
         5<4 TaskSubmitted; 6<5 TaskTimedOut; 7<6 ExecutionFailed",
    );
}

// SFN-HIST-35, SFN-HIST-37, SFN-HIST-132
#[test]
fn token_failure() {
    let mut world = World::started(&alone("sqs:sendMessage.waitForTaskToken", ""), "{}");
    world.feed(submitted(0, 1));
    world.feed(Event::CallbackFailed { frame: 0, attempt: 1, error: None, cause: None });
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 TaskScheduled; 4<3 TaskStarted; \
         5<4 TaskSubmitted; 6<5 TaskFailed; 7<6 ExecutionFailed",
    );
}

// SFN-HIST-21, SFN-HIST-23
#[test]
fn wait_then_succeed() {
    let text =
        machine(r#""A": {"Type": "Wait", "Seconds": 1, "Next": "B"}, "B": {"Type": "Succeed"}"#);
    check(
        &run(&text, "{}"),
        "1<0 ExecutionStarted; 2<0 WaitStateEntered; 3<2 WaitStateExited; \
         4<3 SucceedStateEntered; 5<4 SucceedStateExited; 6<5 ExecutionSucceeded",
    );
}

// SFN-HIST-34
#[test]
fn resources_are_split() {
    let rows = [
        ("lambda:invoke", "lambda", "invoke"),
        ("lambda:invoke.waitForTaskToken", "lambda", "invoke.waitForTaskToken"),
        ("aws-sdk:s3:getObject", "aws-sdk:s3", "getObject"),
        (
            "aws-sdk:sfn:startExecution.waitForTaskToken",
            "aws-sdk:sfn",
            "startExecution.waitForTaskToken",
        ),
        ("states:startExecution.sync", "states", "startExecution.sync"),
        ("states:startExecution.sync:2", "states", "startExecution.sync:2"),
        ("http:invoke", "http", "invoke"),
        ("apigateway:invoke", "apigateway", "invoke"),
    ];
    let parameters = r#""Parameters": {"FunctionName": "f", "StateMachineArn": "m",
        "ApiEndpoint": "e", "Method": "GET"},"#;
    for (call, kind, resource) in rows {
        let state = format!(
            r#""A": {{"Type": "Task", "Resource": "arn:aws:states:::{call}", {parameters} "End": true}}"#
        );
        let told = World::started(&machine(&state), "{}").chain();
        let started =
            format!(r#"4<3 TaskStarted {{"resourceType":"{kind}","resource":"{resource}"}}"#);
        assert!(told.contains(&started), "{told}");
    }
}

// SFN-HIST-41: how a role that cannot be assumed is told; without IAM every role can be.
#[test]
fn credentials_refused() {
    let role = r#""Credentials": {"RoleArn": "arn:aws:iam::111111111111:role/x"},"#;
    for (resource, scheduled, failed_type) in [
        ("lambda:invoke", "TaskScheduled", "TaskFailed"),
        ("lambda", "LambdaFunctionScheduled", "LambdaFunctionFailed"),
    ] {
        let mut world = World::started(&alone(resource, role), "{}");
        world.feed(failed(0, 1, "States.TaskFailed"));
        let told = world.short();
        let begin = format!("1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 {scheduled}; 4<3");
        assert!(told.starts_with(&begin), "{told}");
        assert!(told.ends_with(&format!("5<4 {failed_type}; 6<5 ExecutionFailed")), "{told}");
        let role = r#""taskCredentials":{"roleArn":"arn:aws:iam::111111111111:role/x"}"#;
        assert!(world.chain().contains(role), "{}", world.chain());
    }
}

// SFN-HIST-134
#[test]
fn child_execution_fails() {
    let mut world = World::started(&alone("states:startExecution.sync", ""), "{}");
    world.feed(submitted(0, 1));
    world.feed(failed(0, 1, "States.TaskFailed"));
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 TaskScheduled; 4<3 TaskStarted; \
         5<4 TaskSubmitted; 6<5 TaskFailed; 7<6 ExecutionFailed",
    );
    assert!(world.chain().contains(r#""resource":"startExecution.sync""#));
}

// SFN-HIST-135, SFN-INT-151: an activity's clocks start with its lease.
#[test]
fn activity_times_out() {
    let text = alone("activity", r#""TimeoutSeconds": 60, "HeartbeatSeconds": 5,"#);
    let mut world = World::started(&text, "{}");
    assert!(!world.fire_next());
    world.now_ms += 1_000_000;
    world.feed(leased(0, 1));
    time_out(&mut world);
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 ActivityScheduled; \
         4<3 ActivityStarted; 5<4 ActivityTimedOut; 6<5 ExecutionFailed",
    );
}

// SFN-HIST-13, SFN-SEM-133
#[test]
fn stopped() {
    let text = machine(r#""A": {"Type": "Wait", "Seconds": 60, "End": true}"#);
    let mut world = World::started(&text, "{}");
    world.feed(Event::Stop { error: Some("E".into()), cause: None });
    check(&world, "1<0 ExecutionStarted; 2<0 WaitStateEntered; 3<0 ExecutionAborted");
    let head = &world.execution.head;
    assert_eq!((head.status.text(), head.error.as_deref()), ("ABORTED", Some("E")));
    assert!(world.feed(Event::Stop { error: None, cause: None }).history.is_empty());
}

// SFN-HIST-14, SFN-SEM-23, SFN-ASL-2
#[test]
fn machine_times_out() {
    let text = r#"{"StartAt": "A", "TimeoutSeconds": 7,
        "States": {"A": {"Type": "Wait", "Seconds": 60, "End": true}}}"#;
    let mut world = World::started(text, "{}");
    world.now_ms += 7_000;
    world.feed(Event::Timer { frame: 0, kind: TimerKind::Execution });
    check(&world, "1<0 ExecutionStarted; 2<0 WaitStateEntered; 3<0 ExecutionTimedOut");
    let head = &world.execution.head;
    assert_eq!((head.status.text(), &head.error, &head.cause), ("TIMED_OUT", &None, &None));
}

// SFN-SEM-74, SFN-INT-149
#[test]
fn machine_deleted() {
    let mut world = World::started(&alone("activity", ""), "{}");
    world.feed(leased(0, 1));
    world.feed(Event::MachineDeleted);
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 ActivityScheduled; \
         4<3 ActivityStarted; 5<4 ExecutionFailed",
    );
    let cause = world.execution.head.cause.as_deref();
    assert_eq!(cause, Some("State machine M has been deleted"));
}

// SFN-HIST-42
#[test]
fn activity_gone() {
    let text = machine(
        r#""A": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:gone",
             "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "A"}], "End": true}"#,
    );
    let world = run(&text, "{}");
    check(&world, "1<0 ExecutionStarted; 2<0 TaskStateEntered; 3<2 ExecutionFailed");
    assert_eq!(
        world.execution.head.cause.as_deref(),
        Some(
            "An error occurred while executing the state 'A' (entered at the event id #2). The \
             activity arn:aws:states:us-east-1:111111111111:activity:gone does not exist."
        )
    );
}
