//! Values of a path together with what the path has bound on the way.

use std::rc::Rc;

use crate::function::{Bindings, Frame, Scope};
use crate::tree::Symbol;
use crate::value::Val;

#[derive(Clone)]
pub(crate) struct Tuple<'v> {
    pub(crate) at: Val<'v>,
    pub(crate) bound: Bindings<'v>,
}

impl<'v> Tuple<'v> {
    pub(crate) fn new(at: Val<'v>) -> Tuple<'v> {
        Tuple { at, bound: Bindings::new() }
    }

    pub(crate) fn bind(&mut self, symbol: Symbol, value: Val<'v>) {
        match self.bound.iter_mut().find(|(known, _)| *known == symbol) {
            Some((_, place)) => *place = value,
            None => self.bound.push((symbol, value)),
        }
    }

    /// Where the tuple's names are seen.
    pub(crate) fn scope(&self, around: &Scope<'v>) -> Scope<'v> {
        Some(Frame::new(around.clone(), self.bound.clone()))
    }
}

/// The tuples that a value is, or is not.
pub(crate) fn of<'a, 'v>(value: &'a Val<'v>) -> Option<&'a Rc<Vec<Tuple<'v>>>> {
    match value {
        Val::Tuples(tuples) => Some(tuples),
        _ => None,
    }
}
