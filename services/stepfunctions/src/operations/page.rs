//! Pages of lists: sizes, tokens and the reading of families sorted by owner and name.

use bytes::Bytes;
use identity::Caller;
use resource::constraints::Constraints;
use resource::page_token::PageToken;
use serde::de::DeserializeOwned;
use store::engine::Order;
use wire::fault::Fault;

use crate::faults;
use crate::records::{self, Row};
use crate::service::Service;

/// Most items on a page (SFN-PAGE-1).
pub(crate) const ITEMS_MAX: i32 = 1_000;
const ITEMS_DEFAULT: usize = 100;
/// Longest token of most lists, and of ListExecutions (SFN-PAGE-4).
pub(crate) const TOKEN_CHARS_MAX: usize = 1_024;
pub(crate) const EXECUTIONS_TOKEN_CHARS_MAX: usize = 3_096;

/// A list's page as asked for.
pub(crate) struct Page {
    token: PageToken,
    max_results: Option<i32>,
    token_chars_max: usize,
}

/// A page whose token was read.
pub(crate) struct Opened {
    token: PageToken,
    now_ms: i64,
    pub(crate) limit: usize,
    /// Where the last page ended.
    pub(crate) cursor: Option<Bytes>,
}

impl Page {
    /// The page of an operation with these arguments.
    pub(crate) fn new(
        operation: &str,
        caller: &Caller,
        arguments: &[&str],
        max_results: Option<i32>,
        token_chars_max: usize,
    ) -> Page {
        let mut all = vec![&*caller.account, &*caller.region];
        all.extend_from_slice(arguments);
        Page { token: PageToken::of(operation, &all), max_results, token_chars_max }
    }

    /// Checks size and token, together with what else is asked of the request.
    pub(crate) fn at(
        self,
        constraints: Constraints,
        next_token: Option<String>,
        now_ms: i64,
    ) -> Result<Opened, Fault> {
        constraints
            .range("maxResults", self.max_results, 0, ITEMS_MAX)
            .text_len("nextToken", &next_token, 1, self.token_chars_max)
            .finish()
            .map_err(faults::from_constraints)?;
        let cursor = match next_token {
            Some(text) => {
                let cursor = self.token.decode(&text, now_ms).map_err(faults::from_token)?;
                Some(Bytes::from(cursor))
            }
            None => None,
        };
        let limit = match self.max_results {
            None | Some(0) => ITEMS_DEFAULT,
            Some(asked) => usize::try_from(asked).unwrap_or(ITEMS_DEFAULT),
        };
        Ok(Opened { token: self.token, now_ms, limit, cursor })
    }
}

impl Opened {
    /// What of a list behind the cursor fits on the page, and the token for the rest.
    pub(crate) fn of<T>(
        &self,
        mut items: impl Iterator<Item = T>,
        cursor: impl Fn(&T) -> Vec<u8>,
    ) -> (Vec<T>, Option<String>) {
        let page: Vec<T> = items.by_ref().take(self.limit).collect();
        let more = items.next().is_some();
        let next = page.last().filter(|_| more).map(|last| self.next(&cursor(last)));
        (page, next)
    }

    /// The token for what follows `cursor`.
    pub(crate) fn next(&self, cursor: &[u8]) -> String {
        self.token.encode(cursor, self.now_ms)
    }
}

/// A page of a family keyed by account, region and name.
pub(crate) fn owned<T: DeserializeOwned>(
    service: &Service,
    caller: &Caller,
    family: &str,
    kind: Row,
    page: &Opened,
) -> Result<(Vec<T>, Option<String>), Fault> {
    let mut range = records::owned_by(&caller.account, &caller.region);
    if let Some(cursor) = &page.cursor {
        // A token proves nothing: whatever its cursor says, it opens nothing of another owner.
        if !range.contains(cursor) {
            return Err(faults::invalid_token());
        }
        range.start = cursor.clone();
    }
    let mut rows = service
        .store
        .scan_all(family, range, Order::Forward, page.limit + 1)
        .map_err(faults::from_read)?;
    let more = rows.len() > page.limit;
    let next = rows.get(page.limit).filter(|_| more).map(|(key, _)| page.next(key));
    rows.truncate(page.limit);
    let mut records = Vec::with_capacity(rows.len());
    for (key, row) in rows {
        records.push(records::from_row(kind, &key, &row).map_err(faults::from_unreadable)?);
    }
    Ok((records, next))
}
