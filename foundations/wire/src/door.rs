//! A door is a service that is found by host and path instead of `X-Amz-Target`: REST APIs such
//! as Lambda's, and pages of our own below `/_rung/`.

use async_trait::async_trait;
use bytes::Bytes;
use http::Request;
use http::request::Parts;
use identity::Caller;

use crate::fault::Fault;
use crate::limits::JSON_BODY_BYTES_MAX;
use crate::reply::{self, Reply};

/// A service that reads HTTP itself.
#[async_trait]
pub trait Door: Send + Sync + 'static {
    /// Its name in the health report, `lambda`; empty for none.
    fn name(&self) -> &'static str;

    /// Whether the request is for this door. Doors are asked in the order they were added.
    fn claims(&self, parts: &Parts) -> bool;

    /// The signing name whose signature it asks for, `lambda`, or `None` when it lets everyone in.
    fn signing_name(&self) -> Option<&'static str>;

    /// Longest body it takes for this request.
    fn body_bytes_max(&self, _parts: &Parts) -> usize {
        JSON_BODY_BYTES_MAX
    }

    /// The answer to a request that does not get through: an unknown caller, a body too large.
    fn refuse(&self, fault: &Fault) -> Reply {
        reply::rest_fault(fault)
    }

    /// Answers. The caller is known if [`Door::signing_name`] asks for one.
    /// The future is dropped when the client leaves.
    async fn handle(&self, caller: Option<Caller>, request: Request<Bytes>) -> Reply;
}

/// The host that a request is for: lower case, without port and without `sync-` (SFN-WIRE-21).
pub fn host(parts: &Parts) -> Option<String> {
    let header = parts.headers.get(http::header::HOST).and_then(|value| value.to_str().ok());
    let text = header.or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))?;
    let name = match text.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => text,
    };
    let name = name.to_ascii_lowercase();
    Some(name.strip_prefix("sync-").map(str::to_owned).unwrap_or(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-WIRE-21
    #[test]
    fn hosts() {
        for (text, expected) in [
            ("localhost:4566", "localhost"),
            ("sync-Localhost:4566", "localhost"),
            ("sync-states.us-east-1.amazonaws.com", "states.us-east-1.amazonaws.com"),
            ("[::1]:4566", "[::1]"),
        ] {
            let request = Request::get("/").header("host", text).body(()).unwrap();
            assert_eq!(host(&request.into_parts().0).as_deref(), Some(expected));
        }
    }
}
