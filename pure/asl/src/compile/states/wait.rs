//! Wait: one of four ways to say how long (SFN-WAIT-1, SFN-WAIT-2).

use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::expression::{self, Reach};
use crate::compile::fields;
use crate::compile::numbers::{self, Range, SECONDS_MAX};
use crate::compile::paths;
use crate::model::Wait;

const GROUP: &[&str] = &["SecondsPath", "Seconds", "TimestampPath", "Timestamp"];

const SECONDS: Range = Range::integer(0, SECONDS_MAX);

pub(crate) fn compile(context: &mut Context, at: &At<'_>) -> Option<Wait> {
    fields::exactly_one(context, at, GROUP);
    if let Some(seconds) = at.member("Seconds") {
        return self::seconds(context, &seconds);
    }
    if let Some(timestamp) = at.member("Timestamp") {
        return self::timestamp(context, &timestamp);
    }
    if context.is_jsonata() {
        return None;
    }
    let refused = paths::Context::Refused;
    if let Some(path) = at.member("SecondsPath") {
        return paths::reference(context, &path, refused).map(Wait::SecondsPath);
    }
    let path = at.member("TimestampPath")?;
    paths::reference(context, &path, refused).map(Wait::TimestampPath)
}

fn seconds(context: &mut Context, at: &At<'_>) -> Option<Wait> {
    if context.is_jsonata() && at.text().is_some() {
        let expression = expression::required(context, at, Reach::NOTHING);
        return expression.map(Wait::SecondsJsonata);
    }
    numbers::literal(context, at, &SECONDS).map(|seconds| Wait::Seconds(seconds as u64))
}

fn timestamp(context: &mut Context, at: &At<'_>) -> Option<Wait> {
    let text = fields::text(context, at)?;
    if let Some(inside) = expression::inside(text).filter(|_| context.is_jsonata()) {
        let expression = expression::compile(context, at, inside, Reach::NOTHING);
        return expression.map(Wait::TimestampJsonata);
    }
    instant(context, at, text).map(Wait::Timestamp)
}

/// Nanoseconds since the epoch of an RFC 3339 text.
pub(crate) fn instant(context: &mut Context, at: &At<'_>, text: &str) -> Option<i128> {
    let instant = moment::parse_rfc3339(text);
    if instant.is_none() {
        context.error(at, "String does not match RFC3339 timestamp");
    }
    instant
}
