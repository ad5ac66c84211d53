//! `aws-sdk:sfn:*` (SFN-INT-79, SFN-INT-100): every operation of this service as a task. Members
//! are upper camel case there and lower camel case here; the table of operations does the rest.

use serde_json::{Map, Value};
use wire::fault::Fault;
use workflow::effect::Call;
use workflow::payload::Payload;

use crate::calls::{Answer, Context};
use crate::operations::OPERATIONS;

/// Members that hold JSON as text; a value is printed (SFN-INT-79).
const TEXTS: [&str; 6] = ["input", "output", "definition", "context", "variables", "result"];
/// Parameters nest a few levels; deeper ones are none of ours.
const DEPTH_MAX: usize = 16;

pub(crate) async fn call(context: &Context<'_>, action: &str, call: &Call) -> Answer {
    let name = with_first(action, str::to_uppercase);
    let Ok(at) = OPERATIONS.binary_search_by_key(&name.as_str(), |entry| entry.name) else {
        let fault = Fault::new("UnknownOperationException", format!("Unknown operation: {name}"));
        return refused(&fault, &context.caller.request_id);
    };
    let Some(entry) = OPERATIONS.get(at) else { return unreadable() };
    let body = renamed(call.parameters.value(), to_request, DEPTH_MAX).to_string();
    match (entry.run)(context.service, &context.caller, body.as_bytes()).await {
        Ok(answer) => match serde_json::from_slice(&answer) {
            Ok(answer) => Answer::Done(Payload::from_value(renamed(&answer, to_answer, DEPTH_MAX))),
            Err(_) => unreadable(),
        },
        Err(fault) => refused(&fault, &context.caller.request_id),
    }
}

fn unreadable() -> Answer {
    Answer::failed("Sfn.SdkClientException", "Unable to unmarshall response")
}

/// The class names of the SDK end in `Exception` (SFN-INT-33).
fn refused(fault: &Fault, request_id: &str) -> Answer {
    let class = match fault.code.as_str() {
        "ServiceUnavailable" | "InternalFailure" | "UnknownOperationException" => {
            "SfnException".to_owned()
        }
        code if code.ends_with("Exception") => code.to_owned(),
        code => format!("{code}Exception"),
    };
    Answer::failed(
        format!("Sfn.{class}"),
        format!(
            "{} (Service: Sfn, Status Code: {}, Request ID: {request_id}) (SDK Attempt Count: 1)",
            fault.message, fault.status
        ),
    )
}

/// How a member is called and shown on the other side.
type Rename = fn(&str, &Value) -> (String, Option<Value>);

fn renamed(value: &Value, rename: Rename, depth: usize) -> Value {
    match value {
        Value::Object(members) if depth > 0 => {
            let mut answer = Map::with_capacity(members.len());
            for (name, value) in members {
                let (name, replaced) = rename(name, value);
                answer.insert(name, replaced.unwrap_or_else(|| renamed(value, rename, depth - 1)));
            }
            Value::Object(answer)
        }
        Value::Array(items) if depth > 0 => {
            items.iter().map(|item| renamed(item, rename, depth - 1)).collect()
        }
        other => other.clone(),
    }
}

fn to_request(name: &str, value: &Value) -> (String, Option<Value>) {
    let name = with_first(name, str::to_lowercase);
    let print = TEXTS.contains(&name.as_str()) && !value.is_string() && !value.is_null();
    let printed = print.then(|| Value::String(value.to_string()));
    (name, printed)
}

/// Times are ISO 8601 texts in the answers of the SDK (SFN-INT-24).
fn to_answer(name: &str, value: &Value) -> (String, Option<Value>) {
    let is_time = name.ends_with("Date") || name == "timestamp";
    let time = value.as_f64().filter(|_| is_time).map(|seconds| {
        let ms = (seconds * 1000.0).round() as i64;
        Value::String(moment::format_iso(ms))
    });
    (with_first(name, str::to_uppercase), time)
}

fn with_first(name: &str, change: fn(&str) -> String) -> String {
    let first = name.chars().next().map_or(0, char::len_utf8);
    let (first, rest) = name.split_at(first);
    change(first) + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // SFN-INT-79, SFN-INT-24
    #[test]
    fn members_change_their_case_and_form() {
        let request = renamed(
            &json!({ "StateMachineArn": "a", "Input": { "Keep": 1 }, "Tags": [{ "Key": "k" }] }),
            to_request,
            DEPTH_MAX,
        );
        assert_eq!(
            request,
            json!({ "stateMachineArn": "a", "input": "{\"Keep\":1}", "tags": [{ "key": "k" }] })
        );
        let answer = renamed(
            &json!({ "executionArn": "a", "startDate": 1_704_067_200.5, "output": "{}" }),
            to_answer,
            DEPTH_MAX,
        );
        assert_eq!(
            answer,
            json!({ "ExecutionArn": "a", "StartDate": "2024-01-01T00:00:00.500Z", "Output": "{}" })
        );
    }
}
