//! A scope of one input, a context object and one variable.

use intrinsics::{Call, Scope};
use jsonpath::{Missing, Path, Root};
use moment::Random;
use serde_json::{Value, json};

pub(crate) struct Fixture {
    pub(crate) input: Value,
    pub(crate) context: Value,
}

impl Scope for Fixture {
    fn resolve(&self, path: &Path) -> Result<Value, (Missing, String)> {
        let variable = json!({ "a": [10] });
        let root = match path.root() {
            Root::Document => &self.input,
            Root::Context => &self.context,
            Root::Variable(_) => &variable,
        };
        match path.select(root) {
            Ok(selection) => Ok(selection.into_value()),
            Err(missing) => Err((missing, root.to_string())),
        }
    }
}

/// What `text` gives on `input`, as one line.
pub(crate) fn outcome(text: &str, input: &Value) -> String {
    let call = match Call::parse(text) {
        Ok(call) => call,
        Err(error) => return format!("parse: {error}"),
    };
    let context = json!({ "StateMachine": { "Id": "arn:x:stateMachine:m", "Name": "m" } });
    let fixture = Fixture { input: input.clone(), context };
    match call.evaluate(&fixture, &mut Random::new(7)) {
        Ok(value) => value.to_string(),
        Err(failure) => failure.cause,
    }
}
