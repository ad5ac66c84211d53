//! Timers: rows that sleep in the store, armed in memory when their time comes near.

use moment::EpochMs;
use store::probe;
use workflow::effect::TimerKind;
use workflow::event::Event;
use workflow::execution::FrameId;

use crate::records::{self, ExecutionId, Unreadable};
use crate::service::Service;

/// How far ahead timers are armed; anything later is only a row.
const WINDOW_MS: EpochMs = 600_000;
/// How often the window moves.
const WINDOW_STEP: std::time::Duration = std::time::Duration::from_secs(300);
/// Timers armed from one slot at once.
const SLOT_TIMERS_MAX: usize = 50_000;
/// Slots of the whole key space.
pub(crate) const SLOTS: u16 = 1_024;

/// Which timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TimerKey {
    pub(crate) id: ExecutionId,
    pub(crate) frame: FrameId,
    pub(crate) kind: TimerKind,
}

impl Service {
    /// Arms a timer that is due within the window; a later one waits as a row.
    pub(crate) fn arm(&self, key: TimerKey, due_ms: EpochMs) {
        let lasts_ms = due_ms.saturating_sub(self.host.now_ms());
        if lasts_ms <= WINDOW_MS {
            let lasts = u64::try_from(lasts_ms).unwrap_or(0);
            self.clocks.armed(key, self.host.monotonic_ms(), lasts);
            self.timers.set(due_ms, key);
        } else {
            self.timers.clear(&key);
        }
    }

    pub(crate) fn disarm(&self, key: &TimerKey) {
        self.clocks.disarmed(key);
        self.timers.clear(key);
    }

    /// Fires timers as they come due, until the server stops.
    pub(crate) async fn run_timers(self) {
        loop {
            let due = self.timers.next_due(|| self.host.now_ms()).await;
            for key in due {
                let wait_ms = self.clocks.wait_ms(&key, self.host.monotonic_ms());
                if wait_ms > 0 {
                    let wait_ms = EpochMs::try_from(wait_ms).unwrap_or(EpochMs::MAX);
                    self.timers.set(self.host.now_ms().saturating_add(wait_ms), key);
                    continue;
                }
                let event = Event::Timer { frame: key.frame, kind: key.kind };
                self.dispatch_soon(key.id, event);
            }
        }
    }

    /// Moves the window on, until the server stops.
    pub(crate) async fn run_timer_window(self) {
        loop {
            tokio::time::sleep(WINDOW_STEP).await;
            let service = self.clone();
            let loaded = self.aside(move || service.load_timers()).await;
            if let Ok(Err(error)) = loaded {
                tracing::error!(%error, "timers could not be read");
            }
        }
    }

    /// Arms every timer within the window.
    pub(crate) fn load_timers(&self) -> Result<(), Unreadable> {
        if probe::mutant("forget-timers") {
            return Ok(());
        }
        let until = self.host.now_ms().saturating_add(WINDOW_MS);
        let range = |slot| (self.store.partition_of(slot), records::timers_until(slot, until));
        let ranges: Vec<_> = (0..SLOTS).map(range).collect();
        let rows = self.store.scan_each(records::OPEN, &ranges, SLOT_TIMERS_MAX);
        for (key, _) in rows.map_err(Unreadable::new)? {
            let (due, id, frame, kind) = records::timer_of_key(&key)
                .ok_or_else(|| Unreadable::new("a timer's key is no timer's key"))?;
            self.timers.set(due, TimerKey { id, frame, kind });
        }
        Ok(())
    }
}
