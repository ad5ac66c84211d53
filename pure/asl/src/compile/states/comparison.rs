//! The 39 comparison operators of a JSONPath rule (SFN-CHOICE-3).

use super::wait;
use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::{fields, paths};
use crate::model::{Comparison, Operand, Ordering};
use crate::read::tree::Shape;

/// In the order in which AWS lists them (SFN-VALID-2).
pub(crate) const OPERATORS: &[&str] = &[
    "StringEquals",
    "IsBoolean",
    "StringLessThan",
    "IsNumeric",
    "BooleanEquals",
    "StringLessThanEqualsPath",
    "NumericLessThan",
    "NumericGreaterThan",
    "NumericLessThanPath",
    "StringMatches",
    "TimestampLessThanEqualsPath",
    "NumericEquals",
    "TimestampGreaterThan",
    "StringGreaterThanEqualsPath",
    "TimestampGreaterThanEqualsPath",
    "TimestampLessThanEquals",
    "NumericLessThanEqualsPath",
    "TimestampEquals",
    "BooleanEqualsPath",
    "IsTimestamp",
    "StringLessThanEquals",
    "NumericLessThanEquals",
    "StringLessThanPath",
    "TimestampGreaterThanPath",
    "StringGreaterThan",
    "StringGreaterThanPath",
    "IsString",
    "StringEqualsPath",
    "TimestampEqualsPath",
    "TimestampLessThan",
    "StringGreaterThanEquals",
    "NumericGreaterThanPath",
    "NumericGreaterThanEquals",
    "NumericEqualsPath",
    "TimestampLessThanPath",
    "IsNull",
    "IsPresent",
    "TimestampGreaterThanEquals",
    "NumericGreaterThanEqualsPath",
];

/// The one comparison of the rule at `at`.
pub(crate) fn compile(context: &mut Context, at: &At<'_>) -> Option<Comparison> {
    fields::exactly_one(context, at, OPERATORS);
    let operator = OPERATORS.iter().find(|operator| at.has(operator))?;
    let operand = at.member(operator)?;
    if let Some(test) = type_test(operator) {
        return fields::boolean(context, &operand).map(test);
    }
    if *operator == "StringMatches" {
        let pattern = fields::text(context, &operand)?;
        return Some(Comparison::StringMatches(pattern.to_owned()));
    }
    let (family, order) = split(operator)?;
    match family {
        "String" => Some(Comparison::String(order, value(context, &operand, operator, string)?)),
        "Numeric" => Some(Comparison::Numeric(order, value(context, &operand, operator, number)?)),
        "Boolean" => {
            Some(Comparison::Boolean(value(context, &operand, operator, fields::boolean)?))
        }
        _ => Some(Comparison::Timestamp(order, value(context, &operand, operator, timestamp)?)),
    }
}

fn type_test(operator: &str) -> Option<fn(bool) -> Comparison> {
    Some(match operator {
        "IsNull" => Comparison::IsNull,
        "IsPresent" => Comparison::IsPresent,
        "IsNumeric" => Comparison::IsNumeric,
        "IsString" => Comparison::IsString,
        "IsBoolean" => Comparison::IsBoolean,
        "IsTimestamp" => Comparison::IsTimestamp,
        _ => return None,
    })
}

/// `NumericLessThanPath` is numeric and less.
fn split(operator: &str) -> Option<(&'static str, Ordering)> {
    let literal = operator.strip_suffix("Path").unwrap_or(operator);
    for family in ["String", "Numeric", "Boolean", "Timestamp"] {
        let order = match literal.strip_prefix(family) {
            Some("Equals") => Ordering::Equals,
            Some("LessThan") => Ordering::LessThan,
            Some("GreaterThan") => Ordering::GreaterThan,
            Some("LessThanEquals") => Ordering::LessThanEquals,
            Some("GreaterThanEquals") => Ordering::GreaterThanEquals,
            _ => continue,
        };
        return Some((family, order));
    }
    None
}

/// The operand: a path for the operators that end so, a literal for the others.
fn value<T>(
    context: &mut Context,
    at: &At<'_>,
    operator: &str,
    literal: fn(&mut Context, &At<'_>) -> Option<T>,
) -> Option<Operand<T>> {
    if operator.ends_with("Path") {
        return paths::any(context, at).map(Operand::Path);
    }
    literal(context, at).map(Operand::Literal)
}

fn string(context: &mut Context, at: &At<'_>) -> Option<String> {
    fields::text(context, at).map(str::to_owned)
}

fn number(context: &mut Context, at: &At<'_>) -> Option<serde_json::Number> {
    match &at.node.shape {
        Shape::Number(number) => Some(number.clone()),
        _ => {
            context.error(at, "Expected value of type Number");
            None
        }
    }
}

fn timestamp(context: &mut Context, at: &At<'_>) -> Option<i128> {
    let text = fields::text(context, at)?;
    wait::instant(context, at, text)
}
