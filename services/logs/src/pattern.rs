//! Filter patterns: terms, `%regular expressions%`, and selectors on JSON messages.

mod json;
mod terms;
mod text;

use regex::{Regex, RegexBuilder};

use json::Condition;
use terms::Terms;

/// Compiled size of a regular expression.
const REGEX_BYTES_MAX: usize = 256 << 10;

/// What an event's message must be like.
pub(crate) enum Pattern {
    Everything,
    Terms(Terms),
    Json(Condition),
}

/// The pattern is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Invalid filter pattern")]
pub(crate) struct InvalidPattern;

impl Pattern {
    pub(crate) fn parse(text: &str) -> Result<Pattern, InvalidPattern> {
        let text = text.trim();
        match text.chars().next() {
            None => Ok(Pattern::Everything),
            Some('{') => Ok(Pattern::Json(json::parse(text)?)),
            // Patterns of fields between spaces.
            Some('[') => Err(InvalidPattern),
            Some(_) => Ok(Pattern::Terms(Terms::parse(text)?)),
        }
    }

    pub(crate) fn matches(&self, message: &str) -> bool {
        match self {
            Pattern::Everything => true,
            Pattern::Terms(terms) => terms.match_message(message),
            Pattern::Json(condition) => {
                serde_json::from_str(message).is_ok_and(|value| condition.holds(&value))
            }
        }
    }
}

/// A regular expression that runs in linear time and bounded space.
fn regex(text: &str) -> Result<Regex, InvalidPattern> {
    RegexBuilder::new(text).size_limit(REGEX_BYTES_MAX).build().map_err(|_| InvalidPattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pattern: &str, message: &str, expected: bool) {
        let found = Pattern::parse(pattern).map(|pattern| pattern.matches(message));
        assert_eq!(found, Ok(expected), "{pattern} on {message}");
    }

    #[test]
    fn terms() {
        for (pattern, message, expected) in [
            ("", "anything", true),
            ("  ", "", true),
            ("ERROR", "[ERROR 400] BAD REQUEST", true),
            ("ERROR", "error", false),
            ("ERROR", "TERRORS", false),
            ("ERROR ARGUMENTS", "[ERROR 419] MISSING ARGUMENTS", true),
            ("ERROR ARGUMENTS", "[ERROR 400] BAD REQUEST", false),
            ("\"INTERNAL SERVER ERROR\"", "[500] INTERNAL SERVER ERROR", true),
            ("\"INTERNAL SERVER ERROR\"", "INTERNAL ERROR SERVER", false),
            ("\"say \\\"hi\\\"\"", "they say \"hi\" to", true),
            ("ERROR -EXITING", "ERROR CODE 17", true),
            ("ERROR -EXITING", "ERROR EXITING", false),
            ("-\"NOT THIS\"", "BUT NOT THIS", false),
            ("-\"NOT THIS\"", "THIS, NOT", true),
            ("?ERROR ?WARN", "WARN: low", true),
            ("?ERROR ?WARN", "INFO: fine", false),
            ("?ERROR ?WARN -low", "WARN: low", false),
            ("%UN[A-Z]+ED%", "[401] UNAUTHORIZED REQUEST", true),
            ("%^x%", "ax", false),
            ("é", "é!", true),
        ] {
            check(pattern, message, expected);
        }
    }

    #[test]
    fn selectors() {
        let message = r#"{"type":"ExecutionFailed","n":3,"t":true,"x":null,"s":"a b",
            "list":[{"v":"one"},{"v":"two"}],"deep":{"a.b":"dotted"},"text":"17"}"#;
        for (pattern, expected) in [
            ("{ $.type = \"ExecutionFailed\" }", true),
            ("{ $.type = ExecutionFailed }", true),
            ("{$.type=\"Execution*\"}", true),
            ("{ $.type = \"*Started\" }", false),
            ("{ $.type != \"ExecutionStarted\" }", true),
            ("{ $.missing != \"a\" }", false),
            ("{ $.n = 3 }", true),
            ("{ $.n = 3.0 }", true),
            ("{ $.n > 2 && $.n < 4 }", true),
            ("{ $.n >= 4 || $.n <= 2 }", false),
            ("{ ($.n = 1 || $.n = 3) && $.t IS TRUE }", true),
            ("{ $.t IS FALSE }", false),
            ("{ $.x IS NULL }", true),
            ("{ $.n IS NULL }", false),
            ("{ $.missing NOT EXISTS }", true),
            ("{ $.n NOT EXISTS }", false),
            ("{ $.n EXISTS }", true),
            ("{ $.s = \"a b\" }", true),
            ("{ $.list[1].v = \"two\" }", true),
            ("{ $.list[2].v = \"two\" }", false),
            ("{ $.deep['a.b'] = \"dotted\" }", true),
            ("{ $.deep[\"a.b\"] = \"dotted\" }", true),
            ("{ $.s = %^a% }", true),
            ("{ $.s != %^a% }", false),
            ("{ $.text = 17 }", true),
            ("{ $.text > 3 }", false),
        ] {
            check(pattern, message, expected);
        }
        check("{ $.a = 1 }", "no JSON", false);
    }

    #[test]
    fn what_is_no_pattern() {
        let deep = format!("{{ {}$.a = 1{} }}", "(".repeat(500), ")".repeat(500));
        for wrong in [
            "{ $.a = }",
            "{ $.a }",
            "{ a = 1 }",
            "{ $.a = 1 && }",
            "{ ($.a = 1 }",
            "{ $.a = 1",
            "{ $.a = \"x }",
            "{ $.a > b }",
            "{ $.a IS 3 }",
            "{ $.a[ = 1 }",
            "{}",
            "[ip, user]",
            "\"open",
            "%(%",
            "{ $.a = %(% }",
            "{ $.a = 1 } rest",
            "?",
            "-",
            &deep,
        ] {
            assert!(Pattern::parse(wrong).is_err(), "{wrong}");
        }
    }
}
