//! Choice: rules in order, 39 operators (SFN-CHOICE-1…11).

use std::cmp::Ordering as Order;

use asl::model::{Choice, Comparison, Condition, Operand, Ordering, Rule, Transition};
use moment::parse_rfc3339;
use serde_json::{Number, Value};

use crate::dataflow::{self, Chosen, Exit, Eyes};
use crate::errors::Raised;
use crate::execution::FrameId;
use crate::run::{Course, Run};
use crate::way::Way;

pub(crate) fn begin(run: &mut Run<'_>, id: FrameId, choice: &Choice) -> Course {
    match choose(run, id, choice) {
        Ok((exit, next)) => run.leave(id, exit, &next),
        Err(raised) => run.raise(id, raised),
    }
}

fn choose(run: &Run<'_>, id: FrameId, choice: &Choice) -> Result<(Exit, Transition), Raised> {
    let rule = first(&Eyes::new(run, id), &choice.rules)?;
    let next = match (rule, &choice.default) {
        (Some((_, rule)), _) => rule.next.clone(),
        (None, Some(default)) => default.clone(),
        (None, None) => {
            return Err(Raised::Runtime(
                "Failed to transition out of the state. The state does not point to a next state."
                    .into(),
            ));
        }
    };
    let (state, number) = (&*run.state(id).name, rule.map(|(number, _)| number));
    run.environment.surroundings.took(Way::Rule { state, number });
    let chosen = rule.map(|(number, rule)| Chosen { number, rule });
    Ok((dataflow::chosen(run, id, chosen)?, Transition::Next(next)))
}

fn first<'r>(eyes: &Eyes<'_>, rules: &'r [Rule]) -> Result<Option<(usize, &'r Rule)>, Raised> {
    for (number, rule) in rules.iter().enumerate() {
        if holds(&rule.condition, eyes, number)? {
            return Ok(Some((number, rule)));
        }
    }
    Ok(None)
}

fn holds(condition: &Condition, eyes: &Eyes<'_>, number: usize) -> Result<bool, Raised> {
    match condition {
        Condition::And(parts) => {
            for part in parts {
                if !holds(part, eyes, number)? {
                    return Ok(false);
                }
            }
            Ok(true)
        }
        Condition::Or(parts) => {
            for part in parts {
                if holds(part, eyes, number)? {
                    return Ok(true);
                }
            }
            Ok(false)
        }
        Condition::Not(part) => Ok(!holds(part, eyes, number)?),
        Condition::Compare { variable, comparison } => compare(eyes, variable, comparison),
        Condition::Literal(value) => Ok(*value),
        Condition::Jsonata(expression) => {
            eyes.boolean_of(expression, &format!("Choices[{number}]/Condition"))
        }
    }
}

fn compare(
    eyes: &Eyes<'_>,
    variable: &jsonpath::Path,
    comparison: &Comparison,
) -> Result<bool, Raised> {
    let value = eyes.find(variable)?;
    if let Comparison::IsPresent(expected) = comparison {
        return Ok(value.is_some() == *expected);
    }
    let value = value.ok_or_else(|| invalid(variable))?;
    Ok(match comparison {
        Comparison::String(ordering, operand) => {
            let operand = operand_of(eyes, operand, |value| value.as_str().map(String::from))?;
            both(value.as_str(), operand.as_deref(), |left, right| {
                meets(*ordering, Some(left.encode_utf16().cmp(right.encode_utf16())))
            })
        }
        Comparison::StringMatches(pattern) => {
            value.as_str().is_some_and(|text| matches_pattern(text, pattern))
        }
        Comparison::Numeric(ordering, operand) => {
            let operand = operand_of(eyes, operand, |value| value.as_number().cloned())?;
            both(value.as_number(), operand.as_ref(), |left, right| {
                meets(*ordering, order_numbers(left, right))
            })
        }
        Comparison::Boolean(operand) => {
            let operand = operand_of(eyes, operand, Value::as_bool)?;
            both(value.as_bool(), operand, |left, right| left == right)
        }
        Comparison::Timestamp(ordering, operand) => {
            let operand = operand_of(eyes, operand, instant)?;
            both(instant(&value), operand, |left, right| meets(*ordering, Some(left.cmp(&right))))
        }
        Comparison::IsNull(expected) => value.is_null() == *expected,
        Comparison::IsNumeric(expected) => value.is_number() == *expected,
        Comparison::IsString(expected) => value.is_string() == *expected,
        Comparison::IsBoolean(expected) => value.is_boolean() == *expected,
        Comparison::IsTimestamp(expected) => instant(&value).is_some() == *expected,
        Comparison::IsPresent(expected) => *expected,
    })
}

fn invalid(path: &jsonpath::Path) -> Raised {
    Raised::Runtime(format!(
        "Invalid path '{}': The choice state's condition path references an invalid value.",
        path.text()
    ))
}

/// The right side; `None` when it has another type, which is no match and no error (SFN-CHOICE-4).
fn operand_of<T: Clone>(
    eyes: &Eyes<'_>,
    operand: &Operand<T>,
    typed: impl Fn(&Value) -> Option<T>,
) -> Result<Option<T>, Raised> {
    match operand {
        Operand::Literal(value) => Ok(Some(value.clone())),
        Operand::Path(path) => {
            let value = eyes.find(path)?.ok_or_else(|| invalid(path))?;
            Ok(typed(&value))
        }
    }
}

fn both<T>(left: Option<T>, right: Option<T>, test: impl Fn(T, T) -> bool) -> bool {
    match (left, right) {
        (Some(left), Some(right)) => test(left, right),
        _ => false,
    }
}

fn meets(ordering: Ordering, order: Option<Order>) -> bool {
    let Some(order) = order else { return false };
    match ordering {
        Ordering::Equals => order.is_eq(),
        Ordering::LessThan => order.is_lt(),
        Ordering::GreaterThan => order.is_gt(),
        Ordering::LessThanEquals => order.is_le(),
        Ordering::GreaterThanEquals => order.is_ge(),
    }
}

fn order_numbers(left: &Number, right: &Number) -> Option<Order> {
    match (left.as_i128(), right.as_i128()) {
        (Some(left), Some(right)) => Some(left.cmp(&right)),
        _ => left.as_f64()?.partial_cmp(&right.as_f64()?),
    }
}

fn instant(value: &Value) -> Option<i128> {
    parse_rfc3339(value.as_str()?)
}

/// `*` is any run, `\*` an asterisk, `\\` a backslash (SFN-CHOICE-8). Linear: each part between
/// two stars is looked for once, as far to the left as it may be.
fn matches_pattern(text: &str, pattern: &str) -> bool {
    let parts = parts(pattern);
    let (first, rest) = parts.split_first().expect("a pattern has at least one part");
    let Some((last, middle)) = rest.split_last() else { return text == first };
    let Some(mut text) = text.strip_prefix(&**first) else { return false };
    for part in middle {
        match text.split_once(&**part) {
            Some((_, after)) => text = after,
            None => return false,
        }
    }
    text.ends_with(&**last)
}

/// The literal texts before, between and after the stars.
fn parts(pattern: &str) -> Vec<String> {
    let (mut parts, mut part) = (Vec::new(), String::new());
    let mut letters = pattern.chars();
    while let Some(letter) = letters.next() {
        match letter {
            '*' => parts.push(std::mem::take(&mut part)),
            '\\' => part.push(letters.next().unwrap_or('\\')),
            other => part.push(other),
        }
    }
    parts.push(part);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-CHOICE-8
    #[test]
    fn patterns() {
        let rows = [
            ("foobar", "foo*", true),
            ("foo", "foo*", true),
            ("xfoo", "foo*", false),
            ("a.log.gz", "*.log*", true),
            ("abc", "a*b*c", true),
            ("ac", "a*b*c", false),
            ("a*c", r"a\*c", true),
            ("abc", r"a\*c", false),
            (r"a\c", r"a\\c", true),
            ("", "*", true),
            ("", "", true),
            ("a", "", false),
            ("aab", "*ab", true),
            (r"ends\", r"*\", true),
        ];
        for (text, pattern, expected) in rows {
            assert_eq!(matches_pattern(text, pattern), expected, "{text} {pattern}");
        }
    }
}
