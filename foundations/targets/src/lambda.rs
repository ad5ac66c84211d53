//! Calling a function, wherever it runs: in a process of ours, or behind an HTTP endpoint that
//! speaks Lambda's Invoke.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use identity::Caller;

/// An Invoke request.
#[derive(Clone, Debug)]
pub struct Invocation {
    pub caller: Caller,
    /// Name, partial or whole ARN, with or without qualifier.
    pub function_name: String,
    pub qualifier: Option<String>,
    pub kind: InvocationKind,
    /// The event, JSON text.
    pub payload: Bytes,
    pub client_context: Option<String>,
    /// Whether the last 4 KiB of the log come back with the answer (`LogType: Tail`).
    pub tail_log: bool,
    /// Stable over resends of one attempt (durability, §9).
    pub idempotency_key: Option<String>,
    /// How long the caller will wait; the function's own limit may be shorter.
    pub wait_max: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvocationKind {
    RequestResponse,
    Event,
    DryRun,
}

/// An Invoke answer. A failure *of the function's code* is an answer, too.
#[derive(Clone, Debug)]
pub struct Invoked {
    /// 200, 202 or 204.
    pub status: u16,
    pub executed_version: String,
    pub payload: Bytes,
    /// `Handled` or `Unhandled` when the function failed.
    pub function_error: Option<String>,
    /// The last 4 KiB of the log, not yet base64.
    pub log_tail: Option<Bytes>,
    pub request_id: String,
    /// Response headers, as received.
    pub headers: Vec<(String, String)>,
}

/// The call itself failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum InvokeError {
    /// The service refused it: `ResourceNotFoundException`, 404.
    Service { code: String, status: u16, message: String, request_id: String },
    /// No answer came: refused connection, unknown host, broken off.
    Transport { reason: String },
}

/// Something that runs functions.
#[async_trait]
pub trait Lambda: Send + Sync + 'static {
    async fn invoke(&self, invocation: Invocation) -> Result<Invoked, InvokeError>;
}
