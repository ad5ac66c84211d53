//! PublishStateMachineVersion (SFN-VER-1…8).

use identity::Caller;
use resource::arn::state_machine::Qualifier;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::create_state_machine::{DESCRIPTION_CHARS_MAX, publish};
use crate::faults;
use crate::machines::Change;
use crate::service::Service;
use crate::shapes::Timestamp;

pub(crate) struct PublishStateMachineVersion;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_arn: Option<String>,
    revision_id: Option<String>,
    description: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    creation_date: Timestamp,
    state_machine_version_arn: String,
}

impl Operation<Service> for PublishStateMachineVersion {
    const NAME: &'static str = "PublishStateMachineVersion";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        Constraints::new()
            .required_text("stateMachineArn", &input.state_machine_arn, super::ARN_CHARS_MAX)
            .sensitive_len("description", &input.description, 0, DESCRIPTION_CHARS_MAX)
            .finish()
            .map_err(faults::from_constraints)?;
        let arn = input.state_machine_arn.unwrap_or_default();
        let (qualifier, key, _) = super::find_machine(service, caller, &arn)?;
        match qualifier {
            Qualifier::Unqualified => {}
            Qualifier::Label(_) => return Err(faults::labelled_arn()),
            _ => return Err(faults::machine_does_not_exist(&arn)),
        }
        let now_ms = service.host.now_ms();
        service
            .machines
            .change(&service.store, &key, move |record| {
                let mut record = record.ok_or_else(|| faults::machine_does_not_exist(&arn))?;
                if record.deleting {
                    return Err(faults::machine_deleting(&arn));
                }
                let current = record.current.id.as_deref().unwrap_or("INITIAL");
                if let Some(given) = input.revision_id.filter(|given| given != current) {
                    return Err(Fault::new(
                        "ConflictException",
                        format!(
                            "Failed to publish the State Machine version for revision {given}. \
                             The current State Machine revision is {current}."
                        ),
                    ));
                }
                let before = record.last_version;
                let number = publish(service, &mut record, now_ms)?;
                let version = record.versions.get_mut(&number).ok_or_else(Fault::internal)?;
                let fresh = number > before;
                if fresh {
                    version.description = input.description;
                }
                let output = Output {
                    creation_date: Timestamp::from_ms(version.creation_ms),
                    state_machine_version_arn: format!("{arn}:{number}"),
                };
                Ok((output, if fresh { Change::Write(record) } else { Change::Keep }))
            })
            .await
    }
}
