//! DescribeMapRun (SFN-MAPRUN-1…3).

use identity::Caller;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use crate::faults;
use crate::records::{Counts, MapRunRecord, MapRunStatus};
use crate::service::Service;
use crate::shapes::Timestamp;

pub(crate) struct DescribeMapRun;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    map_run_arn: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    map_run_arn: String,
    execution_arn: String,
    status: &'static str,
    start_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Timestamp>,
    max_concurrency: u64,
    tolerated_failure_percentage: f64,
    tolerated_failure_count: u64,
    item_counts: ToldCounts,
    execution_counts: ToldCounts,
    redrive_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    redrive_date: Option<Timestamp>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToldCounts {
    pending: u64,
    running: u64,
    succeeded: u64,
    failed: u64,
    timed_out: u64,
    aborted: u64,
    total: u64,
    results_written: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    failures_not_redrivable: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pending_redrive: Option<u64>,
}

impl Operation<Service> for DescribeMapRun {
    const NAME: &'static str = "DescribeMapRun";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let (run, _) = super::find_map_run(service, caller, input.map_run_arn)?;
        let record = service.find_map_run(run).map_err(faults::from_unreadable)?;
        Ok(to_output(record.ok_or_else(Fault::internal)?))
    }
}

fn to_output(record: MapRunRecord) -> Output {
    let progress = &record.progress;
    let item_counts = told(&record, &progress.items, &progress.items_before, progress.items_total);
    let known = |counts: &Counts, before: &Counts| {
        counts.ended() + counts.running + before.unsuccessful().saturating_sub(before.running)
    };
    let batched = known(&progress.items, &progress.items_before)
        != known(&progress.executions, &progress.executions_before);
    // A batch is known when it begins; single items are executions to come.
    let executions = if batched { progress.executions_total } else { progress.items_total };
    let execution_counts =
        told(&record, &progress.executions, &progress.executions_before, executions);
    Output {
        map_run_arn: record.arn,
        execution_arn: record.parent_arn,
        status: record.status.text(),
        start_date: Timestamp::from_ms(record.start_ms),
        stop_date: record.stop_ms.map(Timestamp::from_ms),
        max_concurrency: record.limits.max_concurrency,
        tolerated_failure_percentage: record.limits.tolerated_failure_percentage.unwrap_or(0.0),
        tolerated_failure_count: record.limits.tolerated_failure_count.unwrap_or(0),
        item_counts,
        execution_counts,
        redrive_count: record.redrive_count,
        redrive_date: record.redrive_ms.map(Timestamp::from_ms),
    }
}

/// What neither runs nor ended is pending (SFN-SEM-60).
fn told(record: &MapRunRecord, counts: &Counts, before: &Counts, total: u64) -> ToldCounts {
    let over = record.status != MapRunStatus::Running;
    let redriven = record.redrive_count > 0;
    // A redriven child that runs is no longer one of those that wait for it.
    let pending_redrive = before.unsuccessful().saturating_sub(before.running);
    ToldCounts {
        pending: total.saturating_sub(counts.running + counts.ended() + pending_redrive),
        running: counts.running,
        succeeded: counts.succeeded,
        failed: counts.failed,
        timed_out: counts.timed_out,
        aborted: counts.aborted,
        total,
        results_written: if over { counts.results_written } else { 0 },
        // Told where a redrive has, or would have, something to do with them (SFN-MAPRUN-1).
        failures_not_redrivable: Some(counts.not_redrivable).filter(|count| redriven || *count > 0),
        pending_redrive: Some(pending_redrive).filter(|_| redriven),
    }
}
