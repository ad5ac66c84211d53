//! TagResource: adds tags to a function, or changes them.

use std::collections::BTreeMap;

use resource::constraints::Constraints;
use serde::Deserialize;
use wire::fault::Fault;

use crate::Functions;
use crate::invoke::invalid;
use crate::limits::{TAG_KEY_CHARS_MAX, TAG_VALUE_CHARS_MAX, TAGS_MAX};
use crate::operations::{Answer, Query, storage_fault};

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    tags: Option<BTreeMap<String, String>>,
}

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let input: Input = query.input()?;
    Constraints::new()
        .required("tags", input.tags.is_some())
        .finish()
        .map_err(Fault::validation)?;

    let _alone = functions.catalog.changing.lock().await;
    let mut record = functions.stored(&query, None)?.as_ref().clone();
    record.tags.extend(input.tags.unwrap_or_default());
    check_tags(&record.tags)?;
    functions.catalog.put(record).await.map_err(|error| storage_fault(&error))?;
    Ok(Answer::empty())
}

pub(crate) fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), Fault> {
    let constraints = tags.iter().fold(Constraints::new(), |constraints, (key, value)| {
        constraints.text_len("tags", key, 1, TAG_KEY_CHARS_MAX).text_len(
            "tags",
            value,
            0,
            TAG_VALUE_CHARS_MAX,
        )
    });
    constraints.finish().map_err(Fault::validation)?;
    if tags.keys().any(|key| key.to_ascii_lowercase().starts_with("aws:")) {
        return Err(invalid("Tag keys that begin with aws: are reserved."));
    }
    if tags.len() > TAGS_MAX {
        return Err(invalid(format!("A function may have at most {TAGS_MAX} tags.")));
    }
    Ok(())
}
