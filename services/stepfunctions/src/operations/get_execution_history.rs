//! GetExecutionHistory (SFN-EXEC-60…62, SFN-HIST-110).

use identity::Caller;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::engine::Order;
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::history::event_to_json;

use super::page::{Page, TOKEN_CHARS_MAX};
use crate::faults;
use crate::service::Service;

pub(crate) struct GetExecutionHistory;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    execution_arn: Option<String>,
    max_results: Option<i64>,
    #[serde(default)]
    reverse_order: bool,
    next_token: Option<String>,
    include_execution_data: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    events: Vec<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

impl Operation<Service> for GetExecutionHistory {
    const NAME: &'static str = "GetExecutionHistory";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let arn = super::require_arn("executionArn", input.execution_arn)?;
        let with_data = input.include_execution_data.unwrap_or(true);
        let order = if input.reverse_order { Order::Backward } else { Order::Forward };
        let arguments = [
            arn.as_str(),
            if input.reverse_order { "reverse" } else { "" },
            if with_data { "" } else { "bare" },
        ];
        let page = Page::new(Self::NAME, caller, &arguments, input.max_results, TOKEN_CHARS_MAX);
        let page = page.at(input.next_token, service.host.now_ms())?;
        let found = service.find_execution(caller, &arn)?;
        let from = match &page.cursor {
            Some(cursor) => to_event_id(cursor)?,
            None if input.reverse_order => found.head.last_event_id,
            None => 1,
        };
        let mut events = service
            .read_history(&found, from, order, page.limit + 1)
            .map_err(faults::from_unreadable)?;
        let next = events.get(page.limit).map(|event| page.next(&event.id.to_be_bytes()));
        events.truncate(page.limit);
        let events = events.iter().map(|event| event_to_json(event, with_data)).collect();
        Ok(Output { events, next_token: next })
    }
}

fn to_event_id(cursor: &[u8]) -> Result<u64, Fault> {
    let bytes = cursor.try_into().map_err(|_| faults::invalid_token())?;
    Ok(u64::from_be_bytes(bytes))
}
