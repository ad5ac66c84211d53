//! Functions behind an HTTP endpoint that accepts Lambda's Invoke: another emulator, or AWS.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use host::Host;
use http::{HeaderMap, HeaderValue, Method, Request};
use identity::Secret;
use identity::sign::{Credentials, Scope, sign};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use targets::lambda::{Invocation, InvocationKind, InvokeError, Invoked};

use crate::runner::finished::RESPONSE_BYTES_MAX;
use crate::settings::Remote;

const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Characters of a path segment that are sent as they are.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

pub(crate) struct Remotes {
    host: Host,
    client: reqwest::Client,
    remotes: Vec<Remote>,
}

impl Remotes {
    pub(crate) fn new(host: Host, remotes: Vec<Remote>) -> Result<Remotes, reqwest::Error> {
        let client = reqwest::Client::builder()
            .connect_timeout(CONNECT_MAX)
            .redirect(reqwest::redirect::Policy::none())
            .tcp_nodelay(true)
            .build()?;
        Ok(Remotes { host, client, remotes })
    }

    /// The first endpoint whose pattern fits the function's name.
    pub(crate) fn find(&self, name: &str) -> Option<&Remote> {
        self.remotes.iter().find(|remote| fits(&remote.pattern, name))
    }

    pub(crate) async fn invoke(
        &self,
        remote: &Remote,
        invocation: &Invocation,
    ) -> Result<Invoked, InvokeError> {
        let limit = invocation.wait_max.map_or(remote.time_max, |max| max.min(remote.time_max));
        let exchange = self.exchange(remote, invocation);
        match tokio::time::timeout(limit, exchange).await {
            Ok(result) => result,
            Err(_) => {
                Err(transport(format!("no answer came within {:.1} seconds", limit.as_secs_f64())))
            }
        }
    }

    async fn exchange(
        &self,
        remote: &Remote,
        invocation: &Invocation,
    ) -> Result<Invoked, InvokeError> {
        let request = self.request(remote, invocation).map_err(transport)?;
        let request = reqwest::Request::try_from(request).map_err(|error| broken(&error))?;
        let mut response = self.client.execute(request).await.map_err(|error| broken(&error))?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let mut body = BytesMut::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
            if body.len() + chunk.len() > RESPONSE_BYTES_MAX {
                return Err(transport("the answer is over 6 MiB".to_owned()));
            }
            body.extend_from_slice(&chunk);
        }
        read(status, &headers, body.freeze())
    }

    fn request(&self, remote: &Remote, invocation: &Invocation) -> Result<Request<Bytes>, String> {
        let name = utf8_percent_encode(&invocation.function_name, SEGMENT);
        let base = remote.endpoint.trim_end_matches('/');
        let mut uri = format!("{base}/2015-03-31/functions/{name}/invocations");
        if let Some(qualifier) = &invocation.qualifier {
            uri += &format!("?Qualifier={}", utf8_percent_encode(qualifier, SEGMENT));
        }
        let kind = match invocation.kind {
            InvocationKind::RequestResponse => "RequestResponse",
            InvocationKind::Event => "Event",
            InvocationKind::DryRun => "DryRun",
        };
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(uri)
            .header("content-type", "application/json")
            .header("x-amz-invocation-type", kind);
        let optional = [
            ("x-amz-log-type", invocation.tail_log.then_some("Tail")),
            ("x-amz-client-context", invocation.client_context.as_deref()),
            ("idempotency-key", invocation.idempotency_key.as_deref()),
        ];
        for (header, value) in optional {
            if let Some(value) = value {
                request = request.header(header, value);
            }
        }
        let request = request.body(()).map_err(|error| error.to_string())?;
        let (mut parts, ()) = request.into_parts();
        let scope = Scope {
            region: remote.region.as_deref().unwrap_or(&invocation.caller.region),
            service: "lambda",
            now_ms: self.host.now_ms(),
        };
        let credentials = credentials(remote, invocation);
        sign(&mut parts, &invocation.payload, &credentials, &scope)
            .map_err(|error| error.to_string())?;
        Ok(Request::from_parts(parts, invocation.payload.clone()))
    }
}

fn credentials(remote: &Remote, invocation: &Invocation) -> Credentials {
    match &remote.credentials {
        Some(given) => Credentials {
            access_key_id: given.access_key_id.clone(),
            secret: Secret::new(given.secret_access_key.as_str()),
            session_token: given.session_token.as_deref().map(Secret::new),
        },
        None => Credentials {
            access_key_id: invocation.caller.account.to_string(),
            secret: Secret::new("test"),
            session_token: None,
        },
    }
}

fn read(status: u16, headers: &HeaderMap, body: Bytes) -> Result<Invoked, InvokeError> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let request_id = header("x-amzn-requestid").unwrap_or_default().to_owned();
    if !(200..300).contains(&status) {
        return Err(refusal(status, header("x-amzn-errortype"), &body, request_id));
    }
    let log_tail = header("x-amz-log-result").and_then(|text| {
        use base64::Engine;
        base64::engine::general_purpose::STANDARD.decode(text).ok().map(Bytes::from)
    });
    Ok(Invoked {
        status,
        executed_version: header("x-amz-executed-version").unwrap_or("$LATEST").to_owned(),
        payload: body,
        function_error: header("x-amz-function-error").map(str::to_owned),
        log_tail,
        request_id,
        headers: headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
    })
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

/// An error of the service: its name is in a header or in the body, depending on who answers.
fn refusal(status: u16, kind: Option<&str>, body: &[u8], request_id: String) -> InvokeError {
    let document: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let member = |names: &[&str]| {
        names.iter().find_map(|name| document.get(*name)?.as_str()).map(str::to_owned)
    };
    let kind = kind.map(str::to_owned).or_else(|| member(&["__type", "code", "Code"]));
    let Some(kind) = kind else {
        return transport(format!("the endpoint answered with status {status} and no error"));
    };
    let code = kind.split(':').next().unwrap_or_default().rsplit('#').next().unwrap_or_default();
    InvokeError::Service {
        code: code.to_owned(),
        status,
        message: member(&["Message", "message"]).unwrap_or_default(),
        request_id,
    }
}

fn transport(reason: String) -> InvokeError {
    InvokeError::Transport { reason }
}

/// The innermost cause is the one that says what happened.
fn broken(error: &reqwest::Error) -> InvokeError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    transport(cause.to_string())
}

/// Whether a name fits a pattern in which `*` stands for anything.
fn fits(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = name.strip_prefix(first) else { return false };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else { return rest.is_empty() };
    for piece in pieces {
        match rest.split_once(piece) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_fit_names() {
        let rows = [
            ("pay", "pay", true),
            ("pay", "pays", false),
            ("*", "anything", true),
            ("pay-*", "pay-card", true),
            ("pay-*", "repay-card", false),
            ("*-card", "pay-card", true),
            ("p*-c*d", "pay-card", true),
            ("p*-c*x", "pay-card", false),
            ("a*a", "a", false),
        ];
        for (pattern, name, expected) in rows {
            assert_eq!(fits(pattern, name), expected, "{pattern} {name}");
        }
    }

    #[test]
    fn refusals_are_read_wherever_their_name_is() {
        let body = br#"{"Type":"User","Message":"Function not found: f"}"#;
        let expected = InvokeError::Service {
            code: "ResourceNotFoundException".to_owned(),
            status: 404,
            message: "Function not found: f".to_owned(),
            request_id: "r".to_owned(),
        };
        let header = Some("ResourceNotFoundException:http://internal.amazon.com/coral/");
        assert_eq!(refusal(404, header, body, "r".to_owned()), expected);
        let body =
            br#"{"__type":"com.x#ResourceNotFoundException","message":"Function not found: f"}"#;
        assert_eq!(refusal(404, None, body, "r".to_owned()), expected);
        let error = refusal(502, None, b"<html>", String::new());
        assert!(matches!(error, InvokeError::Transport { .. }));
    }
}
