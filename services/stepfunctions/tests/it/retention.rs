//! Closed executions are kept for 90 days: then record, history and name go together.

use serde_json::{Value, json};

use crate::world::{DAY_MS, HEAD, World, text};

fn pass() -> Value {
    json!({ "StartAt": "A", "States": { "A": { "Type": "Pass", "End": true } } })
}

fn wait() -> Value {
    let pause = json!({ "Type": "Wait", "Seconds": 99_000_000, "End": true });
    json!({ "StartAt": "A", "States": { "A": pause } })
}

fn listed(world: &World, machine: &str) -> Vec<String> {
    let body = json!({ "stateMachineArn": machine });
    let list = world.call("ListExecutions", body)["executions"].clone();
    list.as_array().unwrap().iter().map(|item| text(item, "executionArn")).collect()
}

// SFN-SEM-12, SFN-EXEC-62, SFN-EXEC-3
#[test]
fn all_of_an_execution_goes_at_once() {
    let mut world = World::new();
    let machine = world.machine(&pass());
    let named = world.start(&machine, Some("e"));
    let unnamed = world.start(&machine, None);
    let start = json!({ "stateMachineArn": machine, "name": "e", "input": "[1, 2]" });
    world.pass(90 * DAY_MS);
    for arn in [&named, &unnamed] {
        world.agree(&machine, arn);
    }
    let taken = format!("ExecutionAlreadyExists: Execution Already Exists: '{named}'");
    assert_eq!(world.refused("StartExecution", start.clone()), taken);

    world.pass(DAY_MS);
    for round in 0..2 {
        for arn in [&named, &unnamed] {
            let gone = format!("ExecutionDoesNotExist: Execution Does Not Exist: '{arn}'");
            for operation in [
                "DescribeExecution",
                "GetExecutionHistory",
                "StopExecution",
                "DescribeStateMachineForExecution",
                "ListMapRuns",
                "RedriveExecution",
            ] {
                assert_eq!(world.refused(operation, json!({ "executionArn": arn })), gone);
            }
        }
        assert!(listed(&world, &machine).is_empty(), "{round}");
        world.crash();
    }
    assert_eq!(text(&world.call("StartExecution", start), "executionArn"), named);
    world.agree(&machine, &named);
    assert_eq!(listed(&world, &machine), [named]);
}

// SFN-SEM-12: what runs is kept, however long it does.
#[test]
fn running_executions_stay() {
    let world = World::new();
    let machine = world.machine(&wait());
    let arns = [world.start(&machine, Some("e")), world.start(&machine, None)];
    world.pass(200 * DAY_MS);
    for arn in &arns {
        world.agree(&machine, arn);
        world.stop(arn);
        world.agree(&machine, arn);
    }
    assert_eq!(listed(&world, &machine).len(), 2);
}

#[test]
fn made_up_ids_are_looked_for_in_kept_days_only() {
    let world = World::new();
    world.machine(&pass());
    for name in ["00000000-0000-4000-8000-000000000000", "00000000-0000-7000-8000-000000000000"] {
        let arn = format!("{HEAD}execution:M:{name}");
        let gone = format!("ExecutionDoesNotExist: Execution Does Not Exist: '{arn}'");
        assert_eq!(world.refused("DescribeExecution", json!({ "executionArn": arn })), gone);
    }
}

// SFN-SEM-95: ids rise though the clock falls, so that an id may name a later day than the one on
// which its execution closed.
#[test]
fn found_though_the_clock_fell_over_midnight() {
    let world = World::new();
    let machine = world.machine(&pass());
    for _ in 0..16 {
        world.start(&machine, None);
    }
    world.pass(-DAY_MS);
    for _ in 0..16 {
        let arn = world.start(&machine, None);
        world.agree(&machine, &arn);
    }
}
