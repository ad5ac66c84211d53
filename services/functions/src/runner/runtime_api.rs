//! The Lambda Runtime API: where a function's process fetches events and leaves answers. Each
//! process has a listener of its own, so who calls is known by the port.

use std::convert::Infallible;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use http::{HeaderValue, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper_util::rt::TokioIo;
use parking_lot::Mutex;
use tokio::net::TcpListener;
use tokio::sync::{Notify, Semaphore, oneshot, watch};
use tokio::task::JoinSet;

use crate::runner::finished::{Outcome, RESPONSE_BYTES_MAX};

const PREFIX: &str = "/2018-06-01/runtime/";
/// Connections of one process at a time.
const CONNECTIONS_MAX: usize = 64;
/// What is read of an answer over the limit, so that its sender gets to see the refusal.
const DISCARDED_BYTES_MAX: usize = 64 << 20;

/// An event on its way to the process.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    pub(crate) request_id: String,
    pub(crate) payload: Bytes,
    pub(crate) deadline_ms: i64,
    pub(crate) arn: String,
    pub(crate) trace_id: String,
    pub(crate) client_context: Option<String>,
    pub(crate) idempotency_key: Option<String>,
}

/// Where events and answers change hands between an invocation and its process.
pub(crate) struct Desk {
    is_ready: watch::Sender<bool>,
    waiting: Mutex<Option<(Event, oneshot::Sender<()>)>>,
    arrived: Notify,
    expected: Mutex<Option<(String, oneshot::Sender<Outcome>)>>,
    init_error: Mutex<Option<Bytes>>,
}

impl Desk {
    pub(crate) fn new() -> Arc<Desk> {
        Arc::new(Desk {
            is_ready: watch::Sender::new(false),
            waiting: Mutex::default(),
            arrived: Notify::new(),
            expected: Mutex::default(),
            init_error: Mutex::default(),
        })
    }

    /// Returns once the process has asked for its first event.
    pub(crate) async fn ready(&self) {
        let mut is_ready = self.is_ready.subscribe();
        // The sender is a field of this desk, so it cannot be gone.
        let _ = is_ready.wait_for(|is_ready| *is_ready).await;
    }

    /// Lays an event out. The first receiver tells that it was taken, the second the answer.
    pub(crate) fn offer(
        &self,
        event: Event,
    ) -> (oneshot::Receiver<()>, oneshot::Receiver<Outcome>) {
        let (taken, is_taken) = oneshot::channel();
        let (answer, answered) = oneshot::channel();
        *self.expected.lock() = Some((event.request_id.clone(), answer));
        *self.waiting.lock() = Some((event, taken));
        self.arrived.notify_one();
        (is_taken, answered)
    }

    /// Takes an event back. Whether it was still there.
    pub(crate) fn withdraw(&self) -> bool {
        self.waiting.lock().take().is_some()
    }

    pub(crate) fn take_init_error(&self) -> Option<Bytes> {
        self.init_error.lock().take()
    }

    async fn next(&self) -> Event {
        self.is_ready.send_replace(true);
        loop {
            let arrived = self.arrived.notified();
            if let Some((event, taken)) = self.waiting.lock().take() {
                // The invocation may have given up, in which case nobody reads the answer either.
                let _ = taken.send(());
                return event;
            }
            arrived.await;
        }
    }

    /// Whether this request was being waited for.
    fn answer(&self, request_id: &str, outcome: Outcome) -> bool {
        let mut expected = self.expected.lock();
        if expected.as_ref().is_none_or(|(id, _)| id != request_id) {
            return false;
        }
        expected.take().is_some_and(|(_, answer)| answer.send(outcome).is_ok())
    }
}

/// Serves one process until the task is aborted.
pub(crate) async fn serve(listener: TcpListener, desk: Arc<Desk>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut connections = JoinSet::new();
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { return };
        let Ok((stream, _)) = listener.accept().await else { continue };
        let _ = stream.set_nodelay(true);
        while connections.try_join_next().is_some() {}
        let desk = Arc::clone(&desk);
        connections.spawn(async move {
            let _place = place;
            let service = hyper::service::service_fn(move |request| {
                let desk = Arc::clone(&desk);
                async move { Ok::<_, Infallible>(route(&desk, request).await) }
            });
            let connection = hyper::server::conn::http1::Builder::new()
                .half_close(false)
                .serve_connection(TokioIo::new(stream), service);
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a function's connection broke off");
            }
        });
    }
}

type Reply = Response<Full<Bytes>>;

async fn route(desk: &Desk, request: Request<Incoming>) -> Reply {
    let path = request.uri().path().to_owned();
    let Some(rest) = path.strip_prefix(PREFIX) else { return not_found(&path) };
    let parts: Vec<&str> = rest.split('/').collect();
    match (request.method(), parts.as_slice()) {
        (&Method::GET, ["invocation", "next"]) => event_reply(&desk.next().await),
        (&Method::POST, ["init", "error"]) => init_error(desk, request).await,
        (&Method::POST, ["invocation", id, "response"]) => respond(desk, id, request, false).await,
        (&Method::POST, ["invocation", id, "error"]) => respond(desk, id, request, true).await,
        _ => not_found(&path),
    }
}

fn event_reply(event: &Event) -> Reply {
    let mut reply = Response::new(Full::new(event.payload.clone()));
    let headers = [
        ("content-type", Some("application/json")),
        ("lambda-runtime-aws-request-id", Some(event.request_id.as_str())),
        ("lambda-runtime-deadline-ms", Some(&event.deadline_ms.to_string())),
        ("lambda-runtime-invoked-function-arn", Some(&event.arn)),
        ("lambda-runtime-trace-id", Some(&event.trace_id)),
        ("lambda-runtime-client-context", event.client_context.as_deref()),
        // Ours: the same for every resend of one attempt.
        ("idempotency-key", event.idempotency_key.as_deref()),
    ];
    for (name, value) in headers {
        let value = value.and_then(|value| HeaderValue::from_bytes(value.as_bytes()).ok());
        if let Some(value) = value {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

async fn respond(desk: &Desk, id: &str, request: Request<Incoming>, is_error: bool) -> Reply {
    let kind = error_type(&request);
    let outcome = match read(request.into_body()).await {
        Read::Whole(payload) if is_error => {
            Outcome::Answer { payload: error_payload(payload, &kind), is_error }
        }
        Read::Whole(payload) => Outcome::Answer { payload, is_error },
        Read::TooLarge => Outcome::ResponseTooLarge,
        // The sender is gone; its end is noticed elsewhere.
        Read::Broken => return reply(StatusCode::BAD_REQUEST, &error("InvalidRequest", "")),
    };
    let is_large = matches!(outcome, Outcome::ResponseTooLarge);
    if !desk.answer(id, outcome) {
        let body = error("InvalidRequestID", "no such invocation is running");
        return reply(StatusCode::BAD_REQUEST, &body);
    }
    if is_large {
        let body = error("RequestEntityTooLarge", "Exceeded maximum allowed payload size");
        return reply(StatusCode::PAYLOAD_TOO_LARGE, &body);
    }
    accepted()
}

async fn init_error(desk: &Desk, request: Request<Incoming>) -> Reply {
    let kind = error_type(&request);
    let payload = match read(request.into_body()).await {
        Read::Whole(payload) => error_payload(payload, &kind),
        _ => error_payload(Bytes::new(), &kind),
    };
    *desk.init_error.lock() = Some(payload);
    accepted()
}

fn error_type(request: &Request<Incoming>) -> String {
    let header = request.headers().get("lambda-runtime-function-error-type");
    header.and_then(|value| value.to_str().ok()).unwrap_or("Runtime.Unknown").to_owned()
}

/// An error as it was reported; one without a body gets one.
fn error_payload(payload: Bytes, kind: &str) -> Bytes {
    if !payload.is_empty() {
        return payload;
    }
    Bytes::from(serde_json::json!({ "errorType": kind, "errorMessage": "" }).to_string())
}

enum Read {
    Whole(Bytes),
    TooLarge,
    Broken,
}

async fn read(mut body: Incoming) -> Read {
    let mut whole = BytesMut::new();
    let mut count = 0_usize;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return Read::Broken };
        let Some(data) = frame.data_ref() else { continue };
        count = count.saturating_add(data.len());
        if count > DISCARDED_BYTES_MAX {
            return Read::TooLarge;
        }
        if count <= RESPONSE_BYTES_MAX {
            whole.extend_from_slice(data);
        }
    }
    if count > RESPONSE_BYTES_MAX { Read::TooLarge } else { Read::Whole(whole.freeze()) }
}

fn error(kind: &str, message: &str) -> String {
    serde_json::json!({ "errorType": kind, "errorMessage": message }).to_string()
}

fn accepted() -> Reply {
    reply(StatusCode::ACCEPTED, r#"{"status":"OK"}"#)
}

fn not_found(path: &str) -> Reply {
    reply(StatusCode::NOT_FOUND, &error("NotFound", &format!("no such resource: {path}")))
}

fn reply(status: StatusCode, body: &str) -> Reply {
    let mut reply = Response::new(Full::new(Bytes::copy_from_slice(body.as_bytes())));
    *reply.status_mut() = status;
    reply.headers_mut().insert("content-type", HeaderValue::from_static("application/json"));
    reply
}
