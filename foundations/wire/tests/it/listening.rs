//! Ports, TLS, versions of HTTP, and shutting down.

use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::{Certificate, Client, Version};
use wire::limits::Limits;
use wire::listener::{BindError, Listener};
use wire::tls::Tls;

use crate::server::{PATIENCE, Server, Setup, eventually, start};

async fn echo(client: &Client, url: &str) -> reqwest::Response {
    let request = client.post(url).header("x-amz-target", "Test.Echo").body(r#"{"text":"a"}"#);
    request.send().await.unwrap()
}

async fn tls_server(directory: &std::path::Path) -> Server {
    let tls = Tls::self_signed(directory, &["rung.example".to_owned()]).unwrap();
    Setup { tls: Some(tls), ..Setup::default() }.start().await
}

#[tokio::test]
async fn plain_http_1_and_2() {
    let server = start().await;
    let response = echo(&Client::new(), &server.url("/")).await;
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_11));
    let client = Client::builder().http2_prior_knowledge().build().unwrap();
    let response = echo(&client, &server.url("/")).await;
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
}

#[tokio::test]
async fn tls_and_plain_share_the_port() {
    let directory = tempfile::tempdir().unwrap();
    let server = tls_server(directory.path()).await;
    server.check_alive().await;
    let pem = std::fs::read(Tls::self_signed_files(directory.path()).0).unwrap();
    let client = || {
        let only = [Certificate::from_pem(&pem).unwrap()];
        Client::builder().tls_certs_only(only).resolve("rung.example", server.address)
    };
    let port = server.address.port();
    for host in ["127.0.0.1", "rung.example"] {
        let response = echo(&client().build().unwrap(), &format!("https://{host}:{port}/")).await;
        assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_2));
    }
    let http1 = client().http1_only().build().unwrap();
    let response = echo(&http1, &format!("https://127.0.0.1:{port}/")).await;
    assert_eq!((response.status().as_u16(), response.version()), (200, Version::HTTP_11));
}

#[tokio::test]
async fn the_certificate_is_made_once_and_its_key_is_private() {
    let directory = tempfile::tempdir().unwrap();
    let (certificate, key) = Tls::self_signed_files(directory.path());
    Tls::self_signed(directory.path(), &[]).unwrap();
    let first = std::fs::read(&certificate).unwrap();
    Tls::self_signed(directory.path(), &[]).unwrap();
    assert_eq!(std::fs::read(&certificate).unwrap(), first);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600);
    }
    std::fs::remove_file(&key).unwrap();
    Tls::self_signed(directory.path(), &[]).unwrap();
    assert_ne!(std::fs::read(&certificate).unwrap(), first);
    std::fs::write(&certificate, "no certificate").unwrap();
    let error = Tls::self_signed(directory.path(), &[]).err().unwrap().to_string();
    assert!(error.contains("certificate.pem"), "{error}");
}

#[tokio::test]
async fn a_tls_handshake_without_tls_ends_the_connection() {
    let server = start().await;
    assert_eq!(server.raw(b"\x16\x03\x01\x00\x05hello").await, "");
    server.check_alive().await;
}

#[tokio::test]
async fn broken_tls_handshakes_harm_nobody() {
    let directory = tempfile::tempdir().unwrap();
    let server = tls_server(directory.path()).await;
    server.raw(b"\x16\x03\x01\xff\xff\xff\xff\xff\xff").await;
    server.check_alive().await;
}

#[tokio::test]
async fn malformed_requests_harm_nobody() {
    let server = start().await;
    let long = format!("POST / HTTP/1.1\r\nx: {}\r\n\r\n", "a".repeat(100_000));
    let many = format!("POST / HTTP/1.1\r\n{}\r\n", "x: 1\r\n".repeat(200));
    for (request, status) in [
        (b"\0\0\0\0\r\n\r\n".to_vec(), "400"),
        (b"POST / HTTP/9.9\r\n\r\n".to_vec(), "400"),
        (b"POST / HTTP/1.1\r\ncontent-length: x\r\n\r\n".to_vec(), "400"),
        (b"POST / HTTP/1.1\r\nbad header\r\n\r\n".to_vec(), "400"),
        (b"POST  \xff HTTP/1.1\r\n\r\n".to_vec(), "400"),
        (long.into_bytes(), "431"),
        (many.into_bytes(), "431"),
    ] {
        let answer = server.raw(&request).await;
        let expected = format!("HTTP/1.1 {status}");
        let shown = String::from_utf8_lossy(&request).chars().take(60).collect::<String>();
        assert!(answer.starts_with(&expected), "{shown}: {answer}");
    }
    server.raw(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff").await;
    server.check_alive().await;
}

#[tokio::test]
async fn a_port_that_is_taken() {
    let server = start().await;
    let error = Listener::bind(server.address).await.unwrap_err();
    assert!(matches!(error, BindError::InUse { .. }));
    let port = server.address.port();
    assert_eq!(
        error.to_string(),
        format!(
            "port {port} on 127.0.0.1 is in use by another program: stop that program or choose \
             another port"
        )
    );
}

#[tokio::test]
async fn shutting_down_cuts_off_what_does_not_finish() {
    let limits = Limits { drain_timeout: Duration::from_millis(100), ..Limits::default() };
    let server = Setup { limits, ..Setup::default() }.start().await;
    let waiting = tokio::spawn(server.request("Test.Wait", "{}").send());
    eventually("the operation waits", || server.service.waiting.load(Ordering::SeqCst) == 1).await;
    server.stop.cancel();
    tokio::time::timeout(PATIENCE, server.task).await.unwrap().unwrap();
    assert!(waiting.await.unwrap().is_err());
    assert_eq!(server.service.dropped.load(Ordering::SeqCst), 1);
    Listener::bind(server.address).await.expect("the port is free again");
}

#[tokio::test]
async fn shutting_down_does_not_wait_for_idle_connections() {
    let server = start().await;
    let client = Client::new();
    echo(&client, &server.url("/")).await.bytes().await.unwrap();
    let silent = tokio::net::TcpStream::connect(server.address).await.unwrap();
    server.stop.cancel();
    tokio::time::timeout(PATIENCE, server.task).await.unwrap().unwrap();
    drop((client, silent));
}
