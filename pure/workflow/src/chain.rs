//! The chaining of history events (SFN-HIST-10…16): every sequential thread is a chain with two
//! cursors, `last` and `tail`.

use crate::closing::Ending;
use crate::errors::RUNTIME;
use crate::execution::FrameId;
use crate::history::{Details, Failure, HistoryEvent};
use crate::run::{Course, Run};

/// How an event hangs on its chain.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Link {
    /// After `last`; both cursors move.
    Normal,
    /// After `tail`, which alone moves.
    Aside,
    /// After `last`; `tail` alone moves.
    Beside,
    /// After `tail`; both cursors move: what follows a failure that was caught.
    Onward,
}

impl Run<'_> {
    /// Writes an event into the chain of `frame`.
    pub(crate) fn emit(&mut self, frame: FrameId, link: Link, details: Details) -> Course<u64> {
        let chain = self.frame(frame);
        let previous_id = match link {
            Link::Normal | Link::Beside => chain.last,
            Link::Aside | Link::Onward => chain.tail,
        };
        let id = self.record(previous_id, details)?;
        let chain = self.frame_mut(frame);
        chain.tail = id;
        if matches!(link, Link::Normal | Link::Onward) {
            chain.last = id;
        }
        Ok(id)
    }

    /// Puts both cursors of a chain on an event of another one.
    pub(crate) fn rejoin(&mut self, frame: FrameId, event_id: u64) {
        let chain = self.frame_mut(frame);
        chain.last = event_id;
        chain.tail = event_id;
    }

    /// Writes an event after `previous_id`, unless it would be the last that the quota allows:
    /// that place belongs to the failure (SFN-HIST-16).
    pub(crate) fn record(&mut self, previous_id: u64, details: Details) -> Course<u64> {
        let most = self.environment.limits.history_events_max;
        let last_id = self.execution.head.last_event_id;
        if last_id + 1 >= most {
            let cause =
                format!("The execution reached the maximum number of history events ({most}).");
            let failure = Failure { error: Some(RUNTIME.into()), cause: Some(cause) };
            return Err(self.close(Ending::Failed(failure), last_id));
        }
        Ok(self.append(previous_id, details))
    }

    /// Writes an event come what may.
    pub(crate) fn append(&mut self, previous_id: u64, details: Details) -> u64 {
        let now_ms = self.now_ms();
        let head = &mut self.execution.head;
        head.last_event_id += 1;
        head.last_event_ms = head.last_event_ms.max(now_ms);
        self.history.push(HistoryEvent {
            id: head.last_event_id,
            previous_id,
            timestamp_ms: head.last_event_ms,
            details,
        });
        head.last_event_id
    }
}
