//! Filters: `||` of `&&` of tests. Parentheses around the whole are optional.

use super::{Place, deeper, literal, segments};
use crate::PathError;
use crate::cursor::Cursor;
use crate::syntax::{Comparison, Filter, Operand, Query};

/// Signs first those that begin with another one.
const OPERATORS: &[(&str, Comparison)] = &[
    ("==", Comparison::Equal),
    ("!=", Comparison::NotEqual),
    ("<=", Comparison::LessOrEqual),
    (">=", Comparison::GreaterOrEqual),
    ("<", Comparison::Less),
    (">", Comparison::Greater),
];

const WORDS: &[(&str, Comparison)] = &[
    ("in", Comparison::In),
    ("nin", Comparison::NotIn),
    ("subsetof", Comparison::SubsetOf),
    ("anyof", Comparison::AnyOf),
    ("noneof", Comparison::NoneOf),
    ("size", Comparison::Size),
    ("empty", Comparison::Empty),
    ("contains", Comparison::Contains),
];

pub(super) fn filter(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, PathError> {
    let mut alternatives = vec![conjunction(cursor, depth)?];
    while next_is(cursor, "||") {
        alternatives.push(conjunction(cursor, depth)?);
    }
    Ok(one_or(alternatives, Filter::Or))
}

fn conjunction(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, PathError> {
    let mut tests = vec![test(cursor, depth)?];
    while next_is(cursor, "&&") {
        tests.push(test(cursor, depth)?);
    }
    Ok(one_or(tests, Filter::And))
}

fn one_or(mut filters: Vec<Filter>, many: impl Fn(Vec<Filter>) -> Filter) -> Filter {
    match (filters.pop(), filters.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            filters.extend(last);
            many(filters)
        }
    }
}

fn next_is(cursor: &mut Cursor<'_>, operator: &str) -> bool {
    cursor.skip_blanks();
    cursor.eat(operator)
}

fn test(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, PathError> {
    cursor.skip_blanks();
    if cursor.eat("!") {
        return Ok(Filter::Not(Box::new(test(cursor, deeper(cursor, depth)?)?)));
    }
    if cursor.eat("(") {
        let inner = filter(cursor, deeper(cursor, depth)?)?;
        cursor.skip_blanks();
        cursor.expect(")")?;
        return Ok(inner);
    }
    comparison(cursor, depth)
}

fn comparison(cursor: &mut Cursor<'_>, depth: usize) -> Result<Filter, PathError> {
    let left = operand(cursor, depth)?;
    cursor.skip_blanks();
    if cursor.eat("=~") {
        cursor.skip_blanks();
        return Ok(Filter::Matches(left, literal::regex(cursor)?));
    }
    match (operator(cursor), left) {
        (Some(comparison), left) => {
            cursor.skip_blanks();
            Ok(Filter::Compare(left, comparison, operand(cursor, depth)?))
        }
        (None, Operand::Query(query)) => Ok(Filter::Exists(query)),
        (None, Operand::Literal(_)) => Err(cursor.error("expected an operator")),
    }
}

fn operator(cursor: &mut Cursor<'_>) -> Option<Comparison> {
    if let Some((_, comparison)) = OPERATORS.iter().find(|(sign, _)| cursor.eat(sign)) {
        return Some(*comparison);
    }
    let rest = cursor.rest();
    let length = rest.find(|next: char| !next.is_ascii_alphabetic()).unwrap_or(rest.len());
    let word = rest.get(..length)?.to_ascii_lowercase();
    let (_, comparison) = WORDS.iter().find(|(name, _)| *name == word)?;
    cursor.take_while(|next| next.is_ascii_alphabetic());
    Some(*comparison)
}

fn operand(cursor: &mut Cursor<'_>, depth: usize) -> Result<Operand, PathError> {
    let from_current = match cursor.peek() {
        Some('@') => true,
        Some('$') => false,
        _ => return Ok(Operand::Literal(literal::literal(cursor, depth)?)),
    };
    cursor.bump();
    let (segments, function) = segments(cursor, Place::Filter { depth })?;
    Ok(Operand::Query(Query { from_current, segments, function }))
}
