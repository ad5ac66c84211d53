//! Members of objects: which there may be, which there must be, and of what type.

use super::at::At;
use super::context::Context;
use crate::model::QueryLanguage;
use crate::read::tree::Shape;

/// In which query language a field exists.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum In {
    Both,
    JsonPath,
    Jsonata,
}

/// Reports members that the object may not have, or not in the state's language (SFN-QL-5).
pub(crate) fn check_fields(context: &mut Context, at: &At<'_>, known: &[(&str, In)]) {
    for (name, member) in at.members() {
        match known.iter().find(|(field, _)| *field == name) {
            None => {
                let message = format!("Field '{name}' is not supported");
                context.error_within(at, member.key(), message);
            }
            Some((_, within)) => check_language(context, at, &member, name, *within),
        }
    }
    check_repeated(context, at);
}

/// As [`check_fields`] for objects that are the same in both languages.
pub(crate) fn check_names(context: &mut Context, at: &At<'_>, known: &[&str]) {
    let known: Vec<_> = known.iter().map(|name| (*name, In::Both)).collect();
    check_fields(context, at, &known);
}

fn check_language(context: &mut Context, at: &At<'_>, member: &At<'_>, name: &str, within: In) {
    let (set, only) = match (within, context.scope.language) {
        (In::JsonPath, QueryLanguage::Jsonata) => ("JSONata", "JSONPath"),
        (In::Jsonata, QueryLanguage::JsonPath) => ("JSONPath", "JSONata"),
        _ => return,
    };
    if !context.scope.language_refused {
        let message = format!(
            "The QueryLanguage is set to '{set}', but field '{name}' is only supported for the \
             '{only}' QueryLanguage"
        );
        context.error_within(at, member.key(), message);
    }
}

/// Of a repeated key the last value counts (SFN-ASL-5); whoever asks for warnings hears of it.
pub(crate) fn check_repeated(context: &mut Context, at: &At<'_>) {
    for (name, span) in at.node.object().into_iter().flat_map(|members| &members.repeated) {
        let message = format!("Field '{name}' is defined more than once; the last value is used");
        context.warn_within("DUPLICATE_FIELD", at, *span, message);
    }
}

/// Reports the members of `names` that are missing. Answers whether all are there.
pub(crate) fn require(context: &mut Context, at: &At<'_>, names: &[&str]) -> bool {
    let missing: Vec<_> = names.iter().copied().filter(|name| !at.has(name)).collect();
    if !missing.is_empty() {
        let message = format!("These fields are required: [{}]", missing.join(", "));
        context.error_whole(at, message);
    }
    missing.is_empty()
}

/// Reports it when more than one of a group is there (SFN-VALID-2). Answers how many there are.
pub(crate) fn at_most_one(context: &mut Context, at: &At<'_>, group: &[&str]) -> usize {
    let found: Vec<_> = group.iter().filter_map(|name| at.member(name)).collect();
    if let [_, second, ..] = found.as_slice() {
        let message =
            format!("There should only be one of the following fields: [{}]", group.join(", "));
        context.error_within(at, second.key(), message);
    }
    found.len()
}

/// As [`at_most_one`]; none is a mistake too.
pub(crate) fn exactly_one(context: &mut Context, at: &At<'_>, group: &[&str]) {
    if at_most_one(context, at, group) == 0 {
        let message = format!(
            "This object should have only one of the following fields: [{}]",
            group.join(", ")
        );
        context.error_whole(at, message);
    }
}

/// The text that the value must be.
pub(crate) fn text<'a>(context: &mut Context, at: &At<'a>) -> Option<&'a str> {
    let text = at.text();
    if text.is_none() {
        context.error(at, "Expected value of type [STRING]");
    }
    text
}

/// The text of a member, when it is there.
pub(crate) fn text_member<'b>(
    context: &mut Context,
    at: &'b At<'_>,
    name: &str,
) -> Option<&'b str> {
    let member = at.member(name)?;
    if member.text().is_none() {
        context.error(&member, "Expected value of type [STRING]");
    }
    at.node.object()?.get(name)?.text()
}

/// `Comment`, kept for whoever shows the definition.
pub(crate) fn comment(context: &mut Context, at: &At<'_>) -> Option<String> {
    text_member(context, at, "Comment").map(str::to_owned)
}

pub(crate) fn boolean(context: &mut Context, at: &At<'_>) -> Option<bool> {
    match at.node.shape {
        Shape::Bool(value) => Some(value),
        _ => {
            context.error(at, "Expected value of type [BOOLEAN]");
            None
        }
    }
}

/// A text that must be one of a few.
pub(crate) fn one_of<'b>(
    context: &mut Context,
    at: &'b At<'_>,
    name: &str,
    allowed: &[&str],
) -> Option<&'b str> {
    let value = text_member(context, at, name)?;
    if !allowed.contains(&value)
        && let Some(member) = at.member(name)
    {
        let message = format!("Value should be one of the following: [{}]", allowed.join(", "));
        context.error(&member, message);
    }
    Some(value)
}

/// Whether the value is an object; reports it when not.
pub(crate) fn is_object(context: &mut Context, at: &At<'_>) -> bool {
    let object = at.node.object().is_some();
    if !object {
        context.error(at, "Expected value of type [OBJECT]");
    }
    object
}

/// Whether the value is an array with something in it; reports it when not.
pub(crate) fn is_filled_array(context: &mut Context, at: &At<'_>) -> bool {
    match at.node.array() {
        None => context.error(at, "Expected value of type [ARRAY]"),
        Some([]) => context.error(at, "Value cannot be empty"),
        Some(_) => return true,
    }
    false
}
