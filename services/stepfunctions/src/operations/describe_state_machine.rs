//! DescribeStateMachine (SFN-SM-30…36).

use std::collections::BTreeMap;
use std::sync::Arc;

use identity::Caller;
use resource::arn::state_machine::Qualifier;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::fault::Fault;
use wire::operation::Operation;

use super::processor;
use crate::faults;
use crate::records::Revision;
use crate::service::Service;
use crate::shapes::{self, Timestamp};

pub(crate) struct DescribeStateMachine;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    state_machine_arn: String,
    name: String,
    status: &'static str,
    definition: Arc<str>,
    role_arn: String,
    #[serde(rename = "type")]
    kind: &'static str,
    creation_date: Timestamp,
    logging_configuration: Value,
    tracing_configuration: Value,
    encryption_configuration: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    variable_references: BTreeMap<String, Vec<String>>,
}

impl Operation<Service> for DescribeStateMachine {
    const NAME: &'static str = "DescribeStateMachine";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let constraints = Constraints::new().required_text(
            "stateMachineArn",
            &input.state_machine_arn,
            super::ARN_CHARS_MAX,
        );
        shapes::included_data(constraints, &input.included_data)
            .finish()
            .map_err(faults::from_constraints)?;
        let arn = input.state_machine_arn.unwrap_or_default();
        let wants_data = shapes::wants_data(input.included_data.as_deref());
        let (qualifier, _, machine) = super::find_machine(service, caller, &arn)?;
        let (revision, creation_ms, description) = match &qualifier {
            Qualifier::Unqualified => (machine.current.clone(), machine.creation_ms, None),
            Qualifier::Version(number) => {
                let version = machine.versions.get(number);
                let version = version.ok_or_else(|| faults::machine_does_not_exist(&arn))?;
                (version.revision.clone(), version.creation_ms, version.description.clone())
            }
            Qualifier::Label(_) => (machine.current.clone(), machine.creation_ms, None),
            Qualifier::Alias(_) => return Err(faults::machine_does_not_exist(&arn)),
        };
        let mut text = definition(service, &revision, wants_data)?;
        let mut variable_references = revision.variable_references.clone();
        let label = match qualifier {
            Qualifier::Label(label) => Some(label),
            _ => None,
        };
        if let Some(label) = &label {
            let whole = definition(service, &revision, true)?;
            let own = processor::labelled(&whole, &machine.arn, label);
            let (own, states) = own.ok_or_else(|| faults::machine_does_not_exist(&arn))?;
            variable_references.retain(|state, _| states.contains(state));
            text = if wants_data { own } else { text };
        }
        Ok(Output {
            definition: text,
            label,
            state_machine_arn: arn,
            name: machine.name.clone(),
            status: if machine.deleting { "DELETING" } else { "ACTIVE" },
            role_arn: revision.role_arn.clone(),
            kind: machine.kind.text(),
            creation_date: Timestamp::from_ms(creation_ms),
            logging_configuration: revision.logging.clone(),
            tracing_configuration: revision.tracing.clone(),
            encryption_configuration: revision.encryption.clone(),
            revision_id: revision.id.clone(),
            description,
            variable_references,
        })
    }
}

/// The definition's text, byte for byte as it came (SFN-SM-9), or `{}` when only metadata is
/// wanted (SFN-SM-35).
pub(super) fn definition(
    service: &Service,
    revision: &Revision,
    wants_data: bool,
) -> Result<Arc<str>, Fault> {
    if !wants_data {
        return Ok("{}".into());
    }
    let compiled = service.definitions.find(&service.store, &revision.definition);
    Ok(compiled.map_err(faults::from_unreadable)?.text)
}
