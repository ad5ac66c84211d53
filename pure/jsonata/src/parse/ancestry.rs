//! Finding the steps whose parents `%` stands for. A step that is asked for its parent hands it on
//! with every result, under a name that the `%` knows.

use super::{Parsed, Seeker};
use crate::tree::{Kind, Node, Path, Slot, Step};

pub(super) const NO_PARENT: &str =
    "The object representing the 'parent' cannot be derived from this expression";

pub(super) fn is_sought(slots: &[Seeker], slot: Slot) -> bool {
    slots.get(slot as usize).is_some_and(|seeker| seeker.level > 0)
}

/// Whether the step that a predicate hangs on is the one; else it is one nearer.
pub(super) fn is_near(slots: &mut [Seeker], slot: Slot) -> bool {
    let Some(seeker) = slots.get_mut(slot as usize) else { return false };
    if seeker.level > 1 {
        seeker.level -= 1;
        return false;
    }
    true
}

/// Looks in the steps before the last one; what is not found there is given back.
pub(super) fn resolve(
    slots: &mut [Seeker],
    path: &mut Path,
    seeks: Vec<Slot>,
) -> Parsed<Vec<Slot>> {
    let mut unfound = Vec::new();
    for slot in seeks {
        let mut place = path.steps.len().saturating_sub(1);
        while is_sought(slots, slot) {
            if place == 0 {
                unfound.push(slot);
                break;
            }
            place -= 1;
            // Steps in a row that are bound to names have one parent.
            while place > 0 && has_focus(path, place) && has_focus(path, place - 1) {
                place -= 1;
            }
            match path.steps.get_mut(place) {
                Some(step) => seek_step(slots, step, slot)?,
                None => break,
            }
        }
    }
    Ok(unfound)
}

fn has_focus(path: &Path, place: usize) -> bool {
    path.steps.get(place).is_some_and(|step| step.focus.is_some())
}

pub(super) fn seek_step(slots: &mut [Seeker], step: &mut Step, slot: Slot) -> Parsed<()> {
    match &mut step.node.kind {
        Kind::Name(_) | Kind::Wildcard => {
            let Some(seeker) = slots.get_mut(slot as usize) else { return Ok(()) };
            seeker.level -= 1;
            if seeker.level > 0 {
                return Ok(());
            }
            match step.ancestor.and_then(|other| slots.get(other as usize)).map(|s| s.label) {
                Some(label) => slots.get_mut(slot as usize).into_iter().for_each(|seeker| {
                    seeker.label = label;
                }),
                None => step.ancestor = Some(slot),
            }
            step.is_tuple = true;
            Ok(())
        }
        Kind::Block(parts) => {
            step.is_tuple |= !parts.is_empty();
            parts.last_mut().map_or(Ok(()), |last| seek(slots, last, slot))
        }
        _ => {
            step.is_tuple |= matches!(step.node.kind, Kind::With(_));
            seek(slots, &mut step.node, slot)
        }
    }
}

pub(super) fn seek(slots: &mut [Seeker], node: &mut Node, slot: Slot) -> Parsed<()> {
    match &mut node.kind {
        Kind::Parent(_) => {
            slots.get_mut(slot as usize).into_iter().for_each(|seeker| seeker.level += 1);
            Ok(())
        }
        Kind::Block(parts) => parts.last_mut().map_or(Ok(()), |last| seek(slots, last, slot)),
        Kind::With(with) => seek(slots, &mut with.node, slot),
        Kind::Path(path) => {
            path.is_tuple = true;
            for step in path.steps.iter_mut().rev() {
                seek_step(slots, step, slot)?;
                if !is_sought(slots, slot) {
                    break;
                }
            }
            Ok(())
        }
        _ => Err(NO_PARENT.to_owned()),
    }
}
