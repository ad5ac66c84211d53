//! Functions that answer when the test says so, and remember who called.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use host::Source;
use parking_lot::Mutex;
use serde_json::Value;
use targets::lambda::{Invocation, InvokeError, Invoked, Lambda};
use tokio::sync::oneshot;

use super::process::Machine;

/// A call that waits for its answer.
pub(super) struct Parked {
    pub(super) payload: Value,
    pub(super) since_ms: i64,
    answer: oneshot::Sender<Invoked>,
}

/// A call that was made, answered or not.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) key: String,
    pub(super) payload: Value,
    pub(super) since_ms: i64,
    /// Commits before it.
    pub(super) at: usize,
}

pub(super) struct Functions {
    machine: Arc<Machine>,
    count: Arc<AtomicUsize>,
    parked: Mutex<Vec<Parked>>,
    made: Mutex<Vec<Made>>,
}

impl Functions {
    pub(super) fn new(machine: Arc<Machine>, count: Arc<AtomicUsize>) -> Functions {
        Functions { machine, count, parked: Mutex::default(), made: Mutex::default() }
    }

    pub(super) fn invoked(&self) -> usize {
        self.made.lock().len()
    }

    pub(super) fn made(&self) -> Vec<Made> {
        self.made.lock().clone()
    }

    /// Payload and time of each call that waits.
    pub(super) fn parked(&self) -> Vec<(Value, i64)> {
        self.parked.lock().iter().map(|one| (one.payload.clone(), one.since_ms)).collect()
    }

    /// Answers a waiting call.
    pub(super) fn answer(&self, at: usize, answer: &Result<Value, (String, String)>) {
        let parked = self.parked.lock().remove(at);
        let (payload, failed) = match answer {
            Ok(value) => (value.to_string(), false),
            Err((error, message)) => (failure_text(error, message), true),
        };
        let invoked = Invoked {
            status: 200,
            executed_version: "$LATEST".into(),
            payload: payload.into_bytes().into(),
            function_error: failed.then(|| "Unhandled".into()),
            log_tail: None,
            request_id: "request".into(),
            headers: Vec::new(),
        };
        // Nobody listens any more when the execution is over.
        let _ = parked.answer.send(invoked);
    }
}

/// What a function that failed returns.
pub(super) fn failure_text(error: &str, message: &str) -> String {
    serde_json::json!({ "errorMessage": message, "errorType": error }).to_string()
}

#[async_trait]
impl Lambda for Functions {
    async fn invoke(&self, invocation: Invocation) -> Result<Invoked, InvokeError> {
        let payload: Value = serde_json::from_slice(&invocation.payload).unwrap();
        let since_ms = self.machine.now_ms();
        let (answer, answered) = oneshot::channel();
        self.made.lock().push(Made {
            key: invocation.idempotency_key.unwrap(),
            payload: payload.clone(),
            since_ms,
            at: self.count.load(Ordering::SeqCst),
        });
        self.parked.lock().push(Parked { payload, since_ms, answer });
        match answered.await {
            Ok(invoked) => Ok(invoked),
            Err(_) => std::future::pending().await,
        }
    }
}
