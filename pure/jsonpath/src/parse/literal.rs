//! Literals: quoted strings, numbers, words, lists and regular expressions.

use regex::{Regex, RegexBuilder};
use serde_json::{Map, Number, Value};

use super::deeper;
use crate::PathError;
use crate::cursor::Cursor;

/// Largest compiled regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

/// A quoted string; the cursor stands at the quote.
pub(super) fn string(cursor: &mut Cursor<'_>) -> Result<String, PathError> {
    let unterminated = cursor.error("the string has no end");
    let quote = cursor.bump().ok_or_else(|| unterminated.clone())?;
    let mut text = String::new();
    loop {
        match cursor.bump() {
            None => return Err(unterminated),
            Some('\\') => text.push(escape(cursor)?),
            Some(next) if next == quote => return Ok(text),
            Some(next) => text.push(next),
        }
    }
}

fn escape(cursor: &mut Cursor<'_>) -> Result<char, PathError> {
    let at = cursor.error("unknown escape");
    match cursor.bump() {
        Some('b') => Ok('\u{8}'),
        Some('f') => Ok('\u{c}'),
        Some('n') => Ok('\n'),
        Some('r') => Ok('\r'),
        Some('t') => Ok('\t'),
        Some('u') => unicode(cursor),
        Some(next) if !next.is_alphanumeric() => Ok(next),
        _ => Err(at),
    }
}

/// What follows `\u`: four digits, or a pair of surrogates.
fn unicode(cursor: &mut Cursor<'_>) -> Result<char, PathError> {
    let at = cursor.error("expected four hexadecimal digits of a character");
    let first = four_digits(cursor).ok_or_else(|| at.clone())?;
    if !(0xD800..0xDC00).contains(&first) {
        return char::from_u32(first).ok_or(at);
    }
    if !cursor.eat("\\u") {
        return Err(at);
    }
    let second = four_digits(cursor).ok_or_else(|| at.clone())?;
    if !(0xDC00..0xE000).contains(&second) {
        return Err(at);
    }
    char::from_u32(0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00)).ok_or(at)
}

fn four_digits(cursor: &mut Cursor<'_>) -> Option<u32> {
    let digits = cursor.rest().get(..4)?;
    if !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    cursor.eat(digits);
    u32::from_str_radix(digits, 16).ok()
}

/// A literal operand of a filter. An unquoted word is a string, as AWS's own examples write
/// `[?(@.category==home)]`.
pub(super) fn literal(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, PathError> {
    match cursor.peek() {
        Some('\'' | '"') => Ok(Value::String(string(cursor)?)),
        Some('[') => list(cursor, deeper(cursor, depth)?),
        Some('{') => object(cursor, deeper(cursor, depth)?),
        _ => word(cursor),
    }
}

fn list(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, PathError> {
    cursor.expect("[")?;
    let mut items = Vec::new();
    cursor.skip_blanks();
    if cursor.eat("]") {
        return Ok(Value::Array(items));
    }
    loop {
        cursor.skip_blanks();
        items.push(literal(cursor, depth)?);
        cursor.skip_blanks();
        if cursor.eat("]") {
            return Ok(Value::Array(items));
        }
        cursor.expect(",")?;
    }
}

fn object(cursor: &mut Cursor<'_>, depth: usize) -> Result<Value, PathError> {
    cursor.expect("{")?;
    let mut members = Map::new();
    cursor.skip_blanks();
    if cursor.eat("}") {
        return Ok(Value::Object(members));
    }
    loop {
        cursor.skip_blanks();
        let Value::String(name) = literal(cursor, depth)? else {
            return Err(cursor.error("expected a name"));
        };
        cursor.skip_blanks();
        cursor.expect(":")?;
        cursor.skip_blanks();
        members.insert(name, literal(cursor, depth)?);
        cursor.skip_blanks();
        if cursor.eat("}") {
            return Ok(Value::Object(members));
        }
        cursor.expect(",")?;
    }
}

fn word(cursor: &mut Cursor<'_>) -> Result<Value, PathError> {
    let at = cursor.error("expected a path or a literal");
    let word = cursor.take_while(|next| next.is_alphanumeric() || "_-+.:/".contains(next));
    match word {
        "" => Err(at),
        "true" => Ok(Value::Bool(true)),
        "false" => Ok(Value::Bool(false)),
        "null" => Ok(Value::Null),
        _ => Ok(number(word).map_or_else(|| Value::String(word.to_owned()), Value::Number)),
    }
}

fn number(word: &str) -> Option<Number> {
    if !word.starts_with(|first: char| first.is_ascii_digit() || first == '-') {
        return None;
    }
    // `-0` is an integer here and zero in any comparison; leading zeros make a word.
    serde_json::from_str(word).ok()
}

/// `/pattern/flags`; the cursor stands at the first slash. Jayway matches the whole text.
pub(super) fn regex(cursor: &mut Cursor<'_>) -> Result<Regex, PathError> {
    let at = cursor.error("expected a regular expression between slashes");
    if !cursor.eat("/") {
        return Err(at);
    }
    let pattern = pattern(cursor).ok_or_else(|| at.clone())?;
    let flags = cursor.take_while(|next| next.is_ascii_alphabetic());
    if !flags.chars().all(|flag| "imsxdu".contains(flag)) {
        return Err(PathError { message: "unknown flag of a regular expression".into(), ..at });
    }
    RegexBuilder::new(&format!("^(?:{pattern})$"))
        .case_insensitive(flags.contains('i'))
        .multi_line(flags.contains('m'))
        .dot_matches_new_line(flags.contains('s'))
        .ignore_whitespace(flags.contains('x'))
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|_| PathError { message: "unusable regular expression".into(), ..at })
}

/// Up to the closing slash; `\/` is a slash.
fn pattern(cursor: &mut Cursor<'_>) -> Option<String> {
    let mut pattern = String::new();
    loop {
        match cursor.bump()? {
            '/' => return Some(pattern),
            '\\' if cursor.eat("/") => pattern.push('/'),
            '\\' => pattern.extend(['\\', cursor.bump()?]),
            next => pattern.push(next),
        }
    }
}
