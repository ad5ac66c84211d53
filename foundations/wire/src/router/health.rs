//! The health report: `/_rung/health`, and `/_localstack/health` for tools that wait for that.

use std::sync::Arc;

use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::door::Door;
use crate::operation::JsonService;
use crate::reply::{self, Reply};

/// True if a request asks for the report.
pub(crate) fn is_asked(method: &Method, path: &str) -> bool {
    matches!(path, "/_rung/health" | "/_localstack/health")
        && matches!(*method, Method::GET | Method::HEAD)
}

pub(super) fn report(services: &[Arc<dyn JsonService>], doors: &[Arc<dyn Door>]) -> Reply {
    let names = services.iter().map(|service| service.name());
    let names = names.chain(doors.iter().map(|door| door.name()));
    let running: Map<String, Value> = names
        .filter(|name| !name.is_empty())
        .map(|name| (name.to_owned(), "running".into()))
        .collect();
    let report = json!({
        "status": "running",
        "services": running,
        "edition": "rung",
        "version": env!("CARGO_PKG_VERSION"),
    });
    reply::document(StatusCode::OK, &report)
}
