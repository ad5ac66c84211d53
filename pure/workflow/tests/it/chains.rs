//! The worked chains of history.md §12, and the rules they stand on.

use workflow::effect::TimerKind;
use workflow::event::Event;

use crate::harness::{World, failed, leased, run, submitted, succeeded};

const LAMBDA: &str = "arn:aws:lambda:us-east-1:111111111111:function:f";
const ACTIVITY: &str = "arn:aws:states:us-east-1:111111111111:activity:a";

fn machine(states: &str) -> String {
    format!(r#"{{"StartAt": "A", "States": {{{states}}}}}"#)
}

fn task(resource: &str, more: &str) -> String {
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
fn check(world: &World, expected: &str) {
    assert_eq!(world.short(), expected, "\n{}", world.chain());
}

fn time_out(world: &mut World) {
    while world.fire_next() {}
}

// SFN-HIST-120
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

// SFN-HIST-121
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

// SFN-HIST-25, SFN-HIST-126: States.Runtime passes the catcher.
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

// SFN-HIST-132
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

// SFN-HIST-133, SFN-HIST-62
#[test]
fn token_failure_in_a_branch() {
    let task = task("sqs:sendMessage.waitForTaskToken", "");
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "Branches": [{{"StartAt": "T", "States": {{"T": {task}}}}}],
             "Catch": [{{"ErrorEquals": ["States.ALL"], "Next": "B"}}], "End": true}},
           "B": {{"Type": "Pass", "End": true}}"#
    ));
    let mut world = World::started(&text, "{}");
    world.feed(submitted(1, 1));
    world.feed(Event::CallbackFailed { frame: 1, attempt: 1, error: None, cause: None });
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 ParallelStateEntered; 3<2 ParallelStateStarted; \
         4<3 TaskStateEntered; 5<4 TaskScheduled; 6<5 TaskStarted; 7<6 TaskSubmitted; \
         8<7 TaskFailed; 9<8 TaskStateAborted; 10<8 ParallelStateFailed; \
         11<10 ParallelStateExited; 12<11 PassStateEntered; 13<12 PassStateExited; \
         14<13 ExecutionSucceeded",
    );
    let output = world.execution.head.output.unwrap();
    assert_eq!(&**output.text(), r#"{"Error":null,"Cause":null}"#);
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

const FAIL: &str =
    r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E", "Cause": "c"}}}"#;

// SFN-HIST-74, SFN-HIST-136
#[test]
fn map_retried() {
    let text = machine(&format!(
        r#""A": {{"Type": "Pass", "Next": "B"}},
           "B": {{"Type": "Map", "MaxConcurrency": 1, "ItemProcessor": {FAIL},
             "Retry": [{{"ErrorEquals": ["E"], "MaxAttempts": 2}}], "End": true}}"#
    ));
    check(
        &run(&text, "[1, 2]"),
        "1<0 ExecutionStarted; 2<0 PassStateEntered; 3<2 PassStateExited; \
         4<3 MapStateEntered; 5<4 MapStateStarted; 6<5 MapIterationStarted; \
         7<6 FailStateEntered; 8<7 MapIterationFailed; 9<7 MapStateStarted; \
         10<9 MapIterationStarted; 11<10 FailStateEntered; 12<11 MapIterationFailed; \
         13<11 MapStateStarted; 14<13 MapIterationStarted; 15<14 FailStateEntered; \
         16<15 MapIterationFailed; 17<15 MapStateFailed; 18<17 ExecutionFailed",
    );
}

const PASS: &str = r#"{"StartAt": "P", "States": {"P": {"Type": "Pass", "End": true}}}"#;

// SFN-HIST-137
#[test]
fn map_of_one() {
    let text = machine(&format!(r#""A": {{"Type": "Map", "Iterator": {PASS}, "End": true}}"#));
    check(
        &run(&text, "[1]"),
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; \
         4<3 MapIterationStarted; 5<4 PassStateEntered; 6<5 PassStateExited; \
         7<6 MapIterationSucceeded; 8<7 MapStateSucceeded; 9<7 MapStateExited; \
         10<9 ExecutionSucceeded",
    );
}

// SFN-HIST-72
#[test]
fn map_of_none() {
    let text = machine(&format!(r#""A": {{"Type": "Map", "Iterator": {PASS}, "End": true}}"#));
    check(
        &run(&text, "[]"),
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; \
         4<3 MapStateSucceeded; 5<3 MapStateExited; 6<5 ExecutionSucceeded",
    );
}

// SFN-HIST-70, SFN-HIST-71
#[test]
fn map_with_two_at_once() {
    let text = machine(&format!(
        r#""A": {{"Type": "Map", "MaxConcurrency": 2, "Iterator": {PASS}, "End": true}}"#
    ));
    let world = run(&text, "[7, 8, 9]");
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; \
         4<3 MapIterationStarted; 5<3 MapIterationStarted; 6<4 PassStateEntered; \
         7<6 PassStateExited; 8<7 MapIterationSucceeded; 9<7 MapIterationStarted; \
         10<5 PassStateEntered; 11<10 PassStateExited; 12<11 MapIterationSucceeded; \
         13<9 PassStateEntered; 14<13 PassStateExited; 15<14 MapIterationSucceeded; \
         16<15 MapStateSucceeded; 17<15 MapStateExited; 18<17 ExecutionSucceeded",
    );
    assert_eq!(&**world.execution.head.output.unwrap().text(), "[7,8,9]");
}

// SFN-HIST-73
#[test]
fn map_caught() {
    let text = machine(&format!(
        r#""A": {{"Type": "Map", "ItemProcessor": {FAIL}, "MaxConcurrency": 1,
             "Catch": [{{"ErrorEquals": ["E"], "Next": "B"}}], "End": true}},
           "B": {{"Type": "Succeed"}}"#
    ));
    check(
        &run(&text, "[1, 2]"),
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; \
         4<3 MapIterationStarted; 5<4 FailStateEntered; 6<5 MapIterationFailed; \
         7<5 MapStateFailed; 8<7 MapStateExited; 9<8 SucceedStateEntered; \
         10<9 SucceedStateExited; 11<10 ExecutionSucceeded",
    );
}

// SFN-HIST-65, SFN-HIST-138
#[test]
fn parallel_retried() {
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "Branches": [{FAIL}],
             "Retry": [{{"ErrorEquals": ["E"], "MaxAttempts": 2}}], "End": true}}"#
    ));
    check(
        &run(&text, "{}"),
        "1<0 ExecutionStarted; 2<0 ParallelStateEntered; 3<2 ParallelStateStarted; \
         4<3 FailStateEntered; 5<4 ParallelStateStarted; 6<5 FailStateEntered; \
         7<6 ParallelStateStarted; 8<7 FailStateEntered; 9<8 ParallelStateFailed; \
         10<9 ExecutionFailed",
    );
}

// SFN-HIST-75, SFN-HIST-140: all have the same deadline, and tell so before the first fails.
#[test]
fn map_of_timeouts() {
    let task = task("lambda:invoke", r#""TimeoutSeconds": 5,"#);
    let text = machine(&format!(
        r#""A": {{"Type": "Map", "Iterator": {{"StartAt": "T", "States": {{"T": {task}}}}}, "End": true}}"#
    ));
    let mut world = World::started(&text, "[1, 2, 3, 4]");
    assert!(world.fire_next());
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; \
         4<3 MapIterationStarted; 5<3 MapIterationStarted; 6<3 MapIterationStarted; \
         7<3 MapIterationStarted; 8<4 TaskStateEntered; 9<8 TaskScheduled; \
         10<5 TaskStateEntered; 11<10 TaskScheduled; 12<6 TaskStateEntered; \
         13<12 TaskScheduled; 14<7 TaskStateEntered; 15<14 TaskScheduled; 16<9 TaskStarted; \
         17<11 TaskStarted; 18<13 TaskStarted; 19<15 TaskStarted; 20<16 TaskTimedOut; \
         21<17 TaskTimedOut; 22<18 TaskTimedOut; 23<19 TaskTimedOut; \
         24<20 MapIterationFailed; 25<20 TaskStateAborted; 26<20 MapIterationAborted; \
         27<20 TaskStateAborted; 28<20 MapIterationAborted; 29<20 TaskStateAborted; \
         30<20 MapIterationAborted; 31<20 TaskStateAborted; 32<20 MapStateFailed; \
         33<32 ExecutionFailed",
    );
}

// SFN-HIST-60, SFN-HIST-67
#[test]
fn parallel_succeeds() {
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "End": true, "Branches": [{PASS},
             {{"StartAt": "S", "States": {{"S": {{"Type": "Succeed"}}}}}}]}}"#
    ));
    check(
        &run(&text, "{}"),
        "1<0 ExecutionStarted; 2<0 ParallelStateEntered; 3<2 ParallelStateStarted; \
         4<3 PassStateEntered; 5<4 PassStateExited; 6<3 SucceedStateEntered; \
         7<6 SucceedStateExited; 8<7 ParallelStateSucceeded; 9<7 ParallelStateExited; \
         10<9 ExecutionSucceeded",
    );
}

// SFN-HIST-61, SFN-HIST-63: one aborted for the failing branch's own task, one for the sibling.
#[test]
fn parallel_with_a_running_sibling() {
    let branch = |name: &str| {
        format!(r#"{{"StartAt": "{name}", "States": {{"{name}": {}}}}}"#, task("activity", ""))
    };
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "End": true, "Branches": [{}, {}]}}"#,
        branch("X"),
        branch("Y")
    ));
    let mut world = World::started(&text, "{}");
    world.feed(leased(2, 1));
    world.feed(failed(2, 1, "E"));
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 ParallelStateEntered; 3<2 ParallelStateStarted; \
         4<3 TaskStateEntered; 5<4 ActivityScheduled; 6<3 TaskStateEntered; \
         7<6 ActivityScheduled; 8<7 ActivityStarted; 9<8 ActivityFailed; \
         10<9 TaskStateAborted; 11<9 TaskStateAborted; 12<9 ParallelStateFailed; \
         13<12 ExecutionFailed",
    );
}

// SFN-HIST-75, last example: a task's failure with no running sibling.
#[test]
fn map_with_a_failing_activity() {
    let task = task("activity", "");
    let text = machine(&format!(
        r#""A": {{"Type": "Map", "Iterator": {{"StartAt": "T", "States": {{"T": {task}}}}}, "End": true}}"#
    ));
    let mut world = World::started(&text, "[1]");
    world.feed(leased(1, 1));
    world.feed(failed(1, 1, "E"));
    check(
        &world,
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; \
         4<3 MapIterationStarted; 5<4 TaskStateEntered; 6<5 ActivityScheduled; \
         7<6 ActivityStarted; 8<7 ActivityFailed; 9<8 MapIterationFailed; \
         10<8 TaskStateAborted; 11<8 MapStateFailed; 12<11 ExecutionFailed",
    );
}

// SFN-HIST-64, SFN-HIST-76, SFN-PAR-3
#[test]
fn runtime_errors_end_the_execution() {
    let broken =
        r#"{"StartAt": "X", "States": {"X": {"Type": "Pass", "InputPath": "$.no", "End": true}}}"#;
    let catch = r#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "B"}]"#;
    let end = r#""B": {"Type": "Succeed"}"#;
    let parallel = machine(&format!(
        r#""A": {{"Type": "Parallel", "Branches": [{broken}], {catch}, "End": true}}, {end}"#
    ));
    check(
        &run(&parallel, "{}"),
        "1<0 ExecutionStarted; 2<0 ParallelStateEntered; 3<2 ParallelStateStarted; \
         4<3 PassStateEntered; 5<4 ExecutionFailed",
    );
    let map = machine(&format!(
        r#""A": {{"Type": "Map", "Iterator": {broken}, {catch}, "End": true}}, {end}"#
    ));
    check(
        &run(&map, "[1]"),
        "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 MapStateStarted; \
         4<3 MapIterationStarted; 5<4 PassStateEntered; 6<5 ExecutionFailed",
    );
}

// SFN-HIST-66
#[test]
fn parallel_selector_fails() {
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "Branches": [{PASS}], "ResultSelector": {{"x.$": "$.no"}}, "End": true}}"#
    ));
    check(
        &run(&text, "{}"),
        "1<0 ExecutionStarted; 2<0 ParallelStateEntered; 3<2 ParallelStateStarted; \
         4<3 PassStateEntered; 5<4 PassStateExited; 6<5 ParallelStateSucceeded; \
         7<6 ExecutionFailed",
    );
}

// SFN-HIST-77, SFN-MAP-8
#[test]
fn map_with_a_bad_concurrency() {
    let text = machine(&format!(
        r#""A": {{"Type": "Map", "ItemsPath": "$.i", "MaxConcurrencyPath": "$.n", "Iterator": {PASS}, "End": true}}"#
    ));
    for (value, told) in [
        ("-1", "MaxConcurrency cannot be negative."),
        ("1.5", r#"refers to value "1.5" which is not a valid integer: $.n"#),
        ("{}", r#"refers to value "{}" which is not a valid integer: $.n"#),
    ] {
        let world = run(&text, &format!(r#"{{"i": [1], "n": {value}}}"#));
        check(&world, "1<0 ExecutionStarted; 2<0 MapStateEntered; 3<2 ExecutionFailed");
        let cause = world.execution.head.cause.unwrap();
        assert!(cause.ends_with(told), "{cause}");
    }
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

// A branch inside a branch: the sibling's whole tree is told, outer states first.
#[test]
fn nested_siblings_are_aborted() {
    let wait = r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 9, "End": true}}}"#;
    let late = r#"{"StartAt": "L", "States": {"L": {"Type": "Wait", "Seconds": 5, "Next": "F"},
        "F": {"Type": "Fail"}}}"#;
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "End": true, "Branches": [{late}, {{"StartAt": "M", "States": {{
             "M": {{"Type": "Map", "ItemsPath": "$.i", "Iterator": {wait}, "End": true}}}}}}]}}"#
    ));
    check(
        &run(&text, r#"{"i": [1, 2]}"#),
        "1<0 ExecutionStarted; 2<0 ParallelStateEntered; 3<2 ParallelStateStarted; \
         4<3 WaitStateEntered; 5<3 MapStateEntered; 6<5 MapStateStarted; \
         7<6 MapIterationStarted; 8<6 MapIterationStarted; 9<7 WaitStateEntered; \
         10<8 WaitStateEntered; 11<4 WaitStateExited; 12<11 FailStateEntered; \
         13<12 MapStateAborted; 14<12 MapIterationAborted; 15<12 WaitStateAborted; \
         16<12 MapIterationAborted; 17<12 WaitStateAborted; 18<12 ParallelStateFailed; \
         19<18 ExecutionFailed",
    );
}
