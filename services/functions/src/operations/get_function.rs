//! GetFunction: configuration, tags and where the code lies.

use serde_json::json;
use wire::fault::Fault;

use crate::Functions;
use crate::operations::get_function_configuration::{Shown, shown};
use crate::operations::{Answer, Query, view};

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let document = match shown(functions, &query)? {
        Shown::Folder(key, function) => json!({
            "Configuration": view::folder_configuration(&key, &function),
            "Code": { "Location": format!("file://{}", function.dir.display()) },
        }),
        Shown::Stored(record) => {
            let path = functions.code.archive_path(&record.code_digest);
            let mut document = json!({
                "Configuration": view::configuration(&record),
                "Code": { "Location": format!("file://{}", path.display()) },
            });
            if let (false, Some(members)) = (record.tags.is_empty(), document.as_object_mut()) {
                members.insert("Tags".to_owned(), json!(record.tags));
            }
            document
        }
    };
    Ok(Answer::json(200, &document))
}
