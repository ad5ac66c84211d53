//! What arrays come to as a whole, and their order.

use std::hash::{BuildHasherDefault, DefaultHasher, Hash, Hasher};

use indexmap::IndexMap;

use super::arg;
use crate::fault::{Fault, thrown};
use crate::run::{Args, Outcome, Run};
use crate::value::Val;

/// The numbers of the first argument, none of them missing.
fn numbers<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Result<Option<Vec<f64>>, Fault> {
    let list = arg(args, 0);
    if list.is_undefined() {
        return Ok(None);
    }
    run.take_items(list.len())?;
    Ok(Some(list.items().filter_map(|item| item.number()).collect()))
}

pub(super) fn sum<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let numbers = numbers(run, args)?;
    Ok(numbers
        .map_or(Val::Undefined, |numbers| Val::Number(numbers.iter().fold(0.0, |a, b| a + b))))
}

pub(super) fn average<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    Ok(match numbers(run, args)? {
        Some(numbers) if !numbers.is_empty() => {
            Val::Number(numbers.iter().sum::<f64>() / numbers.len() as f64)
        }
        _ => Val::Undefined,
    })
}

pub(super) fn max<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let largest = numbers(run, args)?.and_then(|all| all.into_iter().reduce(f64::max));
    Ok(largest.map_or(Val::Undefined, Val::Number))
}

pub(super) fn min<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let least = numbers(run, args)?.and_then(|all| all.into_iter().reduce(f64::min));
    Ok(least.map_or(Val::Undefined, Val::Number))
}

pub(super) fn count<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let list = arg(args, 0);
    let count = if list.is_undefined() { 0 } else { list.len() };
    Ok(Val::Number(count as f64))
}

pub(super) fn reverse<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let list = arg(args, 0);
    if list.is_undefined() || list.len() < 2 {
        return Ok(list.clone());
    }
    run.list(list.items().rev().collect())
}

pub(super) fn shuffle<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let list = arg(args, 0);
    if list.is_undefined() || list.len() < 2 {
        return Ok(list.clone());
    }
    let mut items: Vec<_> = list.items().collect();
    run.take_items(items.len())?;
    for place in (1..items.len()).rev() {
        let other = run.random().below(place as u64 + 1);
        items.swap(place, usize::try_from(other).unwrap_or(place));
    }
    run.list(items)
}

pub(super) fn zip<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let length = |list: &Val<'v>| if list.is_undefined() { 0 } else { list.len() };
    let least = args.iter().map(length).min().unwrap_or(0);
    let mut rows = Vec::new();
    for place in 0..least {
        let row = args.iter().map(|list| list.get(place)).collect();
        rows.push(run.list(row)?);
    }
    run.list(rows)
}

/// The items without those that equal an earlier one: compared only with those of its own hash.
pub(super) fn distinct<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let list = arg(args, 0);
    if !list.is_array() || list.len() < 2 {
        return Ok(list.clone());
    }
    type Hashes = IndexMap<u64, Vec<usize>, BuildHasherDefault<DefaultHasher>>;
    let mut seen = Hashes::default();
    let mut kept: Vec<Val<'v>> = Vec::new();
    for item in list.items() {
        run.take(2)?;
        let hash = hash(run, &item)?;
        let places = seen.entry(hash).or_default();
        let mut is_new = true;
        for place in places.iter() {
            if let Some(other) = kept.get(*place)
                && run.equal(&item, other)?
            {
                is_new = false;
                break;
            }
        }
        if is_new {
            places.push(kept.len());
            kept.push(item);
        }
    }
    if list.is_sequence() { run.rows(kept) } else { run.list(kept) }
}

/// Equal values have equal ones.
fn hash<'v>(run: &mut Run<'v>, value: &Val<'v>) -> Result<u64, Fault> {
    run.take(1)?;
    let mut hasher = DefaultHasher::new();
    match value {
        _ if value.is_array() => {
            2_u8.hash(&mut hasher);
            for item in value.items() {
                self::hash(run, &item)?.hash(&mut hasher);
            }
        }
        Val::Members(_) | Val::Record(_) => {
            3_u8.hash(&mut hasher);
            // In any order.
            let mut all = 0_u64;
            for (key, value) in value.members() {
                run.take_bytes(key.as_str().len())?;
                let mut member = DefaultHasher::new();
                key.hash(&mut member);
                self::hash(run, &value)?.hash(&mut member);
                all = all.wrapping_add(member.finish());
            }
            all.hash(&mut hasher);
        }
        Val::Bool(truth) => truth.hash(&mut hasher),
        _ => match (value.number(), value.str()) {
            // The two zeros are one.
            (Some(number), _) => (number + 0.0).to_bits().hash(&mut hasher),
            (None, Some(text)) => {
                run.take_bytes(text.len())?;
                text.hash(&mut hasher);
            }
            (None, None) => value.kind().hash(&mut hasher),
        },
    }
    Ok(hasher.finish())
}

pub(super) fn sort<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (list, function) = (arg(args, 0), arg(args, 1));
    if list.is_undefined() || list.len() < 2 {
        return Ok(list.clone());
    }
    let items: Vec<_> = list.items().collect();
    let sorted = if function.is_function() {
        run.merge_sort(items, &mut |run, one, two| {
            let pair = Args::from_iter([one.clone(), two.clone()]);
            let answer = run.apply(function, pair, &Val::Undefined)?;
            run.truth(&answer)
        })?
    } else if items.iter().all(|item| item.number().is_some()) {
        let number = |item: &Val<'v>| item.number().unwrap_or(f64::NAN);
        run.merge_sort(items, &mut |_, one, two| Ok(number(one) > number(two)))?
    } else if items.iter().all(|item| item.str().is_some()) {
        run.merge_sort(items, &mut |run, one, two| {
            let (one, two) = (one.str().unwrap_or(""), two.str().unwrap_or(""));
            run.take_bytes(one.len().min(two.len()))?;
            Ok(one > two)
        })?
    } else {
        return Err(thrown(
            "D3070",
            "The single argument form of the sort function can only be applied to an array of \
             strings or an array of numbers.  Use the second argument to specify a comparison \
             function",
        ));
    };
    run.list(sorted)
}
