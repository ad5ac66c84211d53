//! The load: so many clients, each with one connection that is kept, each asking again as soon
//! as it was answered.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;

const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
     Credential=bench/20260101/us-east-1/states/aws4_request, SignedHeaders=host, Signature=00";

/// What a load did.
#[derive(Clone, Debug)]
pub(crate) struct Load {
    pub(crate) requests: u64,
    pub(crate) elapsed: Duration,
    /// How long each answer took, in ascending order.
    latencies: Vec<Duration>,
}

impl Load {
    pub(crate) fn per_second(&self) -> f64 {
        self.requests as f64 / self.elapsed.as_secs_f64()
    }

    /// The latency that this share of the answers stayed within, in milliseconds.
    pub(crate) fn latency_ms(&self, share: f64) -> f64 {
        let last = self.latencies.len().saturating_sub(1);
        let at = (last as f64 * share).round() as usize;
        self.latencies.get(at).map_or(0.0, |latency| latency.as_secs_f64() * 1000.0)
    }
}

/// One connection.
pub(crate) struct Client {
    sender: SendRequest<Full<Bytes>>,
    host: String,
}

impl Client {
    pub(crate) async fn connect(port: u16) -> anyhow::Result<Client> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        // The connection ends with its sender; an error is seen there.
        tokio::spawn(connection);
        Ok(Client { sender, host: format!("127.0.0.1:{port}") })
    }

    /// Sends one operation and answers the body; any status but 200 is an error.
    pub(crate) async fn call(&mut self, operation: &str, body: Bytes) -> anyhow::Result<Bytes> {
        let request = Request::post("/")
            .header("host", &self.host)
            .header("authorization", AUTHORIZATION)
            .header("content-type", "application/x-amz-json-1.0")
            .header("x-amz-date", "20260101T000000Z")
            .header("x-amz-target", format!("AWSStepFunctions.{operation}"))
            .body(Full::new(body))
            .context("cannot make the request")?;
        self.sender.ready().await.context("the connection ended")?;
        let response = self.sender.send_request(request).await.context("no answer")?;
        let status = response.status();
        let body = response.into_body().collect().await.context("no whole answer")?.to_bytes();
        if !status.is_success() {
            bail!("{operation}: {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(body)
    }

    /// The same, with JSON on both sides.
    pub(crate) async fn ask(&mut self, operation: &str, input: &Value) -> anyhow::Result<Value> {
        let answer = self.call(operation, Bytes::from(input.to_string())).await?;
        serde_json::from_slice(&answer).context("the answer is not JSON")
    }
}

/// What a load asks, and how fast.
#[derive(Clone)]
pub(crate) struct Asked {
    pub(crate) operation: &'static str,
    pub(crate) body: Bytes,
    /// Requests a second over all clients; as many as can be when absent.
    pub(crate) rate: Option<f64>,
}

/// Asks from `clients` connections for this long; an answer that is no success ends it all.
pub(crate) async fn load(
    port: u16,
    clients: usize,
    duration: Duration,
    asked: Asked,
) -> anyhow::Result<Load> {
    let mut connected = Vec::with_capacity(clients);
    for _ in 0..clients {
        connected.push(Client::connect(port).await?);
    }
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for mut client in connected {
        let asked = asked.clone();
        let pause = asked.rate.map(|rate| Duration::from_secs_f64(clients as f64 / rate));
        tasks.spawn(async move {
            let mut latencies = Vec::new();
            let mut due = Instant::now();
            while begin.elapsed() < duration {
                if let Some(pause) = pause {
                    tokio::time::sleep_until(due.into()).await;
                    due += pause;
                }
                let sent = Instant::now();
                client.call(asked.operation, asked.body.clone()).await?;
                latencies.push(sent.elapsed());
            }
            anyhow::Ok(latencies)
        });
    }
    let mut latencies = Vec::new();
    while let Some(done) = tasks.join_next().await {
        latencies.extend(done.context("a client ended early")??);
    }
    let elapsed = begin.elapsed();
    latencies.sort_unstable();
    Ok(Load { requests: latencies.len() as u64, elapsed, latencies })
}
