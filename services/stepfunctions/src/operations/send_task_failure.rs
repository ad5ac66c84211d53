//! SendTaskFailure (SFN-ACT-35, SFN-INT-142).

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::event::Event;

use super::send_task_success::{TOKEN_CHARS_MAX, read_token, settle};
use super::stop_execution::{CAUSE_CHARS_MAX, ERROR_CHARS_MAX};
use crate::faults;
use crate::service::Service;
use crate::tokens::Place;

pub(crate) struct SendTaskFailure;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    task_token: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation<Service> for SendTaskFailure {
    const NAME: &'static str = "SendTaskFailure";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        Constraints::new()
            .required("taskToken", input.task_token.is_some())
            .sensitive_len("taskToken", &input.task_token, 1, TOKEN_CHARS_MAX)
            .sensitive_len("error", &input.error, 0, ERROR_CHARS_MAX)
            .sensitive_len("cause", &input.cause, 0, CAUSE_CHARS_MAX)
            .finish()
            .map_err(faults::from_constraints)?;
        let (place, token) = read_token(service, caller, input.task_token)?;
        let Place { frame, attempt, .. } = place;
        let event =
            Event::CallbackFailed { frame, attempt, error: input.error, cause: input.cause };
        settle(service, (place, &token), event).await?;
        Ok(Output {})
    }
}
