//! StartSyncExecution (SFN-EXEC-20…24): an Express execution whose result is the answer. At most
//! once: it is never begun again, and ends when the connection does.

use std::sync::Arc;

use identity::Caller;
use resource::arn::execution::ExecutionArn;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::execution::{Head, Status};

use super::start_execution::{self, check, route, to_start_of};
use crate::express::Manner;
use crate::faults;
use crate::records::{MachineType, StartRecord};
use crate::service::Service;
use crate::shapes::{self, Included, Timestamp};

/// Billed in steps of this many milliseconds, and this much memory (SFN-EXEC-22).
const BILLED_STEP_MS: i64 = 100;
const BILLED_MEMORY_MB: u32 = 64;

pub(crate) struct StartSyncExecution;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    state_machine_arn: Option<String>,
    name: Option<String>,
    input: Option<String>,
    trace_header: Option<String>,
    included_data: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    execution_arn: String,
    state_machine_arn: String,
    name: String,
    start_date: Timestamp,
    stop_date: Timestamp,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    input: Option<Arc<str>>,
    input_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    output: Option<Arc<str>>,
    output_details: Included,
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_header: Option<String>,
    billing_details: BillingDetails,
}

#[derive(Serialize)]
pub(crate) struct BillingDetails {
    #[serde(rename = "billedMemoryUsedInMB")]
    memory: u32,
    #[serde(rename = "billedDurationInMilliseconds")]
    duration: i64,
}

impl Operation<Service> for StartSyncExecution {
    const NAME: &'static str = "StartSyncExecution";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let asked = start_execution::Input {
            state_machine_arn: input.state_machine_arn,
            name: input.name,
            input: input.input,
            trace_header: input.trace_header,
        };
        let checked = check(service, asked, &input.included_data)?;
        let wants_data = shapes::wants_data(input.included_data.as_deref());
        let routed = route(service, caller, &checked.arn)?;
        if routed.machine.kind != MachineType::Express {
            return Err(faults::machine_type_not_supported());
        }
        service.mocked.check(&routed.machine.name, checked.mock_case.as_deref())?;
        let compiled = service
            .definitions
            .find(&service.store, &routed.revision.definition)
            .map_err(faults::from_unreadable)?;
        let name = checked.name.clone().unwrap_or_else(|| service.host.uuid());
        let arn = express_arn(service, &routed.machine.arn, &name);
        let now_ms = service.host.now_ms();
        let start = to_start_of(caller, &routed, checked, (name, arn), now_ms);
        let start = Arc::new(start);
        if store::probe::mutant("sync-express-row") {
            service.leave_row(&start);
        }
        let head = service.run_express(start.clone(), &compiled, Manner::Synchronous).await;
        Ok(to_output(&start, head, wants_data))
    }
}

/// The ARN of an Express execution: each run has a UUID of its own.
pub(super) fn express_arn(service: &Service, machine_arn: &str, name: &str) -> String {
    let run = service.host.uuid();
    // A machine's own ARN always names one; the name alone still tells which execution it is.
    ExecutionArn::text_of(machine_arn, name, Some(&run)).unwrap_or_else(|| name.to_owned())
}

fn to_output(start: &StartRecord, head: Head, wants_data: bool) -> Output {
    let about = &start.about;
    let stop_ms = head.stop_ms.unwrap_or(head.last_event_ms);
    let spent_ms = (stop_ms - about.start_ms).max(1);
    let timed_out = head.status == Status::TimedOut;
    let error = head.error.or_else(|| timed_out.then(|| "States.Timeout".to_owned()));
    Output {
        execution_arn: about.execution_arn.clone(),
        state_machine_arn: about.state_machine_arn.clone(),
        name: about.name.clone(),
        start_date: Timestamp::from_ms(about.start_ms),
        stop_date: Timestamp::from_ms(stop_ms),
        status: head.status.text(),
        error,
        cause: head.cause,
        input: wants_data.then(|| about.input.text().clone()),
        input_details: Included { included: wants_data },
        output: head.output.filter(|_| wants_data).map(|output| output.text().clone()),
        output_details: Included { included: wants_data },
        trace_header: start.trace_header.clone(),
        billing_details: BillingDetails {
            memory: BILLED_MEMORY_MB,
            duration: (spent_ms + BILLED_STEP_MS - 1) / BILLED_STEP_MS * BILLED_STEP_MS,
        },
    }
}
