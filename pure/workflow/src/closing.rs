//! The end of an execution: its last event, its head, and everything that was open.

use crate::effect::{Effect, TimerKind};
use crate::errors::{DATA_LIMIT, TIMEOUT};
use crate::execution::Status;
use crate::history::{Details, Failure};
use crate::payload::Payload;
use crate::redrive::Kept;
use crate::run::{Closed, Run};

pub(crate) enum Ending {
    Succeeded(Payload),
    Failed(Failure),
    Aborted(Failure),
    /// The machine's own time is over.
    TimedOut,
}

/// What a redrive of an execution with this ending goes on with.
fn to_kept(ending: &Ending) -> Kept {
    match ending {
        Ending::Succeeded(_) => Kept::Nothing,
        // The whole state runs again (SFN-HIST-97): no part of it is worth keeping.
        Ending::Failed(failure) if failure.error.as_deref() == Some(DATA_LIMIT) => Kept::Top,
        Ending::Failed(_) | Ending::Aborted(_) | Ending::TimedOut => Kept::Everything,
    }
}

impl Run<'_> {
    /// Closes the execution with an event after `previous_id`; nothing is written after it
    /// (SFN-HIST-17).
    pub(crate) fn close(&mut self, ending: Ending, previous_id: u64) -> Closed {
        let mut kept = to_kept(&ending);
        let (status, details) = self.describe(ending);
        if self.append(previous_id, details) + 1 >= self.environment.limits.history_events_max {
            // No room for a redrive (SFN-SEM-40), nor does a step cut short leave whole frames.
            kept = Kept::Nothing;
        }
        let head = &mut self.execution.head;
        head.status = status;
        head.stop_ms = Some(head.last_event_ms);
        if head.deadline_ms.take().is_some() {
            self.outbox.clear_timer(0, TimerKind::Execution);
        }
        self.keep_frames(kept);
        self.queue.clear();
        self.outbox.push(Effect::Finished);
        Closed
    }

    /// Enters the ending into the head, and gives the event that tells it.
    fn describe(&mut self, ending: Ending) -> (Status, Details) {
        let head = &mut self.execution.head;
        let mut keep = |failure: &Failure| {
            head.error.clone_from(&failure.error);
            head.cause.clone_from(&failure.cause);
        };
        match ending {
            Ending::Succeeded(output) => {
                head.output = Some(output.clone());
                (Status::Succeeded, Details::ExecutionSucceeded { output })
            }
            Ending::Failed(failure) => {
                keep(&failure);
                (Status::Failed, Details::ExecutionFailed(failure))
            }
            Ending::Aborted(failure) => {
                keep(&failure);
                (Status::Aborted, Details::ExecutionAborted(failure))
            }
            // Neither error nor cause in the head (SFN-SEM-23).
            Ending::TimedOut => {
                let failure = Failure { error: Some(TIMEOUT.into()), cause: None };
                (Status::TimedOut, Details::ExecutionTimedOut(failure))
            }
        }
    }
}
