//! RedriveExecution (SFN-EXEC-70…73): the token first, then whether the execution can be redriven;
//! acknowledged when it runs again durably.

use identity::Caller;
use resource::arn::execution::ExecutionArn;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use crate::driver::{By, Redriven};
use crate::faults;
use crate::service::Service;
use crate::shapes::Timestamp;

/// Longest client token, and what it is made of.
const TOKEN_CHARS_MAX: usize = 64;
const TOKEN_PATTERN: &str = "[!-~]+";
/// How often an execution is looked for that moves while we look.
const LOOKS_MAX: usize = 8;

pub(crate) struct RedriveExecution;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    execution_arn: Option<String>,
    client_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    redrive_date: Timestamp,
}

impl Operation<Service> for RedriveExecution {
    const NAME: &'static str = "RedriveExecution";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        check(&input)?;
        let arn = input.execution_arn.unwrap_or_default();
        let parsed = ExecutionArn::parse_standard(&arn).map_err(faults::from_arn)?;
        if parsed.label.is_some() {
            return Err(faults::labelled_execution_arn());
        }
        let by = By::Token(input.client_token);
        for _ in 0..LOOKS_MAX {
            let found = service.find_execution(caller, &arn)?;
            let family = found.family.as_str().into();
            match service
                .redrive(found.id, &family, by.clone())
                .await
                .map_err(faults::from_dispatch)?
            {
                Redriven::At(redrive_ms) => {
                    return Ok(Output { redrive_date: Timestamp::from_ms(redrive_ms) });
                }
                Redriven::Refused(reason) => {
                    return Err(faults::execution_not_redrivable(&arn, &reason));
                }
                Redriven::Full => return Err(faults::too_many_executions()),
                Redriven::Moved => {}
            }
        }
        Err(Fault::unavailable("The execution changes while it is looked for. Try again."))
    }
}

fn check(input: &Input) -> Result<(), Fault> {
    let printable = |token: &str| token.bytes().all(|byte| byte.is_ascii_graphic());
    Constraints::new()
        .required_text("executionArn", &input.execution_arn, super::ARN_CHARS_MAX)
        .text_len("clientToken", &input.client_token, 1, TOKEN_CHARS_MAX)
        .pattern("clientToken", &input.client_token, TOKEN_PATTERN, printable)
        .finish()
        .map_err(faults::from_constraints)
}
