//! Groups and streams: made, listed, tagged, deleted.

use serde_json::{Value, json};

use crate::support::{World, with};

const NO_GROUP: &str = "ResourceNotFoundException: The specified log group does not exist.";
const NO_STREAM: &str = "ResourceNotFoundException: The specified log stream does not exist.";

#[tokio::test]
async fn a_group_and_its_stream() {
    let world = World::new();
    let group = json!({ "logGroupName": "/a/b" });
    assert_eq!(world.call("CreateLogGroup", group.clone()).await, Ok(json!({})));
    let twice = world.call("CreateLogGroup", group.clone()).await.unwrap_err();
    assert_eq!(twice, "ResourceAlreadyExistsException: The specified log group already exists");
    let listed = world.call("DescribeLogGroups", json!({})).await.unwrap();
    let found = &listed["logGroups"][0];
    assert_eq!(found["arn"], "arn:aws:logs:us-east-1:000000000000:log-group:/a/b:*");
    assert_eq!(found["logGroupArn"], "arn:aws:logs:us-east-1:000000000000:log-group:/a/b");
    assert_eq!(found["logGroupClass"], "STANDARD");
    assert_eq!(found["metricFilterCount"], 0);
    assert_eq!(found.get("retentionInDays"), None);

    let stream = with(group.clone(), json!({ "logStreamName": "s[1]" }));
    assert_eq!(world.call("CreateLogStream", stream.clone()).await, Ok(json!({})));
    let twice = world.call("CreateLogStream", stream.clone()).await.unwrap_err();
    assert!(twice.ends_with("The specified log stream already exists"), "{twice}");
    let listed = world.call("DescribeLogStreams", group.clone()).await.unwrap();
    assert_eq!(listed["logStreams"][0]["logStreamName"], "s[1]");
    assert_eq!(
        listed["logStreams"][0]["arn"],
        "arn:aws:logs:us-east-1:000000000000:log-group:/a/b:log-stream:s[1]"
    );
    assert_eq!(world.call("DeleteLogStream", stream.clone()).await, Ok(json!({})));
    assert_eq!(world.call("DeleteLogStream", stream).await.unwrap_err(), NO_STREAM);
    assert_eq!(world.call("DeleteLogGroup", group.clone()).await, Ok(json!({})));
    assert_eq!(world.call("DeleteLogGroup", group.clone()).await.unwrap_err(), NO_GROUP);
    assert_eq!(world.call("DescribeLogStreams", group).await.unwrap_err(), NO_GROUP);
}

#[tokio::test]
async fn what_is_refused() {
    let world = World::new();
    world.group("g").await;
    let g = json!({ "logGroupName": "g" });
    for (operation, input, expected) in [
        (
            "CreateLogGroup",
            json!({}),
            "InvalidParameterException: 1 validation error detected: \
            Value null at 'logGroupName' failed to satisfy constraint: Member must not be null",
        ),
        (
            "CreateLogGroup",
            json!({ "logGroupName": "a b" }),
            "InvalidParameterException: 1 \
            validation error detected: Value 'a b' at 'logGroupName' failed to satisfy \
            constraint: Member must satisfy regular expression pattern: [\\.\\-_/#A-Za-z0-9]+",
        ),
        (
            "CreateLogGroup",
            json!({ "logGroupName": "aws/x" }),
            "InvalidParameterException: Log \
            groups starting with AWS/ are reserved for AWS.",
        ),
        (
            "CreateLogStream",
            with(g.clone(), json!({ "logStreamName": "a:b" })),
            "InvalidParameterException: 1 validation error detected: Value 'a:b' at \
            'logStreamName' failed to satisfy constraint: Member must satisfy regular expression \
            pattern: [^:*]*",
        ),
        ("CreateLogStream", json!({ "logGroupName": "h", "logStreamName": "s" }), NO_GROUP),
        ("DeleteLogStream", with(g.clone(), json!({ "logStreamName": "s" })), NO_STREAM),
        ("GetLogEvents", with(g.clone(), json!({ "logStreamName": "s" })), NO_STREAM),
        ("GetLogEvents", json!({ "logGroupName": "h", "logStreamName": "s" }), NO_GROUP),
        ("FilterLogEvents", json!({ "logGroupName": "h" }), NO_GROUP),
        ("FilterLogEvents", with(g.clone(), json!({ "logStreamNames": ["s"] })), NO_STREAM),
        (
            "FilterLogEvents",
            with(g.clone(), json!({ "filterPattern": "{ $.a" })),
            "InvalidParameterException: Invalid filter pattern",
        ),
        (
            "PutLogEvents",
            with(
                g.clone(),
                json!({ "logStreamName": "s",
            "logEvents": [{ "timestamp": 1, "message": "m" }] }),
            ),
            NO_STREAM,
        ),
        (
            "DescribeLogGroups",
            json!({ "nextToken": "x" }),
            "InvalidParameterException: The specified nextToken is invalid.",
        ),
        (
            "DescribeLogStreams",
            with(
                g.clone(),
                json!({ "orderBy": "LastEventTime",
            "logStreamNamePrefix": "s" }),
            ),
            "InvalidParameterException: Cannot order by \
            LastEventTime with a logStreamNamePrefix.",
        ),
        (
            "DescribeLogStreams",
            json!({}),
            "InvalidParameterException: Either LogGroupName or \
            LogGroupIdentifier must be specified.",
        ),
        ("ListTagsLogGroup", json!({ "logGroupName": "h" }), NO_GROUP),
    ] {
        let expected = expected.split_whitespace().collect::<Vec<_>>().join(" ");
        let found = world.call(operation, input.clone()).await;
        assert_eq!(found, Err(expected), "{operation} {input}");
    }
    let days = with(g, json!({ "retentionInDays": 2 }));
    let refused = world.call("PutRetentionPolicy", days).await.unwrap_err();
    assert!(refused.contains("Value '2' at 'retentionInDays'"), "{refused}");
}

#[tokio::test]
async fn pages_of_groups() {
    let world = World::new();
    for number in 0..7 {
        world.group(&format!("/x/{number}")).await;
    }
    world.group("/other").await;
    let mut names = Vec::new();
    let mut input = json!({ "logGroupNamePrefix": "/x/", "limit": 3 });
    loop {
        let page = world.call("DescribeLogGroups", input.clone()).await.unwrap();
        let groups = page["logGroups"].as_array().unwrap().clone();
        names.extend(groups.iter().map(|group| group["logGroupName"].clone()));
        match page.get("nextToken") {
            Some(token) => input["nextToken"] = token.clone(),
            None => break,
        }
    }
    let expected: Vec<Value> = (0..7).map(|number| format!("/x/{number}").into()).collect();
    assert_eq!(names, expected);
    let part = json!({ "logGroupNamePattern": "THE" });
    let found = world.call("DescribeLogGroups", part).await.unwrap();
    assert_eq!(found["logGroups"].as_array().unwrap().len(), 1);
    let theirs = world.call_as("111111111111", "DescribeLogGroups", json!({})).await.unwrap();
    assert_eq!(theirs, json!({ "logGroups": [] }));
}

#[tokio::test]
async fn pages_of_streams_by_name_and_by_time() {
    let world = World::new();
    world.group("g").await;
    let long = "é".repeat(512);
    for (name, at) in [("a", -1), ("b", -5), ("c", -3), (long.as_str(), -2)] {
        world.stream("g", name).await;
        world.put("g", name, &[(at, "m")]).await;
    }
    let pages = async |more: Value| {
        let mut names = Vec::new();
        let mut input = with(json!({ "logGroupName": "g", "limit": 1 }), more);
        loop {
            let page = world.call("DescribeLogStreams", input.clone()).await.unwrap();
            for stream in page["logStreams"].as_array().unwrap() {
                names.push(stream["logStreamName"].as_str().unwrap().chars().next().unwrap());
            }
            match page.get("nextToken") {
                Some(token) => input["nextToken"] = token.clone(),
                None => return names.into_iter().collect::<String>(),
            }
        }
    };
    assert_eq!(pages(json!({})).await, "abcé");
    assert_eq!(pages(json!({ "descending": true })).await, "écba");
    assert_eq!(pages(json!({ "orderBy": "LastEventTime" })).await, "bcéa");
    assert_eq!(pages(json!({ "orderBy": "LastEventTime", "descending": true })).await, "aécb");
    assert_eq!(pages(json!({ "logStreamNamePrefix": "é" })).await, "é");
}

#[tokio::test]
async fn tags_in_both_spellings() {
    let world = World::new();
    let tags = json!({ "logGroupName": "g", "tags": { "a": "1" } });
    world.call("CreateLogGroup", tags).await.unwrap();
    let arn = json!({ "resourceArn": "arn:aws:logs:us-east-1:000000000000:log-group:g" });
    let group = json!({ "logGroupName": "g" });
    world.call("TagResource", with(arn.clone(), json!({ "tags": { "b": "2" } }))).await.unwrap();
    world.call("TagLogGroup", with(group.clone(), json!({ "tags": { "c": "3" } }))).await.unwrap();
    world.call("UntagResource", with(arn.clone(), json!({ "tagKeys": ["a"] }))).await.unwrap();
    let expected = json!({ "tags": { "b": "2", "c": "3" } });
    assert_eq!(world.call("ListTagsForResource", arn.clone()).await.unwrap(), expected);
    world.call("UntagLogGroup", with(group.clone(), json!({ "tags": ["b"] }))).await.unwrap();
    let left = world.call("ListTagsLogGroup", group).await.unwrap();
    assert_eq!(left, json!({ "tags": { "c": "3" } }));
    let many: serde_json::Map<String, Value> =
        (0..50).map(|number| (number.to_string(), "".into())).collect();
    let refused = world.call("TagResource", with(arn, json!({ "tags": many }))).await.unwrap_err();
    assert!(refused.starts_with("TooManyTagsException"), "{refused}");
}

#[tokio::test]
async fn a_protected_group_stays() {
    let world = World::new();
    let made = json!({ "logGroupName": "g", "deletionProtectionEnabled": true });
    world.call("CreateLogGroup", made).await.unwrap();
    let group = json!({ "logGroupName": "g" });
    assert!(world.call("DeleteLogGroup", group.clone()).await.is_err());
    let free = json!({ "logGroupIdentifier": "g", "deletionProtectionEnabled": false });
    world.call("PutLogGroupDeletionProtection", free).await.unwrap();
    world.call("DeleteLogGroup", group).await.unwrap();
}

// Another account's ARN names nothing for the caller.
#[tokio::test]
async fn groups_of_other_accounts_are_out_of_reach() {
    let world = World::new();
    world.group("g").await;
    let arn = "arn:aws:logs:us-east-1:000000000000:log-group:g";
    let input = json!({ "logGroupIdentifier": arn });
    assert!(world.call("DescribeLogStreams", input.clone()).await.is_ok());
    let theirs = world.call_as("111111111111", "DescribeLogStreams", input).await;
    assert_eq!(theirs.unwrap_err(), NO_GROUP);
    let tags = json!({ "resourceArn": arn });
    assert_eq!(
        world.call_as("111111111111", "ListTagsForResource", tags).await.unwrap_err(),
        NO_GROUP
    );
}
