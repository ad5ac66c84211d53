//! DeleteStateMachineVersion (SFN-VER-20…23).

use identity::Caller;
use resource::arn::state_machine::Qualifier;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::{LONG_ARN_CHARS_MAX, own_machine, require_text};
use crate::machines::Change;
use crate::records::MachineRecord;
use crate::service::Service;

pub(crate) struct DeleteStateMachineVersion;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_version_arn: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation<Service> for DeleteStateMachineVersion {
    const NAME: &'static str = "DeleteStateMachineVersion";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let arn = input.state_machine_version_arn;
        let arn = require_text("stateMachineVersionArn", arn, LONG_ARN_CHARS_MAX)?;
        let (parsed, key) = own_machine(caller, &arn)?;
        let Qualifier::Version(number) = parsed.qualifier else {
            return Err(Fault::validation(format!("'{arn}' is not the ARN of a version")));
        };
        let Some(key) = key else { return Ok(Output {}) };
        service
            .machines
            .change(&service.store, &key, move |record| {
                let Some(mut record) = record else { return Ok((Output {}, Change::Keep)) };
                refuse_referenced(&record, number)?;
                let change = match record.versions.remove(&number) {
                    Some(_) => Change::Write(record),
                    None => Change::Keep,
                };
                Ok((Output {}, change))
            })
            .await
    }
}

fn refuse_referenced(record: &MachineRecord, number: u64) -> Result<(), Fault> {
    let aliases: Vec<&str> = record
        .aliases
        .iter()
        .filter(|(_, alias)| alias.routing.iter().any(|(version, _)| *version == number))
        .map(|(name, _)| name.as_str())
        .collect();
    if aliases.is_empty() {
        return Ok(());
    }
    Err(Fault::new(
        "ConflictException",
        format!(
            "Version to be deleted must not be referenced by an alias. Current list of aliases \
             referencing this version: [{}]",
            aliases.join(", ")
        ),
    ))
}
