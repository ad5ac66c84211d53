//! What is past its time, and the rows of what was deleted, taken away in small steps beside
//! everything else.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use store::engine::{Family, Order, PartitionId};

use crate::faults::Trouble;
use crate::groups::just_after;
use crate::limits::STREAMS_MAX;
use crate::records::{self, Event, Gap, GroupId, GroupRecord, Row, StreamRecord};
use crate::service::Service;

/// How often retention is looked at.
const ROUND: Duration = Duration::from_secs(3_600);
/// Rows taken away in one commit.
const ROWS_PER_STEP: usize = 256;
/// Groups read at once.
const GROUPS_AT_ONCE: usize = 256;

impl Service {
    /// Sweeps once an hour and after every deletion, until the server stops.
    pub(crate) async fn run_sweeps(self) {
        loop {
            let swept = async {
                self.sweep_gone().await?;
                self.sweep_old().await
            };
            if let Err(error) = swept.await {
                tracing::warn!(%error, "old log events could not be swept");
            }
            tokio::select! {
                () = self.sweeping.notified() => {}
                () = tokio::time::sleep(ROUND) => {}
            }
        }
    }

    /// Rows of deleted groups and streams.
    async fn sweep_gone(&self) -> Result<(), Trouble> {
        loop {
            let everything = Bytes::new()..Bytes::new();
            let rows = self
                .store
                .scan_all(records::GONE, everything, Order::Forward, ROWS_PER_STEP)
                .map_err(records::Unreadable::from)?;
            if rows.is_empty() {
                return Ok(());
            }
            for (key, _) in rows {
                let Some((group, stream)) = records::gone_of_key(&key) else { continue };
                let partition = self.partition_of_id(group);
                let families = &self.families;
                let chunks = match stream {
                    Some(stream) => records::chunks_of(group, stream),
                    None => records::chunks_of_group(group),
                };
                self.delete_all(partition, &families.events, chunks).await?;
                if stream.is_none() {
                    let streams = records::streams_of(group, "");
                    self.delete_all(partition, &families.streams, streams).await?;
                }
                self.store.commit(partition, |stage| stage.delete(&families.gone, key)).await?;
            }
        }
    }

    async fn delete_all(
        &self,
        partition: PartitionId,
        family: &Family,
        range: Range<Bytes>,
    ) -> Result<(), Trouble> {
        loop {
            let deleted = self.store.commit(partition, |stage| {
                let rows = stage.scan(family, range.clone(), Order::Forward, ROWS_PER_STEP)?;
                let count = rows.len();
                for (key, _) in rows {
                    stage.delete(family, key);
                }
                Ok(count)
            });
            let deleted: Result<usize, store::error::ReadError> = deleted.await?;
            if deleted.map_err(records::Unreadable::from)? < ROWS_PER_STEP {
                return Ok(());
            }
        }
    }

    /// Events past their group's retention.
    async fn sweep_old(&self) -> Result<(), Trouble> {
        let mut start = Bytes::new();
        loop {
            let range = start..Bytes::new();
            let rows = self
                .store
                .scan_all(records::GROUPS, range, Order::Forward, GROUPS_AT_ONCE)
                .map_err(records::Unreadable::from)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            start = just_after(last);
            for (key, row) in rows {
                let group: GroupRecord = records::from_row(Row::Group, &key, &row)?;
                if group.retention_days.is_some() {
                    self.sweep_group(&group).await?;
                }
            }
        }
    }

    async fn sweep_group(&self, group: &GroupRecord) -> Result<(), Trouble> {
        let cutoff_ms = group.retained_from_ms(self.host.now_ms());
        let is_old = |stream: &StreamRecord| stream.first_event_ms.is_some_and(|at| at < cutoff_ms);
        for stream in self.all_streams(group.id, "", STREAMS_MAX, is_old)? {
            while self.sweep_stream(group, &stream, cutoff_ms).await? == ROWS_PER_STEP {}
        }
        Ok(())
    }

    /// Deletes chunks with nothing but old events; how many.
    async fn sweep_stream(
        &self,
        group: &GroupRecord,
        stream: &StreamRecord,
        cutoff_ms: i64,
    ) -> Result<usize, Trouble> {
        let committed = self.store.commit(self.partition_of_id(group.id), |stage| {
            let mut old = records::chunks_of(group.id, stream.id);
            old.end = records::chunk_key(group.id, stream.id, Gap::before(cutoff_ms));
            let rows = stage.scan(&self.families.events, old, Order::Forward, ROWS_PER_STEP)?;
            let (mut count, mut bytes, mut first_ms) = (0, 0, None);
            for (key, row) in rows {
                let events: Vec<Event> = records::from_row(Row::Chunk, &key, &row)?;
                if events.last().is_some_and(|event| event.at_ms >= cutoff_ms) {
                    first_ms = events.first().map(|event| event.at_ms);
                    break;
                }
                bytes += events.iter().map(Event::bytes).sum::<usize>();
                stage.delete(&self.families.events, key);
                count += 1;
            }
            self.note_swept(stage, (group.id, &stream.name), first_ms.unwrap_or(cutoff_ms))?;
            if let Some(mut group) = self.staged_group(stage, &group.address())? {
                group.stored_bytes = group.stored_bytes.saturating_sub(bytes as u64);
                self.put_group(stage, &group);
            }
            Ok(count)
        });
        committed.await?.map_err(|error: records::Unreadable| error.into())
    }

    /// The stream begins later now; one that has nothing left has neither beginning nor end.
    fn note_swept(
        &self,
        stage: &mut store::Stage<'_>,
        (group, name): (GroupId, &str),
        first_ms: i64,
    ) -> Result<(), records::Unreadable> {
        let Some(mut stream) = self.staged_stream(stage, group, name)? else { return Ok(()) };
        let range = records::chunks_of(group, stream.id);
        let is_empty = stage.scan(&self.families.events, range, Order::Forward, 1)?.is_empty();
        stream.first_event_ms = (!is_empty).then_some(first_ms);
        if is_empty {
            stream.last_event_ms = None;
        }
        self.put_stream(stage, group, &stream);
        Ok(())
    }
}
