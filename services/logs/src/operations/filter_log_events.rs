//! FilterLogEvents: all streams of a group in one order, or some of them, by a pattern.

use identity::Caller;
use resource::constraints::Constraints;
use resource::page_token::{InvalidToken, PageToken};
use serde::{Deserialize, Serialize};
use store::engine::Order;
use wire::fault::Fault;
use wire::operation::Operation;

use crate::faults::{self, Trouble, invalid};
use crate::limits::{FILTERED_STREAMS_MAX, PAGE_EVENTS_MAX, PATTERN_CHARS_MAX, STREAMS_MAX};
use crate::pattern::Pattern;
use crate::records::{Event, GroupRecord, StreamId, StreamRecord};
use crate::search::{Found, GroupGap, Query, event_id};
use crate::service::Service;

pub(crate) struct FilterLogEvents;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_names: Option<Vec<String>>,
    log_stream_name_prefix: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
    filter_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
    start_from_head: Option<bool>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    events: Vec<View>,
    /// Always empty, as AWS answers since 2020.
    searched_log_streams: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    log_stream_name: String,
    timestamp: i64,
    message: String,
    ingestion_time: i64,
    event_id: String,
}

impl Operation<Service> for FilterLogEvents {
    const NAME: &'static str = "FilterLogEvents";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let address =
            super::identified_group(caller, &input.log_group_name, &input.log_group_identifier)?;
        check(&input)?;
        let group = service.require_group(&address)?;
        let now_ms = service.host.now_ms();
        let token = token_of(&group, &input);
        let from = match &input.next_token {
            Some(given) => {
                let cursor = token.decode(given, now_ms).map_err(faults::from_token)?;
                let gap = GroupGap::from_bytes(&cursor);
                Some(gap.ok_or_else(|| faults::from_token(InvalidToken))?)
            }
            None => None,
        };
        let pattern = Pattern::parse(input.filter_pattern.as_deref().unwrap_or_default());
        let pattern = pattern.map_err(|error| invalid(error.to_string()))?;
        let _searching = service.searches.acquire().await.map_err(|_| Fault::internal())?;
        let searching = service.clone();
        let found = tokio::task::spawn_blocking(move || {
            search(&searching, &group, &input, (pattern, from))
        });
        let found = found.await.map_err(|_| Fault::internal())??;
        let views = found.events.into_iter().zip(found.streams).map(to_view);
        Ok(Output {
            events: views.collect(),
            searched_log_streams: [],
            next_token: found.next.map(|gap| token.encode(&gap.to_bytes(), now_ms)),
        })
    }
}

fn check(input: &Input) -> Result<(), Fault> {
    let prefix = &input.log_stream_name_prefix;
    let mut constraints = super::check_stream(Constraints::new(), "logStreamNamePrefix", prefix)
        .range("startTime", input.start_time, 0, i64::MAX)
        .range("endTime", input.end_time, 0, i64::MAX)
        .range("limit", input.limit, 1, PAGE_EVENTS_MAX as i64)
        .text_len("filterPattern", &input.filter_pattern, 0, PATTERN_CHARS_MAX);
    if let Some(names) = &input.log_stream_names {
        let print = || format!("[{}]", names.join(", "));
        let bounds = (1, FILTERED_STREAMS_MAX);
        constraints = constraints.list_len("logStreamNames", names.len(), bounds, print);
    }
    constraints.finish().map_err(faults::from_constraints)?;
    if prefix.is_some() && input.log_stream_names.is_some() {
        return Err(invalid(
            "logStreamNamePrefix and logStreamNames are mutually exclusive parameters.",
        ));
    }
    Ok(())
}

/// Tokens are good for the same search only.
fn token_of(group: &GroupRecord, input: &Input) -> PageToken {
    let number = |number: Option<i64>| number.map(|number| number.to_string()).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let arguments = [
        group.id.to_string(),
        input.log_stream_names.as_deref().unwrap_or_default().join("\0"),
        text(&input.log_stream_name_prefix),
        number(input.start_time),
        number(input.end_time),
        text(&input.filter_pattern),
        input.start_from_head.unwrap_or(true).to_string(),
    ];
    PageToken::of("FilterLogEvents", &arguments.each_ref().map(String::as_str))
}

/// Blocks.
fn search(
    service: &Service,
    group: &GroupRecord,
    input: &Input,
    (pattern, from): (Pattern, Option<GroupGap>),
) -> Result<Found, Fault> {
    let retained_ms = group.retained_from_ms(service.host.now_ms());
    let window_ms =
        (input.start_time.unwrap_or(0).max(retained_ms), input.end_time.unwrap_or(i64::MAX));
    let is_inside = |stream: &StreamRecord| {
        stream.first_event_ms.is_some_and(|at| at < window_ms.1)
            && stream.last_event_ms.is_some_and(|at| at >= window_ms.0)
    };
    let streams = match &input.log_stream_names {
        Some(names) => named(service, group, names)?,
        None => {
            let prefix = input.log_stream_name_prefix.as_deref().unwrap_or_default();
            let all = service.all_streams(group.id, prefix, STREAMS_MAX, is_inside);
            all.map_err(Trouble::from)?
        }
    };
    let limit = input.limit.and_then(|limit| usize::try_from(limit).ok());
    let query = Query {
        group: group.id,
        streams,
        window_ms,
        from,
        order: if input.start_from_head == Some(false) { Order::Backward } else { Order::Forward },
        pattern,
        limit: limit.unwrap_or(PAGE_EVENTS_MAX),
    };
    Ok(query.run(service).map_err(Trouble::from)?)
}

/// Streams that are asked for by name must be there.
fn named(
    service: &Service,
    group: &GroupRecord,
    names: &[String],
) -> Result<Vec<StreamRecord>, Fault> {
    let mut streams: Vec<StreamRecord> = Vec::new();
    for name in names {
        let found = service.find_stream(group.id, name).map_err(Trouble::from)?;
        let stream = found.ok_or_else(faults::no_stream)?;
        if streams.iter().all(|other| other.id != stream.id) {
            streams.push(stream);
        }
    }
    Ok(streams)
}

fn to_view(((name, event), stream): ((String, Event), StreamId)) -> View {
    View {
        event_id: event_id(stream, &event),
        log_stream_name: name,
        timestamp: event.at_ms,
        message: event.message,
        ingestion_time: event.ingested_ms,
    }
}
