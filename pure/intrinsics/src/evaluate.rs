//! Arguments first, then the function; failures become causes here.

use jsonpath::Missing;
use moment::Random;
use serde_json::Value;

use crate::function::Function;
use crate::functions::{self, Flaw};
use crate::{ARGUMENT_BYTES_MAX, Argument, Call, Failure, Node, Scope};

/// Why a part of the call gave no value.
enum Stop {
    /// A function refused its arguments.
    Refused(String),
    /// A path argument matched nothing.
    Missing { path: String, missing: Missing, searched: String },
}

/// Causes name the whole call, also when a nested one failed.
pub(crate) fn call(call: &Call, scope: &dyn Scope, random: &mut Random) -> Result<Value, Failure> {
    call.node.evaluate(scope, random).map_err(|stop| Failure { cause: cause(&call.text, stop) })
}

fn cause(text: &str, stop: Stop) -> String {
    match stop {
        // SFN-INTR-3
        Stop::Refused(detail) => {
            format!("There was an error while evaluating the intrinsic function: {text}. {detail}")
        }
        // An index into something else than an array shows the path library's own words.
        Stop::Missing { missing, .. } if missing.not_array.is_some() => {
            format!("The function '{text}' had the following error: {missing}")
        }
        // SFN-INTR-4
        Stop::Missing { path, searched, .. } => format!(
            "The function '{text}' had the following error: The JsonPath argument for the field \
             '{path}' could not be found in the input '{searched}'"
        ),
    }
}

impl Node {
    fn evaluate(&self, scope: &dyn Scope, random: &mut Random) -> Result<Value, Stop> {
        let mut values = Vec::with_capacity(self.arguments.len());
        let mut bytes_left = ARGUMENT_BYTES_MAX;
        for (place, argument) in self.arguments.iter().enumerate() {
            let value = self.argument(place, argument, scope, random)?;
            bytes_left = bytes_left.checked_sub(bytes(&value)).ok_or_else(too_large)?;
            values.push(value);
        }
        let result = functions::apply(self.function, &values, random);
        result.map_err(|flaw| {
            Stop::Refused(match flaw {
                Flaw::Arguments => format!("Invalid arguments in States.{}", self.function.name()),
                Flaw::Told(detail) => detail,
            })
        })
    }

    fn argument(
        &self,
        place: usize,
        argument: &Argument,
        scope: &dyn Scope,
        random: &mut Random,
    ) -> Result<Value, Stop> {
        match argument {
            Argument::Literal(value) => Ok(value.clone()),
            // A template sees its escapes: `\{` is a brace and `{}` a place.
            Argument::Text { written, .. } if self.function == Function::Format && place == 0 => {
                Ok(Value::String(written.clone()))
            }
            Argument::Text { text, .. } => Ok(Value::String(text.clone())),
            Argument::Call(node) => node.evaluate(scope, random),
            Argument::Path(path) => scope.resolve(path).map_err(|(missing, searched)| {
                Stop::Missing { path: path.text().to_owned(), missing, searched }
            }),
        }
    }
}

fn too_large() -> Stop {
    Stop::Refused(format!("The arguments exceed {ARGUMENT_BYTES_MAX} bytes."))
}

/// About the length of the value as JSON.
fn bytes(value: &Value) -> usize {
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => 8,
        Value::String(text) => text.len() + 2,
        Value::Array(items) => items.iter().map(|item| bytes(item) + 1).sum::<usize>() + 2,
        Value::Object(members) => {
            members.iter().map(|(name, value)| name.len() + bytes(value) + 4).sum::<usize>() + 2
        }
    }
}
