//! A function named by its ARN (SFN-INT-48): the input is the event, the result is the output.

use targets::lambda::{Invocation, InvocationKind, InvokeError, Invoked};
use workflow::effect::Call;
use workflow::payload::Payload;

use crate::calls::{Answer, Context};

pub(crate) async fn call(context: &Context<'_>, arn: &str, call: &Call) -> Answer {
    let invocation = Invocation {
        caller: context.caller.clone(),
        function_name: arn.to_owned(),
        qualifier: None,
        kind: InvocationKind::RequestResponse,
        payload: bytes::Bytes::copy_from_slice(call.parameters.text().as_bytes()),
        client_context: None,
        tail_log: false,
        idempotency_key: Some(context.idempotency_key.clone()),
        wait_max: context.wait_max,
    };
    match context.service.lambda.invoke(invocation).await {
        Err(error) => refused(error),
        Ok(invoked) if invoked.function_error.is_some() => {
            function_failed(&invoked, Cause::AsReturned)
        }
        Ok(invoked) => match payload_of(&invoked) {
            Some(payload) => Answer::Done(payload),
            None => not_json(),
        },
    }
}

/// How the cause of a failed function is printed (SFN-INT-44).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Cause {
    AsReturned,
    Compact,
}

/// The function's own failure: its `errorType` is the error, what it returned is the cause.
pub(super) fn function_failed(invoked: &Invoked, cause: Cause) -> Answer {
    let text = String::from_utf8_lossy(&invoked.payload);
    let returned: Option<serde_json::Value> = serde_json::from_str(&text).ok();
    let error = returned
        .as_ref()
        .and_then(|returned| returned.get("errorType"))
        .and_then(|error| error.as_str())
        .unwrap_or("Lambda.Unknown")
        .to_owned();
    let cause = match (cause, &returned) {
        (Cause::Compact, Some(returned)) => returned.to_string(),
        _ => text.into_owned(),
    };
    Answer::failed(error, cause)
}

/// The service refused the call, or no answer came (SFN-INT-30, SFN-INT-32, SFN-INT-46).
pub(super) fn refused(error: InvokeError) -> Answer {
    match error {
        InvokeError::Service { code, status, message, request_id } => Answer::failed(
            error_name(&code),
            format!(
                "{message} (Service: AWSLambda; Status Code: {status}; Error Code: {code}; \
                 Request ID: {request_id}; Proxy: null)"
            ),
        ),
        InvokeError::Transport { reason } => Answer::failed(
            "Lambda.SdkClientException",
            format!("Unable to execute HTTP request: {reason}"),
        ),
    }
}

/// The exception class of an error code; codes without one share the general class (SFN-INT-31).
fn error_name(code: &str) -> String {
    const UNMODELLED: [&str; 4] = [
        "ValidationException",
        "AccessDeniedException",
        "AccessDenied",
        "UnknownOperationException",
    ];
    match code {
        code if UNMODELLED.contains(&code) => "Lambda.AWSLambdaException".to_owned(),
        code if code.ends_with("Exception") => format!("Lambda.{code}"),
        code => format!("Lambda.{code}Exception"),
    }
}

/// What the function returned, as JSON.
pub(super) fn payload_of(invoked: &Invoked) -> Option<Payload> {
    if invoked.payload.is_empty() {
        return Some(Payload::from_value(serde_json::Value::Null));
    }
    let text = std::str::from_utf8(&invoked.payload).ok()?;
    let value: serde_json::Value = serde_json::from_str(text).ok()?;
    Some(Payload::from_value(value))
}

pub(super) fn not_json() -> Answer {
    Answer::failed("Lambda.Unknown", "The function returned something that is not JSON.")
}
