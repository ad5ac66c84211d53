//! Objects: members gathered from items, those with one key together.

use indexmap::IndexMap;

use super::{Outcome, Run};
use crate::fault::{Fault, thrown};
use crate::function::Scope;
use crate::text;
use crate::tree::Group;
use crate::tuple::{self, Tuple};
use crate::value::{Key, Val};

/// The items of one key.
struct Entry<'v> {
    /// Which pair the key came from.
    pair: usize,
    items: Vec<Val<'v>>,
    tuples: Vec<Tuple<'v>>,
}

impl<'v> Run<'v> {
    pub(super) fn group(
        &mut self,
        group: &'v Group,
        over: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let tuples = tuple::of(over).cloned();
        if tuples.is_none() && (!over.is_array() || over.len() == 1) {
            let single = if over.is_array() { over.get(0) } else { over.clone() };
            return self.single(group, &single, scope);
        }
        let mut groups: IndexMap<Key<'v>, Entry<'v>> = IndexMap::new();
        for place in 0..over.len().max(1) {
            let item = if over.len() == 0 { Val::Undefined } else { over.get(place) };
            let tuple = tuples.as_ref().and_then(|tuples| tuples.get(place));
            let own = tuple.map(|tuple| tuple.scope(scope));
            let own = own.as_ref().unwrap_or(scope);
            for (pair, (key, _)) in group.pairs.iter().enumerate() {
                let Some(key) = self.group_key(key, &item, own)? else { continue };
                self.take(3)?;
                let entry = groups.entry(key.clone()).or_insert_with(|| Entry {
                    pair,
                    items: Vec::new(),
                    tuples: Vec::new(),
                });
                if entry.pair != pair {
                    return Err(twice(&key));
                }
                match tuple {
                    Some(tuple) => entry.tuples.push(tuple.clone()),
                    None => entry.items.push(item.clone()),
                }
            }
        }
        let mut members = IndexMap::with_capacity(groups.len());
        for (key, entry) in groups {
            let Some((_, value)) = group.pairs.get(entry.pair) else { continue };
            let (context, own) = match entry.tuples.is_empty() {
                true => (self.together(entry.items)?, scope.clone()),
                false => {
                    let tuple = self.merged(entry.tuples)?;
                    let own = tuple.scope(scope);
                    (tuple.at, own)
                }
            };
            let value = self.eval(value, &context, &own)?.untupled();
            if !value.is_undefined() {
                members.insert(key, value);
            }
        }
        self.record(members)
    }

    /// Over a single item no groups need be formed.
    fn single(&mut self, group: &'v Group, item: &Val<'v>, scope: &Scope<'v>) -> Outcome<'v> {
        let mut members = IndexMap::with_capacity(group.pairs.len());
        // Values come after all keys: an error in a key is told before one in a value.
        let mut keys = Vec::with_capacity(group.pairs.len());
        for (key, _) in &group.pairs {
            keys.push(self.group_key(key, item, scope)?);
        }
        for (key, (_, value)) in keys.into_iter().zip(&group.pairs) {
            let Some(key) = key else { continue };
            if members.insert(key.clone(), Val::Undefined).is_some() {
                return Err(twice(&key));
            }
            let value = self.eval(value, item, scope)?.untupled();
            members.insert(key, value);
        }
        if members.values().any(Val::is_undefined) {
            members.retain(|_, value| !value.is_undefined());
        }
        self.record(members)
    }

    fn group_key(
        &mut self,
        node: &'v crate::tree::Node,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Result<Option<Key<'v>>, Fault> {
        let found = self.eval(node, item, scope)?.untupled();
        match found.key() {
            Some(key) => Ok(Some(key)),
            None if found.is_undefined() => Ok(None),
            None => {
                let shown = self.shown(&found)?;
                let message =
                    format!("Key in object structure must evaluate to a string; got: {shown}");
                Err(thrown("T1003", message))
            }
        }
    }

    /// Items of one key: a single one is itself.
    fn together(&mut self, mut items: Vec<Val<'v>>) -> Outcome<'v> {
        match items.len() {
            1 => Ok(items.pop().unwrap_or(Val::Undefined)),
            _ => {
                let mut all = Vec::with_capacity(items.len());
                for (place, item) in items.into_iter().enumerate() {
                    match place > 0 && item.is_array() {
                        true => {
                            self.take_sequence(item.len())?;
                            all.extend(item.items());
                        }
                        false if item.is_array() => all.extend(item.items()),
                        false => all.push(item),
                    }
                }
                self.list(all)
            }
        }
    }

    /// Tuples of one key: what each name is bound to, together.
    fn merged(&mut self, tuples: Vec<Tuple<'v>>) -> Result<Tuple<'v>, Fault> {
        let mut at = Vec::with_capacity(tuples.len());
        let mut bound: IndexMap<u32, Vec<Val<'v>>> = IndexMap::new();
        for tuple in tuples {
            self.take(1 + tuple.bound.len() as u64)?;
            at.push(tuple.at);
            for (symbol, value) in tuple.bound {
                bound.entry(symbol).or_default().push(value);
            }
        }
        let mut merged = Tuple::new(self.together(at)?);
        for (symbol, values) in bound {
            let value = self.together(values)?;
            merged.bind(symbol, value);
        }
        Ok(merged)
    }
}

fn twice(key: &Key<'_>) -> Fault {
    let shown = text::quoted(key.as_str());
    thrown("D1009", format!("Multiple key definitions evaluate to same key: {shown}"))
}

/// One after the other, as `$append` has it.
pub(crate) fn append<'v>(run: &mut Run<'v>, one: Val<'v>, two: Val<'v>) -> Outcome<'v> {
    match (one, two) {
        (Val::Undefined, other) | (other, Val::Undefined) => Ok(other),
        (one, two) => {
            run.take_sequence(one.len() + two.len())?;
            let items: Vec<_> = one.items().chain(two.items()).collect();
            run.list(items)
        }
    }
}
