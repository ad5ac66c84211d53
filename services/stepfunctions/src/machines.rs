//! State machines: found through a cache, changed under their partition's control.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::Bytes;
use identity::Caller;
use parking_lot::RwLock;
use store::engine::{Family, PartitionId};
use store::{Stage, Store};
use wire::fault::Fault;

use crate::counts::{Counts, Kind};
use crate::faults;
use crate::records::{self, MachineRecord, Row, Unreadable};

/// Whose machine, where, and its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MachineKey {
    pub(crate) account: Arc<str>,
    pub(crate) region: Arc<str>,
    pub(crate) name: Arc<str>,
}

impl MachineKey {
    pub(crate) fn of(caller: &Caller, name: &str) -> MachineKey {
        MachineKey {
            account: caller.account.clone(),
            region: caller.region.clone(),
            name: name.into(),
        }
    }

    fn row_key(&self) -> Bytes {
        records::owned_key(&self.account, &self.region, &self.name)
    }

    pub(crate) fn partition(&self, store: &Store) -> PartitionId {
        store.partition_of(records::slot_of_name(&[&self.account, &self.region, &self.name]))
    }
}

/// Removed names remembered; a read that outlasts that many removals is not a worry.
const REMOVED_MAX: usize = 100_000;

/// What a change makes of a machine.
pub(crate) enum Change {
    Keep,
    Write(MachineRecord),
    Remove,
}

pub(crate) struct Machines {
    cache: RwLock<Cache>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Cache {
    kept: HashMap<MachineKey, Arc<MachineRecord>>,
    /// The last life of each removed name, so that a read from before the removal is not kept.
    removed: HashMap<MachineKey, u64>,
}

/// What the cache says of a machine.
pub(crate) enum Cached {
    Here(Arc<MachineRecord>),
    /// It was there and was removed.
    Gone,
    /// Ask the store.
    Unknown,
}

impl Machines {
    pub(crate) fn new(counts: Arc<Counts>) -> Machines {
        Machines { cache: RwLock::default(), counts }
    }

    /// The machine as last committed.
    pub(crate) fn find(
        &self,
        store: &Store,
        key: &MachineKey,
    ) -> Result<Option<Arc<MachineRecord>>, Unreadable> {
        if let Some(found) = self.cache.read().kept.get(key) {
            return Ok(Some(found.clone()));
        }
        let row_key = key.row_key();
        let row = store
            .get(key.partition(store), records::MACHINES, &row_key)
            .map_err(Unreadable::new)?;
        let Some(row) = row else {
            self.forget(key, 0);
            return Ok(None);
        };
        let record: MachineRecord = records::from_row(Row::Machine, &row_key, &row)?;
        Ok(Some(self.keep(key, Arc::new(record))))
    }

    /// What is known without asking the store: for use inside a stage, which must not wait for
    /// another partition.
    pub(crate) fn cached(&self, key: &MachineKey) -> Cached {
        let cache = self.cache.read();
        match cache.kept.get(key) {
            Some(found) => Cached::Here(found.clone()),
            None if cache.removed.contains_key(key) => Cached::Gone,
            None => Cached::Unknown,
        }
    }

    /// Keeps the newer of the two.
    fn keep(&self, key: &MachineKey, record: Arc<MachineRecord>) -> Arc<MachineRecord> {
        let mut cache = self.cache.write();
        if cache.removed.get(key).is_some_and(|removed| record.incarnation <= *removed) {
            return record;
        }
        let kept = cache.kept.entry(key.clone()).or_insert_with(|| record.clone());
        let newer = (record.incarnation, record.generation) > (kept.incarnation, kept.generation);
        if newer {
            *kept = record;
        }
        kept.clone()
    }

    fn forget(&self, key: &MachineKey, incarnation: u64) {
        let mut cache = self.cache.write();
        if cache.kept.get(key).is_some_and(|kept| kept.incarnation <= incarnation) {
            cache.kept.remove(key);
        }
        if cache.removed.len() >= REMOVED_MAX {
            cache.removed.clear();
        }
        let last = cache.removed.entry(key.clone()).or_insert(incarnation);
        *last = incarnation.max(*last);
    }

    fn count_new(&self, stage: &mut Stage<'_>, key: &MachineKey) -> Result<(), Fault> {
        let place = self.counts.reserve(&key.account, &key.region, Kind::Machine);
        place.map_err(|_| faults::too_many_machines())?.keep_with(stage);
        Ok(())
    }

    fn count_gone(&self, key: &MachineKey, was_absent: bool) {
        if !was_absent {
            self.counts.release(&key.account, &key.region, Kind::Machine);
        }
    }

    /// Changes a machine: `change` sees it as staged and decides; the answer is durable.
    pub(crate) async fn change<R: Send>(
        self: &Arc<Self>,
        store: &Store,
        key: &MachineKey,
        change: impl FnOnce(Option<MachineRecord>) -> Result<(R, Change), Fault> + Send,
    ) -> Result<R, Fault> {
        let family: Family = records::MACHINES.into();
        let row_key = key.row_key();
        let machines = self.clone();
        let cache_key = key.clone();
        store
            .commit(key.partition(store), move |stage| {
                let row = stage.get(&family, &row_key).map_err(faults::from_read)?;
                let now = match &row {
                    Some(row) => Some(
                        records::from_row::<MachineRecord>(Row::Machine, &row_key, row)
                            .map_err(faults::from_unreadable)?,
                    ),
                    None => None,
                };
                let is_new = now.is_none();
                let generation = now.as_ref().map_or(0, |record| record.generation);
                let incarnation = now.as_ref().map_or(0, |record| record.incarnation);
                let (answer, change) = change(now)?;
                match change {
                    Change::Keep => {}
                    Change::Write(mut record) => {
                        if is_new {
                            machines.count_new(stage, &cache_key)?;
                        }
                        record.generation = generation + 1;
                        let row = records::to_row(Row::Machine, &row_key, &record);
                        stage.put(&family, row_key, row);
                        stage.on_settled(move |settled| {
                            if settled.is_ok() {
                                machines.keep(&cache_key, Arc::new(record));
                            }
                        });
                    }
                    Change::Remove => {
                        stage.delete(&family, row_key);
                        stage.on_settled(move |settled| {
                            if settled.is_ok() {
                                machines.forget(&cache_key, incarnation);
                                machines.count_gone(&cache_key, is_new);
                            }
                        });
                    }
                }
                Ok(answer)
            })
            .await
            .map_err(faults::from_unavailable)?
    }
}
