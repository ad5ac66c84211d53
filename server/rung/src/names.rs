//! Names in definitions and environments, `${functions.charge-card.arn}`, and what they stand for.

use std::collections::BTreeMap;

use crate::folder::listed;
use crate::trouble::Trouble;

/// What may be named, and its text.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    values: BTreeMap<String, String>,
}

/// A name that stands for nothing, with its place in the text; both from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unknown {
    pub(crate) name: String,
    pub(crate) line: usize,
    pub(crate) column: usize,
}

impl Names {
    pub(crate) fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.values.insert(name.into(), value.into());
    }

    /// Every name that may be written, in order.
    pub(crate) fn known(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The text with every `${name}` replaced; `$${` stays as `${`.
    pub(crate) fn fill(&self, text: &str) -> Result<String, Vec<Unknown>> {
        let mut filled = String::with_capacity(text.len());
        let mut unknown = Vec::new();
        let mut rest = text;
        while let Some(at) = rest.find("${") {
            let (before, from) = rest.split_at(at);
            if let Some(escaped) = before.strip_suffix('$') {
                filled.push_str(escaped);
                filled.push_str("${");
                rest = from.get(2..).unwrap_or("");
                continue;
            }
            filled.push_str(before);
            let Some((name, after)) = from.get(2..).and_then(|inner| inner.split_once('}')) else {
                filled.push_str(from);
                rest = "";
                break;
            };
            match self.get(name) {
                Some(value) => filled.push_str(value),
                None => unknown.push(place(text, text.len() - from.len(), name)),
            }
            rest = after;
        }
        filled.push_str(rest);
        if unknown.is_empty() { Ok(filled) } else { Err(unknown) }
    }
}

impl Names {
    /// A text of the configuration with its names filled in.
    pub(crate) fn fill_configured(&self, text: &str) -> Result<String, Trouble> {
        self.fill(text).map_err(|unknown| {
            let wrong = listed(unknown.iter().map(|unknown| format!("${{{}}}", unknown.name)));
            let known = listed(self.known().map(|name| format!("${{{name}}}")));
            Trouble::new(format!("the configuration names {wrong}, which is nothing here"))
                .remedy(format!("known are {known}"))
        })
    }

    /// What a name stands for.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }
}

fn place(text: &str, offset: usize, name: &str) -> Unknown {
    let before = text.get(..offset).unwrap_or("");
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    let column = before.get(line_start..).unwrap_or("").chars().count() + 1;
    Unknown { name: name.to_owned(), line: before.matches('\n').count() + 1, column }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names() -> Names {
        let mut names = Names::default();
        names.insert("functions.a-b.arn", "arn:a");
        names.insert("Region", "r");
        names
    }

    #[test]
    fn fills_known_names() {
        for (text, expected) in [
            ("plain", "plain"),
            ("\"${functions.a-b.arn}\" in ${Region}", "\"arn:a\" in r"),
            ("$.path and $$.context", "$.path and $$.context"),
            ("kept $${Region}", "kept ${Region}"),
            ("open ${Region", "open ${Region"),
            ("${Region}${Region}", "rr"),
        ] {
            assert_eq!(names().fill(text).expect(text), expected);
        }
    }

    #[test]
    fn unknown_names_have_a_place() {
        let unknown = names().fill("one\ntwo ${Regoin} ${x}\n").expect_err("two are unknown");
        assert_eq!(unknown[0], Unknown { name: "Regoin".to_owned(), line: 2, column: 5 });
        assert_eq!(unknown[1], Unknown { name: "x".to_owned(), line: 2, column: 15 });
    }
}
