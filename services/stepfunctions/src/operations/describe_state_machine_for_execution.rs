//! DescribeStateMachineForExecution (SFN-SM-40…44): the machine as it was when the execution began.

use std::collections::BTreeMap;
use std::sync::Arc;

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::fault::Fault;
use wire::operation::Operation;

use super::describe_state_machine::definition;
use super::processor;
use crate::faults;
use crate::service::Service;
use crate::shapes::{self, Timestamp};

pub(crate) struct DescribeStateMachineForExecution;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    state_machine_arn: String,
    name: String,
    definition: Arc<str>,
    role_arn: String,
    update_date: Timestamp,
    logging_configuration: Value,
    tracing_configuration: Value,
    encryption_configuration: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variable_references: BTreeMap<String, Vec<String>>,
}

impl Operation<Service> for DescribeStateMachineForExecution {
    const NAME: &'static str = "DescribeStateMachineForExecution";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let constraints = Constraints::new().required_text(
            "executionArn",
            &input.execution_arn,
            super::ARN_CHARS_MAX,
        );
        shapes::included_data(constraints, &input.included_data)
            .finish()
            .map_err(faults::from_constraints)?;
        let arn = input.execution_arn.unwrap_or_default();
        let wants_data = shapes::wants_data(input.included_data.as_deref());
        let found = service.find_described(caller, &arn)?;
        let revision = &found.start.revision;
        let about = &found.start.about;
        let child = found.start.child.as_ref();
        let whole = definition(service, revision, wants_data)?;
        let own = child.and_then(|child| processor::at_path(&whole, &child.path));
        let mut variable_references = revision.variable_references.clone();
        if let Some((_, states)) = &own {
            variable_references.retain(|state, _| states.contains(state));
        }
        Ok(Output {
            state_machine_arn: about.state_machine_arn.clone(),
            name: about.state_machine_name.clone(),
            definition: own.map_or(whole, |(text, _)| text),
            role_arn: revision.role_arn.clone(),
            update_date: Timestamp::from_ms(revision.update_ms),
            logging_configuration: revision.logging.clone(),
            tracing_configuration: revision.tracing.clone(),
            encryption_configuration: revision.encryption.clone(),
            map_run_arn: child.map(|child| child.map_run_arn.clone()),
            label: child.map(|child| child.label.clone()),
            revision_id: revision.id.clone(),
            variable_references,
        })
    }
}
