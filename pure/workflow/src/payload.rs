//! A JSON value behind a shared pointer that remembers its text: parsed at most once on the way
//! in, printed at most once on the way out, copied never.

use std::fmt;
use std::sync::{Arc, OnceLock};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

/// Deepest nesting. What is stored as text must be read again, and serde_json reads no deeper.
pub const NESTING_MAX: usize = 127;

/// A shared JSON value. Made of text it keeps that text, spaces and all.
#[derive(Clone)]
pub struct Payload {
    inner: Arc<Inner>,
}

struct Inner {
    text: OnceLock<Arc<str>>,
    value: OnceLock<Value>,
}

impl Payload {
    /// From a text that is known to be JSON; `None` when it is not.
    pub fn parse(text: impl Into<Arc<str>>) -> Option<Payload> {
        let text: Arc<str> = text.into();
        let value = serde_json::from_str(&text).ok()?;
        let payload = Payload::from_valid_text(text);
        // A fresh cell: setting it cannot fail.
        let _ = payload.inner.value.set(value);
        Some(payload)
    }

    /// From a text that was JSON when it was stored; parsed only when somebody looks.
    // INVARIANT: the text came from `text()` of another payload or passed a JSON parser.
    pub fn from_valid_text(text: impl Into<Arc<str>>) -> Payload {
        let inner = Inner { text: OnceLock::from(text.into()), value: OnceLock::new() };
        Payload { inner: Arc::new(inner) }
    }

    /// From a value; printed only when somebody asks.
    pub fn from_value(value: Value) -> Payload {
        let inner = Inner { text: OnceLock::new(), value: OnceLock::from(value) };
        Payload { inner: Arc::new(inner) }
    }

    /// `{}`.
    pub fn empty_object() -> Payload {
        Payload::from_valid_text("{}")
    }

    /// An array around payloads, which keep their own texts (results of Parallel and Map).
    pub fn array(items: &[Payload]) -> Payload {
        let length = items.iter().map(|item| item.text().len() + 1).sum::<usize>() + 1;
        let mut text = String::with_capacity(length.max(2));
        text.push('[');
        for (place, item) in items.iter().enumerate() {
            if place > 0 {
                text.push(',');
            }
            text.push_str(item.text());
        }
        text.push(']');
        Payload::from_valid_text(text)
    }

    /// The JSON text: as it came in, or compact.
    pub fn text(&self) -> &Arc<str> {
        self.inner.text.get_or_init(|| {
            let value = self.inner.value.get().unwrap_or(&Value::Null);
            value.to_string().into()
        })
    }

    /// The value.
    pub fn value(&self) -> &Value {
        self.inner.value.get_or_init(|| {
            let text = self.inner.text.get().map_or("null", |text| text);
            serde_json::from_str(text).unwrap_or(Value::Null)
        })
    }

    /// Length of the text in UTF-8 bytes.
    pub fn bytes(&self) -> usize {
        self.text().len()
    }

    /// Whether it is nested deeper than [`NESTING_MAX`].
    pub fn is_too_deep(&self) -> bool {
        let bytes = self.text().as_bytes();
        // Nearly no payload has that many brackets at all.
        let opening = bytes.iter().filter(|byte| matches!(byte, b'[' | b'{')).count();
        opening > NESTING_MAX && nesting(bytes) > NESTING_MAX
    }

    /// Whether both are one and the same, without looking inside.
    pub fn same(&self, other: &Payload) -> bool {
        Arc::ptr_eq(&self.inner, &other.inner)
    }
}

/// How deep the arrays and objects of a JSON text nest.
fn nesting(text: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let (mut in_text, mut escaped) = (false, false);
    for byte in text {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = in_text,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

impl fmt::Debug for Payload {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.text())
    }
}

impl PartialEq for Payload {
    fn eq(&self, other: &Payload) -> bool {
        self.same(other) || self.text() == other.text()
    }
}

impl Serialize for Payload {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

impl<'de> Deserialize<'de> for Payload {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Payload, D::Error> {
        Ok(Payload::from_valid_text(String::deserialize(deserializer)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    // SFN-EXEC-37: what came in goes out as it was; what we build is compact.
    #[test]
    fn keeps_text_and_prints_compact() {
        let given = Payload::parse("[1, 2]").unwrap();
        assert_eq!(&**given.text(), "[1, 2]");
        assert_eq!(&**Payload::from_value(json!({"a": [1, 2]})).text(), r#"{"a":[1,2]}"#);
        assert_eq!(&**Payload::array(&[given.clone(), given]).text(), "[[1, 2],[1, 2]]");
        assert_eq!(&**Payload::array(&[]).text(), "[]");
        assert!(Payload::parse("nonsense").is_none());
    }

    #[test]
    fn depth_is_where_parsing_ends() {
        for (open, close) in [("[", "]"), ("{\"[{\\\"[\":", "}")] {
            for levels in [1, NESTING_MAX, NESTING_MAX + 1, 3 * NESTING_MAX] {
                let text = format!("{}\"[[[\"{}", open.repeat(levels), close.repeat(levels));
                let is_read = serde_json::from_str::<Value>(&text).is_ok();
                assert_eq!(Payload::from_valid_text(text).is_too_deep(), !is_read, "{levels}");
            }
        }
        let wide = Payload::from_valid_text(format!("[{}0]", "[],".repeat(300)));
        assert!(!wide.is_too_deep());
    }
}
