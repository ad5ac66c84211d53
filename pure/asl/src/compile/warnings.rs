//! What is allowed and probably not meant (SFN-VALID-7).

use super::at::At;
use super::context::Context;

/// A template's member without `.$` whose text looks like a path or a call.
pub(crate) fn check_static(context: &mut Context, at: &At<'_>) {
    if !context.is_jsonata() && at.text().is_some_and(looks_dynamic) {
        let message = "No .$ on a field that appears to be a JSONPath or Intrinsic Function.";
        context.warn("NO_DOLLAR", at, message);
    }
}

/// A field with a `…Path` sibling whose text looks like a path.
pub(crate) fn check_path_name(context: &mut Context, at: &At<'_>) {
    if !context.is_jsonata() && at.text().is_some_and(looks_dynamic) {
        let message = "Field value looks like a path, but field name does not end with 'Path'.";
        context.warn("NO_PATH", at, message);
    }
}

/// A Pass state's `Result` is never evaluated (SFN-TMPL-2).
pub(crate) fn check_result(context: &mut Context, at: &At<'_>) {
    let dynamic = |key: &str| key.ends_with(".$");
    let found = at.text().is_some_and(looks_dynamic)
        || at.members().any(|(key, member)| dynamic(key) || member.text().is_some_and(looks_path));
    if found {
        let message = "Attempt to use a path in the result of a Pass state.";
        context.warn("PASS_RESULT_IS_STATIC", at, message);
    }
}

fn looks_dynamic(text: &str) -> bool {
    looks_path(text) || text.starts_with("States.") && text.ends_with(')')
}

fn looks_path(text: &str) -> bool {
    text == "$" || text == "$$" || ["$.", "$$.", "$["].iter().any(|start| text.starts_with(start))
}
