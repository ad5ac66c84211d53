//! SendTaskHeartbeat (SFN-ACT-34, SFN-INT-147).

use identity::Caller;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::event::Event;

use super::send_task_success::{read_token, settle};
use crate::service::Service;
use crate::tokens::Place;

pub(crate) struct SendTaskHeartbeat;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    task_token: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation<Service> for SendTaskHeartbeat {
    const NAME: &'static str = "SendTaskHeartbeat";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let (place, token) = read_token(service, caller, input.task_token)?;
        let Place { frame, attempt, .. } = place;
        settle(service, (place, &token), Event::Heartbeat { frame, attempt }).await?;
        Ok(Output {})
    }
}
