//! Wait in its four forms, and the two of JSONata (SFN-WAIT-1…6).

use asl::model::Wait;
use moment::parse_rfc3339;
use serde_json::Value;

use crate::dataflow::{self, Eyes};
use crate::errors::Raised;
use crate::execution::{Doing, FrameId};
use crate::run::{Course, Run};

/// Longest wait, 2^31 - 1 seconds (SFN-WAIT-6).
const SECONDS_MAX: i64 = 2_147_483_647;
const NANOSECONDS: i128 = 1_000_000;

pub(crate) fn begin(run: &mut Run<'_>, id: FrameId, wait: &Wait) -> Course {
    match due_ms(run, id, wait) {
        Ok(due_ms) if due_ms <= run.now_ms() => end(run, id),
        Ok(due_ms) => {
            run.doze(id, Doing::Wait { due_ms });
            Ok(())
        }
        Err(raised) => run.raise(id, raised),
    }
}

/// The time has come.
pub(crate) fn end(run: &mut Run<'_>, id: FrameId) -> Course {
    match dataflow::idle(run, id) {
        Ok(exit) => run.leave(id, exit, &run.state(id).transition),
        Err(raised) => run.raise(id, raised),
    }
}

fn due_ms(run: &Run<'_>, id: FrameId, wait: &Wait) -> Result<i64, Raised> {
    let now_ms = run.now_ms();
    let eyes = Eyes::new(run, id);
    let due_ms = match wait {
        Wait::Seconds(seconds) => later(now_ms, *seconds)?,
        Wait::Timestamp(nanoseconds) => instant(*nanoseconds),
        Wait::SecondsPath(path) => later(now_ms, seconds(&eyes, path)?)?,
        Wait::TimestampPath(path) => timestamp(&eyes, path)?,
        Wait::SecondsJsonata(expression) => later(now_ms, eyes.seconds_of(expression, "Seconds")?)?,
        Wait::TimestampJsonata(expression) => {
            let text = eyes.string_of(expression, "Timestamp")?;
            let nanoseconds = parse_rfc3339(&text).ok_or_else(|| Raised::Query {
                cause: format!(
                    "The Timestamp field cannot be parsed as an ISO-8601 extended offset \
                     date-time format string: {text}"
                ),
                location: Some("Timestamp".into()),
            })?;
            instant(nanoseconds)
        }
    };
    if due_ms.saturating_sub(now_ms) > SECONDS_MAX * 1000 {
        return Err(too_long());
    }
    Ok(due_ms)
}

/// Milliseconds, never earlier than the instant.
fn instant(nanoseconds: i128) -> i64 {
    let ms =
        nanoseconds.div_euclid(NANOSECONDS) + i128::from(nanoseconds.rem_euclid(NANOSECONDS) != 0);
    i64::try_from(ms).unwrap_or(if ms < 0 { i64::MIN } else { i64::MAX })
}

fn later(now_ms: i64, seconds: u64) -> Result<i64, Raised> {
    match i64::try_from(seconds) {
        Ok(seconds) if seconds <= SECONDS_MAX => Ok(now_ms.saturating_add(seconds * 1000)),
        _ => Err(too_long()),
    }
}

fn too_long() -> Raised {
    Raised::Runtime("Wait state delay is too long.".into())
}

/// A count of seconds in the input; texts of digits will do (SFN-WAIT-5).
fn seconds(eyes: &Eyes<'_>, path: &jsonpath::Path) -> Result<u64, Raised> {
    let text = path.text();
    let value = eyes.find(path)?.ok_or_else(|| {
        Raised::Runtime(format!(
            "The SecondsPath parameter does not reference an input value: {text}"
        ))
    })?;
    let number = match &*value {
        Value::Number(number) => number.as_i64(),
        Value::String(digits) => digits.parse().ok(),
        _ => None,
    };
    match number {
        Some(number) => u64::try_from(number).map_err(|_| {
            Raised::Runtime(format!(
                "The SecondsPath parameter references a negative value: {text} == {number}"
            ))
        }),
        None => Err(Raised::Runtime(format!(
            "The SecondsPath parameter cannot be parsed as a long value: {text} == {value}"
        ))),
    }
}

fn timestamp(eyes: &Eyes<'_>, path: &jsonpath::Path) -> Result<i64, Raised> {
    let text = path.text();
    let value = eyes.find(path)?.ok_or_else(|| {
        Raised::Runtime(format!(
            "The TimestampPath parameter does not reference an input value: {text}"
        ))
    })?;
    let told = match value.into_owned() {
        Value::String(told) => told,
        other => other.to_string(),
    };
    parse_rfc3339(&told).map(instant).ok_or_else(|| {
        Raised::Runtime(format!(
            "The TimestampPath parameter does not reference a valid ISO-8601 extended offset \
             date-time format string: {text} == {told}"
        ))
    })
}
