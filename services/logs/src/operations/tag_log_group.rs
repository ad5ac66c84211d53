//! TagLogGroup.

use std::collections::BTreeMap;

use identity::Caller;
use serde::Deserialize;
use wire::fault::Fault;
use wire::operation::Operation;

use super::Nothing;
use crate::faults;
use crate::service::Service;

pub(crate) struct TagLogGroup;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    tags: Option<BTreeMap<String, String>>,
}

impl Operation<Service> for TagLogGroup {
    const NAME: &'static str = "TagLogGroup";
    type Input = Input;
    type Output = Nothing;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Nothing, Fault> {
        let Some(added) = input.tags else {
            let missing = resource::constraints::Constraints::new().required("tags", false);
            return missing.finish().map(|()| Nothing {}).map_err(faults::from_constraints);
        };
        let address = super::require_group(caller, input.log_group_name)?;
        service
            .change_group(&address, |group| {
                group.tags = super::merge_tags(&group.tags, added, "InvalidParameterException")?;
                Ok(())
            })
            .await
    }
}
