//! `States.Format`.

use serde_json::Value;

use super::Flaw;

/// One piece of a template.
enum Piece {
    Text(char),
    Place,
}

pub(super) fn format(template: &str, values: &[Value]) -> Result<String, Flaw> {
    let pieces = pieces(template)?;
    let places = pieces.iter().filter(|piece| matches!(piece, Piece::Place)).count();
    if places != values.len() {
        return Err(Flaw::Told(
            "Invalid arguments in States.Format: number of arguments do not match the \
             occurrences of {}."
                .into(),
        ));
    }
    let mut values = values.iter();
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Text(next) => text.push(next),
            Piece::Place => values.next().into_iter().for_each(|value| java_text(value, &mut text)),
        }
    }
    Ok(text)
}

fn pieces(template: &str) -> Result<Vec<Piece>, Flaw> {
    let mut pieces = Vec::new();
    let mut rest = template.chars().peekable();
    while let Some(next) = rest.next() {
        let piece = match (next, rest.peek()) {
            ('\\', Some(&escaped @ ('{' | '}' | '\\' | '\''))) => {
                rest.next();
                Piece::Text(escaped)
            }
            ('{', Some('}')) => {
                rest.next();
                Piece::Place
            }
            ('{', _) => return Err(unmatched('}', '{')),
            ('}', _) => return Err(unmatched('{', '}')),
            _ => Piece::Text(next),
        };
        pieces.push(piece);
    }
    Ok(pieces)
}

fn unmatched(missing: char, found: char) -> Flaw {
    Flaw::Told(format!(
        "Invalid template in States.Format: matching '{missing}' not found for '{found}'."
    ))
}

/// `{Arg1=1, Arg2=[]}`: containers as Java prints them, strings verbatim.
fn java_text(value: &Value, text: &mut String) {
    match value {
        Value::String(verbatim) => text.push_str(verbatim),
        Value::Array(items) => {
            text.push('[');
            for (place, item) in items.iter().enumerate() {
                text.push_str(if place == 0 { "" } else { ", " });
                java_text(item, text);
            }
            text.push(']');
        }
        Value::Object(members) => {
            text.push('{');
            for (place, (name, value)) in members.iter().enumerate() {
                text.push_str(if place == 0 { "" } else { ", " });
                text.push_str(name);
                text.push('=');
                java_text(value, text);
            }
            text.push('}');
        }
        scalar => text.push_str(&scalar.to_string()),
    }
}
