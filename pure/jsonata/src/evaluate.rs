//! One evaluation: values in, the tree walked under every bound, the result out.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorOptions};
use jsonata_core::value::JValue;
use moment::Moment;
use serde_json::Value;

use crate::bound::Bound;
use crate::convert::{self, Known};
use crate::meter::{Meter, Steps};
use crate::{
    DEPTH_MAX, EVALUATION_MS_MAX, EvaluationError, Expression, SEQUENCE_ITEMS_MAX, functions,
    messages,
};

/// The evaluator counts a few levels less than the service for a call of a defined function: with
/// this bound a function that calls itself gets as far, 31 calls deep and not 32.
const DEPTH_OF_CALLS_MAX: usize = 98;

/// Without such functions the shape of the tree alone decides, so this is never reached.
const DEPTH_OF_TREE_MAX: usize = 2 * DEPTH_MAX;

/// Data that an expression goes through in well under a millisecond.
const SHORT_BYTES_MAX: usize = 256 * 1024;

type Variables<'a> = &'a [(&'a str, &'a Bound<'a>)];

/// The clock ended an evaluation whose steps were not used up.
struct Unfinished;

/// What an evaluation is allowed.
#[derive(Clone, Copy)]
struct Allowance<'s> {
    steps: &'s Steps,
    clock_ms: u64,
}

/// `None`, if it needs longer than that.
pub(crate) fn evaluate_briefly(
    expression: &Expression,
    variables: Variables<'_>,
    moment: &Moment,
    (steps, clock_ms): (&Steps, u64),
) -> Option<Result<Value, EvaluationError>> {
    if let Some(found) = plain_path(&expression.tree, variables) {
        return Some(found.cloned().ok_or(EvaluationError::Undefined));
    }
    attempt(expression, None, variables, moment, Allowance { steps, clock_ms }).ok()
}

pub(crate) fn evaluate(
    expression: &Expression,
    document: Option<&Bound<'_>>,
    variables: Variables<'_>,
    moment: &Moment,
    steps: &Steps,
) -> Result<Value, EvaluationError> {
    if document.is_none()
        && let Some(found) = plain_path(&expression.tree, variables)
    {
        return found.cloned().ok_or(EvaluationError::Undefined);
    }
    let allowance = Allowance { steps, clock_ms: EVALUATION_MS_MAX };
    attempt(expression, document, variables, moment, allowance)
        .unwrap_or_else(|Unfinished| Err(messages::timed_out()))
}

fn attempt(
    expression: &Expression,
    document: Option<&Bound<'_>>,
    variables: Variables<'_>,
    moment: &Moment,
    allowance: Allowance<'_>,
) -> Result<Result<Value, EvaluationError>, Unfinished> {
    if expression.depth > DEPTH_MAX {
        return Ok(Err(messages::too_deep()));
    }
    // The evaluator is known to panic on some pictures of dates and numbers.
    catch_unwind(AssertUnwindSafe(|| run(expression, document, variables, moment, allowance)))
        .unwrap_or(Ok(Err(EvaluationError::Internal)))
}

fn run(
    expression: &Expression,
    document: Option<&Bound<'_>>,
    variables: Variables<'_>,
    moment: &Moment,
    allowance: Allowance<'_>,
) -> Result<Result<Value, EvaluationError>, Unfinished> {
    let mut known = Known(Vec::new());
    let mut context = Context::new();
    for (name, bound) in variables {
        let (value, exact) = bound.converted();
        known.0.push(exact);
        context.bind((*name).to_owned(), value.clone());
    }
    let mut item = JValue::Undefined;
    if let Some(document) = document {
        let (value, exact) = document.converted();
        known.0.push(exact);
        item = value.clone();
    }
    let meter = Rc::new(Meter::new(allowance.steps));
    if meter.take_looks(expression.looks, known.bytes()).is_err() {
        return Ok(Err(messages::timed_out()));
    }
    // To look at the clock costs as much as a step; what cannot take long goes without.
    let is_short = !expression.calls
        && expression.looks > 0
        && expression.looks.saturating_mul(known.bytes()) <= SHORT_BYTES_MAX;
    let clock_ms = (!is_short).then_some(allowance.clock_ms);
    let mut evaluator = evaluator(context, expression, clock_ms);
    let outcome = functions::register(&mut evaluator, &expression.functions, moment, &meter)
        .and_then(|()| evaluator.evaluate(&expression.tree, &item));
    if let Err(error) = &outcome
        && messages::is_timeout(error)
        && !meter.is_used_up()
    {
        return Err(Unfinished);
    }
    meter.leave(allowance.steps);
    Ok(match outcome {
        Ok(value) => convert::from_evaluator(&value, &known),
        Err(error) => Err(messages::outcome(&error, &expression.tree)),
    })
}

fn evaluator(context: Context, expression: &Expression, clock_ms: Option<u64>) -> Evaluator {
    let options = EvaluatorOptions {
        timeout_ms: clock_ms,
        max_stack_depth: Some(if expression.calls {
            DEPTH_OF_CALLS_MAX
        } else {
            DEPTH_OF_TREE_MAX
        }),
        max_sequence_length: Some(SEQUENCE_ITEMS_MAX),
        ..EvaluatorOptions::default()
    };
    Evaluator::with_options(context, options)
}

/// `$states.input.order.id` and its like, the bulk of all expressions, need no evaluator: neither
/// the cost of converting all input nor the loss of what doubles cannot hold. `None` when the tree
/// is anything else, or the path meets an array, over which the language maps.
fn plain_path<'v>(
    tree: &AstNode,
    variables: &'v [(&str, &Bound<'_>)],
) -> Option<Option<&'v Value>> {
    let variable = |name: &str| {
        let bound = variables.iter().find(|(known, _)| *known == name);
        bound.map(|(_, bound)| bound.value())
    };
    let steps = match tree {
        AstNode::Variable(name) if !name.is_empty() => return Some(Some(variable(name)?)),
        AstNode::Path { steps } => steps,
        _ => return None,
    };
    let is_plain = |step: &&jsonata_core::ast::PathStep| {
        step.stages.is_empty() && step.focus.is_none() && step.index_var.is_none()
    };
    if !steps.iter().all(|step| is_plain(&step)) {
        return None;
    }
    let (first, names) = steps.split_first()?;
    let AstNode::Variable(name) = &first.node else { return None };
    let mut value = variable(name)?;
    for step in names {
        let AstNode::Name(name) = &step.node else { return None };
        match value {
            Value::Object(members) => match members.get(name) {
                Some(member) => value = member,
                None => return Some(None),
            },
            Value::Array(_) => return None,
            _ => return Some(None),
        }
    }
    Some(Some(value))
}
