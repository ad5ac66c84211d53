//! `$now`, and the part of `$toMillis` that asks what day it is.

use jsonata_core::value::JValue;
use moment::{EpochMs, format_iso};

use super::{Outcome, original};

/// The moment, in ISO 8601 or as the picture says, like `$fromMillis`.
pub(super) fn now(args: &[JValue], now_ms: EpochMs) -> Outcome {
    if args.iter().all(JValue::is_undefined) {
        return Ok(JValue::from(format_iso(now_ms)));
    }
    let [picture, zone] = [0, 1].map(|place| args.get(place).cloned().unwrap_or(JValue::Undefined));
    original("$fromMillis($a, $b, $c)", &[JValue::from(now_ms), picture, zone])
}

/// A picture without a year, month or day stands for the current one. The evaluator would look at
/// the clock of the machine, so what is missing is put in front of text and picture.
pub(super) fn to_millis(args: &[JValue], now_ms: EpochMs) -> Outcome {
    let [text, picture] = [0, 1].map(|place| args.get(place).cloned().unwrap_or(JValue::Undefined));
    let (Some(written), Some(wanted)) = (text.as_str(), picture.as_str()) else {
        return original("$toMillis($a, $b)", &[text, picture]);
    };
    let today = format_iso(now_ms);
    let (count, prefix) = match missing(wanted) {
        Missing::Nothing => (0, ""),
        Missing::Year => (4, "[Y0001] "),
        Missing::Month => (7, "[Y0001]-[M01] "),
        Missing::Day => (10, "[Y0001]-[M01]-[D01] "),
    };
    let blank = if count == 0 { "" } else { " " };
    let text = format!("{}{blank}{written}", today.get(..count).unwrap_or(""));
    let picture = format!("{prefix}{wanted}");
    original("$toMillis($a, $b)", &[JValue::from(text), JValue::from(picture)])
}

/// The finest part of the date that today fills in, with all coarser ones.
enum Missing {
    Nothing,
    Year,
    Month,
    Day,
}

fn missing(picture: &str) -> Missing {
    // `[[` is a bracket as such.
    let picture = picture.replace("[[", "");
    let has = |marks: &str| {
        picture
            .split('[')
            .skip(1)
            .any(|part| part.trim_start().starts_with(|mark| marks.contains(mark)))
    };
    match (has("YX"), has("Mdx"), has("DFWw"), has("HhPmsf")) {
        (true, _, _, _) | (_, false, false, false) => Missing::Nothing,
        (false, true, _, _) => Missing::Year,
        (false, false, true, _) => Missing::Month,
        (false, false, false, true) => Missing::Day,
    }
}
