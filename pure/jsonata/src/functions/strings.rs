//! Texts, whose characters are code points.

use super::arg;
use crate::run::{Outcome, Run};
use crate::value::Val;
use crate::{VALUE_BYTES_MAX, fault};

/// The argument's text, or the function has nothing to give.
macro_rules! text {
    ($run:expr, $args:expr, $place:expr) => {
        match arg($args, $place).str() {
            Some(text) => {
                $run.take_bytes(text.len())?;
                text
            }
            None => return Ok(Val::Undefined),
        }
    };
}
pub(super) use text;

pub(super) fn string<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let value = arg(args, 0);
    if value.is_undefined() {
        return Ok(Val::Undefined);
    }
    let indent = matches!(arg(args, 1), Val::Bool(true));
    let value = match value {
        Val::List(list) if list.is_wrapper => list.items.first().unwrap_or(value),
        other => other,
    };
    Ok(run.string(value, indent)?.val())
}

pub(super) fn length<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    Ok(Val::Number(text!(run, args, 0).chars().count() as f64))
}

pub(super) fn lowercase<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0).to_lowercase();
    run.text(text)
}

pub(super) fn uppercase<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0).to_uppercase();
    run.text(text)
}

/// Blanks in a row become one, those at the ends none.
pub(super) fn trim<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0);
    let words: Vec<&str> =
        text.split([' ', '\t', '\n', '\r']).filter(|word| !word.is_empty()).collect();
    run.text(words.join(" "))
}

pub(super) fn substring<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0);
    let Some(start) = arg(args, 1).number() else { return Ok(arg(args, 0).clone()) };
    let count = text.chars().count() as f64;
    let start = start.trunc();
    let start = if start < 0.0 { (count + start).max(0.0) } else { start };
    let end = match arg(args, 2).number() {
        Some(length) if length <= 0.0 => return Ok(Val::Str("")),
        Some(length) => start + length.trunc(),
        None => count,
    };
    if start >= end {
        return Ok(Val::Str(""));
    }
    let (skip, take) = (start as usize, (end - start) as usize);
    let found: String = text.chars().skip(skip).take(take).collect();
    run.text(found)
}

pub(super) fn substring_before<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (text, mark) = (text!(run, args, 0), text!(run, args, 1));
    match text.find(mark) {
        Some(at) => {
            let before = text.get(..at).unwrap_or("").to_owned();
            run.text(before)
        }
        None => Ok(arg(args, 0).clone()),
    }
}

pub(super) fn substring_after<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (text, mark) = (text!(run, args, 0), text!(run, args, 1));
    match text.find(mark) {
        Some(at) => {
            let after = text.get(at + mark.len()..).unwrap_or("").to_owned();
            run.text(after)
        }
        None => Ok(arg(args, 0).clone()),
    }
}

/// To a width: behind, or before if it is negative.
pub(super) fn pad<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let text = text!(run, args, 0);
    let width = arg(args, 1).number().unwrap_or(0.0).trunc();
    let with = arg(args, 2).str().filter(|with| !with.is_empty()).unwrap_or(" ");
    if width.abs() > VALUE_BYTES_MAX as f64 {
        return Err(fault::memory());
    }
    let missing = (width.abs() as usize).saturating_sub(text.chars().count());
    if missing == 0 {
        return Ok(arg(args, 0).clone());
    }
    run.take(missing as u64 / 8)?;
    let padding: String = with.chars().cycle().take(missing).collect();
    run.text(if width < 0.0 { padding + text } else { text.to_owned() + &padding })
}

pub(super) fn join<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let list = arg(args, 0);
    if list.is_undefined() {
        return Ok(Val::Undefined);
    }
    let mark = arg(args, 1).str().unwrap_or("");
    let mut joined = String::new();
    for (place, item) in list.items().enumerate() {
        let piece = item.str().unwrap_or("");
        if joined.len() + piece.len() + mark.len() > VALUE_BYTES_MAX {
            return Err(fault::memory());
        }
        run.take(1 + (piece.len() + mark.len()) as u64 / 32)?;
        if place > 0 {
            joined.push_str(mark);
        }
        joined.push_str(piece);
    }
    run.text(joined)
}
