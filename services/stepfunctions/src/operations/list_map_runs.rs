//! ListMapRuns (SFN-MAPRUN-10, SFN-PAGE-6): the runs that an execution began, newest first.

use identity::Caller;
use resource::arn::map_run::MapRunArn;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::page::{Page, TOKEN_CHARS_MAX};
use crate::faults;
use crate::records::{MapRunId, MapRunRecord};
use crate::service::Service;
use crate::shapes::Timestamp;

pub(crate) struct ListMapRuns;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    execution_arn: Option<String>,
    max_results: Option<i32>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    map_runs: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    execution_arn: String,
    map_run_arn: String,
    state_machine_arn: String,
    start_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    stop_date: Option<Timestamp>,
}

impl Operation<Service> for ListMapRuns {
    const NAME: &'static str = "ListMapRuns";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let constraints = Constraints::new().required_text(
            "executionArn",
            &input.execution_arn,
            super::ARN_CHARS_MAX,
        );
        let arn = input.execution_arn.unwrap_or_default();
        let page = Page::new(Self::NAME, caller, &[&arn], input.max_results, TOKEN_CHARS_MAX);
        let page = page.at(constraints, input.next_token, service.host.now_ms())?;
        let found = service.find_execution(caller, &arn)?;
        let runs = service.map_runs_of(found.id, &found.family).map_err(faults::from_unreadable)?;
        let from = match &page.cursor {
            Some(cursor) => to_run(cursor).ok_or_else(faults::invalid_token)?,
            None => MapRunId::MAX,
        };
        let mut map_runs = Vec::new();
        for run in runs.into_iter().filter(|run| *run <= from) {
            if map_runs.len() >= page.limit {
                let next_token = Some(page.next(&run.to_be_bytes()));
                return Ok(Output { map_runs, next_token });
            }
            let record = service.find_map_run(run).map_err(faults::from_unreadable)?;
            map_runs.extend(record.map(to_item));
        }
        Ok(Output { map_runs, next_token: None })
    }
}

fn to_run(cursor: &[u8]) -> Option<MapRunId> {
    Some(MapRunId::from_be_bytes(cursor.try_into().ok()?))
}

fn to_item(record: MapRunRecord) -> Item {
    Item {
        state_machine_arn: labelled(&record.arn),
        execution_arn: record.parent_arn,
        map_run_arn: record.arn,
        start_date: Timestamp::from_ms(record.start_ms),
        stop_date: record.stop_ms.map(Timestamp::from_ms),
    }
}

/// `…:stateMachine:<name>/<label>` of a map run's ARN.
pub(super) fn labelled(map_run_arn: &str) -> String {
    let head = map_run_arn.split(":mapRun:").next().unwrap_or_default();
    match MapRunArn::parse(map_run_arn) {
        Ok(arn) => format!("{head}:stateMachine:{}/{}", arn.state_machine, arn.label),
        Err(_) => head.to_owned(),
    }
}
