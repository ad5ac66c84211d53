//! GetExecutionHistory (SFN-EXEC-60…62, SFN-HIST-110).

use bytes::Bytes;
use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::engine::Order;
use wire::fault::Fault;
use wire::operation::Operation;
use workflow::history::{HistoryEvent, event_to_json};

use super::page::{Page, TOKEN_CHARS_MAX};
use crate::faults;
use crate::service::Service;

/// How often an execution is looked for that moves while it is read.
const LOOKS_MAX: usize = 8;

pub(crate) struct GetExecutionHistory;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    execution_arn: Option<String>,
    max_results: Option<i32>,
    reverse_order: Option<bool>,
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
        let constraints = Constraints::new().required_text(
            "executionArn",
            &input.execution_arn,
            super::ARN_CHARS_MAX,
        );
        let arn = input.execution_arn.unwrap_or_default();
        let with_data = input.include_execution_data.unwrap_or(true);
        let reverse = input.reverse_order == Some(true);
        let order = if reverse { Order::Backward } else { Order::Forward };
        let arguments = [
            arn.as_str(),
            if reverse { "reverse" } else { "" },
            if with_data { "" } else { "bare" },
        ];
        let page = Page::new(Self::NAME, caller, &arguments, input.max_results, TOKEN_CHARS_MAX);
        let page = page.at(constraints, input.next_token, service.host.now_ms())?;
        let from = page.cursor.as_ref().map(to_event_id).transpose()?;
        let asked = Asked { caller, arn: &arn, order };
        let (mut events, more) = read(service, &asked, from, page.limit + 1)?;
        let next = events.pop_if(|_| more).map(|event| page.next(&event.id.to_be_bytes()));
        let events = events.iter().map(|event| event_to_json(event, with_data)).collect();
        Ok(Output { events, next_token: next })
    }
}

/// Whose history, and in which order.
struct Asked<'a> {
    caller: &'a Caller,
    arn: &'a str,
    order: Order,
}

/// Up to `limit` events from event `from` on, or from the first in that order, and whether the last
/// one belongs to the next page. An execution that closes or is redriven takes its chunks
/// elsewhere: then they are looked for there.
fn read(
    service: &Service,
    asked: &Asked<'_>,
    from: Option<u64>,
    limit: usize,
) -> Result<(Vec<HistoryEvent>, bool), Fault> {
    for _ in 0..LOOKS_MAX {
        let found = service.find_execution(asked.caller, asked.arn)?;
        let last_id = found.head.last_event_id;
        let (from, there) = match asked.order {
            Order::Forward => {
                let from = from.unwrap_or(1);
                (from, last_id.saturating_sub(from.saturating_sub(1)))
            }
            Order::Backward => {
                let from = from.unwrap_or(last_id);
                (from, from.min(last_id))
            }
        };
        let events = service
            .read_history(&found, from, asked.order, limit)
            .map_err(faults::from_unreadable)?;
        let whole = events.len() as u64 >= there;
        // Histories have no gaps: hardly any where there must be more means that some were taken
        // away.
        if whole || events.len() >= 2 {
            let more = !whole || events.len() >= limit;
            return Ok((events, more));
        }
    }
    Err(Fault::unavailable("The execution changes while it is read. Try again."))
}

fn to_event_id(cursor: &Bytes) -> Result<u64, Fault> {
    let bytes = cursor.as_ref().try_into().map_err(|_| faults::invalid_token())?;
    Ok(u64::from_be_bytes(bytes))
}
