//! `states:startExecution` (SFN-INT-70…75): another machine of this server, started as any client
//! would start it.

use serde_json::{Map, Value, json};
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::effect::Call;
use workflow::payload::Payload;

use super::metadata;
use crate::calls::{Answer, Context};
use crate::driver::redrive_status;
use crate::executions::Found;
use crate::operations::start_execution::{Input, StartExecution};

pub(crate) async fn call(context: &Context<'_>, call: &Call) -> Answer {
    let parameters = call.parameters.value();
    let text = |name: &str| parameters.get(name).and_then(Value::as_str).map(str::to_owned);
    let input = Input {
        state_machine_arn: text("StateMachineArn"),
        name: text("Name"),
        input: Some(to_input(parameters.get("Input"))),
        trace_header: text("TraceHeader"),
    };
    match StartExecution::run(context.service, &context.caller, input).await {
        Ok(started) => {
            let mut output = Map::new();
            output.insert("ExecutionArn".into(), json!(started.execution_arn));
            let headers = [
                ("x-amzn-RequestId".to_owned(), context.caller.request_id.to_string()),
                ("Content-Type".to_owned(), "application/x-amz-json-1.0".to_owned()),
            ];
            metadata::insert(&mut output, 200, &headers, &context.caller.request_id);
            // Milliseconds in optimized outputs (SFN-INT-24).
            output.insert("StartDate".into(), json!(started.start_date.ms()));
            Answer::Done(Payload::from_value(Value::Object(output)))
        }
        Err(fault) => refused(&fault, &context.caller.request_id),
    }
}

/// Omitted or null is `{}`, a text is used verbatim, anything else is printed (SFN-INT-70).
fn to_input(input: Option<&Value>) -> String {
    match input {
        None | Some(Value::Null) => "{}".to_owned(),
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

fn refused(fault: &Fault, request_id: &str) -> Answer {
    let class = match fault.code.as_str() {
        "ValidationException" | "ServiceUnavailable" | "InternalFailure" => {
            "AWSStepFunctionsException".to_owned()
        }
        code if code.ends_with("Exception") => code.to_owned(),
        code => format!("{code}Exception"),
    };
    Answer::failed(
        format!("StepFunctions.{class}"),
        format!(
            "{} (Service: AWSStepFunctions; Status Code: {}; Error Code: {}; \
             Request ID: {request_id}; Proxy: null)",
            fault.message, fault.status, fault.code
        ),
    )
}

/// A closed execution as `.sync` (texts) and `.sync:2` (`parsed`) tell it (SFN-INT-72…74).
pub(crate) fn describe(found: &Found, refusal: Option<String>, parsed: bool) -> Map<String, Value> {
    let (about, head) = (&found.start.about, &found.head);
    let show = |payload: &Payload| match parsed {
        true => payload.value().clone(),
        false => json!(payload.text()),
    };
    let members = [
        ("Cause", head.cause.as_ref().map(|cause| json!(cause))),
        ("Error", head.error.as_ref().map(|error| json!(error))),
        ("ExecutionArn", Some(json!(about.execution_arn))),
        ("Input", Some(show(&about.input))),
        ("InputDetails", Some(json!({ "Included": true }))),
        ("Name", Some(json!(about.name))),
        ("Output", head.output.as_ref().map(show)),
        ("OutputDetails", head.output.as_ref().map(|_| json!({ "Included": true }))),
        ("RedriveDate", head.redrive_ms.map(|redrive_ms| json!(redrive_ms))),
        ("RedriveCount", Some(json!(head.redrive_count))),
        ("RedriveStatus", Some(json!(redrive_status(refusal.as_deref())))),
        ("RedriveStatusReason", refusal.map(|reason| json!(reason))),
        ("StartDate", Some(json!(about.start_ms))),
        ("StateMachineAliasArn", about.state_machine_alias_arn.as_ref().map(|arn| json!(arn))),
        ("StateMachineArn", Some(json!(about.state_machine_arn))),
        ("StateMachineVersionArn", about.state_machine_version_arn.as_ref().map(|arn| json!(arn))),
        ("Status", Some(json!(head.status.text()))),
        ("StopDate", head.stop_ms.map(|stop_ms| json!(stop_ms))),
    ];
    let present = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    present.collect()
}
