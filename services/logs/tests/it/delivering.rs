//! What other services hand over.

use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use targets::logs::{GroupAddress, IfMissing, LogBatch, LogEvent, Logs};

use crate::support::{ACCOUNT, NOW_MS, World, messages};

fn address(name: &str) -> Arc<GroupAddress> {
    Arc::new(GroupAddress {
        account: ACCOUNT.into(),
        region: "us-east-1".into(),
        name: name.into(),
    })
}

fn batch(group: &str, stream: &str, message: String, if_missing: IfMissing) -> LogBatch {
    let events = vec![LogEvent { at_ms: NOW_MS, message }];
    LogBatch { group: address(group), stream: stream.into(), events, if_missing }
}

#[tokio::test]
async fn batches_are_kept_in_their_order() {
    let world = World::new();
    world.group("g").await;
    for number in 0..1_000 {
        let stream = if number % 2 == 0 { "even" } else { "odd" };
        world.service.deliver(batch("g", stream, number.to_string(), IfMissing::Drop));
    }
    world.service.drain(Duration::from_secs(20)).await;
    for (stream, first) in [("even", 0), ("odd", 1)] {
        let get = json!({ "logGroupName": "g", "logStreamName": stream, "startFromHead": true });
        let page = world.call("GetLogEvents", get).await.unwrap();
        let expected: Vec<String> = (first..1_000).step_by(2).map(|n: i32| n.to_string()).collect();
        assert_eq!(messages(&page), expected);
    }
}

// SFN-LOG-9: a group that is gone takes nothing and stops nobody.
#[tokio::test]
async fn groups_that_are_not_there() {
    let world = World::new();
    assert!(!world.service.exists(&address("g")).await);
    world.service.deliver(batch("g", "s", "lost".to_owned(), IfMissing::Drop));
    let create = IfMissing::Create { retention_days: 14 };
    world.service.deliver(batch("made", "s", "kept".to_owned(), create));
    world.service.drain(Duration::from_secs(20)).await;
    assert!(!world.service.exists(&address("g")).await);
    assert!(world.service.exists(&address("made")).await);
    let groups = world.call("DescribeLogGroups", json!({})).await.unwrap();
    assert_eq!(groups["logGroups"][0]["retentionInDays"], 14);
    let page = world.call("FilterLogEvents", json!({ "logGroupName": "made" })).await.unwrap();
    assert_eq!(messages(&page), ["kept"]);
}

// More bytes than one commit may hold, in one stream at once.
#[tokio::test]
async fn large_batches_are_kept_in_parts() {
    let world = World::new();
    world.group("g").await;
    for number in 0..60 {
        let text = format!("{number} {}", "x".repeat(1_000_000));
        world.service.deliver(batch("g", "s", text, IfMissing::Drop));
    }
    world.service.drain(Duration::from_secs(60)).await;
    let groups = world.call("DescribeLogGroups", json!({})).await.unwrap();
    assert!(groups["logGroups"][0]["storedBytes"].as_u64().unwrap() > 60_000_000);
}
