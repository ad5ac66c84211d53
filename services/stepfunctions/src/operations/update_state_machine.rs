//! UpdateStateMachine (SFN-SM-20…26).

use std::collections::BTreeMap;
use std::sync::Arc;

use identity::Caller;
use resource::arn::state_machine::Qualifier;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use wire::fault::Fault;
use wire::operation::Operation;

use super::create_state_machine::{
    DEFINITION_CHARS_MAX, DESCRIPTION_CHARS_MAX, add, check_definition, check_role, publish,
};
use crate::faults;
use crate::machines::Change;
use crate::records::{MachineRecord, Revision};
use crate::service::Service;
use crate::shapes::{self, Encryption, Logging, Timestamp, Tracing};

pub(crate) struct UpdateStateMachine;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_arn: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    logging_configuration: Option<Logging>,
    tracing_configuration: Option<Tracing>,
    publish: Option<bool>,
    version_description: Option<String>,
    encryption_configuration: Option<Encryption>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    update_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    revision_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

impl Operation<Service> for UpdateStateMachine {
    const NAME: &'static str = "UpdateStateMachine";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        check(&input)?;
        let arn = input.state_machine_arn.clone().unwrap_or_default();
        let (qualifier, key, machine) = super::find_machine(service, caller, &arn)?;
        match qualifier {
            Qualifier::Unqualified => {}
            Qualifier::Label(_) => return Err(faults::labelled_arn()),
            _ => return Err(faults::machine_does_not_exist(&arn)),
        }
        let changes = to_changes(service, caller, &machine, &input).await?;
        let now_ms = service.host.now_ms();
        let revision_id = service.host.uuid();
        service
            .machines
            .change(&service.store, &key, move |record| {
                let mut record = record.ok_or_else(|| faults::machine_does_not_exist(&arn))?;
                if record.deleting {
                    return Err(faults::machine_deleting(&arn));
                }
                let changed = changes.apply(&mut record, now_ms, revision_id);
                let version = match input.publish {
                    Some(true) => {
                        Some(publish_as(service, &mut record, now_ms, input.version_description)?)
                    }
                    _ => None,
                };
                let output = Output {
                    update_date: Timestamp::from_ms(record.current.update_ms),
                    revision_id: record.current.id.clone(),
                    state_machine_version_arn: version.map(|number| format!("{arn}:{number}")),
                };
                let write = changed || version.is_some();
                Ok((output, if write { Change::Write(record) } else { Change::Keep }))
            })
            .await
    }
}

/// Publishes the current revision; the description is that of a version that is new.
fn publish_as(
    service: &Service,
    record: &mut MachineRecord,
    now_ms: i64,
    description: Option<String>,
) -> Result<u64, Fault> {
    let before = record.last_version;
    let number = publish(service, record, now_ms)?;
    if let Some(version) = record.versions.get_mut(&number).filter(|_| number > before) {
        version.description = description;
    }
    Ok(number)
}

fn check(input: &Input) -> Result<(), Fault> {
    let constraints = Constraints::new()
        .required_text("stateMachineArn", &input.state_machine_arn, super::ARN_CHARS_MAX)
        .sensitive_len("definition", &input.definition, 1, DEFINITION_CHARS_MAX)
        .text_len("roleArn", &input.role_arn, 1, super::ARN_CHARS_MAX);
    let constraints = shapes::logging_constraints(constraints, &input.logging_configuration)
        .sensitive_len("versionDescription", &input.version_description, 0, DESCRIPTION_CHARS_MAX);
    shapes::encryption_constraints(constraints, &input.encryption_configuration)
        .finish()
        .map_err(faults::from_constraints)?;
    check_role(input.role_arn.as_deref())?;
    let nothing = input.definition.is_none()
        && input.role_arn.is_none()
        && input.logging_configuration.is_none()
        && input.tracing_configuration.is_none()
        && input.encryption_configuration.is_none();
    let publishes = input.publish == Some(true);
    if nothing && !publishes {
        return Err(Fault::new(
            "MissingRequiredParameter",
            "Either the definition, the role ARN, the LoggingConfiguration, or the \
             TracingConfiguration must be specified",
        ));
    }
    if input.version_description.is_some() && !publishes {
        return Err(Fault::validation("Version description can only be set when publish is true"));
    }
    Ok(())
}

/// State to variables.
type References = BTreeMap<String, Vec<String>>;

/// What an update sets; absent members stay.
struct Changes {
    /// Its digest and the variables it reads.
    definition: Option<([u8; 32], References)>,
    role_arn: Option<String>,
    logging: Option<Value>,
    tracing: Option<Value>,
    encryption: Option<Value>,
}

async fn to_changes(
    service: &Service,
    caller: &Caller,
    machine: &MachineRecord,
    input: &Input,
) -> Result<Changes, Fault> {
    let mut changes = Changes {
        definition: None,
        role_arn: input.role_arn.clone(),
        logging: input.logging_configuration.as_ref().map(Logging::read).transpose()?,
        tracing: input.tracing_configuration.as_ref().map(Tracing::read).transpose()?,
        encryption: input.encryption_configuration.as_ref().map(Encryption::read).transpose()?,
    };
    if let Some(logging) = &changes.logging {
        service.check_log_group(caller, logging).await?;
    }
    if let Some(text) = &input.definition {
        let checked = check_definition(text, machine.kind)?;
        let digest = add(service, text, checked.definition).await?;
        changes.definition = Some((digest, checked.variable_references));
    }
    Ok(changes)
}

impl Changes {
    /// Makes a new revision of it when something differs (SFN-SM-21).
    fn apply(self, record: &mut MachineRecord, now_ms: i64, revision_id: String) -> bool {
        let before = &record.current;
        let mut after = Revision::clone(before);
        if let Some((digest, references)) = self.definition {
            after.definition = digest;
            after.variable_references = references;
        }
        after.role_arn = self.role_arn.unwrap_or(after.role_arn);
        after.logging = self.logging.unwrap_or(after.logging);
        after.tracing = self.tracing.unwrap_or(after.tracing);
        after.encryption = self.encryption.unwrap_or(after.encryption);
        if after == **before {
            return false;
        }
        after.id = Some(revision_id);
        after.update_ms = now_ms;
        record.current = Arc::new(after);
        true
    }
}
