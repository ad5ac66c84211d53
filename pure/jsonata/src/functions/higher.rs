//! Functions that call another one for each item.

use super::arg;
use crate::fault::{Fault, thrown};
use crate::run::{Args, Outcome, Run};
use crate::value::Val;

/// Calls `function` with an item, its place and all of them, as far as it wants to know.
fn call<'v>(
    run: &mut Run<'v>,
    function: &Val<'v>,
    arity: usize,
    item: Val<'v>,
    place: usize,
    all: &Val<'v>,
) -> Outcome<'v> {
    run.take(1)?;
    let mut args = Args::new();
    args.push(item);
    if arity > 1 {
        args.push(Val::Number(place as f64));
    }
    if arity > 2 {
        args.push(all.clone());
    }
    run.apply(function, args, &Val::Undefined)
}

pub(super) fn map<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (list, function) = (arg(args, 0), arg(args, 1));
    if list.is_undefined() {
        return Ok(Val::Undefined);
    }
    let arity = run.arity(function);
    let mut found = Vec::new();
    for (place, item) in list.items().enumerate() {
        let value = call(run, function, arity, item, place, list)?;
        if !value.is_undefined() {
            found.push(value);
        }
    }
    run.rows(found)
}

pub(super) fn filter<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (list, function) = (arg(args, 0), arg(args, 1));
    if list.is_undefined() {
        return Ok(Val::Undefined);
    }
    let arity = run.arity(function);
    let mut found = Vec::new();
    for (place, item) in list.items().enumerate() {
        let answer = call(run, function, arity, item.clone(), place, list)?;
        if run.truth(&answer)? {
            found.push(item);
        }
    }
    run.rows(found)
}

pub(super) fn single<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (list, function) = (arg(args, 0), arg(args, 1));
    if list.is_undefined() {
        return Ok(Val::Undefined);
    }
    let arity = run.arity(function);
    let mut found = None;
    for (place, item) in list.items().enumerate() {
        let fits = match function.is_undefined() {
            true => true,
            false => {
                let answer = call(run, function, arity, item.clone(), place, list)?;
                run.truth(&answer)?
            }
        };
        if fits && found.replace(item).is_some() {
            return Err(thrown(
                "D3138",
                "The $single() function expected exactly 1 matching result.  Instead it matched \
                 more.",
            ));
        }
    }
    found.ok_or_else(|| {
        thrown(
            "D3139",
            "The $single() function expected exactly 1 matching result.  Instead it matched 0.",
        )
    })
}

pub(super) fn reduce<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (list, function, start) = (arg(args, 0), arg(args, 1), arg(args, 2));
    if list.is_undefined() {
        return Ok(Val::Undefined);
    }
    let arity = run.arity(function);
    if arity < 2 {
        return Err(thrown(
            "D3050",
            "The second argument of reduce function must be a function with at least two \
             arguments",
        ));
    }
    let mut items = list.items().enumerate();
    let mut sum = match start {
        Val::Undefined => items.next().map_or(Val::Undefined, |(_, first)| first),
        start => start.clone(),
    };
    for (place, item) in items {
        run.take(1)?;
        let mut given = Args::from_iter([sum, item]);
        if arity > 2 {
            given.push(Val::Number(place as f64));
        }
        if arity > 3 {
            given.push(list.clone());
        }
        sum = run.apply(function, given, &Val::Undefined)?;
    }
    Ok(sum)
}

/// Calls `function` with a member's value, its name and the object.
fn call_member<'v>(
    run: &mut Run<'v>,
    function: &Val<'v>,
    arity: usize,
    (name, value): (Val<'v>, Val<'v>),
    object: &Val<'v>,
) -> Outcome<'v> {
    run.take(1)?;
    let mut args = Args::new();
    args.push(value);
    if arity > 1 {
        args.push(name);
    }
    if arity > 2 {
        args.push(object.clone());
    }
    run.apply(function, args, &Val::Undefined)
}

pub(super) fn each<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (object, function) = (arg(args, 0), arg(args, 1));
    let arity = run.arity(function);
    let mut found = Vec::new();
    for (key, value) in members(run, object)? {
        let value = call_member(run, function, arity, (key.val(), value), object)?;
        if !value.is_undefined() {
            found.push(value);
        }
    }
    run.rows(found)
}

pub(super) fn sift<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (object, function) = (arg(args, 0), arg(args, 1));
    let arity = run.arity(function);
    let mut found = indexmap::IndexMap::new();
    for (key, value) in members(run, object)? {
        let answer = call_member(run, function, arity, (key.val(), value.clone()), object)?;
        if run.truth(&answer)? {
            found.insert(key, value);
        }
    }
    // An object with nothing left is none.
    if found.is_empty() { Ok(Val::Undefined) } else { run.record(found) }
}

type Members<'v> = Vec<(crate::value::Key<'v>, Val<'v>)>;

fn members<'v>(run: &mut Run<'v>, object: &Val<'v>) -> Result<Members<'v>, Fault> {
    let members = object.members();
    run.take_items(members.len())?;
    Ok(members)
}
