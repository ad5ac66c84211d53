//! An evaluation from outside: values in, a run, the result out as JSON (SFN-JA-5, SFN-JA-13).

use moment::Moment;
use serde_json::{Map, Number, Value};

use crate::bound::Bound;
use crate::fault::{self, Fault};
use crate::run::Run;
use crate::tree::{Kind, Tree};
use crate::value::{List, Val};
use crate::{EvaluationError, Expression, Steps, VALUE_BYTES_MAX, value};

/// Deepest nesting of a result; JSON text nested deeper could not be read back.
const RESULT_DEPTH_MAX: usize = 120;

/// `None`, and no step used, if it needs more than `steps_max`.
pub(crate) fn evaluate_briefly(
    expression: &Expression,
    variables: &[(&str, &Bound<'_>)],
    moment: &Moment,
    (steps, steps_max): (&Steps, u64),
) -> Option<Result<Value, EvaluationError>> {
    if let Some(found) = plain_path(&expression.tree, variables) {
        return Some(found.cloned().ok_or(EvaluationError::Undefined));
    }
    let all = steps.left.get();
    let allowed = all.min(steps_max);
    let (outcome, left) = attempt(&expression.tree, None, variables, moment, allowed);
    match &outcome {
        Err(Ended::Fault(fault)) if fault.is_out_of_steps() && allowed < all => return None,
        _ => {}
    }
    steps.left.set(all - allowed + left);
    Some(outcome.map_err(Ended::told))
}

pub(crate) fn evaluate(
    expression: &Expression,
    document: Option<&Bound<'_>>,
    variables: &[(&str, &Bound<'_>)],
    moment: &Moment,
    steps: &Steps,
) -> Result<Value, EvaluationError> {
    if document.is_none()
        && let Some(found) = plain_path(&expression.tree, variables)
    {
        return found.cloned().ok_or(EvaluationError::Undefined);
    }
    let (outcome, left) = attempt(&expression.tree, document, variables, moment, steps.left.get());
    steps.left.set(left);
    outcome.map_err(Ended::told)
}

enum Ended {
    Fault(Fault),
    Undefined,
    Unsupported,
}

impl Ended {
    fn told(self) -> EvaluationError {
        match self {
            Ended::Fault(fault) => fault.outcome(),
            Ended::Undefined => EvaluationError::Undefined,
            Ended::Unsupported => EvaluationError::Unsupported,
        }
    }
}

impl From<Fault> for Ended {
    fn from(fault: Fault) -> Ended {
        Ended::Fault(fault)
    }
}

/// What came of it, and the steps left.
fn attempt(
    tree: &Tree,
    document: Option<&Bound<'_>>,
    variables: &[(&str, &Bound<'_>)],
    moment: &Moment,
    steps: u64,
) -> (Result<Value, Ended>, u64) {
    let root = document.map_or(Val::Undefined, |document| Val::of(document.value()));
    let item = match root.is_array() {
        true => wrapped(root.clone()),
        false => root.clone(),
    };
    let globals = tree.symbols.iter().map(|symbol| {
        let bound = variables.iter().find(|(name, _)| **name == *symbol.name);
        bound.map_or(Val::Undefined, |(_, bound)| Val::of(bound.value()))
    });
    let mut run = Run::new(tree, globals.collect(), root, *moment, steps);
    let outcome = run.all(&item).map_err(Ended::from).and_then(|found| outward(&mut run, &found));
    (outcome, run.left)
}

/// A document that is an array is one item.
fn wrapped(document: Val<'_>) -> Val<'_> {
    let list = List { is_wrapper: true, ..List::sequence(vec![document]) };
    Val::List(std::rc::Rc::new(list))
}

fn outward<'v>(run: &mut Run<'v>, found: &Val<'v>) -> Result<Value, Ended> {
    if found.is_undefined() {
        return Err(Ended::Undefined);
    }
    let mut left = VALUE_BYTES_MAX;
    json(run, found, 0, &mut left)
}

fn json<'v>(
    run: &mut Run<'v>,
    value: &Val<'v>,
    depth: usize,
    left: &mut usize,
) -> Result<Value, Ended> {
    run.take(1)?;
    let bytes = match value {
        Val::Number(_) | Val::Exact(_) => 8,
        Val::Str(text) => text.len(),
        Val::Text(text) => text.len(),
        _ => 1,
    };
    let rest = left.checked_sub(bytes).filter(|_| depth <= RESULT_DEPTH_MAX);
    *left = rest.ok_or_else(fault::memory)?;
    run.take_bytes(bytes)?;
    Ok(match value {
        Val::Undefined | Val::Null | Val::Tail => Value::Null,
        Val::Bool(truth) => Value::Bool(*truth),
        Val::Number(double) => number(*double),
        Val::Exact(number) => Value::Number((*number).clone()),
        Val::Str(text) => Value::from(*text),
        Val::Text(text) => Value::from(&**text),
        Val::Items(_) | Val::List(_) | Val::Tuples(_) => {
            let mut items = Vec::with_capacity(value.len());
            for item in value.items().filter(|item| !item.is_undefined()) {
                items.push(json(run, &item, depth + 1, left)?);
            }
            Value::Array(items)
        }
        Val::Members(_) | Val::Record(_) => {
            run.take(4)?;
            let mut members = Map::new();
            for (key, value) in value.members() {
                if value.is_undefined() {
                    continue;
                }
                let name = key.as_str();
                *left = left.checked_sub(name.len()).ok_or_else(fault::memory)?;
                run.take_bytes(name.len())?;
                members.insert(name.to_owned(), json(run, &value, depth + 1, left)?);
            }
            Value::Object(members)
        }
        Val::Builtin(_) | Val::Pattern(_) | Val::Function(_) => return Err(Ended::Unsupported),
    })
}

fn number(double: f64) -> Value {
    // Both bounds are exact; below them every whole double is an integer.
    let is_integer = double.fract() == 0.0
        && (-9_223_372_036_854_775_808.0..9_223_372_036_854_775_808.0).contains(&double);
    if is_integer {
        return Value::from(double as i64);
    }
    Number::from_f64(double).map_or_else(|| Value::from(not_finite(double)), Value::Number)
}

/// JSON has no word for it; the service writes JavaScript's (SFN-JA-12).
fn not_finite(double: f64) -> &'static str {
    match double {
        f64::INFINITY => "Infinity",
        f64::NEG_INFINITY => "-Infinity",
        _ => "NaN",
    }
}

/// `$states.input.order.id` and its like, the bulk of all expressions, need no run. `None` when
/// the tree is anything else, or the path meets an array, over which the language maps.
fn plain_path<'v>(
    tree: &Tree,
    variables: &'v [(&str, &'v Bound<'_>)],
) -> Option<Option<&'v Value>> {
    let variable = |symbol: u32| {
        let name = &*tree.symbols.get(symbol as usize)?.name;
        let bound = variables.iter().find(|(known, _)| *known == name);
        bound.map(|(_, bound)| bound.value())
    };
    let path = match &tree.root.kind {
        Kind::Variable(symbol) => return Some(Some(variable(*symbol)?)),
        Kind::Path(path) if !path.keep && path.group.is_none() => path,
        _ => return None,
    };
    let (first, names) = path.steps.split_first()?;
    let is_plain = path.steps.iter().all(|step| step.stages.is_empty() && !step.is_tuple);
    let Kind::Variable(symbol) = first.node.kind else { return None };
    if !is_plain {
        return None;
    }
    let mut found = variable(symbol)?;
    for step in names {
        let Kind::Name(name) = &step.node.kind else { return None };
        match found {
            Value::Object(members) => match value::member_of(members, name) {
                Some(member) => found = member,
                None => return Some(None),
            },
            Value::Array(_) => return None,
            _ => return Some(None),
        }
    }
    Some(Some(found))
}
