//! `| where | what, without |`: a copy in which the objects that the pattern finds are changed.

use std::collections::BTreeMap;
use std::rc::Rc;

use indexmap::IndexMap;

use super::{Outcome, Run};
use crate::fault::{Fault, thrown};
use crate::function::Scope;
use crate::tree::Transform;
use crate::value::{Key, Val};

/// Changed objects by where they are in memory.
type Changed<'v> = BTreeMap<usize, IndexMap<Key<'v>, Val<'v>>>;

impl<'v> Run<'v> {
    pub(super) fn transform(
        &mut self,
        transform: &'v Transform,
        scope: &Scope<'v>,
        object: &Val<'v>,
    ) -> Outcome<'v> {
        if object.is_undefined() {
            return Ok(Val::Undefined);
        }
        let copy = self.copied(object)?;
        let matches = self.eval(&transform.pattern, &copy, scope)?.untupled();
        let mut changed = Changed::new();
        if !matches.is_undefined() {
            for found in matches.items() {
                self.take(1)?;
                self.change(transform, &found, scope, &mut changed)?;
            }
        }
        if changed.is_empty() { Ok(copy) } else { self.rebuilt(&copy, &changed) }
    }

    fn change(
        &mut self,
        transform: &'v Transform,
        found: &Val<'v>,
        scope: &Scope<'v>,
        changed: &mut Changed<'v>,
    ) -> Result<(), Fault> {
        let update = self.eval(&transform.update, found, scope)?.untupled();
        let is_object = matches!(update, Val::Members(_) | Val::Record(_));
        if !is_object && !update.is_undefined() {
            let shown = self.shown(&update)?;
            return Err(thrown(
                "T2011",
                format!(
                    "The insert/update clause of the transform expression must evaluate to an \
                     object: {shown}"
                ),
            ));
        }
        let deleted = match &transform.delete {
            Some(node) => self.eval(node, found, scope)?.untupled(),
            None => Val::Undefined,
        };
        if !deleted.is_undefined() && !deleted.items().all(|name| name.str().is_some()) {
            let shown = self.shown(&deleted)?;
            return Err(thrown(
                "T2012",
                format!(
                    "The delete clause of the transform expression must evaluate to a string or \
                     array of strings: {shown}"
                ),
            ));
        }
        let Val::Record(record) = found else { return Ok(()) };
        self.take_items(record.members.len())?;
        let place = Rc::as_ptr(record) as usize;
        let members = changed.entry(place).or_insert_with(|| record.members.clone());
        for (key, value) in update.members() {
            members.insert(key, value);
        }
        if !deleted.is_undefined() {
            for name in deleted.items() {
                members.shift_remove(name.str().unwrap_or(""));
            }
        }
        Ok(())
    }

    /// The same as a value of its own: each object in it is one that can be told from others.
    fn copied(&mut self, value: &Val<'v>) -> Outcome<'v> {
        self.mapped(value, &|_| None)
    }

    fn rebuilt(&mut self, value: &Val<'v>, changed: &Changed<'v>) -> Outcome<'v> {
        self.mapped(value, &|record| changed.get(&record))
    }

    /// Recursion is as deep as the value, which is bounded.
    fn mapped<'c>(
        &mut self,
        value: &Val<'v>,
        other: &dyn Fn(usize) -> Option<&'c IndexMap<Key<'v>, Val<'v>>>,
    ) -> Outcome<'v>
    where
        'v: 'c,
    {
        self.take(1)?;
        match value {
            Val::Items(_) | Val::List(_) => {
                let mut items = Vec::with_capacity(value.len());
                for item in value.items() {
                    items.push(self.mapped(&item, other)?);
                }
                match value {
                    Val::List(list) if list.is_sequence => self.rows(items),
                    _ => self.list(items),
                }
            }
            Val::Members(_) => {
                let mut members = IndexMap::new();
                for (key, value) in value.members() {
                    members.insert(key, self.mapped(&value, other)?);
                }
                self.record(members)
            }
            Val::Record(record) => {
                let place = Rc::as_ptr(record) as usize;
                let mut members = IndexMap::new();
                for (key, value) in other(place).unwrap_or(&record.members) {
                    members.insert(key.clone(), self.mapped(value, other)?);
                }
                self.record(members)
            }
            other => Ok(other.clone()),
        }
    }
}
