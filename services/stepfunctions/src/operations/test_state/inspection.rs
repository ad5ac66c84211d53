//! `inspectionData`: what was seen of the data flow, as far as it is told of each kind of state
//! (SFN-TEST-9…11).

use std::sync::Arc;

use asl::model::Kind;
use serde::Serialize;
use serde_json::Value;
use workflow::observe::Stage;
use workflow::payload::Payload;

use super::probe::Seen;
use super::trial::Ended;

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct InspectionData {
    input: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_input_path: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_parameters: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_arguments: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_items_path: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_items_pointer: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_item_selector: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_item_batcher: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    result: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_result_selector: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    after_result_path: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_concurrency: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerated_failure_count: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tolerated_failure_percentage: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    variables: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error_details: Option<ErrorDetails>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct ErrorDetails {
    #[serde(skip_serializing_if = "Option::is_none")]
    catch_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_backoff_interval_seconds: Option<u64>,
}

impl InspectionData {
    pub(super) fn of(ended: &Ended) -> InspectionData {
        let seen = &ended.seen;
        let kind = &ended.tested.state().kind;
        let stage = |stage: Stage| {
            let value = seen.stages.get(&stage).filter(|_| is_told(kind, stage))?;
            Some(value.text().clone())
        };
        let part = |payload: &Payload| taken_from(&ended.sources, payload);
        let mapped = seen.mapped.clone().unwrap_or_default();
        InspectionData {
            input: Some(ended.input.text().clone()),
            after_input_path: stage(Stage::InputPath),
            after_parameters: stage(Stage::Parameters),
            after_arguments: stage(Stage::Arguments),
            after_items_path: seen.stages.get(&Stage::ItemsPath).map(part),
            after_items_pointer: ended.pointed.as_ref().map(part),
            after_item_selector: stage(Stage::ItemSelector),
            after_item_batcher: stage(Stage::ItemBatcher),
            result: stage(Stage::Result),
            after_result_selector: stage(Stage::ResultSelector),
            after_result_path: stage(Stage::ResultPath),
            max_concurrency: seen.mapped.is_some().then_some(mapped.max_concurrency),
            tolerated_failure_count: mapped.tolerated_failure_count,
            tolerated_failure_percentage: mapped.tolerated_failure_percentage,
            variables: match ended.variables.is_empty() {
                true => None,
                false => Some(Value::Object(ended.variables.clone()).to_string()),
            },
            error_details: error_details(seen),
        }
    }
}

/// Which stages are told of which kind of state.
fn is_told(kind: &Kind, stage: Stage) -> bool {
    match kind {
        Kind::Parallel(_) => matches!(stage, Stage::ResultSelector | Stage::ResultPath),
        Kind::Map(_) => !matches!(stage, Stage::Parameters | Stage::Arguments | Stage::Result),
        _ => true,
    }
}

fn error_details(seen: &Seen) -> Option<ErrorDetails> {
    let mut details = ErrorDetails::default();
    match (seen.catcher, seen.retrier) {
        (Some(catcher), _) => details.catch_index = Some(catcher),
        (None, Some((retrier, delay_ms))) => {
            details.retry_index = Some(retrier);
            details.retry_backoff_interval_seconds =
                delay_ms.map(|delay_ms| delay_ms.div_ceil(1000));
        }
        (None, None) => return None,
    }
    Some(details)
}

/// A part of a document keeps the spaces of the text that it was taken from.
fn taken_from(sources: &[Arc<str>], part: &Payload) -> Arc<str> {
    let spaced = spaced(part.value());
    match sources.iter().any(|source| source.contains(&spaced)) {
        true => spaced.into(),
        false => part.text().clone(),
    }
}

/// JSON with a space after each comma and colon.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(spaced).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let member = |(name, value): (&String, &Value)| {
                format!("{}: {}", Value::from(name.as_str()), spaced(value))
            };
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}
