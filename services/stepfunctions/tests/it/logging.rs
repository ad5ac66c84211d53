//! What executions hand to a log: which records, when, and that nothing waits for it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use parking_lot::Mutex;
use serde_json::{Value, json};
use stepfunctions::Service;
use targets::logs::{GroupAddress, LogBatch, Logs};

use crate::rig::{self, ACCOUNT, REGION};

/// Keeps what it is given; knows one group.
#[derive(Default)]
struct Kept(Mutex<Vec<LogBatch>>);

#[async_trait]
impl Logs for Kept {
    async fn exists(&self, group: &GroupAddress) -> bool {
        &*group.name == "known"
    }

    fn deliver(&self, batch: LogBatch) {
        self.0.lock().push(batch);
    }
}

impl Kept {
    fn records(&self) -> Vec<Value> {
        let batches = self.0.lock();
        let events = batches.iter().flat_map(|batch| &batch.events);
        events.map(|event| serde_json::from_str(&event.message).unwrap()).collect()
    }

    /// Waits for the record of the end.
    async fn ended(&self) -> Vec<Value> {
        for _ in 0..500 {
            let records = self.records();
            let kinds = ["ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut"];
            if records.last().is_some_and(|last| kinds.iter().any(|kind| last["type"] == *kind)) {
                return records;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("no end among {:?}", self.records());
    }
}

fn configuration(level: &str, with_data: bool, group: &str) -> Value {
    let arn = format!("arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{group}:*");
    json!({
        "level": level,
        "includeExecutionData": with_data,
        "destinations": [{ "cloudWatchLogsLogGroup": { "logGroupArn": arn } }],
    })
}

async fn machine(service: &Service, kind: &str, states: Value, logging: Value) -> String {
    let definition = json!({ "StartAt": "First", "States": states }).to_string();
    let role = format!("arn:aws:iam::{ACCOUNT}:role/r");
    let create = json!({
        "name": "m", "definition": definition, "roleArn": role, "type": kind,
        "loggingConfiguration": logging,
    });
    let made = rig::call(service, "CreateStateMachine", &create).await.unwrap();
    made["stateMachineArn"].as_str().unwrap().to_owned()
}

fn types(records: &[Value]) -> Vec<&str> {
    records.iter().map(|record| record["type"].as_str().unwrap()).collect()
}

fn failing() -> Value {
    json!({
        "First": { "Type": "Pass", "Next": "Last" },
        "Last": { "Type": "Fail", "Error": "E", "Cause": "C" },
    })
}

// SFN-LOG-5, SFN-LOG-6, SFN-LOG-7, SFN-LOG-8, SFN-LOG-11
#[tokio::test]
async fn records_by_level_of_both_kinds() {
    let all = [
        "ExecutionStarted",
        "PassStateEntered",
        "PassStateExited",
        "FailStateEntered",
        "ExecutionFailed",
    ];
    for kind in ["STANDARD", "EXPRESS"] {
        for (level, expected) in [("ALL", &all[..]), ("ERROR", &all[3..]), ("FATAL", &all[4..])] {
            let kept = Arc::new(Kept::default());
            let service = rig::open_with(b"{}", Some(kept.clone())).await;
            let logging = configuration(level, level != "ALL", "known");
            let arn = machine(&service, kind, failing(), logging).await;
            let start = json!({ "stateMachineArn": arn, "input": "{\"secret\":1}" });
            let started = rig::call(&service, "StartExecution", &start).await.unwrap();
            let records = kept.ended().await;
            assert_eq!(types(&records), expected, "{kind} {level}");
            let last = records.last().unwrap();
            assert_eq!(last["id"], "5");
            assert_eq!(last["previous_event_id"], "4");
            assert_eq!(last["redrive_count"], "0");
            assert_eq!(last["details"], json!({ "error": "E", "cause": "C" }));
            assert_eq!(last["execution_arn"], started["executionArn"]);
            let told = format!("{records:?}").contains("secret");
            assert_eq!(told, level == "ERROR", "{kind} {level}");
            let batches = kept.0.lock();
            assert!(batches.iter().all(|batch| batch.stream == batches[0].stream));
            let stream: Vec<&str> = batches[0].stream.split('/').collect();
            assert!(matches!(stream[..], ["states", "m", minute, life]
                if minute.len() == 16 && life.len() == 8));
        }
    }
}

// SFN-LOG-11: what a synchronous caller gets is logged as well.
#[tokio::test]
async fn synchronous_executions_log() {
    let kept = Arc::new(Kept::default());
    let service = rig::open_with(b"{}", Some(kept.clone())).await;
    let logging = configuration("ALL", true, "known");
    let arn = machine(&service, "EXPRESS", failing(), logging).await;
    let start = json!({ "stateMachineArn": arn });
    rig::call(&service, "StartSyncExecution", &start).await.unwrap();
    assert_eq!(types(&kept.records()).len(), 5);
}

/// A machine that tells its context object and then fails in a branch.
fn branching() -> Value {
    json!({
        "First": { "Type": "Pass", "Parameters": { "of.$": "$$.Execution" }, "Next": "Fork" },
        "Fork": { "Type": "Parallel", "End": true, "Branches": [
            { "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } },
            { "StartAt": "F", "States": { "F": { "Type": "Fail", "Error": "E", "Cause": "C" } } },
        ] },
    })
}

/// Type, id and previous id of every record.
fn chain(records: &[Value]) -> Vec<String> {
    let line = |record: &Value| {
        let text = |name: &str| record[name].as_str().unwrap_or("-").to_owned();
        format!("{}<{} {}", text("id"), text("previous_event_id"), text("type"))
    };
    records.iter().map(line).collect()
}

// SFN-HIST-100, SFN-HIST-101: Express executions of both kinds write what a Standard one would.
// SFN-CTX-3: of redrives a synchronous one knows nothing.
#[tokio::test]
async fn all_kinds_write_the_same() {
    let mut chains = Vec::new();
    for (kind, operation, counted) in [
        ("STANDARD", "StartExecution", true),
        ("EXPRESS", "StartExecution", true),
        ("EXPRESS", "StartSyncExecution", false),
    ] {
        let kept = Arc::new(Kept::default());
        let service = rig::open_with(b"{}", Some(kept.clone())).await;
        let logging = configuration("ALL", true, "known");
        let arn = machine(&service, kind, branching(), logging).await;
        rig::call(&service, operation, &json!({ "stateMachineArn": arn })).await.unwrap();
        let records = kept.ended().await;
        let told = records[2]["details"]["output"].as_str().unwrap();
        assert_eq!(told.contains("RedriveCount"), counted, "{kind} {operation} {told}");
        let express = records[0]["execution_arn"].as_str().unwrap().contains(":express:");
        assert_eq!(express, kind == "EXPRESS");
        chains.push(chain(&records));
    }
    assert_eq!(chains[0], chains[1]);
    assert_eq!(chains[0], chains[2]);
    assert_eq!(chains[0].last().unwrap(), "10<9 ExecutionFailed");
}

// SFN-HIST-99: records tell which redrive they belong to.
#[tokio::test]
async fn redrives_are_counted() {
    let kept = Arc::new(Kept::default());
    let service = rig::open_with(b"{}", Some(kept.clone())).await;
    let arn = machine(&service, "STANDARD", failing(), configuration("ALL", true, "known")).await;
    let start = json!({ "stateMachineArn": arn });
    let started = rig::call(&service, "StartExecution", &start).await.unwrap();
    let before = kept.ended().await.len();
    let redrive = json!({ "executionArn": started["executionArn"] });
    rig::call(&service, "RedriveExecution", &redrive).await.unwrap();
    let records = kept.ended().await;
    let counts: Vec<&Value> = records.iter().map(|record| &record["redrive_count"]).collect();
    let (first, second) = counts.split_at(before);
    assert!(first.iter().all(|count| **count == "0"), "{counts:?}");
    assert!(second.len() >= 2 && second.iter().all(|count| **count == "1"), "{counts:?}");
}

// SFN-LOG-1, SFN-LOG-2
#[tokio::test]
async fn groups_that_are_not_there_are_refused() {
    let kept = Arc::new(Kept::default());
    let service = rig::open_with(b"{}", Some(kept.clone())).await;
    let arn = machine(&service, "STANDARD", failing(), json!({})).await;
    let refused = "Invalid Logging Configuration: Log Destination not found.";
    let theirs = "arn:aws:logs:us-east-1:111111111111:log-group:known:*";
    let mut other = configuration("ALL", true, "known");
    other["destinations"][0]["cloudWatchLogsLogGroup"]["logGroupArn"] = theirs.into();
    for logging in [configuration("ALL", true, "unknown"), other] {
        let update = json!({ "stateMachineArn": arn, "loggingConfiguration": logging });
        let fault = rig::call(&service, "UpdateStateMachine", &update).await.unwrap_err();
        assert_eq!((&*fault.code, &*fault.message), ("InvalidLoggingConfiguration", refused));
    }
    let off = configuration("OFF", true, "unknown");
    let update = json!({ "stateMachineArn": arn, "loggingConfiguration": off });
    rig::call(&service, "UpdateStateMachine", &update).await.unwrap();
    let start = json!({ "stateMachineArn": arn });
    rig::call(&service, "StartExecution", &start).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(kept.records().is_empty(), "OFF says nothing");
}
