//! UntagResource (SFN-TAG-2): keys that are not there are no matter.

use identity::Caller;
use resource::constraints::Constraints;
use resource::tags::Tag;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use crate::faults;
use crate::service::Service;

pub(crate) struct UntagResource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    resource_arn: Option<String>,
    tag_keys: Option<Vec<String>>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation<Service> for UntagResource {
    const NAME: &'static str = "UntagResource";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        Constraints::new()
            .required("resourceArn", input.resource_arn.is_some())
            .required("tagKeys", input.tag_keys.is_some())
            .finish()
            .map_err(faults::from_constraints)?;
        let arn = super::require_arn("resourceArn", input.resource_arn)?;
        let keys = input.tag_keys.unwrap_or_default();
        super::tag_resource::change(service, caller, &arn, move |tags| {
            let kept = |tag: &&Tag| !keys.contains(&tag.key);
            Ok(tags.iter().filter(kept).cloned().collect())
        })
        .await?;
        Ok(Output {})
    }
}
