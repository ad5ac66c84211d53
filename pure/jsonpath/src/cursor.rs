//! A position in a text.

use crate::PathError;

/// Walks over `text` character by character, knowing the byte offset.
pub(crate) struct Cursor<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(crate) fn new(text: &'t str) -> Cursor<'t> {
        Cursor { text, at: 0 }
    }

    pub(crate) fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    pub(crate) fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    pub(crate) fn bump(&mut self) -> Option<char> {
        let next = self.peek()?;
        self.at += next.len_utf8();
        Some(next)
    }

    /// Goes on if the text does so with `expected`.
    pub(crate) fn eat(&mut self, expected: &str) -> bool {
        let eaten = self.rest().starts_with(expected);
        if eaten {
            self.at += expected.len();
        }
        eaten
    }

    pub(crate) fn expect(&mut self, expected: &str) -> Result<(), PathError> {
        if self.eat(expected) {
            return Ok(());
        }
        Err(self.error(format!("expected `{expected}`")))
    }

    /// The text as far as `accepts` goes.
    pub(crate) fn take_while(&mut self, accepts: impl Fn(char) -> bool) -> &'t str {
        let rest = self.rest();
        let length = rest.find(|next| !accepts(next)).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or("")
    }

    pub(crate) fn skip_blanks(&mut self) {
        self.take_while(|next| matches!(next, ' ' | '\t' | '\n' | '\r'));
    }

    pub(crate) fn error(&self, message: impl Into<String>) -> PathError {
        PathError { offset: self.at, message: message.into() }
    }
}
