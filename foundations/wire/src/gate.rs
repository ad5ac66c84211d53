//! The gate of a node among several: requests are answered here while this node leads, handed to
//! the node that does, or held while none does. Knows nothing of how it is decided who leads.

use std::fmt::Display;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::header::{
    CONNECTION, CONTENT_LENGTH, HOST, HeaderName, TE, TRAILER, TRANSFER_ENCODING, UPGRADE,
};
use http::request::Parts;
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderValue, Request, StatusCode, Uri, Version};
use http_body_util::Full;
use hyper::body::Body as HttpBody;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::json;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;

use crate::body::Body;
use crate::fault::Fault;
use crate::limits::Limits;
use crate::receive::{Budget, receive};
use crate::reply::{self, Reply};
use crate::router::{Router, health};

/// Longest body that is handed on: an archive with a function's code, in base64.
const FORWARD_BYTES_MAX: usize = 80 << 20;
/// How long a request waits for a node that leads.
const WAIT_MAX: Duration = Duration::from_secs(10);
/// Between two tries to reach a node that does not answer.
const RETRY_REST: Duration = Duration::from_millis(50);
const CONNECT_MAX: Duration = Duration::from_secs(2);

/// On a request that was handed on once: it is not handed on again.
const FORWARDED: HeaderName = HeaderName::from_static("rung-forwarded");
/// On an answer: nothing was done, since this node does not lead.
const MOVED: HeaderName = HeaderName::from_static("rung-moved");

/// True while this node certainly leads; asked before and after each request.
pub type Proof = Arc<dyn Fn() -> bool + Send + Sync>;

/// Who answers.
#[derive(Clone, Default)]
pub enum Turn {
    /// This node, with its router.
    Here { router: Arc<Router>, proof: Proof },
    /// The node at this address.
    There(Authority),
    #[default]
    Nobody,
}

/// Decides request by request; cheap to clone.
#[derive(Clone)]
pub struct Gate {
    turn: watch::Sender<Turn>,
    answering: TaskTracker,
    client: Client<HttpConnector, Full<Bytes>>,
    budget: Arc<Budget>,
    limits: Limits,
}

impl Gate {
    /// A gate that nobody stands behind yet.
    pub fn new(limits: Limits) -> Gate {
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_connect_timeout(Some(CONNECT_MAX));
        let client =
            Client::builder(TokioExecutor::new()).pool_timer(TokioTimer::new()).build(connector);
        Gate {
            turn: watch::Sender::new(Turn::Nobody),
            answering: TaskTracker::new(),
            client,
            budget: Budget::new(limits.bodies_bytes_max),
            limits,
        }
    }

    /// From now on requests go there.
    pub fn turn(&self, turn: Turn) {
        self.turn.send_replace(turn);
    }

    /// Holds further requests, and waits until those that are being answered here are done.
    pub async fn hold(&self) {
        self.turn(Turn::Nobody);
        self.answering.close();
        self.answering.wait().await;
        self.answering.reopen();
    }

    pub(crate) async fn pass<B>(&self, request: Request<B>) -> Reply
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Display,
    {
        if health::is_asked(request.method(), request.uri().path()) {
            return self.health();
        }
        let until = Instant::now() + WAIT_MAX;
        if request.headers().contains_key(FORWARDED) {
            return match self.local() {
                Some(local) => local.answer(request).await,
                None => moved(),
            };
        }
        match self.arrive(until).await {
            Arrived::Here(local) => local.answer(request).await,
            Arrived::There(_) => self.forward(request, until).await,
            Arrived::Late => unavailable("no node of the cluster leads at the moment"),
        }
    }

    fn local(&self) -> Option<Local> {
        let Turn::Here { router, proof } = &*self.turn.borrow() else { return None };
        let token = self.answering.token();
        proof().then(|| Local { router: router.clone(), proof: proof.clone(), _token: token })
    }

    /// Waits until somebody leads.
    async fn arrive(&self, until: Instant) -> Arrived {
        let mut turns = self.turn.subscribe();
        loop {
            if let Some(local) = self.local() {
                return Arrived::Here(local);
            }
            if let Turn::There(address) = &*turns.borrow_and_update() {
                return Arrived::There(address.clone());
            }
            // A proof that has run out comes back, or turns, by itself.
            let look = (Instant::now() + RETRY_REST).min(until);
            if tokio::time::timeout_at(look, turns.changed()).await.is_err()
                && Instant::now() >= until
            {
                return Arrived::Late;
            }
        }
    }

    /// Hands the request to the node that leads, or to the next one when that one says that it
    /// did nothing.
    async fn forward<B>(&self, request: Request<B>, until: Instant) -> Reply
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    {
        let (parts, body) = request.into_parts();
        let received = match receive(body, FORWARD_BYTES_MAX, &self.budget, &self.limits).await {
            Ok(received) => received,
            Err(error) => return refuse(&error.fault()),
        };
        loop {
            let address = match self.arrive(until).await {
                Arrived::There(address) => address,
                // It is here by now: the body was read, and goes the same way as before.
                Arrived::Here(local) => {
                    let request = Request::from_parts(parts, Full::new(received.bytes.clone()));
                    return local.answer(request).await;
                }
                Arrived::Late => return unavailable("the node that leads does not answer"),
            };
            let sent = outgoing(&parts, &address, received.bytes.clone());
            match self.client.request(sent).await {
                Ok(reply) if reply.headers().contains_key(MOVED) => {}
                Ok(reply) => return hand_back(reply),
                Err(error) if error.is_connect() => {
                    tracing::debug!(%address, %error, "the node that leads is not reached");
                }
                Err(error) => {
                    tracing::debug!(%address, %error, "the node that leads broke off");
                    return unavailable("the node that leads broke off the connection");
                }
            }
            if Instant::now() >= until {
                return unavailable("the node that leads does not answer");
            }
            tokio::time::sleep(RETRY_REST).await;
        }
    }

    /// Whether requests get answers through this node.
    fn health(&self) -> Reply {
        let (status, leader) = match &*self.turn.borrow() {
            Turn::Here { router, proof } if proof() => return router.health(),
            Turn::There(address) => (StatusCode::OK, Some(address.to_string())),
            Turn::Here { .. } | Turn::Nobody => (StatusCode::SERVICE_UNAVAILABLE, None),
        };
        let report = json!({
            "status": if leader.is_some() { "running" } else { "waiting" },
            "leader": leader,
            "edition": "rung",
            "version": env!("CARGO_PKG_VERSION"),
        });
        reply::document(status, &report)
    }
}

enum Arrived {
    Here(Local),
    There(Authority),
    Late,
}

/// A request that is answered here.
struct Local {
    router: Arc<Router>,
    proof: Proof,
    _token: tokio_util::task::task_tracker::TaskTrackerToken,
}

impl Local {
    async fn answer<B>(self, request: Request<B>) -> Reply
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Display,
    {
        // Boxed, since the router has this gate in front of it.
        let reply = Box::pin(self.router.handle(request)).await;
        // What was decided after another node took over must not be told.
        if (self.proof)() { reply } else { unavailable("another node took over") }
    }
}

/// The same request for another node. What was signed stays as it is.
fn outgoing(parts: &Parts, address: &Authority, body: Bytes) -> Request<Full<Bytes>> {
    let path = parts.uri.path_and_query().cloned();
    let uri = Uri::builder()
        .scheme(Scheme::HTTP)
        .authority(address.clone())
        .path_and_query(path.unwrap_or_else(|| PathAndQuery::from_static("/")))
        .build();
    let mut request = Request::new(Full::new(body));
    *request.method_mut() = parts.method.clone();
    *request.uri_mut() = uri.unwrap_or_default();
    *request.version_mut() = Version::HTTP_11;
    let headers = request.headers_mut();
    headers.clone_from(&parts.headers);
    if let Some(host) = parts.uri.authority()
        && !headers.contains_key(HOST)
        && let Ok(host) = HeaderValue::from_str(host.as_str())
    {
        headers.insert(HOST, host);
    }
    drop_hop_headers(headers);
    headers.remove(CONTENT_LENGTH);
    headers.insert(FORWARDED, HeaderValue::from_static("1"));
    request
}

fn hand_back(reply: http::Response<hyper::body::Incoming>) -> Reply {
    use http_body_util::BodyExt as _;
    let (mut parts, body) = reply.into_parts();
    drop_hop_headers(&mut parts.headers);
    Reply::from_parts(parts, Body::stream(body.map_err(Into::into)))
}

/// What is about one connection only.
fn drop_hop_headers(headers: &mut HeaderMap) {
    for name in [CONNECTION, TE, TRAILER, TRANSFER_ENCODING, UPGRADE] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

fn moved() -> Reply {
    let mut reply = unavailable("this node does not lead");
    *reply.status_mut() = StatusCode::MISDIRECTED_REQUEST;
    reply.headers_mut().insert(MOVED, HeaderValue::from_static("1"));
    reply
}

fn unavailable(message: &str) -> Reply {
    refuse(&Fault::unavailable(message))
}

fn refuse(fault: &Fault) -> Reply {
    reply::json_fault("1.0", fault)
}
