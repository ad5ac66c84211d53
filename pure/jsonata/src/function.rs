//! Functions that an evaluation makes, and the scopes that they see.

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use smallvec::SmallVec;

use crate::pattern::Pattern;
use crate::tree::{self, Symbol};
use crate::value::{Key, Val, depth_of};

/// A scope and those around it; the outermost is that of the evaluation's own variables.
pub(crate) type Scope<'v> = Option<Rc<Frame<'v>>>;

pub(crate) type Bindings<'v> = SmallVec<[(Symbol, Val<'v>); 2]>;

pub(crate) struct Frame<'v> {
    pub(crate) around: Scope<'v>,
    pub(crate) bound: RefCell<Bindings<'v>>,
    /// Whether a function sees it, which may be bound within: such frames are emptied at the end.
    pub(crate) is_captured: Cell<bool>,
}

pub(crate) enum Function<'v> {
    Lambda {
        lambda: &'v tree::Lambda,
        item: Val<'v>,
        scope: Scope<'v>,
    },
    Transform {
        transform: &'v tree::Transform,
        scope: Scope<'v>,
    },
    /// Some arguments given, others still open.
    Partial {
        function: Val<'v>,
        args: Vec<Option<Val<'v>>>,
    },
    /// One after the other.
    Chain {
        first: Val<'v>,
        second: Val<'v>,
    },
    /// The match after one.
    Next {
        pattern: &'v Pattern,
        text: Key<'v>,
        from: usize,
    },
}

impl Function<'_> {
    /// Scopes do not count: they end with the evaluation, one by one.
    pub(crate) fn depth(&self) -> u16 {
        match self {
            Function::Lambda { item, .. } => depth_of(std::iter::once(item)),
            Function::Transform { .. } | Function::Next { .. } => 1,
            Function::Partial { function, args } => {
                depth_of(std::iter::once(function).chain(args.iter().flatten()))
            }
            Function::Chain { first, second } => depth_of([first, second].into_iter()),
        }
    }
}

impl<'v> Frame<'v> {
    pub(crate) fn new(around: Scope<'v>, bound: Bindings<'v>) -> Rc<Frame<'v>> {
        Rc::new(Frame { around, bound: RefCell::new(bound), is_captured: Cell::new(false) })
    }

    pub(crate) fn bind(&self, symbol: Symbol, value: Val<'v>) {
        let mut bound = self.bound.borrow_mut();
        match bound.iter_mut().find(|(known, _)| *known == symbol) {
            Some((_, place)) => *place = value,
            None => bound.push((symbol, value)),
        }
    }
}

/// What the name is bound to in the scope.
pub(crate) fn find<'v>(scope: &Scope<'v>, symbol: Symbol) -> Option<Val<'v>> {
    let mut scope = scope.as_ref();
    while let Some(frame) = scope {
        let bound = frame.bound.borrow();
        if let Some((_, value)) = bound.iter().find(|(known, _)| *known == symbol) {
            return Some(value.clone());
        }
        scope = frame.around.as_ref();
    }
    None
}
