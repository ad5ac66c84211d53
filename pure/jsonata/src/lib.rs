//! JSONata as Step Functions has it: compiled once, bounded, deterministic given a `Moment`.
//! Wraps the evaluator; knows nothing of states. Start at [`Expression`].

use moment::Moment;
use serde_json::Value;

/// A compiled expression: the text between `{%` and `%}`, trimmed.
#[derive(Clone, Debug)]
pub struct Expression {
    text: String,
}

/// The text is no expression.
#[derive(Clone, Debug, PartialEq, Eq)]
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
    pub fn parse(_text: &str) -> Result<Expression, ParseError> {
        Err(ParseError { message: "not built".into() })
    }

    /// The expression as written, trimmed.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Everything the expression refers to from outside, in order of appearance.
    pub fn references(&self) -> Vec<Reference> {
        Vec::new()
    }

    /// Evaluates with the given variables (`states` among them); bounded in steps, depth and memory.
    pub fn evaluate(
        &self,
        _variables: &[(&str, &Value)],
        _moment: &Moment,
    ) -> Result<Value, EvaluationError> {
        Err(EvaluationError::Internal)
    }
}
