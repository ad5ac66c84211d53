//! `States.MathAdd`, `States.MathRandom`.

use moment::Random;
use serde_json::Value;

use super::rounded;

/// Both summands and the sum fit in 32 bits.
pub(super) fn add(one: &Value, two: &Value) -> Option<Value> {
    let small = |value| i32::try_from(rounded(value)?).ok();
    Some(small(one)?.checked_add(small(two)?)?.into())
}

/// From `start` up to, but without, `end`.
pub(super) fn random(start: &Value, end: &Value, random: &mut Random) -> Option<Value> {
    let (start, end) = (rounded(start)?, rounded(end)?);
    let width = u64::try_from(end.checked_sub(start)?).ok().filter(|width| *width > 0)?;
    start.checked_add_unsigned(random.below(width)).map(Value::from)
}

/// Equal seeds give equal numbers, in every execution.
pub(super) fn seeded_random(start: &Value, end: &Value, seed: &Value) -> Option<Value> {
    let seed = rounded(seed)?;
    random(start, end, &mut Random::new(seed.cast_unsigned()))
}
