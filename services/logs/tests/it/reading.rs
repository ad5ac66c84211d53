//! Events of one stream: their order, whenever they come, and tokens either way.

use serde_json::{Value, json};

use crate::support::{NOW_MS, World, messages, with};

async fn one_stream() -> World {
    let world = World::new();
    world.group("g").await;
    world.stream("g", "s").await;
    world
}

fn get(more: Value) -> Value {
    with(json!({ "logGroupName": "g", "logStreamName": "s" }), more)
}

#[tokio::test]
async fn events_come_in_order_of_time_whenever_they_were_put() {
    let world = one_stream().await;
    world.put("g", "s", &[(-50, "a"), (-30, "c"), (-10, "e")]).await;
    world.put("g", "s", &[(-40, "b"), (-30, "c2"), (-20, "d"), (0, "f")]).await;
    world.put("g", "s", &[(-60, "0")]).await;
    let head = world.call("GetLogEvents", get(json!({ "startFromHead": true }))).await.unwrap();
    assert_eq!(messages(&head), ["0", "a", "b", "c", "c2", "d", "e", "f"]);
    assert_eq!(head["events"][0]["timestamp"], NOW_MS - 60);
    assert_eq!(head["events"][0]["ingestionTime"], NOW_MS);
    let window = json!({ "startTime": NOW_MS - 40, "endTime": NOW_MS - 20 });
    let inside = world.call("GetLogEvents", get(window.clone())).await.unwrap();
    assert_eq!(messages(&inside), ["b", "c", "c2"]);
    let inside = get(with(window, json!({ "startFromHead": true })));
    assert_eq!(messages(&world.call("GetLogEvents", inside).await.unwrap()), ["b", "c", "c2"]);
    let streams = world.call("DescribeLogStreams", json!({ "logGroupName": "g" })).await.unwrap();
    assert_eq!(streams["logStreams"][0]["firstEventTimestamp"], NOW_MS - 60);
    assert_eq!(streams["logStreams"][0]["lastEventTimestamp"], NOW_MS);
    let groups = world.call("DescribeLogGroups", json!({})).await.unwrap();
    assert_eq!(groups["logGroups"][0]["storedBytes"], 9 + 8 * 26);
}

#[tokio::test]
async fn tokens_go_on_and_stay_at_the_end() {
    let world = one_stream().await;
    world.put("g", "s", &[(1, "a"), (2, "b"), (3, "c"), (4, "d"), (5, "e")]).await;
    let head = get(json!({ "startFromHead": true, "limit": 2 }));
    let first = world.call("GetLogEvents", head).await.unwrap();
    assert_eq!(messages(&first), ["a", "b"]);
    let next = |token: &Value| get(json!({ "nextToken": token, "limit": 2 }));
    let second = world.call("GetLogEvents", next(&first["nextForwardToken"])).await.unwrap();
    assert_eq!(messages(&second), ["c", "d"]);
    let third = world.call("GetLogEvents", next(&second["nextForwardToken"])).await.unwrap();
    assert_eq!(messages(&third), ["e"]);
    world.pass(1_000);
    let end = world.call("GetLogEvents", next(&third["nextForwardToken"])).await.unwrap();
    assert_eq!(messages(&end), Vec::<&str>::new());
    assert_eq!(end["nextForwardToken"], third["nextForwardToken"], "the end is told by the token");
    world.put("g", "s", &[(7, "f")]).await;
    let more = world.call("GetLogEvents", next(&end["nextForwardToken"])).await.unwrap();
    assert_eq!(messages(&more), ["f"], "what came since");

    let tail = world.call("GetLogEvents", get(json!({ "limit": 2 }))).await.unwrap();
    assert_eq!(messages(&tail), ["e", "f"]);
    let back = world.call("GetLogEvents", next(&tail["nextBackwardToken"])).await.unwrap();
    assert_eq!(messages(&back), ["c", "d"]);
    let back = world.call("GetLogEvents", next(&back["nextBackwardToken"])).await.unwrap();
    assert_eq!(messages(&back), ["a", "b"]);
    let begin = world.call("GetLogEvents", next(&back["nextBackwardToken"])).await.unwrap();
    assert_eq!(messages(&begin), Vec::<&str>::new());
    assert_eq!(begin["nextBackwardToken"], back["nextBackwardToken"]);
    let turned = world.call("GetLogEvents", next(&back["nextForwardToken"])).await.unwrap();
    assert_eq!(messages(&turned), ["c", "d"], "both ways from one page");
    for wrong in ["", "f/", "x/abc", "f/abc", "é"] {
        let refused = world.call("GetLogEvents", get(json!({ "nextToken": wrong }))).await;
        let refused = refused.unwrap_err();
        assert!(refused.ends_with("The specified nextToken is invalid."), "{wrong}: {refused}");
    }
}

// A stream without events has an end too, and following it sees what comes.
#[tokio::test]
async fn an_empty_stream_can_be_followed() {
    let world = one_stream().await;
    for from_head in [true, false] {
        let asked = get(json!({ "startFromHead": from_head }));
        let empty = world.call("GetLogEvents", asked).await.unwrap();
        let again = get(json!({ "nextToken": empty["nextForwardToken"] }));
        let still = world.call("GetLogEvents", again).await.unwrap();
        assert_eq!(still["nextForwardToken"], empty["nextForwardToken"]);
    }
    let asked = get(json!({ "startFromHead": true }));
    let token = world.call("GetLogEvents", asked).await.unwrap()["nextForwardToken"].clone();
    world.put("g", "s", &[(0, "a")]).await;
    let more = world.call("GetLogEvents", get(json!({ "nextToken": token }))).await.unwrap();
    assert_eq!(messages(&more), ["a"]);
}

// Many chunks, late events among them, read both ways against the same events sorted.
#[tokio::test]
async fn long_streams_read_the_same_both_ways() {
    let world = one_stream().await;
    let mut expected = Vec::new();
    let padding = "x".repeat(700);
    for round in 0..12_i64 {
        // Rounds overlap: each begins before the last one ended.
        let mut events = Vec::new();
        for place in 0..60_i64 {
            events.push((round * 37 + place * 3 - 1_000, format!("{round}-{place}-{padding}")));
        }
        let given: Vec<(i64, &str)> =
            events.iter().map(|(at, text)| (*at, text.as_str())).collect();
        world.put("g", "s", &given).await;
        expected.extend(events);
    }
    expected.sort_by_key(|(at, _)| *at);
    let expected: Vec<String> = expected.into_iter().map(|(_, text)| text).collect();
    for (token, from_head) in [("nextForwardToken", true), ("nextBackwardToken", false)] {
        let mut seen: Vec<String> = Vec::new();
        let mut input = get(json!({ "startFromHead": from_head, "limit": 50 }));
        loop {
            let page = world.call("GetLogEvents", input.clone()).await.unwrap();
            let texts: Vec<String> = messages(&page).into_iter().map(str::to_owned).collect();
            if texts.is_empty() {
                break;
            }
            seen = if from_head { [seen, texts].concat() } else { [texts, seen].concat() };
            input = get(json!({ "nextToken": page[token], "limit": 50 }));
        }
        assert_eq!(seen.len(), expected.len());
        assert!(seen == expected, "from_head {from_head}");
    }
}

#[tokio::test]
async fn pages_are_bounded_by_bytes() {
    let world = one_stream().await;
    let text = "x".repeat(400_000);
    for at in 0..5 {
        world.put("g", "s", &[(at, &text)]).await;
    }
    let page = world.call("GetLogEvents", get(json!({ "startFromHead": true }))).await.unwrap();
    assert_eq!(messages(&page).len(), 2);
    let filter = json!({ "logGroupName": "g" });
    let page = world.call("FilterLogEvents", filter).await.unwrap();
    assert!(messages(&page).len() < 5 && page["nextToken"].is_string());
}

#[tokio::test]
async fn too_old_and_too_new_events_are_named() {
    let world = one_stream().await;
    let hour = 3_600_000;
    let put = world.put("g", "s", &[(0, "a"), (2 * hour + 1, "new")]).await;
    assert_eq!(put["rejectedLogEventsInfo"], json!({ "tooNewLogEventStartIndex": 1 }));
    let put = world.put("g", "s", &[(-14 * 24 * hour - 1, "old"), (-14 * 24 * hour, "b")]).await;
    assert_eq!(put["rejectedLogEventsInfo"], json!({ "tooOldLogEventEndIndex": 1 }));
    let put = world.put("g", "s", &[(1, "c")]).await;
    assert_eq!(put.get("rejectedLogEventsInfo"), None);
    let all = world.call("GetLogEvents", get(json!({ "startFromHead": true }))).await.unwrap();
    assert_eq!(messages(&all), ["b", "a", "c"]);
}
