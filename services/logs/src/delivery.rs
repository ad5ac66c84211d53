//! The logs of other services on their way in: a bounded queue, and one worker that keeps what is
//! in it, many batches a commit. Nobody who delivers ever waits.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::future::join_all;
use store::error::Unavailable;
use targets::logs::{GroupAddress, IfMissing, LogBatch, LogEvent, Logs};
use tokio::sync::{mpsc, oneshot};

use crate::append::Missing;
use crate::faults::Trouble;
use crate::limits::{EVENT_BYTES_MAX, EVENT_OVERHEAD_BYTES};
use crate::service::Service;

/// What may be on its way: batches, and bytes of their events.
const QUEUE_BATCHES_MAX: usize = 65_536;
const QUEUE_BYTES_MAX: usize = 64 << 20;
/// Batches taken from the queue at once.
const BATCHES_AT_ONCE: usize = 2_048;
/// Streams written at the same time.
const STREAMS_AT_ONCE: usize = 64;
/// How long the worker lets batches gather: a chunk of many events is worth the wait.
const GATHER: Duration = Duration::from_millis(20);
/// Pauses between tries while the store is not available.
const PAUSES_MS: [u64; 6] = [10, 100, 1_000, 5_000, 15_000, 60_000];
/// How often losses are reported.
const REPORT_MS: u64 = 10_000;

/// What the worker is told.
pub(crate) enum Order {
    Keep(LogBatch),
    Flush(oneshot::Sender<()>),
}

pub(crate) struct Queue {
    orders: mpsc::Sender<Order>,
    bytes: Arc<AtomicUsize>,
    /// Events that were not kept.
    lost: AtomicU64,
}

impl Queue {
    pub(crate) fn new() -> (Queue, mpsc::Receiver<Order>) {
        let (orders, queue) = mpsc::channel(QUEUE_BATCHES_MAX);
        (Queue { orders, bytes: Arc::default(), lost: AtomicU64::new(0) }, queue)
    }

    fn offer(&self, batch: LogBatch) {
        let (bytes, count) = (bytes_of(&batch), batch.events.len());
        let before = self.bytes.fetch_add(bytes, Ordering::AcqRel);
        let fits = before.saturating_add(bytes) <= QUEUE_BYTES_MAX;
        if !fits || self.orders.try_send(Order::Keep(batch)).is_err() {
            self.bytes.fetch_sub(bytes, Ordering::AcqRel);
            self.lose(count);
        }
    }

    fn lose(&self, count: usize) {
        self.lost.fetch_add(count as u64, Ordering::AcqRel);
    }

    /// Waits until what was offered before is kept.
    pub(crate) async fn flush(&self, max: Duration) {
        let (done, wait) = oneshot::channel();
        let flushed = tokio::time::timeout(max, async {
            if self.orders.send(Order::Flush(done)).await.is_ok() {
                let _ = wait.await;
            }
        });
        if flushed.await.is_err() {
            tracing::warn!("the last log events were not kept in time");
        }
    }
}

fn bytes_of(batch: &LogBatch) -> usize {
    batch.events.iter().map(|event| event.message.len() + EVENT_OVERHEAD_BYTES).sum()
}

#[async_trait]
impl Logs for Service {
    async fn exists(&self, group: &GroupAddress) -> bool {
        match self.find_group(group) {
            Ok(found) => found.is_some(),
            Err(error) => {
                tracing::error!(%error, "a log group could not be read");
                false
            }
        }
    }

    fn deliver(&self, batch: LogBatch) {
        if !batch.events.is_empty() {
            self.queue.offer(batch);
        }
    }
}

/// Events of one stream from several batches.
struct Gathered {
    events: Vec<LogEvent>,
    if_missing: IfMissing,
}

type Streams = BTreeMap<(Arc<GroupAddress>, Arc<str>), Gathered>;

impl Service {
    /// Keeps what is delivered, until the service is gone.
    pub(crate) async fn run_delivery(self, mut queue: mpsc::Receiver<Order>) {
        let mut reported = (0, 0);
        let mut orders = Vec::new();
        while queue.recv_many(&mut orders, BATCHES_AT_ONCE).await > 0 {
            if orders.len() < BATCHES_AT_ONCE && !has_flush(&orders) {
                tokio::time::sleep(GATHER).await;
                while orders.len() < BATCHES_AT_ONCE
                    && let Ok(order) = queue.try_recv()
                {
                    orders.push(order);
                }
            }
            let (streams, bytes, flushes) = gather(orders.drain(..));
            self.keep(streams).await;
            self.queue.bytes.fetch_sub(bytes, Ordering::AcqRel);
            for flush in flushes {
                // Who waited too long has gone.
                let _ = flush.send(());
            }
            self.report(&mut reported);
        }
    }

    async fn keep(&self, streams: Streams) {
        let mut streams: Vec<_> = streams.into_iter().collect();
        while !streams.is_empty() {
            let rest = streams.split_off(streams.len().min(STREAMS_AT_ONCE));
            join_all(streams.into_iter().map(|((group, stream), gathered)| async move {
                self.keep_stream(&group, &stream, gathered).await;
            }))
            .await;
            streams = rest;
        }
    }

    async fn keep_stream(&self, group: &GroupAddress, stream: &str, gathered: Gathered) {
        let Gathered { mut events, if_missing } = gathered;
        events.sort_by_key(|event| event.at_ms);
        for event in &mut events {
            cut(&mut event.message);
        }
        for pause_ms in PAUSES_MS {
            match self.append(group, stream, &events, Missing::from(if_missing)).await {
                // A group that is gone wants no more events.
                Ok(Ok(_) | Err(_)) => return,
                Err(Trouble::Unreadable(error)) => {
                    tracing::error!(%error, group = &*group.name, "log events were not kept");
                    break;
                }
                Err(Trouble::Unavailable(Unavailable::Stopping)) => break,
                Err(Trouble::Unavailable(error)) => {
                    tracing::debug!(%error, "log events wait for the store");
                    tokio::time::sleep(Duration::from_millis(pause_ms)).await;
                }
            }
        }
        self.queue.lose(events.len());
    }

    fn report(&self, (count, at_ms): &mut (u64, u64)) {
        let (lost, now_ms) = (self.queue.lost.load(Ordering::Acquire), self.host.monotonic_ms());
        if lost > *count && (*count == 0 || now_ms >= *at_ms + REPORT_MS) {
            tracing::warn!(lost = lost - *count, total = lost, "log events were lost");
            (*count, *at_ms) = (lost, now_ms);
        }
    }
}

fn has_flush(orders: &[Order]) -> bool {
    orders.iter().any(|order| matches!(order, Order::Flush(_)))
}

fn gather(orders: impl Iterator<Item = Order>) -> (Streams, usize, Vec<oneshot::Sender<()>>) {
    let (mut streams, mut bytes, mut flushes) = (Streams::new(), 0, Vec::new());
    for order in orders {
        match order {
            Order::Flush(flush) => flushes.push(flush),
            Order::Keep(batch) => {
                bytes += bytes_of(&batch);
                let gathered = streams
                    .entry((batch.group, batch.stream))
                    .or_insert(Gathered { events: Vec::new(), if_missing: batch.if_missing });
                gathered.events.extend(batch.events);
            }
        }
    }
    (streams, bytes, flushes)
}

/// Cuts a message that is too long for an event.
fn cut(message: &mut String) {
    let max = EVENT_BYTES_MAX - EVENT_OVERHEAD_BYTES;
    if message.len() > max {
        message.truncate(message.floor_char_boundary(max));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(stream: &str, bytes: usize) -> LogBatch {
        LogBatch {
            group: Arc::new(GroupAddress {
                account: "1".into(),
                region: "r".into(),
                name: "g".into(),
            }),
            stream: stream.into(),
            events: vec![LogEvent { at_ms: 1, message: "é".repeat(bytes / 2) }],
            if_missing: IfMissing::Drop,
        }
    }

    #[test]
    fn a_full_queue_counts_what_it_does_not_take() {
        let (queue, orders) = Queue::new();
        queue.offer(batch("s", QUEUE_BYTES_MAX / 2));
        queue.offer(batch("s", QUEUE_BYTES_MAX));
        assert_eq!(queue.lost.load(Ordering::Acquire), 1);
        assert!(queue.bytes.load(Ordering::Acquire) <= QUEUE_BYTES_MAX);
        for _ in 0..QUEUE_BATCHES_MAX {
            queue.offer(batch("s", 2));
        }
        assert_eq!(queue.lost.load(Ordering::Acquire), 2);
        drop(orders);
        queue.offer(batch("s", 2));
        assert_eq!(queue.lost.load(Ordering::Acquire), 3);
    }

    #[test]
    fn batches_of_a_stream_are_kept_together() {
        let orders = [batch("a", 2), batch("b", 2), batch("a", 4)].map(Order::Keep);
        let (streams, bytes, _) = gather(orders.into_iter());
        let counts: Vec<usize> = streams.values().map(|one| one.events.len()).collect();
        assert_eq!((counts, bytes), (vec![2, 1], 8 + 3 * EVENT_OVERHEAD_BYTES));
    }

    #[test]
    fn long_messages_are_cut_between_characters() {
        let mut text = "é".repeat(EVENT_BYTES_MAX);
        cut(&mut text);
        assert_eq!(text.len(), EVENT_BYTES_MAX - EVENT_OVERHEAD_BYTES);
        let mut text = format!("a{}", "é".repeat(EVENT_BYTES_MAX));
        cut(&mut text);
        assert_eq!(text.len(), EVENT_BYTES_MAX - EVENT_OVERHEAD_BYTES - 1);
    }
}
