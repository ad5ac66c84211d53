//! The tree of a parsed path.

use regex::Regex;
use serde_json::Value;

/// One step from values to values.
#[derive(Clone, Debug)]
pub(crate) enum Segment {
    /// `.name`, `['name']`.
    Name(String),
    /// `[3]`, `[-1]`.
    Index(i64),
    /// Any other bracket, and `.*`.
    Children(Vec<Selector>),
    /// `..` with what follows it.
    Descendants(Vec<Selector>),
}

/// One alternative within brackets.
#[derive(Clone, Debug)]
pub(crate) enum Selector {
    Name(String),
    Index(i64),
    Wildcard,
    Slice(Slice),
    Filter(Filter),
}

/// `start:end:step`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slice {
    pub(crate) start: Option<i64>,
    pub(crate) end: Option<i64>,
    pub(crate) step: i64,
}

/// The test of `[?(…)]`.
#[derive(Clone, Debug)]
pub(crate) enum Filter {
    Or(Vec<Filter>),
    And(Vec<Filter>),
    Not(Box<Filter>),
    Exists(Query),
    Compare(Operand, Comparison, Operand),
    Matches(Operand, Regex),
}

/// One side of a comparison.
#[derive(Clone, Debug)]
pub(crate) enum Operand {
    Query(Query),
    Literal(Value),
}

/// A path within a filter.
#[derive(Clone, Debug)]
pub(crate) struct Query {
    /// From `@`, the value under test; else from `$`, the root.
    pub(crate) from_current: bool,
    pub(crate) segments: Vec<Segment>,
    pub(crate) function: Option<Function>,
}

/// The operators of a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
    In,
    NotIn,
    SubsetOf,
    AnyOf,
    NoneOf,
    Size,
    Empty,
    Contains,
}

/// A function at the end of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Function {
    Length,
    Keys,
    First,
    Last,
    Min,
    Max,
    Average,
    Deviation,
    Sum,
}

impl Segment {
    pub(crate) fn is_reference(&self) -> bool {
        matches!(self, Segment::Name(_) | Segment::Index(0..))
    }

    fn is_definite(&self) -> bool {
        matches!(self, Segment::Name(_) | Segment::Index(_))
    }
}

/// Whether `segments` lead to one value at most; a closing `['a','b']` gathers one object.
pub(crate) fn is_definite(segments: &[Segment]) -> bool {
    match segments.split_last() {
        None => true,
        Some((last, before)) => {
            before.iter().all(Segment::is_definite)
                && (last.is_definite() || gathered_names(last).is_some())
        }
    }
}

/// The names of a `['a','b']`.
pub(crate) fn gathered_names<'s>(segment: &'s Segment) -> Option<Vec<&'s str>> {
    let Segment::Children(selectors) = segment else {
        return None;
    };
    let name = |selector: &'s Selector| match selector {
        Selector::Name(name) => Some(name.as_str()),
        _ => None,
    };
    selectors.iter().map(name).collect()
}
