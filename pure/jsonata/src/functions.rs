//! The functions that Step Functions adds, and those whose clock or dice must come from the moment.

mod dates;

use std::cell::RefCell;
use std::rc::Rc;

use jsonata_core::evaluator::{Evaluator, EvaluatorError};
use jsonata_core::value::JValue;
use md5::Md5;
use moment::{Moment, Random};
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use crate::convert::{self, Exact};
use crate::meter::{self, Meter};
use crate::{guard, messages};

/// Most elements of `$range` (SFN-JA-11).
const RANGE_ITEMS_MAX: f64 = 360_145.0;

type Outcome = Result<JValue, EvaluatorError>;

pub(crate) fn register(
    evaluator: &mut Evaluator,
    moment: &Moment,
    meter: &Rc<Meter>,
) -> Result<(), EvaluatorError> {
    let random = Rc::new(RefCell::new(moment.random()));
    let (for_uuid, for_shuffle) = (Rc::clone(&random), Rc::clone(&random));
    let now_ms = moment.now_ms;
    evaluator.register_fn("partition", partition)?;
    evaluator.register_fn("range", range)?;
    evaluator.register_fn("hash", hash)?;
    evaluator.register_fn("parse", parse)?;
    evaluator
        .register_fn("uuid", move |_: &[JValue]| Ok(JValue::from(for_uuid.borrow_mut().uuid())))?;
    evaluator.register_fn(guard::WIDTH, guard::width)?;
    register_metered(evaluator, meter)?;
    evaluator.register_fn_override("random", move |args: &[JValue]| {
        self::random(args, &mut random.borrow_mut())
    })?;
    evaluator.register_fn_override("shuffle", move |args: &[JValue]| {
        shuffle(args, &mut for_shuffle.borrow_mut())
    })?;
    evaluator.register_fn_override("now", move |args: &[JValue]| dates::now(args, now_ms))?;
    evaluator.register_fn_override("millis", move |_: &[JValue]| Ok(JValue::from(now_ms)))?;
    evaluator
        .register_fn(guard::TO_MILLIS, move |args: &[JValue]| dates::to_millis(args, now_ms))?;
    // The service has no `$eval`; a call of it is one of an unknown function.
    evaluator.register_fn_override("eval", |_: &[JValue]| Err(messages::no_function()))
}

fn register_metered(evaluator: &mut Evaluator, meter: &Rc<Meter>) -> Result<(), EvaluatorError> {
    let with = |run: fn(&Meter, &[JValue]) -> Outcome| {
        let meter = Rc::clone(meter);
        move |args: &[JValue]| run(&meter, args)
    };
    evaluator.register_fn(guard::CONCATENATE, with(guard::concatenate))?;
    evaluator.register_fn(guard::BOUNDED, with(guard::bounded))?;
    evaluator.register_fn(meter::TICK, with(Meter::tick))?;
    evaluator.register_fn(meter::CHARGE, with(Meter::charge))?;
    evaluator.register_fn(meter::ROUNDS, with(Meter::rounds))
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
