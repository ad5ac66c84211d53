//! An engine in memory: what tests and throw-away servers run on. Clones share their data, so a
//! store opened on a clone finds what an earlier one made durable.

use std::collections::BTreeMap;
use std::ops::{Bound, Range};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::engine::{
    Claim, Engine, EngineError, Epoch, Layout, LogRecord, Order, PartitionId, Row, Sealed, Seq,
    Slice, Snapshot,
};
use crate::failures::{Call, Failures};
use crate::probe;

#[derive(Clone, Default)]
pub struct Memory {
    state: Arc<Mutex<State>>,
    failures: Arc<Failures>,
}

type Rows = BTreeMap<Bytes, Bytes>;
type Log = BTreeMap<(PartitionId, Seq), LogRecord>;

#[derive(Clone, Default)]
struct State {
    layout: Option<Layout>,
    partitions: Vec<Claim>,
    seen: Arc<Seen>,
}

/// What a snapshot keeps: copied on the first write after it was taken.
#[derive(Clone, Default)]
struct Seen {
    families: BTreeMap<String, Arc<Rows>>,
    log: Arc<Log>,
}

impl Memory {
    pub fn new() -> Memory {
        Memory::default()
    }

    /// Failures to come, shared by all clones.
    pub fn failures(&self) -> &Arc<Failures> {
        &self.failures
    }

    /// A copy that goes its own way from here: what a crash at this moment would leave.
    #[must_use]
    pub fn fork(&self) -> Memory {
        let state = self.state.lock().clone();
        Memory { state: Arc::new(Mutex::new(state)), failures: Arc::default() }
    }

    /// Changes a stored record, for tests of damage. False if there is none.
    pub fn damage(
        &self,
        partition: PartitionId,
        seq: Seq,
        change: impl FnOnce(&mut Vec<u8>),
    ) -> bool {
        let mut state = self.state.lock();
        let Some(record) = state.log_mut().get_mut(&(partition, seq)) else {
            return false;
        };
        let mut body = record.body.to_vec();
        change(&mut body);
        record.body = Bytes::from(body);
        true
    }
}

impl State {
    fn log_mut(&mut self) -> &mut Log {
        Arc::make_mut(&mut Arc::make_mut(&mut self.seen).log)
    }

    fn partition(&mut self, id: PartitionId, epoch: Epoch) -> Option<&mut Claim> {
        self.partitions.get_mut(usize::from(id)).filter(|row| row.epoch == epoch)
    }

    fn append(&mut self, batch: &Sealed) -> bool {
        let by_key = probe::mutant("key-only");
        if by_key && self.seen.log.contains_key(&(batch.partition, batch.seq)) {
            return false;
        }
        let Some(row) = self.partitions.get_mut(usize::from(batch.partition)) else { return false };
        if row.epoch != batch.epoch && !by_key {
            return false;
        }
        if row.tail + 1 != batch.seq && !by_key && !probe::mutant("epoch-only") {
            return false;
        }
        row.tail = batch.seq;
        let record = LogRecord {
            seq: batch.seq,
            epoch: batch.epoch,
            batch_id: batch.batch_id,
            body: batch.body.clone(),
        };
        self.log_mut().insert((batch.partition, batch.seq), record);
        true
    }

    fn flush(&mut self, slice: &Slice) -> bool {
        if probe::mutant("unfenced-flush") {
            slice.rows.iter().for_each(|row| self.put(row));
        }
        let Some(row) = self.partition(slice.partition, slice.epoch) else { return false };
        if let Some(applied) = &slice.applied {
            if row.applied != applied.from || row.tail < applied.to {
                return false;
            }
            row.applied = applied.to;
            row.anchor = applied.anchor.clone();
            let log = self.log_mut();
            for seq in applied.from + 1..=applied.to {
                log.remove(&(slice.partition, seq));
            }
        }
        for row in &slice.rows {
            self.put(row);
        }
        true
    }

    fn put(&mut self, row: &Row) {
        let families = &mut Arc::make_mut(&mut self.seen).families;
        let rows = Arc::make_mut(families.entry(row.family.to_string()).or_default());
        match &row.value {
            Some(value) => rows.insert(row.key.clone(), value.clone()),
            None => rows.remove(&row.key),
        };
    }
}

impl Engine for Memory {
    fn layout(&self, wanted: Layout) -> Result<Layout, EngineError> {
        let mut state = self.state.lock();
        if let Some(layout) = state.layout {
            return Ok(layout);
        }
        state.layout = Some(wanted);
        state.partitions = (0..wanted.partitions).map(Claim::first).collect();
        Ok(wanted)
    }

    fn partitions(&self) -> Result<Vec<Claim>, EngineError> {
        Ok(self.state.lock().partitions.clone())
    }

    fn claim(
        &self,
        wanted: &[(PartitionId, Epoch)],
        node: &str,
    ) -> Result<Vec<Claim>, EngineError> {
        self.failures.around(Call::Claim, || {
            let mut state = self.state.lock();
            let mut claims = Vec::new();
            for &(id, epoch) in wanted {
                let Some(row) = state.partition(id, epoch) else { continue };
                row.epoch += 1;
                row.owner = node.to_owned();
                claims.push(row.clone());
            }
            Ok(claims)
        })
    }

    fn release(&self, held: &[(PartitionId, Epoch)]) -> Result<(), EngineError> {
        let mut state = self.state.lock();
        for &(id, epoch) in held {
            if let Some(row) = state.partition(id, epoch) {
                row.owner.clear();
            }
        }
        Ok(())
    }

    fn append(&self, batches: &[Sealed]) -> Result<Vec<PartitionId>, EngineError> {
        self.failures.around(Call::Append, || {
            let mut state = self.state.lock();
            let landed = batches.iter().filter(|batch| state.append(batch));
            Ok(landed.map(|batch| batch.partition).collect())
        })
    }

    fn flush(&self, slices: &[Slice]) -> Result<Vec<PartitionId>, EngineError> {
        self.failures.around(Call::Flush, || {
            let mut state = self.state.lock();
            let landed = slices.iter().filter(|slice| state.flush(slice));
            Ok(landed.map(|slice| slice.partition).collect())
        })
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError> {
        Ok(Box::new(self.state.lock().seen.clone()))
    }

    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.state.lock().seen.get(family, key)
    }

    fn families(&self) -> Result<Vec<String>, EngineError> {
        Ok(self.state.lock().seen.families.keys().cloned().collect())
    }

    fn drop_family(&self, family: &str) -> Result<(), EngineError> {
        Arc::make_mut(&mut self.state.lock().seen).families.remove(family);
        Ok(())
    }

    fn free_bytes(&self) -> Option<u64> {
        self.failures.is_full().then_some(0)
    }
}

impl Snapshot for Arc<Seen> {
    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        Ok(self.families.get(family).and_then(|rows| rows.get(key)).cloned())
    }

    fn scan(
        &self,
        family: &str,
        range: &Range<Bytes>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        let Some(rows) = self.families.get(family) else { return Ok(Vec::new()) };
        if !range.end.is_empty() && range.start >= range.end {
            return Ok(Vec::new());
        }
        let end = match range.end.is_empty() {
            true => Bound::Unbounded,
            false => Bound::Excluded(range.end.clone()),
        };
        let rows = rows.range((Bound::Included(range.start.clone()), end));
        let copy = |(key, value): (&Bytes, &Bytes)| (key.clone(), value.clone());
        Ok(match order {
            Order::Forward => rows.take(limit).map(copy).collect(),
            Order::Backward => rows.rev().take(limit).map(copy).collect(),
        })
    }

    fn log(
        &self,
        partition: PartitionId,
        from: Seq,
        limit: usize,
    ) -> Result<Vec<LogRecord>, EngineError> {
        let records = self.log.range((partition, from)..=(partition, Seq::MAX));
        Ok(records.take(limit).map(|(_, record)| record.clone()).collect())
    }
}
