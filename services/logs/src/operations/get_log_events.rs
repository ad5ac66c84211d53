//! GetLogEvents: one stream, either way. At its end the token stays the same.

use identity::Caller;
use resource::constraints::Constraints;
use resource::page_token::{InvalidToken, PageToken};
use serde::{Deserialize, Serialize};
use store::engine::Order;
use wire::fault::Fault;
use wire::operation::Operation;

use crate::faults::{self, Trouble};
use crate::limits::{PAGE_BYTES_MAX, PAGE_EVENTS_MAX};
use crate::reader::StreamReader;
use crate::records::{Event, Gap, GroupId, StreamId, Unreadable};
use crate::search::GroupGap;
use crate::service::Service;

pub(crate) struct GetLogEvents;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    next_token: Option<String>,
    limit: Option<i64>,
    #[serde(default)]
    start_from_head: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    events: Vec<View>,
    next_forward_token: String,
    next_backward_token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    timestamp: i64,
    message: String,
    ingestion_time: i64,
}

impl Operation<Service> for GetLogEvents {
    const NAME: &'static str = "GetLogEvents";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let address =
            super::identified_group(caller, &input.log_group_name, &input.log_group_identifier)?;
        check(&input)?;
        let group = service.require_group(&address)?;
        let name = input.log_stream_name.clone().unwrap_or_default();
        let stream = service.find_stream(group.id, &name).map_err(Trouble::from)?;
        let stream = stream.ok_or_else(faults::no_stream)?;
        let now_ms = service.host.now_ms();
        let start_ms = input.start_time.unwrap_or(0).max(group.retained_from_ms(now_ms));
        let window_ms = (start_ms, input.end_time.unwrap_or(i64::MAX));
        let tokens = Tokens::new(group.id, stream.id);
        let (order, gap) = match &input.next_token {
            Some(token) => tokens.read(token, now_ms)?,
            None if input.start_from_head => (Order::Forward, Gap::before(window_ms.0)),
            None => (Order::Backward, Gap::before(window_ms.1)),
        };
        let limit = input.limit.and_then(|limit| usize::try_from(limit).ok());
        let limit = limit.unwrap_or(PAGE_EVENTS_MAX);
        let _searching = service.searches.acquire().await.map_err(|_| Fault::internal())?;
        let service = service.clone();
        let ids = (group.id, stream.id);
        let page = tokio::task::spawn_blocking(move || {
            read(&service, ids, (order, gap), window_ms, limit)
        });
        let page = page.await.map_err(|_| Fault::internal())?.map_err(Trouble::from)?;
        Ok(tokens.output(page, (order, input.next_token), now_ms))
    }
}

fn check(input: &Input) -> Result<(), Fault> {
    let name = &input.log_stream_name;
    let constraints = Constraints::new().required("logStreamName", name.is_some());
    super::check_stream(constraints, "logStreamName", name)
        .range("startTime", input.start_time, 0, i64::MAX)
        .range("endTime", input.end_time, 0, i64::MAX)
        .range("limit", input.limit, 1, PAGE_EVENTS_MAX as i64)
        .finish()
        .map_err(faults::from_constraints)
}

/// Events in order of time, and the places before the first and after the last.
struct Page {
    events: Vec<Event>,
    before: Gap,
    after: Gap,
}

fn read(
    service: &Service,
    ids: (GroupId, StreamId),
    (order, gap): (Order, Gap),
    (start_ms, end_ms): (i64, i64),
    limit: usize,
) -> Result<Page, Unreadable> {
    // A token may stand outside of the window.
    let begin = match order {
        Order::Forward => gap.max(Gap::before(start_ms)),
        Order::Backward => gap.min(Gap::before(end_ms)),
    };
    let mut reader = StreamReader::new(service, ids, begin, order);
    let (mut events, mut bytes) = (Vec::new(), 0);
    while events.len() < limit
        && let Some(event) = reader.peek()?
        && (start_ms..end_ms).contains(&event.at_ms)
    {
        bytes += event.bytes();
        if bytes > PAGE_BYTES_MAX && !events.is_empty() {
            break;
        }
        events.extend(reader.next()?);
    }
    let end = reader.gap();
    Ok(match order {
        Order::Forward => Page { events, before: begin, after: end },
        Order::Backward => {
            events.reverse();
            // The end of time is no place to go on from: new events come before it.
            let after = events.last().map_or(begin, Event::after);
            Page { events, before: end, after: after.min(begin) }
        }
    })
}

/// The tokens of one stream: `f/…` goes on behind a place, `b/…` before it.
struct Tokens {
    token: PageToken,
}

impl Tokens {
    fn new(group: GroupId, stream: StreamId) -> Tokens {
        let (group, stream) = (group.to_string(), stream.to_string());
        Tokens { token: PageToken::of("GetLogEvents", &[&group, &stream]) }
    }

    fn read(&self, token: &str, now_ms: i64) -> Result<(Order, Gap), Fault> {
        let bad = || faults::from_token(InvalidToken);
        let (order, text) = match token.split_at_checked(2) {
            Some(("f/", text)) => (Order::Forward, text),
            Some(("b/", text)) => (Order::Backward, text),
            _ => return Err(bad()),
        };
        let cursor = self.token.decode(text, now_ms).map_err(faults::from_token)?;
        let gap = GroupGap::from_bytes(&cursor).ok_or_else(bad)?;
        Ok((order, Gap { at_ms: gap.at_ms, seq: gap.seq }))
    }

    fn text(&self, order: Order, gap: Gap, now_ms: i64) -> String {
        let cursor = GroupGap { at_ms: gap.at_ms, stream: 0, seq: gap.seq }.to_bytes();
        let token = self.token.encode(&cursor, now_ms);
        match order {
            Order::Forward => format!("f/{token}"),
            Order::Backward => format!("b/{token}"),
        }
    }

    /// A page without events gives back the very token it was asked with: the end for now.
    fn output(&self, page: Page, (order, given): (Order, Option<String>), now_ms: i64) -> Output {
        let mut forward = self.text(Order::Forward, page.after, now_ms);
        let mut backward = self.text(Order::Backward, page.before, now_ms);
        if let (Some(given), true) = (given, page.events.is_empty()) {
            match order {
                Order::Forward => forward = given,
                Order::Backward => backward = given,
            }
        }
        let view = |event: Event| View {
            timestamp: event.at_ms,
            message: event.message,
            ingestion_time: event.ingested_ms,
        };
        Output {
            events: page.events.into_iter().map(view).collect(),
            next_forward_token: forward,
            next_backward_token: backward,
        }
    }
}
