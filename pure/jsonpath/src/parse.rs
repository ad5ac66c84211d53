//! Text to path: the root, then segment after segment.

mod filter;
mod literal;

use std::sync::LazyLock;

use regex::Regex;

use crate::cursor::Cursor;
use crate::syntax::{Function, Segment, Selector, Slice};
use crate::{FILTER_DEPTH_MAX, PATH_BYTES_MAX, Path, PathError, Root};

/// Where a path stands: names within a filter end at its operators.
#[derive(Clone, Copy)]
enum Place {
    Top,
    Filter { depth: usize },
}

pub(crate) fn path(text: &str) -> Result<Path, PathError> {
    let mut cursor = Cursor::new(text);
    if text.len() > PATH_BYTES_MAX {
        return Err(cursor.error(format!("longer than {PATH_BYTES_MAX} bytes")));
    }
    let root = root(&mut cursor)?;
    let (segments, function) = segments(&mut cursor, Place::Top)?;
    match cursor.peek() {
        None => Ok(Path { text: text.to_owned(), root, segments, function }),
        Some(next) => Err(cursor.error(format!("unexpected `{next}`"))),
    }
}

fn root(cursor: &mut Cursor<'_>) -> Result<Root, PathError> {
    if !cursor.eat("$") {
        return Err(cursor.error("a path starts with `$`"));
    }
    if cursor.eat("$") {
        return Ok(Root::Context);
    }
    if !cursor.peek().is_some_and(starts_variable) {
        return Ok(Root::Document);
    }
    Ok(Root::Variable(cursor.take_while(continues_variable).to_owned()))
}

/// Whether a text is the name of a variable: a Unicode identifier (SFN-VAR-2).
pub(crate) fn is_variable_name(text: &str) -> bool {
    let mut letters = text.chars();
    letters.next().is_some_and(starts_variable) && letters.all(continues_variable)
}

fn starts_variable(next: char) -> bool {
    static START: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\p{ID_Start}$").expect("the pattern is constant"));
    match next.is_ascii() {
        true => next.is_ascii_alphabetic() || next == '_',
        false => is(&START, next),
    }
}

/// Letters, digits, marks and connectors.
fn continues_variable(next: char) -> bool {
    static CONTINUE: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^\p{ID_Continue}$").expect("the pattern is constant"));
    match next.is_ascii() {
        true => next.is_ascii_alphanumeric() || next == '_',
        false => is(&CONTINUE, next),
    }
}

fn is(class: &Regex, letter: char) -> bool {
    class.is_match(letter.encode_utf8(&mut [0; 4]))
}

type Segments = (Vec<Segment>, Option<Function>);

fn segments(cursor: &mut Cursor<'_>, place: Place) -> Result<Segments, PathError> {
    let mut segments = Vec::new();
    loop {
        if cursor.eat("..") {
            segments.push(Segment::Descendants(after_dots(cursor, place)?));
        } else if cursor.eat(".") {
            if cursor.peek() == Some('[') {
                continue;
            }
            if let Some(function) = function(cursor)? {
                return Ok((segments, Some(function)));
            }
            segments.push(dotted(cursor, place)?);
        } else if cursor.eat("[") {
            segments.push(simplified(bracket(cursor, place)?));
        } else if follows_bracket(&segments, cursor, place) {
            // Jayway reads `[0]Name` as `[0].Name`; definitions in the wild rely on it.
            segments.push(dotted(cursor, place)?);
        } else {
            return Ok((segments, None));
        }
    }
}

fn follows_bracket(segments: &[Segment], cursor: &Cursor<'_>, place: Place) -> bool {
    matches!(place, Place::Top)
        && matches!(segments.last(), Some(Segment::Index(_) | Segment::Children(_)))
        && cursor.peek().is_some_and(|next| next.is_alphabetic() || next == '_')
}

fn after_dots(cursor: &mut Cursor<'_>, place: Place) -> Result<Vec<Selector>, PathError> {
    if cursor.eat("[") {
        return bracket(cursor, place);
    }
    if cursor.eat("*") {
        return Ok(vec![Selector::Wildcard]);
    }
    Ok(vec![Selector::Name(name(cursor, place)?)])
}

fn dotted(cursor: &mut Cursor<'_>, place: Place) -> Result<Segment, PathError> {
    if cursor.eat("*") {
        return Ok(Segment::Children(vec![Selector::Wildcard]));
    }
    Ok(Segment::Name(name(cursor, place)?))
}

fn name(cursor: &mut Cursor<'_>, place: Place) -> Result<String, PathError> {
    let name = match place {
        Place::Top => cursor.take_while(in_name),
        Place::Filter { .. } => cursor.take_while(|next| in_name(next) && !is_operator(next)),
    };
    if name.is_empty() {
        return Err(cursor.error("expected a name"));
    }
    Ok(name.to_owned())
}

fn in_name(next: char) -> bool {
    let is_syntax = ".[](){},'\"\\*?".contains(next);
    !is_syntax && !next.is_whitespace() && !next.is_control()
}

fn is_operator(next: char) -> bool {
    "<>=~&|!".contains(next)
}

/// `length()` and its like after a dot.
fn function(cursor: &mut Cursor<'_>) -> Result<Option<Function>, PathError> {
    let rest = cursor.rest();
    let length = rest.find(|next: char| !next.is_ascii_alphabetic()).unwrap_or(rest.len());
    let Some((name, after)) = rest.split_at_checked(length) else {
        return Ok(None);
    };
    if !after.starts_with('(') {
        return Ok(None);
    }
    let function = match name {
        "length" | "size" => Function::Length,
        "keys" => Function::Keys,
        "first" => Function::First,
        "last" => Function::Last,
        "min" => Function::Min,
        "max" => Function::Max,
        "avg" => Function::Average,
        "stddev" => Function::Deviation,
        "sum" => Function::Sum,
        _ => return Err(cursor.error(format!("no function `{name}`"))),
    };
    cursor.eat(name);
    cursor.expect("(")?;
    cursor.skip_blanks();
    cursor.expect(")")?;
    Ok(Some(function))
}

/// What stands between `[`, already read, and `]`.
fn bracket(cursor: &mut Cursor<'_>, place: Place) -> Result<Vec<Selector>, PathError> {
    let mut selectors = Vec::new();
    loop {
        cursor.skip_blanks();
        selectors.push(selector(cursor, place)?);
        cursor.skip_blanks();
        if cursor.eat("]") {
            return Ok(selectors);
        }
        if !cursor.eat(",") {
            return Err(cursor.error("expected `,` or `]`"));
        }
    }
}

fn selector(cursor: &mut Cursor<'_>, place: Place) -> Result<Selector, PathError> {
    match cursor.peek() {
        Some('\'' | '"') => Ok(Selector::Name(literal::string(cursor)?)),
        Some('*') => {
            cursor.bump();
            Ok(Selector::Wildcard)
        }
        Some('?') => {
            cursor.bump();
            let depth = match place {
                Place::Top => 0,
                Place::Filter { depth } => depth,
            };
            cursor.skip_blanks();
            Ok(Selector::Filter(filter::filter(cursor, deeper(cursor, depth)?)?))
        }
        _ => index_or_slice(cursor),
    }
}

fn deeper(cursor: &Cursor<'_>, depth: usize) -> Result<usize, PathError> {
    if depth >= FILTER_DEPTH_MAX {
        return Err(cursor.error(format!("nested deeper than {FILTER_DEPTH_MAX} levels")));
    }
    Ok(depth + 1)
}

fn index_or_slice(cursor: &mut Cursor<'_>) -> Result<Selector, PathError> {
    let start = integer(cursor)?;
    cursor.skip_blanks();
    if !cursor.eat(":") {
        return match start {
            Some(index) => Ok(Selector::Index(index)),
            None => Err(cursor.error("expected a quoted name, an index, `*`, `:` or `?`")),
        };
    }
    cursor.skip_blanks();
    let end = integer(cursor)?;
    cursor.skip_blanks();
    let step = if cursor.eat(":") {
        cursor.skip_blanks();
        integer(cursor)?
    } else {
        None
    };
    Ok(Selector::Slice(Slice { start, end, step: step.unwrap_or(1) }))
}

fn integer(cursor: &mut Cursor<'_>) -> Result<Option<i64>, PathError> {
    let at = cursor.error("the number is too large");
    let negative = cursor.eat("-");
    let digits = cursor.take_while(|next| next.is_ascii_digit());
    match (digits.parse::<i64>(), digits.is_empty()) {
        (Ok(number), _) => Ok(Some(if negative { -number } else { number })),
        (Err(_), true) if negative => Err(cursor.error("expected digits")),
        (Err(_), true) => Ok(None),
        (Err(_), false) => Err(at),
    }
}

/// One name or index alone in brackets is the common case and has its own segment.
fn simplified(mut selectors: Vec<Selector>) -> Segment {
    match (selectors.pop(), selectors.is_empty()) {
        (Some(Selector::Name(name)), true) => Segment::Name(name),
        (Some(Selector::Index(index)), true) => Segment::Index(index),
        (last, _) => {
            selectors.extend(last);
            Segment::Children(selectors)
        }
    }
}
