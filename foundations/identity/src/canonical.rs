//! The canonical request and the signature over it: one form for signing and verifying.

use std::fmt::Write as _;

use hmac::{Hmac, Mac as _};
use http::request::Parts;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::{Digest as _, Sha256};

use crate::parse::{ALGORITHM, Credential};

/// Everything but letters, digits and `-_.~`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The same for a whole path.
const PATH_ENCODED: &AsciiSet = &ENCODED.remove(b'/');

pub(crate) const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

/// The hexadecimal signature of a request.
pub(crate) fn signature(
    secret: &str,
    credential: &Credential,
    stamp: &str,
    canonical_request: &str,
) -> String {
    let hashed = hex::encode(Sha256::digest(canonical_request));
    let text = format!("{ALGORITHM}\n{stamp}\n{}\n{hashed}", credential.scope());
    let key = hmac(format!("AWS4{secret}").as_bytes(), &credential.date);
    let key = hmac(&key, &credential.region);
    let key = hmac(&key, &credential.service);
    let key = hmac(&key, "aws4_request");
    hex::encode(hmac(&key, &text))
}

fn hmac(key: &[u8], text: &str) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().into()
}

/// The canonical request over the headers named; `None` when one of them is not there.
pub(crate) fn request(
    parts: &Parts,
    service: &str,
    signed_headers: &[String],
    payload_hash: &str,
) -> Option<String> {
    let mut text = String::with_capacity(1024);
    text.push_str(parts.method.as_str());
    text.push('\n');
    text.push_str(&path(parts.uri.path(), service));
    text.push('\n');
    text.push_str(&query(parts.uri.query().unwrap_or_default()));
    text.push('\n');
    for name in signed_headers {
        write!(text, "{name}:").ok()?;
        header(&mut text, parts, name)?;
        text.push('\n');
    }
    write!(text, "\n{}\n{payload_hash}", signed_headers.join(";")).ok()?;
    Some(text)
}

/// The hash of the body that the signature covers.
pub(crate) fn payload_hash(parts: &Parts, service: &str, presigned: bool, body: &[u8]) -> String {
    let claimed = parts.headers.get("x-amz-content-sha256").and_then(|value| value.to_str().ok());
    // Only S3 lets bodies go unsigned; elsewhere the body itself decides, whatever is claimed.
    match claimed {
        Some(UNSIGNED_PAYLOAD) if service == "s3" => UNSIGNED_PAYLOAD.to_owned(),
        None if service == "s3" && presigned => UNSIGNED_PAYLOAD.to_owned(),
        _ => hex::encode(Sha256::digest(body)),
    }
}

/// S3 signs the path as it is sent; all others sign it normalized and encoded once more.
fn path(path: &str, service: &str) -> String {
    let path = if path.is_empty() { "/" } else { path };
    if service == "s3" {
        return path.to_owned();
    }
    utf8_percent_encode(&normalized(path), PATH_ENCODED).to_string()
}

/// Without empty, `.` and `..` segments.
fn normalized(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let directory = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    let end = if directory && !kept.is_empty() { "/" } else { "" };
    format!("/{}{end}", kept.join("/"))
}

fn query(query: &str) -> String {
    let mut pairs: Vec<(String, String)> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(|(key, _)| *key != "X-Amz-Signature")
        .map(|(key, value)| (recoded(key), recoded(value)))
        .collect();
    pairs.sort();
    let mut text = String::with_capacity(query.len());
    for (index, (key, value)) in pairs.iter().enumerate() {
        let join = if index == 0 { "" } else { "&" };
        text.extend([join, key, "=", value]);
    }
    text
}

/// Encoded in the canonical way, however it was encoded before.
fn recoded(text: &str) -> String {
    let bytes: Vec<u8> = percent_decode_str(text).collect();
    percent_encoding::percent_encode(&bytes, ENCODED).to_string()
}

/// The values of a header: trimmed, inner white space collapsed, joined by commas.
fn header(text: &mut String, parts: &Parts, name: &str) -> Option<()> {
    let mut values = parts.headers.get_all(name).iter().peekable();
    if values.peek().is_none() {
        // HTTP/2 carries the host in the address.
        let authority = parts.uri.authority().filter(|_| name == "host")?;
        text.push_str(authority.as_str());
        return Some(());
    }
    for (index, value) in values.enumerate() {
        if index > 0 {
            text.push(',');
        }
        let value = std::str::from_utf8(value.as_bytes()).ok()?;
        for (index, word) in value.split_ascii_whitespace().enumerate() {
            if index > 0 {
                text.push(' ');
            }
            text.push_str(word);
        }
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths() {
        assert_eq!(path("", "states"), "/");
        assert_eq!(path("/", "states"), "/");
        assert_eq!(path("//a/./b/../c//", "lambda"), "/a/c/");
        assert_eq!(path("/a%20b/~x", "lambda"), "/a%2520b/~x");
        assert_eq!(path("/../..", "lambda"), "/");
        assert_eq!(path("//a%20b/../c", "s3"), "//a%20b/../c");
    }

    #[test]
    fn queries() {
        assert_eq!(query("b=2&a=%7e1&B&a=%2F"), "B=&a=%2F&a=~1&b=2");
        assert_eq!(query("X-Amz-Signature=0&x=a+b"), "x=a%2Bb");
    }
}
