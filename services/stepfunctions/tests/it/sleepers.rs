//! Many executions asleep over a crash: what they wait for comes though none of them was read.

use serde_json::{Value, json};

use crate::world::{DAY_MS, HEAD, MINUTE_MS, World, text};

/// More than are offered from memory at once.
const SLEEPERS: usize = 1_100;
/// In a Wait, and for a worker: many more than a start may read.
const MANY: usize = 9_000;
/// For a token.
const TOKENS: usize = 2_000;
/// Waits that become due.
const DUE: usize = 200;
/// Rows that a start may read, whoever sleeps: machines, activities, numbers, calls under way.
const READ_MAX: u64 = 100;

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

/// A Wait until the time in the input, a task of the activity `a`, and a token that a machine gets
/// and forgets.
fn machines_of_all_kinds(world: &World) -> [String; 3] {
    let wait = json!({ "Type": "Wait", "SecondsPath": "$.seconds", "End": true });
    let task = json!({ "Type": "Task", "Resource": format!("{HEAD}activity:a"), "End": true });
    let pass = json!({ "Type": "Pass", "End": true });
    let definition = |state: &Value| json!({ "StartAt": "S", "States": { "S": state } });
    let forgets = world.machine_of("Forgets", "EXPRESS", &definition(&pass));
    let token = json!({
        "Type": "Task", "Resource": "arn:aws:states:::states:startExecution.waitForTaskToken",
        "Parameters": {
            "StateMachineArn": forgets, "Input": { "token.$": "$$.Task.Token" },
        },
        "End": true,
    });
    [("Wait", &wait), ("Task", &task), ("Token", &token)]
        .map(|(name, state)| world.machine_of(name, "STANDARD", &definition(state)))
}

/// The token that the first task was given, as its history tells.
fn token_of(world: &World, arn: &str) -> String {
    let events = world.events(arn);
    let scheduled = events.iter().find(|event| event["type"] == "TaskScheduled").unwrap();
    let parameters = text(&scheduled["taskScheduledEventDetails"], "parameters");
    let parameters: Value = serde_json::from_str(&parameters).unwrap();
    text(&parameters["Input"], "token")
}

fn until_submitted(world: &World, arn: &str) {
    while world.events(arn).iter().all(|event| event["type"] != "TaskSubmitted") {
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// How many of a machine's executions have that status, over all pages.
fn count(world: &World, machine: &str, status: &str) -> usize {
    let (mut count, mut token) = (0, Value::Null);
    loop {
        let mut body = json!({
            "stateMachineArn": machine, "statusFilter": status, "maxResults": 1_000,
        });
        if !token.is_null() {
            body["nextToken"] = token;
        }
        let page = world.call("ListExecutions", body);
        count += page["executions"].as_array().unwrap().len();
        token = page["nextToken"].clone();
        if token.is_null() {
            return count;
        }
    }
}

// SFN-SEM-100, SFN-SEM-101, SFN-SEM-102, SFN-EXEC-9
#[test]
fn a_start_reads_few_rows_however_many_sleep() {
    let mut world = World::with_executions_max((2 * MANY + TOKENS + DUE) as u64);
    world.call("CreateActivity", json!({ "name": "a" }));
    let [wait, task, token] = machines_of_all_kinds(&world);
    let far = json!({ "seconds": 30 * DAY_MS / 1_000 });
    world.start_many(&wait, &far, MANY);
    world.start_many(&task, &far, MANY);
    let tokens = world.start_many(&token, &far, TOKENS);
    let due = world.start_many(&wait, &json!({ "seconds": 3_600 }), DUE);
    tokens.iter().for_each(|arn| until_submitted(&world, arn));
    world.settle();
    world.end();

    let before = world.counted.read();
    world.open();
    let read = world.counted.read() - before;
    assert!(read < READ_MAX, "a start read {read} rows");

    let one_more = json!({ "stateMachineArn": wait, "input": far.to_string() });
    let refused = world.refused("StartExecution", one_more.clone());
    assert!(refused.starts_with("ExecutionLimitExceeded"), "{refused}");
    world.pass(61 * MINUTE_MS);
    for arn in &due {
        world.until(arn, "SUCCEEDED");
    }
    world.call("StartExecution", one_more);
    for arn in tokens.iter().take(10) {
        world.succeed(&token_of(&world, arn));
        world.until(arn, "SUCCEEDED");
        world.succeed(&world.task());
    }
    assert_eq!(count(&world, &wait, "SUCCEEDED"), DUE);
    let left = [&wait, &task, &token].map(|machine| count(&world, machine, "RUNNING"));
    assert_eq!(left, [MANY + 1, MANY - 10, TOKENS - 10]);
}
