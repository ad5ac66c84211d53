//! JSONata as Step Functions has it: compiled once, bounded, deterministic given a `Moment`.
//! Wraps the evaluator; knows nothing of states. Start at [`Expression`].

mod bound;
mod convert;
mod evaluate;
mod functions;
mod guard;
mod messages;
mod meter;
mod parse;
#[cfg_attr(not(test), expect(dead_code, reason = "the evaluator does not call them yet"))]
mod pictures;
mod references;
mod signatures;
mod standins;
mod tree;

pub use crate::bound::Bound;
pub use crate::meter::Steps;

use std::fmt;
use std::sync::Arc;

use jsonata_core::ast::AstNode;
use moment::Moment;
use serde_json::Value;

/// Longest text of an expression, in bytes.
pub const EXPRESSION_BYTES_MAX: usize = 256 * 1024;

/// Deepest nesting of evaluations (SFN-JA-11).
pub const DEPTH_MAX: usize = 100;

/// Most memory of one value, numbers counted as eight bytes and characters as one (SFN-JA-11).
pub const VALUE_BYTES_MAX: usize = 6_990_256;

/// Longest sequence: as many numbers as a value may hold (SFN-JA-11).
pub const SEQUENCE_ITEMS_MAX: usize = VALUE_BYTES_MAX / 8;

/// Most steps of an evaluation: rounds of loops and calls of functions, and what their arguments
/// weigh. An evaluation that would not end, ends here, on every machine at the same place.
pub const EVALUATION_STEPS_MAX: u64 = 4_000_000;

/// Longest evaluation on the clock: the backstop for what no step counts. It is long, since a busy
/// machine must not end what the steps would let pass.
pub const EVALUATION_MS_MAX: u64 = if cfg!(fuzzing) { 250 } else { 10_000 };

/// A compiled expression: the text between `{%` and `%}`, trimmed.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
    tree: Arc<AstNode>,
    references: Vec<Reference>,
    /// Levels of the tree as written.
    depth: usize,
    /// Whether it may call functions that it defines.
    calls: bool,
    /// How many times it may look at all its data; 0, when it counts its steps by itself.
    looks: usize,
    /// The functions of ours that it names.
    functions: Vec<&'static str>,
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

    /// The same with every step counted, needed or not; for tests.
    #[doc(hidden)]
    pub fn parse_counted(text: &str) -> Result<Expression, ParseError> {
        parse::expression_counted(text)
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

    /// The same for who cannot wait: `None`, and no step used, when it takes longer than that on
    /// the clock.
    pub fn evaluate_briefly(
        &self,
        variables: &[(&str, &Bound<'_>)],
        moment: &Moment,
        (steps, clock_ms): (&Steps, u64),
    ) -> Option<Result<Value, EvaluationError>> {
        evaluate::evaluate_briefly(self, variables, moment, (steps, clock_ms))
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
