//! StartExecution (SFN-EXEC-1…11): answered by the commit that holds the execution up to its first
//! wait.

use std::sync::Arc;

use identity::Caller;
use resource::arn::execution::ExecutionArn;
use resource::arn::state_machine::Qualifier;
use resource::constraints::Constraints;
use resource::name::{NAME_CHARS_MAX, name_chars_ok};
use serde::{Deserialize, Serialize};
use store::Stage;
use store::probe;
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::execution::{About, Status};
use workflow::payload::Payload;

use super::start_sync_execution::express_arn;
use crate::counts::Kind;
use crate::definitions::Compiled;
use crate::executions::name_of_id;
use crate::faults;
use crate::records::{
    self, ExecutionId, MachineRecord, MachineType, NameRecord, Revision, Row, StartRecord,
};
use crate::service::Service;
use crate::shapes::{self, Timestamp};

/// Longest trace header.
const TRACE_HEADER_CHARS_MAX: usize = 256;
/// What it is made of.
const TRACE_HEADER_PATTERN: &str = r"\p{ASCII}*";

pub(crate) struct StartExecution;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    pub(crate) state_machine_arn: Option<String>,
    pub(crate) name: Option<String>,
    pub(crate) input: Option<String>,
    pub(crate) trace_header: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    pub(crate) execution_arn: String,
    pub(crate) start_date: Timestamp,
}

impl Operation<Service> for StartExecution {
    const NAME: &'static str = "StartExecution";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        service.admit().await?;
        let checked = check(service, input, &None)?;
        let routed = route(service, caller, &checked.arn)?;
        service.mocked.check(&routed.machine.name, checked.mock_case.as_deref())?;
        let compiled = service
            .definitions
            .find(&service.store, &routed.revision.definition)
            .map_err(faults::from_unreadable)?;
        let asked = Asked { caller, routed, checked, compiled };
        match asked.checked.name.clone() {
            _ if asked.routed.machine.kind == MachineType::Express => {
                start_express(service, asked).await
            }
            Some(name) => start_named(service, asked, name).await,
            None => start_unnamed(service, asked).await,
        }
    }
}

/// The request, past its checks.
pub(super) struct Checked {
    pub(super) arn: String,
    pub(super) name: Option<String>,
    pub(super) input: Payload,
    pub(super) trace_header: Option<String>,
    pub(super) mock_case: Option<String>,
}

struct Asked<'a> {
    caller: &'a Caller,
    routed: Routed,
    checked: Checked,
    compiled: Compiled,
}

pub(super) fn check(
    service: &Service,
    input: Input,
    included_data: &Option<String>,
) -> Result<Checked, Fault> {
    let constraints = Constraints::new()
        .required_text("stateMachineArn", &input.state_machine_arn, super::ARN_CHARS_MAX)
        .text_len("name", &input.name, 1, NAME_CHARS_MAX)
        .payload("input", &input.input, service.limits.payload_bytes_max)
        .text_len("traceHeader", &input.trace_header, 0, TRACE_HEADER_CHARS_MAX)
        .pattern("traceHeader", &input.trace_header, TRACE_HEADER_PATTERN, str::is_ascii);
    shapes::included_data(constraints, included_data).finish().map_err(faults::from_constraints)?;
    if let Some(name) = input.name.as_deref().filter(|name| !name_chars_ok(name)) {
        return Err(faults::invalid_name(name));
    }
    let (arn, mock_case) = service.mocked.part(input.state_machine_arn.unwrap_or_default());
    Ok(Checked {
        arn,
        mock_case,
        name: input.name,
        input: to_payload(input.input)?,
        trace_header: input.trace_header,
    })
}

/// Any JSON value is an input (SFN-EXEC-5, SFN-EXEC-6).
pub(super) fn to_payload(input: Option<String>) -> Result<Payload, Fault> {
    let Some(text) = input else { return Ok(Payload::empty_object()) };
    let refuse = |reason: &str| {
        Fault::new(
            "InvalidExecutionInput",
            format!("Invalid State Machine Execution Input: '{reason}'"),
        )
    };
    if text.trim().is_empty() {
        return Err(refuse("Invalid execution input."));
    }
    let text: Arc<str> = text.into();
    Payload::parse(text.clone()).ok_or_else(|| match asl::json_error(&text) {
        Some(error) => refuse(&error.message),
        None => refuse("Invalid execution input."),
    })
}

/// Which revision of which machine a start leads to.
pub(super) struct Routed {
    pub(super) machine: Arc<MachineRecord>,
    pub(super) revision: Arc<Revision>,
    pub(super) version: Option<u64>,
    pub(super) alias: Option<String>,
}

/// Follows a machine's, a version's or an alias's ARN (SFN-EXEC-7, SFN-EXEC-8).
pub(super) fn route(service: &Service, caller: &Caller, arn: &str) -> Result<Routed, Fault> {
    let (qualifier, _, machine) = super::find_machine(service, caller, arn)?;
    if machine.deleting {
        return Err(faults::machine_deleting(arn));
    }
    let version_gone = || {
        Fault::new(
            "StateMachineDoesNotExist",
            format!("State Machine Version Does Not Exist: '{arn}'"),
        )
    };
    let revision_of = |number: u64| {
        let version = machine.versions.get(&number);
        version.map(|version| version.revision.clone()).ok_or_else(version_gone)
    };
    let (revision, version, alias) = match qualifier {
        Qualifier::Unqualified => (machine.current.clone(), None, None),
        Qualifier::Version(number) => (revision_of(number)?, Some(number), None),
        Qualifier::Alias(name) => {
            let alias = machine.aliases.get(&name);
            let alias = alias.ok_or_else(|| faults::machine_does_not_exist(arn))?;
            let number = choose(&alias.routing, service.host.entropy());
            (revision_of(number)?, Some(number), Some(name))
        }
        Qualifier::Label(_) => return Err(faults::labelled_arn()),
    };
    Ok(Routed { revision, version, alias, machine: machine.clone() })
}

/// Picks a version by weight (SFN-SEM-72); the weights add up to a hundred.
fn choose(routing: &[(u64, u32)], random: u64) -> u64 {
    let mut ticket = u32::try_from(random % 100).unwrap_or(0);
    for (version, weight) in routing {
        match ticket.checked_sub(*weight) {
            Some(rest) => ticket = rest,
            None => return *version,
        }
    }
    routing.last().map_or(0, |(version, _)| *version)
}

/// Never idempotent: each start is a run of its own (SFN-EXEC-4).
async fn start_express(service: &Service, asked: Asked<'_>) -> Result<Output, Fault> {
    let slot = u16::try_from(service.host.entropy() & 0x3FF).unwrap_or(0);
    let now_ms = service.host.now_ms();
    let Asked { caller, routed, checked, compiled } = asked;
    let name = checked.name.clone().unwrap_or_else(|| service.host.uuid());
    let arn = express_arn(service, &routed.machine.arn, &name);
    let start = service
        .start_express(
            slot,
            |_| to_start_of(caller, &routed, checked, (name, arn), now_ms),
            compiled,
        )
        .await
        .map_err(faults::from_unavailable)?;
    Ok(Output {
        execution_arn: start.about.execution_arn.clone(),
        start_date: Timestamp::from_ms(start.about.start_ms),
    })
}

async fn start_unnamed(service: &Service, asked: Asked<'_>) -> Result<Output, Fault> {
    let slot = u16::try_from(service.host.entropy() & 0x3FF).unwrap_or(0);
    let starting = service.clone();
    let now_ms = service.host.now_ms();
    let caller = asked.caller.clone();
    let Asked { routed, checked, compiled, .. } = asked;
    service
        .store
        .commit(service.store.partition_of(slot), move |stage| {
            let id = stage.next_id(slot, now_ms);
            let name = name_of_id(id, starting.host.entropy());
            let start = to_start(&caller, &routed, checked, (name, false), now_ms);
            begin(&starting, stage, id, start, compiled)
        })
        .await
        .map_err(faults::from_unavailable)?
}

async fn start_named(service: &Service, asked: Asked<'_>, name: String) -> Result<Output, Fault> {
    let now_ms = service.host.now_ms();
    let caller = asked.caller.clone();
    let Asked { routed, checked, compiled, .. } = asked;
    let parts = [&*caller.account, &*caller.region, &*routed.machine.name, &*name];
    let (slot, key) = (records::slot_of_name(&parts), records::name_key(&parts));
    let starting = service.clone();
    let partition = service.store.partition_of(slot);
    let beginning = move |stage: &mut Stage<'_>| {
        let row = stage.get(&starting.families.open, &key).map_err(faults::from_read)?;
        if let Some(row) = row {
            let taken: NameRecord =
                records::from_row(Row::Name, &key, &row).map_err(faults::from_unreadable)?;
            let free = taken.closed_day.is_some_and(|day| starting.is_past(day));
            if taken.incarnation == routed.machine.incarnation && !free {
                return repeat(&routed, &name, &taken, &checked.input);
            }
        }
        let id = stage.next_id(slot, now_ms);
        let start = to_start(&caller, &routed, checked, (name, true), now_ms);
        begin(&starting, stage, id, start, compiled)
    };
    let begun = match probe::mutant("start-early") {
        true => service.store.stage(partition, beginning),
        false => service.store.commit(partition, beginning).await,
    };
    begun.map_err(faults::from_unavailable)?
}

/// A name in use: the same input while running is the same start (SFN-EXEC-2, SFN-EXEC-3).
fn repeat(
    routed: &Routed,
    name: &str,
    taken: &NameRecord,
    input: &Payload,
) -> Result<Output, Fault> {
    let execution_arn = execution_arn(&routed.machine.arn, name);
    let same = taken.input_digest == records::text_digest(input.text());
    if taken.closed_day.is_none() && same {
        probe::sometimes("repeated start");
        return Ok(Output { execution_arn, start_date: Timestamp::from_ms(taken.start_ms) });
    }
    Err(faults::execution_already_exists(&execution_arn))
}

fn execution_arn(machine_arn: &str, name: &str) -> String {
    // A machine's own ARN always names one; the name alone still tells which execution it is.
    ExecutionArn::text_of(machine_arn, name, None).unwrap_or_else(|| name.to_owned())
}

fn begin(
    service: &Service,
    stage: &mut Stage<'_>,
    id: ExecutionId,
    start: StartRecord,
    compiled: Compiled,
) -> Result<Output, Fault> {
    let place = service.counts.reserve(&start.account, &start.region, Kind::Execution);
    let place = place.map_err(|_| faults::too_many_executions())?;
    let output = Output {
        execution_arn: start.about.execution_arn.clone(),
        start_date: Timestamp::from_ms(start.about.start_ms),
    };
    if service.begin(stage, id, start, compiled) == Status::Running {
        place.keep_with(stage);
    }
    Ok(output)
}

fn to_start(
    caller: &Caller,
    routed: &Routed,
    checked: Checked,
    (name, named): (String, bool),
    now_ms: i64,
) -> StartRecord {
    let arn = execution_arn(&routed.machine.arn, &name);
    let mut start = to_start_of(caller, routed, checked, (name, arn), now_ms);
    start.named = named;
    start
}

/// What an execution of this name and ARN starts with.
pub(super) fn to_start_of(
    caller: &Caller,
    routed: &Routed,
    checked: Checked,
    (name, execution_arn): (String, String),
    now_ms: i64,
) -> StartRecord {
    let machine = &routed.machine;
    let qualified = |qualifier: String| format!("{}:{qualifier}", machine.arn);
    let about = About {
        execution_arn,
        name,
        state_machine_arn: machine.arn.clone(),
        state_machine_name: machine.name.clone(),
        role_arn: routed.revision.role_arn.clone(),
        start_ms: now_ms,
        input: checked.input,
        state_machine_version_arn: routed.version.map(|number| qualified(number.to_string())),
        state_machine_alias_arn: routed.alias.clone().map(qualified),
    };
    StartRecord {
        about: Arc::new(about),
        revision: routed.revision.clone(),
        incarnation: machine.incarnation,
        account: caller.account.to_string(),
        region: caller.region.to_string(),
        named: false,
        // The header of the request wins over the member (SFN-EXEC-10).
        trace_header: caller.trace_id.as_deref().map(str::to_owned).or(checked.trace_header),
        mock_case: checked.mock_case,
        child: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-SEM-72, SFN-SEM-139
    #[test]
    fn weights_decide() {
        assert!((0..100).all(|random| choose(&[(1, 100), (2, 0)], random) == 1));
        let ones = (0..100).filter(|random| choose(&[(1, 30), (2, 70)], *random) == 1).count();
        assert_eq!(ones, 30);
    }
}
