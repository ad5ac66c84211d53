//! JSONata expressions: `{% … %}`, and what they may refer to (SFN-JA-2, SFN-JA-20, SFN-JA-21).

use jsonata::{Expression, Reference};

use super::at::At;
use super::context::Context;
use super::fields;

/// Which members of `$states` exist where an expression stands, beside `input` and `context`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reach {
    result: bool,
    error_output: bool,
}

impl Reach {
    pub(crate) const NOTHING: Reach = Reach { result: false, error_output: false };
    pub(crate) const RESULT: Reach = Reach { result: true, error_output: false };
    pub(crate) const ERROR_OUTPUT: Reach = Reach { result: false, error_output: true };

    fn has(self, member: &str) -> bool {
        match member {
            "input" | "context" => true,
            "result" => self.result,
            "errorOutput" => self.error_output,
            _ => false,
        }
    }
}

/// The inside of `{% … %}`, or `None` when the text is a literal (SFN-JA-2).
pub(crate) fn inside(text: &str) -> Option<&str> {
    text.strip_prefix("{%")?.strip_suffix("%}").map(str::trim)
}

/// Compiles the inside of an expression that stands at `at`.
pub(crate) fn compile(
    context: &mut Context,
    at: &At<'_>,
    text: &str,
    reach: Reach,
) -> Option<Expression> {
    match Expression::parse(text) {
        Ok(expression) => {
            check_references(context, at, &expression, reach);
            Some(expression)
        }
        Err(error) => {
            context.error_as("INVALID_JSONATA_EXPRESSION", at, error.message);
            None
        }
    }
}

/// An expression where a plain text will not do.
pub(crate) fn required(context: &mut Context, at: &At<'_>, reach: Reach) -> Option<Expression> {
    let text = fields::text(context, at)?;
    let Some(inside) = inside(text) else {
        context.error(at, "JSONata string must start with {% and end with %}");
        return None;
    };
    compile(context, at, inside, reach)
}

fn check_references(context: &mut Context, at: &At<'_>, expression: &Expression, reach: Reach) {
    for reference in expression.references() {
        let problem = match reference {
            Reference::Variable(name) => {
                if name != "states" {
                    context.refer(&name);
                }
                continue;
            }
            Reference::Root => "Reference to '$$' is not supported.".to_owned(),
            Reference::TopLevel(name) => {
                format!("Reference to '{name}' at the top level is not supported.")
            }
            Reference::States(member) if reach.has(&member) => continue,
            Reference::States(member) => format!("Field '$states.{member}' does not exist."),
        };
        context.error_as("UNSUPPORTED_JSONATA_EXPRESSION", at, problem);
    }
}
