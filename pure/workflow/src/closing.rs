//! The end of an execution: its last event, its head, and everything that was open.

use crate::effect::{Effect, TimerKind};
use crate::errors::TIMEOUT;
use crate::execution::Status;
use crate::history::{Details, Failure};
use crate::payload::Payload;
use crate::run::{Closed, Run};

pub(crate) enum Ending {
    Succeeded(Payload),
    Failed(Failure),
    Aborted(Failure),
    /// The machine's own time is over.
    TimedOut,
}

impl Run<'_> {
    /// Closes the execution with an event after `previous_id`; nothing is written after it
    /// (SFN-HIST-17).
    pub(crate) fn close(&mut self, ending: Ending, previous_id: u64) -> Closed {
        let (status, details) = self.describe(ending);
        self.append(previous_id, details);
        let head = &mut self.execution.head;
        head.status = status;
        head.stop_ms = Some(head.last_event_ms);
        if head.deadline_ms.take().is_some() {
            self.outbox.clear_timer(0, TimerKind::Execution);
        }
        let frames: Vec<_> = self.execution.frames.keys().copied().collect();
        for id in frames {
            self.remove_frame(id);
        }
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
