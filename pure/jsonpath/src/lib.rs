//! JSONPath as the Amazon States Language has it: parsed once, evaluated often, never recursing
//! deeper than its input. Knows nothing of states. Start at [`Path`].
//!
//! The dialect is Jayway's, not RFC 9535's (SFN-PATH-1): `$.a.['b c']`, `$.my-key`, `=~ /re/i`,
//! `in [..]` and trailing `.length()` are fine, and a filter sees objects only.

mod cursor;
mod evaluate;
mod insert;
mod parse;
mod syntax;

use std::fmt;

use serde_json::Value;

use crate::syntax::{Function, Segment};

/// Whether a text, without `$`, is the name of a variable: a Unicode identifier (SFN-VAR-2).
pub fn is_variable_name(text: &str) -> bool {
    parse::is_variable_name(text)
}

/// Longest text of a path, in bytes.
pub const PATH_BYTES_MAX: usize = 16 * 1024;

/// Deepest nesting of brackets, parentheses, negations and inner paths in a filter.
pub const FILTER_DEPTH_MAX: usize = 32;

/// Most values that one evaluation looks at; `$..*` of the largest payload stays far below it.
pub const VISITS_MAX: usize = 4_000_000;

/// What a path starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Root {
    /// `$`: the document at hand.
    Document,
    /// `$$`: the context object.
    Context,
    /// `$name`: a variable.
    Variable(String),
}

/// A compiled path.
#[derive(Clone, Debug)]
pub struct Path {
    text: String,
    root: Root,
    segments: Vec<Segment>,
    function: Option<Function>,
}

/// The text is no path.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at byte {offset}")]
pub struct PathError {
    /// Byte offset of the offence.
    pub offset: usize,
    /// What was expected, a lower-case fragment.
    pub message: String,
}

/// What a path selects.
#[derive(Clone, Debug, PartialEq)]
pub enum Selection<'v> {
    /// A definite path's one value.
    One(&'v Value),
    /// An indefinite path's values, in document order; perhaps none.
    Many(Vec<&'v Value>),
    /// A value that is not in the document: the result of a function such as `length()`, or the
    /// object that a closing `['a','b']` gathers.
    Computed(Value),
}

/// A path that gives no value; `Display` is the wording of section 13's `Invalid path` texts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Missing {
    /// Whether only the last step is missing (`No results for path: $['a']`), not one before it
    /// (`Missing property in path $['no']`).
    pub leaf: bool,
    /// The normalised path up to and including the missing step, `$['a']['b']`.
    pub path: String,
    /// Whether an index points past either end of an array that is there: payload templates take
    /// that for null (SFN-PATH-6).
    pub past_end: bool,
    /// When an index was applied to something else than an array, that value as compact JSON.
    pub not_array: Option<String>,
    /// Whether the evaluation looked at more than [`VISITS_MAX`] values and gave up.
    pub too_many: bool,
}

/// A value cannot be put where the path points (SFN-PATH-9).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct InsertError {
    /// What stands in the way, a lower-case fragment.
    pub message: String,
}

impl Path {
    /// Compiles `text`, which starts with `$`.
    pub fn parse(text: &str) -> Result<Path, PathError> {
        parse::path(text)
    }

    /// The text as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// What the path starts from.
    pub fn root(&self) -> &Root {
        &self.root
    }

    /// Whether the path is a Reference Path: names and single indexes only (SFN-PATH-2).
    pub fn is_reference(&self) -> bool {
        self.function.is_none() && self.segments.iter().all(Segment::is_reference)
    }

    /// Whether the path is its root alone (`$`, `$$`, `$name`).
    pub fn is_root(&self) -> bool {
        self.function.is_none() && self.segments.is_empty()
    }

    /// Whether the path names at most one value, and so is an error when that is not there
    /// (SFN-PATH-5).
    pub fn is_definite(&self) -> bool {
        self.function.is_some() || syntax::is_definite(&self.segments)
    }

    /// Evaluates against the value that the root stands for.
    pub fn select<'v>(&self, root: &'v Value) -> Result<Selection<'v>, Missing> {
        evaluate::select(self, root)
    }

    /// Puts `value` into `document` at this reference path, making objects on the way (SFN-PATH-8).
    pub fn insert(&self, document: Value, value: Value) -> Result<Value, InsertError> {
        insert::insert(&self.segments, document, value)
    }
}

impl Selection<'_> {
    /// The selection as one JSON value: a definite path's value, or the array of matches.
    pub fn into_value(self) -> Value {
        match self {
            Selection::One(value) => value.clone(),
            Selection::Many(values) => Value::Array(values.into_iter().cloned().collect()),
            Selection::Computed(value) => value,
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(value) = &self.not_array {
            let at = self.path.rfind('[').and_then(|at| self.path.get(at..)).unwrap_or("");
            write!(out, "Filter: {at} can only be applied to arrays. Current context is: {value}")
        } else if self.too_many {
            write!(out, "Too many values visited for path: {}", self.path)
        } else if self.leaf {
            write!(out, "No results for path: {}", self.path)
        } else {
            write!(out, "Missing property in path {}", self.path)
        }
    }
}

impl fmt::Display for Root {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Root::Document => out.write_str("$"),
            Root::Context => out.write_str("$$"),
            Root::Variable(name) => write!(out, "${name}"),
        }
    }
}
