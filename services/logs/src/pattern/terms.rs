//! Terms: all plain ones must be there, one of those with `?`, and none of those with `-`.

use regex::Regex;

use super::text::Text;
use super::{InvalidPattern, regex};

#[derive(Default)]
pub(crate) struct Terms {
    all: Vec<Term>,
    any: Vec<Term>,
    none: Vec<Term>,
}

enum Term {
    Words(String),
    Regex(Regex),
}

impl Terms {
    pub(super) fn parse(text: &str) -> Result<Terms, InvalidPattern> {
        let mut terms = Terms::default();
        let mut text = Text::new(text);
        loop {
            text.skip_space();
            if text.is_empty() {
                return Ok(terms);
            }
            let list = if text.take("?") {
                &mut terms.any
            } else if text.take("-") {
                &mut terms.none
            } else {
                &mut terms.all
            };
            list.push(term(&mut text)?);
        }
    }

    pub(super) fn match_message(&self, message: &str) -> bool {
        let has = |term: &Term| term.is_in(message);
        // With required terms beside them, optional ones change nothing.
        let any = self.any.is_empty() || !self.all.is_empty() || self.any.iter().any(has);
        any && self.all.iter().all(has) && !self.none.iter().any(has)
    }
}

fn term(text: &mut Text<'_>) -> Result<Term, InvalidPattern> {
    if text.take("\"") {
        return text.take_quoted('"').map(Term::Words);
    }
    if text.take("%") {
        return regex(&text.take_quoted('%')?).map(Term::Regex);
    }
    match text.take_while(|char| !char.is_whitespace()) {
        "" => Err(InvalidPattern),
        word => Ok(Term::Words(word.to_owned())),
    }
}

impl Term {
    fn is_in(&self, message: &str) -> bool {
        match self {
            Term::Regex(regex) => regex.is_match(message),
            Term::Words(words) => message.match_indices(words).any(|(at, found)| {
                let before = message.get(..at).and_then(|head| head.chars().next_back());
                let after = message.get(at + found.len()..).and_then(|tail| tail.chars().next());
                is_edge(before, found.chars().next()) && is_edge(found.chars().next_back(), after)
            }),
        }
    }
}

/// Whether no word goes on from one character to the next.
fn is_edge(one: Option<char>, two: Option<char>) -> bool {
    let in_word =
        |char: Option<char>| char.is_some_and(|char| char.is_alphanumeric() || char == '_');
    !(in_word(one) && in_word(two))
}
