//! DescribeStateMachineForExecution (SFN-SM-40…44): the machine as it was when the execution began.

use std::collections::BTreeMap;
use std::sync::Arc;

use identity::Caller;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::fault::Fault;
use wire::operation::Operation;

use super::describe_state_machine::definition;
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
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variable_references: BTreeMap<String, Vec<String>>,
}

impl Operation<Service> for DescribeStateMachineForExecution {
    const NAME: &'static str = "DescribeStateMachineForExecution";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let arn = super::require_arn("executionArn", input.execution_arn)?;
        let wants_data = shapes::wants_data(input.included_data.as_deref())?;
        let found = service.find_execution(caller, &arn)?;
        let revision = &found.start.revision;
        let about = &found.start.about;
        Ok(Output {
            state_machine_arn: about.state_machine_arn.clone(),
            name: about.state_machine_name.clone(),
            definition: definition(service, revision, wants_data)?,
            role_arn: revision.role_arn.clone(),
            update_date: Timestamp::from_ms(revision.update_ms),
            logging_configuration: revision.logging.clone(),
            tracing_configuration: revision.tracing.clone(),
            encryption_configuration: revision.encryption.clone(),
            revision_id: revision.id.clone(),
            variable_references: revision.variable_references.clone(),
        })
    }
}
