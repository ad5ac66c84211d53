//! DeleteStateMachineAlias (SFN-ALIAS-12): a missing one is deleted, too.

use identity::Caller;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::describe_state_machine_alias::read_arn;
use crate::machines::Change;
use crate::service::Service;

pub(crate) struct DeleteStateMachineAlias;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_alias_arn: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation<Service> for DeleteStateMachineAlias {
    const NAME: &'static str = "DeleteStateMachineAlias";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let (_, key, name) = read_arn(caller, input.state_machine_alias_arn)?;
        let Some(key) = key else { return Ok(Output {}) };
        service
            .machines
            .change(&service.store, &key, move |record| {
                let Some(mut record) = record else { return Ok((Output {}, Change::Keep)) };
                let change = match record.aliases.remove(&name) {
                    Some(_) => Change::Write(record),
                    None => Change::Keep,
                };
                Ok((Output {}, change))
            })
            .await
    }
}
