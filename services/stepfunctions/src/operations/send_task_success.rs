//! SendTaskSuccess (SFN-ACT-30…36, SFN-INT-140…149): one settling call per token, acknowledged
//! when its event is durable. The other two SendTask operations share what is here.

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use store::probe;
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::event::Event;
use workflow::execution::{Execution, TaskKind};
use workflow::payload::Payload;

use crate::driver::Trouble;
use crate::faults;
use crate::service::Service;
use crate::tokens::{Place, Tokens};

/// Longest token.
pub(super) const TOKEN_CHARS_MAX: usize = 2_048;

pub(crate) struct SendTaskSuccess;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    task_token: Option<String>,
    output: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation<Service> for SendTaskSuccess {
    const NAME: &'static str = "SendTaskSuccess";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        Constraints::new()
            .required("taskToken", input.task_token.is_some())
            .sensitive_len("taskToken", &input.task_token, 1, TOKEN_CHARS_MAX)
            .required("output", input.output.is_some())
            .payload("output", &input.output, service.limits.payload_bytes_max)
            .finish()
            .map_err(faults::from_constraints)?;
        let (place, token) = read_token(service, caller, input.task_token)?;
        let output = Payload::parse(input.output.unwrap_or_default()).ok_or_else(|| {
            Fault::new("InvalidOutput", "Invalid Output: 'Output is not valid JSON'")
        })?;
        let Place { frame, attempt, .. } = place;
        settle(service, (place, &token), Event::TaskSucceeded { frame, attempt, output }).await?;
        Ok(Output {})
    }
}

/// The place behind a token, or the fault of a text that is none (SFN-INT-143).
pub(super) fn read_token(
    service: &Service,
    caller: &Caller,
    token: Option<String>,
) -> Result<(Place, String), Fault> {
    Constraints::new()
        .required("taskToken", token.is_some())
        .sensitive_len("taskToken", &token, 1, TOKEN_CHARS_MAX)
        .finish()
        .map_err(faults::from_constraints)?;
    let token = token.unwrap_or_default();
    let place = service.tokens.read(&caller.account, &caller.region, &token);
    place.map(|place| (place, token)).ok_or_else(faults::invalid_token)
}

/// Applies a token's event if its task is still open, and waits until that is durable.
pub(super) async fn settle(
    service: &Service,
    (place, token): (Place, &str),
    event: Event,
) -> Result<(), Fault> {
    let open = service
        .with_fetching(|| {
            let (service, event) = (service.clone(), event.clone());
            async move {
                let partition = service.partition_of(place.id);
                let store = service.store.clone();
                let settling =
                    move |stage: &mut store::Stage<'_>| settle_in(&service, stage, place, event);
                match probe::mutant("result-early") {
                    true => store.stage(partition, settling),
                    false => store.commit(partition, settling).await,
                }
            }
        })
        .await
        .map_err(faults::from_dispatch)?;
    match open {
        true => Ok(()),
        false => Err(timed_out(service, token)),
    }
}

fn settle_in(
    service: &Service,
    stage: &mut store::Stage<'_>,
    place: Place,
    event: Event,
) -> Result<bool, Trouble> {
    let open = service.look(stage, place.id, |live| is_open(&live.execution, place))?;
    if probe::mutant("second-result") && open.is_some() {
        return service.apply(stage, place.id, event).map(|_| true);
    }
    if open != Some(true) {
        probe::sometimes("result refused");
        return Ok(false);
    }
    service.apply(stage, place.id, event)?;
    Ok(true)
}

/// Whether the token may still be used: an activity's only while leased.
fn is_open(execution: &Execution, place: Place) -> bool {
    execution.task_open(place.frame, place.attempt).is_some_and(|task| match task.kind {
        TaskKind::Activity { .. } => task.started && !task.settled(),
        TaskKind::Call { .. } => task.token && !task.settled(),
    })
}

/// The task completed, timed out or was abandoned (SFN-ACT-31).
fn timed_out(service: &Service, token: &str) -> Fault {
    let activity = Tokens::activity_mark(token).and_then(|mark| service.activities.marked(mark));
    let subject = activity.unwrap_or_else(|| "Provided task does not exist anymore".to_owned());
    Fault::new("TaskTimedOut", format!("Task Timed Out: '{subject}'"))
}
