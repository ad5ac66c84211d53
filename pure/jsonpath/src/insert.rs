//! `ResultPath`: a value put into a document.

use serde_json::{Map, Value};

use crate::InsertError;
use crate::syntax::Segment;

/// Missing objects are made on the way, what stands at the end is replaced, never merged.
pub(crate) fn insert(
    segments: &[Segment],
    mut document: Value,
    value: Value,
) -> Result<Value, InsertError> {
    let mut place = &mut document;
    for segment in segments {
        place = match segment {
            Segment::Name(name) => member(place, name)?,
            Segment::Index(index) => item(place, *index)?,
            Segment::Children(_) | Segment::Descendants(_) => {
                return Err(InsertError { message: "the path is no reference path".into() });
            }
        };
    }
    *place = value;
    Ok(document)
}

/// The member `name`; one that is new starts as an object, for the steps that follow.
fn member<'d>(place: &'d mut Value, name: &str) -> Result<&'d mut Value, InsertError> {
    let kind = kind(place);
    match place {
        Value::Object(members) => {
            Ok(members.entry(name).or_insert_with(|| Value::Object(Map::new())))
        }
        _ => Err(InsertError { message: format!("{kind} cannot hold the member `{name}`") }),
    }
}

fn item(place: &mut Value, index: i64) -> Result<&mut Value, InsertError> {
    let kind = kind(place);
    let Value::Array(items) = place else {
        return Err(InsertError { message: format!("{kind} has no item {index}") });
    };
    let length = items.len();
    let found = usize::try_from(index).ok().and_then(|index| items.get_mut(index));
    found.ok_or_else(|| InsertError {
        message: format!("an array of {length} items has no item {index}"),
    })
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}
