//! The way of a request: to a JSON service by `X-Amz-Target`, else to the first door that claims
//! it, else nowhere. Whatever happens in there, the client gets an answer with a request id.

pub(crate) mod health;

use std::any::Any;
use std::fmt::Display;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::FutureExt as _;
use host::Host;
use http::header::{CONNECTION, HeaderName};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, Request, Version};
use hyper::body::Body as HttpBody;
use identity::claim::{Arrival, Claim};
use identity::{Caller, Mode};

use crate::door::Door;
use crate::fault::Fault;
use crate::gate::Gate;
use crate::limits::Limits;
use crate::operation::JsonService;
use crate::receive::{Budget, ReceiveError, Received, receive};
use crate::reply::{self, Reply};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// The protocol of answers to requests that reach no service.
const JSON_VERSION_DEFAULT: &str = "1.0";

/// Everything that answers requests; cheap to clone once built.
#[derive(Clone)]
pub struct Router {
    auth: Mode,
    host: Host,
    limits: Limits,
    budget: Arc<Budget>,
    services: Arc<Vec<Arc<dyn JsonService>>>,
    doors: Arc<Vec<Arc<dyn Door>>>,
    /// Decides first where a request is answered.
    gate: Option<Gate>,
}

impl Router {
    /// A router that believes or verifies signatures as `auth` says.
    pub fn new(auth: Mode, host: Host) -> Router {
        let limits = Limits::default();
        Router {
            auth,
            host,
            limits,
            budget: Budget::new(limits.bodies_bytes_max),
            services: Arc::default(),
            doors: Arc::default(),
            gate: None,
        }
    }

    /// A router of a node among several: every request passes the gate.
    pub fn behind(gate: Gate, host: Host, limits: Limits) -> Router {
        let router = Router::new(Mode::Dev, host).with_limits(limits);
        Router { gate: Some(gate), ..router }
    }

    /// Adds a service of AWS JSON 1.0 or 1.1.
    #[must_use]
    pub fn json(mut self, service: Arc<dyn JsonService>) -> Router {
        let mut services = self.services.to_vec();
        services.push(service);
        self.services = Arc::new(services);
        self
    }

    /// Adds a door.
    #[must_use]
    pub fn door(mut self, door: Arc<dyn Door>) -> Router {
        let mut doors = self.doors.to_vec();
        doors.push(door);
        self.doors = Arc::new(doors);
        self
    }

    /// Replaces the limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Router {
        Router { limits, budget: Budget::new(limits.bodies_bytes_max), ..self }
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Answers a request. A panic in a service is this request's `InternalFailure` and no more.
    pub async fn handle<B>(&self, request: Request<B>) -> Reply
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
        B::Error: Display,
    {
        let request_id: Arc<str> = self.host.uuid().into();
        let version = request.version();
        let routed = async {
            match &self.gate {
                Some(gate) => gate.pass(request).await,
                None => self.route(request, &request_id).await,
            }
        };
        let routed = AssertUnwindSafe(routed).catch_unwind().await;
        let mut reply = routed.unwrap_or_else(|panic| panicked(&request_id, panic.as_ref()));
        let headers = reply.headers_mut();
        if !headers.contains_key(REQUEST_ID)
            && let Ok(value) = HeaderValue::from_str(&request_id)
        {
            headers.insert(REQUEST_ID, value);
        }
        if version >= Version::HTTP_2 {
            headers.remove(CONNECTION);
        }
        reply
    }

    async fn route<B>(&self, request: Request<B>, request_id: &Arc<str>) -> Reply
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    {
        let (parts, body) = request.into_parts();
        if parts.headers.contains_key(TARGET) {
            return self.route_json(parts, body, request_id).await;
        }
        if let Some(door) = self.doors.iter().find(|door| door.claims(&parts)) {
            return self.enter(door.as_ref(), parts, body, request_id).await;
        }
        if health::is_asked(&parts.method, parts.uri.path()) {
            return self.health();
        }
        let fault = Fault::new(
            "UnknownOperationException",
            format!("nothing is served at `{} {}`", parts.method, parts.uri.path()),
        );
        reply::json_fault(JSON_VERSION_DEFAULT, &fault.with_status(404))
    }

    pub(crate) fn health(&self) -> Reply {
        health::report(&self.services, &self.doors)
    }

    // SFN-WIRE-1, SFN-WIRE-9
    async fn route_json<B>(&self, parts: Parts, body: B, request_id: &Arc<str>) -> Reply
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    {
        let Some((service, operation)) = self.target(&parts.headers) else {
            return reply::json_fault(JSON_VERSION_DEFAULT, &unknown_target(&parts.headers));
        };
        let json_version = service.json_version();
        let answered = self.call(service, operation, &parts, body, request_id).await;
        match answered {
            Ok(bytes) => reply::json(json_version, bytes),
            Err(Refusal { fault, close }) => {
                tracing::debug!(%request_id, operation, code = fault.code, "refused");
                closing(reply::json_fault(json_version, &fault), close)
            }
        }
    }

    async fn call<B>(
        &self,
        service: &dyn JsonService,
        operation: &str,
        parts: &Parts,
        body: B,
        request_id: &Arc<str>,
    ) -> Result<Bytes, Refusal>
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    {
        if parts.method != Method::POST {
            let message = format!("`{}` is not `POST`", parts.method);
            return Err(Fault::new("UnknownOperationException", message).with_status(405).into());
        }
        let claim = self.open(parts, service.signing_name(), request_id)?;
        let received = self.receive(body, service.body_bytes_max()).await?;
        let caller = claim.verify(parts, &received.bytes).map_err(Fault::from)?;
        let answer = service.call(operation, &caller, &received.bytes);
        Ok(answer.ok_or_else(|| unknown_operation(service, operation))?.await?)
    }

    async fn enter<B>(&self, door: &dyn Door, parts: Parts, body: B, request_id: &Arc<str>) -> Reply
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    {
        match self.admit(door, &parts, body, request_id).await {
            Ok((caller, received)) => {
                let request = Request::from_parts(parts, received.bytes.clone());
                door.handle(caller, request).await
            }
            Err(Refusal { fault, close }) => {
                tracing::debug!(%request_id, door = door.name(), code = fault.code, "refused");
                closing(door.refuse(&fault), close)
            }
        }
    }

    async fn admit<B>(
        &self,
        door: &dyn Door,
        parts: &Parts,
        body: B,
        request_id: &Arc<str>,
    ) -> Result<(Option<Caller>, Received), Refusal>
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    {
        let claim = match door.signing_name() {
            Some(service) => Some(self.open(parts, service, request_id)?),
            None => None,
        };
        let received = self.receive(body, door.body_bytes_max(parts)).await?;
        let caller = match claim {
            Some(claim) => Some(claim.verify(parts, &received.bytes).map_err(Fault::from)?),
            None => None,
        };
        Ok((caller, received))
    }

    /// Who is calling is looked at before the body is: strangers cost a head and no more.
    fn open(&self, parts: &Parts, service: &str, request_id: &Arc<str>) -> Result<Claim, Refusal> {
        let request_id = request_id.clone();
        let arrival = Arrival { service, now_ms: self.host.now_ms(), request_id };
        self.auth.open(parts, &arrival).map_err(|denied| Refusal::closing(denied.into()))
    }

    async fn receive<B>(&self, body: B, bytes_max: usize) -> Result<Received, Refusal>
    where
        B: HttpBody<Data = Bytes> + Send + Unpin + 'static,
    {
        let received = receive(body, bytes_max, &self.budget, &self.limits).await;
        received.map_err(|error: ReceiveError| Refusal::closing(error.fault()))
    }

    /// The service and operation of `AWSStepFunctions.StartExecution`.
    fn target<'a>(&'a self, headers: &'a HeaderMap) -> Option<(&'a dyn JsonService, &'a str)> {
        let (prefix, operation) = headers.get(TARGET)?.to_str().ok()?.rsplit_once('.')?;
        let service = self.services.iter().find(|service| service.target_prefix() == prefix)?;
        Some((service.as_ref(), operation))
    }
}

/// A fault, and whether the connection ends with it because a body was left unread.
struct Refusal {
    fault: Fault,
    close: bool,
}

impl Refusal {
    fn closing(fault: Fault) -> Refusal {
        Refusal { fault, close: true }
    }
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal { fault, close: false }
    }
}

fn closing(mut reply: Reply, close: bool) -> Reply {
    if close {
        reply.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
    }
    reply
}

fn unknown_target(headers: &HeaderMap) -> Fault {
    let target = headers.get(TARGET).map(|value| String::from_utf8_lossy(value.as_bytes()));
    let message = format!("the target `{}` is not served", target.unwrap_or_default());
    Fault::new("UnknownOperationException", message)
}

fn unknown_operation(service: &dyn JsonService, operation: &str) -> Fault {
    let message = format!("`{}` has no operation `{operation}`", service.target_prefix());
    Fault::new("UnknownOperationException", message)
}

fn panicked(request_id: &str, panic: &(dyn Any + Send)) -> Reply {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no message");
    tracing::error!(request_id, panic = text, "a request broke an invariant");
    reply::json_fault(JSON_VERSION_DEFAULT, &Fault::internal())
}
