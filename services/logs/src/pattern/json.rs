//! Patterns on JSON messages: `{ $.a.b[0] = "x*" && ($.c > 1 || $.d NOT EXISTS) }`.

use regex::Regex;
use serde_json::Value;

use super::text::Text;
use super::{InvalidPattern, regex};

/// Parentheses within each other.
const DEPTH_MAX: usize = 32;

/// What a message's value must be like.
pub(crate) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Test(Vec<Step>, Test),
}

/// Whether two numbers are as wanted.
type Compare = fn(f64, f64) -> bool;

/// A step of a selector.
pub(crate) enum Step {
    Member(String),
    Item(usize),
}

pub(crate) enum Test {
    Equals(Operand),
    Differs(Operand),
    Compares(Compare, f64),
    Is(Value),
    Exists,
    Absent,
}

pub(crate) enum Operand {
    /// Text in which `*` stands for anything, and the number that it is.
    Text {
        text: String,
        number: Option<f64>,
    },
    Regex(Regex),
}

pub(super) fn parse(text: &str) -> Result<Condition, InvalidPattern> {
    let mut text = Text::new(text);
    text.require("{")?;
    let condition = any(&mut text, 0)?;
    text.require("}")?;
    text.skip_space();
    if text.is_empty() { Ok(condition) } else { Err(InvalidPattern) }
}

fn any(text: &mut Text<'_>, depth: usize) -> Result<Condition, InvalidPattern> {
    let mut parts = vec![all(text, depth)?];
    while text.take("||") {
        parts.push(all(text, depth)?);
    }
    Ok(Condition::Any(parts))
}

fn all(text: &mut Text<'_>, depth: usize) -> Result<Condition, InvalidPattern> {
    let mut parts = vec![one(text, depth)?];
    while text.take("&&") {
        parts.push(one(text, depth)?);
    }
    Ok(Condition::All(parts))
}

fn one(text: &mut Text<'_>, depth: usize) -> Result<Condition, InvalidPattern> {
    text.skip_space();
    let condition = if text.take("(") {
        if depth >= DEPTH_MAX {
            return Err(InvalidPattern);
        }
        let inner = any(text, depth + 1)?;
        text.require(")")?;
        inner
    } else {
        let steps = selector(text)?;
        text.skip_space();
        Condition::Test(steps, test(text)?)
    };
    text.skip_space();
    Ok(condition)
}

fn selector(text: &mut Text<'_>) -> Result<Vec<Step>, InvalidPattern> {
    text.require("$")?;
    let mut steps = Vec::new();
    loop {
        if text.take(".") {
            let name = text.take_while(is_name);
            if name.is_empty() {
                return Err(InvalidPattern);
            }
            steps.push(Step::Member(name.to_owned()));
        } else if text.take("[") {
            steps.push(bracket(text)?);
            text.require("]")?;
        } else {
            return if steps.is_empty() { Err(InvalidPattern) } else { Ok(steps) };
        }
    }
}

fn bracket(text: &mut Text<'_>) -> Result<Step, InvalidPattern> {
    if text.take("\"") {
        return text.take_quoted('"').map(Step::Member);
    }
    if text.take("'") {
        return text.take_quoted('\'').map(Step::Member);
    }
    let digits = text.take_while(|char| char.is_ascii_digit());
    digits.parse().map(Step::Item).map_err(|_| InvalidPattern)
}

fn is_name(char: char) -> bool {
    !char.is_whitespace() && !".[]=!<>(){}&|\"'".contains(char)
}

fn test(text: &mut Text<'_>) -> Result<Test, InvalidPattern> {
    if text.take("!=") {
        return operand(text).map(Test::Differs);
    }
    if text.take("=") {
        return operand(text).map(Test::Equals);
    }
    if let Some(compare) = comparison(text) {
        return match operand(text)? {
            Operand::Text { number: Some(number), .. } => Ok(Test::Compares(compare, number)),
            _ => Err(InvalidPattern),
        };
    }
    if text.take_word("IS") {
        text.skip_space();
        let words = [("NULL", Value::Null), ("TRUE", true.into()), ("FALSE", false.into())];
        let found = words.into_iter().find(|(word, _)| text.take_word(word));
        return found.map(|(_, value)| Test::Is(value)).ok_or(InvalidPattern);
    }
    let is_absent = text.take_word("NOT");
    text.skip_space();
    match (text.take_word("EXISTS"), is_absent) {
        (true, true) => Ok(Test::Absent),
        (true, false) => Ok(Test::Exists),
        (false, _) => Err(InvalidPattern),
    }
}

fn comparison(text: &mut Text<'_>) -> Option<Compare> {
    let table: [(&str, Compare); 4] =
        [("<=", |a, b| a <= b), (">=", |a, b| a >= b), ("<", |a, b| a < b), (">", |a, b| a > b)];
    table.into_iter().find(|(sign, _)| text.take(sign)).map(|(_, compare)| compare)
}

fn operand(text: &mut Text<'_>) -> Result<Operand, InvalidPattern> {
    text.skip_space();
    if text.take("%") {
        return regex(&text.take_quoted('%')?).map(Operand::Regex);
    }
    if text.take("\"") {
        return Ok(Operand::Text { text: text.take_quoted('"')?, number: None });
    }
    let word = text.take_while(|char| !char.is_whitespace() && !"(){}&|\"=<>".contains(char));
    if word.is_empty() || text.peek() == Some('"') {
        return Err(InvalidPattern);
    }
    Ok(Operand::Text { text: word.to_owned(), number: word.parse().ok() })
}

impl Condition {
    pub(super) fn holds(&self, value: &Value) -> bool {
        match self {
            Condition::All(parts) => parts.iter().all(|part| part.holds(value)),
            Condition::Any(parts) => parts.iter().any(|part| part.holds(value)),
            Condition::Test(steps, test) => test.holds(select(value, steps)),
        }
    }
}

fn select<'a>(value: &'a Value, steps: &[Step]) -> Option<&'a Value> {
    steps.iter().try_fold(value, |value, step| match step {
        Step::Member(name) => value.get(name.as_str()),
        Step::Item(index) => value.get(*index),
    })
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        let Some(value) = value else { return matches!(self, Test::Absent) };
        match self {
            Test::Equals(operand) => operand.is_like(value),
            Test::Differs(operand) => !operand.is_like(value),
            Test::Compares(compare, number) => {
                value.as_f64().is_some_and(|value| compare(value, *number))
            }
            Test::Is(wanted) => value == wanted,
            Test::Exists => true,
            Test::Absent => false,
        }
    }
}

impl Operand {
    fn is_like(&self, value: &Value) -> bool {
        let shown = match value {
            Value::String(text) => text.clone(),
            Value::Number(_) | Value::Bool(_) => value.to_string(),
            _ => return false,
        };
        match self {
            Operand::Regex(regex) => regex.is_match(&shown),
            Operand::Text { number: Some(number), .. } if value.is_number() => {
                value.as_f64() == Some(*number)
            }
            Operand::Text { text, .. } => is_like(&shown, text),
        }
    }
}

/// Whether a text is like a pattern in which `*` stands for anything. Linear: after a `*` the
/// first place that fits is as good as any.
fn is_like(text: &str, pattern: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(rest) = parts.next().and_then(|first| text.strip_prefix(first)) else { return false };
    let Some(last) = parts.next_back() else { return rest.is_empty() };
    let mut rest = rest;
    for part in parts {
        match rest.split_once(part) {
            Some((_, after)) => rest = after,
            None => return false,
        }
    }
    rest.ends_with(last)
}
