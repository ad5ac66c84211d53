//! The events of one stream from a place on, either way, a few chunks at a time.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use store::engine::Order;

use crate::groups::just_after;
use crate::records::{self, Event, Gap, GroupId, Row, StreamId, Unreadable};
use crate::service::Service;

/// Chunks read at once.
const CHUNKS_AT_ONCE: usize = 2;

pub(crate) struct StreamReader<'a> {
    service: &'a Service,
    group: GroupId,
    order: Order,
    /// Keys of chunks that were not read yet.
    rest: Range<Bytes>,
    /// Events come from behind this place, or from before it.
    gap: Gap,
    buffer: VecDeque<Event>,
    is_begun: bool,
    is_done: bool,
}

impl<'a> StreamReader<'a> {
    pub(crate) fn new(
        service: &'a Service,
        (group, stream): (GroupId, StreamId),
        gap: Gap,
        order: Order,
    ) -> StreamReader<'a> {
        let mut rest = records::chunks_of(group, stream);
        let at = records::chunk_key(group, stream, gap);
        if order == Order::Backward {
            rest.end = at;
        }
        StreamReader {
            service,
            group,
            order,
            rest,
            gap,
            buffer: VecDeque::new(),
            is_begun: false,
            is_done: false,
        }
    }

    /// The next event, which stays the next one.
    pub(crate) fn peek(&mut self) -> Result<Option<&Event>, Unreadable> {
        while self.buffer.is_empty() && !self.is_done {
            self.fill()?;
        }
        Ok(self.buffer.front())
    }

    pub(crate) fn next(&mut self) -> Result<Option<Event>, Unreadable> {
        self.peek()?;
        let event = self.buffer.pop_front();
        if let Some(event) = &event {
            self.gap = match self.order {
                Order::Forward => event.after(),
                Order::Backward => event.place(),
            };
        }
        Ok(event)
    }

    /// Where this reader stands.
    pub(crate) fn gap(&self) -> Gap {
        self.gap
    }

    fn fill(&mut self) -> Result<(), Unreadable> {
        if !self.is_begun && self.order == Order::Forward {
            self.begin()?;
        }
        self.is_begun = true;
        let partition = self.service.partition_of_id(self.group);
        let rows = self.service.store.scan(
            partition,
            records::EVENTS,
            self.rest.clone(),
            self.order,
            CHUNKS_AT_ONCE,
        )?;
        self.is_done = rows.len() < CHUNKS_AT_ONCE;
        for (key, row) in rows {
            let mut events: Vec<Event> = records::from_row(Row::Chunk, &key, &row)?;
            match self.order {
                Order::Forward => self.rest.start = just_after(&key),
                Order::Backward => {
                    events.reverse();
                    self.rest.end = key;
                }
            }
            // A chunk around the place has events on both sides; one that was rewritten
            // meanwhile has events that were read already.
            let (order, gap) = (self.order, self.gap);
            let wanted = events.into_iter().filter(|event| match order {
                Order::Forward => event.place() >= gap,
                Order::Backward => event.place() < gap,
            });
            self.buffer.extend(wanted);
        }
        Ok(())
    }

    /// The chunk around the place begins before it.
    fn begin(&mut self) -> Result<(), Unreadable> {
        let stream = self.rest.start.get(10..18).and_then(|stream| stream.try_into().ok());
        let stream = u64::from_be_bytes(stream.unwrap_or_default());
        let range = self.rest.start.clone()..records::chunk_key(self.group, stream, self.gap);
        let partition = self.service.partition_of_id(self.group);
        let rows =
            self.service.store.scan(partition, records::EVENTS, range, Order::Backward, 1)?;
        self.rest.start = match rows.into_iter().next() {
            Some((key, _)) => key,
            None => records::chunk_key(self.group, stream, self.gap),
        };
        Ok(())
    }
}
