//! What is wrong with a test file, and where.

use serde::de::DeserializeOwned;
use serde_json::Value;

/// A mistake in a test file or a mock configuration, with the place where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct Mistake {
    text: String,
}

impl Mistake {
    pub(crate) fn new(text: impl Into<String>) -> Mistake {
        Mistake { text: text.into() }
    }

    pub(crate) fn inside(self, place: &str) -> Mistake {
        Mistake { text: format!("{place}: {}", self.text) }
    }
}

pub(crate) fn from_value<T: DeserializeOwned>(value: Value) -> Result<T, Mistake> {
    if !value.is_object() {
        return Err(Mistake::new(format!("{value} is not an object")));
    }
    serde_json::from_value(value).map_err(|error| Mistake::new(error.to_string()))
}
