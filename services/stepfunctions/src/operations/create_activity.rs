//! CreateActivity (SFN-ACT-1…3).

use identity::Caller;
use resource::arn::Home;
use resource::arn::activity::ActivityArn;
use resource::constraints::Constraints;
use resource::name::{NAME_CHARS_MAX, name_chars_ok};
use resource::tags::{self, Tag};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wire::fault::Fault;
use wire::operation::Operation;

use crate::counts::Kind;
use crate::faults;
use crate::records::{self, ActivityRecord, Row};
use crate::service::Service;
use crate::shapes::{self, Encryption, Timestamp};

pub(crate) struct CreateActivity;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    name: Option<String>,
    tags: Option<Vec<Tag>>,
    encryption_configuration: Option<Encryption>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    activity_arn: String,
    creation_date: Timestamp,
}

impl Operation<Service> for CreateActivity {
    const NAME: &'static str = "CreateActivity";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let tags = input.tags.unwrap_or_default();
        let constraints = Constraints::new()
            .required_text("name", &input.name, NAME_CHARS_MAX)
            .tags("tags", &tags);
        shapes::encryption_constraints(constraints, &input.encryption_configuration)
            .finish()
            .map_err(faults::from_constraints)?;
        let name = input.name.unwrap_or_default();
        if !name_chars_ok(&name) {
            return Err(faults::invalid_name(&name));
        }
        tags::check(&tags).map_err(faults::from_tags)?;
        let encryption = input.encryption_configuration.as_ref().map(Encryption::read);
        let home = Home::new(&caller.region, &caller.account);
        let record = ActivityRecord {
            arn: ActivityArn::new(home, &name).to_string(),
            creation_ms: service.host.now_ms(),
            encryption: encryption.transpose()?.unwrap_or_else(shapes::own_key),
            tags: tags::merge(&[], &tags).map_err(faults::from_tags)?,
            name,
        };
        let record = create(service, caller, record).await?;
        Ok(Output {
            activity_arn: record.arn.clone(),
            creation_date: Timestamp::from_ms(record.creation_ms),
        })
    }
}

/// Writes the activity, or gives the one that is there already.
async fn create(
    service: &Service,
    caller: &Caller,
    record: ActivityRecord,
) -> Result<Arc<ActivityRecord>, Fault> {
    let key = records::owned_key(&caller.account, &caller.region, &record.name);
    let slot = records::slot_of_name(&[&caller.account, &caller.region, &record.name]);
    let family: store::engine::Family = records::ACTIVITIES.into();
    let keeper = service.clone();
    let (account, region) = (caller.account.clone(), caller.region.clone());
    service
        .store
        .commit(service.store.partition_of(slot), move |stage| {
            if let Some(row) = stage.get(&family, &key).map_err(faults::from_read)? {
                let existing: ActivityRecord = records::from_row(Row::Activity, &key, &row)
                    .map_err(faults::from_unreadable)?;
                if existing.encryption != record.encryption {
                    return Err(Fault::new(
                        "ActivityAlreadyExists",
                        format!("Activity Already Exists: '{}'", existing.arn),
                    ));
                }
                return Ok(Arc::new(existing));
            }
            let place = keeper.counts.reserve(&account, &region, Kind::Activity);
            place.map_err(|_| faults::too_many_activities())?.keep_with(stage);
            let row = records::to_row(Row::Activity, &key, &record);
            stage.put(&family, key, row);
            let record = Arc::new(record);
            let kept = record.clone();
            stage.on_settled(move |settled| {
                if settled.is_ok() {
                    keeper.activities.keep(kept);
                }
            });
            Ok(record)
        })
        .await
        .map_err(faults::from_unavailable)?
}
