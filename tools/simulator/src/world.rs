//! What all parts of one simulated run share: time, chance, the database, who leads, the trace,
//! and what went wrong.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use host::Source;
use moment::Random;
use parking_lot::Mutex;
use store::memory::Memory;
use tokio::time::Instant;

use crate::disk::Late;
use crate::facts::Facts;
use crate::node::Node;

/// 2024-02-10T00:00:10Z: a clock that falls comes to another day.
const BEGIN_MS: i64 = 1_707_523_210_000;
/// Violations kept; the first tells the most.
const VIOLATIONS_MAX: usize = 10;
/// Lines of the trace that are kept for a report.
const LINES_MAX: usize = 4_000;

pub(crate) struct World {
    chance: Mutex<Random>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) memory: Memory,
    pub(crate) late: Mutex<Vec<Late>>,
    /// The node that claimed last; the ones before it may not have heard.
    leader: Mutex<Option<Arc<Node>>>,
    pub(crate) zombies: Mutex<Vec<Arc<Node>>>,
    pub(crate) nodes: AtomicU64,
    pub(crate) facts: Mutex<Facts>,
    calm: AtomicBool,
    trace: Mutex<Trace>,
    violations: Mutex<Vec<String>>,
}

#[derive(Default)]
struct Trace {
    digest: u64,
    lines: Vec<String>,
}

impl World {
    pub(crate) fn new(seed: u64) -> Arc<World> {
        let clock = Clock {
            begin: Instant::now(),
            ahead_ms: AtomicI64::new(0),
            chance: Mutex::new(Random::new(seed ^ 0x5EED)),
        };
        Arc::new(World {
            chance: Mutex::new(Random::new(seed)),
            clock: Arc::new(clock),
            memory: Memory::new(),
            late: Mutex::default(),
            leader: Mutex::default(),
            zombies: Mutex::default(),
            nodes: AtomicU64::new(0),
            facts: Mutex::default(),
            calm: AtomicBool::new(false),
            trace: Mutex::default(),
            violations: Mutex::default(),
        })
    }

    /// A number below `end`.
    pub(crate) fn below(&self, end: u64) -> u64 {
        self.chance.lock().next_u64() % end.max(1)
    }

    pub(crate) fn one_in(&self, many: u64) -> bool {
        self.below(many) == 0
    }

    pub(crate) async fn rest(&self, from_ms: u64, to_ms: u64) {
        let ms = from_ms + self.below(to_ms - from_ms + 1);
        tokio::time::sleep(Duration::from_millis(ms)).await;
    }

    /// From here on nothing fails.
    pub(crate) fn be_calm(&self) {
        self.calm.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_calm(&self) -> bool {
        self.calm.load(Ordering::SeqCst)
    }

    pub(crate) fn leader(&self) -> Option<Arc<Node>> {
        self.leader.lock().clone().filter(|node| node.is_alive())
    }

    pub(crate) fn leads(&self, node: &Node) -> bool {
        self.leader.lock().as_ref().is_some_and(|leader| leader.number == node.number)
    }

    /// A node has claimed everything; the one before it lives on and does not know.
    pub(crate) fn crown(&self, node: Arc<Node>) {
        let before = self.leader.lock().replace(node);
        self.zombies.lock().extend(before.filter(|node| node.is_alive()));
    }

    pub(crate) fn note(&self, line: String) {
        let line = format!("{:>7} {line}", self.clock.elapsed_ms());
        let mut trace = self.trace.lock();
        let mut hasher = DefaultHasher::new();
        (trace.digest, &line).hash(&mut hasher);
        trace.digest = hasher.finish();
        if trace.lines.len() < LINES_MAX {
            trace.lines.push(line);
        }
    }

    pub(crate) fn violation(&self, told: String) {
        self.note(format!("VIOLATION {told}"));
        let mut violations = self.violations.lock();
        if violations.len() < VIOLATIONS_MAX {
            violations.push(told);
        }
    }

    pub(crate) fn violations(&self) -> Vec<String> {
        self.violations.lock().clone()
    }

    pub(crate) fn digest(&self) -> u64 {
        self.trace.lock().digest
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.trace.lock().lines.clone()
    }
}

/// The runtime's paused clock as the machine's, which may jump; chance from the seed.
pub(crate) struct Clock {
    begin: Instant,
    ahead_ms: AtomicI64,
    chance: Mutex<Random>,
}

impl Clock {
    pub(crate) fn elapsed_ms(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    pub(crate) fn jump(&self, ms: i64) {
        self.ahead_ms.fetch_add(ms, Ordering::SeqCst);
    }
}

impl Source for Clock {
    fn now_ms(&self) -> i64 {
        let elapsed = i64::try_from(self.elapsed_ms()).unwrap_or(i64::MAX);
        BEGIN_MS + elapsed + self.ahead_ms.load(Ordering::SeqCst)
    }

    fn monotonic_ms(&self) -> u64 {
        self.elapsed_ms() + 1
    }

    fn entropy(&self) -> u64 {
        self.chance.lock().next_u64()
    }

    fn is_single_threaded(&self) -> bool {
        true
    }
}
