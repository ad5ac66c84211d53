//! DescribeLogStreams: by name or by the time of their last event, in pages.

use identity::Caller;
use resource::constraints::Constraints;
use resource::page_token::{CURSOR_BYTES_MAX, InvalidToken, PageToken};
use serde::{Deserialize, Serialize};
use store::engine::Order;
use targets::logs::GroupAddress;
use wire::fault::Fault;
use wire::operation::Operation;

use crate::faults::{self, Trouble, invalid};
use crate::limits::{PAGE_ROWS_MAX, STREAMS_MAX};
use crate::records::{GroupId, StreamRecord};
use crate::service::Service;

pub(crate) struct DescribeLogStreams;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    log_group_identifier: Option<String>,
    log_stream_name_prefix: Option<String>,
    order_by: Option<String>,
    #[serde(default)]
    descending: bool,
    next_token: Option<String>,
    limit: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    log_streams: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    log_stream_name: String,
    creation_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    first_event_timestamp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_event_timestamp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_ingestion_time: Option<i64>,
    upload_sequence_token: String,
    arn: String,
    stored_bytes: u64,
}

impl Operation<Service> for DescribeLogStreams {
    const NAME: &'static str = "DescribeLogStreams";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        let address =
            super::identified_group(caller, &input.log_group_name, &input.log_group_identifier)?;
        check(&input)?;
        let group = service.require_group(&address)?;
        let by_time = input.order_by.as_deref() == Some("LastEventTime");
        let prefix = input.log_stream_name_prefix.clone().unwrap_or_default();
        let id = group.id.to_string();
        let order = if input.descending { "descending" } else { "ascending" };
        let by = if by_time { "time" } else { "name" };
        let token = PageToken::of("DescribeLogStreams", &[&id, &prefix, order, by]);
        let now_ms = service.host.now_ms();
        let cursor = match &input.next_token {
            Some(given) => Some(token.decode(given, now_ms).map_err(faults::from_token)?),
            None => None,
        };
        let limit = usize::try_from(input.limit.unwrap_or(PAGE_ROWS_MAX)).unwrap_or(1);
        let listing = Listing { service, group: group.id, descending: input.descending, limit };
        let (streams, next) = match by_time {
            true => listing.by_time(cursor.as_deref())?,
            false => listing.by_name(&prefix, cursor.as_deref())?,
        };
        Ok(Output {
            log_streams: streams.into_iter().map(|stream| to_view(&address, stream)).collect(),
            next_token: next.map(|next| token.encode(&next, now_ms)),
        })
    }
}

fn check(input: &Input) -> Result<(), Fault> {
    let prefix = &input.log_stream_name_prefix;
    super::check_stream(Constraints::new(), "logStreamNamePrefix", prefix)
        .one_of("orderBy", &input.order_by, &["LogStreamName", "LastEventTime"])
        .range("limit", input.limit, 1, PAGE_ROWS_MAX)
        .finish()
        .map_err(faults::from_constraints)?;
    if prefix.is_some() && input.order_by.as_deref() == Some("LastEventTime") {
        return Err(invalid("Cannot order by LastEventTime with a logStreamNamePrefix."));
    }
    Ok(())
}

struct Listing<'a> {
    service: &'a Service,
    group: GroupId,
    descending: bool,
    limit: usize,
}

/// Streams, and where the next page begins.
type Page = (Vec<StreamRecord>, Option<Vec<u8>>);

impl Listing<'_> {
    /// A cursor is the name of the last stream, or, where that is too long for a token, its id.
    fn by_name(&self, prefix: &str, cursor: Option<&[u8]>) -> Result<Page, Fault> {
        let bad = || faults::from_token(InvalidToken);
        let after = match cursor {
            None => None,
            Some([b'n', name @ ..]) => Some(String::from_utf8(name.to_vec()).map_err(|_| bad())?),
            Some([b'i', id @ ..]) => {
                let id = u64::from_be_bytes(id.try_into().map_err(|_| bad())?);
                let all = self.service.all_streams(self.group, prefix, 1, |one| one.id == id);
                let found = all.map_err(Trouble::from)?.pop();
                Some(found.ok_or_else(bad)?.name)
            }
            Some(_) => return Err(bad()),
        };
        let order = if self.descending { Order::Backward } else { Order::Forward };
        let how = (order, self.limit + 1);
        let streams = self.service.list_streams(self.group, prefix, after.as_deref(), how);
        Ok(self.cut(streams.map_err(Trouble::from)?, |last| match last.name.len() {
            ..CURSOR_BYTES_MAX => [b"n", last.name.as_bytes()].concat(),
            _ => [&b"i"[..], &last.id.to_be_bytes()].concat(),
        }))
    }

    fn by_time(&self, cursor: Option<&[u8]>) -> Result<Page, Fault> {
        let place = |stream: &StreamRecord| (stream.last_event_ms.unwrap_or(0), stream.id);
        let all = self.service.all_streams(self.group, "", STREAMS_MAX, |_| true);
        let mut streams = all.map_err(Trouble::from)?;
        streams.sort_by_key(place);
        if self.descending {
            streams.reverse();
        }
        if let Some(cursor) = cursor {
            let after = to_place(cursor).ok_or_else(|| faults::from_token(InvalidToken))?;
            streams.retain(|stream| match self.descending {
                true => place(stream) < after,
                false => place(stream) > after,
            });
        }
        Ok(self.cut(streams, |last| {
            let (at_ms, id) = place(last);
            [at_ms.to_be_bytes(), id.to_be_bytes()].concat()
        }))
    }

    fn cut(
        &self,
        mut streams: Vec<StreamRecord>,
        to_cursor: impl Fn(&StreamRecord) -> Vec<u8>,
    ) -> Page {
        if streams.len() <= self.limit {
            return (streams, None);
        }
        streams.truncate(self.limit);
        let next = streams.last().map(to_cursor);
        (streams, next)
    }
}

fn to_place(cursor: &[u8]) -> Option<(i64, u64)> {
    let (at_ms, id) = cursor.split_at_checked(8)?;
    Some((i64::from_be_bytes(at_ms.try_into().ok()?), u64::from_be_bytes(id.try_into().ok()?)))
}

fn to_view(group: &GroupAddress, stream: StreamRecord) -> View {
    View {
        arn: format!("{}:log-stream:{}", group.arn(), stream.name),
        log_stream_name: stream.name,
        creation_time: stream.creation_ms,
        first_event_timestamp: stream.first_event_ms,
        last_event_timestamp: stream.last_event_ms,
        last_ingestion_time: stream.last_ingestion_ms,
        upload_sequence_token: format!("{:056}", stream.next_seq),
        // As AWS answers since 2019.
        stored_bytes: 0,
    }
}
