//! Payload templates (SFN-TMPL) and JSON values with expressions in them (SFN-JA-3).

use intrinsics::Call;
use jsonpath::Path;
use serde_json::Value;

use super::at::At;
use super::context::Context;
use super::expression::{self, Reach};
use super::{fields, paths, warnings};
use crate::model::Template;
use crate::read::tree::Shape;

/// The member `name` of `at` as a template of the state's language, when it is there.
pub(crate) fn member(
    context: &mut Context,
    at: &At<'_>,
    name: &str,
    reach: Reach,
) -> Option<Template> {
    let member = at.member(name)?;
    Some(compile(context, &member, reach))
}

/// A value as a template of the state's language.
pub(crate) fn compile(context: &mut Context, at: &At<'_>, reach: Reach) -> Template {
    match &at.node.shape {
        Shape::Text(text) if context.is_jsonata() => {
            let expression = expression::inside(text)
                .and_then(|inside| expression::compile(context, at, inside, reach));
            expression.map_or_else(|| literal(at), Template::Jsonata)
        }
        Shape::Object(_) => object(context, at, reach),
        Shape::Array(_) => {
            let items = at.items().map(|item| compile(context, &item, reach)).collect();
            folded_array(items)
        }
        _ => literal(at),
    }
}

fn literal(at: &At<'_>) -> Template {
    Template::Literal(at.node.to_value())
}

fn object(context: &mut Context, at: &At<'_>, reach: Reach) -> Template {
    fields::check_repeated(context, at);
    let mut members = Vec::new();
    for (key, member) in at.members() {
        match key.strip_suffix(".$").filter(|_| !context.is_jsonata()) {
            Some(name) => {
                check_collision(context, at, name, &member);
                let value = dynamic(context, at, key, &member);
                members.push((name.to_owned(), value.unwrap_or(Template::Literal(Value::Null))));
            }
            None => {
                warnings::check_static(context, &member);
                members.push((key.to_owned(), compile(context, &member, reach)));
            }
        }
    }
    folded_object(members)
}

/// `a` and `a.$` would give the same member (SFN-TMPL-4).
fn check_collision(context: &mut Context, at: &At<'_>, name: &str, member: &At<'_>) {
    if at.has(name) {
        let message =
            format!("There should only be one of the following fields: [{name}, {name}.$]");
        context.error_within(at, member.key(), message);
    }
}

/// The value of a key with `.$`: a path or a call (SFN-TMPL-1, SFN-TMPL-3).
fn dynamic(context: &mut Context, at: &At<'_>, key: &str, member: &At<'_>) -> Option<Template> {
    let template = member.text().and_then(|text| path_or_call(context, text));
    if template.is_none() {
        let message = format!(
            "The value for the field '{key}' must be a valid JSONPath or a valid intrinsic \
             function call"
        );
        context.error_within(at, member.node.span, message);
    }
    template
}

/// A path or an intrinsic call, with its variables noted.
pub(crate) fn path_or_call(context: &mut Context, text: &str) -> Option<Template> {
    if text.starts_with('$') {
        let path = Path::parse(text).ok()?;
        return Some(Template::Path(paths::noted(context, path)));
    }
    let call = Call::parse(text).ok()?;
    for path in call.paths() {
        if let jsonpath::Root::Variable(name) = path.root() {
            context.refer(name);
        }
    }
    Some(Template::Intrinsic(call))
}

/// A part without anything to evaluate is one literal, however large.
fn folded_object(members: Vec<(String, Template)>) -> Template {
    if members.iter().any(|(_, value)| !matches!(value, Template::Literal(_))) {
        return Template::Object(members);
    }
    let literal = |(name, value)| match value {
        Template::Literal(value) => Some((name, value)),
        _ => None,
    };
    Template::Literal(Value::Object(members.into_iter().filter_map(literal).collect()))
}

fn folded_array(items: Vec<Template>) -> Template {
    if items.iter().any(|item| !matches!(item, Template::Literal(_))) {
        return Template::Array(items);
    }
    let literal = |item| match item {
        Template::Literal(value) => Some(value),
        _ => None,
    };
    Template::Literal(Value::Array(items.into_iter().filter_map(literal).collect()))
}
