//! Jackson's words for what is no JSON.

use super::{Container, Reader};
use crate::read::NESTING_MAX;
use crate::read::tree::{Shape, Span};

/// Why a text is no JSON.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    /// Without the `at [Source: …]` that AWS adds in some places.
    pub(crate) message: String,
    /// The offending part.
    pub(crate) span: Span,
    /// How far the reader had come; Jackson's line and column are counted here.
    at: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    /// Nothing but blanks.
    Empty,
    Syntax,
    TooDeep,
}

const VALUES: &str = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')";

/// How many characters of an unknown token are shown.
const TOKEN_SHOWN_MAX: usize = 256;
/// How many UTF-16 units of the source are shown.
const SOURCE_SHOWN_MAX: usize = 500;

impl Fault {
    pub(super) fn new(
        kind: FaultKind,
        message: impl Into<String>,
        start: usize,
        at: usize,
    ) -> Self {
        let span = Span { start, length: at.saturating_sub(start) };
        Fault { kind, message: message.into(), span, at }
    }

    /// Line and column as Jackson counts them: from 1, columns in UTF-16 units.
    pub(crate) fn line_and_column(&self, text: &str) -> (usize, usize) {
        line_and_column(text, self.at)
    }

    /// `[Source: (String)"…"; line: 1, column: 4]`
    pub(crate) fn source_location(&self, text: &str) -> String {
        source_location(text, self.at)
    }
}

fn line_and_column(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line_start = before.rfind(['\n', '\r']).map_or(0, |end| end + 1);
    let breaks = before.replace("\r\n", "\n").matches(['\n', '\r']).count();
    let column = before.get(line_start..).unwrap_or("").encode_utf16().count();
    (breaks + 1, column + 1)
}

fn source_location(text: &str, at: usize) -> String {
    let (line, column) = line_and_column(text, at);
    format!("[Source: {}; line: {line}, column: {column}]", quoted_source(text))
}

/// The source as Jackson shows it, cut after 500 characters.
fn quoted_source(text: &str) -> String {
    let mut shown = String::new();
    let mut units = 0;
    for character in text.chars() {
        if units + character.len_utf16() > SOURCE_SHOWN_MAX {
            let left = text.encode_utf16().count() - units;
            return format!("(String)\"{shown}\"[truncated {left} chars]");
        }
        units += character.len_utf16();
        shown.push(character);
    }
    format!("(String)\"{shown}\"")
}

/// Jackson's name of the token that a value starts with.
pub(super) fn token_type(shape: &Shape) -> &'static str {
    match shape {
        Shape::Null => "VALUE_NULL",
        Shape::Bool(true) => "VALUE_TRUE",
        Shape::Bool(false) => "VALUE_FALSE",
        Shape::Number(number) if number.is_f64() => "VALUE_NUMBER_FLOAT",
        Shape::Number(_) => "VALUE_NUMBER_INT",
        Shape::Text(_) => "VALUE_STRING",
        Shape::Array(_) => "START_ARRAY",
        Shape::Object(_) => "START_OBJECT",
    }
}

/// A character as Jackson names it.
pub(super) fn describe(odd: char) -> String {
    let code = u32::from(odd);
    if odd.is_control() {
        format!("(CTRL-CHAR, code {code})")
    } else if code > 255 {
        format!("'{odd}' (code {code} / 0x{code:x})")
    } else {
        format!("'{odd}' (code {code})")
    }
}

/// Whether a word of JSON goes on with `part`.
pub(super) fn is_word_part(part: char) -> bool {
    part.is_alphanumeric() || matches!(part, '$' | '_')
}

impl Reader<'_> {
    pub(super) fn unexpected(&self, odd: char, expected: &str) -> Fault {
        self.after(odd, format!("Unexpected character ({}): {expected}", describe(odd)))
    }

    pub(super) fn unexpected_in_number(&self, odd: char, expected: &str) -> Fault {
        let odd_text = describe(odd);
        self.after(odd, format!("Unexpected character ({odd_text}) in numeric value: {expected}"))
    }

    /// A fault whose reader has just taken `odd`.
    pub(super) fn after(&self, odd: char, message: String) -> Fault {
        Fault::new(FaultKind::Syntax, message, self.at, self.at + odd.len_utf8())
    }

    pub(super) fn odd_blank(&self, odd: char) -> Fault {
        let message = format!(
            "Illegal character ({}): only regular white space (\\r, \\n, \\t) is allowed between \
             tokens",
            describe(odd)
        );
        self.after(odd, message)
    }

    /// What starts here is no value.
    pub(super) fn odd_value(&self, odd: char, container: Container) -> Fault {
        match (odd, container) {
            (']' | '}', Container::Root) => self.wrong_closer(odd, container),
            ('}', _) => self.unexpected(odd, "expected a value"),
            ('+', _) => self.unexpected_in_number(
                odd,
                "JSON spec does not allow numbers to have plus signs: enable \
                 `JsonReadFeature.ALLOW_LEADING_PLUS_SIGN_FOR_NUMBERS` to allow",
            ),
            _ if is_word_part(odd) => self.unknown_token(self.at),
            _ => self.unexpected(odd, &format!("expected a valid value {VALUES}")),
        }
    }

    /// The word that starts at `start` is none of JSON's.
    pub(super) fn unknown_token(&self, start: usize) -> Fault {
        let rest = self.text.get(start..).unwrap_or("");
        let word: String =
            rest.chars().take_while(|part| is_word_part(*part)).take(TOKEN_SHOWN_MAX).collect();
        let at = start + word.len();
        if matches!(word.as_str(), "NaN" | "Infinity") {
            let message = format!(
                "Non-standard token '{word}': enable `JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS` \
                 to allow"
            );
            return Fault::new(FaultKind::Syntax, message, start, at);
        }
        let more = if word.chars().count() == TOKEN_SHOWN_MAX { "..." } else { "" };
        let message = format!("Unrecognized token '{word}{more}': was expecting {VALUES}");
        Fault::new(FaultKind::Syntax, message, start, at)
    }

    /// The text ends inside a container, after a value or its opening bracket.
    pub(super) fn never_closed(&self, container: Container) -> Fault {
        let (kind, start) = container.kind_and_start();
        let opened = source_location(self.text, start);
        self.at_end(format!(
            "Unexpected end-of-input: expected close marker for {kind} (start marker at {opened})"
        ))
    }

    /// The text ends where an entry should go on.
    pub(super) fn ends_between(&self, container: Container) -> Fault {
        let (kind, _) = container.kind_and_start();
        self.at_end(format!("Unexpected end-of-input within/between {kind} entries"))
    }

    pub(super) fn at_end(&self, message: impl Into<String>) -> Fault {
        let end = self.text.len();
        Fault::new(FaultKind::Syntax, message, end, end)
    }

    pub(super) fn wrong_closer(&self, odd: char, container: Container) -> Fault {
        let (kind, start) = container.kind_and_start();
        let expected = if odd == ']' { '}' } else { ']' };
        let opened = source_location(self.text, start);
        let message = format!(
            "Unexpected close marker '{odd}': expected '{expected}' (for {kind} starting at \
             {opened})"
        );
        self.after(odd, message)
    }

    pub(super) fn too_deep(&self) -> Fault {
        let message = format!(
            "Document nesting depth ({}) exceeds the maximum allowed ({NESTING_MAX}, from \
             `StreamReadConstraints.getMaxNestingDepth()`)",
            self.depth
        );
        Fault::new(FaultKind::TooDeep, message, self.at, self.at + 1)
    }
}

impl Container {
    fn kind_and_start(self) -> (&'static str, usize) {
        match self {
            Container::Root => ("root", 0),
            Container::Array(start) => ("Array", start),
            Container::Object(start) => ("Object", start),
        }
    }
}
