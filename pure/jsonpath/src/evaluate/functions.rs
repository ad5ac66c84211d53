//! The functions at the end of a path.

use std::cmp::Ordering;

use serde_json::Value;

use crate::Selection;
use crate::syntax::Function;

/// The function's value, or `None` when it has none for such a selection.
pub(super) fn apply(function: Function, selection: &Selection<'_>) -> Option<Value> {
    match selection {
        Selection::One(value) => of_value(function, value),
        Selection::Computed(value) => of_value(function, value),
        Selection::Many(values) => of_items(function, values),
    }
}

fn of_value(function: Function, value: &Value) -> Option<Value> {
    match (function, value) {
        (Function::Length, Value::Object(members)) => Some(members.len().into()),
        (Function::Length, Value::String(text)) => Some(text.encode_utf16().count().into()),
        (Function::Keys, Value::Object(members)) => {
            Some(Value::Array(members.keys().cloned().map(Value::String).collect()))
        }
        (_, Value::Array(items)) => of_items(function, &items.iter().collect::<Vec<_>>()),
        _ => None,
    }
}

fn of_items(function: Function, items: &[&Value]) -> Option<Value> {
    match function {
        Function::Length => Some(items.len().into()),
        Function::First => items.first().copied().cloned(),
        Function::Last => items.last().copied().cloned(),
        Function::Min => extreme(items, Ordering::Less),
        Function::Max => extreme(items, Ordering::Greater),
        Function::Average => mean(&numbers(items)).map(Value::from),
        Function::Deviation => deviation(&numbers(items)).map(Value::from),
        Function::Keys => None,
        // Jayway has it, yet the service answers that such a path could not be found.
        Function::Sum => None,
    }
}

/// The least or greatest number as it is written in the document.
fn extreme(items: &[&Value], wanted: Ordering) -> Option<Value> {
    let numbers = items.iter().filter(|item| item.is_number());
    let better = |best: &Value, next: &Value| super::filter::order(next, best) == Some(wanted);
    numbers.copied().reduce(|best, next| if better(best, next) { next } else { best }).cloned()
}

fn numbers(items: &[&Value]) -> Vec<f64> {
    items.iter().filter_map(|item| item.as_f64()).collect()
}

fn mean(numbers: &[f64]) -> Option<f64> {
    let count = numbers.len() as f64;
    (count > 0.0).then(|| numbers.iter().sum::<f64>() / count)
}

fn deviation(numbers: &[f64]) -> Option<f64> {
    let mean_square = mean(&numbers.iter().map(|number| number * number).collect::<Vec<_>>())?;
    let mean = mean(numbers)?;
    Some((mean_square - mean * mean).max(0.0).sqrt())
}
