//! UntagLogGroup.

use identity::Caller;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::faults;
use crate::service::Service;

pub(crate) struct UntagLogGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    tags: Option<Vec<String>>,
}

impl Operation<Service> for UntagLogGroup {
    const NAME: &'static str = "UntagLogGroup";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        let Some(keys) = input.tags else {
            let missing = resource::constraints::Constraints::new().required("tags", false);
            return missing.finish().map(|()| Nothing {}).map_err(faults::from_constraints);
        };
        let address = super::require_group(caller, input.log_group_name)?;
        service
            .change_group(&address, |group| {
                group.tags.retain(|key, _| !keys.contains(key));
                Ok(())
            })
            .await
    }
}
