//! Functions that executions call: slow, sometimes failing, and watchful of who calls them when.

use std::sync::{Arc, Weak};

use async_trait::async_trait;
use serde_json::{Value, json};
use targets::lambda::{Invocation, InvokeError, Invoked, Lambda};

use crate::facts::Token;
use crate::node::{Answer, Node};
use crate::world::World;

pub(crate) struct Functions {
    world: Weak<World>,
    node: Weak<Node>,
}

impl Functions {
    pub(crate) fn new(world: &Arc<World>, node: &Arc<Node>) -> Functions {
        Functions { world: Arc::downgrade(world), node: Arc::downgrade(node) }
    }
}

fn text<'a>(value: &'a Value, member: &str) -> &'a str {
    value.get(member).and_then(Value::as_str).unwrap_or_default()
}

/// Calls of functions that a history tells of.
fn scheduled(history: &Value) -> usize {
    let events = history.get("events").and_then(Value::as_array);
    let calls = |event: &&Value| {
        matches!(text(event, "type"), "TaskScheduled" | "LambdaFunctionScheduled")
            && !event.to_string().contains("startExecution")
    };
    events.map_or(0, |events| events.iter().filter(calls).count())
}

#[async_trait]
impl Lambda for Functions {
    async fn invoke(&self, invocation: Invocation) -> Result<Invoked, InvokeError> {
        let (Some(world), Some(node)) = (self.world.upgrade(), self.node.upgrade()) else {
            return std::future::pending().await;
        };
        if !node.is_alive() {
            return std::future::pending().await;
        }
        let payload: Value = serde_json::from_slice(&invocation.payload).unwrap_or_default();
        let arn = text(&payload, "arn").to_owned();
        let kind = text(&payload, "kind").to_owned();
        let key = invocation.idempotency_key.unwrap_or_default();
        world.note(format!("node {} calls {kind} {arn} {key}", node.number));
        // The outside world does not wait: what is sent counts from here on.
        let calls = {
            let mut facts = world.facts.lock();
            let calls = facts.calls.entry(arn.clone()).or_default();
            *calls += 1;
            *calls
        };
        if kind == "sync" && calls > 1 {
            world.violation(format!("a synchronous Express execution began twice: {arn}"));
        }
        if kind != "sync" && kind != "async" {
            if !world.facts.lock().keys.insert(key.clone()) {
                world.violation(format!("one attempt was sent twice: {key} of {arn}"));
            }
            let body = json!({ "executionArn": arn, "maxResults": 1000 });
            match node.ask("GetExecutionHistory", &body).await {
                Answer::Done(history) if scheduled(&history) < calls => world.violation(format!(
                    "call {calls} of {arn} left before its commit: {} are recorded",
                    scheduled(&history)
                )),
                Answer::Refused(told) if world.leads(&node) => {
                    world.violation(format!("a call of {arn} left before its commit: {told}"));
                }
                _ => {}
            }
        }
        if let Some(token) = payload.get("token").and_then(Value::as_str) {
            let token = Token { token: token.to_owned(), arn };
            world.facts.lock().tokens.push(token);
        }
        let slow = if world.is_calm() || !world.one_in(10) { 800 } else { 9_000 };
        world.rest(5, slow).await;
        let failed = !world.is_calm() && kind != "sync" && kind != "async" && world.one_in(8);
        let payload = match failed {
            true => json!({ "errorType": "Unlucky", "errorMessage": "by chance" }),
            false => json!({ "answer": world.below(100) }),
        };
        Ok(Invoked {
            status: 200,
            executed_version: "$LATEST".into(),
            payload: payload.to_string().into(),
            function_error: failed.then(|| "Unhandled".into()),
            log_tail: None,
            request_id: "request".into(),
            headers: Vec::new(),
        })
    }
}
