//! A partition's executions in memory, bounded by number and by bytes. A row says the same as each
//! of them, so any may be dropped.

use std::collections::HashMap;

use workflow::execution::{Doing, Frame};
use workflow::payload::Payload;

use super::Live;
use crate::records::ExecutionId;

/// Executions of a partition; the others are read when something happens to them.
const NUMBER_MAX: usize = 1_024;
/// Bytes of a partition's executions, one that is larger alone left out of account.
const BYTES_MAX: usize = 4 << 20;
/// An execution without its payloads, and a frame.
const EXECUTION_BYTES: usize = 1_536;
const FRAME_BYTES: usize = 512;
/// A payload in memory against its text: it may be there as a value too.
const PAYLOAD_TIMES: usize = 4;
/// Things of one kind that are looked at; any more are taken to be like those.
const LOOKS_MAX: usize = 32;

pub(super) struct Cache<T = Live> {
    kept: HashMap<ExecutionId, (T, usize)>,
    bytes: usize,
}

impl<T> Default for Cache<T> {
    fn default() -> Cache<T> {
        Cache { kept: HashMap::new(), bytes: 0 }
    }
}

impl Cache {
    pub(super) fn put(&mut self, id: ExecutionId, live: Live) {
        let bytes = bytes_of(&live);
        self.put_of(bytes, id, live);
    }
}

impl<T> Cache<T> {
    pub(super) fn take(&mut self, id: ExecutionId) -> Option<T> {
        let (live, bytes) = self.kept.remove(&id)?;
        self.bytes -= bytes;
        Some(live)
    }

    fn put_of(&mut self, bytes: usize, id: ExecutionId, live: T) {
        self.take(id);
        while self.kept.len() >= NUMBER_MAX || self.bytes + bytes > BYTES_MAX {
            let Some(some) = self.kept.keys().next().copied() else { break };
            self.take(some);
        }
        self.bytes += bytes;
        self.kept.insert(id, (live, bytes));
    }
}

/// About so much memory.
fn bytes_of(live: &Live) -> usize {
    let frames = live.execution.frames.values();
    EXECUTION_BYTES + of_payload(&live.start.about.input) + of_all(frames, frame)
}

fn frame(frame: &Frame) -> usize {
    let visit = &frame.visit;
    let doing = match &visit.doing {
        Doing::Task(task) => {
            let prepared = task.prepared.iter().map(|prepared| of_payload(&prepared.parameters));
            prepared.sum()
        }
        Doing::Children(children) => {
            let items = children.items.as_ref().map_or(0, of_payload);
            items + of_all(children.done.values(), of_payload)
        }
        _ => 0,
    };
    let item = frame.item.as_ref().map_or(0, |item| of_payload(&item.value));
    let variables = of_all(frame.variables.values(), of_payload);
    FRAME_BYTES + of_payload(&visit.input) + item + variables + doing
}

fn of_payload(payload: &Payload) -> usize {
    payload.bytes() * PAYLOAD_TIMES
}

fn of_all<T>(all: impl ExactSizeIterator<Item = T>, of_one: impl Fn(T) -> usize) -> usize {
    let (length, looked) = (all.len(), all.len().clamp(1, LOOKS_MAX));
    let seen: usize = all.take(LOOKS_MAX).map(of_one).sum();
    seen * length / looked
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_are_taken_to_be_like_those_that_are_looked_at() {
        assert_eq!(of_all([].iter(), |n: &usize| *n), 0);
        assert_eq!(of_all([3, 5].iter(), |n| *n), 8);
        assert_eq!(of_all(vec![7; 1_000].iter(), |n| *n), 7_000);
    }

    #[test]
    fn what_is_kept_is_bounded_by_number_and_by_bytes() {
        let mut cache = Cache::default();
        (0..3_000).for_each(|id| cache.put_of(1, id, id));
        assert_eq!((cache.kept.len(), cache.bytes), (NUMBER_MAX, NUMBER_MAX));
        assert_eq!(cache.take(2_999), Some(2_999), "the newest is there");
        (0..100).for_each(|id| cache.put_of(BYTES_MAX / 10, id, id));
        assert!(cache.bytes <= BYTES_MAX && cache.kept.contains_key(&99));
        cache.put_of(2 * BYTES_MAX, 7, 7);
        assert_eq!((cache.kept.len(), cache.bytes), (1, 2 * BYTES_MAX), "it alone");
        assert_eq!(cache.take(7), Some(7));
        assert_eq!((cache.take(7), cache.bytes), (None, 0));
    }
}
