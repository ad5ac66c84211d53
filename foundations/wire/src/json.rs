//! A look at a JSON body before it is parsed, and the words for what does not parse.

use crate::fault::Fault;
use crate::limits::JSON_DEPTH_MAX;

/// Refuses bodies that are no UTF-8, no object, or nested too deeply; one pass, no allocation.
/// An empty body is an empty object (SFN-WIRE-2).
pub(crate) fn check(body: &[u8]) -> Result<(), Fault> {
    if std::str::from_utf8(body).is_err() {
        return Err(serialization("The request body is not valid UTF-8."));
    }
    match body.iter().find(|byte| !byte.is_ascii_whitespace()) {
        None | Some(b'{') => {}
        Some(_) => return Err(serialization("The request body is not a JSON object.")),
    }
    if depth_exceeds(body, JSON_DEPTH_MAX) {
        let message = format!("The request body is nested deeper than {JSON_DEPTH_MAX} levels.");
        return Err(serialization(message));
    }
    Ok(())
}

/// The fault for what serde could not read (SFN-ERR-4).
pub(crate) fn fault(error: &serde_json::Error) -> Fault {
    let text = error.to_string();
    if let Some(name) = between(&text, "missing field `", "`") {
        return Fault::validation(format!(
            "1 validation error detected: Value null at '{name}' failed to satisfy constraint: \
             Member must not be null"
        ));
    }
    match wrong_type(&text) {
        Some(message) => serialization(message),
        None => serialization(text),
    }
}

fn serialization(message: impl Into<String>) -> Fault {
    Fault::new("SerializationException", message)
}

/// `invalid type: integer `3`, expected a string at …` in AWS's words.
fn wrong_type(text: &str) -> Option<String> {
    let mismatch = between(text, "invalid type: ", ", expected ");
    // A number out of range is told like one of another kind.
    let found = mismatch.or_else(|| between(text, "invalid value: ", ", expected "))?;
    let expected = between(text, ", expected ", " at line")?;
    let token = match found.split_whitespace().next()? {
        "string" => "STRING_VALUE",
        "integer" | "floating" => "NUMBER_VALUE",
        "boolean" => {
            if found.contains("true") {
                "TRUE_VALUE"
            } else {
                "FALSE_VALUE"
            }
        }
        "null" => "NULL_VALUE",
        "sequence" => return Some("Start of list found where not expected".to_owned()),
        "map" => return Some("Start of structure or map found where not expected.".to_owned()),
        _ => return None,
    };
    let wanted = match expected {
        "a string" | "str" => "a String",
        "a boolean" => "a Boolean",
        "i8" | "i16" | "i32" | "u8" | "u16" | "u32" => "an Integer",
        "i64" | "u64" | "usize" | "isize" => "a Long",
        "f32" | "f64" => "a Double",
        "a sequence" => return Some("Expected list or null".to_owned()),
        _ => return Some("Expected map or null".to_owned()),
    };
    Some(format!("{token} can not be converted to {wanted}"))
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split_once(after).map(|(part, _)| part)
}

/// Whether brackets outside of strings nest deeper than `max`.
fn depth_exceeds(body: &[u8], max: usize) -> bool {
    let mut depth = 0_usize;
    let mut bytes = body.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'"' => skip_string(&mut bytes),
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > max {
            return true;
        }
    }
    false
}

fn skip_string(bytes: &mut std::slice::Iter<'_, u8>) {
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => drop(bytes.next()),
            b'"' => return,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Input {
        #[expect(dead_code, reason = "only its reading is tested")]
        name: String,
        #[serde(default)]
        #[expect(dead_code, reason = "only its reading is tested")]
        max_results: Option<i32>,
        #[serde(default)]
        #[expect(dead_code, reason = "only its reading is tested")]
        tags: Vec<String>,
    }

    fn parsed(body: &str) -> String {
        match serde_json::from_str::<Input>(body) {
            Ok(_) => "accepted".to_owned(),
            Err(error) => fault(&error).message,
        }
    }

    // SFN-ERR-4, SFN-ERR-11
    #[test]
    fn what_does_not_parse_is_told_in_words_of_aws() {
        assert_eq!(parsed(r#"{"name":"a","other":[[]]}"#), "accepted");
        assert_eq!(parsed(r#"{"name":3}"#), "NUMBER_VALUE can not be converted to a String");
        assert_eq!(parsed(r#"{"name":true}"#), "TRUE_VALUE can not be converted to a String");
        assert_eq!(parsed(r#"{"name":[]}"#), "Start of list found where not expected");
        assert_eq!(
            parsed(r#"{"name":"a","maxResults":"1"}"#),
            "STRING_VALUE can not be converted to an Integer"
        );
        for number in ["99999999999", "1.5", "1e99"] {
            assert_eq!(
                parsed(&format!(r#"{{"name":"a","maxResults":{number}}}"#)),
                "NUMBER_VALUE can not be converted to an Integer"
            );
        }
        assert_eq!(parsed(r#"{"name":"a","tags":"1"}"#), "Expected list or null");
        assert_eq!(
            parsed("{}"),
            "1 validation error detected: Value null at 'name' failed to satisfy constraint: \
             Member must not be null"
        );
        assert_eq!(parsed(r#"{"name":"a""#), "EOF while parsing an object at line 1 column 11");
    }

    // SFN-WIRE-2
    #[test]
    fn bodies_are_looked_at_before_parsing() {
        let deep = |levels: usize| format!("{{\"a\":{}{}", "[".repeat(levels), "]".repeat(levels));
        for body in ["", " \r\n", "{}", " {\"a\":\"[[[\\\"{{{\"}", &deep(127)] {
            assert!(check(body.as_bytes()).is_ok(), "{body}");
        }
        for body in ["[]", "null", "3", "x", &deep(128), &"{".repeat(100_000)] {
            assert_eq!(check(body.as_bytes()).unwrap_err().code, "SerializationException");
        }
        assert_eq!(check(b"{\"a\":\"\xff\"}").unwrap_err().code, "SerializationException");
        assert!(check(b"\"\\").is_err());
    }
}
