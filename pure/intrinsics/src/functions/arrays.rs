//! `States.Array…`.

use serde_json::Value;

use super::truncated;

/// Most elements of a range (documented quota).
const RANGE_ITEMS_MAX: i128 = 1000;

pub(super) fn contains(items: &Value, wanted: &Value) -> Option<Value> {
    Some(items.as_array()?.contains(wanted).into())
}

/// An empty array gives null, whatever the index; else the index must be within.
pub(super) fn item(items: &Value, index: &Value) -> Option<Value> {
    let (items, index) = (items.as_array()?, truncated(index)?);
    if items.is_empty() && index >= 0 {
        return Some(Value::Null);
    }
    items.get(usize::try_from(index).ok()?).cloned()
}

pub(super) fn partition(items: &Value, size: &Value) -> Option<Value> {
    let (items, size) = (items.as_array()?, truncated(size)?);
    let size = usize::try_from(size).ok().filter(|size| *size > 0)?;
    Some(items.chunks(size).map(|chunk| Value::Array(chunk.to_vec())).collect())
}

pub(super) fn range(start: &Value, end: &Value, step: &Value) -> Option<Value> {
    let wide = |value| truncated(value).map(i128::from);
    let (start, end, step) = (wide(start)?, wide(end)?, wide(step)?);
    if step == 0 {
        return None;
    }
    let against = (end > start && step < 0) || (end < start && step > 0);
    let count = if against { 0 } else { (end - start) / step + 1 };
    if count > RANGE_ITEMS_MAX {
        return None;
    }
    let item = |place| i64::try_from(start + place * step).ok().map(Value::from);
    (0..count).map(item).collect::<Option<Vec<Value>>>().map(Value::Array)
}

/// The first of equal items stays.
pub(super) fn unique(items: &Value) -> Option<Value> {
    let mut kept: Vec<Value> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    for item in items.as_array()? {
        if seen.insert(canonical(item).to_string()) {
            kept.push(item.clone());
        }
    }
    Some(Value::Array(kept))
}

/// With sorted members, so that equal values have equal texts.
fn canonical(value: &Value) -> Value {
    match value {
        Value::Array(items) => items.iter().map(canonical).collect(),
        Value::Object(members) => {
            let sorted: std::collections::BTreeMap<_, _> = members.iter().collect();
            sorted.into_iter().map(|(name, value)| (name.clone(), canonical(value))).collect()
        }
        scalar => scalar.clone(),
    }
}
