//! JSONata as Step Functions has it: compiled once, bounded, deterministic given a `Moment`.
//! A parser and an evaluator of our own, which count what they do; they know nothing of states.
//! Start at [`Expression`].

mod bound;
mod evaluate;
mod fault;
mod function;
mod functions;
mod parse;
mod pattern;
mod pictures;
mod references;
mod run;
mod signature;
mod steps;
mod text;
mod tree;
mod tuple;
mod value;

pub use crate::bound::Bound;
pub use crate::steps::Steps;

use std::fmt;
use std::sync::Arc;

use moment::Moment;
use serde_json::Value;

use crate::tree::Tree;

/// Longest text of an expression, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 256 * 1024;

/// Deepest nesting of evaluations (SFN-JA-11).
pub const DEPTH_MAX: usize = 100;

/// Most memory of one value, numbers counted as eight bytes and characters as one (SFN-JA-11).
pub const VALUE_BYTES_MAX: usize = 6_990_256;

/// Longest sequence: as many numbers as a value may hold (SFN-JA-11).
pub const SEQUENCE_ITEMS_MAX: usize = VALUE_BYTES_MAX / 8;

/// Deepest nesting of a value that is computed: more than a result may have, and less than takes
/// a thread's room to go through.
pub(crate) const VALUE_DEPTH_MAX: u16 = 500;

/// Most steps of an evaluation: nodes evaluated, items gone through, and so many bytes copied or
/// looked at. An evaluation that would not end, ends here, on every machine at the same place.
pub const EVALUATION_STEPS_MAX: u64 = if cfg!(fuzzing) { 200_000 } else { 20_000_000 };

/// Steps of an evaluation that nobody minds waiting for: a few milliseconds.
pub const BRIEF_STEPS: u64 = 50_000;

/// A compiled expression: the text between `{%` and `%}`, trimmed.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    tree: Arc<Tree>,
    references: Vec<Reference>,
}

/// The text is no expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ParseError {
    /// The parser's message without its code, as AWS prints it (SFN-VALID-6).
    pub message: String,
}

/// Something that an expression may not refer to (SFN-JA-20, SFN-JA-21).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// A variable, without its `$`.
    Variable(String),
    /// `$$`.
    Root,
    /// A bare name at the start of a path, which has no context item to look in.
    TopLevel(String),
    /// `$states.<member>`.
    States(String),
}

/// Why an evaluation gave no value; the interpreter words the cause (SFN-JA-5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvaluationError {
    /// The result is undefined.
    Undefined,
    /// The result is a function or a regular expression.
    Unsupported,
    /// The expression threw: the code when there is one, and the message.
    Thrown { code: Option<String>, message: String },
    /// The evaluator broke.
    Internal,
}

impl Expression {
    /// Compiles `text`.
    pub fn parse(text: &str) -> Result<Expression, ParseError> {
        parse::expression(text)
    }

    /// The expression as written, trimmed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything the expression refers to from outside, in order of appearance.
    pub fn references(&self) -> Vec<Reference> {
        self.references.clone()
    }

    /// Evaluates with the given variables (`states` among them); bounded in depth, memory and
    /// the steps that are left.
    pub fn evaluate(
        &self,
        variables: &[(&str, &Bound<'_>)],
        moment: &Moment,
        steps: &Steps,
    ) -> Result<Value, EvaluationError> {
        evaluate::evaluate(self, None, variables, moment, steps)
    }

    /// The same for who cannot wait: `None`, and no step used, when it takes more steps than
    /// `steps_max`.
    pub fn evaluate_briefly(
        &self,
        variables: &[(&str, &Bound<'_>)],
        moment: &Moment,
        (steps, steps_max): (&Steps, u64),
    ) -> Option<Result<Value, EvaluationError>> {
        evaluate::evaluate_briefly(self, variables, moment, (steps, steps_max))
    }

    /// Evaluates with `document` as the context item `$`, which Step Functions never has; for the
    /// reference suite.
    #[doc(hidden)]
    pub fn evaluate_on(
        &self,
        document: Option<&Bound<'_>>,
        variables: &[(&str, &Bound<'_>)],
        moment: &Moment,
    ) -> Result<Value, EvaluationError> {
        evaluate::evaluate(self, document, variables, moment, &Steps::default())
    }
}

impl fmt::Display for EvaluationError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EvaluationError::Undefined => out.write_str("returned nothing (undefined)"),
            EvaluationError::Unsupported => out.write_str("returned an unsupported result type"),
            EvaluationError::Thrown { code: Some(code), message } => {
                write!(out, "threw an error during evaluation. {code}: {message}")
            }
            EvaluationError::Thrown { code: None, message } => {
                write!(out, "threw an error during evaluation: {message}")
            }
            EvaluationError::Internal => out.write_str("threw an internal error during evaluation"),
        }
    }
}

impl std::error::Error for EvaluationError {}
