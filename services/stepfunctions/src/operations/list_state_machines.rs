//! ListStateMachines (SFN-PAGE-6: by name).

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::page::{self, Page};
use crate::records::{self, MachineRecord, Row};
use crate::service::Service;
use crate::shapes::Timestamp;

pub(crate) struct ListStateMachines;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    max_results: Option<i32>,
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    state_machines: Vec<Item>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Item {
    state_machine_arn: String,
    name: String,
    #[serde(rename = "type")]
    kind: &'static str,
    creation_date: Timestamp,
}

impl Operation<Service> for ListStateMachines {
    const NAME: &'static str = "ListStateMachines";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let page = Page::new(Self::NAME, caller, &[], input.max_results, page::TOKEN_CHARS_MAX);
        let page = page.at(Constraints::new(), input.next_token, service.host.now_ms())?;
        let (records, next_token) =
            page::owned::<MachineRecord>(service, caller, records::MACHINES, Row::Machine, &page)?;
        let state_machines = records
            .into_iter()
            .map(|record| Item {
                state_machine_arn: record.arn,
                name: record.name,
                kind: record.kind.text(),
                creation_date: Timestamp::from_ms(record.creation_ms),
            })
            .collect();
        Ok(Output { state_machines, next_token })
    }
}
