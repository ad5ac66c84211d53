//! Strings, numbers and the three words of JSON.

use serde_json::Number;

use super::fault::{Fault, FaultKind, describe, is_word_part};
use super::{Container, Reader};
use crate::read::tree::Shape;

/// What a quoted text is for; Jackson words its faults differently.
#[derive(Clone, Copy)]
pub(super) enum Quoted {
    Name,
    Value,
}

impl Reader<'_> {
    pub(super) fn quoted(&mut self, purpose: Quoted) -> Result<String, Fault> {
        self.at += 1;
        let mut text = String::new();
        loop {
            let rest = self.text.get(self.at..).unwrap_or("");
            let plain = rest.bytes().take_while(|byte| !matches!(byte, b'"' | b'\\' | 0..32));
            let plain = plain.count();
            text.push_str(rest.get(..plain).unwrap_or(""));
            self.at += plain;
            match self.peek() {
                Some('"') => {
                    self.at += 1;
                    return Ok(text);
                }
                Some('\\') => text.push(self.escape(purpose)?),
                Some(odd) => return Err(self.unquoted(odd, purpose)),
                None => return Err(self.never_quoted(purpose)),
            }
        }
    }

    fn never_quoted(&self, purpose: Quoted) -> Fault {
        self.at_end(match purpose {
            Quoted::Name => "Unexpected end-of-input in field name",
            Quoted::Value => {
                "Unexpected end-of-input: was expecting closing quote for a string value"
            }
        })
    }

    fn unquoted(&self, odd: char, purpose: Quoted) -> Fault {
        let purpose = match purpose {
            Quoted::Name => "name",
            Quoted::Value => "string value",
        };
        let message = format!(
            "Illegal unquoted character ({}): has to be escaped using backslash to be included in \
             {purpose}",
            describe(odd)
        );
        self.after(odd, message)
    }

    fn escape(&mut self, purpose: Quoted) -> Result<char, Fault> {
        self.at += 1;
        let Some(code) = self.peek() else { return Err(self.never_quoted(purpose)) };
        let character = match code {
            '"' | '\\' | '/' => code,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => return self.unicode_escape(purpose),
            odd => {
                let message = format!("Unrecognized character escape {}", describe(odd));
                return Err(self.after(odd, message));
            }
        };
        self.at += 1;
        Ok(character)
    }

    /// `u` and four digits, twice for what lies outside the first plane.
    fn unicode_escape(&mut self, purpose: Quoted) -> Result<char, Fault> {
        let start = self.at - 1;
        let first = self.hex_unit(purpose)?;
        let mut units = vec![first];
        let more = self.text.get(self.at..).is_some_and(|rest| rest.starts_with("\\u"));
        if (0xD800..0xDC00).contains(&first) && more {
            self.at += 1;
            units.push(self.hex_unit(purpose)?);
        }
        match char::decode_utf16(units).next() {
            Some(Ok(character)) => Ok(character),
            _ => {
                let message = "Invalid surrogate pair in character escape sequence";
                Err(Fault::new(FaultKind::Syntax, message, start, self.at))
            }
        }
    }

    fn hex_unit(&mut self, purpose: Quoted) -> Result<u16, Fault> {
        self.at += 1;
        let mut unit = 0;
        for _ in 0..4 {
            let Some(digit) = self.peek() else { return Err(self.never_quoted(purpose)) };
            let Some(value) = digit.to_digit(16) else {
                let expected = "expected a hex-digit for character escape sequence";
                return Err(self.unexpected(digit, expected));
            };
            unit = unit * 16 + value;
            self.at += 1;
        }
        Ok(u16::try_from(unit).expect("four hexadecimal digits are sixteen bits"))
    }

    pub(super) fn keyword(&mut self, word: &str, shape: Shape) -> Result<Shape, Fault> {
        let rest = self.text.get(self.at..).unwrap_or("");
        let next = rest.strip_prefix(word).map(|after| after.chars().next());
        match next {
            Some(next) if !next.is_some_and(is_word_part) => {
                self.at += word.len();
                Ok(shape)
            }
            _ => Err(self.unknown_token(self.at)),
        }
    }

    pub(super) fn number(&mut self, container: Container) -> Result<Number, Fault> {
        let start = self.at;
        if self.peek() == Some('-') {
            self.at += 1;
            self.digit_next("expected digit (0-9) to follow minus sign, for valid numeric value")?;
        }
        let leading_zero = self.peek() == Some('0');
        let whole = self.digits();
        if leading_zero && whole > 1 {
            let message = "Invalid numeric value: Leading zeroes not allowed";
            return Err(Fault::new(FaultKind::Syntax, message, start, self.at));
        }
        if self.peek() == Some('.') {
            self.at += 1;
            self.digit_next("Decimal point not followed by a digit")?;
            self.digits();
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some('+' | '-')));
            self.digit_next("Exponent indicator not followed by a digit")?;
            self.digits();
        }
        self.after_number(start, container)
    }

    fn after_number(&mut self, start: usize, container: Container) -> Result<Number, Fault> {
        if let (Container::Root, Some(odd)) = (container, self.peek())
            && !matches!(odd, ' ' | '\t' | '\n' | '\r')
        {
            return Err(self.unexpected(odd, "Expected space separating root-level values"));
        }
        let digits = self.text.get(start..self.at).unwrap_or("");
        serde_json::from_str(digits).map_err(|_too_big| {
            let message = format!("Numeric value ({digits}) out of range of double");
            Fault::new(FaultKind::Syntax, message, start, self.at)
        })
    }

    fn digit_next(&self, expected: &str) -> Result<(), Fault> {
        match self.peek() {
            Some('0'..='9') => Ok(()),
            Some(odd) => Err(self.unexpected_in_number(odd, expected)),
            None => Err(self.at_end("Unexpected end-of-input in a Number value")),
        }
    }

    fn digits(&mut self) -> usize {
        let rest = self.text.get(self.at..).unwrap_or("");
        let count = rest.bytes().take_while(u8::is_ascii_digit).count();
        self.at += count;
        count
    }
}
