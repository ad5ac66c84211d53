//! The table: what a Task names, and the file that performs it. Each integration maps parameters
//! to a call of a target and the answer back; patterns such as `.waitForTaskToken` live in
//! `workflow`.

mod aws_sdk_sfn;
mod lambda_function;
mod lambda_invoke;
mod metadata;
pub(crate) mod states_start_execution;

use asl::model::Resource;
use workflow::effect::Call;

use crate::calls::{Answer, Context};
use crate::integrations::names::prefix_of;

pub(crate) mod names;

/// Performs a call.
pub(crate) async fn call(context: &Context<'_>, call: &Call) -> Answer {
    match &call.resource {
        Resource::Lambda { arn } => lambda_function::call(context, arn, call).await,
        Resource::Service { service, action, .. } => match (service.as_str(), action.as_str()) {
            ("lambda", "invoke") => lambda_invoke::call(context, call).await,
            ("states", "startExecution") => states_start_execution::call(context, call).await,
            ("aws-sdk:sfn", action) => aws_sdk_sfn::call(context, action, call).await,
            _ => no_endpoint(service, action),
        },
        Resource::Activity { arn } => {
            Answer::failed("States.Runtime", format!("The activity {arn} cannot be called."))
        }
    }
}

/// A service that this server neither has nor is told where to find (SFN-INT-19, SFN-INT-63).
fn no_endpoint(service: &str, action: &str) -> Answer {
    Answer::failed(
        format!("{}.SdkClientException", prefix_of(service)),
        format!("Unable to execute HTTP request: no endpoint is configured for {service}:{action}"),
    )
}
