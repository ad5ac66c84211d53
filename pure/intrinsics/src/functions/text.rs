//! `States.StringSplit`.

use serde_json::Value;

/// Every character of `marks` separates; empty parts are dropped.
pub(super) fn split(text: &str, marks: &str) -> Value {
    let parts = text.split(|next| marks.contains(next)).filter(|part| !part.is_empty());
    parts.map(Value::from).collect()
}
