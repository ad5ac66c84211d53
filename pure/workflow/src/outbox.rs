//! The effects of one transition while it is made: what cancels out within it never leaves.

use std::collections::BTreeMap;

use moment::EpochMs;

use crate::effect::{Effect, TimerKind};
use crate::execution::FrameId;

#[derive(Default)]
pub(crate) struct Outbox {
    effects: Vec<Effect>,
    timers: BTreeMap<(FrameId, TimerKind), Change>,
}

/// What became of a timer within the transition.
enum Change {
    /// Set, and not set before.
    Fresh(EpochMs),
    /// Set to another time.
    Moved(EpochMs),
    Cleared,
}

impl Outbox {
    pub(crate) fn push(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Sets a timer that is not set.
    pub(crate) fn set_timer(&mut self, frame: FrameId, kind: TimerKind, due_ms: EpochMs) {
        let change = match self.timers.get(&(frame, kind)) {
            None | Some(Change::Fresh(_)) => Change::Fresh(due_ms),
            Some(Change::Moved(_) | Change::Cleared) => Change::Moved(due_ms),
        };
        self.timers.insert((frame, kind), change);
    }

    /// Sets a timer that is set to another time.
    pub(crate) fn move_timer(&mut self, frame: FrameId, kind: TimerKind, due_ms: EpochMs) {
        let change = match self.timers.get(&(frame, kind)) {
            Some(Change::Fresh(_)) => Change::Fresh(due_ms),
            None | Some(Change::Moved(_) | Change::Cleared) => Change::Moved(due_ms),
        };
        self.timers.insert((frame, kind), change);
    }

    /// Clears a timer that is set.
    pub(crate) fn clear_timer(&mut self, frame: FrameId, kind: TimerKind) {
        match self.timers.get(&(frame, kind)) {
            Some(Change::Fresh(_)) => self.timers.remove(&(frame, kind)),
            _ => self.timers.insert((frame, kind), Change::Cleared),
        };
    }

    /// An attempt is over. If it began in this very transition nobody has heard of it.
    pub(crate) fn close(&mut self, frame: FrameId, attempt: u32) {
        let began = self.effects.iter().position(|effect| begins(effect, frame, attempt));
        match began {
            Some(place) => drop(self.effects.remove(place)),
            None => self.effects.push(Effect::Close { frame, attempt }),
        }
    }

    /// Calls, offers and closes in order, then timers by frame.
    pub(crate) fn into_effects(self) -> Vec<Effect> {
        let mut effects = self.effects;
        let finished = effects.iter().position(|effect| *effect == Effect::Finished);
        let finished = finished.map(|place| effects.remove(place));
        effects.extend(self.timers.into_iter().map(|((frame, kind), change)| match change {
            Change::Fresh(due_ms) | Change::Moved(due_ms) => {
                Effect::SetTimer { frame, kind, due_ms }
            }
            Change::Cleared => Effect::ClearTimer { frame, kind },
        }));
        effects.extend(finished);
        effects
    }
}

fn begins(effect: &Effect, of: FrameId, number: u32) -> bool {
    match effect {
        Effect::Call(call) => call.frame == of && call.attempt == number,
        Effect::Offer { frame, attempt, .. } => *frame == of && *attempt == number,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cancels_out_never_leaves() {
        let mut outbox = Outbox::default();
        outbox.set_timer(1, TimerKind::Wait, 5);
        outbox.clear_timer(1, TimerKind::Wait);
        outbox.clear_timer(2, TimerKind::Retry);
        outbox.set_timer(2, TimerKind::Retry, 7);
        outbox.clear_timer(3, TimerKind::Timeout);
        outbox.close(4, 1);
        let rest = outbox.into_effects();
        assert_eq!(
            rest,
            [
                Effect::Close { frame: 4, attempt: 1 },
                Effect::SetTimer { frame: 2, kind: TimerKind::Retry, due_ms: 7 },
                Effect::ClearTimer { frame: 3, kind: TimerKind::Timeout },
            ]
        );
    }
}
