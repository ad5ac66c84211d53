//! Kinds, truths, errors.

use super::arg;
use crate::fault::thrown;
use crate::run::{Outcome, Run};
use crate::signature::mask;
use crate::value::Val;

pub(super) fn boolean<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    match arg(args, 0) {
        Val::Undefined => Ok(Val::Undefined),
        value => Ok(Val::Bool(run.truth(value)?)),
    }
}

pub(super) fn not<'v>(run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    match arg(args, 0) {
        Val::Undefined => Ok(Val::Undefined),
        value => Ok(Val::Bool(!run.truth(value)?)),
    }
}

pub(super) fn exists<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    Ok(Val::Bool(!arg(args, 0).is_undefined()))
}

/// Values never change, so a copy is the value.
pub(super) fn clone<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    Ok(arg(args, 0).clone())
}

pub(super) fn kind<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    Ok(Val::Str(match arg(args, 0).kind() {
        mask::STRING => "string",
        mask::NUMBER => "number",
        mask::BOOLEAN => "boolean",
        mask::NULL => "null",
        mask::ARRAY => "array",
        mask::OBJECT => "object",
        mask::FUNCTION => "function",
        _ => return Ok(Val::Undefined),
    }))
}

pub(super) fn error<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    Err(thrown("D3137", arg(args, 0).str().unwrap_or("$error() function evaluated")))
}

pub(super) fn assert<'v>(_run: &mut Run<'v>, args: &[Val<'v>]) -> Outcome<'v> {
    match arg(args, 0) {
        Val::Bool(true) => Ok(Val::Undefined),
        _ => Err(thrown("D3141", arg(args, 1).str().unwrap_or("$assert() statement failed"))),
    }
}
