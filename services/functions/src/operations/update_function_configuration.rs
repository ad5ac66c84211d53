//! UpdateFunctionConfiguration: another configuration from the next invocation on.

use resource::constraints::Constraints;
use serde::Deserialize;
use wire::fault::Fault;

use crate::Functions;
use crate::operations::configuration::Configuration;
use crate::operations::update_function_code::{check_revision, replace};
use crate::operations::{Answer, Query};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    revision_id: Option<String>,
    #[serde(flatten)]
    configuration: Configuration,
}

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let input: Input = query.input()?;
    input.configuration.check(Constraints::new())?;

    let _alone = functions.catalog.changing.lock().await;
    let record = functions.stored(&query, None)?;
    check_revision(&record, input.revision_id.as_deref())?;
    let mut next = record.as_ref().clone();
    input.configuration.apply(&mut next);
    replace(functions, next).await
}
