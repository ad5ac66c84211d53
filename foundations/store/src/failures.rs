//! Failures on demand, for tests of the store and of what stands on it.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use parking_lot::Mutex;

use crate::engine::{
    Claim, Engine, EngineError, Epoch, Layout, PartitionId, Sealed, Slice, Snapshot,
};

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Not done; may be repeated.
    Busy,
    /// Not done: no space.
    Full,
    /// Not done, but the caller cannot know.
    UnknownLost,
    /// Done, but the caller cannot know.
    UnknownLanded,
    /// The device failed.
    Device,
}

/// Calls that can be made to fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    Claim,
    Append,
    Flush,
}

/// The failures that are still to come.
#[derive(Default)]
pub struct Failures {
    next: Mutex<VecDeque<(Call, Failure)>>,
    full: AtomicBool,
}

impl Failures {
    /// The next such call fails so; several queue up.
    pub fn next(&self, call: Call, failure: Failure) {
        self.next.lock().push_back((call, failure));
    }

    /// Forgets the failures that have not happened.
    pub fn clear(&self) {
        self.next.lock().clear();
    }

    /// While set, appends and flushes find no space.
    pub fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::SeqCst);
    }

    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::SeqCst)
    }

    /// Does a call, or fails it.
    pub(crate) fn around<R>(
        &self,
        call: Call,
        act: impl FnOnce() -> Result<R, EngineError>,
    ) -> Result<R, EngineError> {
        if self.is_full() && call != Call::Claim {
            return Err(EngineError::Full("as the test wished".to_owned()));
        }
        let wished = "as the test wished".to_owned();
        match self.take(call) {
            None => act(),
            Some(Failure::Busy) => Err(EngineError::Busy(wished)),
            Some(Failure::Full) => Err(EngineError::Full(wished)),
            Some(Failure::UnknownLost) => Err(EngineError::Unknown(wished)),
            Some(Failure::UnknownLanded) => act().and(Err(EngineError::Unknown(wished))),
            Some(Failure::Device) => Err(EngineError::Device(wished)),
        }
    }

    fn take(&self, call: Call) -> Option<Failure> {
        let mut next = self.next.lock();
        let at = next.iter().position(|(of, _)| *of == call)?;
        next.remove(at).map(|(_, failure)| failure)
    }
}

/// Any engine, with failures.
pub struct Faulty {
    inner: Arc<dyn Engine>,
    failures: Arc<Failures>,
}

impl Faulty {
    pub fn new(inner: Arc<dyn Engine>, failures: Arc<Failures>) -> Faulty {
        Faulty { inner, failures }
    }
}

impl Engine for Faulty {
    fn layout(&self, wanted: Layout) -> Result<Layout, EngineError> {
        self.inner.layout(wanted)
    }

    fn partitions(&self) -> Result<Vec<Claim>, EngineError> {
        self.inner.partitions()
    }

    fn claim(
        &self,
        wanted: &[(PartitionId, Epoch)],
        node: &str,
    ) -> Result<Vec<Claim>, EngineError> {
        self.failures.around(Call::Claim, || self.inner.claim(wanted, node))
    }

    fn release(&self, held: &[(PartitionId, Epoch)]) -> Result<(), EngineError> {
        self.inner.release(held)
    }

    fn append(&self, batches: &[Sealed]) -> Result<Vec<PartitionId>, EngineError> {
        self.failures.around(Call::Append, || self.inner.append(batches))
    }

    fn flush(&self, slices: &[Slice]) -> Result<Vec<PartitionId>, EngineError> {
        self.failures.around(Call::Flush, || self.inner.flush(slices))
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError> {
        self.inner.snapshot()
    }

    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.inner.get(family, key)
    }

    fn families(&self) -> Result<Vec<String>, EngineError> {
        self.inner.families()
    }

    fn drop_family(&self, family: &str) -> Result<(), EngineError> {
        self.inner.drop_family(family)
    }

    fn tend(&self) -> Result<(), EngineError> {
        self.inner.tend()
    }

    fn free_bytes(&self) -> Option<u64> {
        if self.failures.is_full() { Some(0) } else { self.inner.free_bytes() }
    }

    fn directory(&self) -> Option<&Path> {
        self.inner.directory()
    }
}
