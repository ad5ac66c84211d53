//! An engine in memory that counts what is read of it.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use store::engine::{
    Claim, Engine, EngineError, Epoch, Layout, LogRecord, Order, PartitionId, Sealed, Seq, Slice,
    Snapshot,
};
use store::memory::Memory;

#[derive(Clone)]
pub(crate) struct Counted {
    memory: Memory,
    /// Rows and log records.
    read: Arc<AtomicU64>,
}

impl Counted {
    pub(crate) fn new(memory: Memory) -> Counted {
        Counted { memory, read: Arc::default() }
    }

    /// Rows and log records that were read so far.
    pub(crate) fn read(&self) -> u64 {
        self.read.load(Ordering::SeqCst)
    }

    fn add(&self, rows: usize) {
        self.read.fetch_add(rows as u64, Ordering::SeqCst);
    }
}

impl Engine for Counted {
    fn layout(&self, wanted: Layout) -> Result<Layout, EngineError> {
        self.memory.layout(wanted)
    }

    fn partitions(&self) -> Result<Vec<Claim>, EngineError> {
        self.memory.partitions()
    }

    fn claim(
        &self,
        wanted: &[(PartitionId, Epoch)],
        node: &str,
    ) -> Result<Vec<Claim>, EngineError> {
        self.memory.claim(wanted, node)
    }

    fn release(&self, held: &[(PartitionId, Epoch)]) -> Result<(), EngineError> {
        self.memory.release(held)
    }

    fn append(&self, batches: &[Sealed]) -> Result<Vec<PartitionId>, EngineError> {
        self.memory.append(batches)
    }

    fn flush(&self, slices: &[Slice]) -> Result<Vec<PartitionId>, EngineError> {
        self.memory.flush(slices)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError> {
        Ok(Box::new(View { inner: self.memory.snapshot()?, counted: self.clone() }))
    }

    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.add(1);
        self.memory.get(family, key)
    }

    fn families(&self) -> Result<Vec<String>, EngineError> {
        self.memory.families()
    }

    fn drop_family(&self, family: &str) -> Result<(), EngineError> {
        self.memory.drop_family(family)
    }

    fn free_bytes(&self) -> Option<u64> {
        self.memory.free_bytes()
    }
}

struct View {
    inner: Box<dyn Snapshot>,
    counted: Counted,
}

impl Snapshot for View {
    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.counted.add(1);
        self.inner.get(family, key)
    }

    fn scan(
        &self,
        family: &str,
        range: &Range<Bytes>,
        order: Order,
        limit: usize,
    ) -> Result<Vec<(Bytes, Bytes)>, EngineError> {
        self.inner.scan(family, range, order, limit).inspect(|rows| self.counted.add(rows.len()))
    }

    fn log(
        &self,
        partition: PartitionId,
        from: Seq,
        limit: usize,
    ) -> Result<Vec<LogRecord>, EngineError> {
        self.inner.log(partition, from, limit).inspect(|records| self.counted.add(records.len()))
    }
}
