//! Bytes to what a body needs: lines of text that people can read, and choices made by letters.

use serde_json::Value;

/// The first line, and what is after it.
pub(crate) fn line(text: &str) -> (&str, &str) {
    text.split_once('\n').unwrap_or((text, ""))
}

/// The first line of bytes, and what is after it.
pub(crate) fn byte_line(data: &[u8]) -> (&[u8], &[u8]) {
    match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => (data.get(..end).unwrap_or_default(), data.get(end + 1..).unwrap_or_default()),
        None => (data, &[]),
    }
}

/// A value, or another one where the text is none.
pub(crate) fn value_or(text: &str, otherwise: impl FnOnce() -> Value) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| otherwise())
}

/// Decisions, one after the other; all are 0 once the bytes are used up.
pub(crate) struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Choices<'a> {
        Choices { bytes }
    }

    pub(crate) fn byte(&mut self) -> u8 {
        match self.bytes.split_first() {
            Some((byte, rest)) => {
                self.bytes = rest;
                *byte
            }
            None => 0,
        }
    }

    /// A number below `bound`; digits stand for themselves, so that seeds can be read.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let byte = self.byte();
        let number = if byte.is_ascii_digit() { byte - b'0' } else { byte };
        usize::from(number) % bound.max(1)
    }

    pub(crate) fn one_in(&mut self, bound: usize) -> bool {
        self.below(bound) == bound - 1
    }

    pub(crate) fn of<T: Copy>(&mut self, offered: &[T]) -> Option<T> {
        offered.get(self.below(offered.len())).copied()
    }

    pub(crate) fn are_over(&self) -> bool {
        self.bytes.is_empty()
    }
}
