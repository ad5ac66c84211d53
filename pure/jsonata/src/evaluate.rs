//! One evaluation: values in, the tree walked under every bound, the result out.

use std::panic::{AssertUnwindSafe, catch_unwind};

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError, EvaluatorOptions};
use jsonata_core::value::JValue;
use moment::Moment;
use serde_json::Value;

use crate::convert::{self, Exact};
use crate::{
    DEPTH_MAX, EVALUATION_MS_MAX, EvaluationError, Expression, SEQUENCE_ITEMS_MAX, functions,
    messages,
};

/// The evaluator counts a few levels less than the service for a call of a defined function: with
/// this bound a function that calls itself gets as far, 31 calls deep and not 32.
const DEPTH_OF_CALLS_MAX: usize = 98;

/// Without such functions the shape of the tree alone decides, so this is never reached.
const DEPTH_OF_TREE_MAX: usize = 2 * DEPTH_MAX;

pub(crate) fn evaluate(
    expression: &Expression,
    variables: &[(&str, &Value)],
    moment: &Moment,
) -> Result<Value, EvaluationError> {
    if let Some(found) = plain_path(&expression.tree, variables) {
        return found.cloned().ok_or(EvaluationError::Undefined);
    }
    evaluate_on(expression, None, variables, moment)
}

pub(crate) fn evaluate_on(
    expression: &Expression,
    document: Option<&Value>,
    variables: &[(&str, &Value)],
    moment: &Moment,
) -> Result<Value, EvaluationError> {
    if expression.shape.depth > DEPTH_MAX {
        return Err(messages::too_deep());
    }
    // The evaluator is known to panic on some pictures of dates and numbers.
    catch_unwind(AssertUnwindSafe(|| run(expression, document, variables, moment)))
        .unwrap_or(Err(EvaluationError::Internal))
}

fn run(
    expression: &Expression,
    document: Option<&Value>,
    variables: &[(&str, &Value)],
    moment: &Moment,
) -> Result<Value, EvaluationError> {
    let mut exact = Exact::default();
    let mut context = Context::new();
    for (name, value) in variables {
        context.bind((*name).to_owned(), convert::to_evaluator(value, &mut exact));
    }
    let item = match document {
        Some(document) => convert::to_evaluator(document, &mut exact),
        None => JValue::Undefined,
    };
    let outcome = evaluator(context, expression, moment)
        .and_then(|mut evaluator| evaluator.evaluate(&expression.tree, &item));
    match outcome {
        Ok(value) => convert::from_evaluator(&value, &exact),
        Err(error) => Err(messages::outcome(&error, &expression.tree)),
    }
}

fn evaluator(
    context: Context,
    expression: &Expression,
    moment: &Moment,
) -> Result<Evaluator, EvaluatorError> {
    let calls = expression.shape.has_lambda;
    let options = EvaluatorOptions {
        timeout_ms: Some(EVALUATION_MS_MAX),
        max_stack_depth: Some(if calls { DEPTH_OF_CALLS_MAX } else { DEPTH_OF_TREE_MAX }),
        max_sequence_length: Some(SEQUENCE_ITEMS_MAX),
        ..EvaluatorOptions::default()
    };
    let mut evaluator = Evaluator::with_options(context, options);
    functions::register(&mut evaluator, moment)?;
    Ok(evaluator)
}

/// `$states.input.order.id` and its like, the bulk of all expressions, need no evaluator: neither
/// the cost of converting all input nor the loss of what doubles cannot hold. `None` when the tree
/// is anything else, or the path meets an array, over which the language maps.
fn plain_path<'v>(tree: &AstNode, variables: &[(&str, &'v Value)]) -> Option<Option<&'v Value>> {
    let variable = |name: &str| {
        let bound = variables.iter().find(|(known, _)| *known == name);
        bound.map(|(_, value)| *value)
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
