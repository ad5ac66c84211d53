//! Operators between two values, and arrays in brackets.

use super::{Outcome, Run};
use crate::fault::{Fault, thrown};
use crate::function::Scope;
use crate::tree::{Array, Kind, Node, Operator};
use crate::value::{List, Val};
use crate::{VALUE_BYTES_MAX, fault, text};

impl<'v> Run<'v> {
    pub(super) fn negate(
        &mut self,
        operand: &'v Node,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let found = self.eval(operand, item, scope)?;
        match (finite(&found)?, found) {
            (Some(number), _) => Ok(Val::Number(-number)),
            (None, Val::Undefined) => Ok(Val::Undefined),
            (None, found) => {
                let shown = self.shown(&found)?;
                Err(thrown("D1002", format!("Cannot negate a non-numeric value: {shown}")))
            }
        }
    }

    pub(super) fn binary(
        &mut self,
        operator: Operator,
        left: &'v Node,
        right: &'v Node,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let one = self.eval(left, item, scope)?;
        match operator {
            Operator::And if !self.truth(&one)? => return Ok(Val::Bool(false)),
            Operator::Or if self.truth(&one)? => return Ok(Val::Bool(true)),
            _ => {}
        }
        let two = self.eval(right, item, scope)?;
        match operator {
            Operator::Add
            | Operator::Subtract
            | Operator::Multiply
            | Operator::Divide
            | Operator::Remainder => arithmetic(operator, &one, &two),
            Operator::Equal | Operator::NotEqual => {
                if one.is_undefined() || two.is_undefined() {
                    return Ok(Val::Bool(false));
                }
                let is_equal = self.equal(&one, &two)?;
                Ok(Val::Bool(is_equal == (operator == Operator::Equal)))
            }
            Operator::Less
            | Operator::LessOrEqual
            | Operator::Greater
            | Operator::GreaterOrEqual => self.compare(operator, &one, &two),
            Operator::And | Operator::Or => Ok(Val::Bool(self.truth(&two)?)),
            Operator::In => self.is_in(&one, &two),
            Operator::Concatenate => self.concatenate(&one, &two),
            Operator::Range => self.range(&one, &two),
        }
    }

    fn compare(&mut self, operator: Operator, one: &Val<'v>, two: &Val<'v>) -> Outcome<'v> {
        let is_comparable =
            |value: &Val<'v>| value.is_undefined() || value.number().or(length(value)).is_some();
        if !is_comparable(one) || !is_comparable(two) {
            return Err(thrown(
                "T2010",
                format!(
                    "The expressions either side of operator {} must evaluate to numeric or \
                     string values",
                    text::quoted(operator.sign())
                ),
            ));
        }
        if one.is_undefined() || two.is_undefined() {
            return Ok(Val::Undefined);
        }
        let order = match (one.number(), two.number(), one.str(), two.str()) {
            (Some(one), Some(two), _, _) => one.partial_cmp(&two),
            (_, _, Some(one), Some(two)) => {
                self.take_bytes(one.len().min(two.len()))?;
                Some(one.cmp(two))
            }
            _ => {
                let (one, two) = (self.shown(one)?, self.shown(two)?);
                return Err(thrown(
                    "T2009",
                    format!(
                        "The values {one} and {two} either side of operator {} must be of the \
                         same data type",
                        text::quoted(operator.sign())
                    ),
                ));
            }
        };
        Ok(Val::Bool(order.is_some_and(|order| match operator {
            Operator::Less => order.is_lt(),
            Operator::LessOrEqual => order.is_le(),
            Operator::Greater => order.is_gt(),
            _ => order.is_ge(),
        })))
    }

    fn is_in(&mut self, one: &Val<'v>, two: &Val<'v>) -> Outcome<'v> {
        if one.is_undefined() || two.is_undefined() {
            return Ok(Val::Bool(false));
        }
        for item in two.items() {
            if self.equal(one, &item)? {
                return Ok(Val::Bool(true));
            }
        }
        Ok(Val::Bool(false))
    }

    fn concatenate(&mut self, one: &Val<'v>, two: &Val<'v>) -> Outcome<'v> {
        let (one, two) = (self.string(one, false)?, self.string(two, false)?);
        let (one, two) = (one.as_str(), two.as_str());
        let length = one.len() + two.len();
        if length > VALUE_BYTES_MAX {
            return Err(fault::memory());
        }
        let mut joined = String::with_capacity(length);
        joined.push_str(one);
        joined.push_str(two);
        self.text(joined)
    }

    fn range(&mut self, one: &Val<'v>, two: &Val<'v>) -> Outcome<'v> {
        let integer = |value: &Val<'v>, code, side| match (value, value.number()) {
            (Val::Undefined, _) => Ok(None),
            (_, Some(number)) if number.is_finite() && number.fract() == 0.0 => Ok(Some(number)),
            _ => Err(thrown(
                code,
                format!("The {side} side of the range operator (..) must evaluate to an integer"),
            )),
        };
        let start = integer(one, "T2003", "left")?;
        let end = integer(two, "T2004", "right")?;
        let (Some(start), Some(end)) = (start, end) else { return Ok(Val::Undefined) };
        if start > end {
            return Ok(Val::Undefined);
        }
        let count = (end - start + 1.0) as usize;
        self.take_sequence(count)?;
        self.take_items(count)?;
        let items: Vec<_> = (0..count).map(|place| Val::Number(start + place as f64)).collect();
        Ok(Val::List(std::rc::Rc::new(List::sequence(items))))
    }

    pub(super) fn array(
        &mut self,
        array: &'v Array,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let mut items = Vec::with_capacity(array.items.len());
        for node in &array.items {
            let found = self.eval(node, item, scope)?.untupled();
            match &found {
                Val::Undefined => {}
                _ if matches!(node.kind, Kind::Array(_)) => items.push(found),
                Val::Items(_) | Val::List(_) => {
                    self.take_sequence(items.len().max(found.len()))?;
                    // A range by itself is the array.
                    items.extend(found.items());
                }
                _ => items.push(found),
            }
        }
        if array.is_kept { self.whole(items) } else { self.list(items) }
    }

    /// A value as a message quotes it.
    pub(crate) fn shown(&mut self, value: &Val<'v>) -> Result<String, Fault> {
        if let Some(text) = value.str() {
            return Ok(text::quoted(text));
        }
        match value.number() {
            Some(number) if !number.is_finite() => Ok("null".to_owned()),
            _ => Ok(self.string(value, false)?.as_str().to_owned()),
        }
    }
}

fn length(value: &Val<'_>) -> Option<f64> {
    value.str().map(|text| text.len() as f64)
}

/// A number that one can go on with.
fn finite(value: &Val<'_>) -> Result<Option<f64>, Fault> {
    match value.number() {
        Some(number) if number.is_infinite() => Err(thrown("D1001", "Number out of range: null")),
        Some(number) if number.is_nan() => Ok(None),
        other => Ok(other),
    }
}

fn arithmetic<'v>(operator: Operator, one: &Val<'v>, two: &Val<'v>) -> Outcome<'v> {
    let (left, right) = match (one, two) {
        (Val::Number(left), Val::Number(right)) if left.is_finite() && right.is_finite() => {
            (*left, *right)
        }
        _ => {
            let side = |value: &Val<'v>, code, side| match finite(value)? {
                None if !value.is_undefined() => Err(thrown(
                    code,
                    format!(
                        "The {side} side of the {} operator must evaluate to a number",
                        text::quoted(operator.sign())
                    ),
                )),
                number => Ok(number),
            };
            let (left, right) = (side(one, "T2001", "left")?, side(two, "T2002", "right")?);
            let (Some(left), Some(right)) = (left, right) else { return Ok(Val::Undefined) };
            (left, right)
        }
    };
    Ok(Val::Number(match operator {
        Operator::Add => left + right,
        Operator::Subtract => left - right,
        Operator::Multiply => left * right,
        Operator::Divide => left / right,
        _ => left % right,
    }))
}
