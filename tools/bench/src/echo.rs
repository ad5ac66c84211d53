//! The baseline server: the HTTP stack of the real one, and nothing behind it.

use std::convert::Infallible;
use std::net::Ipv4Addr;

use anyhow::Context;
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::{TcpListener, TcpStream};

/// Serves until the process is ended.
#[tokio::main]
pub(crate) async fn run(port: u16, bytes: usize) -> anyhow::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.context("cannot listen")?;
    let body = Bytes::from(vec![b'x'; bytes]);
    loop {
        let (stream, _) = listener.accept().await.context("cannot accept")?;
        tokio::spawn(serve(stream, body.clone()));
    }
}

async fn serve(stream: TcpStream, body: Bytes) {
    // A socket that refuses the option is slower, and still a baseline.
    let _ = stream.set_nodelay(true);
    let service = service_fn(|request| answer(request, body.clone()));
    let connection =
        Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
    if let Err(error) = connection {
        eprintln!("bench echo: {error}");
    }
}

async fn answer(
    request: Request<Incoming>,
    body: Bytes,
) -> Result<Response<Full<Bytes>>, Infallible> {
    // The whole request is read, as the real server must.
    let _ = request.into_body().collect().await;
    let response = Response::builder()
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-requestid", "00000000-0000-4000-8000-000000000000")
        .body(Full::new(body))
        .expect("constant headers are valid");
    Ok(response)
}
