//! A server with a small service and a door, on a port of its own.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use host::Host;
use http::request::Parts;
use http::{Request, Response, StatusCode};
use identity::sign::{Credentials, Scope, sign};
use identity::{Caller, KeyRecord, Keys, Mode, Secret};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use wire::body::Body;
use wire::door::Door;
use wire::fault::Fault;
use wire::limits::Limits;
use wire::listener::Listener;
use wire::operation::{Answer, Entry, JsonService, Operation, entry};
use wire::reply::Reply;
use wire::router::Router;
use wire::tls::Tls;

/// How long a test waits for what must happen.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

/// The service `Test`, whose operations do what their names say.
#[derive(Default)]
pub(crate) struct Service {
    pub(crate) waiting: AtomicUsize,
    pub(crate) dropped: AtomicUsize,
}

struct Echo;
struct Panic;
struct Refuse;
struct Wait;

#[derive(Deserialize)]
pub(crate) struct Text {
    text: String,
}

#[derive(Deserialize)]
pub(crate) struct Nothing {}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Echoed {
    text: String,
    account: String,
    region: String,
    request_id: String,
}

impl Operation<Service> for Echo {
    const NAME: &'static str = "Echo";
    type Input = Text;
    type Output = Echoed;

    async fn run(_: &Service, caller: &Caller, input: Text) -> Result<Echoed, Fault> {
        Ok(Echoed {
            text: input.text,
            account: caller.account.to_string(),
            region: caller.region.to_string(),
            request_id: caller.request_id.to_string(),
        })
    }
}

impl Operation<Service> for Panic {
    const NAME: &'static str = "Panic";
    type Input = Nothing;
    type Output = ();

    async fn run(_: &Service, _: &Caller, _: Nothing) -> Result<(), Fault> {
        panic!("a bug in an operation")
    }
}

impl Operation<Service> for Refuse {
    const NAME: &'static str = "Refuse";
    type Input = Nothing;
    type Output = ();

    async fn run(_: &Service, _: &Caller, _: Nothing) -> Result<(), Fault> {
        Err(Fault::new("StateMachineDoesNotExist", "State Machine Does Not Exist: 'é'"))
    }
}

struct Dropped<'a>(&'a AtomicUsize);

impl Drop for Dropped<'_> {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

impl Operation<Service> for Wait {
    const NAME: &'static str = "Wait";
    type Input = Nothing;
    type Output = ();

    async fn run(service: &Service, _: &Caller, _: Nothing) -> Result<(), Fault> {
        let _dropped = Dropped(&service.dropped);
        service.waiting.fetch_add(1, Ordering::SeqCst);
        std::future::pending().await
    }
}

const OPERATIONS: [Entry<Service>; 4] = [
    entry::<Service, Echo>(),
    entry::<Service, Panic>(),
    entry::<Service, Refuse>(),
    entry::<Service, Wait>(),
];

impl JsonService for Service {
    fn target_prefix(&self) -> &'static str {
        "Test"
    }

    fn signing_name(&self) -> &'static str {
        "test"
    }

    fn json_version(&self) -> &'static str {
        "1.0"
    }

    fn call<'a>(
        &'a self,
        operation: &str,
        caller: &'a Caller,
        body: &'a [u8],
    ) -> Option<Answer<'a>> {
        let entry = OPERATIONS.iter().find(|entry| entry.name == operation)?;
        Some((entry.run)(self, caller, body))
    }
}

/// `/files/`, signed, and `/open/`, for everyone; both tell how many bytes came.
pub(crate) struct Files {
    pub(crate) path: &'static str,
    pub(crate) signing_name: Option<&'static str>,
}

#[async_trait]
impl Door for Files {
    fn name(&self) -> &'static str {
        self.signing_name.unwrap_or_default()
    }

    fn claims(&self, parts: &Parts) -> bool {
        parts.uri.path().starts_with(self.path)
    }

    fn signing_name(&self) -> Option<&'static str> {
        self.signing_name
    }

    fn body_bytes_max(&self, _: &Parts) -> usize {
        4 * 1024 * 1024
    }

    async fn handle(&self, caller: Option<Caller>, request: Request<Bytes>) -> Reply {
        let account = caller.map(|caller| caller.account.to_string());
        let text = format!("{} {}", account.unwrap_or_default(), request.body().len());
        let mut reply = Response::new(Body::from(text));
        *reply.status_mut() = StatusCode::CREATED;
        reply
    }
}

struct OneKey;

impl Keys for OneKey {
    fn secret(&self, access_key_id: &str) -> Option<KeyRecord> {
        (access_key_id == "AKIDEXAMPLE").then(|| KeyRecord {
            secret: Secret::new(SECRET),
            account: "123456789012".into(),
            session: None,
        })
    }
}

/// The mode in which one key is known.
pub(crate) fn serving() -> Mode {
    Mode::Serve(Arc::new(OneKey))
}

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) service: Arc<Service>,
    pub(crate) stop: CancellationToken,
    pub(crate) task: tokio::task::JoinHandle<()>,
}

/// How a server is started.
pub(crate) struct Setup {
    pub(crate) auth: Mode,
    pub(crate) limits: Limits,
    pub(crate) tls: Option<Tls>,
}

impl Default for Setup {
    fn default() -> Setup {
        Setup { auth: Mode::Dev, limits: Limits::default(), tls: None }
    }
}

impl Setup {
    pub(crate) async fn start(self) -> Server {
        let service = Arc::new(Service::default());
        let router = Router::new(self.auth.clone(), Host::real())
            .with_limits(self.limits)
            .json(service.clone())
            .door(Arc::new(Files { path: "/files/", signing_name: Some("files") }))
            .door(Arc::new(Files { path: "/open/", signing_name: None }));
        Server { service, ..self.start_with(router).await }
    }

    /// A server whose router is not the usual one.
    pub(crate) async fn start_with(self, router: Router) -> Server {
        let service = Arc::default();
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = listener.address();
        let stop = CancellationToken::new();
        let shutdown = stop.clone().cancelled_owned();
        let task = tokio::spawn(listener.serve(router, self.tls, shutdown));
        Server { address, service, stop, task }
    }
}

/// A server for development with the usual limits.
pub(crate) async fn start() -> Server {
    Setup::default().start().await
}

impl Server {
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request to an operation.
    pub(crate) fn request(&self, target: &str, body: impl Into<Bytes>) -> reqwest::RequestBuilder {
        let body: Bytes = body.into();
        reqwest::Client::new()
            .post(self.url("/"))
            .header("x-amz-target", target)
            .header("content-type", "application/x-amz-json-1.0")
            .body(body)
    }

    /// Sends raw bytes and reads until the server closes.
    pub(crate) async fn raw(&self, bytes: &[u8]) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        read_to_end(&mut stream).await
    }

    /// That the server still answers.
    pub(crate) async fn check_alive(&self) {
        let response = self.request("Test.Echo", r#"{"text":"still here"}"#).send().await.unwrap();
        assert_eq!(response.status(), 200);
    }
}

/// Everything until the server closes; a reset ends it, too.
pub(crate) async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    loop {
        let read = tokio::time::timeout(PATIENCE, stream.read(&mut part)).await;
        match read.expect("the server closes the connection") {
            Ok(0) | Err(_) => return String::from_utf8_lossy(&seen).into_owned(),
            Ok(count) => seen.extend_from_slice(&part[..count]),
        }
    }
}

/// Waits until `fact` holds.
pub(crate) async fn eventually(what: &str, fact: impl Fn() -> bool) {
    let wait = async {
        while !fact() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.unwrap_or_else(|_| panic!("never: {what}"));
}

/// Signs as the one known key does.
pub(crate) fn signed(request: reqwest::RequestBuilder, service: &str) -> reqwest::Request {
    let mut request = request.build().unwrap();
    let uri = request.url().as_str();
    let mut builder = Request::builder().method(request.method().clone()).uri(uri);
    builder.headers_mut().unwrap().extend(request.headers().clone());
    let (mut parts, ()) = builder.body(()).unwrap().into_parts();
    let credentials = Credentials {
        access_key_id: "AKIDEXAMPLE".to_owned(),
        secret: Secret::new(SECRET),
        session_token: None,
    };
    let scope = Scope { region: "eu-west-1", service, now_ms: Host::real().now_ms() };
    let body = request.body().and_then(reqwest::Body::as_bytes).unwrap_or_default().to_vec();
    sign(&mut parts, &body, &credentials, &scope).unwrap();
    *request.headers_mut() = parts.headers;
    request
}
