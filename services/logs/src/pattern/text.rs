//! A pattern's text, read from its front.

use super::InvalidPattern;

#[derive(Clone)]
pub(super) struct Text<'a> {
    rest: &'a str,
}

impl<'a> Text<'a> {
    pub(super) fn new(text: &'a str) -> Text<'a> {
        Text { rest: text }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    pub(super) fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    /// Whether this came next; then it is gone.
    pub(super) fn take(&mut self, wanted: &str) -> bool {
        match self.rest.strip_prefix(wanted) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    pub(super) fn require(&mut self, wanted: &str) -> Result<(), InvalidPattern> {
        if self.take(wanted) { Ok(()) } else { Err(InvalidPattern) }
    }

    /// Whether this word came next, in any case.
    pub(super) fn take_word(&mut self, wanted: &str) -> bool {
        let head = self.rest.get(..wanted.len());
        let after = self.rest.get(wanted.len()..).unwrap_or_default();
        let is_whole = !after.starts_with(|char: char| char.is_alphanumeric());
        let found = is_whole && head.is_some_and(|head| head.eq_ignore_ascii_case(wanted));
        if found {
            self.rest = after;
        }
        found
    }

    /// Everything up to the first character that does not belong.
    pub(super) fn take_while(&mut self, belongs: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|char| !belongs(char)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at_checked(end).unwrap_or((self.rest, ""));
        self.rest = rest;
        taken
    }

    /// What stands before `quote`, which was opened already; a backslash keeps the next character.
    pub(super) fn take_quoted(&mut self, quote: char) -> Result<String, InvalidPattern> {
        let mut text = String::new();
        let mut chars = self.rest.chars();
        while let Some(char) = chars.next() {
            match char {
                '\\' if quote != '%' => text.push(chars.next().ok_or(InvalidPattern)?),
                _ if char == quote => {
                    self.rest = chars.as_str();
                    return Ok(text);
                }
                _ => text.push(char),
            }
        }
        Err(InvalidPattern)
    }
}
