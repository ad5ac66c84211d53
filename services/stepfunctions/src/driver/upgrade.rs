//! Stores from before there were rows of offers and of numbers: those are made once, from what they
//! tell of, before anything moves. What is done twice after a crash comes to the same.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use store::engine::{Order, PartitionId};
use store::{SLOTS, Stage};

use crate::records::{self, MachineRecord, Row, TaskRecord, Unreadable};
use crate::service::Service;
use crate::tokens::Place;

/// Says that a store has such rows.
const DONE: &[u8] = b"offers-and-counts-1";
/// Tasks read and written at once.
const TASKS_AT_ONCE: usize = 1_000;

/// Numbers of running executions, by the keys of their rows.
type Tallies = BTreeMap<PartitionId, BTreeMap<Bytes, i64>>;

/// A new store needs no upgrade.
pub(crate) fn mark_upgraded(stage: &mut Stage<'_>) {
    stage.put(&records::KEYS.into(), DONE, records::bytes_to_row(Row::Upgrade, DONE, &[]));
}

impl Service {
    /// Makes the rows that an older store lacks. Waits for commits: not for threads of the runtime.
    pub(crate) fn upgrade(&self) -> Result<(), Unreadable> {
        let first = self.store.partition_of(0);
        let done = self.store.get(first, records::KEYS, DONE).map_err(Unreadable::new)?;
        if done.is_some() {
            return Ok(());
        }
        for slot in 0..SLOTS {
            self.offer_tasks_of(slot)?;
        }
        for (partition, tallies) in self.tallies()? {
            self.commit_now(partition, |stage| {
                for (key, count) in tallies {
                    self.put_tally(stage, key, count);
                }
                Ok(())
            })?;
        }
        self.commit_now(first, |stage| {
            mark_upgraded(stage);
            Ok(())
        })
    }

    fn commit_now(
        &self,
        partition: PartitionId,
        work: impl FnOnce(&mut Stage<'_>) -> Result<(), Unreadable> + Send,
    ) -> Result<(), Unreadable> {
        let committed = self.runtime.block_on(self.store.commit(partition, work));
        committed.map_err(Unreadable::new)?
    }

    /// An unleased task is offered as if it were new (SFN-SEM-102).
    fn offer_tasks_of(&self, slot: u16) -> Result<(), Unreadable> {
        let partition = self.store.partition_of(slot);
        let mut range = records::rows_of_slot(Row::Task, slot);
        loop {
            let rows = self.store.scan(
                partition,
                records::OPEN,
                range.clone(),
                Order::Forward,
                TASKS_AT_ONCE,
            );
            let rows = rows.map_err(Unreadable::new)?;
            let Some((last, _)) = rows.last() else { return Ok(()) };
            range.start = [&last[..], &[0]].concat().into();
            let now_ms = self.host.now_ms();
            self.commit_now(partition, |stage| {
                for (key, row) in rows {
                    let mut task: TaskRecord = records::from_row(Row::Task, &key, &row)?;
                    let (id, frame, attempt) = records::attempt_of_key(&key)
                        .ok_or_else(|| Unreadable::new("a key names no attempt"))?;
                    if task.leased || task.offered_ms > 0 {
                        continue;
                    }
                    task.offered_ms = now_ms;
                    let offer_key = task.offer_key(Place { id, frame, attempt });
                    stage.put(&self.families.offers, offer_key, Bytes::new());
                    let row = records::to_row(Row::Task, &key, &task);
                    stage.put(&self.families.open, key, row);
                }
                Ok(())
            })?;
        }
    }

    /// Counts the lists of running executions.
    fn tallies(&self) -> Result<Tallies, Unreadable> {
        let mut owners = HashMap::new();
        records::each_row(&self.store, records::MACHINES, |key, row| {
            let record: MachineRecord = records::from_row(Row::Machine, key, row)?;
            if let Some((account, region, _)) = records::owner_of_key(key) {
                owners.insert(record.incarnation, (account.to_owned(), region.to_owned()));
            }
            Ok(())
        })?;
        let mut tallies = Tallies::new();
        // Lists of map runs belong to no machine: their children are not counted.
        records::each_row(&self.store, records::INDEX_OPEN, |key, _| {
            let list = records::list_of_key(key);
            let Some((account, region)) = list.and_then(|list| owners.get(&list)) else {
                return Ok(());
            };
            let id = records::listed_of_key(key)
                .ok_or_else(|| Unreadable::new("a list's key names no execution"))?;
            let partition = self.partition_of(id);
            let key = records::count_key(partition, account, region);
            *tallies.entry(partition).or_default().entry(key).or_default() += 1;
            Ok(())
        })?;
        Ok(tallies)
    }
}
