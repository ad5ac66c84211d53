//! Sorting: stable, in `n log n` comparisons, each of which is counted.

use std::cmp::Ordering;

use super::{Outcome, Run};
use crate::fault::{Fault, thrown};
use crate::function::Scope;
use crate::tree::Term;
use crate::tuple::{self, Tuple};
use crate::value::Val;

/// An item and what its terms come to.
struct Keyed<'v, T> {
    item: T,
    keys: Vec<Val<'v>>,
}

impl<'v> Run<'v> {
    pub(super) fn sort(
        &mut self,
        terms: &'v [Term],
        from: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        if let Some(tuples) = tuple::of(from) {
            let sorted = self.sort_tuples(terms, tuples.to_vec(), scope)?;
            return Ok(Val::Tuples(std::rc::Rc::new(sorted)));
        }
        if from.is_undefined() || !from.is_array() || from.len() < 2 {
            return Ok(from.clone());
        }
        let mut keyed = Vec::with_capacity(from.len());
        for item in from.items() {
            let keys = self.keys(terms, &item, scope)?;
            keyed.push(Keyed { item, keys });
        }
        let sorted = self.by_terms(terms, keyed)?;
        self.results(sorted)
    }

    pub(super) fn sort_tuples(
        &mut self,
        terms: &'v [Term],
        from: Vec<Tuple<'v>>,
        scope: &Scope<'v>,
    ) -> Result<Vec<Tuple<'v>>, Fault> {
        if from.len() < 2 {
            return Ok(from);
        }
        let mut keyed = Vec::with_capacity(from.len());
        for item in from {
            let own = item.scope(scope);
            let keys = self.keys(terms, &item.at, &own)?;
            keyed.push(Keyed { item, keys });
        }
        self.by_terms(terms, keyed)
    }

    fn keys(
        &mut self,
        terms: &'v [Term],
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Result<Vec<Val<'v>>, Fault> {
        let mut keys = Vec::with_capacity(terms.len());
        for term in terms {
            self.take(2)?;
            keys.push(self.eval(&term.node, item, scope)?.untupled());
        }
        Ok(keys)
    }

    fn by_terms<T>(&mut self, terms: &[Term], keyed: Vec<Keyed<'v, T>>) -> Result<Vec<T>, Fault> {
        let sorted = self.merge_sort(keyed, &mut |run, one, two| {
            for ((one, two), term) in one.keys.iter().zip(&two.keys).zip(terms) {
                let order = run.order(one, two)?;
                let order = if term.is_descending && !one.is_undefined() && !two.is_undefined() {
                    order.reverse()
                } else {
                    order
                };
                if order != Ordering::Equal {
                    return Ok(order == Ordering::Greater);
                }
            }
            Ok(false)
        })?;
        Ok(sorted.into_iter().map(|keyed| keyed.item).collect())
    }

    /// What is missing comes last.
    fn order(&mut self, one: &Val<'v>, two: &Val<'v>) -> Result<Ordering, Fault> {
        match (one, two) {
            (Val::Undefined, Val::Undefined) => return Ok(Ordering::Equal),
            (Val::Undefined, _) => return Ok(Ordering::Greater),
            (_, Val::Undefined) => return Ok(Ordering::Less),
            _ => {}
        }
        if let (Some(one), Some(two)) = (one.number(), two.number()) {
            return Ok(one.partial_cmp(&two).unwrap_or(Ordering::Equal));
        }
        if let (Some(one), Some(two)) = (one.str(), two.str()) {
            self.take_bytes(one.len().min(two.len()))?;
            return Ok(one.cmp(two));
        }
        let is_sortable = |value: &Val<'v>| value.number().is_some() || value.str().is_some();
        if !is_sortable(one) || !is_sortable(two) {
            return Err(thrown(
                "T2008",
                "The expressions within an order-by clause must evaluate to numeric or string \
                 values",
            ));
        }
        let (one, two) = (self.shown(one)?, self.shown(two)?);
        Err(thrown(
            "T2007",
            format!("Type mismatch when comparing values {one} and {two} in order-by clause"),
        ))
    }

    /// `is_after` says whether the first comes after the second.
    pub(crate) fn merge_sort<T>(
        &mut self,
        items: Vec<T>,
        is_after: &mut impl FnMut(&mut Self, &T, &T) -> Result<bool, Fault>,
    ) -> Result<Vec<T>, Fault> {
        let mut runs: Vec<Vec<T>> = items.into_iter().map(|item| vec![item]).collect();
        self.take_items(runs.len() * 4)?;
        while runs.len() > 1 {
            let mut merged = Vec::with_capacity(runs.len() / 2 + 1);
            let mut pairs = runs.into_iter();
            while let Some(left) = pairs.next() {
                merged.push(match pairs.next() {
                    Some(right) => self.merge(left, right, is_after)?,
                    None => left,
                });
            }
            runs = merged;
        }
        Ok(runs.pop().unwrap_or_default())
    }

    fn merge<T>(
        &mut self,
        left: Vec<T>,
        right: Vec<T>,
        is_after: &mut impl FnMut(&mut Self, &T, &T) -> Result<bool, Fault>,
    ) -> Result<Vec<T>, Fault> {
        self.take_items(left.len() + right.len())?;
        let mut merged = Vec::with_capacity(left.len() + right.len());
        let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
        loop {
            match (left.peek(), right.peek()) {
                (Some(one), Some(two)) => {
                    let next = if is_after(self, one, two)? { right.next() } else { left.next() };
                    merged.extend(next);
                }
                (None, None) => return Ok(merged),
                (Some(_), None) => merged.extend(left.by_ref()),
                (None, Some(_)) => merged.extend(right.by_ref()),
            }
        }
    }
}
