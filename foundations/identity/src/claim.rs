//! From a request to its caller, in two steps: [`Mode::open`] reads the head before the body is
//! there and refuses whom nobody knows; [`Claim::verify`] then compares the signature over both.

use std::sync::Arc;

use http::request::Parts;
use resource::arn::{account_ok, region_ok};
use subtle::ConstantTimeEq as _;

use crate::denied::Denied;
use crate::parse::{self, Signature};
use crate::time::{DATE_BYTES, format_stamp, parse_stamp};
use crate::{ACCOUNT_DEFAULT, Caller, KeyRecord, Keys, Mode, REGION_DEFAULT, Secret, canonical};

/// How far a request's clock may be off.
pub const SKEW_MS_MAX: i64 = 15 * 60 * 1000;

/// Longest life of a presigned request: seven days.
const EXPIRES_S_MAX: i64 = 7 * 24 * 60 * 60;

/// Longest tracing header that is kept.
const TRACE_ID_BYTES_MAX: usize = 256;

/// What is known of the request besides its head.
#[derive(Clone, Debug)]
pub struct Arrival<'a> {
    /// The signing name of the service that the request is for, `states`.
    pub service: &'a str,
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub now_ms: i64,
    pub request_id: Arc<str>,
}

/// A caller whose signature still awaits the body.
#[derive(Debug)]
pub struct Claim {
    caller: Caller,
    /// Nothing to verify in development.
    proof: Option<(Signature, Secret)>,
}

impl Mode {
    /// Reads who claims to be calling.
    pub fn open(&self, parts: &Parts, arrival: &Arrival<'_>) -> Result<Claim, Denied> {
        match self {
            Mode::Dev => Ok(Claim { caller: believed(parts, arrival), proof: None }),
            Mode::Serve(keys) => open(keys.as_ref(), parts, arrival),
        }
    }
}

impl Claim {
    /// The caller, once the signature fits head and body.
    pub fn verify(self, parts: &Parts, body: &[u8]) -> Result<Caller, Denied> {
        let Some((signature, secret)) = &self.proof else { return Ok(self.caller) };
        let service = &signature.credential.service;
        let presigned = signature.expires_s.is_some();
        let payload = canonical::payload_hash(parts, service, presigned, body);
        let request = canonical::request(parts, service, &signature.signed_headers, &payload)
            .ok_or_else(Denied::mismatch)?;
        let expected = canonical::signature(
            secret.reveal(),
            &signature.credential,
            &signature.stamp,
            &request,
        );
        let equal: bool = expected.as_bytes().ct_eq(signature.signature.as_bytes()).into();
        if equal { Ok(self.caller) } else { Err(Denied::mismatch()) }
    }
}

fn believed(parts: &Parts, arrival: &Arrival<'_>) -> Caller {
    let credential = parse::credential(parts);
    let named = credential.as_deref().and_then(parse::split_credential);
    let [access_key_id, _, region, _] = named.unwrap_or_default();
    Caller {
        account: if account_ok(access_key_id) { access_key_id } else { ACCOUNT_DEFAULT }.into(),
        region: if region_ok(region) { region } else { REGION_DEFAULT }.into(),
        access_key_id: access_key_id.into(),
        request_id: arrival.request_id.clone(),
        trace_id: trace_id(parts),
    }
}

/// The tracing header; one that is none is no reason to refuse the request.
fn trace_id(parts: &Parts) -> Option<Arc<str>> {
    let text = parts.headers.get("x-amzn-trace-id")?.to_str().ok()?;
    (!text.is_empty() && text.len() <= TRACE_ID_BYTES_MAX).then(|| text.into())
}

fn open(keys: &dyn Keys, parts: &Parts, arrival: &Arrival<'_>) -> Result<Claim, Denied> {
    let signature = parse::signature(parts)?;
    check_scope(&signature, arrival.service)?;
    check_target(&signature, parts)?;
    check_time(&signature, arrival.now_ms)?;
    let record =
        keys.secret(&signature.credential.access_key_id).ok_or_else(Denied::unrecognized_client)?;
    check_session(&signature, &record, arrival.now_ms)?;
    let caller = Caller {
        account: record.account.clone(),
        region: signature.credential.region.as_str().into(),
        access_key_id: signature.credential.access_key_id.as_str().into(),
        request_id: arrival.request_id.clone(),
        trace_id: trace_id(parts),
    };
    Ok(Claim { caller, proof: Some((signature, record.secret)) })
}

fn check_scope(signature: &Signature, service: &str) -> Result<(), Denied> {
    let credential = &signature.credential;
    if !region_ok(&credential.region) {
        return Err(Denied::invalid_signature("Credential should be scoped to a valid region. "));
    }
    if credential.service != service {
        let message = format!("Credential should be scoped to correct service: '{service}'. ");
        return Err(Denied::invalid_signature(message));
    }
    if signature.signed_headers.iter().any(|name| name == "host") {
        return Ok(());
    }
    Err(Denied::invalid_signature(
        "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.",
    ))
}

// Whoever could change the target could turn one operation into another.
fn check_target(signature: &Signature, parts: &Parts) -> Result<(), Denied> {
    let target = "x-amz-target";
    if !parts.headers.contains_key(target) || signature.signed_headers.iter().any(|n| n == target) {
        return Ok(());
    }
    Err(Denied::invalid_signature(
        "There were headers present in the request which were not signed: x-amz-target",
    ))
}

fn check_time(signature: &Signature, now_ms: i64) -> Result<(), Denied> {
    let stamp = &signature.stamp;
    let signed_ms = parse_stamp(stamp).ok_or_else(|| {
        Denied::incomplete(format!(
            "Date must be in ISO-8601 'basic format'. Got '{stamp}'. \
             See http://en.wikipedia.org/wiki/ISO_8601"
        ))
    })?;
    let date = stamp.get(..DATE_BYTES).unwrap_or_default();
    if date != signature.credential.date {
        return Err(Denied::invalid_signature(format!(
            "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
             from HTTP: '{}' != '{date}', from '{stamp}'.",
            signature.credential.date
        )));
    }
    match signature.expires_s {
        Some(expires_s) => check_presigned(signed_ms, expires_s, now_ms),
        None => check_skew(stamp, signed_ms, now_ms),
    }
}

fn check_skew(stamp: &str, signed_ms: i64, now_ms: i64) -> Result<(), Denied> {
    let now = format_stamp(now_ms);
    if signed_ms < now_ms - SKEW_MS_MAX {
        let oldest = format_stamp(now_ms - SKEW_MS_MAX);
        return Err(Denied::invalid_signature(format!(
            "Signature expired: {stamp} is now earlier than {oldest} ({now} - 15 min.)"
        )));
    }
    if signed_ms > now_ms + SKEW_MS_MAX {
        let newest = format_stamp(now_ms + SKEW_MS_MAX);
        return Err(Denied::invalid_signature(format!(
            "Signature not yet current: {stamp} is still later than {newest} ({now} + 15 min.)"
        )));
    }
    Ok(())
}

fn check_presigned(signed_ms: i64, expires_s: i64, now_ms: i64) -> Result<(), Denied> {
    if !(0..=EXPIRES_S_MAX).contains(&expires_s) {
        return Err(Denied::incomplete("X-Amz-Expires must be between 0 and 604800 seconds"));
    }
    let in_time = signed_ms - SKEW_MS_MAX..=signed_ms + expires_s * 1000;
    if in_time.contains(&now_ms) { Ok(()) } else { Err(Denied::request_expired()) }
}

fn check_session(signature: &Signature, record: &KeyRecord, now_ms: i64) -> Result<(), Denied> {
    match (&record.session, &signature.token) {
        (None, None) => Ok(()),
        (Some(session), Some(token)) => {
            let expected = session.token.reveal().as_bytes();
            let equal: bool = expected.ct_eq(token.as_bytes()).into();
            match equal {
                true if now_ms >= session.expires_ms => Err(Denied::expired_token()),
                true => Ok(()),
                false => Err(Denied::unrecognized_client()),
            }
        }
        _ => Err(Denied::unrecognized_client()),
    }
}

#[cfg(test)]
mod tests;
