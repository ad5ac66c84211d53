//! UpdateFunctionCode: other code from the next invocation on.

use serde::Deserialize;
use wire::fault::Fault;

use resource::constraints::Constraints;

use crate::Functions;
use crate::operations::configuration::refuse;
use crate::operations::create_function::{
    Code, architecture, check_architectures, code_fault, with_code,
};
use crate::operations::{Answer, Query, storage_fault, view};
use crate::records::FunctionRecord;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    #[serde(flatten)]
    code: Code,
    #[serde(default)]
    publish: bool,
    publish_to: Option<String>,
    #[serde(default)]
    dry_run: bool,
    revision_id: Option<String>,
    architectures: Option<Vec<String>>,
}

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let input: Input = query.input()?;
    check_architectures(Constraints::new(), input.architectures.as_deref())
        .finish()
        .map_err(Fault::validation)?;
    refuse(&[("Publish", input.publish || input.publish_to.is_some())])?;

    let _alone = functions.catalog.changing.lock().await;
    let record = functions.stored(&query, None)?;
    check_revision(&record, input.revision_id.as_deref())?;
    let archive = input.code.archive()?;
    let growth = archive.len().saturating_sub(usize::try_from(record.code_bytes).unwrap_or(0));
    functions.check_usage(&record.key.account, growth, 0)?;
    let stored = functions.code.save(archive).await.map_err(code_fault)?;
    let mut next = with_code(&record, stored);
    next.architecture = architecture(input.architectures.as_deref(), &record.architecture);
    if input.dry_run {
        return Ok(Answer::json(200, &view::configuration(&next)));
    }
    replace(functions, next).await
}

/// Refuses a change that was decided on an older state.
pub(crate) fn check_revision(record: &FunctionRecord, given: Option<&str>) -> Result<(), Fault> {
    match given {
        Some(given) if given != record.revision_id => Err(Fault::new(
            "PreconditionFailedException",
            "The RevisionId provided does not match the latest RevisionId. Call the \
             GetFunction/GetAlias API to retrieve the latest RevisionId",
        )
        .with_status(412)),
        _ => Ok(()),
    }
}

/// Stores a changed function as a new revision, which the next invocation runs.
pub(crate) async fn replace(
    functions: &Functions,
    mut next: FunctionRecord,
) -> Result<Answer, Fault> {
    next.revision_id = functions.host.uuid();
    next.modified_ms = functions.host.now_ms();
    let answer = Answer::json(200, &view::configuration(&next));
    let key = next.key.clone();
    functions.catalog.put(next).await.map_err(|error| storage_fault(&error))?;
    functions.retire(&key);
    Ok(answer)
}
