//! What editors tolerate and AWS refuses: comments and commas before a closing bracket. Each is a
//! finding; blanked out, the rest can be checked too.

use asl::document::Span;

/// Something that is no JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Liberty {
    pub(crate) kind: Kind,
    pub(crate) span: Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Comment,
    Comma,
}

/// The text with every liberty made blank, places unchanged, and the liberties.
pub(crate) fn strict(text: &str) -> (String, Vec<Liberty>) {
    let liberties = liberties(text);
    let mut bytes = text.as_bytes().to_vec();
    for liberty in &liberties {
        let stretch = liberty.span.start..liberty.span.start + liberty.span.length;
        for byte in bytes.get_mut(stretch).into_iter().flatten() {
            if !matches!(byte, b'\n' | b'\r') {
                *byte = b' ';
            }
        }
    }
    // Blanks replace whole characters, so that the text stays UTF-8.
    let strict = String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned());
    (strict, liberties)
}

fn liberties(text: &str) -> Vec<Liberty> {
    let mut found = Vec::new();
    let mut comma: Option<usize> = None;
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let length = if rest.starts_with('"') {
            comma = None;
            string_length(rest)
        } else if let Some(length) = comment_length(rest) {
            found.push(Liberty { kind: Kind::Comment, span: Span { start: at, length } });
            length
        } else {
            let letter = rest.chars().next().unwrap_or(' ');
            match letter {
                ',' => comma = Some(at),
                ']' | '}' => {
                    if let Some(start) = comma.take() {
                        let span = Span { start, length: 1 };
                        found.push(Liberty { kind: Kind::Comma, span });
                    }
                }
                _ if letter.is_whitespace() => {}
                _ => comma = None,
            }
            letter.len_utf8()
        };
        at += length;
    }
    found
}

fn string_length(rest: &str) -> usize {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

fn comment_length(rest: &str) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    let inner = rest.strip_prefix("/*")?;
    Some(inner.find("*/").map_or(rest.len(), |end| end + 4))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn liberties_become_blank() {
        let text = "{ // é\n \"a\": \"// not, }\", /* x\n */ \"b\": [1, ],\n}";
        let (strict, liberties) = strict(text);
        assert_eq!(strict.len(), text.len());
        let value: serde_json::Value = serde_json::from_str(&strict).expect("JSON now");
        assert_eq!(value, serde_json::json!({ "a": "// not, }", "b": [1] }));
        let kinds: Vec<_> = liberties.iter().map(|liberty| liberty.kind).collect();
        assert_eq!(kinds, [Kind::Comment, Kind::Comment, Kind::Comma, Kind::Comma]);
        assert!(super::strict("{\"a\": [1, 2], \"b\": {}}").1.is_empty());
    }
}
