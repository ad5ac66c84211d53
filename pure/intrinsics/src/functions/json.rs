//! `States.StringToJson`, `States.JsonMerge`.

use serde_json::Value;

use super::Flaw;
use crate::jackson;

pub(super) fn parse(text: &str) -> Result<Value, Flaw> {
    jackson::parse(text).map_err(|message| {
        Flaw::Told(format!(
            "Cannot convert String to Json in States.StringToJson, caused by: {message}"
        ))
    })
}

/// Shallow: the members of `two` replace those of `one`. A deep merge is not offered.
pub(super) fn merge(one: &Value, two: &Value, deep: &Value) -> Option<Value> {
    if deep.as_bool() == Some(true) {
        return None;
    }
    let mut merged = one.as_object()?.clone();
    merged.extend(two.as_object()?.iter().map(|(name, value)| (name.clone(), value.clone())));
    Some(Value::Object(merged))
}
