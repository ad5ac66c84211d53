//! A disk that fills up: starts are refused, nothing acknowledged is lost, and when there is room
//! again everything goes on.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::world::{HEAD, World};

/// A server looks at its disk once a second.
const ROOM_SEEN_MAX: Duration = Duration::from_secs(10);

fn machine_with_a_task(world: &World) -> String {
    world.call("CreateActivity", json!({ "name": "a" }));
    world.machine(&json!({ "StartAt": "T", "States": { "T": {
        "Type": "Task", "Resource": format!("{HEAD}activity:a"), "End": true } } }))
}

fn start(world: &World, machine: &str, name: &str) -> Result<Value, wire::fault::Fault> {
    world.answer("StartExecution", &json!({ "stateMachineArn": machine, "name": name }))
}

// SFN-SEM-100, SFN-SEM-103
#[test]
fn starts_are_refused_and_nothing_is_lost() {
    let mut world = World::new();
    let machine = machine_with_a_task(&world);
    let before = world.start(&machine, Some("before"));
    let token = world.task();
    world.memory.failures().set_full(true);

    let refused = start(&world, &machine, "during").unwrap_err();
    assert_eq!((refused.code.as_str(), refused.status), ("ServiceUnavailable", 503));
    let settle = json!({ "taskToken": token, "output": "1" });
    let refused = world.answer("SendTaskSuccess", &settle).unwrap_err();
    assert_eq!((refused.code.as_str(), refused.status), ("ServiceUnavailable", 503));
    assert_eq!(world.describe(&before)["status"], "RUNNING", "reads go on");
    let during = json!({ "executionArn": format!("{HEAD}execution:M:during") });
    let absent = world.answer("DescribeExecution", &during).unwrap_err();
    assert_eq!(absent.code, "ExecutionDoesNotExist", "what was refused did not happen");

    world.memory.failures().set_full(false);
    // The server finds out about the room by itself; clients only try again.
    let begin = Instant::now();
    while let Err(fault) = world.answer("SendTaskSuccess", &settle) {
        assert_eq!(fault.code, "ServiceUnavailable");
        assert!(begin.elapsed() < ROOM_SEEN_MAX, "still no room");
    }
    world.until(&before, "SUCCEEDED");
    world.crash();
    world.until(&before, "SUCCEEDED");
    let again = start(&world, &machine, "during").unwrap();
    assert!(again["executionArn"].as_str().unwrap().ends_with(":during"));
}
