//! ListActivities (SFN-ACT-13, SFN-PAGE-6).

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::page::{self, Page};
use crate::records::{self, ActivityRecord, Row};
use crate::service::Service;
use crate::shapes::Timestamp;

pub(crate) struct ListActivities;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    max_results: Option<i32>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    activities: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    activity_arn: String,
    name: String,
    creation_date: Timestamp,
}

impl Operation<Service> for ListActivities {
    const NAME: &'static str = "ListActivities";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let page = Page::new(Self::NAME, caller, &[], input.max_results, page::TOKEN_CHARS_MAX);
        let page = page.at(Constraints::new(), input.next_token, service.host.now_ms())?;
        let (records, next_token) = page::owned::<ActivityRecord>(
            service,
            caller,
            records::ACTIVITIES,
            Row::Activity,
            &page,
        )?;
        let activities = records
            .into_iter()
            .map(|record| Item {
                activity_arn: record.arn,
                name: record.name,
                creation_date: Timestamp::from_ms(record.creation_ms),
            })
            .collect();
        Ok(Output { activities, next_token })
    }
}
