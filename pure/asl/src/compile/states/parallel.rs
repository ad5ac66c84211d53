//! Parallel: its branches (SFN-PAR-1).

use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::{fields, machine};
use crate::model::Parallel;

pub(crate) fn compile(context: &mut Context, at: &At<'_>) -> Option<Parallel> {
    fields::require(context, at, &["Branches"]);
    let branches = at.member("Branches")?;
    if !fields::is_filled_array(context, &branches) {
        return None;
    }
    let branches: Vec<_> =
        branches.items().map(|branch| machine::nested(context, &branch, &[])).collect();
    let branches: Option<Vec<_>> = branches.into_iter().collect();
    Some(Parallel { branches: branches? })
}
