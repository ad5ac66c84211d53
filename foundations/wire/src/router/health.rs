//! The health report: `/_rung/health`, and `/_localstack/health` for tools that wait for that.

use std::sync::Arc;

use http::request::Parts;
use http::{Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::door::Door;
use crate::operation::JsonService;
use crate::reply::{self, Reply};

/// The report, if the request asks for it.
pub(super) fn answer(
    parts: &Parts,
    services: &[Arc<dyn JsonService>],
    doors: &[Arc<dyn Door>],
) -> Option<Reply> {
    let asked = matches!(parts.uri.path(), "/_rung/health" | "/_localstack/health");
    if !asked || !matches!(parts.method, Method::GET | Method::HEAD) {
        return None;
    }
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
    Some(reply::document(StatusCode::OK, &report))
}
