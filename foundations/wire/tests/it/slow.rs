//! Clients that take their time.

use std::time::{Duration, Instant};

use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use wire::limits::Limits;

use crate::server::{PATIENCE, Server, Setup, read_to_end};

async fn impatient() -> Server {
    let limits = Limits {
        header_timeout: Duration::from_millis(200),
        body_timeout: Duration::from_millis(200),
        tls_timeout: Duration::from_millis(200),
        idle_timeout: Duration::from_millis(200),
        ..Limits::default()
    };
    Setup { limits, ..Setup::default() }.start().await
}

async fn check_cut(server: &Server, bytes: &[u8]) -> String {
    let begin = Instant::now();
    let answer = server.raw(bytes).await;
    let shown = String::from_utf8_lossy(bytes).into_owned();
    assert!(begin.elapsed() >= Duration::from_millis(150), "{shown:?} is cut too early");
    assert!(begin.elapsed() < PATIENCE, "{shown:?}");
    server.check_alive().await;
    answer
}

#[tokio::test]
async fn heads_that_never_end_are_cut() {
    let server = impatient().await;
    for bytes in [&b""[..], b"P", b"POST / HT", b"POST / HTTP/1.1\r\nx: 1\r\n", b"PRI * HT"] {
        check_cut(&server, bytes).await;
    }
    check_cut(&server, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await;
}

#[tokio::test]
async fn a_head_that_drips_is_cut() {
    let server = impatient().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    stream.write_all(b"POST / HTTP/1.1\r\n").await.unwrap();
    let drip = async {
        while stream.write_all(b"x: 1\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, drip).await.expect("the server hangs up");
    server.check_alive().await;
}

#[tokio::test]
async fn bodies_that_never_end_are_answered() {
    // The time for a body is the configured one and four seconds for a mebibyte.
    let server = impatient().await;
    let head =
        "POST / HTTP/1.1\r\nhost: a\r\nx-amz-target: Test.Echo\r\ncontent-length: 9\r\n\r\n{";
    let answer = check_cut(&server, head.as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("RequestTimeout"), "{answer}");
}

#[tokio::test]
async fn operations_may_take_longer_than_any_timeout() {
    let server = impatient().await;
    let mut stream = TcpStream::connect(server.address).await.unwrap();
    let head =
        "POST / HTTP/1.1\r\nhost: a\r\nx-amz-target: Test.Wait\r\ncontent-length: 2\r\n\r\n{}";
    stream.write_all(head.as_bytes()).await.unwrap();
    let answered = tokio::time::timeout(Duration::from_secs(1), read_to_end(&mut stream)).await;
    assert!(answered.is_err(), "the connection stays open");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_a_place() {
    let limits = Limits { connections_max: 1, ..Limits::default() };
    let server = Setup { limits, ..Setup::default() }.start().await;
    let first = TcpStream::connect(server.address).await.unwrap();
    let request = server.request("Test.Echo", r#"{"text":"a"}"#).send();
    let mut request = std::pin::pin!(request);
    let early = tokio::time::timeout(Duration::from_millis(200), request.as_mut()).await;
    assert!(early.is_err(), "there is no place yet");
    drop(first);
    let response = tokio::time::timeout(PATIENCE, request).await.unwrap().unwrap();
    assert_eq!(response.status(), 200);
}
