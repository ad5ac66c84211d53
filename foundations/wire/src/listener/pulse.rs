//! Whether anything still happens on a connection.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use tokio::time::Instant;

use crate::body::{Body, StreamError};

/// Requests being answered on a connection, and when last anything moved.
#[derive(Debug)]
pub(super) struct Pulse {
    begin: Instant,
    begun: AtomicBool,
    beats: AtomicUsize,
    moved_ms: AtomicU64,
}

/// As long as it lives the connection is not quiet.
#[derive(Debug)]
pub(super) struct Beat {
    pulse: Arc<Pulse>,
}

impl Pulse {
    pub(super) fn new() -> Arc<Pulse> {
        Arc::new(Pulse {
            begin: Instant::now(),
            begun: AtomicBool::new(false),
            beats: AtomicUsize::new(0),
            moved_ms: AtomicU64::new(0),
        })
    }

    pub(super) fn beat(self: &Arc<Pulse>) -> Beat {
        self.begun.store(true, Ordering::Relaxed);
        self.beats.fetch_add(1, Ordering::Relaxed);
        Beat { pulse: self.clone() }
    }

    /// Whether a request ever came.
    pub(super) fn has_begun(&self) -> bool {
        self.begun.load(Ordering::Relaxed)
    }

    /// For how long nothing happened, or `None` while we owe the client something.
    pub(super) fn quiet(&self) -> Option<Duration> {
        let moved = Duration::from_millis(self.moved_ms.load(Ordering::Relaxed));
        let owed = self.beats.load(Ordering::Relaxed) > 0;
        (!owed).then(|| self.begin.elapsed().saturating_sub(moved))
    }

    fn moved(&self) {
        let now_ms = u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.moved_ms.store(now_ms, Ordering::Relaxed);
    }
}

impl Drop for Beat {
    fn drop(&mut self) {
        self.pulse.moved();
        self.pulse.beats.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer that keeps the pulse: while its producer is waited for, the connection
/// is busy; while the client does not read, it is quiet.
#[derive(Debug)]
pub(super) struct WatchedBody {
    body: Body,
    pulse: Arc<Pulse>,
    waiting: Option<Beat>,
}

impl WatchedBody {
    pub(super) fn new(body: Body, pulse: Arc<Pulse>) -> WatchedBody {
        WatchedBody { body, pulse, waiting: None }
    }
}

impl hyper::body::Body for WatchedBody {
    type Data = Bytes;
    type Error = StreamError;

    fn poll_frame(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, StreamError>>> {
        let this = self.get_mut();
        let polled = Pin::new(&mut this.body).poll_frame(context);
        if polled.is_ready() {
            this.waiting = None;
            this.pulse.moved();
        } else if this.waiting.is_none() {
            this.waiting = Some(this.pulse.beat());
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn quiet_is_counted_from_the_last_move() {
        let pulse = Pulse::new();
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!((pulse.quiet(), pulse.has_begun()), (Some(Duration::from_secs(3)), false));
        let beat = pulse.beat();
        tokio::time::advance(Duration::from_secs(5)).await;
        assert_eq!((pulse.quiet(), pulse.has_begun()), (None, true));
        drop(beat);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(pulse.quiet(), Some(Duration::from_secs(2)));
    }
}
