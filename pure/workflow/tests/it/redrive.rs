//! Redrive: every row of the table in semantics.md §5 and the chains of history.md §9.

use expect_test::{Expect, expect};
use workflow::effect::{Effect, TimerKind};
use workflow::event::Event;
use workflow::execution::Status;
use workflow::history::Details;

use crate::chains::{machine, task};
use crate::harness::{World, failed, leased, run, submitted, succeeded};

const ACTIVITY: &str =
    r#""Type": "Task", "Resource": "arn:aws:states:us-east-1:111111111111:activity:a""#;

/// Events from number `from` on.
fn check(world: &World, from: usize, expected: Expect) {
    let short = world.short();
    let events: Vec<&str> = short.split("; ").skip(from - 1).collect();
    expected.assert_eq(&events.join("\n"));
}

fn redrive(world: &mut World) {
    world.now_ms += 60_000;
    world.feed(Event::Redrive);
}

fn output(world: &World) -> String {
    let head = &world.execution.head;
    head.output.as_ref().map_or(format!("{head:?}"), |output| output.text().to_string())
}

fn stop() -> Event {
    Event::Stop { error: Some("Stopped".into()), cause: None }
}

// SFN-HIST-90, SFN-HIST-91, SFN-SEM-46: the worked chain.
#[test]
fn activity() {
    let mut world = World::started(&machine(&format!(r#""A": {{{ACTIVITY}, "End": true}}"#)), "{}");
    world.feed(leased(0, 1));
    world.feed(failed(0, 1, "E"));
    redrive(&mut world);
    let head = &world.execution.head;
    assert_eq!(
        (head.status, head.redrive_count, head.redrive_ms),
        (Status::Running, 1, Some(world.now_ms))
    );
    assert_eq!((&head.error, &head.cause, head.stop_ms), (&None, &None, None));
    // The failed attempt's number is used up: its token is another's.
    assert_eq!(world.feed(succeeded(0, 1, "1")).history, []);
    world.feed(leased(0, 2));
    world.feed(succeeded(0, 2, "1"));
    check(
        &world,
        1,
        expect![[r#"
        1<0 ExecutionStarted
        2<0 TaskStateEntered
        3<2 ActivityScheduled
        4<3 ActivityStarted
        5<4 ActivityFailed
        6<5 ExecutionFailed
        7<6 ExecutionRedriven
        8<2 ActivityScheduled
        9<8 ActivityStarted
        10<9 ActivitySucceeded
        11<10 TaskStateExited
        12<11 ExecutionSucceeded"#]],
    );
    assert!(
        world
            .history
            .iter()
            .any(|event| { event.details == Details::ExecutionRedriven { redrive_count: 1 } })
    );
}

// SFN-HIST-92, SFN-RETRY-6: retriers begin anew.
#[test]
fn service_task_with_retries() {
    let retry = r#""Retry": [{"ErrorEquals": ["E"], "MaxAttempts": 1}],"#;
    let task = task(
        "lambda:invoke",
        &format!(
            r#""Parameters": {{"FunctionName": "f", "Payload": {{
            "in.$": "$", "retries.$": "$$.State.RetryCount", "redrives.$": "$$.Execution.RedriveCount"}}}}, {retry}"#
        ),
    );
    let mut world = World::started(&machine(&format!(r#""A": {task}"#)), "[7]");
    for attempt in 1..=2 {
        world.feed(failed(0, attempt, "E"));
        world.fire_next();
    }
    assert_eq!(world.execution.head.status, Status::Failed);
    redrive(&mut world);
    world.feed(failed(0, 3, "E"));
    world.fire_next();
    world.feed(failed(0, 4, "E"));
    redrive(&mut world);
    world.feed(succeeded(0, 5, "{}"));
    check(
        &world,
        8,
        expect![[r#"
        8<7 TaskFailed
        9<8 ExecutionFailed
        10<9 ExecutionRedriven
        11<2 TaskScheduled
        12<11 TaskStarted
        13<12 TaskFailed
        14<13 TaskScheduled
        15<14 TaskStarted
        16<15 TaskFailed
        17<16 ExecutionFailed
        18<17 ExecutionRedriven
        19<2 TaskScheduled
        20<19 TaskStarted
        21<20 TaskSucceeded
        22<21 TaskStateExited
        23<22 ExecutionSucceeded"#]],
    );
    let parameters = world.effects.iter().filter_map(|effect| match effect {
        Effect::Call(call) => Some(call.parameters.text().to_string()),
        _ => None,
    });
    let parameters: Vec<String> = parameters.collect();
    expect![[r#"
        {"FunctionName":"f","Payload":{"retries":0,"in":[7],"redrives":0}}
        {"FunctionName":"f","Payload":{"retries":1,"in":[7],"redrives":0}}
        {"FunctionName":"f","Payload":{"retries":0,"in":[7],"redrives":1}}
        {"FunctionName":"f","Payload":{"retries":1,"in":[7],"redrives":1}}
        {"FunctionName":"f","Payload":{"retries":0,"in":[7],"redrives":2}}"#]]
    .assert_eq(&parameters.join("\n"));
}

// SFN-HIST-93
#[test]
fn fail() {
    let mut world = run(
        &machine(r#""A": {"Type": "Pass", "Next": "F"}, "F": {"Type": "Fail", "Error": "E"}"#),
        "{}",
    );
    redrive(&mut world);
    redrive(&mut world);
    check(
        &world,
        4,
        expect![[r#"
        4<3 FailStateEntered
        5<4 ExecutionFailed
        6<5 ExecutionRedriven
        7<6 ExecutionFailed
        8<7 ExecutionRedriven
        9<8 ExecutionFailed"#]],
    );
    let head = &world.execution.head;
    assert_eq!(
        (head.status, head.error.as_deref(), head.redrive_count),
        (Status::Failed, Some("E"), 2)
    );
}

// SFN-HIST-96: the full duration once more; an instant stays.
#[test]
fn waits() {
    let mut world =
        World::started(&machine(r#""A": {"Type": "Wait", "Seconds": 100, "End": true}"#), "{}");
    world.now_ms += 30_000;
    world.feed(stop());
    redrive(&mut world);
    let redriven_ms = world.now_ms;
    world.drive();
    assert_eq!(world.execution.head.stop_ms, Some(redriven_ms + 100_000));
    check(
        &world,
        2,
        expect![[r#"
        2<0 WaitStateEntered
        3<0 ExecutionAborted
        4<3 ExecutionRedriven
        5<2 WaitStateExited
        6<5 ExecutionSucceeded"#]],
    );

    let wait = r#""A": {"Type": "Wait", "TimestampPath": "$.at", "End": true}"#;
    let mut world = World::started(&machine(wait), r#"{"at": "2024-01-01T00:02:00Z"}"#);
    world.feed(stop());
    redrive(&mut world);
    world.feed(stop());
    redrive(&mut world);
    redrive(&mut world);
    assert_eq!(
        world.execution.head.status,
        Status::Succeeded,
        "the second redrive was late enough"
    );
    check(
        &world,
        2,
        expect![[r#"
        2<0 WaitStateEntered
        3<0 ExecutionAborted
        4<3 ExecutionRedriven
        5<0 ExecutionAborted
        6<5 ExecutionRedriven
        7<2 WaitStateExited
        8<7 ExecutionSucceeded"#]],
    );
}

// SFN-HIST-97: what failed of itself is evaluated again.
#[test]
fn interpreter_failures() {
    let choice = r#""A": {"Type": "Choice", "Choices": [{"Variable": "$.no", "IsPresent": true, "Next": "B"}]},
        "B": {"Type": "Succeed"}"#;
    let mut world = run(&machine(choice), "{}");
    assert_eq!(world.execution.head.status, Status::Failed);
    redrive(&mut world);
    check(
        &world,
        2,
        expect![[r#"
        2<0 ChoiceStateEntered
        3<2 ExecutionFailed
        4<3 ExecutionRedriven
        5<2 ExecutionFailed"#]],
    );

    // Only the redriven execution has a time of redrive (SFN-SEM-45).
    let pass = r#""A": {"Type": "Pass", "Assign": {"v": 1}, "Next": "B"}, "B": {"Type": "Pass",
        "Parameters": {"t.$": "$$.Execution.RedriveTime", "s.$": "$$.Execution.StartTime", "v.$": "$v",
            "e.$": "$$.State.EnteredTime", "n.$": "$$.Execution.RedriveCount"}, "Assign": {"v": 2}, "End": true}"#;
    let mut world = run(&machine(pass), "{}");
    assert_eq!(world.execution.head.error.as_deref(), Some("States.Runtime"));
    redrive(&mut world);
    check(
        &world,
        4,
        expect![[r#"
        4<3 PassStateEntered
        5<4 ExecutionFailed
        6<5 ExecutionRedriven
        7<4 PassStateExited
        8<7 ExecutionSucceeded"#]],
    );
    expect![[r#"{"s":"2024-01-01T00:00:00.000Z","t":"2024-01-01T00:01:00.000Z","e":"2024-01-01T00:00:00.000Z","v":1,"n":1}"#]].assert_eq(&output(&world));
}

/// Three branches: one is done, one fails, one is aborted with it.
fn branches(more: &str) -> String {
    machine(&format!(
        r#""A": {{"Type": "Parallel", {more} "End": true, "Branches": [
            {{"StartAt": "P", "States": {{"P": {{"Type": "Pass", "Result": "first", "End": true}}}}}},
            {{"StartAt": "T", "States": {{"T": {{{ACTIVITY}, "Next": "U"}}, "U": {{"Type": "Pass", "End": true}}}}}},
            {{"StartAt": "W", "States": {{"W": {{"Type": "Wait", "Seconds": 9, "End": true}}}}}}]}}"#
    ))
}

// SFN-HIST-94
#[test]
fn parallel() {
    let mut world = World::started(&branches(""), "{}");
    world.feed(leased(2, 1));
    world.feed(failed(2, 1, "E"));
    redrive(&mut world);
    world.feed(leased(2, 2));
    world.feed(succeeded(2, 2, "2"));
    world.drive();
    check(
        &world,
        1,
        expect![[r#"
        1<0 ExecutionStarted
        2<0 ParallelStateEntered
        3<2 ParallelStateStarted
        4<3 PassStateEntered
        5<4 PassStateExited
        6<3 TaskStateEntered
        7<6 ActivityScheduled
        8<3 WaitStateEntered
        9<7 ActivityStarted
        10<9 ActivityFailed
        11<10 TaskStateAborted
        12<10 WaitStateAborted
        13<10 ParallelStateFailed
        14<13 ExecutionFailed
        15<14 ExecutionRedriven
        16<6 ActivityScheduled
        17<16 ActivityStarted
        18<17 ActivitySucceeded
        19<18 TaskStateExited
        20<19 PassStateEntered
        21<20 PassStateExited
        22<8 WaitStateExited
        23<22 ParallelStateSucceeded
        24<22 ParallelStateExited
        25<24 ExecutionSucceeded"#]],
    );
    assert_eq!(output(&world), r#"["first",2,{}]"#);
}

// A retry of the whole state begins all branches; so does a redrive while it waits for that.
#[test]
fn parallel_with_retry() {
    let retry = r#""Retry": [{"ErrorEquals": ["States.ALL"], "MaxAttempts": 1}],"#;
    let mut world = World::started(&branches(retry), "{}");
    world.feed(failed(2, 1, "E"));
    world.feed(leased(2, 1));
    world.feed(failed(2, 1, "E"));
    world.feed(stop());
    redrive(&mut world);
    world.feed(leased(5, 1));
    world.feed(failed(5, 1, "E"));
    assert_eq!(world.execution.head.status, Status::Running, "the retrier counts from 0");
    world.fire_next();
    world.feed(leased(8, 1));
    world.feed(failed(8, 1, "E"));
    redrive(&mut world);
    world.feed(leased(8, 2));
    world.feed(succeeded(8, 2, "2"));
    world.drive();
    check(
        &world,
        9,
        expect![[r#"
        9<7 ActivityStarted
        10<9 ActivityFailed
        11<10 TaskStateAborted
        12<10 WaitStateAborted
        13<0 ExecutionAborted
        14<13 ExecutionRedriven
        15<2 ParallelStateStarted
        16<15 PassStateEntered
        17<16 PassStateExited
        18<15 TaskStateEntered
        19<18 ActivityScheduled
        20<15 WaitStateEntered
        21<19 ActivityStarted
        22<21 ActivityFailed
        23<22 TaskStateAborted
        24<22 WaitStateAborted
        25<22 ParallelStateStarted
        26<25 PassStateEntered
        27<26 PassStateExited
        28<25 TaskStateEntered
        29<28 ActivityScheduled
        30<25 WaitStateEntered
        31<29 ActivityStarted
        32<31 ActivityFailed
        33<32 TaskStateAborted
        34<32 WaitStateAborted
        35<32 ParallelStateFailed
        36<35 ExecutionFailed
        37<36 ExecutionRedriven
        38<28 ActivityScheduled
        39<38 ActivityStarted
        40<39 ActivitySucceeded
        41<40 TaskStateExited
        42<41 PassStateEntered
        43<42 PassStateExited
        44<30 WaitStateExited
        45<44 ParallelStateSucceeded
        46<44 ParallelStateExited
        47<46 ExecutionSucceeded"#]],
    );
    assert_eq!(output(&world), r#"["first",2,{}]"#);
}

// SFN-SEM-49: what was caught is over, its frames too.
#[test]
fn caught_states_are_not_unsuccessful() {
    let catch = r#""Catch": [{"ErrorEquals": ["States.ALL"], "Next": "F"}],"#;
    let text =
        branches(catch).replacen(r#""A":"#, r#""F": {"Type": "Fail", "Error": "Late"}, "A":"#, 1);
    let mut world = World::started(&text, "{}");
    world.feed(leased(2, 1));
    world.feed(failed(2, 1, "E"));
    assert_eq!(world.execution.frames.len(), 1);
    redrive(&mut world);
    check(
        &world,
        14,
        expect![[r#"
        14<13 ParallelStateExited
        15<14 FailStateEntered
        16<15 ExecutionFailed
        17<16 ExecutionRedriven
        18<17 ExecutionFailed"#]],
    );
}

// SFN-HIST-97: all branches, and all iterations.
#[test]
fn too_much_data() {
    let half = "x".repeat(600);
    let pass = |name: &str| {
        format!(
            r#"{{"StartAt": "{name}", "States": {{
                "{name}": {{"Type": "Pass", "Result": "{half}", "End": true}}}}}}"#
        )
    };
    let (first, second) = (pass("P"), pass("Q"));
    let states = [
        format!(r#""A": {{"Type": "Parallel", "Branches": [{first}, {second}], "End": true}}"#),
        format!(r#""A": {{"Type": "Map", "Iterator": {first}, "MaxConcurrency": 1, "End": true}}"#),
    ];
    let expected = [
        expect![[r#"
        1<0 ExecutionStarted
        2<0 ParallelStateEntered
        3<2 ParallelStateStarted
        4<3 PassStateEntered
        5<4 PassStateExited
        6<3 PassStateEntered
        7<6 PassStateExited
        8<7 ParallelStateSucceeded
        9<7 ParallelStateFailed
        10<9 ExecutionFailed
        11<10 ExecutionRedriven
        12<2 ParallelStateStarted
        13<12 PassStateEntered
        14<13 PassStateExited
        15<12 PassStateEntered
        16<15 PassStateExited
        17<16 ParallelStateSucceeded
        18<16 ParallelStateFailed
        19<18 ExecutionFailed"#]],
        expect![[r#"
        1<0 ExecutionStarted
        2<0 MapStateEntered
        3<2 MapStateStarted
        4<3 MapIterationStarted
        5<4 PassStateEntered
        6<5 PassStateExited
        7<6 MapIterationSucceeded
        8<6 MapIterationStarted
        9<8 PassStateEntered
        10<9 PassStateExited
        11<10 MapIterationSucceeded
        12<11 MapStateSucceeded
        13<11 MapStateFailed
        14<13 ExecutionFailed
        15<14 ExecutionRedriven
        16<2 MapStateStarted
        17<16 MapIterationStarted
        18<17 PassStateEntered
        19<18 PassStateExited
        20<19 MapIterationSucceeded
        21<19 MapIterationStarted
        22<21 PassStateEntered
        23<22 PassStateExited
        24<23 MapIterationSucceeded
        25<24 MapStateSucceeded
        26<24 MapStateFailed
        27<26 ExecutionFailed"#]],
    ];
    for (state, expected) in states.iter().zip(expected) {
        let mut world = World::new(&machine(state), "[1, 2]");
        world.limits.payload_bytes_max = 1_000;
        world.feed(Event::Start);
        assert_eq!(world.execution.head.error.as_deref(), Some("States.DataLimitExceeded"));
        redrive(&mut world);
        check(&world, 1, expected);
    }
}

// SFN-HIST-95
#[test]
fn map() {
    let text = machine(&format!(
        r#""A": {{"Type": "Map", "MaxConcurrency": 2, "End": true,
            "Iterator": {{"StartAt": "T", "States": {{"T": {{{ACTIVITY}, "End": true}}}}}}}}"#
    ));
    let mut world = World::started(&text, "[1, 2, 3, 4]");
    for frame in [1, 2] {
        world.feed(leased(frame, 1));
    }
    world.feed(succeeded(1, 1, r#""one""#));
    world.feed(failed(2, 1, "E"));
    redrive(&mut world);
    world.feed(leased(2, 2));
    world.feed(leased(3, 2));
    world.feed(succeeded(3, 2, r#""three""#));
    world.feed(leased(4, 1));
    world.feed(succeeded(4, 1, r#""four""#));
    world.feed(succeeded(2, 2, r#""two""#));
    check(
        &world,
        1,
        expect![[r#"
        1<0 ExecutionStarted
        2<0 MapStateEntered
        3<2 MapStateStarted
        4<3 MapIterationStarted
        5<3 MapIterationStarted
        6<4 TaskStateEntered
        7<6 ActivityScheduled
        8<5 TaskStateEntered
        9<8 ActivityScheduled
        10<7 ActivityStarted
        11<9 ActivityStarted
        12<10 ActivitySucceeded
        13<12 TaskStateExited
        14<13 MapIterationSucceeded
        15<13 MapIterationStarted
        16<15 TaskStateEntered
        17<16 ActivityScheduled
        18<11 ActivityFailed
        19<18 MapIterationFailed
        20<18 TaskStateAborted
        21<18 MapIterationAborted
        22<18 TaskStateAborted
        23<18 MapStateFailed
        24<23 ExecutionFailed
        25<24 ExecutionRedriven
        26<8 ActivityScheduled
        27<16 ActivityScheduled
        28<26 ActivityStarted
        29<27 ActivityStarted
        30<29 ActivitySucceeded
        31<30 TaskStateExited
        32<31 MapIterationSucceeded
        33<31 MapIterationStarted
        34<33 TaskStateEntered
        35<34 ActivityScheduled
        36<35 ActivityStarted
        37<36 ActivitySucceeded
        38<37 TaskStateExited
        39<38 MapIterationSucceeded
        40<28 ActivitySucceeded
        41<40 TaskStateExited
        42<41 MapIterationSucceeded
        43<42 MapStateSucceeded
        44<42 MapStateExited
        45<44 ExecutionSucceeded"#]],
    );
    assert_eq!(output(&world), r#"["one","two","three","four"]"#);
}

// One of several iterations failed and none of the others was open: room is used at once.
#[test]
fn map_with_room() {
    let fail = r#"{"StartAt": "F", "States": {"F": {"Type": "Fail", "Error": "E"}}}"#;
    let text = machine(&format!(
        r#""A": {{"Type": "Map", "MaxConcurrency": 1, "End": true, "ItemProcessor": {fail}}}"#
    ));
    let mut world = run(&text, "[1, 2]");
    redrive(&mut world);
    check(
        &world,
        4,
        expect![[r#"
        4<3 MapIterationStarted
        5<4 FailStateEntered
        6<5 MapIterationFailed
        7<5 MapStateFailed
        8<7 ExecutionFailed
        9<8 ExecutionRedriven
        10<5 MapIterationFailed
        11<5 MapStateFailed
        12<11 ExecutionFailed"#]],
    );
}

// SFN-HIST-66 and what follows: the branches are done, only the end is tried again.
#[test]
fn result_selector() {
    let selector = r#""ResultSelector": {"t.$": "$$.Execution.RedriveTime", "all.$": "$"},"#;
    let mut world = World::started(&branches(selector), "{}");
    world.feed(leased(2, 1));
    world.feed(succeeded(2, 1, "2"));
    world.drive();
    assert_eq!(world.execution.head.error.as_deref(), Some("States.Runtime"));
    redrive(&mut world);
    check(
        &world,
        13,
        expect![[r#"
        13<12 PassStateExited
        14<8 WaitStateExited
        15<14 ParallelStateSucceeded
        16<15 ExecutionFailed
        17<16 ExecutionRedriven
        18<2 ParallelStateExited
        19<18 ExecutionSucceeded"#]],
    );
    assert_eq!(output(&world), r#"{"all":["first",2,{}],"t":"2024-01-01T00:01:09.000Z"}"#);
}

// A group in a group; the inner one fails, the outer one's other branch is aborted.
#[test]
fn nested_groups() {
    let inner = |map: &str, task: &str| {
        format!(
            r#"{{"StartAt": "{map}", "States": {{"{map}": {{"Type": "Map", "ItemsPath": "$.i", "End": true,
                "Iterator": {{"StartAt": "{task}", "States": {{"{task}": {{{ACTIVITY}, "End": true}}}}}}}}}}}}"#
        )
    };
    let (first, second) = (inner("M", "T"), inner("N", "U"));
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "End": true, "Branches": [{first}, {second}]}}"#
    ));
    let mut world = World::started(&text, r#"{"i": [1, 2]}"#);
    for frame in 3..=6 {
        world.feed(leased(frame, 1));
    }
    world.feed(succeeded(5, 1, "5"));
    world.feed(failed(3, 1, "E"));
    assert_eq!(world.execution.frames.keys().copied().collect::<Vec<_>>(), [0, 1, 2, 3, 4, 6]);
    redrive(&mut world);
    for frame in [3, 4, 6] {
        world.feed(leased(frame, 2));
        world.feed(succeeded(frame, 2, &frame.to_string()));
    }
    check(
        &world,
        21,
        expect![[r#"
        21<15 ActivityStarted
        22<17 ActivityStarted
        23<19 ActivityStarted
        24<22 ActivitySucceeded
        25<24 TaskStateExited
        26<25 MapIterationSucceeded
        27<20 ActivityFailed
        28<27 MapIterationFailed
        29<27 TaskStateAborted
        30<27 MapIterationAborted
        31<27 TaskStateAborted
        32<27 MapStateFailed
        33<32 MapStateAborted
        34<32 MapIterationAborted
        35<32 TaskStateAborted
        36<32 ParallelStateFailed
        37<36 ExecutionFailed
        38<37 ExecutionRedriven
        39<12 ActivityScheduled
        40<14 ActivityScheduled
        41<18 ActivityScheduled
        42<39 ActivityStarted
        43<42 ActivitySucceeded
        44<43 TaskStateExited
        45<44 MapIterationSucceeded
        46<40 ActivityStarted
        47<46 ActivitySucceeded
        48<47 TaskStateExited
        49<48 MapIterationSucceeded
        50<49 MapStateSucceeded
        51<49 MapStateExited
        52<41 ActivityStarted
        53<52 ActivitySucceeded
        54<53 TaskStateExited
        55<54 MapIterationSucceeded
        56<55 MapStateSucceeded
        57<55 MapStateExited
        58<57 ParallelStateSucceeded
        59<57 ParallelStateExited
        60<59 ExecutionSucceeded"#]],
    );
    assert_eq!(output(&world), "[[3,4],[5,6]]");
}

// SFN-SEM-46, SFN-SEM-23: the machine's own time begins anew; open tokens are closed.
#[test]
fn timed_out() {
    let task = task("sqs:sendMessage.waitForTaskToken", r#""HeartbeatSeconds": 50,"#);
    let text = format!(r#"{{"TimeoutSeconds": 70, "StartAt": "A", "States": {{"A": {task}}}}}"#);
    let mut world = World::started(&text, "{}");
    world.feed(submitted(0, 1));
    world.now_ms += 40_000;
    world.feed(Event::Heartbeat { frame: 0, attempt: 1 });
    world.now_ms += 30_000;
    world.feed(Event::Timer { frame: 0, kind: TimerKind::Execution });
    assert_eq!(world.execution.head.status, Status::TimedOut);
    redrive(&mut world);
    let due = [TimerKind::Execution, TimerKind::Heartbeat].map(|kind| {
        world.effects.iter().rev().find_map(|effect| match effect {
            Effect::SetTimer { kind: of, due_ms, .. } if *of == kind => Some(due_ms - world.now_ms),
            _ => None,
        })
    });
    assert_eq!(due, [Some(70_000), Some(50_000)]);
    world.feed(submitted(0, 2));
    world.feed(succeeded(0, 2, "1"));
    check(
        &world,
        2,
        expect![[r#"
        2<0 TaskStateEntered
        3<2 TaskScheduled
        4<3 TaskStarted
        5<4 TaskSubmitted
        6<0 ExecutionTimedOut
        7<6 ExecutionRedriven
        8<2 TaskScheduled
        9<8 TaskStarted
        10<9 TaskSubmitted
        11<10 TaskSucceeded
        12<11 TaskStateExited
        13<12 ExecutionSucceeded"#]],
    );
}

// What is running, has succeeded or has no room is not redriven; nothing changes.
#[test]
fn refused() {
    let wait = machine(r#""A": {"Type": "Wait", "Seconds": 9, "End": true}"#);
    let mut world = World::started(&wait, "{}");
    assert_eq!(world.feed(Event::Redrive), Default::default());
    world.drive();
    assert_eq!(world.feed(Event::Redrive), Default::default());
    assert_eq!(world.execution.head.status, Status::Succeeded);
    // SFN-SEM-40: 24,999 events are too many.
    let pass = machine(
        r#""A": {"Type": "Pass", "Next": "W"}, "W": {"Type": "Wait", "Seconds": 9, "End": true}"#,
    );
    for (most, taken) in [(7, true), (6, false), (5, false)] {
        let mut world = World::new(&pass, "{}");
        world.limits.history_events_max = most;
        world.feed(Event::Start);
        world.feed(stop());
        assert_eq!(!world.feed(Event::Redrive).history.is_empty(), taken, "{most}");
    }
}
