//! `Assign`: the names of variables and where they may be set (SFN-VAR-1 to SFN-VAR-5).

use std::collections::BTreeSet;

use super::at::At;
use super::context::Context;
use super::expression::Reach;
use super::{fields, template};
use crate::model::{QueryLanguage, Template};

/// The longest name of a variable, in characters.
const NAME_CHARS_MAX: usize = 80;

/// The member `Assign`, when it is there.
pub(crate) fn assign(context: &mut Context, at: &At<'_>, reach: Reach) -> Option<Template> {
    let assign = at.member("Assign")?;
    if !fields::is_object(context, &assign) {
        return None;
    }
    for (key, member) in assign.members() {
        check_name(context, variable_of(key, context.scope.language), &member);
    }
    Some(template::compile(context, &assign, reach))
}

fn variable_of(key: &str, language: QueryLanguage) -> &str {
    match language {
        QueryLanguage::JsonPath => key.strip_suffix(".$").unwrap_or(key),
        QueryLanguage::Jsonata => key,
    }
}

fn check_name(context: &mut Context, name: &str, at: &At<'_>) {
    const INVALID: &str = "INVALID_VARIABLE_NAME";
    if name == "states" {
        let message = "Cannot assign to reserved variable '$states'.";
        context.error_key("RESERVED_VARIABLE_NAME", at, message);
    } else if !jsonpath::is_variable_name(name) {
        let message = format!(
            "Invalid variable name '{name}': the variable name contains invalid characters."
        );
        context.error_key(INVALID, at, message);
    } else if name.chars().count() > NAME_CHARS_MAX {
        let message = format!(
            "Invalid variable name '{name}': the variable name exceeds {NAME_CHARS_MAX} characters."
        );
        context.error_key(INVALID, at, message);
    } else if is_outer(context, name) {
        let message = format!(
            "Invalid variable name '{name}': the variable is already assigned in an outer scope."
        );
        context.error_key(INVALID, at, message);
    }
}

/// Whether an enclosing machine assigns the name (SFN-VAR-4).
fn is_outer(context: &Context, name: &str) -> bool {
    let outer = context.assigned.split_last().map_or(&[][..], |(_, outer)| outer);
    outer.iter().any(|names| names.contains(name))
}

/// The names that the states of one machine assign, nested machines left out.
pub(crate) fn assigned_in(states: &At<'_>) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for (_, state) in states.members() {
        note_assigned(&state, &mut names);
        for list in ["Choices", "Catch"] {
            let list = state.member(list);
            for entry in list.iter().flat_map(|list| list.items()) {
                note_assigned(&entry, &mut names);
            }
        }
    }
    names
}

fn note_assigned(at: &At<'_>, names: &mut BTreeSet<String>) {
    let assign = at.member("Assign");
    for (key, _) in assign.iter().flat_map(|assign| assign.members()) {
        names.insert(key.strip_suffix(".$").unwrap_or(key).to_owned());
    }
}
