//! What happens to an open task: started, submitted, done, failed, timed out, lost.

use asl::model::{Kind, Resource, Task};

use crate::chain::Link;
use crate::effect::TimerKind;
use crate::errors::{Failed, TASK_FAILED};
use crate::event::Event;
use crate::execution::{Doing, FrameId, OpenTask, Outcome, TaskKind};
use crate::flow::after;
use crate::history::{Details, Failure, StateKind};
use crate::payload::Payload;
use crate::run::{Course, Run};
use crate::states;
use crate::states::task::{TaskEvent, details, size_subject};

/// What a task whose call was cut off by a restart fails with (SFN-SEM-104).
const LOST_CAUSE: &str = "outcome unknown: the server restarted during the call";
const LOST_LAMBDA: &str = "Lambda.SdkClientException";

impl<'a> Run<'a> {
    pub(crate) fn take_task_event(&mut self, event: Event) -> Course {
        match event {
            Event::ActivityStarted { frame, attempt, worker_name } => {
                self.activity_started(frame, attempt, worker_name)
            }
            Event::TaskSubmitted { frame, attempt, output } => {
                self.submitted(frame, attempt, output)
            }
            Event::TaskSucceeded { frame, attempt, output } => {
                self.called_back(frame, attempt, Outcome::Succeeded(output))
            }
            Event::CallbackFailed { frame, attempt, error, cause } => {
                self.called_back(frame, attempt, Outcome::Failed(Failure::bounded(error, cause)))
            }
            Event::TaskFailed { frame, attempt, error, cause } => {
                self.call_failed(frame, attempt, Failure::bounded(error, cause))
            }
            Event::Heartbeat { frame, attempt } => self.heartbeat(frame, attempt),
            Event::OutcomeLost { frame, attempt } => self.lost(frame, attempt),
            _ => Ok(()),
        }
    }

    fn open_task(&self, id: FrameId, attempt: u32) -> Option<&OpenTask> {
        match &self.execution.frames.get(&id)?.visit.doing {
            Doing::Task(task) if task.attempt == attempt => Some(task),
            _ => None,
        }
    }

    pub(crate) fn open_task_mut(&mut self, id: FrameId) -> Option<&mut OpenTask> {
        match &mut self.frame_mut(id).visit.doing {
            Doing::Task(task) => Some(task),
            _ => None,
        }
    }

    /// The clocks of an activity start when a worker takes it (SFN-INT-151).
    fn activity_started(
        &mut self,
        id: FrameId,
        attempt: u32,
        worker_name: Option<String>,
    ) -> Course {
        match self.open_task(id, attempt) {
            Some(task) if !task.started && matches!(task.kind, TaskKind::Activity { .. }) => {}
            _ => return Ok(()),
        }
        self.emit(id, Link::Normal, Details::ActivityStarted { worker_name })?;
        self.start_clocks(id);
        Ok(())
    }

    pub(crate) fn start_clocks(&mut self, id: FrameId) {
        let now_ms = self.now_ms();
        let Some(task) = self.open_task_mut(id) else { return };
        task.started = true;
        task.timeout_due_ms = task.timeout_seconds.map(|seconds| after(now_ms, seconds));
        if task.token {
            task.heartbeat_due_ms = task.heartbeat_seconds.map(|seconds| after(now_ms, seconds));
        }
        for (kind, due_ms) in self.frame(id).timers() {
            self.outbox.set_timer(id, kind, due_ms);
        }
    }

    fn submitted(&mut self, id: FrameId, attempt: u32, output: Payload) -> Course {
        let Some(task) = self.open_task(id, attempt) else { return Ok(()) };
        let waits = task.token && matches!(task.kind, TaskKind::Call { .. });
        if task.submitted || !task.started || !waits {
            return Ok(());
        }
        self.emit_task(id, TaskEvent::Submitted(output))?;
        let Some(task) = self.open_task_mut(id) else { return Ok(()) };
        task.submitted = true;
        match task.held.take() {
            Some(outcome) => self.settle(id, outcome),
            None => Ok(()),
        }
    }

    /// The end of a call, a job or an activity; a callback may be early (SFN-INT-148).
    fn called_back(&mut self, id: FrameId, attempt: u32, outcome: Outcome) -> Course {
        let Some(task) = self.open_task(id, attempt) else { return Ok(()) };
        if !task.started || task.settled() {
            return Ok(());
        }
        let early = task.token && matches!(task.kind, TaskKind::Call { .. }) && !task.submitted;
        if !early {
            return self.settle(id, outcome);
        }
        if let Some(task) = self.open_task_mut(id) {
            task.held = Some(outcome);
        }
        Ok(())
    }

    /// A callback that was accepted stands, whatever became of the call.
    fn call_failed(&mut self, id: FrameId, attempt: u32, failure: Failure) -> Course {
        let Some(task) = self.open_task(id, attempt) else { return Ok(()) };
        if !task.started {
            return Ok(());
        }
        let outcome = task.held.clone().unwrap_or(Outcome::Failed(failure));
        self.settle(id, outcome)
    }

    /// Restarts the heartbeat clock (SFN-INT-147).
    fn heartbeat(&mut self, id: FrameId, attempt: u32) -> Course {
        let now_ms = self.now_ms();
        match self.open_task(id, attempt) {
            Some(task) if task.heartbeat_due_ms.is_some() => {}
            _ => return Ok(()),
        }
        let Some(task) = self.open_task_mut(id) else { return Ok(()) };
        let due_ms = task.heartbeat_seconds.map(|seconds| after(now_ms, seconds));
        task.heartbeat_due_ms = due_ms;
        if let Some(due_ms) = due_ms {
            self.outbox.move_timer(id, TimerKind::Heartbeat, due_ms);
        }
        Ok(())
    }

    /// A task that was submitted waits on; an activity is with its worker.
    fn lost(&mut self, id: FrameId, attempt: u32) -> Course {
        let Some(task) = self.open_task(id, attempt) else { return Ok(()) };
        if task.submitted || !task.started || matches!(task.kind, TaskKind::Activity { .. }) {
            return Ok(());
        }
        let error = match self.task(id).map(|task| &task.resource) {
            Some(Resource::Lambda { .. }) => LOST_LAMBDA,
            Some(Resource::Service { service, action, .. })
                if service == "lambda" && action == "invoke" =>
            {
                LOST_LAMBDA
            }
            _ => TASK_FAILED,
        };
        let failure = Failure { error: Some(error.into()), cause: Some(LOST_CAUSE.into()) };
        self.call_failed(id, attempt, failure)
    }

    /// Ends the attempt with its outcome.
    fn settle(&mut self, id: FrameId, outcome: Outcome) -> Course {
        self.stop_doing(id);
        let Some(task) = self.task(id) else { return Ok(()) };
        match outcome {
            Outcome::Succeeded(output) => {
                let subject = size_subject(task);
                if let Err(raised) = self.fits(&output, subject) {
                    let failed = Failed::result_refused(raised);
                    self.emit_task(id, TaskEvent::Failed(failed.failure.clone()))?;
                    return self.fail(id, failed);
                }
                self.emit_task(id, TaskEvent::Succeeded(output.clone()))?;
                states::complete(self, id, output)
            }
            Outcome::Failed(failure) => {
                self.emit_task(id, TaskEvent::Failed(failure.clone()))?;
                self.fail(id, Failed::reported(failure))
            }
        }
    }

    /// Every task whose time is over by now tells so before the first failure takes its way, as
    /// siblings with the same deadline do (SFN-HIST-75).
    pub(crate) fn time_out(&mut self) -> Course {
        let now_ms = self.now_ms();
        let mut due: Vec<(i64, FrameId, TimerKind)> = Vec::new();
        for frame in self.execution.frames.values() {
            let clocks = frame.timers().into_iter().filter(|(kind, due_ms)| {
                matches!(kind, TimerKind::Timeout | TimerKind::Heartbeat) && *due_ms <= now_ms
            });
            due.extend(clocks.min_by_key(|clock| clock.1).map(|(kind, ms)| (ms, frame.id, kind)));
        }
        due.sort_unstable_by_key(|&(due_ms, id, _)| (due_ms, id));
        let mut over = Vec::with_capacity(due.len());
        for (_, id, kind) in due {
            let failed = Failed::timeout(kind == TimerKind::Heartbeat);
            self.stop_doing(id);
            self.emit_task(id, TaskEvent::TimedOut(failed.failure.clone()))?;
            over.push((id, failed));
        }
        for (id, failed) in over {
            // An earlier one may have taken this one with it.
            if self.execution.frames.contains_key(&id) {
                self.fail(id, failed)?;
            }
        }
        Ok(())
    }

    pub(crate) fn emit_task(&mut self, id: FrameId, event: TaskEvent) -> Course {
        let Some(task) = self.task(id) else { return Ok(()) };
        let details: Details = details(&task.resource, event);
        self.emit(id, Link::Normal, details)?;
        Ok(())
    }

    /// The Task state that a frame is in.
    pub(crate) fn task(&self, id: FrameId) -> Option<&'a Task> {
        debug_assert_eq!(self.kind(id), StateKind::Task);
        match &self.state(id).kind {
            Kind::Task(task) => Some(task),
            _ => None,
        }
    }
}
