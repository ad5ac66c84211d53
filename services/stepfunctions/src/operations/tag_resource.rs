//! TagResource (SFN-TAG-1…4). The other two tag operations share what is here.

use std::sync::Arc;

use identity::Caller;
use resource::arn::Arn;
use resource::arn::activity::ActivityArn;
use resource::arn::state_machine::{Qualifier, StateMachineArn};
use resource::constraints::Constraints;
use resource::tags::{self, Tag};
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use crate::faults;
use crate::machines::{Change, MachineKey};
use crate::records::{self, ActivityRecord, Row};
use crate::service::Service;

pub(crate) struct TagResource;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    resource_arn: Option<String>,
    tags: Option<Vec<Tag>>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation<Service> for TagResource {
    const NAME: &'static str = "TagResource";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let given = input.tags.is_some();
        let added = input.tags.unwrap_or_default();
        Constraints::new()
            .required_text("resourceArn", &input.resource_arn, super::ARN_CHARS_MAX)
            .required("tags", given)
            .tags("tags", &added)
            .finish()
            .map_err(faults::from_constraints)?;
        let arn = input.resource_arn.unwrap_or_default();
        tags::check(&added).map_err(faults::from_tags)?;
        change(service, caller, &arn, move |tags| {
            tags::merge(tags, &added).map_err(faults::from_tags)
        })
        .await?;
        Ok(Output {})
    }
}

/// What has tags.
pub(super) enum Tagged {
    Machine(MachineKey),
    Activity(Arc<ActivityRecord>, ActivityArn),
}

/// The caller's machine or activity of that ARN; versions and anything else have no tags.
pub(super) fn find(service: &Service, caller: &Caller, arn: &str) -> Result<Tagged, Fault> {
    let parsed = Arn::parse(arn).map_err(faults::from_arn)?;
    let absent = || faults::resource_not_found(arn);
    if *parsed.account != *caller.account || *parsed.region != *caller.region {
        return Err(absent());
    }
    if let Ok(activity) = ActivityArn::parse(arn) {
        let record = service.activities.find(arn).ok_or_else(absent)?;
        return Ok(Tagged::Activity(record, activity));
    }
    match StateMachineArn::parse(arn).map_err(faults::from_arn)? {
        StateMachineArn { home, name, qualifier: Qualifier::Unqualified }
            if super::is_own(caller, &home) =>
        {
            let key = MachineKey::of(caller, &name);
            let found = service.machines.find(&service.store, &key);
            found.map_err(faults::from_unreadable)?.ok_or_else(absent)?;
            Ok(Tagged::Machine(key))
        }
        _ => Err(absent()),
    }
}

/// Changes the tags of a resource, durably.
pub(super) async fn change(
    service: &Service,
    caller: &Caller,
    arn: &str,
    change: impl FnOnce(&[Tag]) -> Result<Vec<Tag>, Fault> + Send,
) -> Result<(), Fault> {
    match find(service, caller, arn)? {
        Tagged::Machine(key) => {
            let absent = faults::resource_not_found(arn);
            service
                .machines
                .change(&service.store, &key, move |record| {
                    let mut record = record.ok_or(absent)?;
                    record.tags = change(&record.tags)?;
                    Ok(((), Change::Write(record)))
                })
                .await
        }
        Tagged::Activity(_, activity) => change_activity(service, caller, &activity, change).await,
    }
}

async fn change_activity(
    service: &Service,
    caller: &Caller,
    arn: &ActivityArn,
    change: impl FnOnce(&[Tag]) -> Result<Vec<Tag>, Fault> + Send,
) -> Result<(), Fault> {
    let key = records::owned_key(&caller.account, &caller.region, &arn.name);
    let slot = records::slot_of_name(&[&caller.account, &caller.region, &arn.name]);
    let family: store::engine::Family = records::ACTIVITIES.into();
    let absent = faults::resource_not_found(&arn.to_string());
    let keeper = service.clone();
    service
        .store
        .commit(service.store.partition_of(slot), move |stage| {
            let row = stage.get(&family, &key).map_err(faults::from_read)?.ok_or(absent)?;
            let mut record: ActivityRecord =
                records::from_row(Row::Activity, &key, &row).map_err(faults::from_unreadable)?;
            record.tags = change(&record.tags)?;
            let row = records::to_row(Row::Activity, &key, &record);
            stage.put(&family, key, row);
            stage.on_settled(move |settled| {
                if settled.is_ok() {
                    keeper.activities.keep(Arc::new(record));
                }
            });
            Ok(())
        })
        .await
        .map_err(faults::from_unavailable)?
}
