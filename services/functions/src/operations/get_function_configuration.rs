//! GetFunctionConfiguration.

use std::sync::Arc;

use wire::fault::Fault;

use crate::Functions;
use crate::invoke::Named;
use crate::operations::{Answer, Query, view};
use crate::records::{FunctionKey, FunctionRecord};
use crate::settings::FolderFunction;

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let document = match shown(functions, &query)? {
        Shown::Folder(key, function) => view::folder_configuration(&key, &function),
        Shown::Stored(record) => view::configuration(&record),
    };
    Ok(Answer::json(200, &document))
}

/// A function to be looked at.
pub(crate) enum Shown {
    Folder(FunctionKey, Arc<FolderFunction>),
    Stored(Arc<FunctionRecord>),
}

pub(crate) fn shown(functions: &Functions, query: &Query) -> Result<Shown, Fault> {
    let qualifier = query.parameter("Qualifier");
    let named = Named::parse(&query.caller, &query.argument, qualifier)?;
    if let Some(function) = functions.folder.find(&named.key.name) {
        named.check_qualifier()?;
        return Ok(Shown::Folder(named.key, function));
    }
    functions.stored(query, qualifier).map(Shown::Stored)
}
