//! Redrive (semantics.md §5, SFN-HIST-90…97): what an unsuccessful execution keeps when it closes,
//! and how it goes on from there.

use std::sync::Arc;

use asl::model::Kind;

use crate::effect::TimerKind;
use crate::execution::{Children, Doing, Execution, FrameId, Status};
use crate::flow::{EXECUTION_SECONDS_MAX, after, execution_seconds};
use crate::history::Details;
use crate::run::{Course, Run};
use crate::states;

/// Which frames outlive an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    Nothing,
    /// The top level's alone.
    Top,
    Everything,
}

/// Frame of the top level.
const TOP: FrameId = 0;

impl Execution {
    /// Whether [`crate::event::Event::Redrive`] would be taken: closed without success, with what
    /// it takes to go on and room in its history for two more events (SFN-SEM-40).
    pub fn resumable(&self, history_events_max: u64) -> bool {
        let closed = !matches!(self.head.status, Status::Running | Status::Succeeded);
        let room = self.head.last_event_id.saturating_add(1) < history_events_max;
        closed && room && self.frames.contains_key(&TOP)
    }
}

impl Run<'_> {
    /// Takes away a frame that failed or was aborted with others. If nothing catches the failure
    /// the frame is kept.
    pub(crate) fn fell(&mut self, id: FrameId) {
        self.lay_down(id);
        if let Some(frame) = self.remove_frame(id) {
            self.fallen.insert(id, frame);
        }
    }

    /// Ends what a frame is doing, but remembers the children of a group.
    pub(crate) fn lay_down(&mut self, id: FrameId) {
        if let Doing::Children(children) = self.stop_doing(id) {
            self.groups.insert(id, children);
        }
    }

    /// The failure was retried or caught: what fell does not come back (SFN-SEM-49).
    pub(crate) fn forget_fallen(&mut self) {
        self.fallen.clear();
        self.groups.clear();
    }

    /// Leaves the frames of an execution that closes as a redrive needs them.
    pub(crate) fn keep_frames(&mut self, kept: Kept) {
        for id in self.frame_ids() {
            self.lay_down(id);
            if kept == Kept::Nothing || (kept == Kept::Top && id != TOP) {
                self.remove_frame(id);
            }
        }
        if kept == Kept::Everything {
            for frame in std::mem::take(&mut self.fallen).into_values() {
                self.restore_frame(frame);
            }
            for (id, children) in std::mem::take(&mut self.groups) {
                self.keep_group(id, children);
            }
        }
        for id in self.frame_ids() {
            let visit = &mut self.frame_mut(id).visit;
            if visit.doing == Doing::Deciding {
                let entered = visit.entered_id != 0;
                visit.doing = if entered { Doing::Resume } else { Doing::Enter };
            }
        }
    }

    /// A group with those of its children that were kept.
    fn keep_group(&mut self, id: FrameId, mut children: Box<Children>) {
        if !self.execution.frames.contains_key(&id) {
            return;
        }
        let frames = self.execution.frames.values();
        let own = frames.filter(|frame| frame.parent == Some(id));
        children.open = own.map(|frame| (frame.place, frame.id)).collect();
        self.frame_mut(id).visit.doing = Doing::Children(children);
    }

    /// Goes on from the states that were unsuccessful.
    pub(crate) fn redrive(&mut self) -> Course {
        let redriven_id = self.reopen()?;
        let ids = self.frame_ids();
        for &id in &ids {
            self.rewind(id, redriven_id);
        }
        for id in ids {
            self.regroup(id)?;
        }
        Ok(())
    }

    /// Makes the execution a running one, and writes the event that says so.
    fn reopen(&mut self) -> Course<u64> {
        let head = &mut self.execution.head;
        head.status = Status::Running;
        head.stop_ms = None;
        head.output = None;
        head.error = None;
        head.cause = None;
        head.redrive_count = head.redrive_count.saturating_add(1);
        let (redrive_count, previous_id) = (head.redrive_count, head.last_event_id);
        let redriven_id = self.record(previous_id, Details::ExecutionRedriven { redrive_count })?;
        let now_ms = self.execution.head.last_event_ms;
        let seconds = execution_seconds(self.environment.definition);
        let year_ms = after(self.execution.head.about.start_ms, EXECUTION_SECONDS_MAX);
        // The machine's own time begins anew (SFN-SEM-46), the year does not (SFN-SEM-40).
        let due_ms = after(now_ms, seconds).min(year_ms);
        let head = &mut self.execution.head;
        head.redrive_ms = Some(now_ms);
        head.deadline_ms = Some(due_ms);
        self.outbox.set_timer(TOP, TimerKind::Execution, due_ms);
        Ok(redriven_id)
    }

    /// Puts a frame back to right after it entered its state (SFN-HIST-91, SFN-RETRY-6).
    fn rewind(&mut self, id: FrameId, redriven_id: u64) {
        let frame = self.frame_mut(id);
        let entered_id = frame.visit.entered_id;
        frame.visit.retries.clear();
        if !matches!(frame.visit.doing, Doing::Children(_)) {
            self.queue.push_back(id);
        }
        if entered_id == 0 {
            return;
        }
        // A Fail state writes nothing before the execution's own end (SFN-HIST-93).
        let ends = id == TOP && matches!(self.state(id).kind, Kind::Fail(_));
        self.rejoin(id, if ends { redriven_id } else { entered_id });
    }

    /// Goes on with a group: items that had not started, or the end when its children are done.
    fn regroup(&mut self, id: FrameId) -> Course {
        // An earlier group's failure may have taken this one with it.
        if !self.execution.frames.contains_key(&id) {
            return Ok(());
        }
        let Some(children) = self.children(id) else { return Ok(()) };
        if children.all_done() {
            return self.finish_group(id);
        }
        let started_id = children.started_id.max(self.frame(id).visit.entered_id);
        match self.state(id).kind {
            Kind::Map(_) => states::map::fill(self, id, started_id),
            _ => Ok(()),
        }
    }

    /// All children had succeeded, and so it was told; what came after failed.
    fn finish_group(&mut self, id: FrameId) -> Course {
        let Some(children) = self.children(id) else { return Ok(()) };
        let result = children.result();
        self.lay_down(id);
        let of = Arc::clone(&self.state(id).name);
        match self.fits(&result, &of) {
            Ok(()) => states::complete(self, id, result),
            Err(raised) => self.raise(id, raised),
        }
    }

    fn frame_ids(&self) -> Vec<FrameId> {
        self.execution.frames.keys().copied().collect()
    }
}
