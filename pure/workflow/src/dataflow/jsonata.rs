//! JSONata in states: values with expressions in them, and what is said when one fails
//! (SFN-JA-5, SFN-JA-6).

use std::rc::Rc;

use asl::model::Template;
use jsonata::{Bound, EvaluationError, Expression, Reference};
use moment::Moment;
use serde_json::{Map, Value};

use super::eyes::Eyes;
use super::quoted;
use crate::Question;
use crate::errors::Raised;
use crate::payload::Payload;

/// Why a template came to nothing.
enum Trouble {
    /// An expression that failed, and where it stands below the field: `/a/b[0]`.
    Failed { expression: String, error: EvaluationError, place: String },
    /// Whatever it is, it has no place.
    Raised(Raised),
}

impl<'r> Eyes<'r> {
    /// Evaluates a value of the field `field`.
    pub(super) fn jsonata(&self, template: &Template, field: &str) -> Result<Value, Raised> {
        self.hold_nothing();
        self.value_of(template).map_err(|trouble| match trouble {
            Trouble::Failed { expression, error, place } => {
                failure(&expression, &format!("{field}{place}"), &reason(&error))
            }
            Trouble::Raised(raised) => raised,
        })
    }

    fn value_of(&self, template: &Template) -> Result<Value, Trouble> {
        match template {
            Template::Literal(value) => Ok(value.clone()),
            Template::Object(members) => {
                let mut object = Map::with_capacity(members.len());
                for (key, part) in members {
                    let value = self.value_of(part).map_err(|trouble| below(key, trouble))?;
                    object.insert(key.clone(), value);
                }
                Ok(Value::Object(object))
            }
            Template::Array(items) => {
                let mut array = Vec::with_capacity(items.len());
                for (place, part) in items.iter().enumerate() {
                    array.push(self.value_of(part).map_err(|trouble| at(place, trouble))?);
                }
                Ok(Value::Array(array))
            }
            Template::Jsonata(expression) => {
                let failed = |error| Trouble::Failed {
                    expression: expression.text().into(),
                    error,
                    place: String::new(),
                };
                let value = self.evaluate(expression).map_err(failed)?;
                self.hold(&value).map(|()| value).map_err(Trouble::Raised)
            }
            // A JSONata state holds no paths; its own language would have compiled them.
            Template::Path(path) => Ok(path.text().into()),
            Template::Intrinsic(call) => Ok(call.text().into()),
        }
    }

    fn evaluate(&self, expression: &Expression) -> Result<Value, EvaluationError> {
        let references = expression.references();
        let mut bound: Vec<(&str, Rc<Bound<'_>>)> = Vec::new();
        let (mut asks_states, mut asks_context) = (false, false);
        for reference in &references {
            match reference {
                Reference::States(member) => {
                    asks_states = true;
                    asks_context |= member == "context";
                }
                Reference::Variable(name) if name == "states" => {
                    (asks_states, asks_context) = (true, true);
                }
                Reference::Variable(name) => {
                    bound.extend(self.bound(name).map(|value| (name.as_str(), value)));
                }
                Reference::Root | Reference::TopLevel(_) => {}
            }
        }
        if asks_context {
            let states = || Rc::new(self.states(Some(self.context())).into());
            bound.push(("states", self.states_with_context.get_or_init(states).clone()));
        } else if asks_states {
            let states = || Rc::new(self.states(None).into());
            bound.push(("states", self.states.get_or_init(states).clone()));
        }
        // Two expressions of one state must not draw the same random numbers.
        let seed = self.run.random.borrow_mut().next_u64();
        let moment = Moment { seed, ..self.run.environment.moment };
        let variables: Vec<_> = bound.iter().map(|(name, value)| (*name, &**value)).collect();
        let question =
            Question { expression, variables: &variables, moment: &moment, steps: &self.steps };
        self.run.environment.surroundings.evaluate(&question)
    }

    /// A variable for the evaluator, shared by the expressions of a state.
    fn bound(&self, name: &str) -> Option<Rc<Bound<'r>>> {
        let mut bound = self.bound.borrow_mut();
        if let Some(known) = bound.get(name) {
            return Some(known.clone());
        }
        let value = Rc::new(Bound::new(self.variable(name)?.value()));
        bound.insert(name.into(), value.clone());
        Some(value)
    }

    /// `$states` (SFN-JA-20).
    fn states(&self, context: Option<&Value>) -> Value {
        let mut states = Map::new();
        states.insert("input".into(), self.input().value().clone());
        let mut add = |name: &str, payload: &Option<Payload>| {
            if let Some(payload) = payload {
                states.insert(name.into(), payload.value().clone());
            }
        };
        add("result", &self.result);
        add("errorOutput", &self.error_output);
        if let Some(context) = context {
            states.insert("context".into(), context.clone());
        }
        Value::Object(states)
    }

    pub(crate) fn boolean_of(&self, expression: &Expression, field: &str) -> Result<bool, Raised> {
        let value = self.plain(expression, field)?;
        value.as_bool().ok_or_else(|| unexpected(expression, field, "boolean", &value))
    }

    pub(crate) fn string_of(&self, expression: &Expression, field: &str) -> Result<String, Raised> {
        match self.plain(expression, field)? {
            Value::String(text) => Ok(text),
            other => Err(unexpected(expression, field, "string", &other)),
        }
    }

    pub(super) fn array_of(&self, expression: &Expression, field: &str) -> Result<Value, Raised> {
        match self.plain(expression, field)? {
            array @ Value::Array(_) => Ok(array),
            other => Err(unexpected(expression, field, "array", &other)),
        }
    }

    pub(super) fn number_of(&self, expression: &Expression, field: &str) -> Result<f64, Raised> {
        let value = self.plain(expression, field)?;
        value.as_f64().ok_or_else(|| unexpected(expression, field, "number", &value))
    }

    /// A whole number from 0 to `most` (SFN-JA-7).
    pub(super) fn whole_of(
        &self,
        expression: &Expression,
        field: &str,
        most: u64,
    ) -> Result<u64, Raised> {
        let value = self.plain(expression, field)?;
        let Value::Number(number) = &value else {
            return Err(unexpected(expression, field, "number", &value));
        };
        let query = |cause| Raised::Query { cause, location: Some(field.into()) };
        let whole = number.as_i128().or_else(|| {
            let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
            Some(float as i128)
        });
        let Some(whole) = whole else {
            return Err(query(format!(
                "The {field} field cannot be parsed as an integer: {number}"
            )));
        };
        u64::try_from(whole).ok().filter(|whole| *whole <= most).ok_or_else(|| {
            query(match most {
                u64::MAX => format!("{field} cannot be negative."),
                _ => format!("{field} must be between 0 and {most} but was: {number}"),
            })
        })
    }

    fn plain(&self, expression: &Expression, field: &str) -> Result<Value, Raised> {
        self.evaluate(expression)
            .map_err(|error| failure(expression.text(), field, &reason(&error)))
    }
}

fn below(key: &str, trouble: Trouble) -> Trouble {
    beneath(&format!("/{key}"), trouble)
}

fn at(place: usize, trouble: Trouble) -> Trouble {
    beneath(&format!("[{place}]"), trouble)
}

fn beneath(outer: &str, trouble: Trouble) -> Trouble {
    match trouble {
        Trouble::Failed { expression, error, place } => {
            Trouble::Failed { expression, error, place: format!("{outer}{place}") }
        }
        raised => raised,
    }
}

fn failure(expression: &str, field: &str, reason: &str) -> Raised {
    Raised::Query {
        cause: format!(
            "The JSONata expression '{expression}' specified for the field '{field}' {reason}"
        ),
        location: Some(field.into()),
    }
}

fn reason(error: &EvaluationError) -> String {
    match error {
        EvaluationError::Undefined => "returned nothing (undefined).".into(),
        EvaluationError::Unsupported => "returned an unsupported result type.".into(),
        EvaluationError::Thrown { code: Some(code), message } => {
            format!("threw an error during evaluation. {code}: {message}")
        }
        EvaluationError::Thrown { code: None, message } => {
            format!("threw an error during evaluation: {message}")
        }
        EvaluationError::Internal => "threw an internal error during evaluation.".into(),
    }
}

fn unexpected(expression: &Expression, field: &str, expected: &str, value: &Value) -> Raised {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let reason = format!(
        "returned an unexpected result type. Expected '{expected}', but was '{kind}' for value: {}",
        quoted(value)
    );
    failure(expression.text(), field, &reason)
}
