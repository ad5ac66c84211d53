//! What happens after a commit: timers. Start at [`TimerQueue`].
//! Nothing here is durable: a timer is a row somewhere, and the queue only remembers the near ones.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Timers handed out at once, so that new work comes between.
pub const DUE_BATCH_MAX: usize = 256;

/// Longest sleep: a clock that jumps forward is noticed within it.
const SLEEP_MS_MAX: i64 = 1000;

/// Keys by due time, and a way to wait for the next. How far ahead keys are loaded is up to the
/// caller. A key has one due time; setting it again moves it.
pub struct TimerQueue<K> {
    timers: Mutex<Timers<K>>,
    /// Told when the earliest due time may have moved forward.
    earlier: Notify,
}

struct Timers<K> {
    by_due: BTreeSet<(i64, K)>,
    due_of: BTreeMap<K, i64>,
}

/// What a look at the queue finds.
enum Next<K> {
    Due(Vec<K>),
    SleepMs(i64),
    Idle,
}

impl<K: Ord + Clone + Send> TimerQueue<K> {
    pub fn new() -> TimerQueue<K> {
        let timers = Timers { by_due: BTreeSet::new(), due_of: BTreeMap::new() };
        TimerQueue { timers: Mutex::new(timers), earlier: Notify::new() }
    }

    /// Wakes `key` at `due_ms` since 1970, instead of when it was set to wake before.
    pub fn set(&self, due_ms: i64, key: K) {
        let mut timers = self.timers.lock();
        timers.clear(&key);
        let first = timers.by_due.first().is_none_or(|(due, _)| due_ms < *due);
        timers.due_of.insert(key.clone(), due_ms);
        timers.by_due.insert((due_ms, key));
        drop(timers);
        if first {
            self.earlier.notify_one();
        }
    }

    /// Forgets `key`, if it is there.
    pub fn clear(&self, key: &K) {
        self.timers.lock().clear(key);
    }

    /// Forgets every key for which `keep` is false.
    pub fn retain(&self, mut keep: impl FnMut(&K) -> bool) {
        let mut timers = self.timers.lock();
        timers.by_due.retain(|(_, key)| keep(key));
        let Timers { by_due, due_of } = &mut *timers;
        due_of.retain(|key, due| by_due.contains(&(*due, key.clone())));
    }

    pub fn len(&self) -> usize {
        self.timers.lock().due_of.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Waits until something is due by `now` (milliseconds since 1970) and takes it: the earliest
    /// first, at most [`DUE_BATCH_MAX`], never early. Dropping the future loses nothing. Meant for
    /// one waiter.
    pub async fn next_due(&self, now: impl Fn() -> i64) -> Vec<K> {
        loop {
            // Not in the `match`: the lock would be held while waiting.
            let next = self.timers.lock().next(now());
            match next {
                Next::Due(keys) => return keys,
                Next::Idle => self.earlier.notified().await,
                Next::SleepMs(ms) => {
                    let sleep = Duration::from_millis(u64::try_from(ms).unwrap_or(0));
                    // Either way the queue is looked at again.
                    let _ = tokio::time::timeout(sleep, self.earlier.notified()).await;
                }
            }
        }
    }

    /// Takes what is due by `now_ms` without waiting.
    pub fn take_due(&self, now_ms: i64) -> Vec<K> {
        match self.timers.lock().next(now_ms) {
            Next::Due(keys) => keys,
            Next::SleepMs(_) | Next::Idle => Vec::new(),
        }
    }
}

impl<K: Ord + Clone + Send> Default for TimerQueue<K> {
    fn default() -> TimerQueue<K> {
        TimerQueue::new()
    }
}

impl<K: Ord + Clone> Timers<K> {
    fn clear(&mut self, key: &K) {
        if let Some((key, due)) = self.due_of.remove_entry(key) {
            self.by_due.remove(&(due, key));
        }
    }

    fn next(&mut self, now_ms: i64) -> Next<K> {
        let Some(&(first, _)) = self.by_due.first() else { return Next::Idle };
        if first > now_ms {
            return Next::SleepMs(first.saturating_sub(now_ms).min(SLEEP_MS_MAX));
        }
        let mut due = Vec::new();
        while due.len() < DUE_BATCH_MAX
            && self.by_due.first().is_some_and(|(at, _)| *at <= now_ms)
            && let Some((_, key)) = self.by_due.pop_first()
        {
            self.due_of.remove(&key);
            due.push(key);
        }
        Next::Due(due)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicI64, Ordering};
    use tokio::time::Instant;

    fn clock() -> impl Fn() -> i64 {
        let begin = Instant::now();
        move || i64::try_from(begin.elapsed().as_millis()).unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn keys_come_in_deadline_order_and_never_early() {
        let queue = TimerQueue::new();
        let now = clock();
        queue.set(5000, "late");
        queue.set(20, "b");
        queue.set(10, "a");
        assert_eq!(queue.next_due(&now).await, ["a"]);
        assert_eq!(now(), 10);
        tokio::time::sleep(Duration::from_millis(50)).await;
        assert_eq!(queue.next_due(&now).await, ["b"]);
        assert_eq!(queue.next_due(&now).await, ["late"]);
        assert_eq!(now(), 5000);
        assert!(queue.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_earlier_timer_wakes_the_waiter() {
        let queue = Arc::new(TimerQueue::new());
        let now = clock();
        queue.set(900, 1);
        let setter = queue.clone();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(5)).await;
            setter.set(30, 2);
        });
        assert_eq!(queue.next_due(&now).await, [2]);
        assert_eq!(now(), 30);
    }

    #[tokio::test(start_paused = true)]
    async fn an_empty_queue_waits_for_the_first_timer() {
        let queue = Arc::new(TimerQueue::new());
        let setter = queue.clone();
        tokio::spawn(async move { setter.set(0, 'x') });
        assert_eq!(queue.next_due(clock()).await, ['x']);
    }

    #[tokio::test(start_paused = true)]
    async fn moved_and_cleared_timers_fire_as_last_set() {
        let queue = TimerQueue::new();
        let now = clock();
        queue.set(10, "moved");
        queue.set(10, "cleared");
        queue.set(5, "dropped");
        queue.set(40, "moved");
        queue.clear(&"cleared");
        queue.retain(|key| *key != "dropped");
        assert_eq!(queue.len(), 1);
        assert_eq!(queue.next_due(&now).await, ["moved"]);
        assert_eq!(now(), 40);
    }

    #[test]
    fn waiting_can_be_spawned() {
        fn spawnable(_: impl Future + Send) {}
        let queue = TimerQueue::<u8>::new();
        spawnable(queue.next_due(|| 0));
    }

    #[test]
    fn batches_are_bounded() {
        let queue = TimerQueue::new();
        for key in 0..DUE_BATCH_MAX + 10 {
            queue.set(0, key);
        }
        assert_eq!(queue.take_due(-1).len(), 0);
        assert_eq!(queue.take_due(0).len(), DUE_BATCH_MAX);
        assert_eq!(queue.take_due(0).len(), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_jumps_forward_is_noticed() {
        let queue = TimerQueue::new();
        queue.set(1_000_000, ());
        let jumped = AtomicI64::new(0);
        let now = || jumped.fetch_add(500_000, Ordering::Relaxed);
        let begin = Instant::now();
        assert_eq!(queue.next_due(now).await.len(), 1);
        assert!(begin.elapsed() <= Duration::from_secs(3));
    }
}
