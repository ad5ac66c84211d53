//! `States.Base64Encode`, `States.Base64Decode`, `States.Hash`.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{NO_PAD, STANDARD};
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use md5::Md5;
use serde_json::Value;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::characters;

/// Longest data of all three (documented quota).
const DATA_CHARACTERS_MAX: usize = 10_000;

const LENIENT: GeneralPurposeConfig = NO_PAD.with_decode_allow_trailing_bits(true);

pub(super) fn encode(text: &str) -> Option<Value> {
    bounded(text)?;
    Some(STANDARD.encode(text).into())
}

/// As the MIME variant: what is not of the alphabet is passed over, padding may be missing.
pub(super) fn decode(text: &str) -> Option<Value> {
    bounded(text)?;
    let data = text.split('=').next().unwrap_or("");
    let is_digit = |next: &u8| next.is_ascii_alphanumeric() || b"+/".contains(next);
    let digits: Vec<u8> = data.bytes().filter(is_digit).collect();
    let bytes = GeneralPurpose::new(&alphabet::STANDARD, LENIENT).decode(digits).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned().into())
}

/// Other data than strings is hashed as its compact JSON.
pub(super) fn hash(data: &Value, algorithm: &str) -> Option<Value> {
    let text = match data {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    bounded(&text)?;
    let digest = match algorithm {
        "MD5" => hex::encode(Md5::digest(text)),
        "SHA-1" => hex::encode(Sha1::digest(text)),
        "SHA-256" => hex::encode(Sha256::digest(text)),
        "SHA-384" => hex::encode(Sha384::digest(text)),
        "SHA-512" => hex::encode(Sha512::digest(text)),
        _ => return None,
    };
    Some(digest.into())
}

fn bounded(text: &str) -> Option<()> {
    (characters(text) <= DATA_CHARACTERS_MAX).then_some(())
}
