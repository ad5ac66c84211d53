//! GetActivityTask (SFN-ACT-20…23, SFN-INT-150…155): a long poll that ends with a leased task.

use std::sync::Arc;
use std::time::Duration;

use identity::Caller;
use resource::constraints::Constraints;
use resource::name::NAME_CHARS_MAX;
use serde::{Deserialize, Serialize};
use store::engine::Order;
use store::probe;
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::event::Event;
use workflow::payload::Payload;

use crate::activities::{OFFERS_MAX, Offer, Poll};
use crate::driver::{DispatchError, Trouble};
use crate::faults;
use crate::records::{self, ActivityRecord, Row, TaskRecord, Unreadable};
use crate::service::Service;
use crate::tokens::Place;

/// How long a poll is parked.
const POLL_MAX: Duration = Duration::from_secs(60);

pub(crate) struct GetActivityTask;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    activity_arn: Option<String>,
    worker_name: Option<String>,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    task_token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Arc<str>>,
}

impl Operation<Service> for GetActivityTask {
    const NAME: &'static str = "GetActivityTask";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        Constraints::new()
            .required_text("activityArn", &input.activity_arn, super::ARN_CHARS_MAX)
            .text_len("workerName", &input.worker_name, 1, NAME_CHARS_MAX)
            .finish()
            .map_err(faults::from_constraints)?;
        let activity = super::find_activity(service, caller, input.activity_arn)?;
        let polling = poll(service, caller, &activity, input.worker_name);
        match tokio::time::timeout(POLL_MAX, polling).await {
            Ok(answer) => answer,
            Err(_) => Ok(Output::default()),
        }
    }
}

async fn poll(
    service: &Service,
    caller: &Caller,
    activity: &ActivityRecord,
    worker_name: Option<String>,
) -> Result<Output, Fault> {
    let arn = &*activity.arn;
    loop {
        let offered = match service.activities.poll(arn) {
            Ok(Poll::Ready(offered)) => offered,
            Ok(Poll::Stored) => {
                refill(service, activity).map_err(faults::from_unreadable)?;
                continue;
            }
            Ok(Poll::Parked(parked)) => tokio::select! {
                biased;
                offered = parked.task() => match offered {
                    Some(offered) => offered,
                    // The activity was deleted under the poll.
                    None => return Err(faults::activity_does_not_exist(arn)),
                },
                () = service.stopped() => return Ok(Output::default()),
            },
            Err(_) => {
                return Err(Fault::new(
                    "ActivityWorkerLimitExceeded",
                    "The maximum number of workers concurrently polling for activity tasks has \
                     been reached.",
                ));
            }
        };
        let offer = offered.offer;
        let leased = match lease(service, (arn, offer), worker_name.clone()).await {
            // Offered again it would stop all the others behind it.
            Err(DispatchError::Unreadable(error)) => {
                offered.take();
                return Err(faults::from_unreadable(error));
            }
            leased => leased.map_err(faults::from_dispatch)?,
        };
        offered.take();
        if let Some(input) = leased {
            let owner = (&*caller.account, &*caller.region);
            let task_token = service.tokens.mint(owner, offer.place, Some(arn));
            return Ok(Output { task_token: Some(task_token), input: Some(input.text().clone()) });
        }
    }
}

/// Reads the oldest tasks that wait, of this life of the activity (SFN-SEM-77).
fn refill(service: &Service, activity: &ActivityRecord) -> Result<(), Unreadable> {
    let offers = stored_offers(service, activity);
    let (known, more) = match &offers {
        Ok(offers) => (offers.clone(), offers.len() == OFFERS_MAX),
        Err(_) => (Vec::new(), true),
    };
    service.activities.refill(&activity.arn, known, more);
    offers.map(|_| ())
}

fn stored_offers(service: &Service, activity: &ActivityRecord) -> Result<Vec<Offer>, Unreadable> {
    if probe::mutant("forget-tasks") {
        return Ok(Vec::new());
    }
    let range = records::offers_since(&activity.arn, activity.creation_ms);
    let rows = service.store.scan_all(records::OFFERS, range, Order::Forward, OFFERS_MAX);
    let offer = |(key, _): &(bytes::Bytes, bytes::Bytes)| {
        let (offered_ms, place) = records::offer_of_key(key)
            .ok_or_else(|| Unreadable::new("an offer's key is no offer's key"))?;
        probe::sometimes("task offered again");
        Ok(Offer { place, offered_ms })
    };
    rows.map_err(Unreadable::new)?.iter().map(offer).collect()
}

/// Takes the task for a worker: recorded before the worker hears of it. `None` when the task is
/// gone meanwhile.
async fn lease(
    service: &Service,
    (arn, offer): (&str, Offer),
    worker_name: Option<String>,
) -> Result<Option<Payload>, DispatchError> {
    service
        .with_fetching(|| {
            let (service, worker_name) = (service.clone(), worker_name.clone());
            async move {
                let partition = service.partition_of(offer.place.id);
                let store = service.store.clone();
                store
                    .commit(partition, move |stage| {
                        lease_in(&service, stage, (arn, offer), worker_name)
                    })
                    .await
            }
        })
        .await
}

fn lease_in(
    service: &Service,
    stage: &mut store::Stage<'_>,
    (arn, offer): (&str, Offer),
    worker_name: Option<String>,
) -> Result<Option<Payload>, Trouble> {
    let open = service.families.open.clone();
    let Offer { place, offered_ms } = offer;
    // Whatever comes of it, nobody else is to be offered it.
    let offer_key = records::offer_key(arn, offered_ms, place);
    if !probe::mutant("lease-unwritten") {
        stage.delete(&service.families.offers, offer_key);
    }
    let key = records::task_key(place.id, place.frame, place.attempt);
    let Some(row) = stage.get(&open, &key).map_err(Unreadable::new)? else { return Ok(None) };
    let mut task: TaskRecord = records::from_row(Row::Task, &key, &row)?;
    if task.leased || task.activity_arn != arn {
        return Ok(None);
    }
    let Place { id, frame, attempt } = place;
    service.apply(stage, id, Event::ActivityStarted { frame, attempt, worker_name })?;
    // The event may have ended the execution, and the task with it.
    if stage.get(&open, &key).map_err(Unreadable::new)?.is_none() {
        return Ok(None);
    }
    task.leased = !probe::mutant("lease-unwritten");
    let row = records::to_row(Row::Task, &key, &task);
    stage.put(&open, key, row);
    Ok(Some(task.input))
}
