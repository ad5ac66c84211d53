//! Functions behind an HTTP endpoint: here, the door of another server.

use std::time::Duration;

use functions::settings::Remote;
use targets::lambda::{InvocationKind, InvokeError};
use wire::listener::Listener;
use wire::router::Router;

use crate::support::{World, invocation, text};

async fn serve(world: &World) -> String {
    let listener = Listener::bind(([127, 0, 0, 1], 0).into()).await.unwrap();
    let endpoint = format!("http://{}", listener.address());
    let router = Router::new(identity::Mode::Dev, host::Host::real()).door(world.functions.door());
    tokio::spawn(listener.serve(router, None, std::future::pending()));
    endpoint
}

fn remote(pattern: &str, endpoint: &str) -> Remote {
    Remote {
        pattern: pattern.to_owned(),
        endpoint: endpoint.to_owned(),
        region: None,
        credentials: None,
        time_max: Duration::from_secs(10),
    }
}

#[tokio::test]
async fn calls_go_there_and_answers_come_back() {
    let mut there = World::new().await;
    there.python(
        "far-away",
        "def handler(event, context):\n\
         \x20   print('hello')\n\
         \x20   if event == 1: raise ValueError('one')\n\
         \x20   return [event, context.invoked_function_arn, context.idempotency_key]\n",
    );
    let endpoint = serve(&there).await;
    let here = World::with(|settings| settings.remotes = vec![remote("far-*", &endpoint)]).await;

    let mut call = invocation("far-away", "{\"a\": 1}");
    call.idempotency_key = Some("k".to_owned());
    let invoked = here.invoke(call).await.unwrap();
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:far-away";
    assert_eq!(text(&invoked.payload), format!(r#"[{{"a": 1}}, "{arn}", "k"]"#));
    assert_eq!((invoked.status, invoked.executed_version.as_str()), (200, "$LATEST"));
    assert!(text(&invoked.log_tail.unwrap()).contains("hello\n"));
    assert!(!invoked.request_id.is_empty());

    let invoked = here.call("far-away", "1").await;
    assert_eq!(invoked.function_error.as_deref(), Some("Unhandled"));
    assert!(text(&invoked.payload).contains("\"errorType\": \"ValueError\""));

    let mut call = invocation("far-away", "2");
    call.kind = InvocationKind::Event;
    assert_eq!(here.invoke(call).await.unwrap().status, 202);

    // SFN-INT-46
    let error = here.invoke(invocation("far-off", "{}")).await.unwrap_err();
    let InvokeError::Service { code, status, message, request_id } = error else {
        panic!("service")
    };
    assert_eq!((code.as_str(), status), ("ResourceNotFoundException", 404));
    let arn = "arn:aws:lambda:us-east-1:000000000000:function:far-off:$LATEST";
    assert_eq!(message, format!("Function not found: {arn}"));
    assert!(!request_id.is_empty());
}

#[tokio::test]
async fn no_answer_is_a_transport_error() {
    let mut there = World::new().await;
    there.python("slow", "import time\ndef handler(e, c):\n    time.sleep(1)\n");
    let endpoint = serve(&there).await;
    let here = World::with(|settings| {
        let slow = Remote { time_max: Duration::from_millis(100), ..remote("slow", &endpoint) };
        settings.remotes = vec![slow, remote("gone", "http://127.0.0.1:1")];
    })
    .await;
    let transport = |result: Result<_, InvokeError>| match result.unwrap_err() {
        InvokeError::Transport { reason } => reason,
        other => panic!("{other:?}"),
    };
    let reason = transport(here.invoke(invocation("slow", "{}")).await.map(drop));
    assert_eq!(reason, "no answer came within 0.1 seconds");
    let reason = transport(here.invoke(invocation("gone", "{}")).await.map(drop));
    assert!(reason.starts_with("Connection refused"), "{reason}");
}
