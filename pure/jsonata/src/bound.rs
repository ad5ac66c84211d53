//! Values that expressions are given.

use std::borrow::Cow;
use std::cell::OnceCell;

use serde_json::Value;
use sha2::{Digest, Sha256};

/// A value that a variable may be bound to in any number of evaluations, none of which copies it.
pub struct Bound<'v> {
    value: Cow<'v, Value>,
    digest: OnceCell<[u8; 32]>,
}

impl<'v> Bound<'v> {
    pub fn new(value: &'v Value) -> Bound<'v> {
        Bound { value: Cow::Borrowed(value), digest: OnceCell::new() }
    }

    pub fn value(&self) -> &Value {
        &self.value
    }

    /// A digest of the value's JSON text: equal for equal values whose members have one order.
    pub fn digest(&self) -> &[u8; 32] {
        self.digest.get_or_init(|| {
            let mut hasher = Sha256::new();
            serde_json::to_writer(&mut hasher, &self.value)
                .expect("a digest takes every byte, and a value is JSON");
            hasher.finalize().into()
        })
    }
}

impl From<Value> for Bound<'static> {
    fn from(value: Value) -> Bound<'static> {
        Bound { value: Cow::Owned(value), digest: OnceCell::new() }
    }
}
