//! Closed executions are kept for some days, then their day's families are dropped whole
//! (SFN-SEM-12, SFN-EXEC-62); names become free a little later, swept in small steps.

use std::time::Duration;

use bytes::Bytes;
use store::SLOTS;
use store::engine::Order;
use store::probe;

use crate::records::{self, ExecutionId, NameRecord, Row, Unreadable};
use crate::service::Service;

/// How often days are looked at.
const ROUND: Duration = Duration::from_secs(3_600);
/// Names looked at in one slot at once, and the pause between slots: at most a thousand a second.
const NAMES_PER_STEP: usize = 1_000;
/// Long histories of one slot, and their chunks, removed at once.
const KEPT_PER_STEP: usize = 100;
const CHUNKS_PER_STEP: usize = 100;
const STEP_PAUSE: Duration = Duration::from_secs(1);

impl Service {
    /// Whether what closed on that day is past its time.
    pub(crate) fn is_past(&self, closed_day: i64) -> bool {
        closed_day < self.first_day_kept()
    }

    /// The earliest day whose closed executions are still told of, dropped or not.
    pub(crate) fn first_day_kept(&self) -> i64 {
        let kept =
            if probe::mutant("retention-too-soon") { -1 } else { self.retention_days.into() };
        records::day_of(self.host.now_ms()) - kept
    }

    /// Drops what is past its time, until the server stops.
    pub(crate) async fn run_retention(self) {
        loop {
            let service = self.clone();
            let dropped = self.aside(move || service.drop_days()).await;
            match dropped {
                Ok(Ok(0)) | Err(_) => {}
                Ok(Ok(_)) => self.sweep_names().await,
                Ok(Err(error)) => tracing::error!(%error, "old executions could not be dropped"),
            }
            tokio::time::sleep(ROUND).await;
        }
    }

    /// Drops the families of past days; how many there were.
    fn drop_days(&self) -> Result<usize, Unreadable> {
        let families = self.store.families().map_err(Unreadable::new)?;
        let past = families.iter().filter(|family| {
            let family: &str = family;
            let day = family.strip_prefix("index_").unwrap_or(family).strip_prefix("day_");
            day.and_then(|day| day.parse().ok()).is_some_and(|day| self.is_past(day))
        });
        let mut dropped = 0;
        for family in past {
            self.store.drop_family(family).map_err(Unreadable::new)?;
            dropped += 1;
        }
        Ok(dropped)
    }

    /// Frees the names of executions that are gone.
    async fn sweep_names(&self) {
        for slot in 0..SLOTS {
            match self.sweep_slot(slot) {
                Ok(0) => {}
                Ok(_) => tokio::time::sleep(STEP_PAUSE).await,
                Err(error) => tracing::error!(%error, slot, "names could not be swept"),
            }
        }
    }

    fn sweep_slot(&self, slot: u16) -> Result<usize, Unreadable> {
        Ok(self.sweep_names_of(slot)? + self.sweep_kept(slot)?)
    }

    /// Removes histories that were too long to go with their day, one slice at a time.
    fn sweep_kept(&self, slot: u16) -> Result<usize, Unreadable> {
        let partition = self.store.partition_of(slot);
        let range = records::rows_of_slot(Row::Kept, slot);
        let kept = self.store.scan(partition, records::OPEN, range, Order::Forward, KEPT_PER_STEP);
        let mut past = 0;
        for (key, row) in kept.map_err(Unreadable::new)? {
            let day = records::from_row(Row::Kept, &key, &row)?;
            let Some(id) = records::start_of_key(&key).filter(|_| self.is_past(day)) else {
                continue;
            };
            past += 1;
            while self.sweep_chunks(id, &key)? {}
        }
        Ok(past)
    }

    /// Removes some chunks of a kept history, and with the last its mark; false when none is left.
    fn sweep_chunks(&self, id: ExecutionId, mark: &Bytes) -> Result<bool, Unreadable> {
        let open = self.families.open.clone();
        let swept = self.store.stage(self.partition_of(id), move |stage| {
            if stage.get(&open, mark).map_err(Unreadable::new)?.is_none() {
                return Ok(false);
            }
            let range = records::rows_of(Row::Chunk, id);
            let rows = stage.scan(&open, range, Order::Forward, CHUNKS_PER_STEP);
            let rows = rows.map_err(Unreadable::new)?;
            if rows.is_empty() {
                stage.delete(&open, mark.clone());
            }
            for (key, _) in &rows {
                stage.delete(&open, key.clone());
            }
            Ok(!rows.is_empty())
        });
        swept.map_err(Unreadable::new)?
    }

    fn sweep_names_of(&self, slot: u16) -> Result<usize, Unreadable> {
        let partition = self.store.partition_of(slot);
        let range = records::rows_of_slot(Row::Name, slot);
        let rows = self
            .store
            .scan(partition, records::OPEN, range, Order::Forward, NAMES_PER_STEP)
            .map_err(Unreadable::new)?;
        let mut past = Vec::new();
        for (key, row) in rows {
            let name: NameRecord = records::from_row(Row::Name, &key, &row)?;
            if name.closed_day.is_some_and(|day| self.is_past(day)) {
                past.push((key, row));
            }
        }
        let count = past.len();
        let open = self.families.open.clone();
        self.store
            .stage(partition, move |stage| {
                for (key, row) in past {
                    // Taken again since: then it is another execution's.
                    let same = matches!(stage.get(&open, &key), Ok(Some(now)) if now == row);
                    if same {
                        stage.delete(&open, key);
                    }
                }
            })
            .map_err(Unreadable::new)?;
        Ok(count)
    }
}
