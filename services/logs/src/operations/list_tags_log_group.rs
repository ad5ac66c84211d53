//! ListTagsLogGroup.

use std::collections::BTreeMap;

use identity::Caller;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use crate::service::Service;

pub(crate) struct ListTagsLogGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Output {
    tags: BTreeMap<String, String>,
}

impl Operation<Service> for ListTagsLogGroup {
    const NAME: &'static str = "ListTagsLogGroup";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let address = super::require_group(caller, input.log_group_name)?;
        Ok(Output { tags: service.require_group(&address)?.tags })
    }
}
