//! Whether a value passes a filter. Every comparison of unlike kinds is false.

use std::borrow::Cow;
use std::cmp::Ordering;

use serde_json::Value;

use super::{Exhausted, Scope, functions};
use crate::Selection;
use crate::syntax::{Comparison, Filter, Operand, Query, Segment, is_definite};

impl<'v> Scope<'v> {
    pub(super) fn passes(&self, filter: &Filter, current: &'v Value) -> Result<bool, Exhausted> {
        match filter {
            Filter::Or(filters) => {
                for filter in filters {
                    if self.passes(filter, current)? {
                        return Ok(true);
                    }
                }
                Ok(false)
            }
            Filter::And(filters) => {
                for filter in filters {
                    if !self.passes(filter, current)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            Filter::Not(filter) => Ok(!self.passes(filter, current)?),
            Filter::Exists(query) => self.exists(query, current),
            Filter::Compare(left, comparison, right) => {
                let left = self.operand(left, current)?;
                let right = self.operand(right, current)?;
                Ok(compare(*comparison, left.as_deref(), right.as_deref()))
            }
            Filter::Matches(operand, regex) => {
                let value = self.operand(operand, current)?;
                Ok(value.and_then(|value| scalar_text(&value)).is_some_and(|t| regex.is_match(&t)))
            }
        }
    }

    fn exists(&self, query: &Query, current: &'v Value) -> Result<bool, Exhausted> {
        if query.function.is_some() || is_definite(&query.segments) {
            return Ok(self.query(query, current)?.is_some());
        }
        Ok(!self.walk(vec![self.start(query, current)], &query.segments)?.is_empty())
    }

    fn start(&self, query: &Query, current: &'v Value) -> &'v Value {
        if query.from_current { current } else { self.root }
    }

    fn operand<'o>(
        &self,
        operand: &'o Operand,
        current: &'v Value,
    ) -> Result<Option<Cow<'o, Value>>, Exhausted>
    where
        'v: 'o,
    {
        match operand {
            Operand::Literal(value) => Ok(Some(Cow::Borrowed(value))),
            Operand::Query(query) => self.query(query, current),
        }
    }

    /// The value of a path within the filter; an indefinite one gives the array of its matches.
    fn query(
        &self,
        query: &Query,
        current: &'v Value,
    ) -> Result<Option<Cow<'v, Value>>, Exhausted> {
        let found = self.walk(vec![self.start(query, current)], &query.segments)?;
        let single =
            query.segments.iter().all(|s| matches!(s, Segment::Name(_) | Segment::Index(_)));
        let selection = match (found.first(), single) {
            (None, true) => return Ok(None),
            (Some(value), true) => Selection::One(value),
            (_, false) => Selection::Many(found),
        };
        Ok(match (query.function, selection) {
            (Some(function), selection) => functions::apply(function, &selection).map(Cow::Owned),
            (None, Selection::One(value)) => Some(Cow::Borrowed(value)),
            (None, selection) => Some(Cow::Owned(selection.into_value())),
        })
    }
}

/// `None` is a path that matched nothing.
fn compare(comparison: Comparison, left: Option<&Value>, right: Option<&Value>) -> bool {
    let same = || match (left, right) {
        (Some(left), Some(right)) => equal(left, right),
        (left, right) => left.is_none() && right.is_none(),
    };
    let ordered = |accepts: fn(Ordering) -> bool| match (left, right) {
        (Some(left), Some(right)) => order(left, right).is_some_and(accepts),
        _ => false,
    };
    match comparison {
        Comparison::Equal => same(),
        Comparison::NotEqual => !same(),
        Comparison::Less => ordered(Ordering::is_lt),
        Comparison::Greater => ordered(Ordering::is_gt),
        Comparison::LessOrEqual => ordered(Ordering::is_le) || same(),
        Comparison::GreaterOrEqual => ordered(Ordering::is_ge) || same(),
        _ => match (left, right) {
            (Some(left), Some(right)) => compare_sets(comparison, left, right),
            _ => false,
        },
    }
}

fn compare_sets(comparison: Comparison, left: &Value, right: &Value) -> bool {
    let within = |value: &Value, list: &Value| {
        list.as_array().is_some_and(|items| items.iter().any(|item| equal(item, value)))
    };
    let items = || left.as_array().map(Vec::as_slice);
    match comparison {
        Comparison::In => within(left, right),
        Comparison::NotIn => right.is_array() && !within(left, right),
        Comparison::SubsetOf => items().is_some_and(|all| all.iter().all(|one| within(one, right))),
        Comparison::AnyOf => items().is_some_and(|all| all.iter().any(|one| within(one, right))),
        Comparison::NoneOf => items().is_some_and(|all| !all.iter().any(|one| within(one, right))),
        Comparison::Size => size(left).is_some_and(|size| right.as_u64() == Some(size)),
        Comparison::Empty => size(left).is_some_and(|size| right.as_bool() == Some(size == 0)),
        Comparison::Contains => match (left, right) {
            (Value::String(text), Value::String(part)) => text.contains(part.as_str()),
            _ => within(right, left),
        },
        _ => false,
    }
}

fn size(value: &Value) -> Option<u64> {
    match value {
        Value::Array(items) => u64::try_from(items.len()).ok(),
        Value::String(text) => u64::try_from(text.encode_utf16().count()).ok(),
        _ => None,
    }
}

/// Deep equality; numbers by value, and a number equals the string that writes it, as in Jayway.
fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(_), Value::Number(_)) => order(left, right) == Some(Ordering::Equal),
        (Value::Number(number), Value::String(text))
        | (Value::String(text), Value::Number(number)) => number.to_string() == *text,
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(one, two)| equal(one, two))
        }
        (Value::Object(left), Value::Object(right)) => {
            let same = |(name, value)| right.get(name).is_some_and(|other| equal(value, other));
            left.len() == right.len() && left.iter().all(same)
        }
        _ => left == right,
    }
}

/// The order of two numbers or two strings.
pub(super) fn order(left: &Value, right: &Value) -> Option<Ordering> {
    match (left, right) {
        (Value::String(left), Value::String(right)) => Some(left.cmp(right)),
        (Value::Number(left), Value::Number(right)) => match (left.as_i64(), right.as_i64()) {
            (Some(left), Some(right)) => Some(left.cmp(&right)),
            _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
        },
        _ => None,
    }
}

/// What a regular expression sees of a scalar.
fn scalar_text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        _ => None,
    }
}
