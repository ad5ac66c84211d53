//! Text to tokens, one at a time: whether a `/` divides or opens a pattern depends on what stands
//! before it.

use std::borrow::Cow;

/// A token and where it begins, in bytes.
#[derive(Clone, Debug)]
pub(super) struct Token<'t> {
    pub(super) at: usize,
    pub(super) kind: Lexeme<'t>,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Lexeme<'t> {
    End,
    Sign(&'static str),
    Name(&'t str),
    /// A name in backquotes, which is no word of the language whatever it says.
    Quoted(&'t str),
    /// Without its `$`.
    Variable(&'t str),
    Number(f64),
    Text(Cow<'t, str>),
    True,
    False,
    Null,
    Pattern {
        pattern: &'t str,
        flags: &'t str,
    },
}

pub(super) struct Tokens<'t> {
    text: &'t str,
    pub(super) at: usize,
}

/// Two characters before one.
const SIGNS: &[&str] = &[
    "..", ":=", "!=", ">=", "<=", "**", "~>", "?:", "??", ".", "[", "]", "{", "}", "(", ")", ",",
    "@", "#", ";", ":", "?", "+", "-", "*", "/", "%", "|", "=", "<", ">", "^", "&", "!", "~",
];

impl Lexeme<'_> {
    /// As the messages quote it.
    pub(super) fn shown(&self) -> String {
        let text = match self {
            Lexeme::End => "(end)",
            Lexeme::Sign(sign) => sign,
            Lexeme::Name(name) | Lexeme::Quoted(name) | Lexeme::Variable(name) => name,
            Lexeme::Text(text) => text,
            Lexeme::Number(number) => return crate::text::number(*number),
            Lexeme::True => return "true".to_owned(),
            Lexeme::False => return "false".to_owned(),
            Lexeme::Null => return "null".to_owned(),
            Lexeme::Pattern { .. } => return "{}".to_owned(),
        };
        serde_json::Value::from(text).to_string()
    }
}

impl<'t> Tokens<'t> {
    pub(super) fn new(text: &'t str) -> Tokens<'t> {
        Tokens { text, at: 0 }
    }

    fn rest(&self) -> &'t str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// The next token, where an operator may stand or where an operand must.
    pub(super) fn next(&mut self, after_operand: bool) -> Result<Token<'t>, String> {
        self.skip()?;
        let (at, rest) = (self.at, self.rest());
        let Some(first) = rest.chars().next() else {
            return Ok(Token { at, kind: Lexeme::End });
        };
        let kind = match first {
            '/' if !after_operand => self.pattern()?,
            '"' | '\'' => self.quoted(first)?,
            '`' => self.backquoted()?,
            '0'..='9' => self.number()?,
            _ => match SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
                Some(sign) => {
                    self.at += sign.len();
                    Lexeme::Sign(sign)
                }
                None => self.name(),
            },
        };
        Ok(Token { at, kind })
    }

    /// Blanks and comments.
    fn skip(&mut self) -> Result<(), String> {
        loop {
            let rest = self.rest();
            let blank =
                rest.len() - rest.trim_start_matches([' ', '\t', '\n', '\r', '\u{b}']).len();
            self.at += blank;
            let Some(comment) = self.rest().strip_prefix("/*") else { return Ok(()) };
            let end = comment.find("*/").ok_or("Comment has no closing tag")?;
            self.at += end + 4;
        }
    }

    fn name(&mut self) -> Lexeme<'t> {
        let rest = self.rest();
        let ends = |c: char| " \t\n\r\u{b}.[]{}(),@#;:?+-*/%|=<>^&!~".contains(c);
        let end = rest.find(ends).unwrap_or(rest.len());
        self.at += end;
        let name = rest.get(..end).unwrap_or("");
        match name {
            "and" => Lexeme::Sign("and"),
            "or" => Lexeme::Sign("or"),
            "in" => Lexeme::Sign("in"),
            "true" => Lexeme::True,
            "false" => Lexeme::False,
            "null" => Lexeme::Null,
            _ => match name.strip_prefix('$') {
                Some(variable) => Lexeme::Variable(variable),
                None => Lexeme::Name(name),
            },
        }
    }

    fn number(&mut self) -> Result<Lexeme<'t>, String> {
        let rest = self.rest();
        let length = number_length(rest);
        let text = rest.get(..length).unwrap_or("");
        self.at += length;
        match text.parse::<f64>() {
            Ok(number) if number.is_finite() => Ok(Lexeme::Number(number)),
            _ => Err(format!("Number out of range: \"{text}\"")),
        }
    }

    fn backquoted(&mut self) -> Result<Lexeme<'t>, String> {
        let rest = self.rest().get(1..).unwrap_or("");
        let Some(end) = rest.find('`') else {
            return Err("Quoted property name must be terminated with a backquote (`)".to_owned());
        };
        self.at += end + 2;
        Ok(Lexeme::Quoted(rest.get(..end).unwrap_or("")))
    }

    fn quoted(&mut self, quote: char) -> Result<Lexeme<'t>, String> {
        let rest = self.rest().get(1..).unwrap_or("");
        let unended = || "String literal must be terminated by a matching quote".to_owned();
        let stop = rest.find([quote, '\\']).ok_or_else(unended)?;
        if rest.get(stop..).is_some_and(|stop| stop.starts_with(quote)) {
            self.at += stop + 2;
            return Ok(Lexeme::Text(Cow::Borrowed(rest.get(..stop).unwrap_or(""))));
        }
        let mut text = String::new();
        let mut chars = rest.char_indices();
        while let Some((at, next)) = chars.next() {
            match next {
                '\\' => {
                    let (_, escape) = chars.next().ok_or_else(unended)?;
                    match escape {
                        'u' => text.push(unicode(&mut chars)?),
                        other => text.push(escaped(other)?),
                    }
                }
                _ if next == quote => {
                    self.at += at + 2;
                    return Ok(Lexeme::Text(Cow::Owned(text)));
                }
                other => text.push(other),
            }
        }
        Err(unended())
    }

    fn pattern(&mut self) -> Result<Lexeme<'t>, String> {
        let rest = self.rest().get(1..).unwrap_or("");
        let (mut depth, mut escaped, mut end) = (0_i32, false, None);
        for (at, next) in rest.char_indices() {
            match next {
                _ if escaped => {
                    escaped = false;
                    continue;
                }
                '\\' => escaped = true,
                '/' if depth == 0 => {
                    end = Some(at);
                    break;
                }
                '(' | '[' | '{' => depth += 1,
                ')' | ']' | '}' => depth -= 1,
                _ => {}
            }
        }
        let end = end.ok_or("No terminating / in regular expression")?;
        if end == 0 {
            return Err("Empty regular expressions are not allowed".to_owned());
        }
        let after = rest.get(end + 1..).unwrap_or("");
        let flags = after.len() - after.trim_start_matches(['i', 'm']).len();
        self.at += end + 2 + flags;
        Ok(Lexeme::Pattern {
            pattern: rest.get(..end).unwrap_or(""),
            flags: after.get(..flags).unwrap_or(""),
        })
    }

    /// The text of a function's signature from its `<` on, which the parser has just seen.
    pub(super) fn signature(&mut self, from: usize) -> &'t str {
        let rest = self.text.get(from..).unwrap_or("");
        let mut depth = 0;
        for (at, next) in rest.char_indices() {
            match next {
                '<' => depth += 1,
                '>' => depth -= 1,
                '{' => depth = 0,
                _ => {}
            }
            if depth == 0 {
                let end = at + usize::from(next == '>');
                self.at = from + end;
                return rest.get(..end).unwrap_or("");
            }
        }
        self.at = self.text.len();
        rest
    }
}

/// The length of the number at the start of `text`, as JSON writes numbers.
fn number_length(text: &str) -> usize {
    let digits = |from: usize| {
        let rest = text.get(from..).unwrap_or("");
        rest.len() - rest.trim_start_matches(|digit: char| digit.is_ascii_digit()).len()
    };
    let has = |at: usize, marks: &[u8]| text.as_bytes().get(at).is_some_and(|b| marks.contains(b));
    let mut length = if text.starts_with('0') { 1 } else { digits(0) };
    if has(length, b".") && digits(length + 1) > 0 {
        length += 1 + digits(length + 1);
    }
    if has(length, b"eE") {
        let sign = usize::from(has(length + 1, b"+-"));
        let exponent = digits(length + 1 + sign);
        if exponent > 0 {
            length += 1 + sign + exponent;
        }
    }
    length
}

fn escaped(escape: char) -> Result<char, String> {
    Ok(match escape {
        '"' | '\\' | '/' | '\'' => escape,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        other => {
            return Err(format!(
                "Unsupported escape sequence: \\{}",
                serde_json::Value::from(other.to_string())
            ));
        }
    })
}

/// Behind `\u`; half of a surrogate pair that has no other half is replaced.
fn unicode(chars: &mut std::str::CharIndices<'_>) -> Result<char, String> {
    let high = unit(chars)?;
    if !(0xD800..0xDC00).contains(&high) {
        return Ok(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
    }
    if let Some(rest) = chars.as_str().strip_prefix("\\u") {
        let low = rest.get(..4).and_then(|digits| u32::from_str_radix(digits, 16).ok());
        if let Some(low) = low.filter(|low| (0xDC00..0xE000).contains(low)) {
            chars.by_ref().take(6).for_each(drop);
            let code = 0x1_0000 + ((high - 0xD800) << 10) + (low - 0xDC00);
            return Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
    }
    Ok(char::REPLACEMENT_CHARACTER)
}

fn unit(chars: &mut std::str::CharIndices<'_>) -> Result<u32, String> {
    let digits: String = chars.by_ref().take(4).map(|(_, digit)| digit).collect();
    let is_hex = digits.len() == 4 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let code = is_hex.then(|| u32::from_str_radix(&digits, 16).ok()).flatten();
    code.ok_or_else(|| "The escape sequence \\u must be followed by 4 hex digits".to_owned())
}
