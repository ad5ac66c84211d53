//! What Step Functions adds (SFN-JA-10). Fractions are cut to integers.

use md5::Md5;
use moment::Random;
use sha1::Sha1;
use sha2::{Digest, Sha256, Sha384, Sha512};

use super::arg;
use crate::fault::{self, Misfit, memory, uncoded};
use crate::run::{Outcome, Run};
use crate::value::{Key, Val};
use serde_json::Value;

/// Most elements of `$range` (SFN-JA-11).
const RANGE_ITEMS_MAX: f64 = 360_145.0;

/// Chunks of `n`; nothing for no chunk size and for an empty array.
pub(super) fn partition<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (list, Some(size)) = (arg(args, 0), arg(args, 1).number()) else {
        return Ok(Val::Undefined);
    };
    if list.is_undefined() || list.len() == 0 || size < 1.0 {
        return Ok(Val::Undefined);
    }
    // A chunk longer than the list is the list.
    let size = (size as usize).min(list.len());
    let items: Vec<_> = list.items().collect();
    let mut chunks = Vec::new();
    for chunk in items.chunks(size) {
        chunks.push(run.list(chunk.to_vec())?);
    }
    run.list(chunks)
}

/// From `start` to `end` in steps; nothing for a step that is missing, zero or leads away.
/// A single element is unwrapped (SFN-VEC-11).
pub(super) fn range<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let whole = |place| arg(args, place).number().map(f64::trunc);
    let (Some(start), Some(end), Some(step)) = (whole(0), whole(1), whole(2)) else {
        return Ok(Val::Undefined);
    };
    let leads_away = (end > start && step < 0.0) || (end < start && step > 0.0);
    if step == 0.0 || leads_away {
        return Ok(Val::Undefined);
    }
    let count = ((end - start) / step).floor() + 1.0;
    if count.is_nan() || count > RANGE_ITEMS_MAX {
        return Err(memory());
    }
    run.take(count as u64)?;
    let items = (0..count as u32).map(|place| Val::Number(start + f64::from(place) * step));
    run.rows(items.collect())
}

/// Other data than strings is hashed as its JSON, as `States.Hash` does.
pub(super) fn hash<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (data, algorithm) = (arg(args, 0), arg(args, 1));
    if data.is_undefined() || algorithm.is_undefined() {
        return Ok(Val::Undefined);
    }
    let text = run.string(data, false)?;
    let text = text.as_str();
    run.take(32 + (text.len() / 4) as u64)?;
    let digest = match algorithm.str() {
        Some("MD5") => hex::encode(Md5::digest(text)),
        Some("SHA-1") => hex::encode(Sha1::digest(text)),
        Some("SHA-256") => hex::encode(Sha256::digest(text)),
        Some("SHA-384") => hex::encode(Sha384::digest(text)),
        Some("SHA-512") => hex::encode(Sha512::digest(text)),
        _ => return Err(fault::argument(2, Misfit::Argument)),
    };
    run.text(digest)
}

pub(super) fn parse<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let Some(text) = arg(args, 0).str() else { return Ok(Val::Undefined) };
    // Its values take more room than its text.
    run.take(text.len() as u64)?;
    let value = serde_json::from_str(text)
        .map_err(|error| uncoded(format!("Unable to parse JSON: {error}")))?;
    owned(run, value)
}

/// Recursion is as deep as the text may nest.
fn owned<'v>(run: &mut Run<'v>, value: Value) -> Outcome<'v> {
    match value {
        Value::Null => Ok(Val::Null),
        Value::Bool(truth) => Ok(Val::Bool(truth)),
        Value::Number(number) => Ok(Val::Number(number.as_f64().unwrap_or(f64::NAN))),
        Value::String(text) => run.text(text),
        Value::Array(items) => {
            let mut found = Vec::with_capacity(items.len());
            for item in items {
                found.push(owned(run, item)?);
            }
            run.list(found)
        }
        Value::Object(members) => {
            let mut found = indexmap::IndexMap::with_capacity(members.len());
            for (name, value) in members {
                found.insert(Key::Shared(name.into()), owned(run, value)?);
            }
            run.record(found)
        }
    }
}

/// In `[0, 1)`; equal seeds give equal numbers.
pub(super) fn random<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let number = match arg(args, 0).number() {
        Some(seed) => Random::new((seed.trunc() as i64).cast_unsigned()).next_f64(),
        None => run.random().next_f64(),
    };
    Ok(Val::Number(number))
}

pub(super) fn uuid<'v>(run: &mut Run<'v>, _args: &[Val<'v>]) -> Outcome<'v> {
    let uuid = run.random().uuid();
    run.text(uuid)
}
