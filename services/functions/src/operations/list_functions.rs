//! ListFunctions: by name, in pages. Functions of the development folder are among them.

use resource::constraints::Constraints;
use resource::page_token::PageToken;
use serde_json::{Value, json};
use wire::fault::Fault;

use crate::Functions;
use crate::invoke::invalid;
use crate::operations::{Answer, Query, view};
use crate::records::FunctionKey;

/// However many are asked for, AWS answers with no more.
const PAGE_MAX: usize = 50;
const ASKED_MAX: i64 = 10_000;

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let asked = query.parameter("MaxItems").map(|text| {
        text.parse::<i64>()
            .map_err(|_| Fault::new("SerializationException", format!("`{text}` is not a number")))
    });
    let asked = asked.transpose()?;
    let version = query.parameter("FunctionVersion").map(str::to_owned);
    Constraints::new()
        .range("maxItems", asked, 1, ASKED_MAX)
        .one_of("functionVersion", &version, &["ALL"])
        .finish()
        .map_err(Fault::validation)?;
    let size =
        asked.and_then(|asked| usize::try_from(asked).ok()).unwrap_or(PAGE_MAX).min(PAGE_MAX);

    let (account, region) = (&query.caller.account, &query.caller.region);
    let token = PageToken::of("ListFunctions", &[account, region]);
    let now_ms = functions.host.now_ms();
    let after = match query.parameter("Marker") {
        None => None,
        Some(marker) => {
            let cursor = token.decode(marker, now_ms).ok();
            let name = cursor.and_then(|cursor| String::from_utf8(cursor).ok());
            Some(name.ok_or_else(|| invalid("The Marker is not valid"))?)
        }
    };

    let mut all = all(functions, account, region, after.as_deref());
    let mut document = json!({});
    if all.len() > size {
        all.truncate(size);
        if let Some((name, _)) = all.last() {
            document = json!({ "NextMarker": token.encode(name.as_bytes(), now_ms) });
        }
    }
    let views: Vec<Value> = all.into_iter().map(|(_, view)| view).collect();
    if let Some(members) = document.as_object_mut() {
        members.insert("Functions".to_owned(), Value::from(views));
    }
    Ok(Answer::json(200, &document))
}

/// Stored functions and those of the folder, which hide stored ones of the same name.
fn all(
    functions: &Functions,
    account: &str,
    region: &str,
    after: Option<&str>,
) -> Vec<(String, Value)> {
    let stored = functions.catalog.list(account, region, after).into_iter();
    let mut all: std::collections::BTreeMap<String, Value> =
        stored.map(|record| (record.key.name.clone(), view::configuration(&record))).collect();
    for name in functions.folder.names() {
        let Some(function) = functions.folder.find(&name) else { continue };
        if after.is_none_or(|after| name.as_str() > after) {
            let key = FunctionKey {
                account: account.to_owned(),
                region: region.to_owned(),
                name: name.clone(),
            };
            all.insert(name, view::folder_configuration(&key, &function));
        }
    }
    all.into_iter().collect()
}
