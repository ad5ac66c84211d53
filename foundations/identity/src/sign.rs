//! Signing requests of our own: the command line, calls to functions behind HTTP.

use http::HeaderValue;
use http::request::Parts;
use sha2::{Digest as _, Sha256};

use crate::parse::{ALGORITHM, Credential};
use crate::time::{DATE_BYTES, format_stamp};
use crate::{Secret, canonical};

/// Headers that a proxy or the HTTP library may change on the way.
const UNSIGNED_HEADERS: [&str; 5] =
    ["authorization", "expect", "transfer-encoding", "user-agent", "x-amzn-trace-id"];

/// What a signature is made with.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub access_key_id: String,
    pub secret: Secret,
    pub session_token: Option<Secret>,
}

/// What a signature is good for.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    pub region: &'a str,
    /// The signing name, `states` or `lambda`.
    pub service: &'a str,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub now_ms: i64,
}

/// The request cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignError {
    #[error("the request has neither a `Host` header nor a host in its address")]
    NoHost,
    #[error("a header or credential has characters that HTTP headers cannot carry")]
    Header,
}

/// Adds `X-Amz-Date`, `Authorization` and, for temporary credentials, the session token.
pub fn sign(
    parts: &mut Parts,
    body: &[u8],
    credentials: &Credentials,
    scope: &Scope<'_>,
) -> Result<(), SignError> {
    let stamp = format_stamp(scope.now_ms);
    prepare(parts, credentials, &stamp)?;
    let credential = Credential {
        access_key_id: credentials.access_key_id.clone(),
        date: stamp.chars().take(DATE_BYTES).collect(),
        region: scope.region.to_owned(),
        service: scope.service.to_owned(),
    };
    let headers = headers_to_sign(parts);
    let payload = hex::encode(Sha256::digest(body));
    let request =
        canonical::request(parts, scope.service, &headers, &payload).ok_or(SignError::Header)?;
    let signature =
        canonical::signature(credentials.secret.reveal(), &credential, &stamp, &request);
    let text = format!(
        "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={signature}",
        credential.access_key_id,
        credential.scope(),
        headers.join(";")
    );
    insert(parts, "authorization", &text)
}

fn prepare(parts: &mut Parts, credentials: &Credentials, stamp: &str) -> Result<(), SignError> {
    if !parts.headers.contains_key("host") {
        let authority = parts.uri.authority().ok_or(SignError::NoHost)?.as_str().to_owned();
        insert(parts, "host", &authority)?;
    }
    insert(parts, "x-amz-date", stamp)?;
    match &credentials.session_token {
        Some(token) => insert(parts, "x-amz-security-token", token.reveal()),
        None => Ok(()),
    }
}

fn headers_to_sign(parts: &Parts) -> Vec<String> {
    let names = parts.headers.keys().map(|name| name.as_str().to_owned());
    let mut names: Vec<String> =
        names.filter(|name| !UNSIGNED_HEADERS.contains(&name.as_str())).collect();
    names.sort();
    names
}

fn insert(parts: &mut Parts, name: &'static str, value: &str) -> Result<(), SignError> {
    let value = HeaderValue::from_str(value).map_err(|_| SignError::Header)?;
    parts.headers.insert(name, value);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn signed(request: http::request::Builder) -> Result<Parts, SignError> {
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret: Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
            session_token: None,
        };
        let scope = Scope { region: "eu-west-1", service: "states", now_ms: 1_772_600_767_000 };
        sign(&mut parts, br#"{"maxResults": 5}"#, &credentials, &scope).map(|()| parts)
    }

    // The Python SDK signs the same request the same way.
    #[test]
    fn the_same_signature_as_the_python_sdk() {
        let request = http::Request::post("http://localhost:4566/")
            .header("x-amz-target", "AWSStepFunctions.ListStateMachines")
            .header("user-agent", "not signed")
            .header("content-type", "application/x-amz-json-1.0");
        let parts = signed(request).unwrap();
        assert_eq!(
            parts.headers["authorization"],
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260304/eu-west-1/states/aws4_request, \
             SignedHeaders=content-type;host;x-amz-date;x-amz-target, \
             Signature=81bba2e4c614a9c312443ae8e0d41c3e63f8075b7224ce8093965f5902ba1348"
        );
        assert_eq!(parts.headers["x-amz-date"], "20260304T050607Z");
    }

    #[test]
    fn a_request_without_host_is_refused() {
        assert_eq!(signed(http::Request::post("/")).err(), Some(SignError::NoHost));
    }
}
