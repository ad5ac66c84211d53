//! Events of many streams in one order, and by patterns.

use serde_json::{Value, json};

use crate::support::{NOW_MS, World, messages, with};

async fn three_streams() -> World {
    let world = World::new();
    world.group("g").await;
    for (stream, events) in [
        ("b/1", &[(-90, "one INFO"), (-60, "four ERROR"), (-10, "nine")][..]),
        ("b/2", &[(-80, "two ERROR"), (-50, "five"), (-20, "eight INFO")]),
        ("a", &[(-70, "three"), (-40, "six ERROR"), (-30, "seven")]),
    ] {
        world.stream("g", stream).await;
        world.put("g", stream, events).await;
    }
    world
}

fn filter(more: Value) -> Value {
    with(json!({ "logGroupName": "g" }), more)
}

async fn words(world: &World, more: Value) -> String {
    let mut words = Vec::new();
    let mut input = filter(more);
    loop {
        let page = world.call("FilterLogEvents", input.clone()).await.unwrap();
        let firsts = messages(&page).into_iter().map(|text| text.split(' ').next().unwrap());
        words.extend(firsts.map(str::to_owned));
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => return words.join(" "),
        }
    }
}

#[tokio::test]
async fn streams_come_in_one_order() {
    let world = three_streams().await;
    let all = "one two three four five six seven eight nine";
    let back = "nine eight seven six five four three two one";
    for limit in [1, 2, 4, 9, 100] {
        assert_eq!(words(&world, json!({ "limit": limit })).await, all);
        let turned = json!({ "limit": limit, "startFromHead": false });
        assert_eq!(words(&world, turned).await, back);
    }
    for (more, expected) in [
        (json!({ "filterPattern": "ERROR" }), "two four six"),
        (json!({ "filterPattern": "ERROR", "limit": 1 }), "two four six"),
        (json!({ "filterPattern": "?ERROR ?INFO" }), "one two four six eight"),
        (json!({ "logStreamNamePrefix": "b/" }), "one two four five eight nine"),
        (json!({ "logStreamNames": ["a", "a", "b/2"] }), "two three five six seven eight"),
        (json!({ "startTime": NOW_MS - 50 }), "five six seven eight nine"),
        (json!({ "startTime": NOW_MS - 60, "endTime": NOW_MS - 40 }), "four five"),
        (json!({ "endTime": 5 }), ""),
    ] {
        assert_eq!(words(&world, more.clone()).await, expected, "{more}");
    }
}

#[tokio::test]
async fn events_of_one_moment_are_all_found() {
    let world = World::new();
    world.group("g").await;
    let names: Vec<String> = (0..5).map(|number| format!("s{number}")).collect();
    for name in &names {
        world.stream("g", name).await;
        world.put("g", name, &[(0, "x"), (0, "y"), (0, "z")]).await;
    }
    for (limit, from_head) in [(1, true), (2, true), (4, false), (1, false)] {
        let found = words(&world, json!({ "limit": limit, "startFromHead": from_head })).await;
        assert_eq!(found.split(' ').count(), 15, "{limit} {from_head}");
    }
    let page = world.call("FilterLogEvents", filter(json!({}))).await.unwrap();
    let mut ids: Vec<&str> = page["events"]
        .as_array()
        .unwrap()
        .iter()
        .map(|event| event["eventId"].as_str().unwrap())
        .collect();
    assert!(ids.iter().all(|id| id.len() == 56));
    ids.dedup();
    assert_eq!(ids.len(), 15);
}

#[tokio::test]
async fn tokens_belong_to_their_search() {
    let world = three_streams().await;
    let page = world.call("FilterLogEvents", filter(json!({ "limit": 1 }))).await.unwrap();
    let other = json!({ "nextToken": page["nextToken"], "filterPattern": "ERROR" });
    let refused = world.call("FilterLogEvents", filter(other)).await.unwrap_err();
    assert!(refused.ends_with("The specified nextToken is invalid."), "{refused}");
}
