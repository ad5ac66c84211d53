//! RedriveExecution over the store: what moves, what is kept, what is refused, what a crash leaves.

use expect_test::expect;
use serde_json::{Value, json};
use store::failures::{Call, Failure};
use workflow::Limits;

use crate::world::{DAY_MS, HEAD, MINUTE_MS, World, call, text};

/// One state: a task of the activity `a`.
fn task() -> Value {
    json!({ "StartAt": "T", "States": { "T": {
        "Type": "Task", "Resource": format!("{HEAD}activity:a"), "End": true } } })
}

fn fail() -> Value {
    json!({ "StartAt": "F", "States": { "F": { "Type": "Fail", "Error": "E" } } })
}

fn with_activity(world: &World) {
    world.call("CreateActivity", json!({ "name": "a" }));
}

/// A world with an execution of [`task`] that failed.
fn failed_task() -> (World, String, String) {
    let world = World::new();
    with_activity(&world);
    let machine = world.machine(&task());
    let arn = world.start(&machine, Some("e"));
    world.fail(&world.task());
    (world, machine, arn)
}

// SFN-HIST-91, SFN-SEM-46, SFN-SEM-48, SFN-EXEC-38, SFN-INT-144
#[test]
fn a_task_is_scheduled_again() {
    let world = World::new();
    with_activity(&world);
    let machine = world.machine(&task());
    let arn = world.start(&machine, None);
    let old = world.task();
    world.fail(&old);
    let before = world.describe(&arn);
    assert_eq!(before["redriveStatus"], "REDRIVABLE");
    world.agree(&machine, &arn);
    let redrive_date = world.redrive(&arn);
    let told = world.describe(&arn);
    assert_eq!((&told["redriveDate"], &told["startDate"]), (&redrive_date, &before["startDate"]));
    assert_eq!(
        (&told["redriveCount"], &told["redriveStatus"]),
        (&json!(1), &json!("NOT_REDRIVABLE"))
    );
    assert_eq!(
        (&told["error"], &told["cause"], &told["stopDate"]),
        (&Value::Null, &Value::Null, &Value::Null)
    );
    world.agree(&machine, &arn);
    let new = world.task();
    assert_ne!(old, new);
    let late = world.refused("SendTaskSuccess", json!({ "taskToken": old, "output": "1" }));
    assert_eq!(late, format!("TaskTimedOut: Task Timed Out: '{HEAD}activity:a'"));
    world.succeed(&new);
    world.agree(&machine, &arn);
    let told = world.describe(&arn);
    assert_eq!((&told["redriveDate"], &told["redriveCount"]), (&redrive_date, &json!(1)));
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
        12<11 ExecutionSucceeded"#]]
    .assert_eq(&world.chain(&arn));
}

// SFN-SEM-26: each close has its day; the execution is found in all of them, named or not.
#[test]
fn moves_between_days() {
    let world = World::new();
    with_activity(&world);
    let machine = world.machine(&task());
    let arns = [world.start(&machine, Some("e")), world.start(&machine, None)];
    for count in 1..=3 {
        for arn in &arns {
            world.stop(arn);
            world.agree(&machine, arn);
        }
        world.pass(3 * DAY_MS);
        for arn in &arns {
            world.redrive(arn);
            world.agree(&machine, arn);
            assert_eq!(world.describe(arn)["redriveCount"], count);
        }
    }
    for _ in &arns {
        world.succeed(&world.task());
    }
    for arn in &arns {
        world.agree(&machine, arn);
        assert_eq!(world.describe(arn)["status"], "SUCCEEDED");
    }
}

// SFN-HIST-93: it closes again in the commit that redrives it.
#[test]
fn fails_again_at_once() {
    let world = World::new();
    let machine = world.machine(&fail());
    let arn = world.start(&machine, Some("e"));
    let first = world.redrive(&arn);
    world.agree(&machine, &arn);
    world.pass(2 * DAY_MS);
    assert_ne!(world.redrive(&arn), first);
    world.agree(&machine, &arn);
    expect![[r#"
        1<0 ExecutionStarted
        2<0 FailStateEntered
        3<2 ExecutionFailed
        4<3 ExecutionRedriven
        5<4 ExecutionFailed
        6<5 ExecutionRedriven
        7<6 ExecutionFailed"#]]
    .assert_eq(&world.chain(&arn));
    let told = world.describe(&arn);
    assert_eq!(
        (&told["status"], &told["error"], &told["redriveStatus"]),
        (&json!("FAILED"), &json!("E"), &json!("REDRIVABLE"))
    );
}

// SFN-EXEC-70
#[test]
fn client_tokens() {
    let (world, machine, arn) = failed_task();
    let with = |token: &str| json!({ "executionArn": arn, "clientToken": token });
    let first = world.call("RedriveExecution", with("one"));
    // While it runs; another token is refused and not used up by that.
    assert_eq!(world.call("RedriveExecution", with("one")), first);
    let running = format!(
        "ExecutionNotRedrivable: Execution {arn} invalid for redrive as: Execution is RUNNING and \
         cannot be redriven"
    );
    assert_eq!(world.refused("RedriveExecution", with("two")), running);
    assert_eq!(world.refused("RedriveExecution", json!({ "executionArn": arn })), running);
    // After it failed again, and after it was redriven again.
    world.fail(&world.task());
    assert_eq!(world.call("RedriveExecution", with("one")), first);
    assert_eq!(world.describe(&arn)["status"], "FAILED");
    let second = world.call("RedriveExecution", with("two"));
    assert_ne!(second, first);
    assert_eq!(world.call("RedriveExecution", with("one")), first);
    world.succeed(&world.task());
    // After it succeeded.
    assert_eq!(world.call("RedriveExecution", with("two")), second);
    world.agree(&machine, &arn);
    world.pass(15 * MINUTE_MS + 1);
    let succeeded = world.refused("RedriveExecution", with("two"));
    assert!(succeeded.ends_with("Execution is SUCCEEDED and cannot be redriven"), "{succeeded}");
}

// SFN-EXEC-70: the memory is as durable as the redrive.
#[test]
fn tokens_outlive_a_crash() {
    let (mut world, _, arn) = failed_task();
    let with = |token: &str| json!({ "executionArn": arn, "clientToken": token });
    let first = world.call("RedriveExecution", with("one"));
    world.crash();
    assert_eq!(world.call("RedriveExecution", with("one")), first);
    world.stop(&arn);
    world.crash();
    assert_eq!(world.call("RedriveExecution", with("one")), first);
    assert_eq!(world.describe(&arn)["status"], "ABORTED");
}

// Of two at once one redrives; the same token twice is one redrive.
#[test]
fn two_at_once() {
    for tokens in [["one", "two"], ["one", "one"]] {
        let (world, machine, arn) = failed_task();
        let (runtime, service) = world.running();
        let [left, right] =
            tokens.map(|token| json!({ "executionArn": arn, "clientToken": token }));
        let (left, right) = runtime.block_on(async {
            tokio::join!(
                call(service, "RedriveExecution", &left),
                call(service, "RedriveExecution", &right)
            )
        });
        let same = tokens[0] == tokens[1];
        assert_eq!(left.is_ok() && right.is_ok(), same);
        assert!(left.is_ok() || right.is_ok());
        assert!(!same || left.unwrap() == right.unwrap());
        assert_eq!(world.describe(&arn)["redriveCount"], 1);
        world.agree(&machine, &arn);
    }
}

/// Why the execution cannot be redriven, as two operations tell it.
#[track_caller]
fn reason(world: &World, arn: &str) -> String {
    let told = world.describe(arn);
    let reason = text(&told, "redriveStatusReason");
    assert_eq!(told["redriveStatus"], "NOT_REDRIVABLE");
    let fault = world.refused("RedriveExecution", json!({ "executionArn": arn }));
    let expected =
        format!("ExecutionNotRedrivable: Execution {arn} invalid for redrive as: {reason}");
    assert_eq!(fault, expected);
    assert_eq!(world.describe(arn), told);
    reason
}

// SFN-SEM-40, SFN-SEM-41, SFN-EXEC-30, SFN-EXEC-31, SFN-EXEC-34, SFN-EXEC-71
#[test]
fn reasons() {
    let (world, machine, arn) = failed_task();
    world.pass(14 * DAY_MS - MINUTE_MS);
    assert_eq!(world.describe(&arn)["redriveStatus"], "REDRIVABLE");
    world.pass(2 * MINUTE_MS);
    assert_eq!(reason(&world, &arn), "Execution redrivable period exceeded");

    let arn = world.start(&machine, Some("running"));
    assert_eq!(reason(&world, &arn), "Execution is RUNNING and cannot be redriven");
    let token = world.task();
    world.pass(364 * DAY_MS);
    world.fail(&token);
    assert_eq!(world.describe(&arn)["redriveStatus"], "REDRIVABLE");
    world.pass(DAY_MS);
    assert_eq!(reason(&world, &arn), "Execution has exceeded the max execution time");

    let arn = world.start(&machine, Some("succeeded"));
    world.succeed(&world.task());
    assert_eq!(reason(&world, &arn), "Execution is SUCCEEDED and cannot be redriven");

    // One that still runs keeps the machine; what has closed waits with it.
    let arn = world.start(&machine, Some("stopped"));
    world.stop(&arn);
    let kept = world.start(&machine, Some("kept"));
    world.call("DeleteStateMachine", json!({ "stateMachineArn": machine }));
    assert_eq!(reason(&world, &arn), "State machine is in DELETING status");
    world.stop(&kept);
}

// SFN-SEM-40: fewer than 24,999 events, here 8.
#[test]
fn too_many_events() {
    let world = World::limited(Limits { history_events_max: 9, ..Limits::default() });
    let machine = world.machine(&fail());
    let arn = world.start(&machine, None);
    world.redrive(&arn);
    world.redrive(&arn);
    assert_eq!(world.describe(&arn)["redriveStatus"], "REDRIVABLE", "7 events");
    world.redrive(&arn);
    assert_eq!(reason(&world, &arn), "Execution history event limit exceeded");
    world.agree(&machine, &arn);
}

// SFN-EXEC-73, SFN-WIRE: what is no execution of the caller's.
#[test]
fn arns_and_members() {
    let (world, _, arn) = failed_task();
    let uuid = "5a6b1d4a-1111-4222-8333-444455556666";
    let labelled = "ValidationException: Labeled Execution ARNs are not supported for this API";
    let express = "InvalidArn: Invalid Arn: 'Resource type not valid in this context: express'";
    let elsewhere = arn.replace("us-east-1", "eu-west-1");
    for (arn, expected) in [
        (format!("{HEAD}execution:M/Each:{uuid}"), labelled.to_owned()),
        (format!("{HEAD}express:M:e:{uuid}"), express.to_owned()),
        (
            format!("{HEAD}execution:M:no"),
            format!("ExecutionDoesNotExist: Execution Does Not Exist: '{HEAD}execution:M:no'"),
        ),
        (
            elsewhere.clone(),
            format!("ExecutionDoesNotExist: Execution Does Not Exist: '{elsewhere}'"),
        ),
    ] {
        assert_eq!(world.refused("RedriveExecution", json!({ "executionArn": arn })), expected);
    }
    for token in ["", "a b", "é", &"x".repeat(65)] {
        let fault =
            world.refused("RedriveExecution", json!({ "executionArn": arn, "clientToken": token }));
        assert!(
            fault.starts_with("ValidationException: 1 validation error detected: Value "),
            "{fault}"
        );
    }
    let missing = world.refused("RedriveExecution", json!({}));
    assert!(
        missing.starts_with(
            "ValidationException: 1 validation error detected: Value null at 'executionArn'"
        ),
        "{missing}"
    );
    assert_eq!(world.describe(&arn)["redriveCount"], 0);
}

// SFN-EXEC-2, SFN-EXEC-3: the name is in use while it runs, with what that allows.
#[test]
fn names() {
    let (world, machine, arn) = failed_task();
    let start = |input: &str| json!({ "stateMachineArn": machine, "name": "e", "input": input });
    let taken = format!("ExecutionAlreadyExists: Execution Already Exists: '{arn}'");
    assert_eq!(world.refused("StartExecution", start("[1, 2]")), taken);
    world.redrive(&arn);
    assert_eq!(world.call("StartExecution", start("[1, 2]"))["executionArn"], arn.as_str());
    assert_eq!(world.refused("StartExecution", start("[]")), taken);
    world.stop(&arn);
    assert_eq!(world.refused("StartExecution", start("[1, 2]")), taken);
}

// SFN-SEM-44: the definition is the one that the execution started with.
#[test]
fn an_update_has_no_effect() {
    let (mut world, machine, arn) = failed_task();
    world.call(
        "UpdateStateMachine",
        json!({ "stateMachineArn": machine, "definition": fail().to_string() }),
    );
    world.crash();
    world.redrive(&arn);
    world.succeed(&world.task());
    let told = world.describe(&arn);
    assert_eq!((&told["status"], &told["output"]), (&json!("SUCCEEDED"), &json!("\"done\"")));
}

/// A Map of which one item is done, one fails, one is aborted and one has not begun.
fn map() -> Value {
    json!({ "StartAt": "M", "States": { "M": { "Type": "Map", "MaxConcurrency": 2, "End": true,
        "ItemsPath": "$.items", "ItemProcessor": task() } } })
}

// SFN-HIST-95, SFN-SEM-47: what is kept is in the store, before and after the redrive.
#[test]
fn groups_outlive_crashes() {
    let mut world = World::new();
    with_activity(&world);
    let machine = world.machine(&map());
    let body = json!({ "stateMachineArn": machine, "input": r#"{"items": [1, 2, 3, 4]}"# });
    let arn = text(&world.call("StartExecution", body), "executionArn");
    world.succeed(&world.task());
    world.fail(&world.task());
    world.crash();
    world.agree(&machine, &arn);
    world.redrive(&arn);
    world.crash();
    world.agree(&machine, &arn);
    for _ in 0..3 {
        world.succeed(&world.task());
        world.crash();
    }
    world.agree(&machine, &arn);
    let told = world.describe(&arn);
    assert_eq!(
        (&told["status"], &told["output"]),
        (&json!("SUCCEEDED"), &json!(r#"["done","done","done","done"]"#))
    );
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
        11<10 ActivitySucceeded
        12<11 TaskStateExited
        13<12 MapIterationSucceeded
        14<12 MapIterationStarted
        15<14 TaskStateEntered
        16<15 ActivityScheduled
        17<9 ActivityStarted
        18<17 ActivityFailed
        19<18 MapIterationFailed
        20<18 TaskStateAborted
        21<18 MapIterationAborted
        22<18 TaskStateAborted
        23<18 MapStateFailed
        24<23 ExecutionFailed
        25<24 ExecutionRedriven
        26<8 ActivityScheduled
        27<15 ActivityScheduled
        28<26 ActivityStarted
        29<28 ActivitySucceeded
        30<29 TaskStateExited
        31<30 MapIterationSucceeded
        32<30 MapIterationStarted
        33<32 TaskStateEntered
        34<33 ActivityScheduled
        35<27 ActivityStarted
        36<35 ActivitySucceeded
        37<36 TaskStateExited
        38<37 MapIterationSucceeded
        39<34 ActivityStarted
        40<39 ActivitySucceeded
        41<40 TaskStateExited
        42<41 MapIterationSucceeded
        43<42 MapStateSucceeded
        44<42 MapStateExited
        45<44 ExecutionSucceeded"#]]
    .assert_eq(&world.chain(&arn));
}

// SFN-HIST-96, SFN-SEM-46: timers are set anew, and survive.
#[test]
fn timers_outlive_crashes() {
    let mut world = World::new();
    let machine = world
        .machine(&json!({ "StartAt": "W", "TimeoutSeconds": 1_000, "States": { "W": {
        "Type": "Wait", "Seconds": 600, "End": true } } }));
    let [waits, times_out] = ["waits", "times-out"].map(|name| world.start(&machine, Some(name)));
    world.pass(500_000);
    for arn in [&waits, &times_out] {
        world.stop(arn);
        world.redrive(arn);
    }
    world.pass(590_000);
    world.crash();
    for arn in [&waits, &times_out] {
        assert_eq!(world.describe(arn)["status"], "RUNNING", "the machine's time began anew");
    }
    world.pass(11_000);
    world.crash();
    world.until(&waits, "SUCCEEDED");
    world.until(&times_out, "SUCCEEDED");
    for arn in [&waits, &times_out] {
        world.agree(&machine, arn);
    }
}

// SFN-SEM-23: TIMED_OUT is redriven like the others, and times out again.
#[test]
fn timed_out() {
    let mut world = World::new();
    with_activity(&world);
    let mut definition = task();
    definition["TimeoutSeconds"] = 100.into();
    let machine = world.machine(&definition);
    let arn = world.start(&machine, None);
    let old = world.task();
    for count in 0..2 {
        world.pass(101_000);
        world.crash();
        world.until(&arn, "TIMED_OUT");
        world.agree(&machine, &arn);
        assert_eq!(world.describe(&arn)["redriveCount"], count);
        world.redrive(&arn);
        let late = world.refused("SendTaskHeartbeat", json!({ "taskToken": old }));
        assert!(late.starts_with("TaskTimedOut"), "{late}");
    }
    world.succeed(&world.task());
    world.agree(&machine, &arn);
}

// A redrive whose commit fails leaves the execution as it was or redriven, never between.
#[test]
fn a_commit_that_fails() {
    for failure in [Failure::Busy, Failure::UnknownLanded, Failure::UnknownLost, Failure::Full] {
        let (mut world, machine, arn) = failed_task();
        world.memory.failures().next(Call::Append, failure);
        let body = json!({ "executionArn": arn, "clientToken": "one" });
        let answer = world.answer("RedriveExecution", &body);
        world.memory.failures().clear();
        world.crash();
        world.agree(&machine, &arn);
        let count = world.describe(&arn)["redriveCount"].clone();
        if answer.is_ok() {
            assert_eq!(count, 1, "{failure:?}: acknowledged");
        }
        world.call("RedriveExecution", body);
        assert_eq!(world.describe(&arn)["redriveCount"], 1, "{failure:?}");
        world.succeed(&world.task());
        world.agree(&machine, &arn);
    }
}
