//! StopExecution (SFN-EXEC-50…52).

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::event::Event;

use crate::faults;
use crate::service::Service;
use crate::shapes::Timestamp;

/// Longest error and cause.
pub(super) const ERROR_CHARS_MAX: usize = 256;
pub(super) const CAUSE_CHARS_MAX: usize = 32_768;

pub(crate) struct StopExecution;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    execution_arn: Option<String>,
    error: Option<String>,
    cause: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    stop_date: Timestamp,
}

impl Operation<Service> for StopExecution {
    const NAME: &'static str = "StopExecution";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        Constraints::new()
            .required_text("executionArn", &input.execution_arn, super::ARN_CHARS_MAX)
            .sensitive_len("error", &input.error, 0, ERROR_CHARS_MAX)
            .sensitive_len("cause", &input.cause, 0, CAUSE_CHARS_MAX)
            .finish()
            .map_err(faults::from_constraints)?;
        let arn = input.execution_arn.unwrap_or_default();
        let found = service.find_execution(caller, &arn)?;
        let stop = Event::Stop { error: input.error, cause: input.cause };
        // A closed one stays as it is; either way its stop date is what is told.
        service.dispatch(found.id, stop).await.map_err(faults::from_dispatch)?;
        let closed = service.find_by_id(found.id).map_err(faults::from_unreadable)?;
        let stop_ms = closed.and_then(|closed| closed.head.stop_ms);
        let stop_ms = stop_ms.ok_or_else(Fault::internal)?;
        Ok(Output { stop_date: Timestamp::from_ms(stop_ms) })
    }
}
