//! Pass: its `Result` is taken as it is (SFN-TMPL-2).

use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::warnings;
use crate::model::Pass;

pub(crate) fn compile(context: &mut Context, at: &At<'_>) -> Pass {
    let result = at.member("Result").filter(|_| !context.is_jsonata());
    if let Some(result) = &result {
        warnings::check_result(context, result);
    }
    Pass { result: result.map(|result| result.node.to_value()) }
}
