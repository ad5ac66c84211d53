//! The ways that an execution takes and its history does not name: which rule, retrier, catcher.

/// One of them. Numbers count from 0 in the order of the definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way<'a> {
    /// A Choice took a rule, or its `Default` when no rule held.
    Rule {
        state: &'a str,
        number: Option<usize>,
    },
    Retrier {
        state: &'a str,
        number: usize,
    },
    Catcher {
        state: &'a str,
        number: usize,
    },
}
