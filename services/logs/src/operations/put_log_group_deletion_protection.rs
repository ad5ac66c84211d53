//! PutLogGroupDeletionProtection.

use identity::Caller;
use resource::constraints::Constraints;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::faults;
use crate::service::Service;

pub(crate) struct PutLogGroupDeletionProtection;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_identifier: Option<String>,
    deletion_protection_enabled: Option<bool>,
}

impl Operation<Service> for PutLogGroupDeletionProtection {
    const NAME: &'static str = "PutLogGroupDeletionProtection";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        let protected = input.deletion_protection_enabled;
        Constraints::new()
            .required("logGroupIdentifier", input.log_group_identifier.is_some())
            .required("deletionProtectionEnabled", protected.is_some())
            .finish()
            .map_err(faults::from_constraints)?;
        let address = super::identified_group(caller, &None, &input.log_group_identifier)?;
        service
            .change_group(&address, |group| {
                group.deletion_protected = protected.unwrap_or_default();
                Ok(())
            })
            .await
    }
}
