//! Time limits of tasks against clocks that jump and processes that stall. A worker must not be
//! told that it was silent because this server slept or its wall clock was put forward.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use workflow::effect::TimerKind;

use super::TimerKey;
use crate::service::Service;

/// How often the process notes that it runs.
const TICK: Duration = Duration::from_millis(250);
/// A longer silence between two notes is a stall.
const STALL_MS: u64 = 1_000;
/// After a stall, what workers sent meanwhile is taken in first, for at most this long.
const GRACE_MS_MAX: u64 = 5_000;

/// What is known of the monotonic clock, in its milliseconds.
#[derive(Default)]
pub(crate) struct Clocks {
    last_tick: AtomicU64,
    grace_until: AtomicU64,
    /// Before this a limit that was set in this process does not expire.
    earliest: Mutex<HashMap<TimerKey, u64>>,
}

impl Clocks {
    /// Notes that the process runs, and whether it had stopped.
    fn tick(&self, now: u64) {
        let last = self.last_tick.swap(now, Ordering::SeqCst);
        let silence = now.saturating_sub(last);
        if last > 0 && silence > STALL_MS {
            let until = now + silence.min(GRACE_MS_MAX);
            self.grace_until.fetch_max(until, Ordering::SeqCst);
            tracing::warn!(silence_ms = silence, "the process stood still");
        }
    }

    /// A limit is set that lasts `lasts_ms` from now.
    pub(crate) fn armed(&self, key: TimerKey, now: u64, lasts_ms: u64) {
        if is_limit(key.kind) {
            self.earliest.lock().insert(key, now + lasts_ms);
        }
    }

    pub(crate) fn disarmed(&self, key: &TimerKey) {
        if is_limit(key.kind) {
            self.earliest.lock().remove(key);
        }
    }

    /// How long a timer that is due by the wall clock still has to wait; zero for most.
    pub(crate) fn wait_ms(&self, key: &TimerKey, now: u64) -> u64 {
        if !is_limit(key.kind) {
            return 0;
        }
        self.tick(now);
        let grace = self.grace_until.load(Ordering::SeqCst).saturating_sub(now);
        let mut earliest = self.earliest.lock();
        let early = earliest.get(key).map_or(0, |at| at.saturating_sub(now));
        let wait = grace.max(early);
        if wait == 0 {
            earliest.remove(key);
        }
        wait
    }
}

/// Whether a worker is judged by it.
fn is_limit(kind: TimerKind) -> bool {
    matches!(kind, TimerKind::Timeout | TimerKind::Heartbeat)
}

impl Service {
    /// Notes that the process runs, until the server stops.
    pub(crate) async fn run_clocks(self) {
        loop {
            self.clocks.tick(self.host.monotonic_ms().max(1));
            tokio::time::sleep(TICK).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(kind: TimerKind) -> TimerKey {
        TimerKey { id: 1, frame: 0, kind }
    }

    // SFN-INT-147: the clock of a heartbeat is this process's own, not the wall's.
    #[test]
    fn a_wall_clock_put_forward_ends_no_limit() {
        let clocks = Clocks::default();
        clocks.tick(1_000);
        clocks.armed(key(TimerKind::Heartbeat), 1_000, 500);
        assert_eq!(clocks.wait_ms(&key(TimerKind::Heartbeat), 1_100), 400);
        assert_eq!(clocks.wait_ms(&key(TimerKind::Heartbeat), 1_500), 0);
        assert_eq!(clocks.wait_ms(&key(TimerKind::Heartbeat), 1_500), 0, "and is forgotten");
        assert_eq!(clocks.wait_ms(&key(TimerKind::Wait), 1_500), 0, "a Wait goes by the wall");
    }

    #[test]
    fn a_stall_lets_answers_in_first() {
        let clocks = Clocks::default();
        let runs = |from, until| (from..until).step_by(250).for_each(|now| clocks.tick(now));
        runs(250, 1_250);
        assert_eq!(clocks.wait_ms(&key(TimerKind::Timeout), 4_000), 3_000, "as long as the stall");
        runs(4_000, 6_500);
        assert_eq!(clocks.wait_ms(&key(TimerKind::Timeout), 6_500), 500, "counted once");
        runs(6_500, 7_000);
        assert_eq!(clocks.wait_ms(&key(TimerKind::Timeout), 7_000), 0);
        clocks.tick(100_000);
        assert_eq!(clocks.wait_ms(&key(TimerKind::Timeout), 100_000), GRACE_MS_MAX, "at most");
    }
}
