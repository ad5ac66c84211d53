//! PutLogEvents: a batch, oldest first. Events that are too old or too new are left out and named.

use identity::Caller;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize};
use targets::logs::LogEvent;
use wire::fault::Fault;
use wire::operation::Operation;

use crate::append::{Absent, Missing};
use crate::faults::{self, invalid};
use crate::limits::{
    BATCH_BYTES_MAX, BATCH_EVENTS_MAX, BATCH_SPAN_MS_MAX, EVENT_BYTES_MAX, EVENT_OVERHEAD_BYTES,
    FUTURE_MS_MAX, PAST_MS_MAX,
};
use crate::service::{Service, own_group};

pub(crate) struct PutLogEvents;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name: Option<String>,
    log_stream_name: Option<String>,
    log_events: Option<Vec<Given>>,
}

#[derive(Deserialize)]
struct Given {
    timestamp: Option<i64>,
    message: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    next_sequence_token: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    rejected_log_events_info: Option<Rejected>,
}

/// Where the accepted events begin and end.
#[derive(Serialize, Debug, Default, PartialEq)]
#[serde(rename_all = "camelCase")]
struct Rejected {
    #[serde(skip_serializing_if = "Option::is_none")]
    too_new_log_event_start_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    too_old_log_event_end_index: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expired_log_event_end_index: Option<usize>,
}

impl Operation<Service> for PutLogEvents {
    const NAME: &'static str = "PutLogEvents";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        check(&input)?;
        let address = own_group(caller, &input.log_group_name.unwrap_or_default());
        let events = to_events(input.log_events.unwrap_or_default());
        check_batch(&events)?;
        let group = service.require_group(&address)?;
        let now_ms = service.host.now_ms();
        let (accepted, rejected) = sort_out(&events, now_ms, group.retained_from_ms(now_ms));
        let stream = input.log_stream_name.unwrap_or_default();
        let appended = service.append(&address, &stream, accepted, Missing::Refuse).await?;
        let next = appended.map_err(|absent| match absent {
            Absent::Group => faults::no_group(),
            Absent::Stream => faults::no_stream(),
        })?;
        Ok(Output {
            next_sequence_token: format!("{next:056}"),
            rejected_log_events_info: (rejected != Rejected::default()).then_some(rejected),
        })
    }
}

fn check(input: &Input) -> Result<(), Fault> {
    let (group, stream) = (&input.log_group_name, &input.log_stream_name);
    let constraints = Constraints::new()
        .required("logGroupName", group.is_some())
        .required("logStreamName", stream.is_some())
        .required("logEvents", input.log_events.is_some());
    let constraints = super::check_group(constraints, "logGroupName", group);
    let mut constraints = super::check_stream(constraints, "logStreamName", stream);
    let events = input.log_events.as_deref().unwrap_or_default();
    if input.log_events.is_some() {
        let print = || format!("[{} events]", events.len());
        constraints = constraints.list_len("logEvents", events.len(), (1, BATCH_EVENTS_MAX), print);
    }
    let faulty = |event: &&Given| {
        event.timestamp.is_none_or(|at| at < 0)
            || event.message.as_deref().is_none_or(str::is_empty)
    };
    for (index, event) in events.iter().enumerate().filter(|(_, event)| faulty(event)) {
        let member = format!("logEvents.{}.member", index + 1);
        constraints = constraints
            .required(&format!("{member}.timestamp"), event.timestamp.is_some())
            .range(&format!("{member}.timestamp"), event.timestamp, 0, i64::MAX)
            .required(&format!("{member}.message"), event.message.is_some())
            .text_len(&format!("{member}.message"), &event.message, 1, usize::MAX);
    }
    constraints.finish().map_err(faults::from_constraints)
}

fn to_events(given: Vec<Given>) -> Vec<LogEvent> {
    let read = |event: Given| LogEvent {
        at_ms: event.timestamp.unwrap_or_default(),
        message: event.message.unwrap_or_default(),
    };
    given.into_iter().map(read).collect()
}

/// Order, span and sizes of a batch.
fn check_batch(events: &[LogEvent]) -> Result<(), Fault> {
    if !events.is_sorted_by_key(|event| event.at_ms) {
        return Err(invalid(
            "Log events in a single PutLogEvents request must be in chronological order.",
        ));
    }
    let size = |event: &LogEvent| event.message.len() + EVENT_OVERHEAD_BYTES;
    if let Some(long) = events.iter().map(size).find(|bytes| *bytes > EVENT_BYTES_MAX) {
        return Err(invalid(format!(
            "Log event too large: {long} bytes exceeds limit of {EVENT_BYTES_MAX}"
        )));
    }
    let bytes: usize = events.iter().map(size).sum();
    if bytes > BATCH_BYTES_MAX {
        return Err(invalid(format!(
            "Upload too large: {bytes} bytes exceeds limit of {BATCH_BYTES_MAX}"
        )));
    }
    let at = |event: Option<&LogEvent>| event.map_or(0, |event| event.at_ms);
    if at(events.last()).saturating_sub(at(events.first())) > BATCH_SPAN_MS_MAX {
        return Err(invalid(
            "The batch of log events in a single PutLogEvents request cannot span more than 24 \
             hours.",
        ));
    }
    Ok(())
}

/// The events that are neither too old nor too new, and what to say of the others.
fn sort_out(events: &[LogEvent], now_ms: i64, retained_from_ms: i64) -> (&[LogEvent], Rejected) {
    let before = |limit_ms: i64| events.partition_point(|event| event.at_ms < limit_ms);
    let some = |count: usize| (count > 0).then_some(count);
    let too_old = before(now_ms - PAST_MS_MAX);
    let expired = before(retained_from_ms);
    let end = before(now_ms + FUTURE_MS_MAX + 1);
    let rejected = Rejected {
        too_new_log_event_start_index: (end < events.len()).then_some(end),
        too_old_log_event_end_index: some(too_old),
        expired_log_event_end_index: some(expired),
    };
    (events.get(too_old.max(expired)..end).unwrap_or_default(), rejected)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::{DAY_MS, HOUR_MS};

    fn events(times: &[i64]) -> Vec<LogEvent> {
        times.iter().map(|at_ms| LogEvent { at_ms: *at_ms, message: "m".to_owned() }).collect()
    }

    #[test]
    fn batches_are_bounded_and_in_order() {
        let message = |events: &[LogEvent]| check_batch(events).err().map(|fault| fault.message);
        assert_eq!(message(&events(&[1, 1, 2])), None);
        assert!(message(&events(&[2, 1])).unwrap().contains("chronological order"));
        assert!(message(&events(&[0, DAY_MS + 1])).unwrap().contains("span more than 24 hours"));
        let mut long = events(&[1]);
        long[0].message = "x".repeat(EVENT_BYTES_MAX - EVENT_OVERHEAD_BYTES);
        assert_eq!(message(&long), None);
        long.extend(events(&[1]));
        assert!(message(&long).unwrap().starts_with("Upload too large: 1048603 bytes"));
        long[0].message.push('x');
        assert!(message(&long).unwrap().starts_with("Log event too large: 1048577 bytes"));
    }

    #[test]
    fn old_and_new_events_are_named() {
        let now_ms = 100 * DAY_MS;
        let times = [
            now_ms - 14 * DAY_MS - 1,
            now_ms - 14 * DAY_MS,
            now_ms - 3 * DAY_MS,
            now_ms + 2 * HOUR_MS,
            now_ms + 2 * HOUR_MS + 1,
        ];
        let events = events(&times);
        let (accepted, rejected) = sort_out(&events, now_ms, 0);
        assert_eq!(accepted, &events[1..4]);
        assert_eq!(rejected.too_old_log_event_end_index, Some(1));
        assert_eq!(rejected.too_new_log_event_start_index, Some(4));
        assert_eq!(rejected.expired_log_event_end_index, None);
        let (accepted, rejected) = sort_out(&events, now_ms, now_ms - 3 * DAY_MS);
        assert_eq!(accepted, &events[2..4]);
        assert_eq!(rejected.expired_log_event_end_index, Some(2));
        let (accepted, _) = sort_out(&events[4..], now_ms, 0);
        assert!(accepted.is_empty());
    }
}
