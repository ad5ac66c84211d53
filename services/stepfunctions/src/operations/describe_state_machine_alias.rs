//! DescribeStateMachineAlias (SFN-ALIAS-10).

use identity::Caller;
use resource::arn::state_machine::Qualifier;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::create_state_machine_alias::Route;
use super::{own_machine, require_arn};
use crate::faults;
use crate::machines::MachineKey;
use crate::records::AliasRecord;
use crate::service::Service;
use crate::shapes::Timestamp;

pub(crate) struct DescribeStateMachineAlias;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_alias_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    state_machine_alias_arn: String,
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    routing_configuration: Vec<Route>,
    creation_date: Timestamp,
    update_date: Timestamp,
}

impl Operation<Service> for DescribeStateMachineAlias {
    const NAME: &'static str = "DescribeStateMachineAlias";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let (arn, key, name) = read_arn(caller, input.state_machine_alias_arn)?;
        let absent = || faults::reference_does_not_exist(&arn);
        let key = key.ok_or_else(absent)?;
        let found = service.machines.find(&service.store, &key);
        let machine = found.map_err(faults::from_unreadable)?.ok_or_else(absent)?;
        let alias = machine.aliases.get(&name).ok_or_else(absent)?;
        Ok(Output {
            routing_configuration: to_routes(&machine.arn, alias),
            name,
            description: alias.description.clone(),
            creation_date: Timestamp::from_ms(alias.creation_ms),
            update_date: Timestamp::from_ms(alias.update_ms),
            state_machine_alias_arn: arn,
        })
    }
}

fn to_routes(machine_arn: &str, alias: &AliasRecord) -> Vec<Route> {
    let route = |(version, weight): &(u64, u32)| Route {
        state_machine_version_arn: format!("{machine_arn}:{version}"),
        weight: i64::from(*weight),
    };
    alias.routing.iter().map(route).collect()
}

/// An alias's ARN taken apart: the text, whose machine, the alias's name.
pub(super) fn read_arn(
    caller: &Caller,
    arn: Option<String>,
) -> Result<(String, Option<MachineKey>, String), Fault> {
    let arn = require_arn("stateMachineAliasArn", arn)?;
    let (parsed, key) = own_machine(caller, &arn)?;
    match parsed.qualifier {
        Qualifier::Alias(name) => Ok((arn, key, name)),
        _ => Err(Fault::validation(format!("'{arn}' is not the ARN of an alias"))),
    }
}
