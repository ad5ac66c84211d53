//! The table: one line an operation, alphabetical. Each has its file with Input, Output and faults.

mod create_activity;
mod create_state_machine;
mod create_state_machine_alias;
mod delete_activity;
mod delete_state_machine;
mod delete_state_machine_alias;
mod delete_state_machine_version;
mod describe_activity;
mod describe_execution;
mod describe_map_run;
mod describe_state_machine;
mod describe_state_machine_alias;
mod describe_state_machine_for_execution;
mod get_activity_task;
mod get_execution_history;
mod list_activities;
mod list_executions;
mod list_map_runs;
mod list_state_machine_aliases;
mod list_state_machine_versions;
mod list_state_machines;
mod list_tags_for_resource;
mod page;
mod processor;
mod publish_state_machine_version;
mod redrive_execution;
mod send_task_failure;
mod send_task_heartbeat;
mod send_task_success;
pub(crate) mod start_execution;
mod start_sync_execution;
mod stop_execution;
mod tag_resource;
mod test_state;
mod untag_resource;
mod update_map_run;
mod update_state_machine;
mod update_state_machine_alias;
mod validate_state_machine_definition;

use std::sync::Arc;

use identity::Caller;
use resource::arn::Home;
use resource::arn::activity::ActivityArn;
use resource::arn::map_run::MapRunArn;
use resource::arn::state_machine::{Qualifier, StateMachineArn};
use resource::constraints::Constraints;
use wire::fault::Fault;
use wire::operation::{Entry, entry};

use crate::executions::id_of_name;
use crate::faults;
use crate::machines::MachineKey;
use crate::records::{ActivityRecord, MachineRecord, MapRunId};
use crate::service::Service;

/// Longest ARN in most members.
const ARN_CHARS_MAX: usize = 256;
/// Longest ARN of versions and aliases.
const LONG_ARN_CHARS_MAX: usize = 2_000;

/// Every operation that this service answers; sorted, for the search by name.
pub(crate) static OPERATIONS: &[Entry<Service>] = &[
    entry::<Service, create_activity::CreateActivity>(),
    entry::<Service, create_state_machine::CreateStateMachine>(),
    entry::<Service, create_state_machine_alias::CreateStateMachineAlias>(),
    entry::<Service, delete_activity::DeleteActivity>(),
    entry::<Service, delete_state_machine::DeleteStateMachine>(),
    entry::<Service, delete_state_machine_alias::DeleteStateMachineAlias>(),
    entry::<Service, delete_state_machine_version::DeleteStateMachineVersion>(),
    entry::<Service, describe_activity::DescribeActivity>(),
    entry::<Service, describe_execution::DescribeExecution>(),
    entry::<Service, describe_map_run::DescribeMapRun>(),
    entry::<Service, describe_state_machine::DescribeStateMachine>(),
    entry::<Service, describe_state_machine_alias::DescribeStateMachineAlias>(),
    entry::<Service, describe_state_machine_for_execution::DescribeStateMachineForExecution>(),
    entry::<Service, get_activity_task::GetActivityTask>(),
    entry::<Service, get_execution_history::GetExecutionHistory>(),
    entry::<Service, list_activities::ListActivities>(),
    entry::<Service, list_executions::ListExecutions>(),
    entry::<Service, list_map_runs::ListMapRuns>(),
    entry::<Service, list_state_machine_aliases::ListStateMachineAliases>(),
    entry::<Service, list_state_machine_versions::ListStateMachineVersions>(),
    entry::<Service, list_state_machines::ListStateMachines>(),
    entry::<Service, list_tags_for_resource::ListTagsForResource>(),
    entry::<Service, publish_state_machine_version::PublishStateMachineVersion>(),
    entry::<Service, redrive_execution::RedriveExecution>(),
    entry::<Service, send_task_failure::SendTaskFailure>(),
    entry::<Service, send_task_heartbeat::SendTaskHeartbeat>(),
    entry::<Service, send_task_success::SendTaskSuccess>(),
    entry::<Service, start_execution::StartExecution>(),
    entry::<Service, start_sync_execution::StartSyncExecution>(),
    entry::<Service, stop_execution::StopExecution>(),
    entry::<Service, tag_resource::TagResource>(),
    entry::<Service, test_state::TestState>(),
    entry::<Service, untag_resource::UntagResource>(),
    entry::<Service, update_map_run::UpdateMapRun>(),
    entry::<Service, update_state_machine::UpdateStateMachine>(),
    entry::<Service, update_state_machine_alias::UpdateStateMachineAlias>(),
    entry::<Service, validate_state_machine_definition::ValidateStateMachineDefinition>(),
];

/// A required member that holds an ARN, of a request with no other constraints.
fn require_arn(path: &str, arn: Option<String>) -> Result<String, Fault> {
    require_text(path, arn, ARN_CHARS_MAX)
}

/// A required member that holds a text of at most `chars_max`.
fn require_text(path: &str, text: Option<String>, chars_max: usize) -> Result<String, Fault> {
    Constraints::new()
        .required_text(path, &text, chars_max)
        .finish()
        .map_err(faults::from_constraints)?;
    Ok(text.unwrap_or_default())
}

/// The caller's activity of that ARN.
fn find_activity(
    service: &Service,
    caller: &Caller,
    arn: Option<String>,
) -> Result<Arc<ActivityRecord>, Fault> {
    let arn = require_arn("activityArn", arn)?;
    let parsed = ActivityArn::parse(&arn).map_err(faults::from_arn)?;
    let ours = is_own(caller, &parsed.home);
    let found = service.activities.find(&arn).filter(|_| ours);
    found.ok_or_else(|| faults::activity_does_not_exist(&arn))
}

/// The caller's map run of that ARN. It is gone with its execution, and with the machine.
fn find_map_run(
    service: &Service,
    caller: &Caller,
    arn: Option<String>,
) -> Result<(MapRunId, String), Fault> {
    let arn = require_text("mapRunArn", arn, LONG_ARN_CHARS_MAX)?;
    let parsed = MapRunArn::parse(&arn).map_err(faults::from_arn)?;
    let absent = || faults::resource_not_found(&arn);
    let ours = is_own(caller, &parsed.home);
    let run = id_of_name(&parsed.run).filter(|_| ours).ok_or_else(absent)?;
    let record = service.find_map_run(run).map_err(faults::from_unreadable)?;
    let record = record.filter(|record| record.arn == arn).ok_or_else(absent)?;
    service.find_execution(caller, &record.parent_arn).map_err(|_| absent())?;
    Ok((run, arn))
}

/// Whether what is there belongs to the caller: account, region and the region's partition.
pub(crate) fn is_own(caller: &Caller, home: &Home) -> bool {
    home.is(&caller.region, &caller.account)
}

/// A machine's ARN that belongs to the caller's account and region, taken apart; `None` when it
/// belongs elsewhere, where the caller has nothing (SFN-ARN-6).
fn own_machine(caller: &Caller, arn: &str) -> Result<(StateMachineArn, Option<MachineKey>), Fault> {
    let parsed = StateMachineArn::parse(arn).map_err(faults::from_arn)?;
    let ours = is_own(caller, &parsed.home);
    let key = ours.then(|| MachineKey::of(caller, &parsed.name));
    Ok((parsed, key))
}

/// The machine behind an ARN, whatever its qualifier.
fn find_machine(
    service: &Service,
    caller: &Caller,
    arn: &str,
) -> Result<(Qualifier, MachineKey, Arc<MachineRecord>), Fault> {
    let (parsed, key) = own_machine(caller, arn)?;
    let key = key.ok_or_else(|| faults::machine_does_not_exist(arn))?;
    let found = service.machines.find(&service.store, &key).map_err(faults::from_unreadable)?;
    let found = found.ok_or_else(|| faults::machine_does_not_exist(arn))?;
    Ok((parsed.qualifier, key, found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_by_name() {
        assert!(OPERATIONS.is_sorted_by_key(|entry| entry.name));
    }
}
