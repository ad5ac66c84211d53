//! Regular expressions, compiled with the expression they stand in. They are matched in linear
//! time, so what needs more (looking around, referring back) is refused.

use regex::{Regex, RegexBuilder};

/// Most memory of one pattern, by what sixteen bytes of text cost it at worst: the steps of a
/// search grow with the pattern.
const SIZES: &[(usize, u64)] =
    &[(4 * 1024, 8), (16 * 1024, 32), (64 * 1024, 128), (256 * 1024, 512)];

/// Nesting of a pattern.
const NESTING_MAX: u32 = 50;

#[derive(Debug)]
pub(crate) struct Pattern {
    pub(crate) regex: Regex,
    weight: u64,
    /// Whether a match may look at all of the text, however short it is in the end.
    looks_far: bool,
}

impl Pattern {
    pub(crate) fn parse(pattern: &str, flags: &str) -> Result<Pattern, String> {
        let translated = translated(pattern);
        let looks_far = pattern.contains(['*', '+', '{']);
        let mut failed = None;
        for (size, weight) in SIZES {
            let regex = RegexBuilder::new(&translated)
                .case_insensitive(flags.contains('i'))
                .multi_line(flags.contains('m'))
                .size_limit(*size)
                .dfa_size_limit(256 * 1024)
                .nest_limit(NESTING_MAX)
                .build();
            match regex {
                Ok(regex) => return Ok(Pattern { regex, weight: *weight, looks_far }),
                Err(regex::Error::CompiledTooBig(_)) => failed = Some("it is too large".to_owned()),
                Err(error) => {
                    let error = error.to_string();
                    let last = error.lines().last().unwrap_or("");
                    failed = Some(last.trim_start_matches("error: ").to_owned());
                    break;
                }
            }
        }
        let failed = failed.unwrap_or_default();
        Err(format!("Unsupported regular expression /{pattern}/: {failed}"))
    }

    /// The steps of a search that went through so many bytes, with so many left.
    pub(crate) fn steps(&self, bytes: usize, left: usize) -> u64 {
        let far = if self.looks_far { left / 32 } else { 0 };
        1 + ((bytes + far) as u64).saturating_mul(self.weight) / 16
    }
}

/// The pattern in the syntax of the library: classes are those of ASCII, brackets and braces that
/// mean themselves are escaped.
fn translated(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len() + 8);
    let mut rest = pattern;
    let mut in_class = false;
    while let Some(next) = rest.chars().next() {
        let mut length = next.len_utf8();
        match next {
            '\\' => length = escape(rest, in_class, &mut out),
            '[' if in_class => out.push_str("\\["),
            '[' => {
                in_class = true;
                match rest {
                    _ if rest.starts_with("[^]") => {
                        (in_class, length) = (false, 3);
                        out.push_str("[\\s\\S]");
                    }
                    _ if rest.starts_with("[^") => {
                        length = 2;
                        out.push_str("[^");
                    }
                    _ => out.push('['),
                }
            }
            ']' if in_class => {
                in_class = false;
                out.push(']');
            }
            '&' | '~' if in_class => {
                out.push('\\');
                out.push(next);
            }
            '-' if in_class && rest.starts_with("--") => out.push_str("\\-"),
            '{' if !in_class && !is_count(rest) => out.push_str("\\{"),
            other => out.push(other),
        }
        rest = rest.get(length..).unwrap_or("");
    }
    out
}

/// Writes the escape at the start of `rest`, and gives its length.
fn escape(rest: &str, in_class: bool, out: &mut String) -> usize {
    let Some(letter) = rest.chars().nth(1) else {
        out.push_str("\\\\");
        return 1;
    };
    let known = match (letter, in_class) {
        ('d', true) => "0-9",
        ('d', false) => "[0-9]",
        ('D', _) => "[^0-9]",
        ('w', true) => "0-9A-Za-z_",
        ('w', false) => "[0-9A-Za-z_]",
        ('W', _) => "[^0-9A-Za-z_]",
        ('b', true) => "\\x08",
        ('b', false) => "(?-u:\\b)",
        ('B', false) => "(?-u:\\B)",
        _ => "",
    };
    if !known.is_empty() {
        out.push_str(known);
        return 2;
    }
    let is_known =
        !letter.is_ascii_alphanumeric() && letter.is_ascii() && letter != '<' && letter != '>'
            || "sSnrtfvxupPk0123456789".contains(letter);
    if is_known {
        out.push('\\');
    }
    out.push(letter);
    1 + letter.len_utf8()
}

/// Whether a repetition starts here: `{2}`, `{2,}`, `{2,3}`.
fn is_count(rest: &str) -> bool {
    let Some((inside, _)) = rest.get(1..).and_then(|rest| rest.split_once('}')) else {
        return false;
    };
    let (least, most) = inside.split_once(',').unwrap_or((inside, ""));
    let is_number = |text: &str| text.bytes().all(|digit| digit.is_ascii_digit());
    !least.is_empty() && is_number(least) && is_number(most)
}
