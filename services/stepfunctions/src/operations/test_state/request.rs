//! The request and what of it can be checked before the definition is looked at.

use std::sync::Arc;

use resource::constraints::Constraints;
use serde::Deserialize;
use serde_json::Value;
use wire::fault::Fault;
use workflow::payload::Payload;

use super::super::ARN_CHARS_MAX;
use super::super::create_state_machine::{DEFINITION_CHARS_MAX, check_role};
use super::context;
use crate::faults;
use crate::service::Service;

/// Longest name of a state.
const STATE_NAME_CHARS_MAX: usize = 80;
/// Longest error and cause of a mock, as of any failure.
const ERROR_CHARS_MAX: usize = 256;
const CAUSE_CHARS_MAX: usize = 32_768;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    definition: Option<String>,
    role_arn: Option<String>,
    input: Option<String>,
    inspection_level: Option<String>,
    reveal_secrets: Option<bool>,
    variables: Option<String>,
    state_name: Option<String>,
    mock: Option<MockInput>,
    context: Option<String>,
    state_configuration: Option<Configuration>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MockInput {
    pub(super) result: Option<String>,
    pub(super) error_output: Option<ErrorOutput>,
    pub(super) field_validation_mode: Option<String>,
}

#[derive(Clone, Deserialize)]
pub(super) struct ErrorOutput {
    pub(super) error: Option<String>,
    pub(super) cause: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Configuration {
    pub(super) retrier_retry_count: Option<i32>,
    pub(super) error_caused_by_state: Option<String>,
    pub(super) map_iteration_failure_count: Option<i32>,
    pub(super) map_item_reader_data: Option<String>,
}

/// The request, past these checks.
pub(super) struct Checked {
    pub(super) definition: String,
    pub(super) role_arn: Option<String>,
    pub(super) input: Payload,
    /// Whether `inspectionData` is wanted.
    pub(super) inspects: bool,
    pub(super) variables: Vec<(String, Payload)>,
    pub(super) state_name: Option<String>,
    pub(super) mock: Option<MockInput>,
    pub(super) context: Option<Value>,
    context_text: Option<String>,
    pub(super) configuration: Configuration,
}

impl Checked {
    /// The texts of all data that came with the request.
    pub(super) fn sources(&self) -> Vec<Arc<str>> {
        let others = [&self.context_text, &self.configuration.map_item_reader_data];
        let others = others.into_iter().flatten().map(|text| text.as_str().into());
        std::iter::once(self.input.text().clone()).chain(others).collect()
    }
}

pub(super) fn check(service: &Service, input: Input) -> Result<Checked, Fault> {
    check_model(service, &input)?;
    check_role(input.role_arn.as_deref())?;
    check_combinations(&input)?;
    Ok(Checked {
        definition: input.definition.unwrap_or_default(),
        role_arn: input.role_arn,
        inspects: matches!(input.inspection_level.as_deref(), Some("DEBUG" | "TRACE")),
        variables: input.variables.map(to_variables).transpose()?.unwrap_or_default(),
        state_name: input.state_name,
        mock: input.mock,
        context: input.context.as_deref().map(context::read).transpose()?,
        context_text: input.context,
        configuration: input.state_configuration.unwrap_or_default(),
        input: super::super::start_execution::to_payload(input.input)?,
    })
}

fn check_model(service: &Service, input: &Input) -> Result<(), Fault> {
    let bytes_max = service.limits.payload_bytes_max;
    let mut constraints = Constraints::new()
        .required("definition", input.definition.is_some())
        .sensitive_len("definition", &input.definition, 1, DEFINITION_CHARS_MAX)
        .text_len("roleArn", &input.role_arn, 1, ARN_CHARS_MAX)
        .payload("input", &input.input, bytes_max)
        .one_of("inspectionLevel", &input.inspection_level, &["INFO", "DEBUG", "TRACE"])
        .payload("variables", &input.variables, bytes_max)
        .sensitive_len("stateName", &input.state_name, 1, STATE_NAME_CHARS_MAX)
        .payload("context", &input.context, bytes_max);
    if let Some(mock) = &input.mock {
        let modes = &["STRICT", "PRESENT", "NONE"];
        constraints = constraints.payload("mock.result", &mock.result, bytes_max).one_of(
            "mock.fieldValidationMode",
            &mock.field_validation_mode,
            modes,
        );
        if let Some(output) = &mock.error_output {
            let (error, cause) = ("mock.errorOutput.error", "mock.errorOutput.cause");
            constraints = constraints
                .sensitive_len(error, &output.error, 0, ERROR_CHARS_MAX)
                .sensitive_len(cause, &output.cause, 0, CAUSE_CHARS_MAX);
        }
    }
    if let Some(configuration) = &input.state_configuration {
        let place = |member: &str| format!("stateConfiguration.{member}");
        let (retries, failures) =
            (configuration.retrier_retry_count, configuration.map_iteration_failure_count);
        constraints = constraints
            .range(&place("retrierRetryCount"), retries, 0, i32::MAX)
            .sensitive_len(
                &place("errorCausedByState"),
                &configuration.error_caused_by_state,
                1,
                STATE_NAME_CHARS_MAX,
            )
            .range(&place("mapIterationFailureCount"), failures, 0, i32::MAX)
            .payload(&place("mapItemReaderData"), &configuration.map_item_reader_data, bytes_max);
    }
    constraints.finish().map_err(faults::from_constraints)
}

/// What goes only with a mock, and what does not go with one (SFN-TEST-5).
fn check_combinations(input: &Input) -> Result<(), Fault> {
    let Some(mock) = &input.mock else {
        let none = Configuration::default();
        let configuration = input.state_configuration.as_ref().unwrap_or(&none);
        let given = [
            ("Context", input.context.is_some()),
            ("RetrierRetryCount", configuration.retrier_retry_count.is_some()),
            ("ErrorCausedByState", configuration.error_caused_by_state.is_some()),
            ("MapIterationFailureCount", configuration.map_iteration_failure_count.is_some()),
            ("MapItemReaderData", configuration.map_item_reader_data.is_some()),
        ];
        return match given.iter().find(|(_, given)| *given) {
            Some((member, _)) => Err(Fault::validation(format!(
                "TestState does not support {member} when a mock is not specified."
            ))),
            None => Ok(()),
        };
    };
    if input.reveal_secrets == Some(true) {
        return Err(Fault::validation(
            "TestState does not support RevealSecrets when a mock is specified.",
        ));
    }
    if mock.result.is_some() == mock.error_output.is_some() {
        return Err(Fault::validation(
            "A test mock should have only one of the following fields: [result, errorOutput].",
        ));
    }
    Ok(())
}

fn to_variables(text: String) -> Result<Vec<(String, Payload)>, Fault> {
    match serde_json::from_str(&text) {
        Ok(Value::Object(members)) => {
            let named = |(name, value)| (name, Payload::from_value(value));
            Ok(members.into_iter().map(named).collect())
        }
        _ => Err(Fault::validation("Variables must be a JSON object")),
    }
}
