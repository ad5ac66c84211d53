//! DescribeExecution (SFN-EXEC-30…38).

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::execution::Status;

use crate::driver::redrive_status;
use crate::executions::Found;
use crate::faults;
use crate::map_runs::PENDING_REDRIVE;
use crate::service::Service;
use crate::shapes::{self, Included, Timestamp};

pub(crate) struct DescribeExecution;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    execution_arn: Option<String>,
    included_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    status: &'static str,
    start_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Arc<str>>,
    input_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_details: Option<Included>,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    map_run_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_alias_arn: Option<String>,
    redrive_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<Timestamp>,
    redrive_status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_status_reason: Option<String>,
}

impl Operation<Service> for DescribeExecution {
    const NAME: &'static str = "DescribeExecution";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let constraints = Constraints::new().required_text(
            "executionArn",
            &input.execution_arn,
            super::ARN_CHARS_MAX,
        );
        shapes::included_data(constraints, &input.included_data)
            .finish()
            .map_err(faults::from_constraints)?;
        let arn = input.execution_arn.unwrap_or_default();
        let wants_data = shapes::wants_data(input.included_data.as_deref());
        let found = service.find_described(caller, &arn)?;
        let refusal = service.redrive_refusal(&found).map_err(faults::from_unreadable)?;
        let pending = refusal.is_none()
            && service.pends_redrive(&found.start, &found.head).map_err(faults::from_unreadable)?;
        let redrive = Redrive::of(&found, refusal, pending);
        Ok(to_output(found, redrive, wants_data))
    }
}

/// What there is to say about a redrive.
struct Redrive {
    pending: bool,
    status: &'static str,
    reason: Option<String>,
}

impl Redrive {
    fn of(found: &Found, refusal: Option<String>, pending: bool) -> Redrive {
        if pending {
            // SFN-SEM-41
            let reason = "Execution is PENDING_REDRIVE and cannot be redriven".to_owned();
            return Redrive { pending, status: "NOT_REDRIVABLE", reason: Some(reason) };
        }
        let status = match (&found.start.child, &refusal) {
            // SFN-EXEC-38
            (Some(_), None) => "REDRIVABLE_BY_MAP_RUN",
            _ => redrive_status(refusal.as_deref()),
        };
        Redrive { pending, status, reason: refusal }
    }
}

fn to_output(found: Found, redrive: Redrive, wants_data: bool) -> Output {
    let Found { start, head, .. } = found;
    let about = &start.about;
    // A timed out execution tells neither error nor cause (SFN-EXEC-33).
    let told = head.status != Status::TimedOut;
    let output = head.output.as_ref();
    Output {
        execution_arn: about.execution_arn.clone(),
        state_machine_arn: about.state_machine_arn.clone(),
        name: about.name.clone(),
        status: if redrive.pending { PENDING_REDRIVE } else { head.status.text() },
        start_date: Timestamp::from_ms(about.start_ms),
        stop_date: head.stop_ms.map(Timestamp::from_ms),
        input: wants_data.then(|| about.input.text().clone()),
        input_details: Included { included: wants_data },
        output: output.filter(|_| wants_data).map(|output| output.text().clone()),
        output_details: output.map(|_| Included { included: wants_data }),
        trace_header: start.trace_header.clone(),
        map_run_arn: start.child.as_ref().map(|child| child.map_run_arn.clone()),
        error: head.error.filter(|_| told),
        cause: head.cause.filter(|_| told),
        state_machine_version_arn: about.state_machine_version_arn.clone(),
        state_machine_alias_arn: about.state_machine_alias_arn.clone(),
        redrive_count: head.redrive_count,
        redrive_date: head.redrive_ms.map(Timestamp::from_ms),
        redrive_status: redrive.status,
        redrive_status_reason: redrive.reason,
    }
}
