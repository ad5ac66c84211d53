//! Numbers.

use super::arg;
use crate::fault::{Fault, thrown};
use crate::pictures::{self, PictureError};
use crate::run::{Outcome, Run};
use crate::text;
use crate::value::Val;

/// The argument's number, or the function has nothing to give.
macro_rules! number {
    ($args:expr, $place:expr) => {
        match arg($args, $place).number() {
            Some(number) => number,
            None => return Ok(Val::Undefined),
        }
    };
}

pub(super) fn abs<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    Ok(Val::Number(number!(args, 0).abs()))
}

pub(super) fn ceil<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    Ok(Val::Number(number!(args, 0).ceil()))
}

pub(super) fn floor<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    Ok(Val::Number(number!(args, 0).floor()))
}

/// Half to even.
pub(super) fn round<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let number = number!(args, 0);
    let precision = arg(args, 1).number().unwrap_or(0.0);
    let mut shifted = if precision == 0.0 { number } else { shift(number, precision) };
    let mut rounded = (shifted + 0.5).floor();
    if rounded - shifted == 0.5 && (rounded % 2.0).abs() == 1.0 {
        rounded -= 1.0;
    }
    if precision != 0.0 {
        rounded = shift(rounded, -precision);
    }
    shifted = if rounded == 0.0 { 0.0 } else { rounded };
    Ok(Val::Number(shifted))
}

/// Moves the decimal point in the number as written.
fn shift(number: f64, places: f64) -> f64 {
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: f64 = exponent.parse().unwrap_or(0.0);
    format!("{digits}e{}", exponent + places.trunc()).parse().unwrap_or(number)
}

pub(super) fn sqrt<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let number = number!(args, 0);
    if number < 0.0 {
        let shown = text::number(number);
        let message = format!("The sqrt function cannot be applied to a negative number: {shown}");
        return Err(thrown("D3060", message));
    }
    Ok(Val::Number(number.sqrt()))
}

pub(super) fn power<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (base, exponent) = (number!(args, 0), number!(args, 1));
    let found = base.powf(exponent);
    if !found.is_finite() {
        let message = format!(
            "The power function has resulted in a value that cannot be represented as a JSON \
             number: base={}, exponent={}",
            text::number(base),
            text::number(exponent)
        );
        return Err(thrown("D3061", message));
    }
    Ok(Val::Number(found))
}

pub(super) fn number<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let value = arg(args, 0);
    let found = match value {
        Val::Undefined => return Ok(Val::Undefined),
        Val::Number(_) | Val::Exact(_) => return Ok(value.clone()),
        Val::Bool(truth) => Some(f64::from(u8::from(*truth))),
        other => {
            let text = other.str().unwrap_or("");
            run.take_bytes(text.len())?;
            read(text).filter(|number| number.is_finite())
        }
    };
    match found {
        Some(number) => Ok(Val::Number(number)),
        None => {
            let shown = run.shown(value)?;
            Err(thrown("D3030", format!("Unable to cast value to a number: {shown}")))
        }
    }
}

/// A number as JSON writes it, or with the mark of another base.
fn read(text: &str) -> Option<f64> {
    if let Some(digits) = text.strip_prefix('0') {
        let base = match digits.chars().next() {
            Some('x' | 'X') => 16,
            Some('o' | 'O') => 8,
            Some('b' | 'B') => 2,
            _ => 10,
        };
        if base != 10 {
            let digits = digits.get(1..).filter(|digits| !digits.is_empty())?;
            return digits.chars().try_fold(0.0, |sum, digit| {
                Some(sum * f64::from(base) + f64::from(digit.to_digit(base)?))
            });
        }
    }
    let unsigned = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = match unsigned.find(['e', 'E']) {
        Some(at) => (unsigned.get(..at)?, unsigned.get(at + 1..)),
        None => (unsigned, None),
    };
    let (whole, part) = match mantissa.split_once('.') {
        Some((whole, part)) => (whole, Some(part)),
        None => (mantissa, None),
    };
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let is_number = digits(whole)
        && part.is_none_or(digits)
        && exponent.is_none_or(|text| digits(text.strip_prefix(['+', '-']).unwrap_or(text)));
    if is_number { text.parse().ok() } else { None }
}

pub(super) fn format_base<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let number = number!(args, 0);
    let radix = arg(args, 1).number().unwrap_or(10.0);
    let value = half_even(number);
    let radix = half_even(radix);
    if !(2.0..=36.0).contains(&radix) {
        return Err(thrown(
            "D3100",
            format!(
                "The radix of the formatBase function must be between 2 and 36.  It was given {}",
                text::number(radix)
            ),
        ));
    }
    let radix = radix as u32;
    let mut rest = value.abs();
    let mut digits = Vec::new();
    loop {
        let digit = (rest % f64::from(radix)) as u32;
        digits.push(char::from_digit(digit, radix).unwrap_or('0'));
        rest = ((rest - f64::from(digit)) / f64::from(radix)).floor();
        if rest < 1.0 || digits.len() > 1_100 {
            break;
        }
    }
    if value < 0.0 {
        digits.push('-');
    }
    run.text(digits.into_iter().rev().collect())
}

fn half_even(number: f64) -> f64 {
    let rounded = (number + 0.5).floor();
    if rounded - number == 0.5 && (rounded % 2.0).abs() == 1.0 { rounded - 1.0 } else { rounded }
}

/// What a picture refuses.
pub(super) fn refused(error: PictureError) -> Fault {
    match error.code {
        pictures::LIMIT_CODE => crate::fault::memory(),
        code => thrown(code, error.message),
    }
}

pub(super) fn format_number<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let number = number!(args, 0);
    let Some(picture) = arg(args, 1).str() else { return Ok(Val::Undefined) };
    let mut options = Vec::new();
    for (key, value) in arg(args, 2).members() {
        let value = run.string(&value, false)?;
        options.push((key.as_str().to_owned(), value.as_str().to_owned()));
    }
    run.take(32 + picture.len() as u64)?;
    let text = pictures::format_number(number, picture, &options).map_err(refused)?;
    run.text(text)
}

pub(super) fn format_integer<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let number = number!(args, 0);
    let Some(picture) = arg(args, 1).str() else { return Ok(Val::Undefined) };
    run.take(32 + picture.len() as u64)?;
    let text = pictures::format_integer(number, picture).map_err(refused)?;
    run.text(text)
}

pub(super) fn parse_integer<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let (Some(text), Some(picture)) = (arg(args, 0).str(), arg(args, 1).str()) else {
        return Ok(Val::Undefined);
    };
    run.take(32 + (text.len() + picture.len()) as u64)?;
    let found = pictures::parse_integer(text, picture).map_err(refused)?;
    Ok(Val::Number(found.unwrap_or(f64::NAN)))
}
