//! AWS's limits on functions and invocations.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

pub(crate) const TIMEOUT_S: RangeInclusive<u32> = 1..=900;
pub(crate) const TIMEOUT_S_DEFAULT: u32 = 3;
pub(crate) const MEMORY_MIB: RangeInclusive<u32> = 128..=10_240;
pub(crate) const MEMORY_MIB_DEFAULT: u32 = 128;
pub(crate) const EPHEMERAL_MIB: RangeInclusive<u32> = 512..=10_240;
pub(crate) const EPHEMERAL_MIB_DEFAULT: u32 = 512;
/// Names and values together.
pub(crate) const ENVIRONMENT_BYTES_MAX: usize = 4096;
pub(crate) const HANDLER_CHARS_MAX: usize = 128;
pub(crate) const DESCRIPTION_CHARS_MAX: usize = 256;
pub(crate) const TAGS_MAX: usize = 50;
pub(crate) const TAG_KEY_CHARS_MAX: usize = 128;
pub(crate) const TAG_VALUE_CHARS_MAX: usize = 256;
/// All archives of an account together: 75 GiB.
pub(crate) const CODE_BYTES_MAX: u64 = 75 << 30;
/// Functions of an account; AWS has no such limit, our memory has.
pub(crate) const FUNCTIONS_MAX: usize = 10_000;
/// Payloads of synchronous and asynchronous invocations.
pub(crate) const PAYLOAD_BYTES_MAX: usize = 6 << 20;
pub(crate) const EVENT_PAYLOAD_BYTES_MAX: usize = 1 << 20;
/// `X-Amz-Client-Context`, in base64.
pub(crate) const CLIENT_CONTEXT_BYTES_MAX: usize = 3583;

pub(crate) fn environment_bytes(variables: &BTreeMap<String, String>) -> usize {
    variables.iter().map(|(name, value)| name.len() + value.len()).sum()
}

/// What the system cannot carry in an environment: the reason, if there is one.
pub(crate) fn environment_fault(variables: &BTreeMap<String, String>) -> Option<String> {
    let is_name = |name: &str| {
        let mut letters = name.chars();
        letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
            && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
    };
    if let Some(name) = variables.keys().find(|name| !is_name(name)) {
        return Some(format!("`{name}` cannot name a variable"));
    }
    let (name, _) = variables.iter().find(|(_, value)| value.contains('\0'))?;
    Some(format!("the value of `{name}` holds a NUL character"))
}
