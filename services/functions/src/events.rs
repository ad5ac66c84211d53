//! Asynchronous invocations: accepted durably, tried up to three times, at least once whatever
//! happens to the server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use wire::fault::Fault;

use crate::Functions;
use crate::records::EventRecord;
use crate::runner::{Refused, Work};

/// Accepted and not finished: events, and bytes of their payloads.
const PENDING_MAX: usize = 10_000;
const PENDING_BYTES_MAX: usize = 256 << 20;
/// AWS drops an event that no attempt could be made for in this time.
const AGE_MS_MAX: i64 = 6 * 60 * 60 * 1000;
const THROTTLE_PAUSE_MIN: Duration = Duration::from_secs(1);
const THROTTLE_PAUSE_MAX: Duration = Duration::from_secs(300);

pub(crate) struct Events {
    retry_delays: Vec<Duration>,
    pending: Arc<Pending>,
    this: Mutex<std::sync::Weak<Functions>>,
}

#[derive(Default)]
struct Pending {
    count: AtomicUsize,
    bytes: AtomicUsize,
}

/// An event's place among those pending.
struct Place {
    pending: Arc<Pending>,
    bytes: usize,
}

impl Place {
    fn take(pending: &Arc<Pending>, bytes: usize) -> Place {
        pending.count.fetch_add(1, Ordering::AcqRel);
        pending.bytes.fetch_add(bytes, Ordering::AcqRel);
        Place { pending: Arc::clone(pending), bytes }
    }

    fn fits(&self) -> bool {
        self.pending.count.load(Ordering::Acquire) <= PENDING_MAX
            && self.pending.bytes.load(Ordering::Acquire) <= PENDING_BYTES_MAX
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.pending.count.fetch_sub(1, Ordering::AcqRel);
        self.pending.bytes.fetch_sub(self.bytes, Ordering::AcqRel);
    }
}

impl Events {
    pub(crate) fn new(retry_delays: Vec<Duration>) -> Events {
        Events { retry_delays, pending: Arc::default(), this: Mutex::default() }
    }
}

impl Functions {
    /// Takes up what an earlier run of the server accepted.
    pub(crate) fn resume_events(self: &Arc<Self>, events: Vec<EventRecord>) {
        *self.events.this.lock() = Arc::downgrade(self);
        for event in events {
            let place = Place::take(&self.events.pending, event.payload.len());
            tokio::spawn(work_off(Arc::downgrade(self), event, place));
        }
    }

    /// Returns when the event will not be lost any more.
    pub(crate) async fn accept_event(&self, event: EventRecord) -> Result<(), Fault> {
        let place = Place::take(&self.events.pending, event.payload.len());
        if !place.fits() || self.runner.is_closed() {
            return Err(Fault::new("TooManyRequestsException", "Rate Exceeded.").with_status(429));
        }
        let this = self.events.this.lock().upgrade().ok_or_else(Fault::internal)?;
        // In a task of its own: a caller that leaves must not stop it half way.
        let accepting = tokio::spawn(async move {
            this.catalog.put_event(&event).await?;
            tokio::spawn(work_off(Arc::downgrade(&this), event, place));
            Ok(())
        });
        match accepting.await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => {
                let error: store::error::Unavailable = error;
                Err(Fault::new("ServiceException", error.to_string()).with_status(500))
            }
            Err(_) => Err(Fault::internal()),
        }
    }
}

async fn work_off(this: std::sync::Weak<Functions>, mut event: EventRecord, _place: Place) {
    let mut pause = THROTTLE_PAUSE_MIN;
    loop {
        let Some(functions) = this.upgrade() else { return };
        let wait_ms = event.due_ms.saturating_sub(functions.host.now_ms());
        if let Ok(wait_ms) = u64::try_from(wait_ms)
            && wait_ms > 0
        {
            drop(functions);
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            continue;
        }
        match functions.attempt(&mut event).await {
            Next::Finished => {
                if let Err(error) = functions.catalog.delete_event(&event).await {
                    tracing::warn!(%error, "failed to note the end of an invocation");
                }
                return;
            }
            Next::Retry => {
                if let Err(error) = functions.catalog.put_event(&event).await {
                    tracing::warn!(%error, "failed to note a failed invocation; it may repeat");
                }
                pause = THROTTLE_PAUSE_MIN;
            }
            Next::Throttled => {
                event.due_ms = functions.host.now_ms() + millis(pause);
                pause = (pause * 2).min(THROTTLE_PAUSE_MAX);
            }
            // The row stays, for the next run of the server.
            Next::Stopping => return,
        }
    }
}

enum Next {
    Finished,
    Retry,
    Throttled,
    Stopping,
}

impl Functions {
    async fn attempt(&self, event: &mut EventRecord) -> Next {
        if self.host.now_ms() - event.accepted_ms > AGE_MS_MAX {
            tracing::warn!(function = event.key.name, "an asynchronous invocation has expired");
            return Next::Finished;
        }
        let Some(launch) = self.launch(&event.key) else {
            tracing::warn!(function = event.key.name, "the function of an invocation is gone");
            return Next::Finished;
        };
        let work = Work {
            request_id: event.request_id.clone(),
            payload: event.payload.clone(),
            client_context: event.client_context.clone(),
            idempotency_key: event.idempotency_key.clone(),
        };
        match self.runner.run(launch, work).await {
            Ok(finished) if !finished.is_error => Next::Finished,
            Ok(_) => {
                let failures = usize::try_from(event.failures).unwrap_or(usize::MAX);
                let Some(delay) = self.events.retry_delays.get(failures) else {
                    return Next::Finished;
                };
                event.failures += 1;
                event.due_ms = self.host.now_ms() + millis(*delay);
                Next::Retry
            }
            Err(Refused::Throttled) => Next::Throttled,
            Err(Refused::Closed) => Next::Stopping,
        }
    }
}

fn millis(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}
