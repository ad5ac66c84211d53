//! AWS JSON over HTTP: successes, faults, and requests that are neither.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use crate::server::{Server, Setup, eventually, serving, signed, start};

struct Seen {
    status: u16,
    error_type: String,
    body: Value,
}

async fn seen(response: reqwest::Response) -> Seen {
    let header =
        |name: &str| response.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    // SFN-WIRE-4: every answer.
    assert_eq!(header("x-amzn-requestid").map(|id| id.len()), Some(36));
    assert_eq!(header("content-type").as_deref(), Some("application/x-amz-json-1.0"));
    assert!(header("content-length").is_some());
    Seen {
        status: response.status().as_u16(),
        error_type: header("x-amzn-errortype").unwrap_or_default(),
        body: serde_json::from_slice(&response.bytes().await.unwrap()).unwrap(),
    }
}

async fn ask(server: &Server, target: &str, body: impl Into<bytes::Bytes>) -> Seen {
    seen(server.request(target, body).send().await.unwrap()).await
}

async fn check_fault(server: &Server, target: &str, body: impl Into<bytes::Bytes>, code: &str) {
    let seen = ask(server, target, body).await;
    assert_eq!((seen.status, &*seen.error_type), (400, code), "{}", seen.body);
    // SFN-ERR-1
    assert_eq!(seen.body["__type"], code);
    assert!(!seen.body["message"].as_str().unwrap().is_empty());
    server.check_alive().await;
}

// SFN-WIRE-1, SFN-WIRE-2, SFN-WIRE-3, SFN-WIRE-4
#[tokio::test]
async fn an_operation_answers() {
    let server = start().await;
    let response =
        server.request("Test.Echo", r#"{"text":"é","unknown":{}}"#).send().await.unwrap();
    let request_id = response.headers()["x-amzn-requestid"].to_str().unwrap().to_owned();
    let seen = seen(response).await;
    assert_eq!(seen.status, 200);
    let expected = json!({
        "text": "é", "account": "000000000000", "region": "us-east-1", "requestId": request_id,
    });
    assert_eq!(seen.body, expected);
}

// SFN-ERR-1, SFN-ERR-2
#[tokio::test]
async fn faults_have_type_and_message() {
    let server = start().await;
    let seen = ask(&server, "Test.Refuse", "").await;
    assert_eq!((seen.status, &*seen.error_type), (400, "StateMachineDoesNotExist"));
    let message = "State Machine Does Not Exist: 'é'";
    assert_eq!(seen.body, json!({"__type": "StateMachineDoesNotExist", "message": message}));
}

// SFN-ERR-4
#[tokio::test]
async fn unknown_targets_and_operations() {
    let server = start().await;
    for target in ["Test.Unknown", "Test.", "Other.Echo", "Test", "Test.Echo.Echo", ".", "é"] {
        check_fault(&server, target, "{}", "UnknownOperationException").await;
    }
}

// SFN-ERR-4
#[tokio::test]
async fn bodies_that_are_no_json_objects() {
    let server = start().await;
    let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
    let bodies: [Vec<u8>; 10] = [
        b"x".to_vec(),
        b"[]".to_vec(),
        b"null".to_vec(),
        b"\"text\"".to_vec(),
        b"{\"text\":\"a\"".to_vec(),
        b"{\"text\":\"a\"} {}".to_vec(),
        b"{\"text\":3}".to_vec(),
        b"{\"text\":\"\xff\"}".to_vec(),
        deep(128).into_bytes(),
        "[".repeat(900_000).into_bytes(),
    ];
    for body in bodies {
        check_fault(&server, "Test.Echo", body, "SerializationException").await;
    }
    check_fault(&server, "Test.Echo", "", "ValidationException").await;
    check_fault(&server, "Test.Echo", deep(127), "ValidationException").await;
}

#[tokio::test]
async fn other_methods_are_no_operations() {
    let server = start().await;
    let client = reqwest::Client::new();
    let response = client.get(server.url("/")).header("x-amz-target", "Test.Echo").send().await;
    let seen = seen(response.unwrap()).await;
    assert_eq!((seen.status, &*seen.error_type), (405, "UnknownOperationException"));
    let response = client.post(server.url("/nowhere")).body("{}").send().await.unwrap();
    assert_eq!(response.status(), 404);
}

#[tokio::test]
async fn bodies_over_the_limit_are_refused() {
    let server = start().await;
    let limit = 1024 * 1024;
    let text = |bytes: usize| format!("{{\"text\":\"{}\"}}", "a".repeat(bytes - 11));
    assert_eq!(ask(&server, "Test.Echo", text(limit)).await.status, 200);
    let seen = ask(&server, "Test.Echo", text(limit + 1)).await;
    assert_eq!((seen.status, &*seen.error_type), (413, "RequestEntityTooLargeException"));
    // The same without an announced length.
    let chunks = (0..40).map(|_| Ok::<_, std::io::Error>(bytes::Bytes::from(vec![b' '; 65_536])));
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    let response = server.request("Test.Echo", "").body(body).send().await.unwrap();
    assert_eq!(response.status(), 413);
    server.check_alive().await;
}

#[tokio::test]
async fn a_panic_is_one_failed_request() {
    let server = start().await;
    for _ in 0..3 {
        let seen = ask(&server, "Test.Panic", "{}").await;
        assert_eq!((seen.status, &*seen.error_type), (500, "InternalFailure"));
        assert!(!seen.body.to_string().contains("bug"), "{}", seen.body);
    }
    server.check_alive().await;
}

// SFN-WIRE-21
#[tokio::test]
async fn hosts_that_begin_with_sync() {
    let server = start().await;
    for host in ["sync-localhost:4566", "sync-states.us-east-1.amazonaws.com", "anything"] {
        let request = server.request("Test.Echo", r#"{"text":"a"}"#).header("host", host);
        assert_eq!(request.send().await.unwrap().status(), 200);
    }
}

// SFN-WIRE-7, SFN-ERR-4
#[tokio::test]
async fn signatures_count_when_serving() {
    let server = Setup { auth: serving(), ..Setup::default() }.start().await;
    let client = reqwest::Client::new();
    let request = || server.request("Test.Echo", r#"{"text":"a"}"#);
    let genuine = client.execute(signed(request(), "test")).await.unwrap();
    let genuine = seen(genuine).await;
    assert_eq!(genuine.status, 200);
    assert_eq!(
        (&genuine.body["account"], &genuine.body["region"]),
        (&json!("123456789012"), &json!("eu-west-1"))
    );
    let mut forged = signed(request(), "test");
    *forged.body_mut() = Some(r#"{"text":"b"}"#.into());
    for (request, code) in [
        (forged, "InvalidSignatureException"),
        (signed(request(), "states"), "InvalidSignatureException"),
        (request().build().unwrap(), "MissingAuthenticationTokenException"),
    ] {
        let refused = seen(client.execute(request).await.unwrap()).await;
        assert_eq!((refused.status, &*refused.error_type), (403, code));
    }
}

#[tokio::test]
async fn who_leaves_is_not_waited_for() {
    let server = start().await;
    let http1 = reqwest::Client::new();
    let http2 = reqwest::Client::builder().http2_prior_knowledge().build().unwrap();
    for (index, client) in [http1, http2].into_iter().enumerate() {
        let request = client.post(server.url("/")).header("x-amz-target", "Test.Wait").body("{}");
        let waiting = tokio::spawn(request.send());
        eventually("the operation waits", || {
            server.service.waiting.load(Ordering::SeqCst) == index + 1
        })
        .await;
        assert_eq!(server.service.dropped.load(Ordering::SeqCst), index);
        waiting.abort();
        eventually("the operation is dropped", || {
            server.service.dropped.load(Ordering::SeqCst) == index + 1
        })
        .await;
    }
}
