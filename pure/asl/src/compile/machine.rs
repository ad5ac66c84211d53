//! `StartAt` and `States`: the workflow itself, a branch, a Map's processor.

use indexmap::IndexMap;

use super::at::At;
use super::context::Context;
use super::graph::{self, Level};
use super::numbers::{self, Range, SECONDS_MAX};
use super::{fields, state, variables};
use crate::model::{Definition, Machine, Name, QueryLanguage, State};

const WORKFLOW_FIELDS: &[&str] =
    &["Comment", "StartAt", "States", "Version", "TimeoutSeconds", "QueryLanguage"];

const TIMEOUT: Range = Range::integer(1, SECONDS_MAX);

/// The workflow (SFN-ASL-1).
pub(crate) fn definition(context: &mut Context, root: &At<'_>) -> Option<Definition> {
    fields::check_names(context, root, WORKFLOW_FIELDS);
    fields::require(context, root, &["States", "StartAt"]);
    let comment = fields::comment(context, root);
    fields::one_of(context, root, "Version", &["1.0"]);
    let timeout_seconds = numbers::integer_member(context, root, "TimeoutSeconds", &TIMEOUT);
    let query_language = language(context, root).unwrap_or_default();
    context.language = query_language;
    let machine = machine(context, root, Level::Workflow);
    Some(Definition { comment, timeout_seconds, query_language, machine: machine? })
}

/// `QueryLanguage`, when there is one; what is neither counts as JSONata (SFN-QL-2).
pub(crate) fn language(context: &mut Context, at: &At<'_>) -> Option<QueryLanguage> {
    at.member("QueryLanguage")?;
    match fields::one_of(context, at, "QueryLanguage", &["JSONPath", "JSONata"]) {
        Some("JSONPath") => Some(QueryLanguage::JsonPath),
        _ => Some(QueryLanguage::Jsonata),
    }
}

/// A branch or a processor, whose further fields are `more`.
pub(crate) fn nested(context: &mut Context, at: &At<'_>, more: &[&str]) -> Option<Machine> {
    if !fields::is_object(context, at) {
        return None;
    }
    let known = [&["Comment", "StartAt", "States"], more].concat();
    fields::check_names(context, at, &known);
    fields::require(context, at, &["States", "StartAt"]);
    fields::comment(context, at);
    machine(context, at, Level::Nested)
}

fn machine(context: &mut Context, at: &At<'_>, level: Level) -> Option<Machine> {
    let start_at = fields::text_member(context, at, "StartAt").map(Name::from);
    let states = at.member("States").and_then(|states| self::states(context, &states));
    graph::check(context, at, level);
    Some(Machine { start_at: start_at?, states: states? })
}

/// All states, or `None` when one of them has nothing to show.
fn states(context: &mut Context, at: &At<'_>) -> Option<IndexMap<Name, State>> {
    if !fields::is_object(context, at) {
        return None;
    }
    if at.node.object().is_some_and(|members| members.is_empty()) {
        context.error(at, "Value cannot be empty");
    }
    fields::check_repeated(context, at);
    context.assigned.push(variables::assigned_in(at));
    let states: Vec<_> =
        at.members().map(|(name, at)| state::compile(context, &at, name)).collect();
    context.assigned.pop();
    states.into_iter().map(|state| state.map(|state| (state.name.clone(), state))).collect()
}
