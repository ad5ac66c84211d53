//! Time, which is the moment's.

use moment::format_iso;

use super::arg;
use super::numbers::refused;
use crate::pictures;
use crate::run::{Outcome, Run};
use crate::value::Val;

pub(super) fn millis<'v>(run: &mut Run<'v>, _args: &[Val<'v>]) -> Outcome<'v> {
    Ok(Val::Number(run.moment.now_ms as f64))
}

pub(super) fn now<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let now = run.moment.now_ms;
    match (arg(args, 0).str(), arg(args, 1).str()) {
        (None, None) => run.text(format_iso(now)),
        (picture, zone) => formatted(run, now, picture, zone),
    }
}

pub(super) fn from_millis<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let Some(millis) = arg(args, 0).number() else { return Ok(Val::Undefined) };
    formatted(run, millis as i64, arg(args, 1).str(), arg(args, 2).str())
}

fn formatted<'v>(
    run: &mut Run<'v>,
    millis: i64,
    picture: Option<&str>,
    zone: Option<&str>,
) -> Outcome<'v> {
    run.take(32 + picture.map_or(0, str::len) as u64)?;
    let text = pictures::format_date_time(millis, picture, zone).map_err(refused)?;
    run.text(text)
}

pub(super) fn to_millis<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    let Some(text) = arg(args, 0).str() else { return Ok(Val::Undefined) };
    let picture = arg(args, 1).str();
    run.take(32 + (text.len() + picture.map_or(0, str::len)) as u64)?;
    let found = pictures::parse_date_time(text, picture, run.moment.now_ms).map_err(refused)?;
    Ok(found.map_or(Val::Undefined, |millis| Val::Number(millis as f64)))
}
