//! A server that can be killed and opened again on what it made durable, with a clock to turn on.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use host::{Host, Source};
use identity::Caller;
use serde_json::{Value, json};
use stepfunctions::quotas::Quotas;
use stepfunctions::{Service, Settings};
use store::Store;
use store::memory::Memory;
use targets::lambda::{Invocation, InvokeError, Invoked, Lambda};
use targets::objects::folder::Folder;
use tokio::runtime::Runtime;
use wire::fault::Fault;
use wire::operation::JsonService;
use workflow::Limits;

use crate::reads::Counted;

pub(crate) const HEAD: &str = "arn:aws:states:us-east-1:000000000000:";
pub(crate) const MINUTE_MS: i64 = 60_000;
pub(crate) const DAY_MS: i64 = 1_440 * MINUTE_MS;
const WAIT_MAX: Duration = Duration::from_secs(10);

/// The machine's clock, put forward.
struct Clock {
    real: Host,
    ahead_ms: AtomicI64,
}

impl Source for Clock {
    fn now_ms(&self) -> i64 {
        self.real.now_ms() + self.ahead_ms.load(Ordering::SeqCst)
    }

    fn monotonic_ms(&self) -> u64 {
        self.real.monotonic_ms()
    }

    fn entropy(&self) -> u64 {
        self.real.entropy()
    }
}

/// No function answers.
struct Silence;

#[async_trait]
impl Lambda for Silence {
    async fn invoke(&self, _: Invocation) -> Result<Invoked, InvokeError> {
        std::future::pending().await
    }
}

pub(crate) struct World {
    clock: Arc<Clock>,
    pub(crate) memory: Memory,
    /// The memory as a store sees it.
    pub(crate) counted: Counted,
    limits: Limits,
    quotas: Quotas,
    running: Option<(Runtime, Service)>,
    store: Option<Store>,
}

impl World {
    pub(crate) fn new() -> World {
        World::limited(Limits::default())
    }

    /// With so many running executions at most.
    pub(crate) fn with_executions_max(open_executions_max: u64) -> World {
        let quotas = Quotas { open_executions_max, ..Quotas::default() };
        World::with(Limits::default(), quotas)
    }

    pub(crate) fn limited(limits: Limits) -> World {
        World::with(limits, Quotas::default())
    }

    fn with(limits: Limits, quotas: Quotas) -> World {
        let clock = Arc::new(Clock { real: Host::real(), ahead_ms: AtomicI64::new(0) });
        let memory = Memory::new();
        let counted = Counted::new(memory.clone());
        let mut world =
            World { clock, memory, counted, limits, quotas, running: None, store: None };
        world.open();
        world
    }

    pub(crate) fn open(&mut self) {
        let runtime = Runtime::new().unwrap();
        let host = Host::from_source(self.clock.clone());
        let options = store::Options { partitions: 2, ..store::Options::default() };
        let store = Store::open(Arc::new(self.counted.clone()), host.clone(), options).unwrap();
        self.store = Some(store.clone());
        let settings = Settings {
            limits: self.limits.clone(),
            quotas: self.quotas.clone(),
            lambda: Arc::new(Silence),
            logs: None,
            objects: Arc::new(Folder::new("no-such-folder")),
            drain_max: Duration::ZERO,
            mocks: None,
            retention_days: 90,
        };
        let service = runtime.block_on(Service::open(store, host, settings)).unwrap();
        self.running = Some((runtime, service));
    }

    /// Ends the server without a word to it, and opens another on the same store.
    pub(crate) fn crash(&mut self) {
        self.end();
        self.open();
    }

    /// Ends the server without a word to it.
    pub(crate) fn end(&mut self) {
        let (runtime, service) = self.running.take().unwrap();
        runtime.shutdown_background();
        drop(service);
        self.store = None;
    }

    /// Waits until every row is in its family, so that no start need read it from the log.
    pub(crate) fn settle(&self) {
        self.store.as_ref().unwrap().flush().unwrap();
    }

    pub(crate) fn pass(&self, ms: i64) {
        self.clock.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }

    pub(crate) fn running(&self) -> &(Runtime, Service) {
        self.running.as_ref().unwrap()
    }

    pub(crate) fn answer(&self, operation: &str, body: &Value) -> Result<Value, Fault> {
        let (runtime, service) = self.running();
        runtime.block_on(call(service, operation, body))
    }

    #[track_caller]
    pub(crate) fn call(&self, operation: &str, body: Value) -> Value {
        match self.answer(operation, &body) {
            Ok(value) => value,
            Err(fault) => panic!("{operation} {body}: {} {}", fault.code, fault.message),
        }
    }

    /// Code and message of what must be refused.
    #[track_caller]
    pub(crate) fn refused(&self, operation: &str, body: Value) -> String {
        match self.answer(operation, &body) {
            Ok(value) => panic!("{operation} {body}: {value}"),
            Err(fault) => format!("{}: {}", fault.code, fault.message),
        }
    }

    /// Creates a machine of this definition; its ARN.
    pub(crate) fn machine(&self, definition: &Value) -> String {
        self.machine_of("M", "STANDARD", definition)
    }

    pub(crate) fn machine_of(&self, name: &str, kind: &str, definition: &Value) -> String {
        let body = json!({
            "name": name, "type": kind, "definition": definition.to_string(),
            "roleArn": "arn:aws:iam::000000000000:role/r",
        });
        text(&self.call("CreateStateMachine", body), "stateMachineArn")
    }

    pub(crate) fn start(&self, machine: &str, name: Option<&str>) -> String {
        let mut body = json!({ "stateMachineArn": machine, "input": "[1, 2]" });
        if let Some(name) = name {
            body["name"] = name.into();
        }
        text(&self.call("StartExecution", body), "executionArn")
    }

    /// Starts so many at once, with this input; their ARNs.
    pub(crate) fn start_many(&self, machine: &str, input: &Value, count: usize) -> Vec<String> {
        let (runtime, service) = self.running();
        let body = json!({ "stateMachineArn": machine, "input": input.to_string() });
        let start = |_| {
            let (service, body) = (service.clone(), body.clone());
            runtime.spawn(async move { call(&service, "StartExecution", &body).await.unwrap() })
        };
        let started: Vec<_> = (0..count).map(start).collect();
        let answers = started.into_iter().map(|task| runtime.block_on(task).unwrap());
        answers.map(|answer| text(&answer, "executionArn")).collect()
    }

    pub(crate) fn describe(&self, arn: &str) -> Value {
        self.call("DescribeExecution", json!({ "executionArn": arn }))
    }

    pub(crate) fn stop(&self, arn: &str) {
        self.call("StopExecution", json!({ "executionArn": arn, "error": "Stopped" }));
    }

    pub(crate) fn redrive(&self, arn: &str) -> Value {
        self.call("RedriveExecution", json!({ "executionArn": arn }))["redriveDate"].clone()
    }

    /// Takes a task of the activity `a`; its token.
    pub(crate) fn task(&self) -> String {
        let task =
            self.call("GetActivityTask", json!({ "activityArn": format!("{HEAD}activity:a") }));
        text(&task, "taskToken")
    }

    pub(crate) fn succeed(&self, token: &str) {
        self.call("SendTaskSuccess", json!({ "taskToken": token, "output": "\"done\"" }));
    }

    pub(crate) fn fail(&self, token: &str) {
        self.call("SendTaskFailure", json!({ "taskToken": token, "error": "E" }));
    }

    /// Waits until the execution has that status.
    #[track_caller]
    pub(crate) fn until(&self, arn: &str, status: &str) -> Value {
        let begin = Instant::now();
        loop {
            let seen = self.describe(arn);
            if seen["status"] == status {
                return seen;
            }
            assert!(begin.elapsed() < WAIT_MAX, "{status}: {seen}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub(crate) fn events(&self, arn: &str) -> Vec<Value> {
        let body = json!({ "executionArn": arn, "maxResults": 1000 });
        self.call("GetExecutionHistory", body)["events"].as_array().unwrap().clone()
    }

    /// `id<prev Type`, a line an event.
    pub(crate) fn chain(&self, arn: &str) -> String {
        let line = |event: &Value| {
            let kind = text(event, "type");
            format!("{}<{} {kind}", event["id"], event["previousEventId"])
        };
        self.events(arn).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Describe, lists and history tell of one and the same execution.
    #[track_caller]
    pub(crate) fn agree(&self, machine: &str, arn: &str) {
        let told = self.describe(arn);
        let list = |filter: Value| {
            let mut body = json!({ "stateMachineArn": machine });
            body.as_object_mut().unwrap().extend(filter.as_object().unwrap().clone());
            let listed = self.call("ListExecutions", body)["executions"].clone();
            let mine = listed.as_array().unwrap().iter().filter(|item| item["executionArn"] == arn);
            mine.cloned().collect::<Vec<Value>>()
        };
        for filter in [json!({}), json!({ "statusFilter": told["status"] })] {
            let items = list(filter);
            let [item] = items.as_slice() else { panic!("{told} {items:?}") };
            for member in ["status", "startDate", "stopDate", "redriveCount", "redriveDate"] {
                assert_eq!(item[member], told[member], "{member}");
            }
        }
        for status in ["RUNNING", "FAILED", "ABORTED", "TIMED_OUT", "SUCCEEDED"] {
            let other = told["status"] != status;
            assert_eq!(list(json!({ "statusFilter": status })).is_empty(), other, "{status}");
        }
        let events = self.events(arn);
        let kinds: Vec<&str> = events.iter().filter_map(|event| event["type"].as_str()).collect();
        let last = match kinds.last() {
            Some(&"ExecutionFailed") => "FAILED",
            Some(&"ExecutionAborted") => "ABORTED",
            Some(&"ExecutionTimedOut") => "TIMED_OUT",
            Some(&"ExecutionSucceeded") => "SUCCEEDED",
            _ => "RUNNING",
        };
        assert_eq!(told["status"], last, "{kinds:?}");
        let redrives = kinds.iter().filter(|kind| **kind == "ExecutionRedriven").count();
        assert_eq!(told["redriveCount"], redrives);
        assert_eq!(told["stopDate"].is_null(), last == "RUNNING");
        let ids: Vec<u64> = events.iter().filter_map(|event| event["id"].as_u64()).collect();
        assert_eq!(ids, (1..=events.len() as u64).collect::<Vec<_>>());
    }
}

pub(crate) async fn call(service: &Service, operation: &str, body: &Value) -> Result<Value, Fault> {
    let caller = Caller {
        account: "000000000000".into(),
        region: "us-east-1".into(),
        access_key_id: "test".into(),
        request_id: "request".into(),
        trace_id: None,
    };
    let body = serde_json::to_vec(body).unwrap();
    let answer = service.call(operation, &caller, &body).expect("an operation of that name");
    answer.await.map(|bytes| serde_json::from_slice(&bytes).unwrap())
}

#[track_caller]
pub(crate) fn text(value: &Value, member: &str) -> String {
    value[member].as_str().unwrap_or_else(|| panic!("{member} in {value}")).to_owned()
}
