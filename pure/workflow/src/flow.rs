//! From event to frame, and from state to state.

use std::sync::Arc;

use asl::model::{Definition, Kind, State, Transition};

use crate::chain::Link;
use crate::closing::Ending;
use crate::dataflow::Exit;
use crate::effect::TimerKind;
use crate::errors::RUNTIME;
use crate::event::Event;
use crate::execution::{Doing, Frame, FrameId, MapItem, Visit};
use crate::history::{Details, Failure, StateKind};
use crate::run::{Course, Run};
use crate::states;

/// Longest time an execution lasts, one year (SFN-SEM-1).
pub(crate) const EXECUTION_SECONDS_MAX: u64 = 31_536_000;

/// A new frame's place in the tree.
pub(crate) struct Birth {
    pub(crate) parent: Option<FrameId>,
    pub(crate) place: u64,
    pub(crate) item: Option<MapItem>,
    /// The event its chain hangs on.
    pub(crate) event_id: u64,
    pub(crate) visit: Visit,
}

impl Run<'_> {
    /// Does what the event asks for; what can go on then is in the queue.
    pub(crate) fn take(&mut self, event: Event) -> Course {
        match event {
            Event::Start => self.begin(),
            Event::Redrive => self.redrive(),
            Event::Continue => Ok(()),
            Event::Timer { frame, kind } => self.wake(frame, kind),
            Event::Stop { error, cause } => {
                // StopExecution's event follows no other (SFN-HIST-13).
                Err(self.close(Ending::Aborted(Failure { error, cause }), 0))
            }
            Event::MachineDeleted => {
                let name = &self.execution.head.about.state_machine_name;
                let cause = format!("State machine {name} has been deleted");
                let failure = Failure { error: Some(RUNTIME.into()), cause: Some(cause) };
                let previous_id = self.execution.head.last_event_id;
                Err(self.close(Ending::Failed(failure), previous_id))
            }
            Event::MapRunSucceeded { frame, attempt, output } => {
                states::distributed::succeeded(self, frame, attempt, output)
            }
            Event::MapRunFailed { frame, attempt, error, cause } => {
                states::distributed::failed(self, frame, attempt, Failure::bounded(error, cause))
            }
            other => self.take_task_event(other),
        }
    }

    fn begin(&mut self) -> Course {
        if self.execution.head.last_event_id != 0 {
            return Ok(());
        }
        let about = Arc::clone(&self.execution.head.about);
        let details = Details::ExecutionStarted {
            input: about.input.clone(),
            role_arn: about.role_arn.clone(),
            state_machine_alias_arn: about.state_machine_alias_arn.clone(),
            state_machine_version_arn: about.state_machine_version_arn.clone(),
        };
        self.record(0, details)?;
        let definition = self.environment.definition;
        let due_ms = after(about.start_ms, execution_seconds(definition));
        self.execution.head.deadline_ms = Some(due_ms);
        self.outbox.set_timer(0, TimerKind::Execution, due_ms);
        let visit = Visit::new(Arc::clone(&definition.machine.start_at), about.input.clone());
        // The first state's event points at 0, not at ExecutionStarted (SFN-HIST-12).
        self.bear(Birth { parent: None, place: 0, item: None, event_id: 0, visit });
        Ok(())
    }

    /// Opens a frame.
    pub(crate) fn bear(&mut self, birth: Birth) -> FrameId {
        let head = &mut self.execution.head;
        let id = head.next_frame;
        head.next_frame += 1;
        self.add_frame(Frame {
            id,
            parent: birth.parent,
            place: birth.place,
            item: birth.item,
            last: birth.event_id,
            tail: birth.event_id,
            attempts: 0,
            variables: Default::default(),
            visit: birth.visit,
        });
        id
    }

    /// A timer fired. One that is not due is set again: it is another's late firing.
    fn wake(&mut self, id: FrameId, kind: TimerKind) -> Course {
        let due_ms = match (kind, self.execution.frames.get(&id)) {
            (TimerKind::Execution, _) => self.execution.head.deadline_ms,
            (_, None) => None,
            (_, Some(frame)) => {
                frame.timers().into_iter().find(|timer| timer.0 == kind).map(|timer| timer.1)
            }
        };
        let Some(due_ms) = due_ms else { return Ok(()) };
        if self.now_ms() < due_ms {
            self.outbox.move_timer(id, kind, due_ms);
            return Ok(());
        }
        match kind {
            TimerKind::Execution => Err(self.close(Ending::TimedOut, 0)),
            TimerKind::Wait => {
                self.stop_doing(id);
                states::wait::end(self, id)
            }
            TimerKind::Retry => {
                self.stop_doing(id);
                states::begin(self, id)
            }
            TimerKind::Timeout | TimerKind::Heartbeat => self.time_out(),
        }
    }

    /// Leaves a state for the next, or ends the machine that it is the last of.
    pub(crate) fn leave(&mut self, id: FrameId, exit: Exit, next: &Transition) -> Course {
        self.exit(id, Link::Normal, exit, next)
    }

    pub(crate) fn exit(
        &mut self,
        id: FrameId,
        link: Link,
        exit: Exit,
        next: &Transition,
    ) -> Course {
        let state = self.state(id);
        let details = Details::StateExited {
            kind: state_kind(state),
            name: Arc::clone(&state.name),
            output: exit.output.clone(),
            assigned_variables: exit.assigned.clone(),
        };
        self.emit(id, link, details)?;
        self.groups.remove(&id);
        let frame = self.frame_mut(id);
        frame.variables.extend(exit.assigned);
        match next {
            Transition::Next(name) => {
                frame.visit = Visit::new(Arc::clone(name), exit.output);
                self.queue.push_front(id);
                Ok(())
            }
            Transition::End | Transition::None => self.end(id, exit.output),
        }
    }

    /// The machine of a frame came to its end.
    fn end(&mut self, id: FrameId, output: crate::payload::Payload) -> Course {
        let frame = self.frame(id);
        match frame.parent {
            None => {
                let previous_id = frame.last;
                Err(self.close(Ending::Succeeded(output), previous_id))
            }
            Some(parent) => self.child_done(parent, id, output),
        }
    }

    /// Waits in the state that the frame is in, with a timer.
    pub(crate) fn doze(&mut self, id: FrameId, doing: Doing) {
        self.frame_mut(id).visit.doing = doing;
        for (kind, due_ms) in self.frame(id).timers() {
            self.outbox.set_timer(id, kind, due_ms);
        }
    }
}

/// How long an execution of the machine may last.
pub(crate) fn execution_seconds(definition: &Definition) -> u64 {
    definition.timeout_seconds.unwrap_or(EXECUTION_SECONDS_MAX).min(EXECUTION_SECONDS_MAX)
}

/// A time some seconds later.
pub(crate) fn after(ms: i64, seconds: u64) -> i64 {
    let span_ms = i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX);
    ms.saturating_add(span_ms)
}

pub(crate) fn state_kind(state: &State) -> StateKind {
    match state.kind {
        Kind::Task(_) => StateKind::Task,
        Kind::Pass(_) => StateKind::Pass,
        Kind::Choice(_) => StateKind::Choice,
        Kind::Wait(_) => StateKind::Wait,
        Kind::Succeed => StateKind::Succeed,
        Kind::Fail(_) => StateKind::Fail,
        Kind::Parallel(_) => StateKind::Parallel,
        Kind::Map(_) => StateKind::Map,
    }
}
