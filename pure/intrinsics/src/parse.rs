//! Text to call. Blanks between tokens do not matter.

use jsonpath::Path;
use serde_json::{Number, Value};

use crate::function::Function;
use crate::{Argument, CALL_BYTES_MAX, Call, NESTED_MAX, Node, ParseError};

pub(crate) fn call(text: &str) -> Result<Call, ParseError> {
    let mut parser = Parser { text, at: 0 };
    if text.len() > CALL_BYTES_MAX {
        return Err(parser.error(format!("longer than {CALL_BYTES_MAX} bytes")));
    }
    let node = parser.node(0)?;
    parser.skip_blanks();
    match parser.peek() {
        None => Ok(Call { text: text.to_owned(), node }),
        Some(next) => Err(parser.error(format!("unexpected `{next}`"))),
    }
}

struct Parser<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Parser<'t> {
    /// A call; `depth` calls are open around it.
    fn node(&mut self, depth: usize) -> Result<Node, ParseError> {
        if depth > NESTED_MAX {
            return Err(self.error(format!("nested deeper than {NESTED_MAX} levels")));
        }
        if !self.eat("States.") {
            return Err(self.error("expected `States.`"));
        }
        let unknown = self.error("no such function");
        let name = self.take_while(|next| next.is_ascii_alphanumeric());
        let function = Function::named(name).ok_or(unknown)?;
        self.skip_blanks();
        self.expect('(')?;
        self.skip_blanks();
        let mut arguments = Vec::new();
        if self.eat(")") {
            return Ok(Node { function, arguments });
        }
        loop {
            self.skip_blanks();
            arguments.push(self.argument(depth)?);
            self.skip_blanks();
            if self.eat(")") {
                return Ok(Node { function, arguments });
            }
            if !self.eat(",") {
                return Err(self.error("expected `,` or `)`"));
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, ParseError> {
        match self.peek() {
            Some('\'') => self.string(),
            Some('$') => self.path().map(Argument::Path),
            Some('S') => self.node(depth + 1).map(Argument::Call),
            _ => self.literal().map(Argument::Literal),
        }
    }

    /// A string in single quotes (SFN-INTR-2). A line break may stand in it, as in the recorded
    /// `States.StringSplit('Hello⏎World', '⏎')`.
    fn string(&mut self) -> Result<Argument, ParseError> {
        let unterminated = self.error("the string has no end");
        self.expect('\'')?;
        let start = self.at;
        let mut text = String::new();
        loop {
            let before = self.at;
            match self.bump() {
                None => return Err(unterminated),
                Some('\'') => {
                    let written = self.text.get(start..before).unwrap_or("").to_owned();
                    return Ok(Argument::Text { text, written });
                }
                Some('\\') => match self.bump() {
                    Some(next @ ('\'' | '{' | '}' | '\\')) => text.push(next),
                    _ => return Err(ParseError { offset: before, ..self.error("unknown escape") }),
                },
                Some(next) => text.push(next),
            }
        }
    }

    fn path(&mut self) -> Result<Path, ParseError> {
        let start = self.at;
        let length = path_length(self.rest());
        let text = self.rest().get(..length).unwrap_or("");
        self.at += length;
        Path::parse(text)
            .map_err(|error| ParseError { offset: start + error.offset, message: error.message })
    }

    fn literal(&mut self) -> Result<Value, ParseError> {
        let at = self.error("expected an argument");
        match self.take_while(|next| next.is_ascii_alphanumeric() || "+-.".contains(next)) {
            "true" => Ok(Value::Bool(true)),
            "false" => Ok(Value::Bool(false)),
            "null" => Ok(Value::Null),
            word => number(word).map(Value::Number).ok_or(at),
        }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    fn eat(&mut self, expected: &str) -> bool {
        let eaten = self.rest().starts_with(expected);
        if eaten {
            self.at += expected.len();
        }
        eaten
    }

    fn expect(&mut self, expected: char) -> Result<(), ParseError> {
        if self.peek() != Some(expected) {
            return Err(self.error(format!("expected `{expected}`")));
        }
        self.bump();
        Ok(())
    }

    fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|next| !accepts(next)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    fn skip_blanks(&mut self) {
        self.take_while(|next| matches!(next, ' ' | '\t' | '\n' | '\r'));
    }

    fn error(&self, message: impl Into<String>) -> ParseError {
        ParseError { offset: self.at, message: message.into() }
    }
}

/// How far a path goes: to a comma, blank or closing parenthesis outside its own brackets.
fn path_length(text: &str) -> usize {
    let (mut open, mut quote, mut escaped) = (0_usize, None, false);
    for (at, next) in text.char_indices() {
        match (quote, next) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(mark), _) if next == mark => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') if open > 0 => quote = Some(next),
            (None, '[' | '(') => open += 1,
            (None, ']' | ')') if open > 0 => open -= 1,
            (None, ',' | ')' | ' ' | '\t' | '\n' | '\r') if open == 0 => return at,
            (None, _) => {}
        }
    }
    text.len()
}

/// A JSON number; `-0` is the integer zero, as Java has it.
pub(crate) fn number(word: &str) -> Option<Number> {
    let is_number = word.starts_with(|first: char| first.is_ascii_digit() || first == '-');
    match word.parse::<i64>() {
        Ok(_) if !is_number => None,
        // Leading zeros are no JSON; the parser below refuses them.
        Ok(0) if word == "-0" => Some(0.into()),
        _ => serde_json::from_str(word).ok(),
    }
}
