//! Streams: found, listed.

use store::Stage;
use store::engine::Order;

use crate::groups::just_after;
use crate::records::{self, GroupId, Row, StreamRecord, Unreadable};
use crate::service::Service;

/// Rows read at once while going through all streams of a group.
const ROWS_AT_ONCE: usize = 1_000;

impl Service {
    /// A stream as committed.
    pub(crate) fn find_stream(
        &self,
        group: GroupId,
        name: &str,
    ) -> Result<Option<StreamRecord>, Unreadable> {
        let key = records::stream_key(group, name);
        let row = self.store.get(self.partition_of_id(group), records::STREAMS, &key)?;
        row.map(|row| records::from_row(Row::Stream, &key, &row)).transpose()
    }

    /// A stream as staged.
    pub(crate) fn staged_stream(
        &self,
        stage: &Stage<'_>,
        group: GroupId,
        name: &str,
    ) -> Result<Option<StreamRecord>, Unreadable> {
        let key = records::stream_key(group, name);
        let row = stage.get(&self.families.streams, &key)?;
        row.map(|row| records::from_row(Row::Stream, &key, &row)).transpose()
    }

    pub(crate) fn put_stream(&self, stage: &mut Stage<'_>, group: GroupId, record: &StreamRecord) {
        let key = records::stream_key(group, &record.name);
        let row = records::to_row(Row::Stream, &key, record);
        stage.put(&self.families.streams, key, row);
    }

    /// Streams with this prefix in the order of their names, from after `after` on.
    pub(crate) fn list_streams(
        &self,
        group: GroupId,
        prefix: &str,
        after: Option<&str>,
        (order, limit): (Order, usize),
    ) -> Result<Vec<StreamRecord>, Unreadable> {
        let mut range = records::streams_of(group, prefix);
        if let Some(after) = after {
            let key = records::stream_key(group, after);
            match order {
                Order::Forward => range.start = range.start.max(just_after(&key)),
                Order::Backward => range.end = range.end.min(key),
            }
        }
        let partition = self.partition_of_id(group);
        let rows = self.store.scan(partition, records::STREAMS, range, order, limit)?;
        rows.iter().map(|(key, row)| records::from_row(Row::Stream, key, row)).collect()
    }

    /// All streams with this prefix that `wanted` takes, at most `max`.
    pub(crate) fn all_streams(
        &self,
        group: GroupId,
        prefix: &str,
        max: usize,
        wanted: impl Fn(&StreamRecord) -> bool,
    ) -> Result<Vec<StreamRecord>, Unreadable> {
        let mut found = Vec::new();
        let mut after: Option<String> = None;
        loop {
            let how = (Order::Forward, ROWS_AT_ONCE);
            let page = self.list_streams(group, prefix, after.as_deref(), how)?;
            let is_last = page.len() < ROWS_AT_ONCE;
            after = page.last().map(|stream| stream.name.clone());
            found.extend(page.into_iter().filter(|stream| wanted(stream)));
            if is_last || found.len() >= max {
                found.truncate(max);
                return Ok(found);
            }
        }
    }
}

/// A fresh stream.
pub(crate) fn fresh(
    stage: &mut Stage<'_>,
    group: GroupId,
    name: &str,
    now_ms: i64,
) -> StreamRecord {
    StreamRecord {
        id: stage.next_id(records::slot_of(group), now_ms),
        name: name.to_owned(),
        creation_ms: now_ms,
        first_event_ms: None,
        last_event_ms: None,
        last_ingestion_ms: None,
        next_seq: 1,
    }
}
