//! Closed executions are kept for some days, then their day's families are dropped whole
//! (SFN-SEM-12, SFN-EXEC-62); names become free a little later, swept in small steps.

use std::time::Duration;

use store::engine::Order;

use super::timers::SLOTS;
use crate::records::{self, NameRecord, Row, Unreadable};
use crate::service::Service;

/// How often days are looked at.
const ROUND: Duration = Duration::from_secs(3_600);
/// Names looked at in one slot at once, and the pause between slots: at most a thousand a second.
const NAMES_PER_STEP: usize = 1_000;
const STEP_PAUSE: Duration = Duration::from_secs(1);

impl Service {
    /// Whether what closed on that day is past its time.
    pub(crate) fn is_past(&self, closed_day: i64) -> bool {
        closed_day < self.first_day_kept()
    }

    /// The earliest day whose closed executions are still told of, dropped or not.
    pub(crate) fn first_day_kept(&self) -> i64 {
        records::day_of(self.host.now_ms()) - i64::from(self.retention_days)
    }

    /// Drops what is past its time, until the server stops.
    pub(crate) async fn run_retention(self) {
        loop {
            let service = self.clone();
            let dropped = tokio::task::spawn_blocking(move || service.drop_days()).await;
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
