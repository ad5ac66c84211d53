//! A JSON reader that fails in the words of Jackson, the library behind `States.StringToJson`.

use serde_json::{Map, Value};

use crate::parse::number;

/// Deepest nesting; leaves room for what a state wraps around the value.
const DEPTH_MAX: usize = 100;

const VALID_VALUE: &str = "expected a valid value (JSON String, Number, Array, Object or token \
                           'null', 'true' or 'false')";

/// The value, null for a blank text, or the message with its place.
pub(crate) fn parse(text: &str) -> Result<Value, String> {
    let mut reader = Reader { text, at: 0 };
    reader.skip_blanks()?;
    if reader.peek().is_none() {
        return Ok(Value::Null);
    }
    let value = reader.value(0)?;
    let end = reader.at;
    reader.skip_blanks()?;
    match reader.peek() {
        None => Ok(value),
        Some(_) if end == reader.at && value.is_number() => {
            Err(reader.unexpected("Expected space separating root-level values"))
        }
        Some(_) => Err(reader.trailing()),
    }
}

struct Reader<'t> {
    text: &'t str,
    at: usize,
}

/// A container that is open.
#[derive(Clone, Copy)]
struct Open {
    kind: &'static str,
    close: char,
    at: usize,
}

impl<'t> Reader<'t> {
    fn value(&mut self, depth: usize) -> Result<Value, String> {
        match self.peek() {
            Some('{' | '[') if depth >= DEPTH_MAX => Err(self.located(
                self.at + 1,
                format!(
                    "Document nesting depth ({}) exceeds the maximum allowed ({DEPTH_MAX}, from \
                     `StreamReadConstraints.getMaxNestingDepth()`)",
                    DEPTH_MAX + 1
                ),
            )),
            Some('{') => self.object(depth + 1),
            Some('[') => self.array(depth + 1),
            Some('"') => self.string("string value").map(Value::String),
            Some('-' | '0'..='9') => self.number(),
            Some(next) if next.is_alphabetic() || next == '_' || next == '$' => self.word(),
            _ => Err(self.unexpected(VALID_VALUE)),
        }
    }

    fn object(&mut self, depth: usize) -> Result<Value, String> {
        let open = Open { kind: "Object", close: '}', at: self.at };
        self.bump();
        let mut members = Map::new();
        self.skip_blanks()?;
        if self.eat('}') {
            return Ok(Value::Object(members));
        }
        loop {
            self.skip_blanks()?;
            let name = self.name(open)?;
            self.skip_blanks()?;
            if !self.eat(':') {
                return Err(
                    self.within(open, "was expecting a colon to separate field name and value")
                );
            }
            self.skip_blanks()?;
            if self.peek().is_none() {
                return Err(self.end(" within/between Object entries"));
            }
            members.insert(name, self.value(depth)?);
            if self.is_closed(open, "was expecting comma to separate Object entries")? {
                return Ok(Value::Object(members));
            }
        }
    }

    fn name(&mut self, open: Open) -> Result<String, String> {
        match self.peek() {
            Some('"') => self.string("name"),
            None => Err(self.unclosed(open)),
            Some(']') => Err(self.mismatched(open)),
            Some(_) => Err(self.unexpected("was expecting double-quote to start field name")),
        }
    }

    fn array(&mut self, depth: usize) -> Result<Value, String> {
        let open = Open { kind: "Array", close: ']', at: self.at };
        self.bump();
        let mut items = Vec::new();
        self.skip_blanks()?;
        if self.eat(']') {
            return Ok(Value::Array(items));
        }
        loop {
            self.skip_blanks()?;
            if self.peek().is_none() {
                return Err(self.unclosed(open));
            }
            items.push(self.value(depth)?);
            if self.is_closed(open, "was expecting comma to separate Array entries")? {
                return Ok(Value::Array(items));
            }
        }
    }

    /// After an entry: the container's end, or a comma and more.
    fn is_closed(&mut self, open: Open, expected: &str) -> Result<bool, String> {
        self.skip_blanks()?;
        if self.eat(open.close) {
            return Ok(true);
        }
        if self.eat(',') {
            return Ok(false);
        }
        Err(self.within(open, expected))
    }

    /// What stands here is no part of the open container.
    fn within(&self, open: Open, expected: &str) -> String {
        match self.peek() {
            None => self.unclosed(open),
            Some('}' | ']') if self.peek() != Some(open.close) => self.mismatched(open),
            Some(_) => self.unexpected(expected),
        }
    }

    fn string(&mut self, what: &str) -> Result<String, String> {
        self.bump();
        let mut text = String::new();
        loop {
            match self.peek() {
                None if what == "name" => return Err(self.end(" in field name")),
                None => return Err(self.end(": was expecting closing quote for a string value")),
                Some('"') => {
                    self.bump();
                    return Ok(text);
                }
                Some('\\') => {
                    self.bump();
                    text.push(self.escape()?);
                }
                Some(next) if next < ' ' => {
                    return Err(self.here(format!(
                        "Illegal unquoted character ({}): has to be escaped using backslash to be \
                         included in {what}",
                        described(next)
                    )));
                }
                Some(next) => {
                    self.bump();
                    text.push(next);
                }
            }
        }
    }

    fn escape(&mut self) -> Result<char, String> {
        let Some(next) = self.peek() else {
            return Err(self.end(" in character escape sequence"));
        };
        let plain = match next {
            '"' | '\\' | '/' => next,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                self.bump();
                return self.unicode();
            }
            _ => {
                let message = format!("Unrecognized character escape {}", described(next));
                return Err(self.here(message));
            }
        };
        self.bump();
        Ok(plain)
    }

    /// What follows `\u`. Java keeps half a surrogate pair; here it becomes U+FFFD.
    fn unicode(&mut self) -> Result<char, String> {
        let first = self.four_digits()?;
        let rest = self.rest();
        let starts_pair = (0xD800..0xDC00).contains(&first) && rest.starts_with("\\u");
        if !starts_pair {
            return Ok(char::from_u32(first).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        let back = self.at;
        self.at += 2;
        let second = self.four_digits()?;
        if !(0xDC00..0xE000).contains(&second) {
            self.at = back;
            return Ok(char::REPLACEMENT_CHARACTER);
        }
        let joined = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
        Ok(char::from_u32(joined).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn four_digits(&mut self) -> Result<u32, String> {
        let mut code = 0;
        for _ in 0..4 {
            let Some(next) = self.peek() else {
                return Err(self.end(" in character escape sequence"));
            };
            let Some(digit) = next.to_digit(16) else {
                let expected = "expected a hex-digit for character escape sequence";
                return Err(self.unexpected(expected));
            };
            code = code * 16 + digit;
            self.bump();
        }
        Ok(code)
    }

    fn number(&mut self) -> Result<Value, String> {
        let start = self.at;
        self.eat('-');
        let leading_zero = self.peek() == Some('0');
        let digits =
            self.digits("expected digit (0-9) to follow minus sign, for valid numeric value")?;
        if leading_zero && digits > 1 {
            return Err(self.here("Invalid numeric value: Leading zeroes not allowed".into()));
        }
        if self.eat('.') {
            self.digits("Decimal point not followed by a digit")?;
        }
        if self.eat('e') || self.eat('E') {
            if !self.eat('+') {
                self.eat('-');
            }
            self.digits("Exponent indicator not followed by a digit")?;
        }
        let written = self.text.get(start..self.at).unwrap_or("");
        let number = number(written).map(Value::Number);
        number.ok_or_else(|| self.here(format!("Numeric value ({written}) out of range")))
    }

    fn digits(&mut self, expected: &str) -> Result<usize, String> {
        let start = self.at;
        while self.peek().is_some_and(|next| next.is_ascii_digit()) {
            self.bump();
        }
        match (self.at - start, self.peek()) {
            (0, None) => Err(self.end(&format!(" in a Number value: {expected}"))),
            (0, Some(next)) => Err(self.here(format!(
                "Unexpected character ({}) in numeric value: {expected}",
                described(next)
            ))),
            (count, _) => Ok(count),
        }
    }

    fn word(&mut self) -> Result<Value, String> {
        let rest = self.rest();
        let in_word = |next: char| next.is_alphanumeric() || next == '_' || next == '$';
        let length = rest.find(|next| !in_word(next)).unwrap_or(rest.len());
        let word = rest.get(..length).unwrap_or("");
        self.at += length;
        match word {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "null" => Ok(Value::Null),
            _ => Err(self.here(format!(
                "Unrecognized token '{word}': was expecting (JSON String, Number, Array, Object or \
                 token 'null', 'true' or 'false')"
            ))),
        }
    }

    fn skip_blanks(&mut self) -> Result<(), String> {
        while let Some(next) = self.peek() {
            match next {
                ' ' | '\t' | '\n' | '\r' => self.bump(),
                _ if next < ' ' => {
                    return Err(self.here(format!(
                        "Illegal character ({}): only regular white space (\\r, \\n, \\t) is \
                         allowed between tokens",
                        described(next)
                    )));
                }
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// After the value comes another token, or none at all.
    fn trailing(&mut self) -> String {
        let token = match self.peek() {
            Some('{') => "START_OBJECT",
            Some('[') => "START_ARRAY",
            Some('"') => "VALUE_STRING",
            Some('-' | '0'..='9') => "VALUE_NUMBER_INT",
            _ => match self.value(0) {
                Err(message) => return message,
                Ok(Value::Bool(true)) => "VALUE_TRUE",
                Ok(Value::Bool(false)) => "VALUE_FALSE",
                Ok(_) => "VALUE_NULL",
            },
        };
        self.here(format!(
            "Trailing token (of type {token}) found after value (bound as \
             `com.fasterxml.jackson.databind.JsonNode`): not allowed as per \
             `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`"
        ))
    }

    fn unexpected(&self, expected: &str) -> String {
        match self.peek() {
            None => self.end(""),
            Some(next) => {
                self.here(format!("Unexpected character ({}): {expected}", described(next)))
            }
        }
    }

    fn end(&self, detail: &str) -> String {
        self.here(format!("Unexpected end-of-input{detail}"))
    }

    fn unclosed(&self, open: Open) -> String {
        let (kind, start) = (open.kind, self.source(open.at));
        self.end(&format!(": expected close marker for {kind} (start marker at {start})"))
    }

    fn mismatched(&self, open: Open) -> String {
        let found = self.peek().unwrap_or(' ');
        let Open { kind, close, at } = open;
        let start = self.source(at);
        self.here(format!(
            "Unexpected close marker '{found}': expected '{close}' (for {kind} starting at {start})"
        ))
    }

    fn here(&self, message: String) -> String {
        self.located(self.at, message)
    }

    fn located(&self, at: usize, message: String) -> String {
        format!("{message}\n at {}", self.source(at))
    }

    fn source(&self, at: usize) -> String {
        let before = self.text.get(..at).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let in_line = before.rsplit('\n').next().unwrap_or("");
        let column = in_line.encode_utf16().count() + 1;
        format!(
            "[Source: REDACTED (`StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION` disabled); \
             line: {line}, column: {column}]"
        )
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) {
        self.at += self.peek().map_or(0, char::len_utf8);
    }

    fn eat(&mut self, expected: char) -> bool {
        let eaten = self.peek() == Some(expected);
        if eaten {
            self.bump();
        }
        eaten
    }
}

/// `'b' (code 98)`.
fn described(next: char) -> String {
    let code = u32::from(next);
    if next.is_control() {
        format!("(CTRL-CHAR, code {code})")
    } else if code > 255 {
        format!("'{next}' (code {code} / 0x{code:x})")
    } else {
        format!("'{next}' (code {code})")
    }
}
