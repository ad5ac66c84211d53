//! Events into a stream. Chunks of a stream never overlap: an event that comes late goes into the
//! chunk around its time. So readers go through chunks in order, whichever way.

use bytes::Bytes;
use store::Stage;
use store::engine::Order;
use targets::logs::{GroupAddress, IfMissing, LogEvent};

use crate::faults::Trouble;
use crate::groups;
use crate::records::{
    self, Event, Gap, GroupId, GroupRecord, Row, StreamId, StreamRecord, Unreadable,
};
use crate::service::Service;
use crate::streams;

/// Bytes of events in one row; a single event may be longer.
const CHUNK_BYTES_MAX: usize = 32 << 10;
/// Events and bytes staged at once: late events may each rewrite a chunk, and a stage is bounded.
const PART_EVENTS_MAX: usize = 500;
const PART_BYTES_MAX: usize = 8 << 20;

/// What there was not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Absent {
    Group,
    Stream,
}

/// What to do about a group or stream that is not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    Refuse,
    MakeStream,
    MakeBoth { retention_days: u32 },
}

impl From<IfMissing> for Missing {
    fn from(if_missing: IfMissing) -> Missing {
        match if_missing {
            IfMissing::Drop => Missing::MakeStream,
            IfMissing::Create { retention_days } => Missing::MakeBoth { retention_days },
        }
    }
}

impl Service {
    /// Adds events, oldest first, and waits until they are durable; the stream's next number.
    pub(crate) async fn append(
        &self,
        group: &GroupAddress,
        stream: &str,
        events: &[LogEvent],
        missing: Missing,
    ) -> Result<Result<u64, Absent>, Trouble> {
        let partition = self.partition_of(group);
        let mut parts = parts(events);
        let last = parts.pop().unwrap_or_default();
        // What is staged before the last part is durable when the last part is.
        for part in parts {
            let staged = self
                .store
                .stage(partition, |stage| self.append_part(stage, group, stream, part, missing));
            if let Err(absent) = staged?? {
                return Ok(Err(absent));
            }
        }
        let committed = self
            .store
            .commit(partition, |stage| self.append_part(stage, group, stream, last, missing));
        Ok(committed.await??)
    }

    fn append_part(
        &self,
        stage: &mut Stage<'_>,
        group: &GroupAddress,
        stream: &str,
        events: &[LogEvent],
        missing: Missing,
    ) -> Result<Result<u64, Absent>, Unreadable> {
        let found = self.group_and_stream(stage, group, stream, missing)?;
        let (mut group, mut stream) = match found {
            Ok(found) => found,
            Err(absent) => return Ok(Err(absent)),
        };
        let now_ms = self.host.now_ms();
        let is_late = |event: &LogEvent| stream.last_event_ms.is_some_and(|at| event.at_ms < at);
        let any_late = events.iter().any(is_late);
        let fresh = number(events, &mut stream, now_ms);
        let bytes: usize = fresh.iter().map(Event::bytes).sum();
        group.stored_bytes = group.stored_bytes.saturating_add(bytes as u64);
        if any_late {
            self.insert(stage, group.id, stream.id, fresh)?;
        } else {
            self.put_chunks(stage, group.id, stream.id, fresh);
        }
        self.put_stream(stage, group.id, &stream);
        self.put_group(stage, &group);
        Ok(Ok(stream.next_seq))
    }

    fn group_and_stream(
        &self,
        stage: &mut Stage<'_>,
        address: &GroupAddress,
        name: &str,
        missing: Missing,
    ) -> Result<Result<(GroupRecord, StreamRecord), Absent>, Unreadable> {
        let now_ms = self.host.now_ms();
        let group = match (self.staged_group(stage, address)?, missing) {
            (Some(group), _) => group,
            (None, Missing::MakeBoth { retention_days }) => {
                let mut group = groups::fresh(stage, address, now_ms);
                group.retention_days = Some(retention_days);
                group
            }
            (None, _) => return Ok(Err(Absent::Group)),
        };
        let stream = match self.staged_stream(stage, group.id, name)? {
            Some(stream) => stream,
            None if missing == Missing::Refuse => return Ok(Err(Absent::Stream)),
            None => streams::fresh(stage, group.id, name, now_ms),
        };
        Ok(Ok((group, stream)))
    }

    /// Puts each event where it belongs among the chunks there are.
    fn insert(
        &self,
        stage: &mut Stage<'_>,
        group: GroupId,
        stream: StreamId,
        events: Vec<Event>,
    ) -> Result<(), Unreadable> {
        let mut rest = events.into_iter().peekable();
        while let Some(first) = rest.peek().map(Event::place) {
            let end = self.next_chunk(stage, group, stream, first)?;
            let mut run = Vec::new();
            while let Some(event) = rest.next_if(|event| end.is_none_or(|end| event.place() < end))
            {
                run.push(event);
            }
            if let Some(mut around) = self.chunk_before(stage, group, stream, first)?
                && around.last().is_some_and(|last| last.place() > first)
            {
                around.append(&mut run);
                around.sort_by_key(Event::place);
                run = around;
            }
            self.put_chunks(stage, group, stream, run);
        }
        Ok(())
    }

    /// Where the first chunk after a place begins.
    fn next_chunk(
        &self,
        stage: &Stage<'_>,
        group: GroupId,
        stream: StreamId,
        place: Gap,
    ) -> Result<Option<Gap>, Unreadable> {
        let mut range = records::chunks_of(group, stream);
        range.start = records::chunk_key(group, stream, place);
        let rows = stage.scan(&self.families.events, range, Order::Forward, 1)?;
        Ok(rows.first().and_then(|(key, _)| records::first_of_key(key)))
    }

    /// The last chunk that begins before a place.
    fn chunk_before(
        &self,
        stage: &Stage<'_>,
        group: GroupId,
        stream: StreamId,
        place: Gap,
    ) -> Result<Option<Vec<Event>>, Unreadable> {
        let mut range = records::chunks_of(group, stream);
        range.end = records::chunk_key(group, stream, place);
        let rows = stage.scan(&self.families.events, range, Order::Backward, 1)?;
        rows.first().map(|(key, row)| records::from_row(Row::Chunk, key, row)).transpose()
    }

    fn put_chunks(
        &self,
        stage: &mut Stage<'_>,
        group: GroupId,
        stream: StreamId,
        events: Vec<Event>,
    ) {
        for (key, row) in chunk_rows(group, stream, &events) {
            stage.put(&self.families.events, key, row);
        }
    }
}

/// Events in parts that can be staged.
fn parts(events: &[LogEvent]) -> Vec<&[LogEvent]> {
    let mut parts = Vec::new();
    let mut rest = events;
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = rest.iter().take(PART_EVENTS_MAX).take_while(|event| {
            bytes += event.message.len();
            bytes <= PART_BYTES_MAX
        });
        let count = fits.count().max(1);
        let (part, more) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        parts.push(part);
        rest = more;
    }
    parts
}

/// Gives events their numbers, and tells the stream of them.
fn number(events: &[LogEvent], stream: &mut StreamRecord, now_ms: i64) -> Vec<Event> {
    let mut fresh = Vec::with_capacity(events.len());
    for event in events {
        let at_ms = event.at_ms.max(0);
        stream.first_event_ms = Some(stream.first_event_ms.map_or(at_ms, |first| first.min(at_ms)));
        stream.last_event_ms = Some(stream.last_event_ms.map_or(at_ms, |last| last.max(at_ms)));
        let message = event.message.clone();
        fresh.push(Event { at_ms, seq: stream.next_seq, ingested_ms: now_ms, message });
        stream.next_seq += 1;
    }
    if !events.is_empty() {
        stream.last_ingestion_ms = Some(now_ms);
    }
    fresh
}

/// Rows for events in order, each under the place of its first.
fn chunk_rows(group: GroupId, stream: StreamId, events: &[Event]) -> Vec<(Bytes, Bytes)> {
    let mut rows = Vec::new();
    let mut rest = events;
    while let Some(first) = rest.first() {
        let mut bytes = 0;
        let fits = rest.iter().take_while(|event| {
            bytes += event.bytes();
            bytes <= CHUNK_BYTES_MAX
        });
        let count = fits.count().max(1);
        let (chunk, more) = rest.split_at_checked(count).unwrap_or((rest, &[]));
        let key = records::chunk_key(group, stream, first.place());
        let row = records::to_row(Row::Chunk, &key, &chunk);
        rows.push((key, row));
        rest = more;
    }
    rows
}
