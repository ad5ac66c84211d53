//! Lambda's REST API over HTTP: which requests are for it, and how its answers look.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::request::Parts;
use http::{HeaderValue, Request, Response, StatusCode};
use identity::Caller;
use serde_json::{Map, Value};
use wire::body::Body;
use wire::door::Door;
use wire::fault::Fault;
use wire::reply::Reply;

use crate::Functions;
use crate::limits;
use crate::operations::{self, Answer, Query};

/// What follows the date in the paths of this API.
const RESOURCES: [&str; 6] = [
    "account-settings",
    "code-signing-configs",
    "event-source-mappings",
    "functions",
    "layers",
    "tags",
];
/// AWS's limit on a request that carries an archive in base64.
const CODE_BODY_BYTES_MAX: usize = 70_167_211;
const BODY_BYTES_MAX: usize = 1 << 20;

pub(crate) struct LambdaDoor {
    functions: Arc<Functions>,
}

impl LambdaDoor {
    pub(crate) fn new(functions: Arc<Functions>) -> LambdaDoor {
        LambdaDoor { functions }
    }
}

#[async_trait]
impl Door for LambdaDoor {
    fn name(&self) -> &'static str {
        "lambda"
    }

    fn claims(&self, parts: &Parts) -> bool {
        let mut segments = parts.uri.path().trim_start_matches('/').split('/');
        let is_version = segments.next().is_some_and(is_date);
        is_version && segments.next().is_some_and(|resource| RESOURCES.contains(&resource))
    }

    fn signing_name(&self) -> Option<&'static str> {
        Some("lambda")
    }

    fn body_bytes_max(&self, parts: &Parts) -> usize {
        let path = parts.uri.path().trim_end_matches('/');
        if path.ends_with("/functions") || path.ends_with("/code") {
            CODE_BODY_BYTES_MAX
        } else if path.ends_with("/invocations") {
            // Twice the limit, so that the refusal is Lambda's own.
            2 * limits::PAYLOAD_BYTES_MAX
        } else {
            BODY_BYTES_MAX
        }
    }

    fn refuse(&self, fault: &Fault) -> Reply {
        fault_reply(fault)
    }

    async fn handle(&self, caller: Option<Caller>, request: Request<Bytes>) -> Reply {
        let Some(caller) = caller else { return fault_reply(&Fault::internal()) };
        let functions = Arc::clone(&self.functions);
        // In a task of its own: a client that leaves must not stop a change half way.
        let task = tokio::spawn(async move { answer(&functions, caller, request).await });
        match task.await {
            Ok(Ok(answer)) => success_reply(answer),
            Ok(Err(fault)) => fault_reply(&fault),
            Err(_) => fault_reply(&Fault::internal()),
        }
    }
}

async fn answer(
    functions: &Functions,
    caller: Caller,
    request: Request<Bytes>,
) -> Result<Answer, Fault> {
    let (parts, body) = request.into_parts();
    let (operation, argument) = operations::route(&parts.method, parts.uri.path())?;
    let query = Query {
        caller,
        argument,
        parameters: operations::parameters(parts.uri.query().unwrap_or_default()),
        headers: parts.headers,
        body,
    };
    operation(functions, query).await
}

fn is_date(segment: &str) -> bool {
    let shape = |(index, byte): (usize, u8)| match index {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    segment.len() == 10 && segment.bytes().enumerate().all(shape)
}

fn success_reply(answer: Answer) -> Reply {
    let mut reply = Response::new(Body::Whole(answer.body));
    *reply.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    if answer.status != 204 {
        reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    }
    for (name, value) in answer.headers {
        let name = HeaderName::from_bytes(name.as_bytes());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(&value)) {
            reply.headers_mut().insert(name, value);
        }
    }
    reply
}

/// An error in the form of this API. Which case `message` has differs from error to error there.
fn fault_reply(fault: &Fault) -> Reply {
    let is_client = fault.status < 500;
    let message = match fault.code.as_str() {
        "ResourceNotFoundException" | "ServiceException" => "Message",
        _ => "message",
    };
    let mut members = Map::new();
    let kind = if is_client { "User" } else { "Service" };
    members.insert("Type".to_owned(), Value::from(kind));
    members.insert(message.to_owned(), Value::from(fault.message.as_str()));
    members.extend(fault.members.clone());
    let body = Bytes::from(Value::Object(members).to_string());
    let headers = vec![("x-amzn-errortype".to_owned(), fault.code.clone())];
    success_reply(Answer { status: fault.status, headers, body })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_begin_the_paths() {
        for (text, expected) in [
            ("2015-03-31", true),
            ("2015-03-3", false),
            ("functions", false),
            ("2015/03/31", false),
            ("20150-3-31", false),
        ] {
            assert_eq!(is_date(text), expected, "{text}");
        }
    }
}
