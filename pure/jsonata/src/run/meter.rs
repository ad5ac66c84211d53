//! Counting steps, and the room that values take.

use std::rc::Rc;

use super::{Outcome, Run};
use crate::fault::{self, Fault};
use crate::function::Function;
use crate::value::{Key, List, Val};
use crate::{SEQUENCE_ITEMS_MAX, VALUE_BYTES_MAX, VALUE_DEPTH_MAX};
use indexmap::IndexMap;

/// Bytes that are copied or looked at for one step.
const BYTES_A_STEP: usize = 32;

impl<'v> Run<'v> {
    #[inline]
    pub(crate) fn take(&mut self, steps: u64) -> Result<(), Fault> {
        match self.left.checked_sub(steps) {
            Some(left) => {
                self.left = left;
                Ok(())
            }
            None => {
                self.left = 0;
                Err(fault::out_of_steps())
            }
        }
    }

    pub(crate) fn take_items(&mut self, items: usize) -> Result<(), Fault> {
        self.take(items as u64)
    }

    pub(crate) fn take_bytes(&mut self, bytes: usize) -> Result<(), Fault> {
        self.take((bytes / BYTES_A_STEP) as u64)
    }

    /// A text of that length is about to be.
    pub(crate) fn take_text(&mut self, bytes: usize) -> Result<(), Fault> {
        if bytes > VALUE_BYTES_MAX {
            return Err(fault::memory());
        }
        self.take_bytes(bytes)
    }

    /// A sequence of that length is about to be.
    pub(crate) fn take_sequence(&mut self, items: usize) -> Result<(), Fault> {
        if items > SEQUENCE_ITEMS_MAX {
            return Err(fault::memory());
        }
        self.take_items(items)
    }

    pub(crate) fn text(&mut self, text: String) -> Outcome<'v> {
        self.take_text(text.len())?;
        Ok(Val::text(text))
    }

    fn made(&mut self, list: List<'v>) -> Outcome<'v> {
        self.take_sequence(list.items.len())?;
        self.take_items(list.items.len())?;
        if list.depth > VALUE_DEPTH_MAX {
            return Err(fault::memory());
        }
        Ok(Val::List(Rc::new(list)))
    }

    /// An array.
    pub(crate) fn list(&mut self, items: Vec<Val<'v>>) -> Outcome<'v> {
        self.made(List::plain(items))
    }

    /// An array that stays one item in a path.
    pub(crate) fn whole(&mut self, items: Vec<Val<'v>>) -> Outcome<'v> {
        self.made(List { is_whole: true, ..List::plain(items) })
    }

    /// Results in a row: nothing, the single one, or all of them.
    pub(crate) fn results(&mut self, mut items: Vec<Val<'v>>) -> Outcome<'v> {
        match items.len() {
            0 => Ok(Val::Undefined),
            1 => Ok(items.pop().unwrap_or(Val::Undefined)),
            _ => self.made(List::sequence(items)),
        }
    }

    /// Results in a row, also a single one: it is taken out of the row when the node is done.
    pub(crate) fn rows(&mut self, items: Vec<Val<'v>>) -> Outcome<'v> {
        match items.is_empty() {
            true => Ok(Val::Undefined),
            false => self.made(List::sequence(items)),
        }
    }

    /// Results in a row that stay an array.
    pub(crate) fn kept(&mut self, items: Vec<Val<'v>>) -> Outcome<'v> {
        self.made(List { keep: true, ..List::sequence(items) })
    }

    pub(crate) fn record(&mut self, members: IndexMap<Key<'v>, Val<'v>>) -> Outcome<'v> {
        self.take(2 + 4 * members.len() as u64)?;
        let record = Val::record(members);
        if record.depth() > VALUE_DEPTH_MAX {
            return Err(fault::memory());
        }
        Ok(record)
    }

    /// A record whose members are known by name.
    pub(crate) fn record_of<const N: usize>(
        &mut self,
        members: [(&'static str, Val<'v>); N],
    ) -> Outcome<'v> {
        let members = members.into_iter().filter(|(_, value)| !value.is_undefined());
        self.record(members.map(|(name, value)| (Key::Borrowed(name), value)).collect())
    }

    pub(crate) fn function(&mut self, function: Function<'v>) -> Outcome<'v> {
        self.take(2)?;
        if function.depth() > VALUE_DEPTH_MAX {
            return Err(fault::memory());
        }
        Ok(Val::Function(Rc::new(function)))
    }

    /// What a condition takes a value for.
    pub(crate) fn truth(&mut self, value: &Val<'v>) -> Result<bool, Fault> {
        Ok(match value {
            Val::Undefined | Val::Null | Val::Tail => false,
            Val::Bool(truth) => *truth,
            Val::Number(number) => *number != 0.0 && !number.is_nan(),
            Val::Exact(number) => number.as_f64() != Some(0.0),
            Val::Str(text) => !text.is_empty(),
            Val::Text(text) => !text.is_empty(),
            Val::Members(members) => !members.is_empty(),
            Val::Record(record) => !record.members.is_empty(),
            Val::Builtin(_) | Val::Pattern(_) | Val::Function(_) => false,
            Val::Items(_) | Val::List(_) | Val::Tuples(_) => {
                for item in value.items() {
                    self.take(1)?;
                    if self.truth(&item)? {
                        return Ok(true);
                    }
                }
                false
            }
        })
    }

    /// Deep equality: recursion is as deep as values are.
    pub(crate) fn equal(&mut self, one: &Val<'v>, two: &Val<'v>) -> Result<bool, Fault> {
        self.take(1)?;
        if let (Some(one), Some(two)) = (one.number(), two.number()) {
            return Ok(one == two);
        }
        if let (Some(one), Some(two)) = (one.str(), two.str()) {
            self.take_bytes(one.len().min(two.len()))?;
            return Ok(one == two);
        }
        match (one, two) {
            (Val::Null, Val::Null) | (Val::Undefined, Val::Undefined) => Ok(true),
            (Val::Bool(one), Val::Bool(two)) => Ok(one == two),
            (Val::List(one), Val::List(two)) if Rc::ptr_eq(one, two) => Ok(true),
            (Val::Record(one), Val::Record(two)) if Rc::ptr_eq(one, two) => Ok(true),
            (Val::Function(one), Val::Function(two)) => Ok(Rc::ptr_eq(one, two)),
            (Val::Builtin(one), Val::Builtin(two)) => Ok(std::ptr::eq(*one, *two)),
            _ if one.is_array() && two.is_array() => {
                if one.len() != two.len() {
                    return Ok(false);
                }
                for (one, two) in one.items().zip(two.items()) {
                    if !self.equal(&one, &two)? {
                        return Ok(false);
                    }
                }
                Ok(true)
            }
            _ => self.equal_objects(one, two),
        }
    }

    fn equal_objects(&mut self, one: &Val<'v>, two: &Val<'v>) -> Result<bool, Fault> {
        let count = |value: &Val<'v>| match value {
            Val::Members(members) => Some(members.len()),
            Val::Record(record) => Some(record.members.len()),
            _ => None,
        };
        let (Some(left), Some(right)) = (count(one), count(two)) else { return Ok(false) };
        if left != right {
            return Ok(false);
        }
        self.take_items(left)?;
        for (key, value) in one.members() {
            let other = two.member(key.as_str());
            if other.is_undefined() || !self.equal(&value, &other)? {
                return Ok(false);
            }
        }
        Ok(true)
    }
}
