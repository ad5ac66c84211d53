//! Fail: `Error` and `Cause`, written, read or computed (SFN-FAIL-1, SFN-FAIL-3).

use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::expression::{self, Reach};
use crate::compile::{fields, template, warnings};
use crate::model::{Fail, Template, TextField};

pub(crate) fn compile(context: &mut Context, at: &At<'_>) -> Fail {
    Fail { error: field(context, at, "Error"), cause: field(context, at, "Cause") }
}

fn field(context: &mut Context, at: &At<'_>, name: &str) -> Option<TextField> {
    let path_name = format!("{name}Path");
    if !context.is_jsonata() {
        fields::at_most_one(context, at, &[name, &path_name]);
    }
    if let Some(member) = at.member(name) {
        warnings::check_path_name(context, &member);
        return literal_or_expression(context, &member);
    }
    let member = at.member(&path_name).filter(|_| !context.is_jsonata())?;
    dynamic(context, &member, &path_name)
}

/// A text, which in JSONata may be an expression.
pub(crate) fn literal_or_expression(context: &mut Context, at: &At<'_>) -> Option<TextField> {
    let text = fields::text(context, at)?;
    match expression::inside(text).filter(|_| context.is_jsonata()) {
        Some(inside) => {
            let expression = expression::compile(context, at, inside, Reach::NOTHING);
            expression.map(TextField::Jsonata)
        }
        None => Some(TextField::Literal(text.to_owned())),
    }
}

/// A path or a call that gives a text (SFN-INTR-5).
pub(crate) fn dynamic(context: &mut Context, at: &At<'_>, name: &str) -> Option<TextField> {
    let text = fields::text(context, at)?;
    let field = match template::path_or_call(context, text) {
        Some(Template::Path(path)) => Some(TextField::Path(path)),
        Some(Template::Intrinsic(call)) if call.gives_string() => Some(TextField::Intrinsic(call)),
        _ => None,
    };
    if field.is_none() {
        let message = format!(
            "The value for the field '{name}' must be a valid JSONPath or a valid intrinsic \
             function call"
        );
        context.error(at, message);
    }
    field
}
