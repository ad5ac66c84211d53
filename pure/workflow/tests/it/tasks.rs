//! What reaches an open task, in time, too early and too late.

use workflow::effect::Effect;
use workflow::event::Event;
use workflow::execution::{Status, TaskKind};

use crate::harness::{World, failed, leased, submitted, succeeded};

const LAMBDA: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
    "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f"}}}"#;
const INVOKE: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
    "Resource": "arn:aws:states:::lambda:invoke", "Parameters": {"FunctionName": "f"}}}}"#;
const HTTP: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
    "Resource": "arn:aws:states:::sns:publish", "Parameters": {"Message": "m"}}}}"#;
const TOKEN: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
    "Resource": "arn:aws:states:::lambda:invoke.waitForTaskToken", "HeartbeatSeconds": 10,
    "Parameters": {"FunctionName": "f", "Payload": {"token.$": "$$.Task.Token"}}}}}"#;
const ACTIVITY: &str = r#"{"StartAt": "A", "States": {"A": {"Type": "Task", "End": true,
    "Resource": "arn:aws:states:us-east-1:111111111111:activity:a"}}}"#;

fn callback_failed() -> Event {
    Event::CallbackFailed { frame: 0, attempt: 1, error: Some("E".into()), cause: None }
}

fn types(world: &World) -> String {
    world.history.iter().map(|event| event.type_name()).collect::<Vec<_>>().join(" ")
}

// SFN-INT-140
#[test]
fn calls_carry_what_they_need() {
    let world = World::started(TOKEN, "{}");
    let Some(Effect::Call(call)) = world.effects.first() else { panic!("{:?}", world.effects) };
    assert_eq!((call.frame, call.attempt, call.timeout_ms), (0, 1, None));
    assert_eq!(call.token.as_deref(), Some("token-0-1"));
    assert_eq!(
        &**call.parameters.text(),
        r#"{"FunctionName":"f","Payload":{"token":"token-0-1"}}"#
    );
    let world = World::started(LAMBDA, r#"{"as":  "written"}"#);
    let Some(Effect::Call(call)) = world.effects.first() else { panic!("{:?}", world.effects) };
    assert_eq!((call.token.as_deref(), &**call.parameters.text()), (None, r#"{"as":  "written"}"#));
}

// SFN-INT-148: held until the call is answered, then never before TaskSubmitted.
#[test]
fn early_callbacks_are_held() {
    for (callback, last) in [
        (succeeded(0, 1, "7"), "TaskSucceeded TaskStateExited ExecutionSucceeded"),
        (callback_failed(), "TaskFailed ExecutionFailed"),
    ] {
        let mut world = World::started(TOKEN, "{}");
        assert!(world.feed(callback.clone()).history.is_empty());
        assert!(world.execution.task_open(0, 1).unwrap().settled());
        assert_eq!(world.feed(callback).touched, [] as [u32; 0]);
        world.feed(submitted(0, 1));
        assert!(types(&world).ends_with(&format!("TaskStarted TaskSubmitted {last}")));
    }
}

// A callback that was accepted is not lost with its call.
#[test]
fn a_held_callback_outlives_the_call() {
    for ending in [failed(0, 1, "E"), Event::OutcomeLost { frame: 0, attempt: 1 }] {
        let mut world = World::started(TOKEN, "{}");
        world.feed(succeeded(0, 1, "7"));
        world.feed(ending);
        assert_eq!(world.execution.head.status, Status::Succeeded);
    }
}

// SFN-HIST-38
#[test]
fn a_failed_call_was_never_submitted() {
    let mut world = World::started(TOKEN, "{}");
    world.feed(failed(0, 1, "E"));
    assert!(types(&world).ends_with("TaskStarted TaskFailed ExecutionFailed"));
}

// SFN-SEM-104
#[test]
fn lost_outcomes() {
    let cause = "outcome unknown: the server restarted during the call";
    for (text, error) in [
        (LAMBDA, "Lambda.SdkClientException"),
        (INVOKE, "Lambda.SdkClientException"),
        (HTTP, "States.TaskFailed"),
    ] {
        let mut world = World::started(text, "{}");
        world.feed(Event::OutcomeLost { frame: 0, attempt: 1 });
        let head = &world.execution.head;
        assert_eq!((head.error.as_deref(), head.cause.as_deref()), (Some(error), Some(cause)));
    }
    let mut world = World::started(TOKEN, "{}");
    world.feed(submitted(0, 1));
    assert!(world.feed(Event::OutcomeLost { frame: 0, attempt: 1 }).history.is_empty());
    let mut world = World::started(ACTIVITY, "{}");
    world.feed(leased(0, 1));
    assert!(world.feed(Event::OutcomeLost { frame: 0, attempt: 1 }).history.is_empty());
}

// SFN-INT-147
#[test]
fn heartbeats_restart_their_clock() {
    let mut world = World::started(TOKEN, "{}");
    for _ in 0..3 {
        world.now_ms += 9_000;
        let transition = world.feed(Event::Heartbeat { frame: 0, attempt: 1 });
        assert!(transition.history.is_empty());
        assert_eq!(transition.effects.len(), 1);
    }
    assert!(world.fire_next());
    assert!(types(&world).ends_with("TaskStarted TaskTimedOut ExecutionFailed"));
    assert_eq!(world.now_ms - crate::harness::START_MS, 37_000);
}

#[test]
fn late_and_foreign_events_change_nothing() {
    let foreign = [
        succeeded(0, 2, "1"),
        succeeded(9, 1, "1"),
        submitted(0, 1),
        leased(0, 1),
        Event::Heartbeat { frame: 0, attempt: 1 },
        Event::Start,
        Event::Continue,
    ];
    for event in foreign {
        let mut world = World::started(INVOKE, "{}");
        let before = world.execution.clone();
        let transition = world.feed(event);
        assert_eq!(transition, workflow::Transition::default());
        assert_eq!(before, world.execution);
    }
    let mut world = World::started(ACTIVITY, "{}");
    assert!(world.feed(succeeded(0, 1, "1")).history.is_empty(), "nobody has leased it");
    world.feed(leased(0, 1));
    assert!(world.feed(leased(0, 1)).history.is_empty());
}

#[test]
fn attempts_are_unique_over_states() {
    let text = r#"{"StartAt": "A", "States": {
        "A": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f",
            "Retry": [{"ErrorEquals": ["States.ALL"]}], "Next": "B"},
        "B": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:111111111111:function:g", "End": true}}}"#;
    let mut world = World::started(text, "{}");
    world.feed(failed(0, 1, "E"));
    world.fire_next();
    world.feed(succeeded(0, 2, "1"));
    let open = world.execution.task_open(0, 3).unwrap();
    let arn = "arn:aws:lambda:us-east-1:111111111111:function:g";
    assert_eq!(open.kind, TaskKind::Call { resource: arn.into() });
    assert!(world.execution.task_open(0, 2).is_none());
}

// A call that begins and is aborted in one transition never leaves.
#[test]
fn calls_of_aborted_branches_are_not_made() {
    let text = r#"{"StartAt": "A", "States": {"A": {"Type": "Parallel", "End": true, "Branches": [
        {"StartAt": "T", "States": {"T": {"Type": "Task", "End": true,
            "Resource": "arn:aws:lambda:us-east-1:111111111111:function:f"}}},
        {"StartAt": "F", "States": {"F": {"Type": "Fail"}}}]}}}"#;
    let world = World::started(text, "{}");
    assert_eq!(world.effects, [Effect::Finished]);
    assert!(types(&world).contains("LambdaFunctionScheduled FailStateEntered TaskStateAborted"));
}
