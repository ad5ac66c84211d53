//! A path. The first line is the document, the second a value to put into it, the rest the path.

use jsonpath::{Path, Selection};
use serde_json::{Value, json};

use crate::input;

pub(crate) fn run(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (document, rest) = input::line(&text);
    let (value, path) = input::line(rest);
    let document = input::value_or(document, document_otherwise);
    let value = input::value_or(value, || json!({"new": [1]}));
    match Path::parse(path) {
        Ok(path) => {
            check_select(&path, &document);
            check_insert(&path, document, value);
        }
        Err(error) => {
            assert!(path.is_char_boundary(error.offset), "{error:?} in {path:?}");
            assert!(!error.message.is_empty());
        }
    }
}

fn document_otherwise() -> Value {
    json!({
        "a": [{"b": 1, "c": "x"}, {"b": 2.5, "c": null}, [3, [4]], "text"],
        "b": {"c": {"d": true}, "": 0, "e f": -1},
        "n": 7
    })
}

fn check_select(path: &Path, document: &Value) {
    match path.select(document) {
        Ok(Selection::Many(_)) => assert!(!path.is_definite(), "many of a definite path"),
        Ok(selection) => {
            let text = selection.into_value().to_string();
            let again: Result<Value, _> = serde_json::from_str(&text);
            assert!(again.is_ok(), "{text}");
        }
        Err(missing) => assert!(!missing.to_string().is_empty()),
    }
}

/// What was put at a reference path is found there.
fn check_insert(path: &Path, document: Value, value: Value) {
    if !path.is_reference() {
        return;
    }
    match path.insert(document, value.clone()) {
        Ok(changed) => assert_eq!(path.select(&changed), Ok(Selection::One(&value))),
        Err(error) => assert!(!error.message.is_empty()),
    }
}
