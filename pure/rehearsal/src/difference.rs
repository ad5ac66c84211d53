//! Where two JSON values differ, a line each place.

use serde_json::Value;

use crate::mocks::same;

/// More places are not told.
const LINES_MAX: usize = 20;
const VALUE_CHARS_MAX: usize = 120;

/// `$.total: expected 12, is 13`. With `part`, what is there beside the expected is no difference.
pub fn lines(expected: &Value, actual: &Value, part: bool) -> Vec<String> {
    let mut lines = Vec::new();
    walk("$", expected, actual, part, &mut lines);
    let more = lines.len().saturating_sub(LINES_MAX);
    lines.truncate(LINES_MAX);
    if more > 0 {
        lines.push(format!("and {more} more differences"));
    }
    lines
}

fn walk(path: &str, expected: &Value, actual: &Value, part: bool, lines: &mut Vec<String>) {
    match (expected, actual) {
        (Value::Object(expected), Value::Object(actual)) => {
            for (name, expected) in expected {
                let path = member(path, name);
                match actual.get(name) {
                    Some(actual) => walk(&path, expected, actual, part, lines),
                    None => lines.push(format!("{path}: expected {}, is absent", short(expected))),
                }
            }
            for (name, actual) in
                actual.iter().filter(|(name, _)| !part && !expected.contains_key(*name))
            {
                lines.push(format!("{}: not expected, is {}", member(path, name), short(actual)));
            }
        }
        (Value::Array(wanted), Value::Array(found)) => {
            for (index, wanted) in wanted.iter().enumerate() {
                let path = format!("{path}[{index}]");
                match found.get(index) {
                    Some(found) => walk(&path, wanted, found, part, lines),
                    None => lines.push(format!("{path}: expected {}, is absent", short(wanted))),
                }
            }
            for (index, found) in found.iter().enumerate().skip(wanted.len()) {
                lines.push(format!("{path}[{index}]: not expected, is {}", short(found)));
            }
        }
        _ if same(expected, actual) => {}
        _ => lines.push(format!("{path}: expected {}, is {}", short(expected), short(actual))),
    }
}

fn member(path: &str, name: &str) -> String {
    let plain =
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '-');
    if plain { format!("{path}.{name}") } else { format!("{path}[{}]", Value::from(name)) }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(VALUE_CHARS_MAX) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or("")),
        None => text,
    }
}
