//! DeleteRetentionPolicy: events stay for ever from now on.

use identity::Caller;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::service::Service;

pub(crate) struct DeleteRetentionPolicy;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
}

impl Operation<Service> for DeleteRetentionPolicy {
    const NAME: &'static str = "DeleteRetentionPolicy";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        let address = super::require_group(caller, input.log_group_name)?;
        service
            .change_group(&address, |group| {
                group.retention_days = None;
                Ok(())
            })
            .await
    }
}
