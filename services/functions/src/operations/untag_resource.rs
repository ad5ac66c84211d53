//! UntagResource.

use resource::constraints::Constraints;
use wire::fault::Fault;

use crate::Functions;
use crate::operations::{Answer, Query, storage_fault};

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let keys = query.parameters.get("tagKeys");
    Constraints::new().required("tagKeys", keys.is_some()).finish().map_err(Fault::validation)?;

    let _alone = functions.catalog.changing.lock().await;
    let mut record = functions.stored(&query, None)?.as_ref().clone();
    record.tags.retain(|key, _| keys.is_none_or(|keys| !keys.contains(key)));
    functions.catalog.put(record).await.map_err(|error| storage_fault(&error))?;
    Ok(Answer::empty())
}
