//! Fields that are JSONPaths or Reference Paths (SFN-PATH-1 to SFN-PATH-4).

use super::at::At;
use super::context::Context as Compilation;
use super::fields;
use crate::model::PathField;
use jsonpath::{Path, Root};

/// Whether a Reference Path may start in the context object (SFN-PATH-3).
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Context {
    Allowed,
    Refused,
}

const NO_REFERENCE: &str = "Value is not a Reference Path";

/// Any JSONPath.
pub(crate) fn any(compilation: &mut Compilation, at: &At<'_>) -> Option<Path> {
    let text = fields::text(compilation, at)?;
    match Path::parse(text) {
        Ok(path) => Some(noted(compilation, path)),
        Err(_) => {
            compilation.error(at, "Value must be a valid JSONPath.");
            None
        }
    }
}

/// A path that names one node.
pub(crate) fn reference(
    compilation: &mut Compilation,
    at: &At<'_>,
    within: Context,
) -> Option<Path> {
    let text = fields::text(compilation, at)?;
    if !text.starts_with('$') {
        let message = format!("{NO_REFERENCE}: Reference path didn't start with '$'");
        compilation.error(at, message);
        return None;
    }
    let path = Path::parse(text).ok().filter(|path| {
        path.is_reference() && (within == Context::Allowed || *path.root() != Root::Context)
    });
    match path {
        Some(path) => Some(noted(compilation, path)),
        None => {
            compilation.error(at, NO_REFERENCE);
            None
        }
    }
}

/// `InputPath` and `OutputPath`: any path, or null (SFN-PATH-7).
pub(crate) fn any_field(compilation: &mut Compilation, at: &At<'_>, name: &str) -> PathField {
    match at.member(name) {
        None => PathField::Whole,
        Some(member) if member.is_null() => PathField::Nothing,
        Some(member) => any(compilation, &member).map_or(PathField::Whole, path_field),
    }
}

/// `ItemsPath`.
pub(crate) fn items_field(compilation: &mut Compilation, at: &At<'_>) -> PathField {
    let path = at.member("ItemsPath");
    let path = path.and_then(|path| reference(compilation, &path, Context::Allowed));
    path.map_or(PathField::Whole, path_field)
}

/// `ResultPath`: a place in the state input, or null (SFN-PATH-8, SFN-PATH-10).
pub(crate) fn result_field(compilation: &mut Compilation, at: &At<'_>) -> PathField {
    let Some(member) = at.member("ResultPath") else { return PathField::Whole };
    if member.is_null() {
        return PathField::Nothing;
    }
    match reference(compilation, &member, Context::Refused) {
        Some(path) if *path.root() == Root::Document => path_field(path),
        Some(_) => {
            compilation.error(&member, NO_REFERENCE);
            PathField::Whole
        }
        None => PathField::Whole,
    }
}

fn path_field(path: Path) -> PathField {
    let whole = path.is_root() && *path.root() == Root::Document;
    if whole { PathField::Whole } else { PathField::Path(path) }
}

/// The path, with its variable noted.
pub(crate) fn noted(compilation: &mut Compilation, path: Path) -> Path {
    if let Root::Variable(name) = path.root() {
        compilation.refer(name);
    }
    path
}
