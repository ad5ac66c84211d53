//! `lambda:invoke` (SFN-INT-40…44).

use serde_json::{Map, Value, json};
use targets::lambda::{Invocation, InvocationKind, Invoked};
use workflow::effect::Call;
use workflow::payload::Payload;

use super::lambda_function::{Cause, function_failed, not_json, payload_of, refused};
use super::metadata;
use crate::calls::{Answer, Context};

pub(crate) async fn call(context: &Context<'_>, call: &Call) -> Answer {
    let invocation = match to_invocation(context, call.parameters.value()) {
        Ok(invocation) => invocation,
        Err(message) => return bad_parameters(context, &message),
    };
    match context.service.lambda.invoke(invocation).await {
        Err(error) => refused(error),
        Ok(invoked) if invoked.function_error.is_some() => {
            function_failed(&invoked, Cause::Compact)
        }
        Ok(invoked) => to_output(&invoked),
    }
}

fn to_invocation(context: &Context<'_>, parameters: &Value) -> Result<Invocation, String> {
    let text = |name: &str| parameters.get(name).and_then(Value::as_str).map(str::to_owned);
    let function_name = text("FunctionName").ok_or("The FunctionName must be a text.")?;
    let kind = match text("InvocationType").as_deref() {
        None | Some("RequestResponse") => InvocationKind::RequestResponse,
        Some("Event") => InvocationKind::Event,
        Some("DryRun") => InvocationKind::DryRun,
        Some(other) => {
            return Err(format!(
                "1 validation error detected: Value '{other}' at 'invocationType' failed to \
                 satisfy constraint: Member must satisfy enum value set: \
                 [Event, RequestResponse, DryRun]"
            ));
        }
    };
    // A null payload reaches the function as an empty event (SFN-INT-42).
    let payload = match parameters.get("Payload") {
        None | Some(Value::Null) => "{}".to_owned(),
        // A text that is JSON is the event itself.
        Some(Value::String(text)) if serde_json::from_str::<Value>(text).is_ok() => text.clone(),
        Some(payload) => payload.to_string(),
    };
    Ok(Invocation {
        caller: context.caller.clone(),
        function_name,
        qualifier: text("Qualifier"),
        kind,
        payload: payload.into(),
        client_context: text("ClientContext"),
        tail_log: text("LogType").as_deref() == Some("Tail"),
        idempotency_key: Some(context.idempotency_key.clone()),
        wait_max: context.wait_max,
    })
}

fn bad_parameters(context: &Context<'_>, message: &str) -> Answer {
    Answer::failed(
        "Lambda.AWSLambdaException",
        format!(
            "{message} (Service: AWSLambda; Status Code: 400; Error Code: ValidationException; \
             Request ID: {}; Proxy: null)",
            context.caller.request_id
        ),
    )
}

/// The members are in the order of the recordings: alphabetical (SFN-INT-23).
fn to_output(invoked: &Invoked) -> Answer {
    use base64::Engine;
    let Some(payload) = payload_of(invoked) else { return not_json() };
    let mut output = Map::new();
    output.insert("ExecutedVersion".into(), json!(invoked.executed_version));
    if let Some(log) = &invoked.log_tail {
        let text = base64::engine::general_purpose::STANDARD.encode(log);
        output.insert("LogResult".into(), json!(text));
    }
    output.insert("Payload".into(), payload.value().clone());
    metadata::insert(&mut output, invoked.status, &invoked.headers, &invoked.request_id);
    output.insert("StatusCode".into(), json!(invoked.status));
    Answer::Done(Payload::from_value(Value::Object(output)))
}
