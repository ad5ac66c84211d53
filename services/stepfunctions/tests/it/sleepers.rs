//! Many executions asleep over a crash: what they wait for comes though none of them was read.

use serde_json::json;

use crate::world::{HEAD, MINUTE_MS, World, text};

/// More than are offered from memory at once.
const SLEEPERS: usize = 1_100;

// SFN-SEM-102
#[test]
fn tasks_of_activities_are_found_after_a_crash_oldest_first() {
    let mut world = World::new();
    world.call("CreateActivity", json!({ "name": "a" }));
    let machine = world.machine(&json!({ "StartAt": "T", "States": { "T": {
        "Type": "Task", "Resource": format!("{HEAD}activity:a"), "End": true } } }));
    let first = world.start(&machine, Some("first"));
    let before = world.task();
    std::thread::sleep(std::time::Duration::from_millis(2));
    let second = world.start(&machine, Some("second"));
    std::thread::sleep(std::time::Duration::from_millis(2));
    let stopped = world.start(&machine, Some("stopped"));
    for _ in 0..SLEEPERS {
        world.start(&machine, None);
    }
    world.stop(&stopped);
    world.crash();
    world.succeed(&world.task());
    world.until(&second, "SUCCEEDED");
    world.succeed(&before);
    world.until(&first, "SUCCEEDED");
    for _ in 0..SLEEPERS {
        world.succeed(&world.task());
    }
    let body = json!({ "stateMachineArn": machine, "statusFilter": "RUNNING" });
    let left = world.call("ListExecutions", body)["executions"].clone();
    assert_eq!(left, json!([]), "none was forgotten");
}

// SFN-SEM-77
#[test]
fn tasks_of_a_deleted_activity_are_not_those_of_its_namesake() {
    let mut world = World::new();
    world.call("CreateActivity", json!({ "name": "a" }));
    let machine = world.machine(&json!({ "StartAt": "T", "States": { "T": {
        "Type": "Task", "Resource": format!("{HEAD}activity:a"), "End": true } } }));
    world.start(&machine, Some("old"));
    world.call("DeleteActivity", json!({ "activityArn": format!("{HEAD}activity:a") }));
    world.pass(MINUTE_MS);
    world.call("CreateActivity", json!({ "name": "a" }));
    world.crash();
    let new = world.start(&machine, Some("new"));
    world.succeed(&world.task());
    world.until(&new, "SUCCEEDED");
}

// SFN-SEM-100: far timers are rows, and fire.
#[test]
fn waits_fire_after_a_crash() {
    let mut world = World::new();
    let pause = json!({ "Type": "Wait", "SecondsPath": "$[0]", "End": true });
    let machine = world.machine(&json!({ "StartAt": "P", "States": {
        "P": { "Type": "Pass", "Result": [3_600], "Next": "A" }, "A": pause } }));
    let arns: Vec<String> = (0..50).map(|_| world.start(&machine, None)).collect();
    world.crash();
    world.pass(61 * MINUTE_MS);
    for arn in &arns {
        let told = world.until(arn, "SUCCEEDED");
        assert_eq!(text(&told, "executionArn"), *arn);
    }
}
