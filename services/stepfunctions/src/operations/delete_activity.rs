//! DeleteActivity (SFN-ACT-12, SFN-SEM-77).

use identity::Caller;
use resource::arn::activity::ActivityArn;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use crate::counts::Kind;
use crate::faults;
use crate::records;
use crate::service::Service;

pub(crate) struct DeleteActivity;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    activity_arn: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation<Service> for DeleteActivity {
    const NAME: &'static str = "DeleteActivity";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let arn = super::require_arn("activityArn", input.activity_arn)?;
        let parsed = ActivityArn::parse(&arn).map_err(faults::from_arn)?;
        if service.activities.find(&arn).is_none() {
            return Ok(Output {});
        }
        if *parsed.home.account != *caller.account || *parsed.home.region != *caller.region {
            return Ok(Output {});
        }
        let key = records::owned_key(&caller.account, &caller.region, &parsed.name);
        let slot = records::slot_of_name(&[&caller.account, &caller.region, &parsed.name]);
        let family: store::engine::Family = records::ACTIVITIES.into();
        let keeper = service.clone();
        let (account, region) = (caller.account.clone(), caller.region.clone());
        service
            .store
            .commit(service.store.partition_of(slot), move |stage| {
                if stage.get(&family, &key).map_err(faults::from_read)?.is_none() {
                    return Ok(Output {});
                }
                stage.delete(&family, key);
                stage.on_settled(move |settled| {
                    if settled.is_ok() {
                        keeper.activities.forget(&arn);
                        keeper.counts.release(&account, &region, Kind::Activity);
                    }
                });
                Ok(Output {})
            })
            .await
            .map_err(faults::from_unavailable)?
    }
}
