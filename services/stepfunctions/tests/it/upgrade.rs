//! A store as it was before offers and numbers of executions had rows of their own: the first start
//! makes them, and one that was interrupted is made good by the next.

use bytes::Bytes;
use serde_json::{Map, Value, json};
use store::engine::{Engine, Order, Row, Slice};
use store::envelope::{self, Dictionary};

use crate::world::{HEAD, World};

/// What rows are compressed with.
static DICTIONARY: Dictionary =
    Dictionary::new(include_bytes!("../../src/records/dictionary-1.zstd"));

/// Says that there are such rows.
const DONE: &[u8] = b"offers-and-counts-1";
/// Of tasks that wait for a worker: more than are read at once.
const TASKS: usize = 1_500;
/// That a start may read once the rows are made.
const READ_MAX: u64 = 100;

/// The whole family.
fn rows(world: &World, family: &str) -> Vec<(Bytes, Bytes)> {
    let all = Bytes::new()..Bytes::new();
    world.memory.snapshot().unwrap().scan(family, &all, Order::Forward, usize::MAX).unwrap()
}

fn write(world: &World, family: &str, changed: Vec<(Bytes, Option<Bytes>)>) {
    let claim = world.memory.partitions().unwrap()[0].clone();
    let row = |(key, value)| Row { family: family.into(), key, value };
    let rows = changed.into_iter().map(row).collect();
    let slice = Slice { partition: claim.partition, epoch: claim.epoch, rows, applied: None };
    assert_eq!(world.memory.flush(&[slice]), Ok(vec![claim.partition]));
}

/// A task's row without the time at which it was offered, if it is one.
fn task_of_before(key: &Bytes, row: &Bytes) -> Option<(Bytes, Option<Bytes>)> {
    if key[2] != b'K' {
        return None;
    }
    let decoded = envelope::decode_with(&DICTIONARY, key, row).unwrap();
    let mut task: Map<String, Value> = rmp_serde::from_slice(&decoded.body).unwrap();
    assert!(task.remove("offered_ms").unwrap().as_i64() > Some(0));
    let body = rmp_serde::to_vec_named(&task).unwrap();
    let kind = (decoded.kind, decoded.format);
    Some((key.clone(), Some(envelope::encode_with(&DICTIONARY, kind, key, &body))))
}

/// Makes of the store what the version before would have left.
fn take_back(world: &World) {
    let open = rows(world, "open");
    let tasks: Vec<_> = open.iter().filter_map(|(key, row)| task_of_before(key, row)).collect();
    assert_eq!(tasks.len(), TASKS + 1);
    write(world, "open", tasks);
    world.memory.drop_family("offers").unwrap();
    world.memory.drop_family("counts").unwrap();
    forget_upgrade(world);
}

fn forget_upgrade(world: &World) {
    assert!(rows(world, "keys").iter().any(|(key, _)| key == DONE));
    write(world, "keys", vec![(Bytes::from_static(DONE), None)]);
}

fn old_store() -> (World, String, String) {
    let mut world = World::with_executions_max(TASKS as u64 + 3);
    world.call("CreateActivity", json!({ "name": "a" }));
    let state = |fields: Value| json!({ "StartAt": "S", "States": { "S": fields } });
    let task = json!({ "Type": "Task", "Resource": format!("{HEAD}activity:a"), "End": true });
    let wait = json!({ "Type": "Wait", "Seconds": 86_400, "End": true });
    let task = world.machine_of("Task", "STANDARD", &state(task));
    let wait = world.machine_of("Wait", "STANDARD", &state(wait));
    world.start(&task, Some("leased"));
    let leased = world.task();
    world.start_many(&task, &json!([]), TASKS);
    let closed = world.start(&wait, Some("closed"));
    world.stop(&closed);
    world.start_many(&wait, &json!([]), 2);
    world.settle();
    world.end();
    take_back(&world);
    (world, wait, leased)
}

/// Every task is handed out once, and the quota is met: what there was is offered and counted.
fn check(world: &World, wait: &str, leased: &str) {
    let start = json!({ "stateMachineArn": wait });
    let full = world.refused("StartExecution", start.clone());
    assert!(full.starts_with("ExecutionLimitExceeded"), "{full}");
    world.succeed(leased);
    for _ in 0..TASKS {
        world.succeed(&world.task());
    }
    for _ in 0..=TASKS {
        world.call("StartExecution", start.clone());
    }
    let full = world.refused("StartExecution", start);
    assert!(full.starts_with("ExecutionLimitExceeded"), "{full}");
    world.settle();
    assert_eq!(rows(world, "offers"), [], "none is left");
}

// SFN-SEM-102, SFN-EXEC-9
#[test]
fn an_old_store_gets_its_offers_and_numbers() {
    let (mut world, wait, leased) = old_store();
    world.open();
    world.settle();
    assert_eq!(rows(&world, "offers").len(), TASKS);
    world.end();
    let before = world.counted.read();
    world.open();
    let read = world.counted.read() - before;
    assert!(read < READ_MAX, "the start after that read {read} rows");
    check(&world, &wait, &leased);
}

// SFN-SEM-102, SFN-EXEC-9: the mark comes last, so that a crash before it has the same done again.
#[test]
fn an_upgrade_that_was_interrupted_is_done_again() {
    let (mut world, wait, leased) = old_store();
    world.open();
    world.settle();
    world.end();
    let offers = rows(&world, "offers");
    forget_upgrade(&world);
    // As if the crash had come before the numbers were written.
    world.memory.drop_family("counts").unwrap();
    world.open();
    world.settle();
    assert_eq!(rows(&world, "offers"), offers, "a task is offered once");
    world.crash();
    check(&world, &wait, &leased);
}
