//! The functions that Step Functions adds, and those whose clock or dice must come from the moment.

mod dates;

use std::cell::RefCell;
use std::rc::Rc;

use jsonata_core::ast::AstNode;
use jsonata_core::evaluator::{Context, Evaluator, EvaluatorError};
use jsonata_core::parser;
use jsonata_core::value::JValue;
use md5::Md5;
use moment::{Moment, Random};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::convert::{self, Exact};
use crate::meter::{self, Meter};
use crate::{guard, messages, standins, tree};

/// Most elements of `$range` (SFN-JA-11).
const RANGE_ITEMS_MAX: f64 = 360_145.0;

type Outcome = Result<JValue, EvaluatorError>;

/// Every function of ours, by name; those of the library among them are overridden.
const NAMES: &[&str] = &[
    "eval",
    "hash",
    "millis",
    "now",
    "parse",
    "partition",
    "random",
    "range",
    "shuffle",
    "uuid",
    guard::BOUNDED,
    guard::CONCATENATE,
    guard::TO_MILLIS,
    guard::WIDTH,
    meter::CHARGE,
    meter::ROUNDS,
    meter::TICK,
    standins::CONTAINS,
    standins::DISTINCT,
    standins::MATCH,
    standins::REPLACE,
    standins::SPLIT,
];

/// Those of them that a tree names: only they are registered, since that costs more than most
/// evaluations.
pub(crate) fn named(tree: &AstNode) -> Vec<&'static str> {
    let mut named = Vec::new();
    tree::visit(tree, &mut |node| {
        if let AstNode::Function { name, .. } | AstNode::Variable(name) = node
            && let Some(known) = NAMES.iter().find(|known| *known == name)
            && !named.contains(known)
        {
            named.push(*known);
        }
    });
    named
}

pub(crate) fn register(
    evaluator: &mut Evaluator,
    names: &[&str],
    moment: &Moment,
    meter: &Rc<Meter>,
) -> Result<(), EvaluatorError> {
    let now_ms = moment.now_ms;
    // All that draw numbers draw from one.
    let random = Rc::new(RefCell::new(None));
    let draws = |draw: fn(&[JValue], &mut Random) -> Outcome| {
        let (random, moment) = (Rc::clone(&random), *moment);
        move |args: &[JValue]| {
            draw(args, random.borrow_mut().get_or_insert_with(|| moment.random()))
        }
    };
    let counts = |run: fn(&Meter, &[JValue]) -> Outcome| {
        let meter = Rc::clone(meter);
        move |args: &[JValue]| run(&meter, args)
    };
    for &name in names {
        match name {
            "partition" => evaluator.register_fn(name, partition),
            "range" => evaluator.register_fn(name, range),
            "hash" => evaluator.register_fn(name, hash),
            "parse" => evaluator.register_fn(name, parse),
            "uuid" => evaluator.register_fn(name, draws(|_, random| Ok(random.uuid().into()))),
            "random" => evaluator.register_fn_override(name, draws(self::random)),
            "shuffle" => evaluator.register_fn_override(name, draws(shuffle)),
            "millis" => evaluator.register_fn_override(name, move |_: &[JValue]| Ok(now_ms.into())),
            "now" => evaluator
                .register_fn_override(name, move |args: &[JValue]| dates::now(args, now_ms)),
            // The service has no `$eval`; a call of it is one of an unknown function.
            "eval" => {
                evaluator.register_fn_override(name, |_: &[JValue]| Err(messages::no_function()))
            }
            guard::TO_MILLIS => {
                evaluator.register_fn(name, move |args: &[JValue]| dates::to_millis(args, now_ms))
            }
            guard::WIDTH => evaluator.register_fn(name, guard::width),
            guard::CONCATENATE => evaluator.register_fn(name, counts(guard::concatenate)),
            guard::BOUNDED => evaluator.register_fn(name, counts(guard::bounded)),
            meter::TICK => evaluator.register_fn(name, counts(Meter::tick)),
            meter::CHARGE => evaluator.register_fn(name, counts(Meter::charge)),
            meter::ROUNDS => evaluator.register_fn(name, counts(Meter::rounds)),
            standins::CONTAINS => evaluator.register_fn(name, standins::contains),
            standins::MATCH => evaluator.register_fn(name, standins::matches),
            standins::REPLACE => evaluator.register_fn(name, standins::replace),
            standins::SPLIT => evaluator.register_fn(name, standins::split),
            standins::DISTINCT => evaluator.register_fn(name, standins::distinct),
            _ => Ok(()),
        }?;
    }
    Ok(())
}

/// A call of the evaluator's own function: its arguments are `$a`, `$b` and `$c`.
pub(crate) fn original(text: &str, args: &[JValue]) -> Outcome {
    let tree =
        parser::parse(text).map_err(|error| EvaluatorError::EvaluationError(error.to_string()))?;
    let mut context = Context::new();
    for (name, value) in ["a", "b", "c"].into_iter().zip(args) {
        context.bind(name.to_owned(), value.clone());
    }
    Evaluator::with_context(context).evaluate(&tree, &JValue::Undefined)
}

/// Chunks of `n`; nothing for no chunk size and for an empty array (SFN-JA-10).
fn partition(args: &[JValue]) -> Outcome {
    let (Some(list), Some(size)) = (args.first(), whole(args, "partition", 2)?) else {
        return Ok(JValue::Undefined);
    };
    let items = match list {
        JValue::Undefined => return Ok(JValue::Undefined),
        JValue::Array(items) => items.to_vec(),
        single => vec![single.clone()],
    };
    if items.is_empty() || size < 1.0 {
        return Ok(JValue::Undefined);
    }
    // A chunk longer than the list is the list.
    let size = (size as usize).min(items.len());
    Ok(JValue::array(items.chunks(size).map(|chunk| JValue::array(chunk.to_vec())).collect()))
}

/// From `start` to `end` in steps; nothing for a step that is missing, zero or leads away.
/// A single element is unwrapped (SFN-VEC-11).
fn range(args: &[JValue]) -> Outcome {
    let start = whole(args, "range", 1)?;
    let end = whole(args, "range", 2)?;
    let step = whole(args, "range", 3)?;
    let (Some(start), Some(end), Some(step)) = (start, end, step) else {
        return Ok(JValue::Undefined);
    };
    let leads_away = (end > start && step < 0.0) || (end < start && step > 0.0);
    if step == 0.0 || leads_away {
        return Ok(JValue::Undefined);
    }
    let count = ((end - start) / step).floor() + 1.0;
    if count.is_nan() || count > RANGE_ITEMS_MAX {
        return Err(messages::memory_exceeded());
    }
    let items = (0..count as u32).map(|place| JValue::from(start + f64::from(place) * step));
    Ok(JValue::sequence(items.collect()))
}

/// Other data than strings is hashed as its JSON, as `States.Hash` does.
fn hash(args: &[JValue]) -> Outcome {
    let (data, algorithm) = match args {
        [JValue::Undefined, ..] | [] | [_] | [_, JValue::Undefined] => {
            return Ok(JValue::Undefined);
        }
        [data, algorithm, ..] => (data, algorithm),
    };
    let text = match data.as_str() {
        Some(text) => text.to_owned(),
        None => data.to_json_string().map_err(|_| messages::wrong_argument("hash", 1))?,
    };
    let digest = match algorithm.as_str() {
        Some("MD5") => hex::encode(Md5::digest(text)),
        Some("SHA-1") => hex::encode(Sha1::digest(text)),
        Some("SHA-256") => hex::encode(Sha256::digest(text)),
        Some("SHA-384") => hex::encode(Sha384::digest(text)),
        Some("SHA-512") => hex::encode(Sha512::digest(text)),
        _ => return Err(messages::wrong_argument("hash", 2)),
    };
    Ok(JValue::from(digest))
}

fn parse(args: &[JValue]) -> Outcome {
    let text = match args.first() {
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(JValue::String(text)) => text,
        Some(_) => return Err(messages::wrong_argument("parse", 1)),
    };
    let value = serde_json::from_str(text).map_err(|error| {
        EvaluatorError::EvaluationError(format!("Unable to parse JSON: {error}"))
    })?;
    Ok(convert::to_evaluator(&value, &mut Exact::default()))
}

/// In `[0, 1)`; equal seeds give equal numbers.
fn random(args: &[JValue], random: &mut Random) -> Outcome {
    let number = match whole(args, "random", 1)? {
        Some(seed) => Random::new((seed as i64).cast_unsigned()).next_f64(),
        None => random.next_f64(),
    };
    Ok(JValue::from(number))
}

fn shuffle(args: &[JValue], random: &mut Random) -> Outcome {
    let mut items = match args.first() {
        None | Some(JValue::Undefined) => return Ok(JValue::Undefined),
        Some(JValue::Array(items)) => items.to_vec(),
        Some(single) => vec![single.clone()],
    };
    for place in (1..items.len()).rev() {
        let other = random.below(u64::try_from(place).unwrap_or(u64::MAX).saturating_add(1));
        items.swap(place, usize::try_from(other).unwrap_or(place));
    }
    Ok(JValue::array(items))
}

/// Argument `index`, counted from one, cut to an integer; `None` when it is not given.
fn whole(args: &[JValue], name: &str, index: usize) -> Result<Option<f64>, EvaluatorError> {
    match args.get(index - 1) {
        None | Some(JValue::Undefined) => Ok(None),
        Some(JValue::Number(number)) => Ok(Some(number.trunc())),
        Some(_) => Err(messages::wrong_argument(name, index)),
    }
}
