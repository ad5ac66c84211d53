//! Lists that are read page by page while what they list moves, and histories too long for one
//! stage.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use store::engine::{Engine as _, Order};
use workflow::Limits;

use crate::world::{DAY_MS, HEAD, World, text};

/// How long large things may take.
const LONG: Duration = Duration::from_secs(60);

fn pause() -> Value {
    json!({ "StartAt": "P", "States": { "P": { "Type": "Wait", "Seconds": 3000, "End": true } } })
}

/// One page; what it shows and the token for the next.
fn page(world: &World, machine: &str, size: u64, token: Option<&str>) -> (Vec<Value>, Value) {
    let mut body = json!({ "stateMachineArn": machine, "maxResults": size });
    if let Some(token) = token {
        body["nextToken"] = token.into();
    }
    let mut answer = world.call("ListExecutions", body);
    let token = answer["nextToken"].take();
    (answer["executions"].as_array().unwrap().clone(), token)
}

/// A small generator of the usual kind: the same dice at every run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        (self.0 >> 33) as usize % bound
    }
}

// SFN-SEM-126, SFN-PAGE-6
#[test]
fn what_moves_between_pages_is_listed_once() {
    for seed in 0..12 {
        let mut dice = Dice(seed);
        let mut world = World::new();
        let machine = world.machine(&pause());
        let all: Vec<String> = (0..24).map(|_| world.start(&machine, None)).collect();
        let mut open = all.clone();
        for _ in 0..dice.below(8) {
            let at = dice.below(open.len());
            world.stop(&open.swap_remove(at));
        }
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let mut token: Option<String> = None;
        let mut newcomers = Vec::new();
        loop {
            let size = 1 + dice.below(5) as u64;
            let (items, next) = page(&world, &machine, size, token.as_deref());
            assert!(items.len() as u64 <= size);
            for item in items {
                *seen.entry(text(&item, "executionArn")).or_default() += 1;
            }
            let Some(next) = next.as_str() else { break };
            token = Some(next.to_owned());
            for _ in 0..dice.below(4).min(open.len()) {
                let at = dice.below(open.len());
                world.stop(&open.swap_remove(at));
            }
            if dice.below(4) == 0 {
                let one = world.start(&machine, None);
                if dice.below(2) == 0 {
                    world.stop(&one);
                }
                newcomers.push(one);
            }
            if dice.below(6) == 0 {
                world.crash();
            }
            if dice.below(6) == 0 {
                world.pass(DAY_MS / 2);
                token = Some(next.to_owned());
            }
        }
        for arn in &all {
            assert_eq!(seen.get(arn), Some(&1), "seed {seed}: {arn}");
        }
        assert!(newcomers.iter().all(|arn| seen.get(arn).is_none_or(|times| *times == 1)));
    }
}

// What is redriven between pages was there all the time and may be missed, but is never told twice.
#[test]
fn what_is_redriven_between_pages_is_listed_at_most_once() {
    for seed in 0..8 {
        let mut dice = Dice(seed + 100);
        let world = World::new();
        let machine = world.machine(&pause());
        let all: Vec<String> = (0..12).map(|_| world.start(&machine, None)).collect();
        for arn in all.iter().skip(6) {
            world.stop(arn);
        }
        let mut seen: BTreeMap<String, u32> = BTreeMap::new();
        let mut token = None;
        loop {
            let (items, next) = page(&world, &machine, 2, token.as_deref());
            for item in items {
                *seen.entry(text(&item, "executionArn")).or_default() += 1;
            }
            let Some(next) = next.as_str() else { break };
            token = Some(next.to_owned());
            let arn = &all[dice.below(12)];
            match world.describe(arn)["status"].as_str() {
                Some("RUNNING") => world.stop(arn),
                _ => {
                    world.redrive(arn);
                    if dice.below(2) == 0 {
                        world.stop(arn);
                    }
                }
            }
        }
        assert!(seen.values().all(|times| *times == 1), "seed {seed}: {seen:?}");
    }
}

/// All events, a page at a time; how many pages there were.
fn whole(world: &World, arn: &str, reverse: bool) -> (Vec<u64>, usize) {
    let (mut ids, mut pages) = (Vec::new(), 0);
    let mut body = json!({ "executionArn": arn, "maxResults": 1000, "reverseOrder": reverse });
    loop {
        let answer = world.call("GetExecutionHistory", body.clone());
        let events = answer["events"].as_array().unwrap();
        ids.extend(events.iter().map(|event| event["id"].as_u64().unwrap()));
        pages += 1;
        if answer["nextToken"].is_null() {
            return (ids, pages);
        }
        body["nextToken"] = answer["nextToken"].clone();
    }
}

fn agrees(world: &World, arn: &str, events: u64) {
    let (forward, pages) = whole(world, arn, false);
    assert_eq!(forward, (1..=events).collect::<Vec<_>>());
    assert!(pages > 1, "a page has its bytes");
    let (mut backward, _) = whole(world, arn, true);
    backward.reverse();
    assert_eq!(backward, forward);
}

/// Text that does not shrink.
fn noise(bytes: usize) -> String {
    let mut dice = Dice(7);
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    (0..bytes).map(|_| char::from(letters[dice.below(64)])).collect()
}

// A long history does not fit into the stage that closes its execution, and none of its pages
// has it all; it is read, redriven, closed again and at last removed like any other.
#[test]
fn long_histories_close_and_go() {
    let limits = Limits { payload_bytes_max: 6 << 20, ..Limits::default() };
    let mut world = World::limited(limits);
    let mut states = serde_json::Map::new();
    for number in 0..12 {
        let next = format!("S{}", number + 1);
        let state = match number {
            6 => json!({ "Type": "Wait", "Seconds": 1, "Next": next }),
            _ => json!({ "Type": "Pass", "Next": next }),
        };
        states.insert(format!("S{number}"), state);
    }
    states.insert("S12".into(), json!({ "Type": "Fail", "Error": "E" }));
    let machine = world.machine(&json!({ "StartAt": "S0", "States": states }));
    let input = json!(noise(1_500_000)).to_string();
    let body = json!({ "stateMachineArn": machine, "name": "long", "input": input });
    let arn = text(&world.call("StartExecution", body), "executionArn");
    fails(&world, &arn);
    let closed = 2 + 2 * 12 + 1;
    agrees(&world, &arn, closed);
    world.crash();
    agrees(&world, &arn, closed);
    world.redrive(&arn);
    fails(&world, &arn);
    let (ids, _) = whole(&world, &arn, false);
    let again = ids.len() as u64;
    assert!(again > closed);
    agrees(&world, &arn, again);
    flushed(&world, |chunks| chunks > 0, "they stay where they were");
    world.pass(92 * DAY_MS);
    world.crash();
    flushed(&world, |chunks| chunks == 0, "they go with their day");
    let gone = world.refused("DescribeExecution", json!({ "executionArn": arn }));
    assert_eq!(
        gone,
        format!("ExecutionDoesNotExist: Execution Does Not Exist: '{HEAD}execution:M:long'")
    );
}

fn fails(world: &World, arn: &str) {
    let begin = Instant::now();
    let body = json!({ "executionArn": arn, "includedData": "METADATA_ONLY" });
    while world.call("DescribeExecution", body.clone())["status"] != "FAILED" {
        assert!(begin.elapsed() < LONG, "it does not close");
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Waits until so many rows of chunks are in the open family.
fn flushed(world: &World, enough: impl Fn(usize) -> bool, what: &str) {
    let begin = Instant::now();
    loop {
        let everything = bytes::Bytes::new()..bytes::Bytes::new();
        let rows = world.memory.snapshot().unwrap();
        let rows = rows.scan("open", &everything, Order::Forward, 100_000).unwrap();
        let chunks = rows.iter().filter(|(key, _)| key.get(2) == Some(&b'H')).count();
        if enough(chunks) {
            return;
        }
        assert!(begin.elapsed() < LONG, "{what}: {chunks}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
