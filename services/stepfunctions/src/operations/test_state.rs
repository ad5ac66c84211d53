//! TestState (SFN-TEST-1…18): one state, run by the interpreter itself with its effects replaced.
//! What a mock gives stands in for calls and children; without one, calls are really made.

mod context;
mod definition;
mod inspection;
mod mock;
mod probe;
mod reader;
mod request;
mod schema;
mod trial;

use std::sync::Arc;

use identity::Caller;
use serde::Serialize;
use wire::fault::Fault;
use wire::operation::Operation;

use crate::service::Service;
use definition::Tested;
use inspection::InspectionData;
use mock::Mock;
use request::{Checked, Input};
use trial::Trial;

pub(crate) struct TestState;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    inspection_data: Option<InspectionData>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_state: Option<String>,
    status: &'static str,
}

impl Operation<Service> for TestState {
    const NAME: &'static str = "TestState";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let checked = request::check(service, input)?;
        let tested = Tested::find(&checked.definition, checked.state_name.as_deref())?;
        check_kind(&checked, &tested)?;
        let mock = checked.mock.as_ref().map(|mock| Mock::of(mock, &tested, &checked));
        let mock = mock.transpose()?;
        let trial = Trial::new(service, caller, &checked, tested, mock)?;
        let reveals = checked.inspects;
        let ended = trial.run().await;
        ended.check_iterations(checked.configuration.map_iteration_failure_count)?;
        Ok(Output {
            inspection_data: reveals.then(|| InspectionData::of(&ended)),
            output: ended.verdict.output.map(|output| output.text().clone()),
            error: ended.verdict.failure.error,
            cause: ended.verdict.failure.cause,
            next_state: ended.verdict.next_state,
            status: ended.verdict.status.text(),
        })
    }
}

/// What can be tested with a mock, and what without (SFN-TEST-1…4).
fn check_kind(checked: &Checked, tested: &Tested) -> Result<(), Fault> {
    use asl::model::{Kind, Resource};
    let refuse = |message: &str| Err(Fault::new("InvalidDefinition", message));
    if checked.mock.is_some() {
        return match &tested.state().kind {
            Kind::Task(_) | Kind::Map(_) | Kind::Parallel(_) => Ok(()),
            _ => Err(Fault::validation(format!(
                "State type '{}' is not supported when a mock is specified",
                tested.type_name()
            ))),
        };
    }
    let task = match &tested.state().kind {
        Kind::Map(_) | Kind::Parallel(_) => {
            return refuse(
                "TestState API does not support Map or Parallel states. Supported state types \
                 include: [Task, Wait, Pass, Succeed, Fail, Choice]",
            );
        }
        Kind::Task(task) => task,
        _ => return Ok(()),
    };
    if matches!(task.resource, Resource::Activity { .. }) {
        return refuse("TestState API does not support Activity tasks.");
    }
    if tested.has_token() {
        return refuse(
            "TestState API does not support '.sync' or '.waitForTaskToken' integration patterns.",
        );
    }
    if checked.role_arn.is_none() {
        return Err(Fault::validation("RoleArn must be specified when testing a Task state"));
    }
    Ok(())
}
