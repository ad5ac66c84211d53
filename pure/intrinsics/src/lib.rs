//! The eighteen intrinsic functions of JSONPath states, `States.Format` to `States.UUID`.
//! Parsed once, evaluated with a [`Scope`] and a random generator. Start at [`Call`].

use jsonpath::{Missing, Path};
use moment::Random;
use serde_json::Value;

/// A compiled call, nested at most ten deep (SFN-INTR-1).
#[derive(Clone, Debug)]
pub struct Call {
    text: String,
}

/// The text is no intrinsic call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// Byte offset of the offence.
    pub offset: usize,
    /// What was expected, a lower-case fragment.
    pub message: String,
}

/// Where path arguments find their values.
pub trait Scope {
    /// The value that `path` selects, or what was missing and the compact JSON that was searched.
    fn resolve(&self, path: &Path) -> Result<Value, (Missing, String)>;
}

/// A call failed: the cause as AWS words it, without the state's prefix (SFN-INTR-3, SFN-INTR-4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The cause.
    pub cause: String,
}

impl Call {
    /// Compiles `text`, which starts with `States.`.
    pub fn parse(_text: &str) -> Result<Call, ParseError> {
        Err(ParseError { offset: 0, message: "not built".into() })
    }

    /// The call as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the function always gives a string, as `ErrorPath` and `CausePath` ask (SFN-FAIL-1).
    pub fn gives_string(&self) -> bool {
        false
    }

    /// All paths among the arguments, nested ones too, in order of appearance.
    pub fn paths(&self) -> Vec<&Path> {
        Vec::new()
    }

    /// Evaluates the call.
    pub fn evaluate(&self, _scope: &dyn Scope, _random: &mut Random) -> Result<Value, Failure> {
        Err(Failure { cause: "not built".into() })
    }
}
