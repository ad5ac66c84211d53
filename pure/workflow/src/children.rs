//! Branches and iterations: their end, good or bad, and what becomes of the state around them.

use std::sync::Arc;

use crate::chain::Link;
use crate::execution::{Children, Doing, FrameId};
use crate::flow::state_kind;
use crate::history::{Details, StateKind};
use crate::payload::Payload;
use crate::run::{Course, Run};
use crate::states;

impl Run<'_> {
    /// A child came to its end with `output`.
    pub(crate) fn child_done(
        &mut self,
        parent: FrameId,
        child: FrameId,
        output: Payload,
    ) -> Course {
        let in_map = self.kind(parent) == StateKind::Map;
        let (place, last) = (self.frame(child).place, self.frame(child).last);
        let joined = if in_map {
            let name = Arc::clone(&self.state(parent).name);
            self.emit(child, Link::Aside, Details::MapIterationSucceeded { name, index: place })?
        } else {
            last
        };
        self.remove_frame(child);
        let Some(children) = self.children_mut(parent) else { return Ok(()) };
        children.open.remove(&place);
        children.done.insert(place, output);
        children.joined = children.joined.max(joined);
        if in_map {
            // The next item's first event follows the same event as this one's last (SFN-HIST-71).
            states::map::fill(self, parent, last)
        } else {
            self.join(parent)
        }
    }

    /// Goes on with the state around once all its children are done.
    pub(crate) fn join(&mut self, parent: FrameId) -> Course {
        let Some(children) = self.children(parent) else { return Ok(()) };
        let all_done = children.open.is_empty() && children.next >= children.length;
        if !all_done {
            return Ok(());
        }
        let joined = children.joined;
        let result = children.result();
        self.lay_down(parent);
        self.rejoin(parent, joined);
        let succeeded = match self.kind(parent) {
            StateKind::Map => Details::MapStateSucceeded,
            _ => Details::ParallelStateSucceeded,
        };
        self.emit(parent, Link::Aside, succeeded)?;
        let of = &self.state(parent).name;
        match self.fits(&result, of) {
            Ok(()) => states::complete(self, parent, result),
            Err(raised) => self.raise(parent, raised),
        }
    }

    /// A child failed and nothing in it caught that: ends its siblings (SFN-HIST-62, 63, 75).
    /// Everything written here follows the event with which the child failed.
    pub(crate) fn child_failed(&mut self, parent: FrameId, child: FrameId) -> Course {
        let failing = self.frame(child);
        let (place, event_id) = (failing.place, failing.tail);
        self.rejoin(parent, event_id);
        if self.kind(parent) == StateKind::Map {
            let name = Arc::clone(&self.state(parent).name);
            self.emit(parent, Link::Aside, Details::MapIterationFailed { name, index: place })?;
        }
        let kind = self.kind(child);
        if matches!(kind, StateKind::Task | StateKind::Wait) {
            self.emit(parent, Link::Beside, Details::StateAborted { kind })?;
        }
        self.fell(child);
        if let Some(children) = self.children_mut(parent) {
            children.open.remove(&place);
        }
        self.abort_children(parent, parent)
    }

    /// Ends all children of `parent`; what is told of it goes into the chain of `chain`.
    pub(crate) fn abort_children(&mut self, parent: FrameId, chain: FrameId) -> Course {
        let Some(children) = self.children_mut(parent) else { return Ok(()) };
        let open = std::mem::take(&mut children.open);
        let in_map = self.kind(parent) == StateKind::Map;
        for (place, child) in open {
            if in_map {
                let name = Arc::clone(&self.state(parent).name);
                let details = Details::MapIterationAborted { name, index: place };
                self.emit(chain, Link::Beside, details)?;
            }
            self.abort(child, chain)?;
        }
        Ok(())
    }

    fn abort(&mut self, id: FrameId, chain: FrameId) -> Course {
        let kind = self.kind(id);
        let tells = matches!(
            kind,
            StateKind::Task | StateKind::Wait | StateKind::Parallel | StateKind::Map
        );
        if let Doing::MapRun { .. } = self.frame(id).visit.doing {
            // After MapRunStarted, and before what tells of the state (SFN-HIST-84).
            let started = self.frame(id).last;
            self.record(started, Details::MapRunAborted)?;
        }
        if tells && self.frame(id).visit.entered_id != 0 {
            self.emit(chain, Link::Beside, Details::StateAborted { kind })?;
        }
        self.abort_children(id, chain)?;
        self.fell(id);
        Ok(())
    }

    pub(crate) fn kind(&self, id: FrameId) -> StateKind {
        state_kind(self.state(id))
    }

    pub(crate) fn children(&self, id: FrameId) -> Option<&Children> {
        match &self.frame(id).visit.doing {
            Doing::Children(children) => Some(children),
            _ => None,
        }
    }

    pub(crate) fn children_mut(&mut self, id: FrameId) -> Option<&mut Children> {
        match &mut self.frame_mut(id).visit.doing {
            Doing::Children(children) => Some(children),
            _ => None,
        }
    }
}
