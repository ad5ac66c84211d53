//! Checks a mocked result against the model of the service that would have answered
//! (SFN-TEST-17). What is known of answers is data, in `results.txt`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Map, Value};

static MODELS: LazyLock<Models> = LazyLock::new(|| Models::read(include_str!("results.txt")));

/// How much is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    /// What is required must be there.
    Strict,
    /// What is there must fit.
    Present,
    None,
}

impl Mode {
    pub(super) fn of(text: Option<&str>) -> Mode {
        match text {
            Some("NONE") => Mode::None,
            Some("PRESENT") => Mode::Present,
            _ => Mode::Strict,
        }
    }
}

/// Checks the answer of a resource; one whose model is not known may answer anything.
pub(super) fn check(resource: &str, result: &Value, mode: Mode) -> Result<(), String> {
    let Some(structure) = MODELS.results.get(resource).filter(|_| mode != Mode::None) else {
        return Ok(());
    };
    let Value::Object(members) = result else {
        return Err("Mocked result must be a JSON object.".to_owned());
    };
    let check = Check { models: &MODELS, mode };
    check
        .structure(structure, members)
        .map_err(|reason| format!("Mock result schema validation error: {reason}"))
}

/// A member's type.
#[derive(Clone, Debug, PartialEq)]
enum Type {
    Any,
    Boolean,
    Number { min: Option<f64>, max: Option<f64> },
    Text { min: Option<usize>, max: Option<usize> },
    OneOf(Vec<&'static str>),
    List(Box<Type>),
    Map(Box<Type>),
    Structure(&'static str),
}

struct Member {
    name: &'static str,
    required: bool,
    of: Type,
}

#[derive(Default)]
struct Models {
    /// Resource to structure.
    results: BTreeMap<&'static str, &'static str>,
    structures: BTreeMap<&'static str, Vec<Member>>,
}

impl Models {
    fn read(text: &'static str) -> Models {
        let mut models = Models::default();
        let mut open = "";
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let mut words = line.split_whitespace();
            match (line.starts_with(' '), words.next(), words.next(), words.next()) {
                (false, Some("result"), Some(resource), Some(structure)) => {
                    models.results.insert(resource, structure);
                }
                (false, Some("structure"), Some(name), None) => {
                    models.structures.entry(name).or_default();
                    open = name;
                }
                (true, Some(name), Some(of), None) => {
                    let required = name.ends_with('!');
                    let name = name.trim_end_matches('!');
                    let member = Member { name, required, of: Type::read(of) };
                    models.structures.entry(open).or_default().push(member);
                }
                _ => debug_assert!(line.is_empty(), "{line}"),
            }
        }
        models
    }
}

impl Type {
    fn read(text: &'static str) -> Type {
        let within = |open: char, close: char| {
            text.strip_prefix(open).and_then(|rest| rest.strip_suffix(close))
        };
        if let Some(item) = within('[', ']') {
            return Type::List(Box::new(Type::read(item)));
        }
        if let Some(value) = within('{', '}') {
            return Type::Map(Box::new(Type::read(value)));
        }
        let (name, bounds) = match text.split_once('(') {
            Some((name, bounds)) => (name, bounds.trim_end_matches(')')),
            None => (text, ".."),
        };
        match (name, bounds.split_once("..")) {
            ("any", _) => Type::Any,
            ("boolean", _) => Type::Boolean,
            ("number", Some((min, max))) => {
                Type::Number { min: min.parse().ok(), max: max.parse().ok() }
            }
            ("string", Some((min, max))) => {
                Type::Text { min: min.parse().ok(), max: max.parse().ok() }
            }
            ("string", None) => Type::OneOf(bounds.split('|').collect()),
            _ => Type::Structure(text),
        }
    }
}

struct Check<'m> {
    models: &'m Models,
    mode: Mode,
}

impl Check<'_> {
    fn structure(&self, name: &str, members: &Map<String, Value>) -> Result<(), String> {
        for member in self.models.structures.get(name).into_iter().flatten() {
            match members.get(member.name) {
                None | Some(Value::Null) if member.required && self.mode == Mode::Strict => {
                    return Err(format!("Required field '{}' is missing", member.name));
                }
                None | Some(Value::Null) => {}
                Some(value) => self.value(member.name, &member.of, value)?,
            }
        }
        Ok(())
    }

    /// A value of the member `name`, or within it.
    fn value(&self, name: &str, of: &Type, value: &Value) -> Result<(), String> {
        let fault = |reason: &str| Err(format!("Field '{name}' {reason}"));
        match (of, value) {
            (Type::Any, _) | (Type::Boolean, Value::Bool(_)) => Ok(()),
            (Type::Boolean, _) => fault("must be a boolean"),
            (Type::Number { min, max }, Value::Number(number)) => {
                let number = number.as_f64().unwrap_or(f64::MAX);
                if min.is_some_and(|min| number < min) {
                    return fault("is less than the minimum value");
                }
                if max.is_some_and(|max| number > max) {
                    return fault("exceeds the maximum value");
                }
                Ok(())
            }
            (Type::Number { .. }, _) => fault("must be a number"),
            (Type::Text { min, max }, Value::String(text)) => {
                let length = text.chars().count();
                if min.is_some_and(|min| length < min) {
                    return fault("is smaller than the minimum length");
                }
                if max.is_some_and(|max| length > max) {
                    return fault("exceeds the maximum length");
                }
                Ok(())
            }
            (Type::OneOf(set), Value::String(text)) if set.contains(&text.as_str()) => Ok(()),
            (Type::OneOf(_), Value::String(_)) => fault("is not an expected value"),
            (Type::Text { .. } | Type::OneOf(_), _) => fault("must be a string"),
            (Type::List(item), Value::Array(items)) => {
                items.iter().try_for_each(|value| self.value(name, item, value))
            }
            (Type::List(_), _) => fault("must be an array"),
            (Type::Map(inner), Value::Object(members)) => {
                members.values().try_for_each(|value| self.value(name, inner, value))
            }
            (Type::Structure(structure), Value::Object(members)) => {
                self.structure(structure, members)
            }
            (Type::Map(_) | Type::Structure(_), _) => fault("must be an object"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn every_name_leads_somewhere() {
        fn names(of: &Type) -> Option<&'static str> {
            match of {
                Type::List(inner) | Type::Map(inner) => names(inner),
                Type::Structure(name) => Some(name),
                _ => None,
            }
        }
        assert!(MODELS.results.len() > 40);
        let members = MODELS.structures.values().flatten();
        let named = members.filter_map(|member| names(&member.of));
        for name in named.chain(MODELS.results.values().copied()) {
            assert!(MODELS.structures.contains_key(name), "{name}");
        }
        assert!(MODELS.structures.values().all(|members| !members.is_empty()));
    }

    // SFN-TEST-17
    #[test]
    fn says_what_does_not_fit() {
        let start = "states:startExecution";
        let rows = [
            (start, json!({}), Mode::Strict, "Required field 'ExecutionArn' is missing"),
            (start, json!({}), Mode::Present, ""),
            (start, json!({"StartDate": 3}), Mode::Present, "Field 'StartDate' must be a string"),
            (start, json!({"StartDate": 3}), Mode::None, ""),
            (
                start,
                json!({"ExecutionArn": "", "StartDate": ""}),
                Mode::Strict,
                "Field 'ExecutionArn' is smaller than the minimum length",
            ),
            (
                "lambda:invoke",
                json!({"Payload": {"any": ["thing"]}, "Unknown": 1}),
                Mode::Strict,
                "",
            ),
            (
                "aws-sdk:lambda:invoke",
                json!({"Payload": {}}),
                Mode::Strict,
                "Field 'Payload' must be a string",
            ),
            (
                "dynamodb:getItem",
                json!({"Item": {"a": {"L": [{"S": "x"}, {"S": 1}]}}}),
                Mode::Strict,
                "Field 'S' must be a string",
            ),
            (
                "dynamodb:getItem",
                json!({"Item": []}),
                Mode::Strict,
                "Field 'Item' must be an object",
            ),
            ("unknown:call", json!([]), Mode::Strict, ""),
        ];
        for (resource, result, mode, expected) in rows {
            let message = check(resource, &result, mode).err().unwrap_or_default();
            let reason = message.strip_prefix("Mock result schema validation error: ");
            assert_eq!(reason.unwrap_or(&message), expected, "{resource} {result} {mode:?}");
        }
    }
}
