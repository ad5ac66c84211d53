//! Numbers with a range, written, read by a path, or computed (SFN-VALID-9).

use super::at::At;
use super::context::Context;
use super::expression::{self, Reach};
use super::fields;
use super::paths;
use crate::model::NumberField;
use crate::read::tree::Shape;

/// What a number may be.
pub(crate) struct Range {
    pub(crate) min: f64,
    pub(crate) max: f64,
    /// Whether fractions are allowed; messages then print `0.0`.
    pub(crate) fraction: bool,
}

/// The longest time that the language can express, in seconds.
pub(crate) const SECONDS_MAX: f64 = 99_999_999.0;

impl Range {
    pub(crate) const fn integer(min: u32, max: f64) -> Range {
        Range { min: min as f64, max, fraction: false }
    }

    fn shown(&self, bound: f64) -> String {
        if self.fraction { format!("{bound:?}") } else { format!("{bound}") }
    }
}

/// The number that the value must be.
pub(crate) fn literal(context: &mut Context, at: &At<'_>, range: &Range) -> Option<f64> {
    let number = match &at.node.shape {
        Shape::Number(number) if range.fraction || !number.is_f64() => number.as_f64(),
        _ => None,
    };
    match number {
        None if range.fraction => context.error(at, "Expected value of type Number"),
        None => context.error(at, "Expected value of type Integer"),
        Some(number) if number < range.min => {
            context.error(at, format!("Minimum value is {}", range.shown(range.min)));
        }
        Some(number) if number > range.max => {
            context.error(at, format!("Maximum value is {}", range.shown(range.max)));
        }
        Some(number) => return Some(number),
    }
    None
}

/// A whole number in a member, when it is there.
pub(crate) fn integer_member(
    context: &mut Context,
    at: &At<'_>,
    name: &str,
    range: &Range,
) -> Option<u64> {
    let member = at.member(name)?;
    literal(context, &member, range).map(|number| number as u64)
}

/// The member `name`, or in JSONPath its sibling `<name>Path`.
pub(crate) fn field(
    context: &mut Context,
    at: &At<'_>,
    name: &str,
    range: &Range,
) -> Option<NumberField> {
    let path_name = format!("{name}Path");
    if !context.is_jsonata() {
        fields::at_most_one(context, at, &[name, &path_name]);
    }
    if let Some(member) = at.member(name) {
        return value(context, &member, range);
    }
    let path = at.member(&path_name).filter(|_| !context.is_jsonata())?;
    paths::reference(context, &path, paths::Context::Refused).map(NumberField::Path)
}

fn value(context: &mut Context, at: &At<'_>, range: &Range) -> Option<NumberField> {
    if context.is_jsonata() && at.text().is_some() {
        let expression = expression::required(context, at, Reach::NOTHING);
        return expression.map(NumberField::Jsonata);
    }
    literal(context, at, range).map(NumberField::Literal)
}
