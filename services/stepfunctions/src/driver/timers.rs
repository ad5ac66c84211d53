//! Timers: rows that sleep in the store, armed in memory when their time comes near. Each slot has
//! a horizon: timers before it are armed, later ones are only rows. It moves on as time passes, by
//! a bounded number of rows each time, however many are due.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use moment::EpochMs;
use parking_lot::Mutex;
use store::{SLOTS, probe};
use tokio::sync::Semaphore;
use workflow::effect::TimerKind;
use workflow::event::Event;
use workflow::execution::FrameId;

use crate::records::{self, ExecutionId, Unreadable};
use crate::service::Service;

/// How far ahead timers are armed; anything later is only a row.
const WINDOW_MS: EpochMs = 600_000;
/// A horizon that is nearer than this moves on,
const NEAR_MS: EpochMs = 300_000;
/// or nearer than this, where there were too many timers to come further.
const NEAR_CROWDED_MS: EpochMs = 5_000;
/// How often horizons are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Timers armed from one slot at once.
const SLOT_TIMERS_MAX: usize = 256;
/// Slots whose rows are read in one go.
const SLOTS_AT_ONCE: usize = 64;
/// Timers that fire at once: the others of an outage wait in memory as keys, not as tasks.
const FIRING_MAX: usize = 1_024;

/// Which timer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TimerKey {
    pub(crate) id: ExecutionId,
    pub(crate) frame: FrameId,
    pub(crate) kind: TimerKind,
}

/// How far the timers of a slot are armed.
#[derive(Clone, Debug)]
struct Horizon {
    /// Timers with keys before this one are armed.
    before: Bytes,
    due_ms: EpochMs,
    crowded: bool,
}

impl Horizon {
    fn at(slot: u16, due_ms: EpochMs) -> Horizon {
        Horizon { before: records::timers_from(slot, due_ms), due_ms, crowded: false }
    }

    fn is_near(&self, now_ms: EpochMs) -> bool {
        let near_ms = if self.crowded { NEAR_CROWDED_MS } else { NEAR_MS };
        self.due_ms.saturating_sub(now_ms) < near_ms
    }
}

/// The horizons of all slots.
pub(crate) struct Horizons {
    slots: Vec<Mutex<Horizon>>,
    firing: Arc<Semaphore>,
}

impl Horizons {
    pub(crate) fn new() -> Horizons {
        let slots = (0..SLOTS).map(|slot| Mutex::new(Horizon::at(slot, 0))).collect();
        Horizons { slots, firing: Arc::new(Semaphore::new(FIRING_MAX)) }
    }

    fn covers(&self, key: TimerKey, due_ms: EpochMs) -> bool {
        let row = records::timer_key(key.id, key.frame, key.kind, due_ms);
        let slot = self.slots.get(usize::from(records::slot_of(key.id)));
        slot.is_some_and(|slot| row < slot.lock().before)
    }

    fn replace(&self, slot: u16, horizon: Horizon) {
        if let Some(place) = self.slots.get(usize::from(slot)) {
            *place.lock() = horizon;
        }
    }

    /// Slots whose horizon is near, and where it is.
    fn near(&self, now_ms: EpochMs) -> Vec<(u16, Bytes)> {
        let near = |(slot, horizon): (u16, &Mutex<Horizon>)| {
            let horizon = horizon.lock();
            horizon.is_near(now_ms).then(|| (slot, horizon.before.clone()))
        };
        (0..SLOTS).zip(&self.slots).filter_map(near).collect()
    }
}

impl Service {
    /// Arms a timer that is due within the window; a later one waits as a row.
    pub(crate) fn arm(&self, key: TimerKey, due_ms: EpochMs) {
        if self.horizons.covers(key, due_ms) {
            let lasts_ms = due_ms.saturating_sub(self.host.now_ms());
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
                // It is never closed.
                let Ok(permit) = self.horizons.firing.clone().acquire_owned().await else { return };
                let event = Event::Timer { frame: key.frame, kind: key.kind };
                self.dispatch_soon_with(key.id, event, Some(permit));
            }
        }
    }

    /// Moves the horizons on, until the server stops.
    pub(crate) async fn run_timer_window(self) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            if self.horizons.near(self.host.now_ms()).is_empty() {
                continue;
            }
            let service = self.clone();
            let loaded = self.aside(move || service.load_timers()).await;
            if let Ok(Err(error)) = loaded {
                tracing::error!(%error, "timers could not be read");
            }
        }
    }

    /// Moves near horizons on, as far as the window, or by as many timers as are armed at once.
    pub(crate) fn load_timers(&self) -> Result<(), Unreadable> {
        if probe::mutant("forget-timers") {
            return Ok(());
        }
        let now_ms = self.host.now_ms();
        let near = self.horizons.near(now_ms);
        near.chunks(SLOTS_AT_ONCE).try_for_each(|slots| self.load_slots(slots, now_ms))
    }

    fn load_slots(&self, slots: &[(u16, Bytes)], now_ms: EpochMs) -> Result<(), Unreadable> {
        let until_ms = now_ms.saturating_add(WINDOW_MS);
        // First the horizon, then the rows: what is committed in between is armed by its commit.
        let mut ranges = Vec::with_capacity(slots.len());
        for (slot, from) in slots {
            let horizon = Horizon::at(*slot, until_ms);
            ranges.push((self.store.partition_of(*slot), from.clone()..horizon.before.clone()));
            self.horizons.replace(*slot, horizon);
        }
        let rows = self.store.scan_each(records::OPEN, &ranges, SLOT_TIMERS_MAX);
        let rows = rows.map_err(Unreadable::new).inspect_err(|_| self.give_back(slots))?;
        let mut rows = rows.into_iter().peekable();
        for ((slot, _), (_, range)) in slots.iter().zip(&ranges) {
            let mut count = 0;
            let mut last = None;
            while let Some((key, _)) = rows.next_if(|(key, _)| range.contains(key)) {
                let (due_ms, id, frame, kind) = records::timer_of_key(&key)
                    .ok_or_else(|| Unreadable::new("a timer's key is no timer's key"))?;
                self.timers.set(due_ms, TimerKey { id, frame, kind });
                (count, last) = (count + 1, Some((key, due_ms)));
            }
            if let Some((key, due_ms)) = last.filter(|_| count == SLOT_TIMERS_MAX) {
                let before = [&key[..], &[0]].concat().into();
                self.horizons.replace(*slot, Horizon { before, due_ms, crowded: true });
            }
        }
        Ok(())
    }

    /// Nothing was read: the horizons are where they were, and near, so that it is tried again.
    fn give_back(&self, slots: &[(u16, Bytes)]) {
        for (slot, before) in slots {
            let before = before.clone();
            self.horizons.replace(*slot, Horizon { before, due_ms: 0, crowded: false });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_horizon_moves_when_it_is_near() {
        let mut horizon = Horizon::at(1, 1_000_000);
        assert!(!horizon.is_near(1_000_000 - NEAR_MS) && horizon.is_near(1_000_001 - NEAR_MS));
        horizon.crowded = true;
        assert!(!horizon.is_near(1_000_001 - NEAR_MS));
        assert!(horizon.is_near(1_000_001 - NEAR_CROWDED_MS));
        assert!(horizon.is_near(2_000_000), "a clock that was put forward");
    }

    #[test]
    fn timers_before_the_horizon_are_armed() {
        let horizons = Horizons::new();
        let key = TimerKey { id: 7, frame: 0, kind: TimerKind::Wait };
        assert!(!horizons.covers(key, 5));
        horizons.replace(0, Horizon::at(0, 6));
        assert!(horizons.covers(key, 5) && !horizons.covers(key, 6));
    }
}
