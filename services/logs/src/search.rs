//! Events of many streams in one order: of their time. Streams are opened only when the search
//! comes to the time of their first event.

use std::cmp::Ordering;
use std::collections::BinaryHeap;

use store::engine::Order;

use crate::limits::{PAGE_BYTES_MAX, SEARCHED_BYTES_MAX, SEARCHED_EVENTS_MAX};
use crate::pattern::Pattern;
use crate::reader::StreamReader;
use crate::records::{Event, Gap, GroupId, StreamId, StreamRecord, Unreadable};
use crate::service::Service;

/// A place between the events of a group: just before this one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct GroupGap {
    pub(crate) at_ms: i64,
    pub(crate) stream: StreamId,
    pub(crate) seq: u64,
}

impl GroupGap {
    /// The same place among the events of one stream.
    fn in_stream(self, stream: StreamId) -> Gap {
        match stream.cmp(&self.stream) {
            Ordering::Less => Gap::before(self.at_ms.saturating_add(1)),
            Ordering::Equal => Gap { at_ms: self.at_ms, seq: self.seq },
            Ordering::Greater => Gap::before(self.at_ms),
        }
    }

    pub(crate) fn to_bytes(self) -> [u8; 24] {
        let mut bytes = [0; 24];
        let parts = [self.at_ms.to_be_bytes(), self.stream.to_be_bytes(), self.seq.to_be_bytes()];
        for (place, part) in bytes.chunks_exact_mut(8).zip(parts) {
            place.copy_from_slice(&part);
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Option<GroupGap> {
        let [at_ms, stream, seq] = bytes.as_chunks::<8>().0 else { return None };
        Some(GroupGap {
            at_ms: i64::from_be_bytes(*at_ms),
            stream: u64::from_be_bytes(*stream),
            seq: u64::from_be_bytes(*seq),
        })
    }
}

/// What is searched for.
pub(crate) struct Query {
    pub(crate) group: GroupId,
    pub(crate) streams: Vec<StreamRecord>,
    /// From this time, to before that one.
    pub(crate) window_ms: (i64, i64),
    /// Where an earlier page ended.
    pub(crate) from: Option<GroupGap>,
    pub(crate) order: Order,
    pub(crate) pattern: Pattern,
    pub(crate) limit: usize,
}

/// What was found, with the name of each event's stream.
pub(crate) struct Found {
    pub(crate) events: Vec<(String, Event)>,
    pub(crate) streams: Vec<StreamId>,
    /// Where the next page begins.
    pub(crate) next: Option<GroupGap>,
}

impl Query {
    /// Looks at one event after the other until the page is full or the window ends. Blocks.
    pub(crate) fn run(mut self, service: &Service) -> Result<Found, Unreadable> {
        let mut found = Found { events: Vec::new(), streams: Vec::new(), next: None };
        let streams = self.sorted_streams();
        let mut merge =
            Merge { service, query: &self, streams, open: Vec::new(), heads: BinaryHeap::new() };
        let (mut page_bytes, mut seen, mut seen_bytes) = (0, 0, 0);
        while let Some(place) = merge.peek()? {
            let is_full = found.events.len() >= self.limit
                || page_bytes >= PAGE_BYTES_MAX
                || seen >= SEARCHED_EVENTS_MAX
                || seen_bytes >= SEARCHED_BYTES_MAX;
            if is_full {
                found.next = Some(match self.order {
                    Order::Forward => place,
                    Order::Backward => GroupGap { seq: place.seq + 1, ..place },
                });
                break;
            }
            let Some((name, id, event)) = merge.next()? else { break };
            seen += 1;
            seen_bytes += event.bytes();
            if self.pattern.matches(&event.message) {
                page_bytes += event.bytes();
                found.events.push((name, event));
                found.streams.push(id);
            }
        }
        Ok(found)
    }

    /// Streams with events in the window, the first to be opened last.
    fn sorted_streams(&mut self) -> Vec<StreamRecord> {
        let (start, end) = self.window_ms;
        let mut streams = std::mem::take(&mut self.streams);
        streams.retain(|stream| {
            let (first, last) = (stream.first_event_ms, stream.last_event_ms);
            first.is_some_and(|at| at < end) && last.is_some_and(|at| at >= start)
        });
        match self.order {
            Order::Forward => {
                streams.sort_by_key(|stream| std::cmp::Reverse(stream.first_event_ms))
            }
            Order::Backward => streams.sort_by_key(|stream| stream.last_event_ms),
        }
        streams
    }

    fn first_gap(&self, stream: StreamId) -> Gap {
        let (start, end) = self.window_ms;
        let edge = match self.order {
            Order::Forward => Gap::before(start),
            Order::Backward => Gap::before(end),
        };
        match (self.from.map(|from| from.in_stream(stream)), self.order) {
            (None, _) => edge,
            (Some(gap), Order::Forward) => gap.max(edge),
            (Some(gap), Order::Backward) => gap.min(edge),
        }
    }

    fn is_inside(&self, at_ms: i64) -> bool {
        let (start, end) = self.window_ms;
        (start..end).contains(&at_ms)
    }
}

/// The streams of a search on their way.
struct Merge<'a> {
    service: &'a Service,
    query: &'a Query,
    /// Not opened yet; the next one last.
    streams: Vec<StreamRecord>,
    /// Those that have nothing more in the window are let go.
    open: Vec<Option<(StreamRecord, StreamReader<'a>)>>,
    heads: BinaryHeap<Head>,
}

/// The next event of an open stream.
struct Head {
    place: GroupGap,
    open: usize,
    order: Order,
}

impl Ord for Head {
    fn cmp(&self, other: &Head) -> Ordering {
        let forward = other.place.cmp(&self.place);
        if self.order == Order::Forward { forward } else { forward.reverse() }
    }
}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Head) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Head) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Head {}

impl Merge<'_> {
    /// Where the next event of all streams is.
    fn peek(&mut self) -> Result<Option<GroupGap>, Unreadable> {
        while self.must_open() {
            let Some(stream) = self.streams.pop() else { break };
            let gap = self.query.first_gap(stream.id);
            let ids = (self.query.group, stream.id);
            let reader = StreamReader::new(self.service, ids, gap, self.query.order);
            self.open.push(Some((stream, reader)));
            self.push_head(self.open.len() - 1)?;
        }
        Ok(self.heads.peek().map(|head| head.place))
    }

    /// Whether the next unopened stream may have an event before all heads.
    fn must_open(&self) -> bool {
        let Some(stream) = self.streams.last() else { return false };
        let Some(head) = self.heads.peek() else { return true };
        match self.query.order {
            Order::Forward => stream.first_event_ms.is_some_and(|at| at <= head.place.at_ms),
            Order::Backward => stream.last_event_ms.is_some_and(|at| at >= head.place.at_ms),
        }
    }

    fn next(&mut self) -> Result<Option<(String, StreamId, Event)>, Unreadable> {
        let Some(head) = self.heads.pop() else { return Ok(None) };
        let Some(Some((stream, reader))) = self.open.get_mut(head.open) else { return Ok(None) };
        let (name, id) = (stream.name.clone(), stream.id);
        let event = reader.next()?;
        self.push_head(head.open)?;
        Ok(event.map(|event| (name, id, event)))
    }

    fn push_head(&mut self, open: usize) -> Result<(), Unreadable> {
        let Some(slot) = self.open.get_mut(open) else { return Ok(()) };
        let Some((stream, reader)) = slot else { return Ok(()) };
        match reader.peek()? {
            Some(event) if self.query.is_inside(event.at_ms) => {
                let place = GroupGap { at_ms: event.at_ms, stream: stream.id, seq: event.seq };
                self.heads.push(Head { place, open, order: self.query.order });
            }
            _ => *slot = None,
        }
        Ok(())
    }
}

/// How an event is named: a number of 56 digits, as AWS has it.
pub(crate) fn event_id(stream: StreamId, event: &Event) -> String {
    format!("{:018}{stream:020}{:018}", event.at_ms, event.seq)
}
