//! Texts in other writings: Base64, and percent signs as in addresses.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::arg;
use super::strings::text;
use crate::fault::{thrown, uncoded};
use crate::run::{Outcome, Run};
use crate::text;
use crate::value::Val;

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

pub(super) fn base64_encode<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0);
    run.take_text(text.len() / 3 * 4)?;
    let encoded = BASE64.encode(text);
    run.text(encoded)
}

pub(super) fn base64_decode<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0);
    let decoded = BASE64
        .decode(text)
        .map_err(|error| uncoded(format!("Unable to decode Base64: {error}")))?;
    run.text(String::from_utf8_lossy(&decoded).into_owned())
}

/// What stays as it is in any part of an address, beside letters and digits.
const COMPONENT: &str = "-_.!~*'()";
/// And in a whole one.
const ADDRESS: &str = "-_.!~*'();/?:@&=+$,#";

pub(super) fn encode_url<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    encode(run, args, ADDRESS)
}

pub(super) fn encode_component<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    encode(run, args, COMPONENT)
}

fn encode<'v>(run: &mut Run<'v>, args: &[Val<'v>], plain: &str) -> Outcome<'v> {
    let text = text!(run, args, 0);
    run.take(text.len() as u64 / 8)?;
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        let letter = char::from(byte);
        if letter.is_ascii_alphanumeric() || (byte.is_ascii() && plain.contains(letter)) {
            encoded.push(letter);
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    run.text(encoded)
}

pub(super) fn decode_url<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    // What a whole address has a use for stays encoded.
    decode(run, args, "decodeUrl", ";/?:@&=+$,#")
}

pub(super) fn decode_component<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    decode(run, args, "decodeUrlComponent", "")
}

fn decode<'v>(run: &mut Run<'v>, args: &[Val<'v>], name: &str, kept: &str) -> Outcome<'v> {
    let text = text!(run, args, 0);
    run.take(text.len() as u64 / 8)?;
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let (before, escape) = rest.split_at(at);
        decoded.extend_from_slice(before.as_bytes());
        let byte = escape.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok());
        let Some(byte) = byte else { return Err(malformed(name, text)) };
        match kept.contains(char::from(byte)) && byte.is_ascii() {
            true => decoded.extend_from_slice(escape.get(..3).unwrap_or("").as_bytes()),
            false => decoded.push(byte),
        }
        rest = escape.get(3..).unwrap_or("");
    }
    decoded.extend_from_slice(rest.as_bytes());
    match String::from_utf8(decoded) {
        Ok(decoded) => run.text(decoded),
        Err(_) => Err(malformed(name, text)),
    }
}

fn malformed(name: &str, given: &str) -> crate::fault::Fault {
    thrown("D3140", format!("Malformed URL passed to ${name}(): {}", text::quoted(given)))
}
