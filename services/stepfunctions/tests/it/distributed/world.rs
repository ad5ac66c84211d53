//! A server whose buckets are a folder, that can be killed and opened again on what is durable.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use host::Host;
use serde_json::{Value, json};
use stepfunctions::quotas::Quotas;
use stepfunctions::{Service, Settings};
use store::Store;
use store::memory::Memory;
use targets::lambda::{Invocation, InvokeError, Invoked, Lambda};
use targets::objects::folder::Folder;
use tempfile::TempDir;
use tokio::runtime::Runtime;
use wire::fault::Fault;
use workflow::Limits;

use crate::rig;

pub(crate) const BUCKET: &str = "bucket";
const WAIT_MAX: Duration = Duration::from_secs(20);

/// Gives its event back, and counts its calls.
#[derive(Default)]
pub(crate) struct Echo {
    pub(crate) calls: AtomicU64,
}

#[async_trait]
impl Lambda for Echo {
    async fn invoke(&self, invocation: Invocation) -> Result<Invoked, InvokeError> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Ok(Invoked {
            status: 200,
            executed_version: "$LATEST".into(),
            payload: invocation.payload,
            function_error: None,
            log_tail: None,
            request_id: "request".into(),
            headers: Vec::new(),
        })
    }
}

pub(crate) struct World {
    pub(crate) home: TempDir,
    pub(crate) echo: Arc<Echo>,
    pub(crate) memory: Memory,
    running: Option<(Runtime, Service)>,
    machines: u32,
}

impl World {
    pub(crate) fn new() -> World {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join(BUCKET)).unwrap();
        let mut world =
            World { home, echo: Arc::default(), memory: Memory::new(), running: None, machines: 0 };
        world.open();
        world
    }

    fn open(&mut self) {
        let runtime = Runtime::new().unwrap();
        let host = Host::real();
        let options = store::Options { partitions: 4, ..store::Options::default() };
        let store = Store::open(Arc::new(self.memory.clone()), host.clone(), options).unwrap();
        let settings = Settings {
            limits: Limits::default(),
            quotas: Quotas::default(),
            lambda: self.echo.clone(),
            logs: None,
            objects: Arc::new(Folder::new(self.home.path())),
            drain_max: Duration::ZERO,
            mocks: None,
            retention_days: 90,
        };
        let service = runtime.block_on(Service::open(store, host, settings)).unwrap();
        self.running = Some((runtime, service));
    }

    /// Ends the server without a word to it, and opens another on the same store.
    pub(crate) fn crash(&mut self) {
        let (runtime, service) = self.running.take().unwrap();
        runtime.shutdown_timeout(Duration::from_millis(50));
        drop(service);
        self.open();
    }

    pub(crate) fn answer(&self, operation: &str, body: &Value) -> Result<Value, Fault> {
        let (runtime, service) = self.running.as_ref().unwrap();
        runtime.block_on(rig::call(service, operation, body))
    }

    #[track_caller]
    pub(crate) fn call(&self, operation: &str, body: Value) -> Value {
        match self.answer(operation, &body) {
            Ok(value) => value,
            Err(fault) => panic!("{operation} {body}: {} {}", fault.code, fault.message),
        }
    }

    /// Puts an object into the bucket.
    pub(crate) fn put(&self, key: &str, text: &str) {
        let path = self.home.path().join(BUCKET).join(key);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }

    pub(crate) fn get(&self, key: &str) -> Value {
        let path = self.home.path().join(BUCKET).join(key);
        serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
    }

    /// Starts an execution of a definition; its ARN.
    #[track_caller]
    pub(crate) fn start(&mut self, definition: &Value, input: &Value) -> String {
        self.start_text(&definition.to_string(), &input.to_string().into())
    }

    #[track_caller]
    pub(crate) fn start_text(&mut self, definition: &str, input: &Value) -> String {
        self.machines += 1;
        let body = json!({
            "name": format!("M{}", self.machines), "definition": definition,
            "roleArn": "arn:aws:iam::000000000000:role/r",
        });
        let machine = self.call("CreateStateMachine", body);
        let body = json!({
            "stateMachineArn": machine["stateMachineArn"], "input": input,
        });
        self.call("StartExecution", body)["executionArn"].as_str().unwrap().to_owned()
    }

    pub(crate) fn describe(&self, arn: &str) -> Value {
        self.call("DescribeExecution", json!({ "executionArn": arn }))
    }

    /// The execution when it is closed.
    #[track_caller]
    pub(crate) fn closed(&self, arn: &str) -> Value {
        self.until(
            || Some(self.describe(arn)).filter(|it| it["status"] != "RUNNING"),
            || format!("{} {}", self.describe(arn), self.history(arn)),
        )
    }

    /// Starts an execution and waits for its end.
    #[track_caller]
    pub(crate) fn run(&mut self, definition: &Value, input: &Value) -> Value {
        let arn = self.start(definition, input);
        self.closed(&arn)
    }

    /// The map runs of an execution, newest first.
    pub(crate) fn map_runs(&self, arn: &str) -> Vec<String> {
        let told = self.call("ListMapRuns", json!({ "executionArn": arn }));
        let runs = told["mapRuns"].as_array().unwrap().iter();
        runs.map(|run| run["mapRunArn"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn map_run(&self, arn: &str) -> Value {
        self.call("DescribeMapRun", json!({ "mapRunArn": arn }))
    }

    /// The map run when it is over.
    #[track_caller]
    pub(crate) fn over(&self, arn: &str) -> Value {
        self.until(
            || Some(self.map_run(arn)).filter(|it| it["status"] != "RUNNING"),
            || self.map_run(arn).to_string(),
        )
    }

    pub(crate) fn children(&self, map_run: &str, status: Option<&str>) -> Vec<Value> {
        let mut body = json!({ "mapRunArn": map_run, "maxResults": 1000 });
        if let Some(status) = status {
            body["statusFilter"] = status.into();
        }
        self.call("ListExecutions", body)["executions"].as_array().unwrap().clone()
    }

    /// `id<prev Type`, joined by semicolons.
    pub(crate) fn history(&self, arn: &str) -> String {
        let body = json!({ "executionArn": arn, "maxResults": 1000 });
        let told = self.call("GetExecutionHistory", body);
        let events = told["events"].as_array().unwrap().iter();
        let events = events.map(|event| {
            let kind = event["type"].as_str().unwrap();
            format!("{}<{} {kind}", event["id"], event["previousEventId"])
        });
        events.collect::<Vec<_>>().join("; ")
    }

    #[track_caller]
    pub(crate) fn until<T>(
        &self,
        mut look: impl FnMut() -> Option<T>,
        otherwise: impl Fn() -> String,
    ) -> T {
        let begun = Instant::now();
        loop {
            if let Some(found) = look() {
                return found;
            }
            assert!(begun.elapsed() < WAIT_MAX, "not in time: {}", otherwise());
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}
