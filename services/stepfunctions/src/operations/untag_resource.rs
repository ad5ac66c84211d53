//! UntagResource (SFN-TAG-2): keys that are not there are no matter.

use identity::Caller;
use resource::constraints::Constraints;
use resource::tags::{KEY_CHARS_MAX, Tag};
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
        let constraints = Constraints::new()
            .required_text("resourceArn", &input.resource_arn, super::ARN_CHARS_MAX)
            .required("tagKeys", input.tag_keys.is_some());
        let keys = input.tag_keys.unwrap_or_default();
        keys.iter()
            .enumerate()
            .fold(constraints, |constraints, (index, key)| {
                let path = format!("tagKeys.{}.member", index + 1);
                constraints.text_len(&path, key, 1, KEY_CHARS_MAX)
            })
            .finish()
            .map_err(faults::from_constraints)?;
        let arn = input.resource_arn.unwrap_or_default();
        super::tag_resource::change(service, caller, &arn, move |tags| {
            let kept = |tag: &&Tag| !keys.contains(&tag.key);
            Ok(tags.iter().filter(kept).cloned().collect())
        })
        .await?;
        Ok(Output {})
    }
}
