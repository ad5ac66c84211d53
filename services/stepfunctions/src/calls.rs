//! Performs the calls of tasks after their commit, and feeds the answers back.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use identity::Caller;
use tokio::sync::{Notify, Semaphore};
use workflow::effect::Call;
use workflow::event::Event;
use workflow::payload::Payload;

use crate::integrations;
use crate::records::{ExecutionId, StartRecord};
use crate::service::Service;

/// Calls in flight at once.
const IN_FLIGHT_MAX: usize = 1_000;

/// How a call ended.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Answer {
    Done(Payload),
    Failed { error: Option<String>, cause: Option<String> },
}

impl Answer {
    pub(crate) fn failed(error: impl Into<String>, cause: impl Into<String>) -> Answer {
        Answer::Failed { error: Some(error.into()), cause: Some(cause.into()) }
    }
}

/// What an integration gets to work with.
pub(crate) struct Context<'a> {
    pub(crate) service: &'a Service,
    /// The account and region of the machine, for calls inside the server.
    pub(crate) caller: Caller,
    pub(crate) idempotency_key: String,
    pub(crate) wait_max: Option<Duration>,
}

/// Calls under way.
pub(crate) struct Calls {
    slots: Arc<Semaphore>,
    open: Arc<AtomicUsize>,
    idle: Arc<Notify>,
}

impl Default for Calls {
    fn default() -> Calls {
        Calls {
            slots: Arc::new(Semaphore::new(IN_FLIGHT_MAX)),
            open: Arc::default(),
            idle: Arc::default(),
        }
    }
}

impl Calls {
    /// Waits until no call is under way.
    pub(crate) async fn idle(&self) {
        while self.open.load(Ordering::SeqCst) > 0 {
            let _ = tokio::time::timeout(Duration::from_millis(50), self.idle.notified()).await;
        }
    }

    /// Waits until no call is under way, at most `wait_max`.
    pub(crate) async fn drain(&self, wait_max: Duration) {
        if tokio::time::timeout(wait_max, self.idle()).await.is_err() {
            let left = self.open.load(Ordering::SeqCst);
            tracing::warn!(calls = left, "stopped before these calls were answered");
        }
    }
}

/// Counts a call as under way until dropped.
struct UnderWay {
    open: Arc<AtomicUsize>,
    idle: Arc<Notify>,
}

impl UnderWay {
    fn begin(calls: &Calls) -> UnderWay {
        calls.open.fetch_add(1, Ordering::SeqCst);
        UnderWay { open: calls.open.clone(), idle: calls.idle.clone() }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::SeqCst);
        self.idle.notify_waiters();
    }
}

impl Service {
    /// Performs a call whose effect row is committed; the answer becomes an event.
    pub(crate) fn perform(&self, id: ExecutionId, start: &Arc<StartRecord>, call: Call) {
        let (service, start) = (self.clone(), start.clone());
        let under_way = UnderWay::begin(&self.calls);
        self.runtime.spawn(async move {
            let _under_way = under_way;
            let _slot = service.calls.slots.clone().acquire_owned().await;
            let event = service.answer_event(id, &start, &call).await;
            service.dispatch_soon(id, event);
        });
    }

    /// Performs a call; its answer as the event it leads to.
    pub(crate) async fn answer_event(
        &self,
        id: ExecutionId,
        start: &StartRecord,
        call: &Call,
    ) -> Event {
        let (frame, attempt) = (call.frame, call.attempt);
        match self.answer(id, start, call).await {
            Answer::Done(output) if call.token.is_some() => {
                Event::TaskSubmitted { frame, attempt, output }
            }
            Answer::Done(output) => Event::TaskSucceeded { frame, attempt, output },
            Answer::Failed { error, cause } => Event::TaskFailed { frame, attempt, error, cause },
        }
    }

    async fn answer(&self, id: ExecutionId, start: &StartRecord, call: &Call) -> Answer {
        let context = Context {
            service: self,
            caller: Caller {
                account: start.account.as_str().into(),
                region: start.region.as_str().into(),
                access_key_id: "states".into(),
                request_id: self.host.uuid().into(),
                trace_id: None,
            },
            idempotency_key: format!("{id:016x}-{}-{}", call.frame, call.attempt),
            wait_max: call.timeout_ms.map(Duration::from_millis),
        };
        integrations::call(&context, call).await
    }
}
