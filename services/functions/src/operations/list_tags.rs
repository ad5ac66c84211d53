//! ListTags.

use serde_json::json;
use wire::fault::Fault;

use crate::Functions;
use crate::operations::{Answer, Query};

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let record = functions.stored(&query, None)?;
    Ok(Answer::json(200, &json!({ "Tags": record.tags })))
}
