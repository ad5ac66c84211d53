//! The steps that evaluations may take.

use std::cell::Cell;

use crate::EVALUATION_STEPS_MAX;

/// Steps for some evaluations together: who shares one among the expressions of a state bounds
/// the state.
#[derive(Debug)]
pub struct Steps {
    pub(crate) left: Cell<u64>,
}

impl Default for Steps {
    fn default() -> Steps {
        Steps { left: Cell::new(EVALUATION_STEPS_MAX) }
    }
}

impl Steps {
    /// How many are left.
    pub fn left(&self) -> u64 {
        self.left.get()
    }

    /// What another has left, to go on elsewhere.
    pub fn rest(&self) -> Steps {
        Steps { left: Cell::new(self.left.get()) }
    }

    /// Goes on with what `rest` left elsewhere.
    pub fn resume(&self, rest: &Steps) {
        self.left.set(rest.left.get());
    }
}
