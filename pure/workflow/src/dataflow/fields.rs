//! Single fields that are written, read from the input, or computed.

use asl::model::{NumberField, TextField};
use jsonata::Expression;
use jsonpath::Path;
use serde_json::{Number, Value};

use super::eyes::{Eyes, no_results};
use crate::errors::Raised;

/// Most seconds of a task's clocks (SFN-TASK-2).
const SECONDS_MAX: u64 = 99_999_999;

impl Eyes<'_> {
    /// `Error`, `Cause` or a role. `path_field` names it when it is a path.
    pub(crate) fn text(
        &self,
        field: &TextField,
        name: &str,
        path_field: &str,
    ) -> Result<String, Raised> {
        let value = match field {
            TextField::Literal(text) => return Ok(text.clone()),
            TextField::Jsonata(expression) => return self.string_of(expression, name),
            TextField::Path(path) => {
                self.template_path(path, self.effective_input()?.value(), path_field)?
            }
            TextField::Intrinsic(call) => self.call(call, self.effective_input()?.value())?,
        };
        match value {
            Value::String(text) => Ok(text),
            other => Err(Raised::Runtime(format!(
                "The field '{path_field}' must refer to a string but was: {other}"
            ))),
        }
    }

    /// The seconds of a task's clock.
    pub(crate) fn seconds(&self, field: &NumberField, name: &str) -> Result<u64, Raised> {
        self.whole(field, name, SECONDS_MAX)
    }

    /// `MaxConcurrency`; any size will do (SFN-VALID-9).
    pub(crate) fn count(&self, field: &NumberField, name: &str) -> Result<u64, Raised> {
        self.whole(field, name, u64::MAX)
    }

    /// `MaxItems`, which may be negative: that is the reader's to refuse (SFN-READER-5).
    pub(crate) fn signed(&self, field: &NumberField, name: &str) -> Result<i64, Raised> {
        let negative = match field {
            NumberField::Path(path) => self.negative_at(path)?,
            NumberField::Literal(_) | NumberField::Jsonata(_) => None,
        };
        match negative {
            Some(negative) => Ok(negative),
            None => Ok(i64::try_from(self.count(field, name)?).unwrap_or(i64::MAX)),
        }
    }

    fn negative_at(&self, path: &Path) -> Result<Option<i64>, Raised> {
        let document = self.effective_input()?.value();
        let selection =
            self.select(path, document).map_err(|lost| no_results(path, &lost.missing))?;
        let number = match selection.into_value() {
            Value::Number(number) => number.as_i64(),
            Value::String(digits) => digits.trim().parse().ok(),
            _ => None,
        };
        Ok(number.filter(|number| *number < 0))
    }

    /// `ToleratedFailurePercentage` (SFN-DMAP-12).
    pub(crate) fn percentage(&self, field: &NumberField, name: &str) -> Result<f64, Raised> {
        let share = match field {
            NumberField::Literal(number) => *number,
            NumberField::Jsonata(expression) => self.number_of(expression, name)?,
            NumberField::Path(path) => self.float_at(path, name)?,
        };
        if (0.0..=100.0).contains(&share) {
            return Ok(share);
        }
        let cause = format!("{name} must be between 0 and 100.");
        Err(match field {
            NumberField::Jsonata(_) => Raised::Query { cause, location: Some(name.into()) },
            NumberField::Literal(_) | NumberField::Path(_) => Raised::Runtime(cause),
        })
    }

    fn float_at(&self, path: &Path, name: &str) -> Result<f64, Raised> {
        let document = self.effective_input()?.value();
        let selection =
            self.select(path, document).map_err(|lost| no_results(path, &lost.missing))?;
        let value = selection.into_value();
        let (float, told) = match &value {
            Value::Number(number) => (number.as_f64(), value.to_string()),
            Value::String(text) => (text.trim().parse().ok(), text.clone()),
            other => (None, other.to_string()),
        };
        float.ok_or_else(|| {
            Raised::Runtime(format!(
                "The {name}Path field refers to value \"{told}\" which is not a valid float: {}",
                path.text()
            ))
        })
    }

    pub(crate) fn seconds_of(&self, expression: &Expression, name: &str) -> Result<u64, Raised> {
        self.whole_of(expression, name, SECONDS_MAX)
    }

    fn whole(&self, field: &NumberField, name: &str, most: u64) -> Result<u64, Raised> {
        match field {
            // The parser let nothing but whole numbers in range through.
            NumberField::Literal(number) => Ok(*number as u64),
            NumberField::Jsonata(expression) => self.whole_of(expression, name, most),
            NumberField::Path(path) => self.whole_at(path, name, most),
        }
    }

    /// A whole number in the input; texts of digits will do (SFN-MAP-8, SFN-TASK-2).
    fn whole_at(&self, path: &Path, name: &str, most: u64) -> Result<u64, Raised> {
        let document = self.effective_input()?.value();
        let selection =
            self.select(path, document).map_err(|lost| no_results(path, &lost.missing))?;
        let value = selection.into_value();
        let whole = match &value {
            Value::Number(number) => whole(number),
            Value::String(digits) => digits.trim().parse().ok(),
            _ => None,
        };
        let Some(whole) = whole else {
            let told = match &value {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            return Err(Raised::Runtime(format!(
                "The {name}Path field refers to value \"{told}\" which is not a valid integer: {}",
                path.text()
            )));
        };
        u64::try_from(whole).ok().filter(|whole| *whole <= most).ok_or_else(|| {
            Raised::Runtime(if most == u64::MAX {
                format!("{name} cannot be negative.")
            } else {
                format!("{name} must be between 0 and {most} but was: {whole}")
            })
        })
    }
}

fn whole(number: &Number) -> Option<i128> {
    number.as_i128().or_else(|| {
        let float = number.as_f64().filter(|float| float.fract() == 0.0)?;
        Some(float as i128)
    })
}
