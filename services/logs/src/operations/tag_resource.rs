//! TagResource.

use std::collections::BTreeMap;

use identity::Caller;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::faults;
use crate::service::Service;

pub(crate) struct TagResource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    resource_arn: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

impl Operation<Service> for TagResource {
    const NAME: &'static str = "TagResource";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        let Some(added) = input.tags else {
            let missing = resource::constraints::Constraints::new().required("tags", false);
            return missing.finish().map(|()| Nothing {}).map_err(faults::from_constraints);
        };
        let address = super::tagged_group(caller, &input.resource_arn)?;
        service
            .change_group(&address, |group| {
                group.tags = super::merge_tags(&group.tags, added, "TooManyTagsException")?;
                Ok(())
            })
            .await
    }
}
