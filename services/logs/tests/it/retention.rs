//! What goes: events past their time, and everything of what was deleted.

use std::time::Duration;

use serde_json::json;
use store::engine::Engine;

use crate::support::{DAY_MS, World, messages};

async fn rows(world: &World, family: &str) -> usize {
    let engine = world.engine.clone();
    let snapshot = engine.snapshot().unwrap();
    let all = bytes::Bytes::new()..bytes::Bytes::new();
    snapshot.scan(family, &all, store::engine::Order::Forward, 100_000).unwrap().len()
}

/// Waits until a family has no rows any more.
async fn until_empty(world: &World, family: &str) {
    for _ in 0..200 {
        world.flush();
        if rows(world, family).await == 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{family} still has {} rows", rows(world, family).await);
}

#[tokio::test]
async fn old_events_are_hidden_at_once_and_then_deleted() {
    let world = World::new();
    world.group("g").await;
    world.stream("g", "s").await;
    world.put("g", "s", &[(-2 * DAY_MS, "old"), (-2 * DAY_MS + 5, "old too")]).await;
    world.put("g", "s", &[(0, "new")]).await;
    let retention = json!({ "logGroupName": "g", "retentionInDays": 1 });
    world.call("PutRetentionPolicy", retention).await.unwrap();
    let get = json!({ "logGroupName": "g", "logStreamName": "s", "startFromHead": true });
    assert_eq!(messages(&world.call("GetLogEvents", get.clone()).await.unwrap()), ["new"]);
    let filter = json!({ "logGroupName": "g" });
    assert_eq!(messages(&world.call("FilterLogEvents", filter).await.unwrap()), ["new"]);
    let put = world.put("g", "s", &[(-DAY_MS - 1, "expired"), (-1, "newer")]).await;
    assert_eq!(put["rejectedLogEventsInfo"], json!({ "expiredLogEventEndIndex": 1 }));
    for _ in 0..200 {
        let groups = world.call("DescribeLogGroups", json!({})).await.unwrap();
        if groups["logGroups"][0]["storedBytes"] == 2 * 26 + 8 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let groups = world.call("DescribeLogGroups", json!({})).await.unwrap();
    assert_eq!(groups["logGroups"][0]["storedBytes"], 2 * 26 + 8);

    // At a later start everything is past its time.
    let world = world.reopen(3 * DAY_MS);
    until_empty(&world, "log_events").await;
    world.call("DeleteRetentionPolicy", json!({ "logGroupName": "g" })).await.unwrap();
    assert!(messages(&world.call("GetLogEvents", get).await.unwrap()).is_empty());
    let streams = world.call("DescribeLogStreams", json!({ "logGroupName": "g" })).await.unwrap();
    assert_eq!(streams["logStreams"][0].get("firstEventTimestamp"), None);
}

#[tokio::test]
async fn nothing_of_a_deleted_group_comes_back() {
    let world = World::new();
    for stream in ["s", "t"] {
        if stream == "s" {
            world.group("g").await;
        }
        world.stream("g", stream).await;
        for round in 0..300 {
            world.put("g", stream, &[(round, "m")]).await;
        }
    }
    let stream = json!({ "logGroupName": "g", "logStreamName": "t" });
    world.call("DeleteLogStream", stream).await.unwrap();
    let group = json!({ "logGroupName": "g" });
    world.call("DeleteLogGroup", group.clone()).await.unwrap();
    world.group("g").await;
    let streams = world.call("DescribeLogStreams", group.clone()).await.unwrap();
    assert_eq!(streams, json!({ "logStreams": [] }));
    world.stream("g", "s").await;
    assert!(messages(&world.call("FilterLogEvents", group).await.unwrap()).is_empty());
    // The deletion goes on at the next start.
    let world = world.reopen(1);
    until_empty(&world, "log_events").await;
    until_empty(&world, "log_gone").await;
    assert_eq!(rows(&world, "log_streams").await, 1);
}
