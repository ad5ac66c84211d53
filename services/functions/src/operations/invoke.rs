//! Invoke, over HTTP.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use resource::constraints::Constraints;
use targets::lambda::{Invocation, InvocationKind, InvokeError, Lambda};
use wire::fault::Fault;

use crate::Functions;
use crate::operations::{Answer, Query};

/// Headers of an answer that the listener writes by itself.
const LISTENER_HEADERS: [&str; 5] =
    ["connection", "content-length", "date", "transfer-encoding", "content-type"];

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let kind = query.header("x-amz-invocation-type").map(str::to_owned);
    let log_type = query.header("x-amz-log-type").map(str::to_owned);
    Constraints::new()
        .one_of("invocationType", &kind, &["Event", "RequestResponse", "DryRun"])
        .one_of("logType", &log_type, &["None", "Tail"])
        .finish()
        .map_err(Fault::validation)?;
    let kind = match kind.as_deref() {
        Some("Event") => InvocationKind::Event,
        Some("DryRun") => InvocationKind::DryRun,
        _ => InvocationKind::RequestResponse,
    };
    let client_context = query.header("x-amz-client-context").map(client_context).transpose()?;
    let invocation = Invocation {
        function_name: query.argument.clone(),
        qualifier: query.parameter("Qualifier").map(str::to_owned),
        kind,
        payload: query.body.clone(),
        client_context,
        tail_log: log_type.as_deref() == Some("Tail"),
        idempotency_key: query.header("idempotency-key").map(str::to_owned),
        wait_max: None,
        caller: query.caller,
    };
    let invoked = functions.invoke(invocation).await.map_err(fault)?;
    let mut headers = invoked.headers;
    headers.retain(|(name, _)| !LISTENER_HEADERS.contains(&name.to_ascii_lowercase().as_str()));
    if let Some(tail) = invoked.log_tail {
        headers.retain(|(name, _)| !name.eq_ignore_ascii_case("x-amz-log-result"));
        headers.push(("X-Amz-Log-Result".to_owned(), STANDARD.encode(tail)));
    }
    let body = if invoked.status == 204 { Bytes::new() } else { invoked.payload };
    Ok(Answer { status: invoked.status, headers, body })
}

/// The JSON text in the header's base64.
fn client_context(text: &str) -> Result<String, Fault> {
    let json = STANDARD.decode(text).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    json.filter(|json| serde_json::from_str::<serde::de::IgnoredAny>(json).is_ok()).ok_or_else(
        || {
            let message = "Client context must be a valid Base64-encoded JSON object.";
            Fault::new("InvalidRequestContentException", message)
        },
    )
}

fn fault(error: InvokeError) -> Fault {
    match error {
        InvokeError::Service { code, status, message, .. } => {
            Fault::new(code, message).with_status(status)
        }
        InvokeError::Transport { reason } => {
            Fault::new("ServiceException", reason).with_status(502)
        }
    }
}
