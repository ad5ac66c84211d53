//! Values in and out of the evaluator, whose numbers are all doubles.

use std::collections::BTreeMap;

use indexmap::IndexMap;
use jsonata_core::value::JValue;
use serde_json::{Map, Number, Value};

use crate::{EvaluationError, VALUE_BYTES_MAX, messages};

/// Deepest nesting of a result; JSON text nested deeper could not be read back.
const RESULT_DEPTH_MAX: usize = 120;

/// Integers of the input that no double holds, by the bits of the nearest one; `None` where two
/// share it. A result with those bits is taken for the input's own number, so that long
/// identifiers pass through unharmed.
#[derive(Default)]
pub(crate) struct Exact {
    numbers: BTreeMap<u64, Option<Number>>,
    /// About the size of what was converted.
    bytes: usize,
}

impl Exact {
    fn remember(&mut self, number: &Number, double: f64) {
        let is_exact = match (number.as_i64(), number.as_u64()) {
            (Some(integer), _) => integer as f64 as i128 == i128::from(integer),
            (None, Some(integer)) => integer as f64 as i128 == i128::from(integer),
            (None, None) => true,
        };
        if is_exact {
            return;
        }
        let known = self.numbers.entry(double.to_bits()).or_insert_with(|| Some(number.clone()));
        if known.as_ref() != Some(number) {
            *known = None;
        }
    }
}

/// What the evaluator knows of all values that it was given.
pub(crate) struct Known<'e>(pub(crate) Vec<&'e Exact>);

impl Known<'_> {
    /// About the size of all of them.
    pub(crate) fn bytes(&self) -> usize {
        self.0.iter().map(|exact| exact.bytes).sum()
    }

    /// The input's own number, when one and only one has the bits.
    fn own(&self, double: f64) -> Option<&Number> {
        let mut found: Option<&Number> = None;
        for exact in &self.0 {
            match (exact.numbers.get(&double.to_bits()), found) {
                (Some(None), _) => return None,
                (Some(Some(number)), None) => found = Some(number),
                (Some(Some(number)), Some(other)) if number != other => return None,
                _ => {}
            }
        }
        found
    }

    fn number(&self, double: f64) -> Value {
        if let Some(number) = self.own(double) {
            return Value::Number(number.clone());
        }
        // Both bounds are exact; below them every whole double is an integer.
        let is_integer = double.fract() == 0.0
            && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&double);
        if is_integer {
            return Value::from(double as i64);
        }
        Number::from_f64(double).map_or_else(|| Value::from(not_finite(double)), Value::Number)
    }
}

/// JSON has no word for it; the service writes JavaScript's (SFN-JA-12).
fn not_finite(double: f64) -> &'static str {
    match double {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    }
}

/// Recursion is as deep as the value.
pub(crate) fn to_evaluator(value: &Value, exact: &mut Exact) -> JValue {
    exact.bytes += 8;
    match value {
        Value::Null => JValue::Null,
        Value::Bool(truth) => JValue::Bool(*truth),
        Value::Number(number) => {
            let double = number.as_f64().unwrap_or(f64::NAN);
            exact.remember(number, double);
            JValue::Number(double)
        }
        Value::String(text) => {
            exact.bytes += text.len();
            JValue::from(text.as_str())
        }
        Value::Array(items) => {
            JValue::array(items.iter().map(|item| to_evaluator(item, exact)).collect())
        }
        Value::Object(members) => {
            let convert =
                |(name, value): (&String, &Value)| (name.clone(), to_evaluator(value, exact));
            JValue::object(members.iter().map(convert).collect::<IndexMap<_, _>>())
        }
    }
}

/// The result as JSON, when it can be (SFN-JA-5, SFN-JA-13).
pub(crate) fn from_evaluator(value: &JValue, known: &Known<'_>) -> Result<Value, EvaluationError> {
    if value.is_undefined() {
        return Err(EvaluationError::Undefined);
    }
    if bytes_of(value).is_none() {
        return Err(messages::memory_exceeded_outcome());
    }
    outward(value, known, 0)
}

fn outward(value: &JValue, known: &Known<'_>, depth: usize) -> Result<Value, EvaluationError> {
    if depth > RESULT_DEPTH_MAX {
        return Err(messages::memory_exceeded_outcome());
    }
    match value {
        JValue::Null | JValue::Undefined => Ok(Value::Null),
        JValue::Bool(truth) => Ok(Value::Bool(*truth)),
        JValue::Number(double) => Ok(known.number(*double)),
        JValue::String(text) => Ok(Value::from(&**text)),
        JValue::Array(items) => {
            let kept = items.iter().filter(|item| !item.is_undefined());
            kept.map(|item| outward(item, known, depth + 1)).collect()
        }
        JValue::Object(members) => {
            let kept = members.iter().filter(|(_, value)| !value.is_undefined());
            let convert = |(name, value): (&String, &JValue)| {
                Ok((name.clone(), outward(value, known, depth + 1)?))
            };
            kept.map(convert).collect::<Result<Map<_, _>, _>>().map(Value::Object)
        }
        JValue::Lambda(_) | JValue::Builtin { .. } | JValue::Regex { .. } => {
            Err(EvaluationError::Unsupported)
        }
    }
}

/// The memory of a value; `None`, and no further counting, above [`VALUE_BYTES_MAX`].
pub(crate) fn bytes_of(value: &JValue) -> Option<usize> {
    let mut left = VALUE_BYTES_MAX;
    let mut waiting = vec![value];
    while let Some(value) = waiting.pop() {
        let bytes = match value {
            JValue::Number(_) => 8,
            JValue::String(text) => text.len(),
            JValue::Array(items) => {
                waiting.extend(items.iter());
                1
            }
            JValue::Object(members) => {
                waiting.extend(members.values());
                members.keys().map(String::len).sum::<usize>() + 1
            }
            _ => 1,
        };
        left = left.checked_sub(bytes)?;
    }
    Some(VALUE_BYTES_MAX - left)
}
