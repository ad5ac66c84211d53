//! JSONPath as the Amazon States Language has it: parsed once, evaluated often, never recursing
//! deeper than its input. Knows nothing of states. Start at [`Path`].

use serde_json::Value;

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
}

/// The text is no path.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    /// A value that is not in the document: the result of a function such as `length()`.
    Computed(Value),
}

/// A definite path that matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Whether only the last step is missing (`No results for path: $['a']`), not one before it
    /// (`Missing property in path $['no']`).
    pub leaf: bool,
    /// The normalised path up to and including the missing step, `$['a']['b']`.
    pub path: String,
}

/// A value cannot be put where the path points (SFN-PATH-9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InsertError {
    /// What stands in the way, a lower-case fragment.
    pub message: String,
}

impl Path {
    /// Compiles `text`, which starts with `$`.
    pub fn parse(_text: &str) -> Result<Path, PathError> {
        Err(PathError { offset: 0, message: "not built".into() })
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
        false
    }

    /// Whether the path is its root alone (`$`, `$$`, `$name`).
    pub fn is_root(&self) -> bool {
        false
    }

    /// Evaluates against the value that the root stands for.
    pub fn select<'v>(&self, _root: &'v Value) -> Result<Selection<'v>, Missing> {
        Err(Missing { leaf: true, path: String::new() })
    }

    /// Puts `value` into `document` at this reference path, making objects on the way (SFN-PATH-8).
    pub fn insert(&self, _document: Value, _value: Value) -> Result<Value, InsertError> {
        Err(InsertError { message: "not built".into() })
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
