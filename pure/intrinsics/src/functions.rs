//! From function to its file; what the files share.

mod arrays;
mod encoding;
mod format;
mod json;
mod math;
mod text;

use moment::Random;
use serde_json::Value;

use crate::function::Function;

/// Why a function gives no value.
#[derive(Debug)]
pub(crate) enum Flaw {
    /// Too few, too many, or of the wrong kind or range (SFN-INTR-3).
    Arguments,
    /// A reason of its own, as AWS words it.
    Told(String),
}

pub(crate) fn apply(
    function: Function,
    arguments: &[Value],
    random: &mut Random,
) -> Result<Value, Flaw> {
    let result = match (function, arguments) {
        (Function::Array, items) => Some(Value::Array(items.to_vec())),
        (Function::ArrayContains, [items, wanted]) => arrays::contains(items, wanted),
        (Function::ArrayGetItem, [items, index]) => arrays::item(items, index),
        (Function::ArrayLength, [items]) => items.as_array().map(|items| items.len().into()),
        (Function::ArrayPartition, [items, size]) => arrays::partition(items, size),
        (Function::ArrayRange, [start, end, step]) => arrays::range(start, end, step),
        (Function::ArrayUnique, [items]) => arrays::unique(items),
        (Function::Base64Decode, [Value::String(text)]) => encoding::decode(text),
        (Function::Base64Encode, [Value::String(text)]) => encoding::encode(text),
        (Function::Format, [Value::String(template), values @ ..]) => {
            return format::format(template, values).map(Value::String);
        }
        (Function::Hash, [data, Value::String(algorithm)]) => encoding::hash(data, algorithm),
        (Function::JsonMerge, [one, two, deep]) => json::merge(one, two, deep),
        (Function::JsonToString, [value]) => Some(Value::String(value.to_string())),
        (Function::MathAdd, [one, two]) => math::add(one, two),
        (Function::MathRandom, [start, end]) => math::random(start, end, random),
        (Function::MathRandom, [start, end, seed]) => math::seeded_random(start, end, seed),
        (Function::StringSplit, [Value::String(text), Value::String(marks)]) => {
            Some(text::split(text, marks))
        }
        (Function::StringToJson, [Value::String(text)]) => return json::parse(text),
        (Function::Uuid, []) => Some(Value::String(random.uuid())),
        _ => None,
    };
    result.ok_or(Flaw::Arguments)
}

/// Fractions are cut off toward zero.
fn truncated(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| integer(value.as_f64()?.trunc()))
}

/// To the nearest integer, ties toward positive infinity, as Java's `Math.round`.
fn rounded(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| {
        let number = value.as_f64()?;
        // Not `(number + 0.5).floor()`, which carries 0.49999999999999994 up to 1.
        let below = number.floor();
        integer(if number - below >= 0.5 { below + 1.0 } else { below })
    })
}

fn integer(number: f64) -> Option<i64> {
    // Both bounds are exact doubles; the upper one is one more than the largest integer.
    let fits = (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&number);
    fits.then_some(number as i64)
}

/// Length as Java counts it.
fn characters(text: &str) -> usize {
    text.encode_utf16().count()
}
