//! A failure's way: retriers, catchers, the state around, the end of the execution.

use std::sync::Arc;

use asl::model::{Catcher, State, Transition};

use crate::chain::Link;
use crate::closing::Ending;
use crate::dataflow;
use crate::errors::{self, Failed, Raised};
use crate::execution::{Doing, FrameId};
use crate::history::{Details, StateKind};
use crate::payload::Payload;
use crate::run::{Course, Run};
use crate::way::Way;

impl Run<'_> {
    /// The interpreter itself fails the state that a frame is in.
    pub(crate) fn raise(&mut self, id: FrameId, raised: Raised) -> Course {
        let failed = self.tell(id, raised)?;
        self.fail(id, failed)
    }

    /// The state that a frame is in failed.
    pub(crate) fn fail(&mut self, id: FrameId, failed: Failed) -> Course {
        let (mut id, mut failed) = (id, failed);
        loop {
            self.watch(|observer| observer.failed(&failed.failure));
            if failed.ends_execution() {
                return Err(self.close_failed(id, failed));
            }
            self.abort_children(id, id)?;
            self.lay_down(id);
            let state = self.state(id);
            if self.retry(id, state, &failed) {
                return Ok(());
            }
            self.tell_state_failed(id)?;
            if let Some((number, catcher)) = errors::catcher(&state.catch, &failed) {
                match self.catch(id, number, catcher, &failed)? {
                    None => return Ok(()),
                    Some(worse) => failed = worse,
                }
                if failed.ends_execution() {
                    return Err(self.close_failed(id, failed));
                }
            }
            let Some(parent) = self.frame(id).parent else {
                return Err(self.close_failed(id, failed));
            };
            self.child_failed(parent, id)?;
            id = parent;
        }
    }

    fn close_failed(&mut self, id: FrameId, failed: Failed) -> crate::run::Closed {
        let previous_id = self.frame(id).tail;
        self.close(Ending::Failed(failed.failure), previous_id)
    }

    /// Writes EvaluationFailed for a failed expression, and puts the prefix on (language.md, head).
    fn tell(&mut self, id: FrameId, raised: Raised) -> Course<Failed> {
        let prefix = self.prefix(id);
        let state = Arc::clone(&self.frame(id).visit.state);
        let location = match &raised {
            Raised::Query { location, .. } => Some(location.clone()),
            _ => None,
        };
        let failed = Failed::raised(raised, &prefix);
        if let Some(location) = location {
            let details = Details::EvaluationFailed {
                error: failed.failure.error.clone().unwrap_or_default(),
                cause: failed.failure.cause.clone().unwrap_or_default(),
                location,
                state,
            };
            self.emit(id, Link::Normal, details)?;
        }
        Ok(failed)
    }

    /// What stands before the cause of an error that the interpreter raises.
    pub(crate) fn prefix(&self, id: FrameId) -> String {
        let visit = &self.frame(id).visit;
        // A state under test stands in no history (SFN-TEST-16).
        if self.observer().is_some() {
            return String::new();
        }
        format!(
            "An error occurred while executing the state '{}' (entered at the event id #{}). ",
            visit.state, visit.entered_id
        )
    }

    /// Retries are written nowhere (SFN-SEM-91); true when there will be one.
    fn retry(&mut self, id: FrameId, state: &State, failed: &Failed) -> bool {
        let used = &self.frame(id).visit.retries;
        let Some(number) = errors::retrier(&state.retry, used, failed) else {
            self.watch(|observer| {
                if let Some(number) = errors::matching(&state.retry, failed) {
                    observer.retrier(number, None);
                }
            });
            return false;
        };
        let Some(retrier) = state.retry.get(number) else { return false };
        let way = Way::Retrier { state: &state.name, number };
        self.environment.surroundings.took(way);
        let used = used.get(number).copied().unwrap_or(0);
        let delay_ms = errors::delay_ms(retrier, used, &mut self.random.borrow_mut());
        self.watch(|observer| observer.retrier(number, Some(delay_ms)));
        let due_ms = self.now_ms().saturating_add(i64::try_from(delay_ms).unwrap_or(i64::MAX));
        let retries = &mut self.frame_mut(id).visit.retries;
        retries.resize(state.retry.len(), 0);
        if let Some(count) = retries.get_mut(number) {
            *count += 1;
        }
        self.forget_fallen();
        self.doze(id, Doing::Retry { due_ms });
        true
    }

    fn tell_state_failed(&mut self, id: FrameId) -> Course {
        let details = match self.kind(id) {
            StateKind::Parallel => Details::ParallelStateFailed,
            StateKind::Map => Details::MapStateFailed,
            _ => return Ok(()),
        };
        self.emit(id, Link::Beside, details)?;
        Ok(())
    }

    /// Goes on where the catcher says. Its own failure is the state's new one (SFN-CATCH-3).
    fn catch(
        &mut self,
        id: FrameId,
        number: usize,
        catcher: &Catcher,
        failed: &Failed,
    ) -> Course<Option<Failed>> {
        let error_output = Payload::from_value(failed.output());
        match dataflow::caught(self, id, number, catcher, error_output) {
            Ok(exit) => {
                self.forget_fallen();
                self.watch(|observer| observer.catcher(number));
                let way = Way::Catcher { state: &self.state(id).name, number };
                self.environment.surroundings.took(way);
                let next = Transition::Next(Arc::clone(&catcher.next));
                self.exit(id, Link::Onward, exit, &next)?;
                Ok(None)
            }
            Err(raised) => {
                let worse = self.tell(id, raised)?;
                self.tell_state_failed(id)?;
                Ok(Some(worse))
            }
        }
    }
}
