//! Values that expressions are given, converted for the evaluator once and not for each expression.

use std::borrow::Cow;
use std::cell::OnceCell;

use jsonata_core::value::JValue;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::convert::{self, Exact};

/// A value that a variable may be bound to in any number of evaluations. It is converted when the
/// first of them needs it.
pub struct Bound<'v> {
    value: Cow<'v, Value>,
    converted: OnceCell<(JValue, Exact)>,
    digest: OnceCell<[u8; 32]>,
}

impl<'v> Bound<'v> {
    pub fn new(value: &'v Value) -> Bound<'v> {
        Bound { value: Cow::Borrowed(value), converted: OnceCell::new(), digest: OnceCell::new() }
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

    /// The value to the evaluator, and what of it that does not keep.
    pub(crate) fn converted(&self) -> (&JValue, &Exact) {
        let (value, exact) = self.converted.get_or_init(|| {
            let mut exact = Exact::default();
            (convert::to_evaluator(&self.value, &mut exact), exact)
        });
        (value, exact)
    }
}

impl From<Value> for Bound<'static> {
    fn from(value: Value) -> Bound<'static> {
        Bound { value: Cow::Owned(value), converted: OnceCell::new(), digest: OnceCell::new() }
    }
}
