//! DeleteFunction: nothing new begins; what runs finishes.

use wire::fault::Fault;

use crate::Functions;
use crate::operations::{Answer, Query, storage_fault};

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let qualifier = query.parameter("Qualifier");
    let _alone = functions.catalog.changing.lock().await;
    let record = functions.stored(&query, qualifier)?;
    if qualifier.is_some() {
        return Err(crate::invoke::invalid(
            "$LATEST version cannot be deleted without deleting the function.",
        ));
    }
    functions.catalog.delete(&record.key).await.map_err(|error| storage_fault(&error))?;
    functions.retire(&record.key);
    let crate::records::FunctionKey { account, region, name } = &record.key;
    functions.forget_logs(&format!("{account}/{region}/{name}"));
    Ok(Answer::empty())
}
