//! Asynchronous invocations: accepted, tried again, not forgotten.

use std::time::Duration;

use functions::Functions;
use serde_json::json;
use store::memory::Memory;
use store::{Options, Store};
use targets::lambda::InvocationKind;

use crate::support::{ROLE, World, archive, eventually, invocation, settings};
use base64::Engine;

/// Appends to `log` and fails as long as there are fewer than `event` lines in it.
const COUNTING: &str = r#"import os
def handler(event, context):
    path = os.environ["LOG"]
    with open(path, "a") as log:
        log.write(context.aws_request_id + "\n")
    if len(open(path).readlines()) < event:
        raise Exception("again")
"#;

// SFN-INT-43
#[tokio::test]
async fn an_event_is_accepted_and_tried_three_times() {
    let delays = vec![Duration::from_millis(20), Duration::from_millis(20)];
    let mut world = World::with(|settings| settings.event_retry_delays = delays).await;
    for (name, needed, expected) in [("first", 1, 1), ("third", 3, 3), ("never", 9, 3)] {
        world.python(name, COUNTING);
        let path = world.home.path().join("src").join(name).join("log");
        world.adjust(name, |function| {
            function.environment.insert("LOG".to_owned(), path.display().to_string());
        });
        let mut call = invocation(name, &needed.to_string());
        call.kind = InvocationKind::Event;
        let invoked = world.invoke(call).await.unwrap();
        assert_eq!((invoked.status, invoked.payload.len()), (202, 0));
        let lines = || world.read(name, "log").unwrap_or_default();
        eventually("all attempts were made", || lines().lines().count() == expected).await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert_eq!(lines(), format!("{}\n", invoked.request_id).repeat(expected), "{name}");
    }
}

#[tokio::test]
async fn what_was_accepted_survives_the_server() {
    let engine = Memory::default();
    let open = || {
        let host = host::Host::real();
        Store::open(std::sync::Arc::new(engine.clone()), host, Options::default()).unwrap()
    };
    let home = tempfile::tempdir().unwrap();
    let log = home.path().join("log");
    let mut first = settings(home.path());
    first.store = Some(open());
    first.event_retry_delays = vec![Duration::from_secs(1), Duration::from_secs(1)];
    let mut world = World::of(Functions::open(first).await.unwrap());
    let zip = base64::engine::general_purpose::STANDARD.encode(archive(&[("app.py", COUNTING)]));
    let body = json!({
        "FunctionName": "f", "Runtime": "python3.12", "Handler": "app.handler", "Role": ROLE,
        "Code": {"ZipFile": zip},
        "Environment": {"Variables": {"LOG": log.display().to_string()}},
    });
    let reply = world.http(http::Method::POST, "/2015-03-31/functions", &body).await;
    assert_eq!(reply.status, 201, "{}", reply.error());
    let mut call = invocation("f", "2");
    call.kind = InvocationKind::Event;
    world.invoke(call).await.unwrap();
    let lines = || std::fs::read_to_string(&log).unwrap_or_default().lines().count();
    eventually("the first attempt was made", || lines() == 1).await;
    world.functions.shutdown().await;
    drop(world.functions);

    let mut second = settings(home.path());
    second.store = Some(open());
    world.functions = Functions::open(second).await.unwrap();
    eventually("the second attempt was made", || lines() == 2).await;
    // The function itself is there, with its code.
    let reply = world.http(http::Method::GET, "/2015-03-31/functions/f", &json!(null)).await;
    assert_eq!(reply.json()["Configuration"]["FunctionName"], "f");
}
