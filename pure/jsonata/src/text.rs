//! Values as text: numbers as JavaScript writes them, the rest as JSON.

use std::fmt::Write as _;

use serde_json::Value;

use crate::fault::{Fault, memory};
use crate::run::Run;
use crate::value::Val;
use crate::{VALUE_BYTES_MAX, fault};

/// A number in JavaScript's shortest form.
pub(crate) fn number(number: f64) -> String {
    let mut out = String::new();
    write_number(&mut out, number);
    out
}

pub(crate) fn write_number(out: &mut String, number: f64) {
    if number.fract() == 0.0 && number.abs() < 1e15 {
        let _ = write!(out, "{}", number as i64);
        return;
    }
    if !number.is_finite() {
        out.push_str("null");
        return;
    }
    let written = format!("{number:e}");
    let (digits, exponent) = written.split_once('e').unwrap_or((&written, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let (sign, digits) = match digits.strip_prefix('-') {
        Some(digits) => ("-", digits),
        None => ("", digits),
    };
    let digits = digits.replace('.', "");
    out.push_str(sign);
    // Where the point stands, counted from the first digit.
    let point = exponent + 1;
    let count = i32::try_from(digits.len()).unwrap_or(i32::MAX);
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or(0));
    if (count..=21).contains(&point) {
        out.push_str(&digits);
        out.push_str(&zeros(point - count));
    } else if (1..=21).contains(&point) {
        let (whole, part) = digits.split_at(usize::try_from(point).unwrap_or(0));
        let _ = write!(out, "{whole}.{part}");
    } else if (-5..=0).contains(&point) {
        let _ = write!(out, "0.{}{digits}", zeros(-point));
    } else {
        let (first, part) = digits.split_at(1);
        let dot = if part.is_empty() { "" } else { "." };
        let sign = if exponent < 0 { "-" } else { "+" };
        let _ = write!(out, "{first}{dot}{part}e{sign}{}", exponent.abs());
    }
}

/// With fifteen digits, as the reference does.
pub(crate) fn rounded(number: f64) -> f64 {
    if number.fract() == 0.0 {
        return number;
    }
    format!("{number:.14e}").parse().unwrap_or(number)
}

pub(crate) fn write_quoted(out: &mut String, text: &str) {
    out.push('"');
    let mut plain = 0;
    for (at, byte) in text.bytes().enumerate() {
        let escape = match byte {
            b'"' => "\\\"",
            b'\\' => "\\\\",
            b'\n' => "\\n",
            b'\r' => "\\r",
            b'\t' => "\\t",
            8 => "\\b",
            12 => "\\f",
            0..32 => "",
            _ => continue,
        };
        out.push_str(text.get(plain..at).unwrap_or(""));
        match escape {
            "" => {
                let _ = write!(out, "\\u{byte:04x}");
            }
            escape => out.push_str(escape),
        }
        plain = at + 1;
    }
    out.push_str(text.get(plain..).unwrap_or(""));
    out.push('"');
}

/// JSON text, bounded in length; `indent` writes a line for each item.
pub(crate) struct Writer<'r, 'v> {
    pub(crate) run: &'r mut Run<'v>,
    pub(crate) out: String,
    pub(crate) indent: bool,
}

impl<'v> Writer<'_, 'v> {
    /// Recursion is as deep as the value, which is bounded.
    pub(crate) fn write(&mut self, value: &Val<'v>, depth: usize) -> Result<(), Fault> {
        self.run.take(1)?;
        if self.out.len() > VALUE_BYTES_MAX {
            return Err(memory());
        }
        match value {
            Val::Undefined | Val::Null | Val::Tail => self.out.push_str("null"),
            Val::Bool(truth) => self.out.push_str(if *truth { "true" } else { "false" }),
            Val::Number(number) if number.is_nan() && depth > 0 => self.out.push_str("null"),
            Val::Number(number) if number.is_infinite() && depth > 0 => {
                return Err(fault::thrown("D1001", "Number out of range: null"));
            }
            Val::Number(number) if !number.is_finite() => {
                return Err(fault::thrown(
                    "D3001",
                    "Attempting to invoke string function on Infinity or NaN",
                ));
            }
            Val::Number(number) => write_number(&mut self.out, rounded(*number)),
            // More digits than a double has are kept.
            Val::Exact(number) => match number.is_f64() {
                true => write_number(&mut self.out, rounded(number.as_f64().unwrap_or(0.0))),
                false => {
                    let _ = write!(self.out, "{number}");
                }
            },
            Val::Str(text) => self.quoted(text)?,
            Val::Text(text) => self.quoted(text)?,
            Val::Builtin(_) | Val::Pattern(_) | Val::Function(_) => self.out.push_str("\"\""),
            Val::Items(_) | Val::List(_) | Val::Tuples(_) => self.array(value, depth)?,
            Val::Members(members) => {
                let shown = members.iter().map(|(name, value)| (name.as_str(), Val::of(value)));
                self.object(shown, depth)?;
            }
            Val::Record(record) => {
                let shown = record.members.iter().filter(|(_, value)| !value.is_undefined());
                self.object(shown.map(|(key, value)| (key.as_str(), value.clone())), depth)?;
            }
        }
        Ok(())
    }

    fn quoted(&mut self, text: &str) -> Result<(), Fault> {
        self.run.take_bytes(text.len())?;
        write_quoted(&mut self.out, text);
        Ok(())
    }

    fn array(&mut self, value: &Val<'v>, depth: usize) -> Result<(), Fault> {
        self.out.push('[');
        for (place, item) in value.items().enumerate() {
            if place > 0 {
                self.out.push(',');
            }
            self.line(depth + 1);
            self.write(&item, depth + 1)?;
        }
        if value.len() > 0 {
            self.line(depth);
        }
        self.out.push(']');
        Ok(())
    }

    fn object<'k>(
        &mut self,
        members: impl Iterator<Item = (&'k str, Val<'v>)>,
        depth: usize,
    ) -> Result<(), Fault> {
        self.out.push('{');
        let mut is_empty = true;
        for (name, value) in members {
            if !is_empty {
                self.out.push(',');
            }
            is_empty = false;
            self.line(depth + 1);
            self.quoted(name)?;
            self.out.push_str(if self.indent { ": " } else { ":" });
            self.write(&value, depth + 1)?;
        }
        if !is_empty {
            self.line(depth);
        }
        self.out.push('}');
        Ok(())
    }

    fn line(&mut self, depth: usize) {
        if self.indent {
            self.out.push('\n');
            (0..depth).for_each(|_| self.out.push_str("  "));
        }
    }
}

/// A text as JSON has it.
pub(crate) fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}
