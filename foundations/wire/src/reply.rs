//! Answers as HTTP: bodies of operations, and faults in the form of each protocol (SFN-ERR-1).

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName};
use http::{HeaderValue, Response, StatusCode};
use serde_json::{Map, Value};

use crate::body::Body;
use crate::fault::Fault;

/// An answer on its way to the client.
pub type Reply = Response<Body>;

const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// A success of AWS JSON 1.0 or 1.1 (SFN-WIRE-3).
pub(crate) fn json(json_version: &str, body: Bytes) -> Reply {
    with_type(StatusCode::OK, json_type(json_version), body)
}

/// A fault of AWS JSON: `__type` and `message` in the body, the shape also in a header.
pub(crate) fn json_fault(json_version: &str, fault: &Fault) -> Reply {
    fault_reply(fault, json_type(json_version), true)
}

/// A fault of AWS REST-JSON: `message` in the body, the shape in a header.
pub fn rest_fault(fault: &Fault) -> Reply {
    fault_reply(fault, "application/json", false)
}

/// A JSON document.
pub fn document(status: StatusCode, value: &Value) -> Reply {
    with_type(status, "application/json", Bytes::from(value.to_string()))
}

fn fault_reply(fault: &Fault, content_type: &'static str, typed: bool) -> Reply {
    let mut members = Map::new();
    if typed {
        members.insert("__type".to_owned(), fault.code.as_str().into());
    }
    members.insert("message".to_owned(), fault.message.as_str().into());
    members.extend(fault.members.iter().cloned());
    let status = StatusCode::from_u16(fault.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let body = Bytes::from(Value::Object(members).to_string());
    let mut reply = with_type(status, content_type, body);
    if let Ok(code) = HeaderValue::from_str(&fault.code) {
        reply.headers_mut().insert(ERROR_TYPE, code);
    }
    reply
}

fn with_type(status: StatusCode, content_type: &'static str, body: Bytes) -> Reply {
    let mut reply = Response::new(Body::Whole(body));
    *reply.status_mut() = status;
    reply.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    reply
}

fn json_type(json_version: &str) -> &'static str {
    match json_version {
        "1.1" => "application/x-amz-json-1.1",
        _ => "application/x-amz-json-1.0",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(reply: &Reply, status: u16, content_type: &str, body: &str) {
        assert_eq!(reply.status(), status);
        assert_eq!(reply.headers()[CONTENT_TYPE], content_type);
        let Body::Whole(bytes) = reply.body() else { panic!("a whole body") };
        assert_eq!(bytes, body);
    }

    // SFN-ERR-1, SFN-ERR-3
    #[test]
    fn faults() {
        let fault = Fault::new("ResourceNotFound", "gone").with_member("resourceName", "arn");
        let reply = json_fault("1.0", &fault);
        let body = r#"{"__type":"ResourceNotFound","message":"gone","resourceName":"arn"}"#;
        check(&reply, 400, "application/x-amz-json-1.0", body);
        assert_eq!(reply.headers()["x-amzn-errortype"], "ResourceNotFound");
        let reply = rest_fault(&fault.with_status(404));
        check(&reply, 404, "application/json", r#"{"message":"gone","resourceName":"arn"}"#);
        assert_eq!(reply.headers()["x-amzn-errortype"], "ResourceNotFound");
    }

    // SFN-WIRE-3
    #[test]
    fn successes() {
        check(&json("1.0", Bytes::from("{}")), 200, "application/x-amz-json-1.0", "{}");
        check(&json("1.1", Bytes::from("{}")), 200, "application/x-amz-json-1.1", "{}");
    }
}
