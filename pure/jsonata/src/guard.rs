//! Bounds that the evaluator lacks: operations whose result can outgrow their arguments are routed
//! through checks wherever they might be repeated, and what would read the clock through ours.

use jsonata_core::ast::{AstNode, BinaryOp};
use jsonata_core::evaluator::EvaluatorError;
use jsonata_core::functions;
use jsonata_core::value::JValue;

use crate::meter::Meter;
use crate::tree::{self, Shape};
use crate::{VALUE_BYTES_MAX, convert, messages};

/// The checks' names among the functions.
pub(crate) const CONCATENATE: &str = "__concatenate";
pub(crate) const BOUNDED: &str = "__bounded";
pub(crate) const WIDTH: &str = "__width";
/// `$toMillis` with a picture, which may ask what day it is.
pub(crate) const TO_MILLIS: &str = "__toMillis";

/// That many concatenations in a row, each doubling the largest payload, stay harmless.
const CONCATENATIONS_MAX: usize = 6;

/// Functions whose result may be some times longer than their first argument.
const GROWING: &[&str] =
    &["base64encode", "encodeUrl", "encodeUrlComponent", "join", "replace", "string"];

/// Rewrites `tree` so that what it builds step by step is checked.
pub(crate) fn install(tree: &mut AstNode, shape: Shape) {
    let mut concatenations = 0;
    tree::visit(tree, &mut |node| {
        let is_one = matches!(node, AstNode::Binary { op: BinaryOp::Concatenate, .. });
        concatenations += usize::from(is_one);
    });
    let repeats = shape.has_lambda || concatenations > CONCATENATIONS_MAX;
    tree::change(tree, &mut |node| match node {
        AstNode::Binary { op: BinaryOp::Concatenate, lhs, rhs } if repeats => {
            let args = vec![take(lhs), take(rhs)];
            *node = call(CONCATENATE, args);
        }
        AstNode::Function { name, args, .. } if name == "toMillis" && args.len() > 1 => {
            *name = TO_MILLIS.to_owned();
        }
        AstNode::Binary { op: BinaryOp::ChainPipe, rhs, .. } => match &mut **rhs {
            AstNode::Function { name, args, .. } if name == "toMillis" && !args.is_empty() => {
                *name = TO_MILLIS.to_owned();
            }
            _ => {}
        },
        AstNode::Function { name, args, .. } if name == "pad" => {
            if let Some(width) = args.get_mut(1) {
                *width = call(WIDTH, vec![take(width)]);
            }
        }
        AstNode::Function { name, args, .. } if repeats && GROWING.contains(&name.as_str()) => {
            match args.first_mut() {
                Some(AstNode::Placeholder) | None => {}
                Some(first) => *first = call(BOUNDED, vec![take(first)]),
            }
        }
        _ => {}
    });
}

fn take(node: &mut AstNode) -> AstNode {
    std::mem::replace(node, AstNode::Undefined)
}

fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function { name: name.to_owned(), args, is_builtin: true }
}

/// `&`, as long as the result fits.
pub(crate) fn concatenate(meter: &Meter, args: &[JValue]) -> Result<JValue, EvaluatorError> {
    let mut text = String::new();
    for value in args {
        let piece = match value {
            JValue::Undefined => continue,
            JValue::String(piece) => JValue::String(piece.clone()),
            other => functions::string::string(bounded_ref(meter, other)?, None)?,
        };
        let piece = piece.as_str().unwrap_or("");
        if text.len() + piece.len() > VALUE_BYTES_MAX {
            return Err(messages::memory_exceeded());
        }
        text.push_str(piece);
    }
    meter.take_bytes(text.len())?;
    Ok(JValue::from(text))
}

/// The value itself, unless it is too large.
pub(crate) fn bounded(meter: &Meter, args: &[JValue]) -> Result<JValue, EvaluatorError> {
    let value = args.first().unwrap_or(&JValue::Undefined);
    bounded_ref(meter, value).cloned()
}

/// The width of `$pad`, unless it asks for too long a text.
pub(crate) fn width(args: &[JValue]) -> Result<JValue, EvaluatorError> {
    let width = args.first().cloned().unwrap_or(JValue::Undefined);
    match width.as_f64() {
        Some(number) if number.abs() > VALUE_BYTES_MAX as f64 => Err(messages::memory_exceeded()),
        _ => Ok(width),
    }
}

fn bounded_ref<'v>(meter: &Meter, value: &'v JValue) -> Result<&'v JValue, EvaluatorError> {
    let bytes = convert::bytes_of(value).ok_or_else(messages::memory_exceeded)?;
    meter.take_bytes(bytes)?;
    Ok(value)
}
