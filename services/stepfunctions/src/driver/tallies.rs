//! Numbers of running executions as rows, one for each partition, account and region. Each changes
//! in the stages that start and close executions, so that a start need not read those.

use std::collections::BTreeMap;

use bytes::Bytes;
use store::Stage;

use crate::counts::Kind;
use crate::records::{self, Row, StartRecord, Unreadable};
use crate::service::Service;

impl Service {
    /// One more, or one less. The children of map runs are not counted (see
    /// [`crate::quotas::Quotas`]).
    pub(super) fn tally(&self, stage: &mut Stage<'_>, start: &StartRecord, by: i64) {
        if start.child.is_some() {
            return;
        }
        let key = records::count_key(stage.partition(), &start.account, &start.region);
        let row = stage.get(&self.families.counts, &key).map_err(Unreadable::new);
        let count = row.and_then(|row| row.map_or(Ok(0), |row| count_of(&key, &row)));
        match count {
            Ok(count) => self.put_tally(stage, key, count + by),
            Err(error) => tracing::error!(%error, "a number of executions could not be read"),
        }
    }

    pub(super) fn put_tally(&self, stage: &mut Stage<'_>, key: Bytes, count: i64) {
        let row = records::bytes_to_row(Row::Count, &key, &count.to_be_bytes());
        stage.put(&self.families.counts, key, row);
    }

    /// Takes the numbers over at a start.
    pub(crate) fn count_running(&self) -> Result<(), Unreadable> {
        let mut sums: BTreeMap<(String, String), i64> = BTreeMap::new();
        records::each_row(&self.store, records::COUNTS, |key, row| {
            let (account, region) = records::owner_of_count(key)
                .ok_or_else(|| Unreadable::new("a count's key names nobody"))?;
            let sum = sums.entry((account.to_owned(), region.to_owned())).or_default();
            *sum += count_of(key, row)?;
            Ok(())
        })?;
        for ((account, region), sum) in sums {
            let running = u64::try_from(sum).unwrap_or(0);
            self.counts.add_many(&account, &region, Kind::Execution, running);
        }
        Ok(())
    }
}

fn count_of(key: &Bytes, row: &Bytes) -> Result<i64, Unreadable> {
    let body = records::row_to_bytes(Row::Count, key, row)?;
    let body = <[u8; 8]>::try_from(&body[..]);
    Ok(i64::from_be_bytes(body.map_err(|_| Unreadable::new("a count is no number"))?))
}
