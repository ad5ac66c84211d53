//! A server whose process can die after any commit. Everything but the engine goes with it; the
//! clock is virtual, chance comes from a seed, and functions answer when the test says so.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use host::{Host, Source};
use moment::Random;
use parking_lot::{Condvar, Mutex};
use serde_json::Value;
use stepfunctions::quotas::Quotas;
use stepfunctions::{Service, Settings};
use store::Store;
use store::engine::{
    Claim, Engine, EngineError, Epoch, Layout, PartitionId, Sealed, Slice, Snapshot,
};
use store::memory::Memory;
use targets::objects::folder::Folder;
use tokio::runtime::Runtime;
use wire::fault::Fault;
use workflow::Limits;

use super::functions::Functions;
use crate::world::call;

/// 2024-01-01T00:00:00Z
pub(super) const BEGIN_MS: i64 = 1_704_067_200_000;
/// How far time moves when nobody has anything to do. More would look like a stall.
pub(super) const STEP_MS: i64 = 1_000;
/// Turns of the runtime that let a chain of tasks run out.
const TURNS: usize = 6;
/// Looks without a change until nothing more is expected.
const CALM: usize = 2;

/// Time and chance of a simulated machine; outlives its processes.
pub(super) struct Machine {
    now_ms: AtomicI64,
    chance: AtomicU64,
}

impl Machine {
    pub(super) fn new(now_ms: i64) -> Arc<Machine> {
        Arc::new(Machine { now_ms: AtomicI64::new(now_ms), chance: AtomicU64::new(0) })
    }

    /// From here on the same numbers come as after any other such call.
    pub(super) fn reseed(&self, seed: u64) {
        self.chance.store(seed, Ordering::SeqCst);
    }
}

impl Source for Machine {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Ordering::SeqCst)
    }

    fn monotonic_ms(&self) -> u64 {
        u64::try_from(self.now_ms() - BEGIN_MS).unwrap() + 1
    }

    fn entropy(&self) -> u64 {
        Random::new(self.chance.fetch_add(0x9E37_79B9_7F4A_7C15, Ordering::SeqCst)).next_u64()
    }

    fn is_single_threaded(&self) -> bool {
        true
    }
}

/// What a crash right after a commit leaves, and when that was.
#[derive(Clone)]
pub(super) struct Tap {
    pub(super) memory: Memory,
    pub(super) now_ms: i64,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Gate {
    Open,
    /// Appends wait.
    Closed,
    /// Appends find no space: what waits for one is told at once, and reads go on.
    Full,
    /// Appends fail: the process is gone.
    Dead,
}

/// An engine that keeps what every commit leaves, and can hold commits back.
pub(super) struct Disk {
    memory: Memory,
    machine: Arc<Machine>,
    gate: Mutex<Gate>,
    turn: Condvar,
    count: Arc<AtomicUsize>,
    taps: Mutex<Vec<Tap>>,
}

impl Disk {
    fn set(&self, gate: Gate) {
        *self.gate.lock() = gate;
        self.turn.notify_all();
    }

    fn pass(&self) -> Result<(), EngineError> {
        let mut gate = self.gate.lock();
        while *gate == Gate::Closed {
            self.turn.wait(&mut gate);
        }
        match *gate {
            Gate::Dead => Err(EngineError::Device("the process is gone".into())),
            Gate::Full => Err(EngineError::Full("it is for reading only".into())),
            _ => Ok(()),
        }
    }

    fn tap(&self) {
        let tap = Tap { memory: self.memory.fork(), now_ms: self.machine.now_ms() };
        self.taps.lock().push(tap);
    }
}

impl Engine for Disk {
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
        self.pass()?;
        let landed = self.memory.append(batches)?;
        self.tap();
        self.count.fetch_add(1, Ordering::SeqCst);
        Ok(landed)
    }

    fn flush(&self, slices: &[Slice]) -> Result<Vec<PartitionId>, EngineError> {
        self.pass()?;
        self.memory.flush(slices)
    }

    fn snapshot(&self) -> Result<Box<dyn Snapshot>, EngineError> {
        self.memory.snapshot()
    }

    fn get(&self, family: &str, key: &[u8]) -> Result<Option<Bytes>, EngineError> {
        self.memory.get(family, key)
    }

    fn families(&self) -> Result<Vec<String>, EngineError> {
        self.memory.families()
    }

    fn drop_family(&self, family: &str) -> Result<(), EngineError> {
        self.memory.drop_family(family)
    }
}

/// How a server is set up.
#[derive(Clone)]
pub(super) struct Setup {
    pub(super) limits: Limits,
    pub(super) partitions: u16,
}

/// A server that runs.
pub(super) struct Process {
    pub(super) machine: Arc<Machine>,
    pub(super) functions: Arc<Functions>,
    disk: Arc<Disk>,
    store: Store,
    service: Option<Service>,
    runtime: Option<Runtime>,
    /// While it is there the runtime's clock moves only when told to.
    hold: Option<std::sync::mpsc::Sender<()>>,
}

impl Process {
    /// A server on an empty disk.
    pub(super) fn new(setup: &Setup) -> Process {
        let tap = Tap { memory: Memory::new(), now_ms: BEGIN_MS };
        Process::open(setup, &tap, Gate::Open)
    }

    /// A server on what a crash left. It can read; it commits nothing until it is thawed.
    pub(super) fn after(setup: &Setup, tap: &Tap) -> Process {
        Process::open(setup, tap, Gate::Closed)
    }

    /// A server on what a crash left that commits nothing ever: it shows what is durable.
    pub(super) fn reader(setup: &Setup, tap: &Tap) -> Process {
        Process::open(setup, tap, Gate::Full)
    }

    fn open(setup: &Setup, tap: &Tap, gate: Gate) -> Process {
        let machine = Machine::new(tap.now_ms);
        let count = Arc::new(AtomicUsize::new(0));
        let functions = Arc::new(Functions::new(machine.clone(), count.clone()));
        let disk = Arc::new(Disk {
            memory: tap.memory.fork(),
            machine: machine.clone(),
            gate: Mutex::new(Gate::Open),
            turn: Condvar::new(),
            count,
            taps: Mutex::default(),
        });
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .unwrap();
        let (hold, held) = std::sync::mpsc::channel::<()>();
        // The clock of a paused runtime jumps when all are idle, unless something blocks.
        runtime.spawn_blocking(move || held.recv());
        let host = Host::from_source(machine.clone());
        let options = store::Options {
            partitions: setup.partitions,
            flush_interval: Duration::from_secs(86_400),
            watch_interval: Duration::from_secs(86_400),
            fatal: Arc::new(|_| {}),
            ..store::Options::default()
        };
        let store = Store::open(disk.clone(), host.clone(), options).unwrap();
        // It has written that it owns the partitions; what counts comes after that.
        disk.count.store(0, Ordering::SeqCst);
        *disk.taps.lock() = Vec::new();
        disk.tap();
        disk.set(gate);
        let settings = Settings {
            limits: setup.limits.clone(),
            lambda: functions.clone(),
            logs: None,
            objects: Arc::new(Folder::new("no-such-folder")),
            drain_max: Duration::ZERO,
            mocks: None,
            retention_days: 90,
            quotas: Quotas::default(),
        };
        let service = runtime.block_on(Service::open(store.clone(), host, settings)).unwrap();
        let (service, runtime, hold) = (Some(service), Some(runtime), Some(hold));
        Process { machine, functions, disk, store, service, runtime, hold }
    }

    /// Lets it commit, and waits until it has taken up what there was to do.
    pub(super) fn thaw(&self) {
        self.disk.set(Gate::Open);
        self.quiesce();
    }

    fn runtime(&self) -> &Runtime {
        self.runtime.as_ref().unwrap()
    }

    fn service(&self) -> &Service {
        self.service.as_ref().unwrap()
    }

    /// Commits so far.
    pub(super) fn count(&self) -> usize {
        self.disk.count.load(Ordering::SeqCst)
    }

    /// What a crash after each commit leaves; the first is from before any.
    pub(super) fn taps(&self) -> Vec<Tap> {
        self.disk.taps.lock().clone()
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.machine.now_ms()
    }

    pub(super) fn answer(&self, operation: &str, body: &Value) -> Result<Value, Fault> {
        self.runtime().block_on(call(self.service(), operation, body))
    }

    /// The same, and waits for what follows from it.
    pub(super) fn act(&self, operation: &str, body: &Value) -> Result<Value, Fault> {
        let answer = self.answer(operation, body);
        self.quiesce();
        answer
    }

    #[track_caller]
    pub(super) fn call(&self, operation: &str, body: &Value) -> Value {
        match self.act(operation, body) {
            Ok(value) => value,
            Err(fault) => panic!("{operation} {body}: {} {}", fault.code, fault.message),
        }
    }

    /// The answer of an operation that may wait; `None` if it still waits when all else is still.
    pub(super) fn poll(&self, operation: &str, body: &Value) -> Option<Result<Value, Fault>> {
        self.runtime().block_on(async {
            tokio::select! {
                biased;
                answer = call(self.service(), operation, body) => Some(answer),
                () = self.calm() => None,
            }
        })
    }

    /// Begins an operation that nobody waits for.
    pub(super) fn begin(&self, operation: &'static str, body: Value) {
        let service = self.service().clone();
        self.runtime().spawn(async move { call(&service, operation, &body).await });
        self.quiesce();
    }

    /// Waits until nothing happens any more by itself.
    pub(super) fn quiesce(&self) {
        self.runtime().block_on(self.calm());
    }

    async fn calm(&self) {
        let mut seen = (usize::MAX, usize::MAX);
        let mut calm = 0;
        while calm < CALM {
            for _ in 0..TURNS {
                tokio::task::yield_now().await;
            }
            for partition in 0..self.store.partition_count() {
                // It waits for what is staged; a store that failed has nothing.
                let _ = self.store.commit(partition, |_| ()).await;
            }
            // What follows a commit is set going by the store's own thread.
            while self.store.statistics().told < self.count() as u64 {
                tokio::task::yield_now().await;
                std::thread::yield_now();
            }
            let now = (self.count(), self.functions.invoked());
            calm = if now == seen { calm + 1 } else { 0 };
            seen = now;
        }
    }

    /// Lets time pass.
    pub(super) fn pass(&self, ms: i64) {
        self.machine.now_ms.fetch_add(ms, Ordering::SeqCst);
        let ms = Duration::from_millis(u64::try_from(ms).unwrap());
        self.runtime().block_on(tokio::time::advance(ms));
        self.quiesce();
    }

    /// Moves everything committed into the families.
    pub(super) fn flush(&self) {
        self.store.flush().unwrap();
    }

    /// Families and keys of all rows.
    pub(super) fn rows(&self, families: &[&str]) -> Vec<(String, Bytes)> {
        let mut rows = Vec::new();
        for family in families {
            let all = Bytes::new()..Bytes::new();
            let found = self.store.scan_all(family, all, store::engine::Order::Forward, 100_000);
            rows.extend(found.unwrap().into_iter().map(|(key, _)| ((*family).to_owned(), key)));
        }
        rows
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.disk.set(Gate::Dead);
        drop(self.hold.take());
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        drop(self.service.take());
    }
}
