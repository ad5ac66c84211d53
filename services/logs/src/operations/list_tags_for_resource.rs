//! ListTagsForResource.

use std::collections::BTreeMap;

use identity::Caller;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use crate::service::Service;

pub(crate) struct ListTagsForResource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    resource_arn: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Output {
    tags: BTreeMap<String, String>,
}

impl Operation<Service> for ListTagsForResource {
    const NAME: &'static str = "ListTagsForResource";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let address = super::tagged_group(caller, &input.resource_arn)?;
        Ok(Output { tags: service.require_group(&address)?.tags })
    }
}
