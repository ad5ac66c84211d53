//! What has to be true once nothing fails any more.

use std::sync::Arc;

use bytes::Bytes;
use serde_json::{Value, json};
use store::engine::Order;

use crate::definitions::machine_arn;
use crate::world::World;

/// Rows of one family that are looked at.
const ROWS_MAX: usize = 1_000_000;
const ABORTED: &str = "\"ExecutionAborted\"";
/// Kinds of rows that only a running execution has: start, head, frame, chunk, task, call, timer.
const OF_RUNNING: &[u8] = b"AEFHKOT";

/// Executions that do not come to an end have no reason to wake (P5).
pub(crate) async fn all_ended(world: &World) -> bool {
    let arns: Vec<String> = world.facts.lock().started.keys().cloned().collect();
    for arn in arns {
        let told = world.observe(&arn).await;
        if told.is_none_or(|told| told.get("status") == Some(&json!("RUNNING"))) {
            return false;
        }
    }
    rows_left(world).is_empty()
}

/// Which executions still run, and which rows are left.
pub(crate) async fn tell_unended(world: &World) {
    let arns: Vec<String> = world.facts.lock().started.keys().cloned().collect();
    for arn in arns {
        let Some(told) = world.observe(&arn).await else {
            world.violation(format!("nobody tells of {arn}"));
            continue;
        };
        if told.get("status") == Some(&json!("RUNNING")) {
            let last = world.facts.lock().histories.get(&arn).and_then(|h| h.last().cloned());
            world.violation(format!("{arn} does not end; its last event is {last:?}"));
        }
    }
    for row in rows_left(world) {
        world.violation(format!("a row is left behind: {row}"));
    }
}

/// Rows that belong to running executions.
fn rows_left(world: &World) -> Vec<String> {
    let Some(node) = world.leader() else { return vec!["there is no node".to_owned()] };
    let everything = Bytes::new()..Bytes::new();
    let mut left = Vec::new();
    for family in ["open", "index_open", "express"] {
        let rows = node.store.scan_all(family, everything.clone(), Order::Forward, ROWS_MAX);
        for (key, _) in rows.unwrap_or_default() {
            let kind = key.get(2).copied().unwrap_or_default();
            if family != "open" || OF_RUNNING.contains(&kind) {
                left.push(format!("{family} {:?}", key.escape_ascii().to_string()));
            }
        }
    }
    left
}

/// Everything that clients were told is there, and every view tells the same.
pub(crate) async fn agree(world: &Arc<World>) {
    let started = world.facts.lock().started.clone();
    let mut listed = std::collections::BTreeMap::new();
    for (arn, started) in &started {
        let Some(told) = world.observe(arn).await else { continue };
        if told.get("startDate").map(Value::to_string).as_ref() != Some(&started.start_date) {
            world.violation(format!("{arn} began at {}, it was said: {told}", started.start_date));
        }
        let machine = started.machine.as_str();
        if !listed.contains_key(machine) {
            listed.insert(machine.to_owned(), list(world, machine).await);
        }
        let items = listed.get(machine).cloned().unwrap_or_default();
        let mine: Vec<_> =
            items.iter().filter(|item| item.get("executionArn") == Some(&json!(arn))).collect();
        match mine.as_slice() {
            [item] if item.get("status") == told.get("status") => {}
            other => world.violation(format!("{arn} is listed as {other:?}, described as {told}")),
        }
        let last = world.facts.lock().histories.get(arn).and_then(|h| h.last().cloned());
        let status = told.get("status").and_then(Value::as_str).unwrap_or_default();
        let expected = match status {
            "SUCCEEDED" => "ExecutionSucceeded",
            "FAILED" => "ExecutionFailed",
            "ABORTED" => "ExecutionAborted",
            _ => "ExecutionTimedOut",
        };
        if last.as_ref().is_none_or(|last| !last.contains(expected)) {
            world.violation(format!("{arn} is {status}, but its history ends with {last:?}"));
        }
    }
    results(world);
    versions(world).await;
}

async fn list(world: &World, machine: &str) -> Vec<Value> {
    let mut items = Vec::new();
    let mut body = json!({ "stateMachineArn": machine_arn(machine), "maxResults": 1000 });
    while let Some(page) = world.read("ListExecutions", &body).await {
        items.extend(page.get("executions").and_then(Value::as_array).cloned().unwrap_or_default());
        let Some(next) = page.get("nextToken").filter(|next| next.is_string()) else { break };
        if let Some(body) = body.as_object_mut() {
            body.insert("nextToken".to_owned(), next.clone());
        }
    }
    items
}

/// An acknowledged result is in the history that it was acknowledged for; an acknowledged Express
/// start led to a call; a task is begun once.
fn results(world: &World) {
    let facts = world.facts.lock();
    let mut violations = Vec::new();
    for (token, result) in facts.results.values() {
        let history = facts.histories.get(&token.arn);
        // One that came before its call was answered is held, and goes with a stop.
        let known = |line: &String| line.contains(result.as_str()) || line.contains(ABORTED);
        if history.is_some_and(|lines| !lines.iter().any(known)) {
            violations.push(format!("{result} was acknowledged, {} knows nothing", token.arn));
        }
    }
    for arn in &facts.express {
        if !facts.calls.contains_key(arn) {
            violations.push(format!("an acknowledged Express execution never began: {arn}"));
        }
    }
    for (arn, lines) in &facts.histories {
        let count = |kind: &str| lines.iter().filter(|line| line.contains(kind)).count();
        if count("\"ActivityStarted\"") > count("\"ActivityScheduled\"") {
            violations.push(format!("a task of {arn} was begun twice"));
        }
    }
    drop(facts);
    violations.into_iter().for_each(|told| world.violation(told));
}

async fn versions(world: &World) {
    let body = json!({ "stateMachineArn": machine_arn("child"), "maxResults": 1000 });
    let Some(told) = world.read("ListStateMachineVersions", &body).await else { return };
    let told = told.to_string();
    let acknowledged = world.facts.lock().versions.clone();
    for arn in acknowledged {
        if !told.contains(&format!("{arn}\"")) {
            world.violation(format!("a published version is gone: {arn}"));
        }
    }
}
