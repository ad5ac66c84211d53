//! A call of an intrinsic function. The first line is the document that its paths look into, the
//! rest the call.

use intrinsics::{Call, Scope};
use jsonpath::{Missing, Path, Root};
use moment::Random;
use serde_json::{Value, json};

use crate::input;

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (document, call) = input::line(&text);
    let document = input::value_or(document, || json!({"a": [1, 2, "x"], "s": "a,b", "n": -3}));
    let call = match Call::parse(call) {
        Ok(call) => call,
        Err(error) => {
            assert!(call.is_char_boundary(error.offset), "{error:?} in {call:?}");
            return;
        }
    };
    for path in call.paths() {
        assert!(call.text().contains(path.text()), "{path:?}");
    }
    let scope = Document { document, context: json!({"Execution": {"Id": "e", "Input": {}}}) };
    let outcome = call.evaluate(&scope, &mut Random::new(1));
    assert_eq!(outcome, call.evaluate(&scope, &mut Random::new(1)), "not the same again");
    match outcome {
        Ok(value) => {
            assert!(!call.gives_string() || value.is_string(), "no string: {value}");
            let again: Result<Value, _> = serde_json::from_str(&value.to_string());
            assert!(again.is_ok(), "{value}");
        }
        Err(failure) => assert!(!failure.cause.is_empty()),
    }
}

struct Document {
    document: Value,
    context: Value,
}

impl Scope for Document {
    fn resolve(&self, path: &Path) -> Result<Value, (Missing, String)> {
        let root = match path.root() {
            Root::Document | Root::Variable(_) => &self.document,
            Root::Context => &self.context,
        };
        match path.select(root) {
            Ok(selection) => Ok(selection.into_value()),
            Err(missing) => Err((missing, root.to_string())),
        }
    }
}
