//! What executions tell their log groups (SFN-LOG-1…11): history events as records, by the level of
//! the machine that was started. Whoever logs never waits, and no loss fails an execution.

use std::sync::Arc;

use identity::Caller;
use moment::EpochMs;
use serde_json::{Map, Value, json};
use targets::logs::{GroupAddress, IfMissing, LogBatch, LogEvent};
use wire::fault::Fault;
use workflow::history::{HistoryEvent, event_to_json};

use crate::records::StartRecord;
use crate::service::Service;

/// Longest record; payloads are cut to keep it (SFN-LOG-10).
const RECORD_BYTES_MAX: usize = 256 * 1024;

/// The types of level ERROR (SFN-LOG-7); sorted.
const ERRORS: &[&str] = &[
    "ActivityFailed",
    "ActivityScheduleFailed",
    "ActivityTimedOut",
    "EvaluationFailed",
    "ExecutionAborted",
    "ExecutionFailed",
    "ExecutionTimedOut",
    "FailStateEntered",
    "LambdaFunctionFailed",
    "LambdaFunctionScheduleFailed",
    "LambdaFunctionStartFailed",
    "LambdaFunctionTimedOut",
    "MapIterationAborted",
    "MapIterationFailed",
    "MapRunAborted",
    "MapRunFailed",
    "MapStateAborted",
    "MapStateFailed",
    "ParallelStateAborted",
    "ParallelStateFailed",
    "TaskFailed",
    "TaskStartFailed",
    "TaskStateAborted",
    "TaskSubmitFailed",
    "TaskTimedOut",
    "WaitStateAborted",
];
/// The types of level FATAL (SFN-LOG-7); sorted.
const FATALS: &[&str] = &["ExecutionAborted", "ExecutionFailed", "ExecutionTimedOut"];

impl Service {
    /// A configuration that logs names a group that is there (SFN-LOG-2), and one of the caller's.
    pub(crate) async fn check_log_group(
        &self,
        caller: &Caller,
        logging: &Value,
    ) -> Result<(), Fault> {
        if level(logging) == "OFF" {
            return Ok(());
        }
        let is_own =
            |group: &GroupAddress| group.account == caller.account && group.region == caller.region;
        if let (Some(logs), Some(group)) = (&self.logs, group(logging).filter(is_own))
            && logs.exists(&group).await
        {
            return Ok(());
        }
        Err(Fault::new(
            "InvalidLoggingConfiguration",
            "Invalid Logging Configuration: Log Destination not found.",
        ))
    }

    /// What an execution's events tell its group; nothing when it wants to hear none of them.
    pub(crate) fn log_batch(
        &self,
        start: &StartRecord,
        redrive_count: u64,
        history: &[HistoryEvent],
    ) -> Option<LogBatch> {
        self.logs.as_ref()?;
        let logging = &start.revision.logging;
        let level = level(logging);
        if level == "OFF" || !history.iter().any(|event| is_logged(level, event.type_name())) {
            return None;
        }
        let with_data = logging.get("includeExecutionData").and_then(Value::as_bool);
        let writer = Writer {
            execution_arn: &start.about.execution_arn,
            redrive_count,
            with_data: with_data.unwrap_or(false),
        };
        let logged = history.iter().filter(|event| is_logged(level, event.type_name()));
        Some(LogBatch {
            group: Arc::new(group(logging)?),
            stream: stream(start).into(),
            events: logged.map(|event| writer.record(event)).collect(),
            if_missing: IfMissing::Drop,
        })
    }

    /// Hands a batch over without waiting.
    pub(crate) fn hand_over(&self, batch: LogBatch) {
        if let Some(logs) = &self.logs {
            logs.deliver(batch);
        }
    }
}

fn level(logging: &Value) -> &str {
    logging.get("level").and_then(Value::as_str).unwrap_or("OFF")
}

fn group(logging: &Value) -> Option<GroupAddress> {
    let arn = logging.pointer("/destinations/0/cloudWatchLogsLogGroup/logGroupArn")?;
    GroupAddress::from_arn(arn.as_str()?)
}

fn is_logged(level: &str, type_name: &str) -> bool {
    match level {
        "ALL" => true,
        "ERROR" => ERRORS.binary_search(&type_name).is_ok(),
        "FATAL" => FATALS.binary_search(&type_name).is_ok(),
        _ => false,
    }
}

/// The stream of all executions of a machine that start in one minute (SFN-LOG-8).
fn stream(start: &StartRecord) -> String {
    let about = &start.about;
    // One number for one life of the machine's name.
    let life = start.incarnation & u64::from(u32::MAX);
    format!("states/{}/{}/{life:08x}", about.state_machine_name, minute(about.start_ms))
}

/// `2024-01-31-23-59`.
fn minute(ms: EpochMs) -> String {
    let text = moment::format_iso(ms);
    text.get(..16).unwrap_or(&text).replace(['T', ':'], "-")
}

/// Events of one execution to records (SFN-LOG-5).
struct Writer<'a> {
    execution_arn: &'a str,
    redrive_count: u64,
    with_data: bool,
}

impl Writer<'_> {
    fn record(&self, event: &HistoryEvent) -> LogEvent {
        let mut details = self.details(event);
        let mut message = self.message(event, &details);
        while message.len() > RECORD_BYTES_MAX && cut(&mut details) {
            message = self.message(event, &details);
        }
        LogEvent { at_ms: event.timestamp_ms, message }
    }

    fn message(&self, event: &HistoryEvent, details: &Map<String, Value>) -> String {
        json!({
            "id": event.id.to_string(),
            "type": event.type_name(),
            "details": details,
            "previous_event_id": event.previous_id.to_string(),
            "event_timestamp": event.timestamp_ms.to_string(),
            "execution_arn": self.execution_arn,
            "redrive_count": self.redrive_count.to_string(),
        })
        .to_string()
    }

    /// The details of the history event, without payloads where they are not wanted (SFN-LOG-6).
    fn details(&self, event: &HistoryEvent) -> Map<String, Value> {
        let told = event_to_json(event, self.with_data);
        let Value::Object(members) = told else { return Map::new() };
        let found = members.into_iter().find(|(name, _)| name.ends_with("EventDetails"));
        let Some((_, Value::Object(mut details))) = found else { return Map::new() };
        if !self.with_data {
            details.retain(|name, _| {
                !matches!(
                    name.as_str(),
                    "parameters" | "assignedVariables" | "assignedVariablesDetails"
                )
            });
        }
        details
    }
}

/// Cuts the longest payload by half and says so (SFN-LOG-10). Whether there was one.
fn cut(details: &mut Map<String, Value>) -> bool {
    let mut longest: Option<(&'static str, &mut String)> = None;
    for (name, value) in details.iter_mut() {
        let owner = match name.as_str() {
            "input" => "inputDetails",
            "output" => "outputDetails",
            "parameters" => "",
            "assignedVariables" => "assignedVariablesDetails",
            _ => continue,
        };
        let texts: Vec<&mut String> = match value {
            Value::String(text) => vec![text],
            Value::Object(members) => members.values_mut().filter_map(as_text).collect(),
            _ => continue,
        };
        for text in texts {
            if longest.as_ref().is_none_or(|(_, other)| other.len() < text.len()) {
                longest = Some((owner, text));
            }
        }
    }
    let Some((owner, text)) = longest.filter(|(_, text)| !text.is_empty()) else { return false };
    text.truncate(text.floor_char_boundary(text.len() / 2));
    if !owner.is_empty() {
        details.insert(owner.to_owned(), json!({ "truncated": true }));
    }
    true
}

fn as_text(value: &mut Value) -> Option<&mut String> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use workflow::history::{Details, StateKind, TaskResource};
    use workflow::payload::Payload;

    use super::*;

    fn event(details: Details) -> HistoryEvent {
        HistoryEvent { id: 3, previous_id: 2, timestamp_ms: 1_700_000_000_123, details }
    }

    fn entered(input: &str) -> HistoryEvent {
        event(Details::StateEntered {
            kind: StateKind::Pass,
            name: "S".into(),
            input: Payload::parse(input).unwrap(),
        })
    }

    fn written(event: &HistoryEvent, with_data: bool) -> String {
        let writer = Writer { execution_arn: "arn", redrive_count: 0, with_data };
        writer.record(event).message
    }

    // SFN-LOG-5, SFN-LOG-6
    #[test]
    fn records_have_texts_around_native_details() {
        assert_eq!(
            written(&entered("{\"a\": 1}"), true),
            r#"{"id":"3","type":"PassStateEntered","details":{"name":"S","input":"{\"a\": 1}","#
                .to_owned()
                + r#""inputDetails":{"truncated":false}},"previous_event_id":"2","#
                + r#""event_timestamp":"1700000000123","execution_arn":"arn","redrive_count":"0"}"#
        );
        assert!(written(&entered("{}"), false).contains(r#""details":{"name":"S"},"#));
        let none = written(&event(Details::ParallelStateStarted), true);
        assert!(none.contains(r#""details":{},"#), "{none}");
        let scheduled = event(Details::TaskScheduled {
            resource: TaskResource { resource_type: "lambda".into(), resource: "invoke".into() },
            region: "us-east-1".to_owned(),
            parameters: Payload::empty_object(),
            timeout_seconds: None,
            heartbeat_seconds: None,
            role_arn: None,
        });
        assert!(written(&scheduled, true).contains("parameters"));
        let bare = written(&scheduled, false);
        assert!(!bare.contains("parameters") && bare.contains("us-east-1"), "{bare}");
        let exited = event(Details::StateExited {
            kind: StateKind::Pass,
            name: "S".into(),
            output: Payload::empty_object(),
            assigned_variables: vec![("v".to_owned(), Payload::empty_object())],
        });
        assert!(written(&exited, true).contains("assignedVariables"));
        assert!(written(&exited, false).contains(r#""details":{"name":"S"},"#));
    }

    // SFN-LOG-7
    #[test]
    fn levels() {
        assert!(ERRORS.is_sorted() && FATALS.is_sorted());
        for (level, type_name, expected) in [
            ("ALL", "PassStateEntered", true),
            ("ERROR", "PassStateEntered", false),
            ("ERROR", "FailStateEntered", true),
            ("ERROR", "TaskFailed", true),
            ("ERROR", "ExecutionFailed", true),
            ("FATAL", "TaskFailed", false),
            ("FATAL", "ExecutionFailed", true),
            ("FATAL", "ExecutionSucceeded", false),
            ("OFF", "ExecutionFailed", false),
        ] {
            assert_eq!(is_logged(level, type_name), expected, "{level} {type_name}");
        }
    }

    // SFN-LOG-8
    #[test]
    fn streams_are_named_by_the_minute() {
        assert_eq!(minute(1_700_000_000_123), "2023-11-14-22-13");
    }

    // SFN-LOG-10
    #[test]
    fn long_payloads_are_cut_and_said_to_be() {
        let long = format!("{{\"a\":\"{}\"}}", "\\\"é".repeat(200_000));
        let message = written(&entered(&long), true);
        assert!(message.len() <= RECORD_BYTES_MAX);
        let record: Value = serde_json::from_str(&message).unwrap();
        assert_eq!(record["details"]["inputDetails"], json!({ "truncated": true }));
        assert!(record["details"]["input"].as_str().unwrap().len() > 10_000);
    }
}
