//! How states end that did not come to their own end: stopped, timed out, aborted with a sibling.

use expect_test::{Expect, expect};
use workflow::effect::TimerKind;
use workflow::event::Event;
use workflow::execution::Waiting;

use crate::chains::{machine, task};
use crate::harness::{World, failed, leased, run, submitted};

const WAIT: &str = r#"{"Type": "Wait", "Seconds": 60, "End": true}"#;

/// One of everything that takes its time, with its name.
fn waiting_states() -> Vec<(&'static str, String)> {
    let inner = |state: &str| format!(r#"{{"StartAt": "I", "States": {{"I": {state}}}}}"#);
    let distributed = r#"{"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"},
        "StartAt": "I", "States": {"I": {"Type": "Pass", "End": true}}}"#;
    let retry = r#""Retry": [{"ErrorEquals": ["R"], "IntervalSeconds": 60}],"#;
    vec![
        ("wait", WAIT.to_owned()),
        ("function", task("lambda", "")),
        ("service", task("lambda:invoke", "")),
        ("token", task("sqs:sendMessage.waitForTaskToken", "")),
        ("job", task("states:startExecution.sync", "")),
        ("activity", task("activity", "")),
        ("retry", task("lambda", retry)),
        (
            "parallel",
            format!(r#"{{"Type": "Parallel", "Branches": [{}], "End": true}}"#, inner(WAIT)),
        ),
        ("map", format!(r#"{{"Type": "Map", "ItemProcessor": {}, "End": true}}"#, inner(WAIT))),
        ("run", format!(r#"{{"Type": "Map", "ItemProcessor": {distributed}, "End": true}}"#)),
    ]
}

/// Takes the one state of `frame` as far as it goes without coming to an end.
fn advance(world: &mut World, name: &str, frame: u32) {
    match name {
        "token" | "job" => world.feed(submitted(frame, 1)),
        "activity" => world.feed(leased(frame, 1)),
        "retry" => world.feed(failed(frame, 1, "R")),
        _ => return,
    };
}

/// What was written after the first `known` events, an event a line.
fn later(world: &World, known: usize) -> String {
    let lines = world.history.iter().skip(known);
    let line = |event: &workflow::history::HistoryEvent| {
        format!("{}<{} {}", event.id, event.previous_id, event.type_name())
    };
    lines.map(line).collect::<Vec<_>>().join("; ")
}

// SFN-HIST-9, SFN-HIST-13, SFN-HIST-17: StopExecution tells of no state, whichever it is in.
#[test]
fn stops_in_every_state() {
    for (name, state) in waiting_states() {
        let mut world = World::started(&machine(&format!(r#""A": {state}"#)), "[1]");
        advance(&mut world, name, 0);
        let known = world.history.len();
        world.feed(Event::Stop { error: None, cause: None });
        assert_eq!(later(&world, known), format!("{}<0 ExecutionAborted", known + 1), "{name}");
        assert_eq!(world.execution.head.status.text(), "ABORTED", "{name}");
        let late = [submitted(0, 1), leased(0, 1), failed(0, 1, "E")];
        assert!(late.into_iter().all(|event| world.feed(event).history.is_empty()), "{name}");
    }
}

// SFN-HIST-9, SFN-HIST-14, SFN-ASL-2, SFN-HIST-112: nor does the machine's own time limit.
#[test]
fn machines_time_out_in_every_state() {
    for (name, state) in waiting_states() {
        let text =
            format!(r#"{{"StartAt": "A", "TimeoutSeconds": 5, "States": {{"A": {state}}}}}"#);
        let mut world = World::started(&text, "[1]");
        advance(&mut world, name, 0);
        let known = world.history.len();
        world.now_ms += 5_000;
        world.feed(Event::Timer { frame: 0, kind: TimerKind::Execution });
        assert_eq!(later(&world, known), format!("{}<0 ExecutionTimedOut", known + 1), "{name}");
        let head = &world.execution.head;
        assert_eq!((head.status.text(), &head.error, &head.cause), ("TIMED_OUT", &None, &None));
        let told = world.chain();
        assert!(told.ends_with("ExecutionTimedOut {\"error\":\"States.Timeout\"}\n"), "{told}");
    }
}

/// The end of a Parallel one of whose branches is in `state` when the other fails.
fn aborted(name: &str, state: &str) -> String {
    let text = machine(&format!(
        r#""A": {{"Type": "Parallel", "End": true, "Branches": [
             {{"StartAt": "S", "States": {{"S": {state}}}}},
             {{"StartAt": "W", "States": {{"W": {{"Type": "Wait", "Seconds": 5, "Next": "F"}},
                 "F": {{"Type": "Fail", "Error": "E"}}}}}}]}}"#
    ));
    let mut world = World::started(&text, "[1]");
    advance(&mut world, name, 1);
    let known = world.history.len();
    world.fire_next();
    assert_eq!(world.execution.head.error.as_deref(), Some("E"), "{name}");
    format!("{name}: {}\n", later(&world, known))
}

// SFN-HIST-11, SFN-HIST-61, SFN-HIST-63, SFN-HIST-84
#[test]
fn siblings_are_aborted_in_every_state() {
    let told: String = waiting_states().iter().map(|(name, state)| aborted(name, state)).collect();
    expect![[r#"
        wait: 6<5 WaitStateExited; 7<6 FailStateEntered; 8<7 WaitStateAborted; 9<7 ParallelStateFailed; 10<9 ExecutionFailed
        function: 8<6 WaitStateExited; 9<8 FailStateEntered; 10<9 TaskStateAborted; 11<9 ParallelStateFailed; 12<11 ExecutionFailed
        service: 8<6 WaitStateExited; 9<8 FailStateEntered; 10<9 TaskStateAborted; 11<9 ParallelStateFailed; 12<11 ExecutionFailed
        token: 9<6 WaitStateExited; 10<9 FailStateEntered; 11<10 TaskStateAborted; 12<10 ParallelStateFailed; 13<12 ExecutionFailed
        job: 9<6 WaitStateExited; 10<9 FailStateEntered; 11<10 TaskStateAborted; 12<10 ParallelStateFailed; 13<12 ExecutionFailed
        activity: 8<6 WaitStateExited; 9<8 FailStateEntered; 10<9 TaskStateAborted; 11<9 ParallelStateFailed; 12<11 ExecutionFailed
        retry: 9<6 WaitStateExited; 10<9 FailStateEntered; 11<10 TaskStateAborted; 12<10 ParallelStateFailed; 13<12 ExecutionFailed
        parallel: 8<6 WaitStateExited; 9<8 FailStateEntered; 10<9 ParallelStateAborted; 11<9 WaitStateAborted; 12<9 ParallelStateFailed; 13<12 ExecutionFailed
        map: 9<7 WaitStateExited; 10<9 FailStateEntered; 11<10 MapStateAborted; 12<10 MapIterationAborted; 13<10 WaitStateAborted; 14<10 ParallelStateFailed; 15<14 ExecutionFailed
        run: 8<7 WaitStateExited; 9<8 FailStateEntered; 10<6 MapRunAborted; 11<9 MapStateAborted; 12<9 ParallelStateFailed; 13<12 ExecutionFailed
    "#]].assert_eq(&told);
}

/// The same in a Map: the other iteration fails.
fn iteration_aborted(name: &str, state: &str) -> String {
    let text = machine(&format!(
        r#""A": {{"Type": "Map", "End": true, "ItemProcessor": {{"StartAt": "C", "States": {{
             "C": {{"Type": "Choice", "Default": "S", "Choices": [
                 {{"Variable": "$", "NumericEquals": 0, "Next": "W"}}]}},
             "W": {{"Type": "Wait", "Seconds": 5, "Next": "F"}}, "F": {{"Type": "Fail", "Error": "E"}},
             "S": {state}}}}}}}"#
    ));
    let mut world = World::started(&text, "[[1], 0]");
    advance(&mut world, name, 1);
    let known = world.history.len();
    world.fire_next();
    assert_eq!(world.execution.head.error.as_deref(), Some("E"), "{name}");
    format!("{name}: {}\n", later(&world, known))
}

// SFN-HIST-11, SFN-HIST-73, SFN-HIST-75, SFN-MAP-7
#[test]
fn iterations_are_aborted_in_every_state() {
    let told: String =
        waiting_states().iter().map(|(name, state)| iteration_aborted(name, state)).collect();
    expect![[r#"
        wait: 12<11 WaitStateExited; 13<12 FailStateEntered; 14<13 MapIterationFailed; 15<13 MapIterationAborted; 16<13 WaitStateAborted; 17<13 MapStateFailed; 18<17 ExecutionFailed
        function: 14<12 WaitStateExited; 15<14 FailStateEntered; 16<15 MapIterationFailed; 17<15 MapIterationAborted; 18<15 TaskStateAborted; 19<15 MapStateFailed; 20<19 ExecutionFailed
        service: 14<12 WaitStateExited; 15<14 FailStateEntered; 16<15 MapIterationFailed; 17<15 MapIterationAborted; 18<15 TaskStateAborted; 19<15 MapStateFailed; 20<19 ExecutionFailed
        token: 15<12 WaitStateExited; 16<15 FailStateEntered; 17<16 MapIterationFailed; 18<16 MapIterationAborted; 19<16 TaskStateAborted; 20<16 MapStateFailed; 21<20 ExecutionFailed
        job: 15<12 WaitStateExited; 16<15 FailStateEntered; 17<16 MapIterationFailed; 18<16 MapIterationAborted; 19<16 TaskStateAborted; 20<16 MapStateFailed; 21<20 ExecutionFailed
        activity: 14<12 WaitStateExited; 15<14 FailStateEntered; 16<15 MapIterationFailed; 17<15 MapIterationAborted; 18<15 TaskStateAborted; 19<15 MapStateFailed; 20<19 ExecutionFailed
        retry: 15<12 WaitStateExited; 16<15 FailStateEntered; 17<16 MapIterationFailed; 18<16 MapIterationAborted; 19<16 TaskStateAborted; 20<16 MapStateFailed; 21<20 ExecutionFailed
        parallel: 14<12 WaitStateExited; 15<14 FailStateEntered; 16<15 MapIterationFailed; 17<15 MapIterationAborted; 18<15 ParallelStateAborted; 19<15 WaitStateAborted; 20<15 MapStateFailed; 21<20 ExecutionFailed
        map: 15<13 WaitStateExited; 16<15 FailStateEntered; 17<16 MapIterationFailed; 18<16 MapIterationAborted; 19<16 MapStateAborted; 20<16 MapIterationAborted; 21<16 WaitStateAborted; 22<16 MapStateFailed; 23<22 ExecutionFailed
        run: 14<13 WaitStateExited; 15<14 FailStateEntered; 16<15 MapIterationFailed; 17<15 MapIterationAborted; 18<10 MapRunAborted; 19<15 MapStateAborted; 20<15 MapStateFailed; 21<20 ExecutionFailed
    "#]].assert_eq(&told);
}

/// Lets the clock of a task run out, and gives what came of it.
fn over(name: &str, resource: &str, more: &str) -> String {
    let next = match more.contains("Catch") {
        true => r#", "B": {"Type": "Pass", "End": true}"#,
        false => "",
    };
    let text = machine(&format!(r#""A": {}{next}"#, task(resource, more)));
    let mut world = World::started(&text, "{}");
    advance(&mut world, name, 0);
    let known = world.history.len();
    world.fire_next();
    let told = later(&world, known);
    match &world.execution.head.output {
        Some(output) => format!("{name}: {told} {}\n", output.text()),
        None => format!("{name}: {told} {:?}\n", world.execution.head.error),
    }
}

const KINDS: [(&str, &str); 5] = [
    ("function", "lambda"),
    ("service", "lambda:invoke"),
    ("token", "sqs:sendMessage.waitForTaskToken"),
    ("job", "states:startExecution.sync"),
    ("activity", "activity"),
];

// SFN-HIST-36, SFN-TASK-3, SFN-HIST-5: at the state's limit, for every kind of task.
#[test]
fn tasks_time_out() {
    let told: String = KINDS
        .iter()
        .map(|(name, resource)| over(name, resource, r#""TimeoutSeconds": 5,"#))
        .collect();
    expect![[r#"
        function: 5<4 LambdaFunctionTimedOut; 6<5 ExecutionFailed Some("States.Timeout")
        service: 5<4 TaskTimedOut; 6<5 ExecutionFailed Some("States.Timeout")
        token: 6<5 TaskTimedOut; 7<6 ExecutionFailed Some("States.Timeout")
        job: 6<5 TaskTimedOut; 7<6 ExecutionFailed Some("States.Timeout")
        activity: 5<4 ActivityTimedOut; 6<5 ExecutionFailed Some("States.Timeout")
    "#]]
    .assert_eq(&told);
}

// SFN-HIST-36, SFN-TASK-3, SFN-TASK-4: a heartbeat is missed, and the name that catches it.
#[test]
fn heartbeats_are_missed() {
    let mut told = String::new();
    for (name, resource) in
        KINDS.iter().filter(|(name, _)| *name != "function" && *name != "service")
    {
        for caught in
            ["States.HeartbeatTimeout", "States.Timeout", "States.ALL", "States.TaskFailed"]
        {
            let more = format!(
                r#""TimeoutSeconds": 50, "HeartbeatSeconds": 5,
                   "Catch": [{{"ErrorEquals": ["{caught}"], "Next": "B"}}],"#
            );
            told += &format!("{caught} {}", over(name, resource, &more));
        }
    }
    expect![[r#"
        States.HeartbeatTimeout token: 6<5 TaskTimedOut; 7<6 TaskStateExited; 8<7 PassStateEntered; 9<8 PassStateExited; 10<9 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.Timeout token: 6<5 TaskTimedOut; 7<6 TaskStateExited; 8<7 PassStateEntered; 9<8 PassStateExited; 10<9 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.ALL token: 6<5 TaskTimedOut; 7<6 TaskStateExited; 8<7 PassStateEntered; 9<8 PassStateExited; 10<9 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.TaskFailed token: 6<5 TaskTimedOut; 7<6 ExecutionFailed Some("States.Timeout")
        States.HeartbeatTimeout job: 6<5 TaskTimedOut; 7<6 TaskStateExited; 8<7 PassStateEntered; 9<8 PassStateExited; 10<9 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.Timeout job: 6<5 TaskTimedOut; 7<6 TaskStateExited; 8<7 PassStateEntered; 9<8 PassStateExited; 10<9 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.ALL job: 6<5 TaskTimedOut; 7<6 TaskStateExited; 8<7 PassStateEntered; 9<8 PassStateExited; 10<9 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.TaskFailed job: 6<5 TaskTimedOut; 7<6 ExecutionFailed Some("States.Timeout")
        States.HeartbeatTimeout activity: 5<4 ActivityTimedOut; 6<5 TaskStateExited; 7<6 PassStateEntered; 8<7 PassStateExited; 9<8 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.Timeout activity: 5<4 ActivityTimedOut; 6<5 TaskStateExited; 7<6 PassStateEntered; 8<7 PassStateExited; 9<8 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.ALL activity: 5<4 ActivityTimedOut; 6<5 TaskStateExited; 7<6 PassStateEntered; 8<7 PassStateExited; 9<8 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.TaskFailed activity: 5<4 ActivityTimedOut; 6<5 ExecutionFailed Some("States.Timeout")
    "#]].assert_eq(&told);
}

// SFN-TASK-3: the time limit is no missed heartbeat.
#[test]
fn time_limits_are_no_heartbeats() {
    let mut told = String::new();
    for caught in ["States.HeartbeatTimeout", "States.Timeout", "States.ALL", "States.TaskFailed"] {
        let more = format!(
            r#""TimeoutSeconds": 5, "Catch": [{{"ErrorEquals": ["{caught}"], "Next": "B"}}],"#
        );
        told += &format!("{caught} {}", over("activity", "activity", &more));
    }
    expect![[r#"
        States.HeartbeatTimeout activity: 5<4 ActivityTimedOut; 6<5 ExecutionFailed Some("States.Timeout")
        States.Timeout activity: 5<4 ActivityTimedOut; 6<5 TaskStateExited; 7<6 PassStateEntered; 8<7 PassStateExited; 9<8 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.ALL activity: 5<4 ActivityTimedOut; 6<5 TaskStateExited; 7<6 PassStateEntered; 8<7 PassStateExited; 9<8 ExecutionSucceeded {"Error":"States.Timeout","Cause":""}
        States.TaskFailed activity: 5<4 ActivityTimedOut; 6<5 ExecutionFailed Some("States.Timeout")
    "#]].assert_eq(&told);
}

/// The end of a group around a task whose clock runs out.
fn group_times_out(group: &str, expected: Expect) {
    let mut world = World::started(&machine(group), "[1, 2]");
    for frame in [1, 2] {
        world.feed(submitted(frame, 1));
    }
    let known = world.history.len();
    assert!(world.fire_next());
    expected.assert_eq(&later(&world, known).replace("; ", "\n"));
}

// SFN-HIST-62, SFN-HIST-63, SFN-HIST-75: heartbeats and limits inside groups.
#[test]
fn groups_of_tasks_time_out() {
    let token = |more: &str| task("sqs:sendMessage.waitForTaskToken", more);
    let inner = |more: &str| format!(r#"{{"StartAt": "T", "States": {{"T": {}}}}}"#, token(more));
    let other = |more: &str| format!(r#"{{"StartAt": "U", "States": {{"U": {}}}}}"#, token(more));
    let limit = r#""TimeoutSeconds": 5,"#;
    let heartbeat = r#""HeartbeatSeconds": 5,"#;
    let later = r#""TimeoutSeconds": 50,"#;
    let catch = r#""Catch": [{"ErrorEquals": ["States.HeartbeatTimeout"], "Next": "B"}],"#;
    group_times_out(
        &format!(
            r#""A": {{"Type": "Parallel", "Branches": [{}, {}], "End": true}}"#,
            inner(limit),
            other(later)
        ),
        expect![[r#"
            12<10 TaskTimedOut
            13<12 TaskStateAborted
            14<12 TaskStateAborted
            15<12 ParallelStateFailed
            16<15 ExecutionFailed"#]],
    );
    group_times_out(
        &format!(
            r#""A": {{"Type": "Parallel", "Branches": [{}, {}], {catch} "End": true}},
               "B": {{"Type": "Pass", "End": true}}"#,
            inner(later),
            other(heartbeat)
        ),
        expect![[r#"
            12<11 TaskTimedOut
            13<12 TaskStateAborted
            14<12 TaskStateAborted
            15<12 ParallelStateFailed
            16<15 ParallelStateExited
            17<16 PassStateEntered
            18<17 PassStateExited
            19<18 ExecutionSucceeded"#]],
    );
    group_times_out(
        &format!(r#""A": {{"Type": "Map", "ItemProcessor": {}, "End": true}}"#, inner(heartbeat)),
        expect![[r#"
            14<12 TaskTimedOut
            15<13 TaskTimedOut
            16<14 MapIterationFailed
            17<14 TaskStateAborted
            18<14 MapIterationAborted
            19<14 TaskStateAborted
            20<14 MapStateFailed
            21<20 ExecutionFailed"#]],
    );
    group_times_out(
        &format!(
            r#""A": {{"Type": "Map", "ItemProcessor": {}, {catch} "End": true}},
               "B": {{"Type": "Pass", "End": true}}"#,
            inner(heartbeat)
        ),
        expect![[r#"
            14<12 TaskTimedOut
            15<13 TaskTimedOut
            16<14 MapIterationFailed
            17<14 TaskStateAborted
            18<14 MapIterationAborted
            19<14 TaskStateAborted
            20<14 MapStateFailed
            21<20 MapStateExited
            22<21 PassStateEntered
            23<22 PassStateExited
            24<23 ExecutionSucceeded"#]],
    );
}

// SFN-HIST-15, SFN-HIST-16, SFN-LIM-1: events of branches and iterations count.
#[test]
fn the_quota_counts_every_event() {
    let text = machine(&format!(
        r#""A": {{"Type": "Map", "End": true, "ItemProcessor":
             {{"StartAt": "P", "States": {{"P": {{"Type": "Parallel", "End": true, "Branches": [
                 {{"StartAt": "X", "States": {{"X": {WAIT}}}}}]}}}}}}}}"#
    ));
    for most in 3..30 {
        let mut world = World::new(&text, "[1, 2]");
        world.limits.history_events_max = most;
        world.feed(Event::Start);
        world.drive();
        let last = world.history.last().unwrap();
        let head = &world.execution.head;
        if head.status.text() == "SUCCEEDED" {
            assert!(world.history.len() <= most as usize);
            continue;
        }
        let found = (last.id, last.previous_id, last.type_name());
        assert_eq!(found, (most, most - 1, "ExecutionFailed"));
        let told = format!("The execution reached the maximum number of history events ({most}).");
        assert_eq!(head.cause, Some(told));
        let tasks = |reason: &Waiting| matches!(reason, Waiting::Task { .. });
        assert!(!world.execution.waiting().iter().any(tasks));
    }
}

// SFN-ERRN-1, api.md §quotas: what is too long of an error or a cause is cut off.
#[test]
fn long_errors_and_causes_are_cut() {
    let (error, cause) = ("é".repeat(300), "ü".repeat(40_000));
    let text = machine(&format!(r#""A": {}"#, task("lambda", "")));
    let mut world = World::started(&text, "{}");
    world.feed(Event::TaskFailed {
        frame: 0,
        attempt: 1,
        error: Some(error.clone()),
        cause: Some(cause.clone()),
    });
    let text = machine(r#""A": {"Type": "Fail", "ErrorPath": "$.e", "CausePath": "$.c"}"#);
    let fail = run(&text, &serde_json::json!({"e": error, "c": cause}).to_string());
    for world in [world, fail] {
        let head = &world.execution.head;
        assert_eq!(head.error.as_deref().map(|error| error.chars().count()), Some(256));
        assert_eq!(head.cause.as_deref().map(|cause| cause.chars().count()), Some(32_768));
    }
    // Messages that quote the input are bounded too.
    let text = machine(r#""A": {"Type": "Pass", "Parameters": {"x.$": "$.no"}, "End": true}"#);
    let world = run(&text, &format!("[\"{}\"]", "x".repeat(100_000)));
    assert_eq!(world.execution.head.cause.unwrap().len(), 32_768);
}
