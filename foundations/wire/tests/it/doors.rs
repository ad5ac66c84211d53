//! Doors: found by path, with signatures and limits of their own; and the health report.

use serde_json::Value;

use crate::server::{Setup, serving, signed, start};

#[tokio::test]
async fn doors_are_found_by_path() {
    let server = start().await;
    let client = reqwest::Client::new();
    let response = client.put(server.url("/files/a")).body("12345").send().await.unwrap();
    assert_eq!(response.status(), 201);
    assert!(response.headers().contains_key("x-amzn-requestid"));
    assert_eq!(response.text().await.unwrap(), "000000000000 5");
    let response = client.get(server.url("/open/a")).send().await.unwrap();
    assert_eq!(response.text().await.unwrap(), " 0");
}

#[tokio::test]
async fn doors_have_limits_of_their_own() {
    let server = start().await;
    let client = reqwest::Client::new();
    let send = |bytes: usize| client.put(server.url("/files/a")).body(vec![b'a'; bytes]).send();
    assert_eq!(send(4 * 1024 * 1024).await.unwrap().status(), 201);
    let response = send(4 * 1024 * 1024 + 1).await.unwrap();
    assert_eq!(response.status(), 413);
    assert_eq!(response.headers()["x-amzn-errortype"], "RequestEntityTooLargeException");
    let body: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
    assert_eq!(body["message"], "Request must be smaller than 4194304 bytes");
}

#[tokio::test]
async fn a_door_asks_for_signatures_or_not() {
    let server = Setup { auth: serving(), ..Setup::default() }.start().await;
    let client = reqwest::Client::new();
    let put = |path: &str| client.put(server.url(path)).body("123");
    let response = client.execute(signed(put("/files/a%20b?x=1"), "files")).await.unwrap();
    assert_eq!(response.text().await.unwrap(), "123456789012 3");
    assert_eq!(put("/files/a").send().await.unwrap().status(), 403);
    assert_eq!(put("/open/a").send().await.unwrap().status(), 201);
}

#[tokio::test]
async fn health_is_for_everyone() {
    let server = Setup { auth: serving(), ..Setup::default() }.start().await;
    for path in ["/_rung/health", "/_localstack/health"] {
        let response = reqwest::get(server.url(path)).await.unwrap();
        assert_eq!(response.status(), 200);
        let report: Value = serde_json::from_str(&response.text().await.unwrap()).unwrap();
        assert_eq!(report["status"], "running");
        let services = serde_json::json!({"test": "running", "files": "running"});
        assert_eq!(report["services"], services);
    }
    let response = reqwest::Client::new().head(server.url("/_rung/health")).send().await.unwrap();
    assert_eq!(response.status(), 200);
}
