//! A service on a store in memory, with functions that answer as told.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use host::Host;
use identity::Caller;
use serde_json::Value;
use stepfunctions::quotas::Quotas;
use stepfunctions::{Service, Settings};
use store::Store;
use store::memory::Memory;
use targets::lambda::{Invocation, InvokeError, Invoked, Lambda};
use targets::logs::Logs;
use targets::objects::folder::Folder;
use wire::fault::Fault;
use wire::operation::JsonService;
use workflow::Limits;

pub(crate) const ACCOUNT: &str = "000000000000";
pub(crate) const REGION: &str = "us-east-1";

/// The answer of functions that never answer.
pub(crate) const NEVER: &[u8] = b"never";

/// Every function answers the same bytes.
struct Answers(&'static [u8]);

#[async_trait]
impl Lambda for Answers {
    async fn invoke(&self, _: Invocation) -> Result<Invoked, InvokeError> {
        if self.0 == NEVER {
            std::future::pending::<()>().await;
        }
        Ok(Invoked {
            status: 200,
            executed_version: "$LATEST".into(),
            payload: bytes::Bytes::from_static(self.0),
            function_error: None,
            log_tail: None,
            request_id: "request".into(),
            headers: Vec::new(),
        })
    }
}

/// A fresh service whose functions answer `answer`.
pub(crate) async fn open(answer: &'static [u8]) -> Service {
    open_with(answer, None).await
}

/// The same, with somebody who keeps logs.
pub(crate) async fn open_with(answer: &'static [u8], logs: Option<Arc<dyn Logs>>) -> Service {
    let host = Host::real();
    let options = store::Options { partitions: 1, ..store::Options::default() };
    let store = Store::open(Arc::new(Memory::new()), host.clone(), options).unwrap();
    let settings = Settings {
        limits: Limits::default(),
        quotas: Quotas::default(),
        lambda: Arc::new(Answers(answer)),
        logs,
        objects: Arc::new(Folder::new("no-such-folder")),
        drain_max: Duration::ZERO,
        mocks: None,
        retention_days: 90,
    };
    Service::open(store, host, settings).await.unwrap()
}

/// Calls an operation.
pub(crate) async fn call(service: &Service, operation: &str, body: &Value) -> Result<Value, Fault> {
    let caller = Caller {
        account: ACCOUNT.into(),
        region: REGION.into(),
        access_key_id: "test".into(),
        request_id: "request".into(),
        trace_id: None,
    };
    let body = serde_json::to_vec(body).unwrap();
    let answer = service.call(operation, &caller, &body).expect("an operation of that name");
    answer.await.map(|bytes| serde_json::from_slice(&bytes).unwrap())
}
