//! Chains of Parallel and inline Map: success, failure, retries, aborted siblings.

use workflow::event::Event;

use crate::chains::{check, machine, task};
use crate::harness::{World, failed, leased, run, submitted};

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

// SFN-MAP-5: forty at once at most, one after the other when asked, in order.
#[test]
fn map_concurrency() {
    let items: Vec<u32> = (0..50).collect();
    let input = serde_json::json!({"i": items, "two": 2, "digits": "3", "none": 0}).to_string();
    let wait = r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1, "End": true}}}"#;
    let rows = [
        ("", 40),
        (r#""MaxConcurrency": 0,"#, 40),
        (r#""MaxConcurrency": 1,"#, 1),
        (r#""MaxConcurrency": 100,"#, 40),
        (r#""MaxConcurrency": 99999999999,"#, 40),
        (r#""MaxConcurrencyPath": "$.two","#, 2),
        (r#""MaxConcurrencyPath": "$.digits","#, 3),
        (r#""MaxConcurrencyPath": "$.none","#, 40),
    ];
    for (field, at_once) in rows {
        let text = machine(&format!(
            r#""A": {{"Type": "Map", "ItemsPath": "$.i", {field} "ItemProcessor": {wait}, "End": true}}"#
        ));
        let mut world = World::started(&text, &input);
        let begun = |world: &World| world.short().matches("MapIterationStarted").count();
        assert_eq!(begun(&world), at_once, "{field}");
        world.drive();
        assert_eq!(begun(&world), 50);
        assert_eq!(world.execution.head.output.unwrap().value(), &serde_json::json!(items));
    }
}

// SFN-MAP-6, SFN-PAR-1: results are in the order of the items and branches, whoever is first.
#[test]
fn results_are_in_order() {
    let wait =
        r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "SecondsPath": "$", "End": true}}}"#;
    let text = machine(&format!(r#""A": {{"Type": "Map", "ItemProcessor": {wait}, "End": true}}"#));
    assert_eq!(&**run(&text, "[3, 1, 2]").execution.head.output.unwrap().text(), "[3,1,2]");
    let branch = |seconds: u32| {
        format!(
            r#"{{"StartAt": "W{seconds}", "States": {{
                "W{seconds}": {{"Type": "Wait", "Seconds": {seconds}, "Next": "P{seconds}"}},
                "P{seconds}": {{"Type": "Pass", "Result": {seconds}, "End": true}}}}}}"#
        )
    };
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "Branches": [{}, {}, {}], "End": true}}"#,
        branch(3),
        branch(1),
        branch(2)
    ));
    assert_eq!(&**run(&text, "{}").execution.head.output.unwrap().text(), "[3,1,2]");
}

// SFN-PAR-4: a retry begins every branch anew, also those that had succeeded.
#[test]
fn a_retry_runs_every_branch() {
    let late = r#"{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 5, "Next": "F"},
        "F": {"Type": "Fail", "Error": "E"}}}"#;
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "Branches": [{PASS}, {late}],
             "Retry": [{{"ErrorEquals": ["E"], "MaxAttempts": 1}}], "End": true}}"#
    ));
    check(
        &run(&text, "{}"),
        "1<0 ExecutionStarted; 2<0 ParallelStateEntered; 3<2 ParallelStateStarted; \
         4<3 PassStateEntered; 5<4 PassStateExited; 6<3 WaitStateEntered; \
         7<6 WaitStateExited; 8<7 FailStateEntered; 9<8 ParallelStateStarted; \
         10<9 PassStateEntered; 11<10 PassStateExited; 12<9 WaitStateEntered; \
         13<12 WaitStateExited; 14<13 FailStateEntered; 15<14 ParallelStateFailed; \
         16<15 ExecutionFailed",
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
