//! How many cases are run, and with which seeds.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use proptest::strategy::Strategy;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};

/// Tries to make a failing case smaller.
const SHRINKS_MAX: u32 = 150;
const SHRINK_MS_MAX: u32 = 30_000;

/// Cases after which a long run says how far it is.
const PROGRESS: u64 = 50;

/// An ordinary run on a busy machine ends after this time, with fewer cases.
const ORDINARY_MAX: Duration = Duration::from_secs(15);
/// But not with fewer than these.
const CASES_MIN: u64 = 2;

/// Crash points looked at.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) points: AtomicUsize,
    /// What was done, how often with success and how often not.
    done: Mutex<BTreeMap<&'static str, (usize, usize)>>,
}

impl Tally {
    fn told(&self) -> String {
        let points = self.points.load(Ordering::Relaxed);
        format!("{points} crash points {:?}", self.done.lock())
    }

    pub(super) fn count(&self, what: &'static str, success: bool) {
        let mut done = self.done.lock();
        let (successes, others) = done.entry(what).or_default();
        *successes += usize::from(success);
        *others += usize::from(!success);
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

/// Runs `check` for a number of cases, each from a seed of its own. Stops at the first that fails,
/// with its seed and the smallest case that fails like it.
pub(super) fn run<T: Debug>(
    name: &str,
    cases: u64,
    strategy: impl Strategy<Value = T>,
    check: impl Fn(T, &Tally) -> Result<(), String>,
) {
    let first = number("RUNG_RESUME_SEED").unwrap_or(1);
    let wished = number("RUNG_RESUME_CASES");
    let cases = wished.unwrap_or(cases);
    let begin = Instant::now();
    let mut done = 0;
    let tally = Tally::default();
    for seed in first..first + cases {
        if wished.is_none() && done >= CASES_MIN && begin.elapsed() > ORDINARY_MAX {
            break;
        }
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        let config = Config {
            cases: 1,
            failure_persistence: None,
            max_shrink_iters: SHRINKS_MAX,
            max_shrink_time: SHRINK_MS_MAX,
            ..Config::default()
        };
        let random = TestRng::from_seed(RngAlgorithm::ChaCha, &bytes);
        let mut runner = TestRunner::new_with_rng(config, random);
        let ran = runner.run(&strategy, |case| check(case, &tally).map_err(TestCaseError::fail));
        if let Err(error) = ran {
            panic!(
                "{error}\nthat was seed {seed}: RUNG_RESUME_SEED={seed} RUNG_RESUME_CASES=1 \
                 cargo test -p stepfunctions --test it resume::{name}"
            );
        }
        done += 1;
        if done.is_multiple_of(PROGRESS) {
            println!("{name}: {done} cases, {}", tally.told());
        }
    }
    println!("{name}: {done} cases from seed {first}, {}", tally.told());
}
