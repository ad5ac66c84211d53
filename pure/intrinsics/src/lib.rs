//! The eighteen intrinsic functions of JSONPath states, `States.Format` to `States.UUID`.
//! Parsed once, evaluated with a [`Scope`] and a random generator. Start at [`Call`].

mod evaluate;
mod function;
mod functions;
mod jackson;
mod parse;

use jsonpath::{Missing, Path};
use moment::Random;
use serde_json::Value;

use crate::function::Function;

/// Calls within calls, at most (SFN-INTR-1).
pub const NESTED_MAX: usize = 10;

/// Longest text of a call, in bytes.
pub const CALL_BYTES_MAX: usize = 128 * 1024;

/// Most that the arguments of one function may hold, in bytes: sixteen times the largest payload.
pub const ARGUMENT_BYTES_MAX: usize = 16 * 256 * 1024;

/// A compiled call, nested at most ten deep (SFN-INTR-1).
#[derive(Clone, Debug)]
pub struct Call {
    text: String,
    node: Node,
}

/// A function and its arguments.
#[derive(Clone, Debug)]
struct Node {
    function: Function,
    arguments: Vec<Argument>,
}

#[derive(Clone, Debug)]
enum Argument {
    Path(Path),
    Call(Node),
    /// A quoted string without its escapes, and as written: a template keeps `\{` and `{` apart.
    Text {
        text: String,
        written: String,
    },
    /// A number, `true`, `false` or `null`.
    Literal(Value),
}

/// The text is no intrinsic call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at byte {offset}")]
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
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{cause}")]
pub struct Failure {
    /// The cause.
    pub cause: String,
}

impl Call {
    /// Compiles `text`, which starts with `States.`.
    pub fn parse(text: &str) -> Result<Call, ParseError> {
        parse::call(text)
    }

    /// The call as written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether the function always gives a string, as `ErrorPath` and `CausePath` ask (SFN-FAIL-1).
    pub fn gives_string(&self) -> bool {
        self.node.function.gives_string()
    }

    /// All paths among the arguments, nested ones too, in order of appearance.
    pub fn paths(&self) -> Vec<&Path> {
        let mut paths = Vec::new();
        self.node.collect_paths(&mut paths);
        paths
    }

    /// Evaluates the call.
    pub fn evaluate(&self, scope: &dyn Scope, random: &mut Random) -> Result<Value, Failure> {
        evaluate::call(self, scope, random)
    }
}

impl Node {
    fn collect_paths<'n>(&'n self, paths: &mut Vec<&'n Path>) {
        for argument in &self.arguments {
            match argument {
                Argument::Path(path) => paths.push(path),
                Argument::Call(node) => node.collect_paths(paths),
                Argument::Text { .. } | Argument::Literal(_) => {}
            }
        }
    }
}
