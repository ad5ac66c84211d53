//! UpdateMapRun (SFN-MAPRUN-20…22, SFN-SEM-63).

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use crate::faults;
use crate::records::MapRunLimits;
use crate::service::Service;

pub(crate) struct UpdateMapRun;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    map_run_arn: Option<String>,
    max_concurrency: Option<i32>,
    tolerated_failure_percentage: Option<f64>,
    tolerated_failure_count: Option<i64>,
}

#[derive(Serialize)]
pub(crate) struct Output {}

impl Operation<Service> for UpdateMapRun {
    const NAME: &'static str = "UpdateMapRun";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        check(&input)?;
        let (run, arn) = super::find_map_run(service, caller, input.map_run_arn.clone())?;
        let given = [
            input.max_concurrency.is_some(),
            input.tolerated_failure_percentage.is_some(),
            input.tolerated_failure_count.is_some(),
        ];
        if !given.contains(&true) {
            return Err(Fault::validation(
                "At least one of maxConcurrency, toleratedFailurePercentage or \
                 toleratedFailureCount must be provided",
            )
            .with_member("reason", "MISSING_REQUIRED_PARAMETER"));
        }
        let updated = service.update_map_run(run, move |limits| change(limits, &input)).await?;
        if !updated {
            return Err(Fault::validation(format!("Map Run is not running: '{arn}'"))
                .with_member("reason", "CANNOT_UPDATE_COMPLETED_MAP_RUN"));
        }
        Ok(Output {})
    }
}

fn check(input: &Input) -> Result<(), Fault> {
    Constraints::new()
        .required_text("mapRunArn", &input.map_run_arn, super::LONG_ARN_CHARS_MAX)
        .range("maxConcurrency", input.max_concurrency, 0, i32::MAX)
        .range("toleratedFailurePercentage", input.tolerated_failure_percentage, 0.0, 100.0)
        .range("toleratedFailureCount", input.tolerated_failure_count, 0, i64::MAX)
        .finish()
        .map_err(faults::from_constraints)
}

fn change(limits: &mut MapRunLimits, input: &Input) {
    let number = |given: Option<i64>| given.and_then(|given| u64::try_from(given).ok());
    if let Some(most) = number(input.max_concurrency.map(i64::from)) {
        limits.max_concurrency = most;
    }
    limits.tolerated_failure_count =
        number(input.tolerated_failure_count).or(limits.tolerated_failure_count);
    limits.tolerated_failure_percentage =
        input.tolerated_failure_percentage.or(limits.tolerated_failure_percentage);
}
