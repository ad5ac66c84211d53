//! UntagResource.

use identity::Caller;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::faults;
use crate::service::Service;

pub(crate) struct UntagResource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

impl Operation<Service> for UntagResource {
    const NAME: &'static str = "UntagResource";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        let Some(keys) = input.tag_keys else {
            let missing = resource::constraints::Constraints::new().required("tagKeys", false);
            return missing.finish().map(|()| Nothing {}).map_err(faults::from_constraints);
        };
        let address = super::tagged_group(caller, &input.resource_arn)?;
        service
            .change_group(&address, |group| {
                group.tags.retain(|key, _| !keys.contains(key));
                Ok(())
            })
            .await
    }
}
