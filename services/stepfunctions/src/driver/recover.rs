//! What a start finds in the rows and sets going again: near timers, unanswered calls, interrupted
//! executions, deletions. The driver does the same with each as on any other day. Whoever sleeps
//! is not read: far timers, tokens and offered tasks stay rows until their time comes.

use bytes::Bytes;
use store::{SLOTS, probe};
use workflow::event::Event;
use workflow::execution::FrameId;

use crate::records::{self, EffectRecord, Row, Unreadable};
use crate::service::Service;
use crate::tokens::Place;

/// Rows of one kind read from a slot at a start.
const SLOT_ROWS_MAX: usize = 1_000_000;

impl Service {
    /// Reads what was under way when the server stopped.
    pub(crate) fn recover(&self) -> Result<(), Unreadable> {
        for (key, row) in self.rows_of_all_slots(Row::Effect)? {
            self.recover_effect(&key, &row)?;
        }
        self.recover_express()?;
        for (key, row) in self.rows_of_all_slots(Row::MapRun)? {
            self.recover_map_run(&key, &row)?;
        }
        self.load_timers()
    }

    /// A call without an answer may have taken effect: that is recorded, not tried again
    /// (SFN-SEM-104). A submitted job is watched on. An interrupted execution goes on.
    fn recover_effect(&self, key: &Bytes, row: &Bytes) -> Result<(), Unreadable> {
        let (id, frame, attempt) = attempt(key)?;
        let effect: EffectRecord = records::from_row(Row::Effect, key, row)?;
        if probe::mutant("forget-effects") || (probe::mutant("forget-jobs") && effect.job.is_some())
        {
            return Ok(());
        }
        if let Some(job) = effect.job {
            self.watch(Place { id, frame, attempt }, job);
            return Ok(());
        }
        let event = match frame {
            FrameId::MAX => Event::Continue,
            frame => {
                probe::sometimes("outcome lost");
                Event::OutcomeLost { frame, attempt }
            }
        };
        self.dispatch_soon(id, event);
        Ok(())
    }

    fn rows_of_all_slots(&self, kind: Row) -> Result<Vec<(Bytes, Bytes)>, Unreadable> {
        let range = |slot| (self.store.partition_of(slot), records::rows_of_slot(kind, slot));
        let ranges: Vec<_> = (0..SLOTS).map(range).collect();
        self.store.scan_each(records::OPEN, &ranges, SLOT_ROWS_MAX).map_err(Unreadable::new)
    }
}

fn attempt(key: &[u8]) -> Result<(u64, FrameId, u32), Unreadable> {
    records::attempt_of_key(key).ok_or_else(|| Unreadable::new("a key names no attempt"))
}
