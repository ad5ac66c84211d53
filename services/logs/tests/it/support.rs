//! A service on a store in memory, with a clock that tests turn, and how to call it.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use host::{Host, Source};
use identity::Caller;
use logs::Service;
use serde_json::{Value, json};
use store::Store;
use store::memory::Memory;
use wire::operation::JsonService;

pub(crate) const ACCOUNT: &str = "000000000000";
pub(crate) const NOW_MS: i64 = 1_750_000_000_000;
pub(crate) const DAY_MS: i64 = 86_400_000;

/// A clock that stands still until it is turned.
pub(crate) struct Clock {
    now_ms: AtomicI64,
    drawn: AtomicI64,
}

impl Source for Clock {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::Acquire)
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.now_ms()).unwrap()
    }

    fn entropy(&self) -> u64 {
        u64::try_from(self.drawn.fetch_add(1, Ordering::AcqRel)).unwrap()
    }
}

pub(crate) struct World {
    pub(crate) service: Service,
    pub(crate) engine: Arc<Memory>,
    clock: Arc<Clock>,
    store: Store,
}

impl World {
    pub(crate) fn new() -> World {
        World::on(Arc::new(Memory::new()), NOW_MS)
    }

    fn on(engine: Arc<Memory>, now_ms: i64) -> World {
        let clock = Arc::new(Clock { now_ms: AtomicI64::new(now_ms), drawn: AtomicI64::new(1) });
        let host = Host::from_source(clock.clone());
        let store = Store::open(engine.clone(), host.clone(), store::Options::default()).unwrap();
        let service = Service::open(store.clone(), host);
        World { service, engine, clock, store }
    }

    /// The same data at another time, after a stop.
    pub(crate) fn reopen(self, later_ms: i64) -> World {
        self.store.shutdown();
        World::on(self.engine, self.clock.now_ms() + later_ms)
    }

    /// Brings the engine up to date with what was committed.
    pub(crate) fn flush(&self) {
        self.store.flush().unwrap();
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.clock.now_ms.fetch_add(ms, Ordering::AcqRel);
    }

    pub(crate) async fn call(&self, operation: &str, input: Value) -> Result<Value, String> {
        self.call_as(ACCOUNT, operation, input).await
    }

    pub(crate) async fn call_as(
        &self,
        account: &str,
        operation: &str,
        input: Value,
    ) -> Result<Value, String> {
        let caller = Caller {
            account: account.into(),
            region: "us-east-1".into(),
            access_key_id: "k".into(),
            request_id: "r".into(),
            trace_id: None,
        };
        let body = input.to_string();
        let answer = self.service.call(operation, &caller, body.as_bytes()).expect("an operation");
        match answer.await {
            Ok(bytes) => Ok(serde_json::from_slice(&bytes).unwrap()),
            Err(fault) => Err(format!("{}: {}", fault.code, fault.message)),
        }
    }

    pub(crate) async fn group(&self, name: &str) {
        self.call("CreateLogGroup", json!({ "logGroupName": name })).await.unwrap();
    }

    pub(crate) async fn stream(&self, group: &str, name: &str) {
        let input = json!({ "logGroupName": group, "logStreamName": name });
        self.call("CreateLogStream", input).await.unwrap();
    }

    /// Puts messages at times relative to now.
    pub(crate) async fn put(&self, group: &str, stream: &str, events: &[(i64, &str)]) -> Value {
        let now_ms = self.clock.now_ms();
        let events: Vec<Value> = events
            .iter()
            .map(|(at, message)| json!({ "timestamp": now_ms + at, "message": message }))
            .collect();
        let input = json!({ "logGroupName": group, "logStreamName": stream, "logEvents": events });
        self.call("PutLogEvents", input).await.unwrap()
    }
}

pub(crate) fn messages(answer: &Value) -> Vec<&str> {
    let events = answer["events"].as_array().unwrap();
    events.iter().map(|event| event["message"].as_str().unwrap()).collect()
}

pub(crate) fn with(mut value: Value, more: Value) -> Value {
    let members = more.as_object().unwrap().clone();
    value.as_object_mut().unwrap().extend(members);
    value
}
