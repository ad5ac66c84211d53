//! ListTagsForResource (SFN-TAG-1, SFN-TAG-4).

use identity::Caller;
use resource::arn::state_machine::{Qualifier, StateMachineArn};
use resource::tags::Tag;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::tag_resource::{Tagged, find};
use crate::faults;
use crate::service::Service;

pub(crate) struct ListTagsForResource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    resource_arn: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Output {
    tags: Vec<Tag>,
}

impl Operation<Service> for ListTagsForResource {
    const NAME: &'static str = "ListTagsForResource";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let arn = super::require_arn("resourceArn", input.resource_arn)?;
        if let Ok(StateMachineArn { qualifier: Qualifier::Version(number), .. }) =
            StateMachineArn::parse(&arn)
        {
            let (_, key) = super::own_machine(caller, &arn)?;
            let found = key.map(|key| service.machines.find(&service.store, &key)).transpose();
            let machine = found.map_err(faults::from_unreadable)?.flatten();
            let known = machine.filter(|machine| machine.versions.contains_key(&number));
            known.ok_or_else(|| faults::resource_not_found(&arn))?;
            return Ok(Output { tags: Vec::new() });
        }
        let tags = match find(service, caller, &arn)? {
            Tagged::Activity(record, _) => record.tags.clone(),
            Tagged::Machine(key) => {
                let found = service.machines.find(&service.store, &key);
                let found = found.map_err(faults::from_unreadable)?;
                found.ok_or_else(|| faults::resource_not_found(&arn))?.tags.clone()
            }
        };
        Ok(Output { tags })
    }
}
