//! Objects taken apart and put together.

use indexmap::{IndexMap, IndexSet};

use super::arg;
use crate::fault::Fault;
use crate::run::{self, Outcome, Run};
use crate::value::{Key, Val};

pub(super) fn append<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    run::append(run, arg(args, 0).clone(), arg(args, 1).clone())
}

pub(super) fn lookup<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    match arg(args, 1).str() {
        Some(name) => run.lookup(arg(args, 0), name),
        None => Ok(Val::Undefined),
    }
}

/// All names, each once, of an object or of those in an array.
pub(super) fn keys<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let mut names = IndexSet::new();
    gather(run, arg(args, 0), &mut names)?;
    run.rows(names.iter().map(Key::val).collect())
}

fn gather<'v>(
    run: &mut Run<'v>,
    value: &Val<'v>,
    names: &mut IndexSet<Key<'v>>,
) -> Result<(), Fault> {
    run.take(1)?;
    if value.is_array() {
        for item in value.items() {
            gather(run, &item, names)?;
        }
        return Ok(());
    }
    let members = value.members();
    run.take_items(members.len() * 2)?;
    names.extend(members.into_iter().map(|(key, _)| key));
    Ok(())
}

/// Each member as an object of its own.
pub(super) fn spread<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let value = arg(args, 0);
    if !value.is_array() && !matches!(value, Val::Members(_) | Val::Record(_)) {
        return Ok(value.clone());
    }
    let mut pieces = Vec::new();
    spread_into(run, value, &mut pieces)?;
    run.rows(pieces)
}

fn spread_into<'v>(
    run: &mut Run<'v>,
    value: &Val<'v>,
    pieces: &mut Vec<Val<'v>>,
) -> Result<(), Fault> {
    run.take(1)?;
    match value {
        Val::Items(_) | Val::List(_) => {
            for item in value.items() {
                spread_into(run, &item, pieces)?;
            }
        }
        Val::Members(_) | Val::Record(_) => {
            for member in value.members() {
                pieces.push(run.record(IndexMap::from_iter([member]))?);
            }
        }
        Val::Undefined => {}
        other => pieces.push(other.clone()),
    }
    Ok(())
}

pub(super) fn merge<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let list = arg(args, 0);
    if list.is_undefined() {
        return Ok(Val::Undefined);
    }
    let mut merged = IndexMap::new();
    for object in list.items() {
        let members = object.members();
        run.take_items(members.len() * 2)?;
        merged.extend(members);
    }
    run.record(merged)
}
