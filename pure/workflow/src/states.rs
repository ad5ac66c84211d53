//! The eight states, a file each. [`enter`] begins a visit, [`begin`] an attempt of its work.

pub(crate) mod choice;
pub(crate) mod distributed;
pub(crate) mod fail;
pub(crate) mod map;
pub(crate) mod mocked;
pub(crate) mod parallel;
pub(crate) mod pass;
pub(crate) mod succeed;
pub(crate) mod task;
pub(crate) mod wait;

use std::sync::Arc;

use asl::model::Kind;

use crate::chain::Link;
use crate::dataflow;
use crate::execution::{Doing, FrameId};
use crate::flow::state_kind;
use crate::history::Details;
use crate::payload::Payload;
use crate::run::{Course, Run};

/// Enters the state that a frame has before it.
pub(crate) fn enter(run: &mut Run<'_>, id: FrameId) -> Course {
    let state = run.state(id);
    let details = Details::StateEntered {
        kind: state_kind(state),
        name: Arc::clone(&state.name),
        input: run.frame(id).visit.input.clone(),
    };
    let event_id = run.emit(id, Link::Normal, details)?;
    let entered_ms = run.execution.head.last_event_ms;
    let visit = &mut run.frame_mut(id).visit;
    visit.entered_id = event_id;
    visit.entered_ms = entered_ms;
    visit.doing = Doing::Deciding;
    begin(run, id)
}

/// Does the state's work: for the first time, or once more after a retry's delay.
pub(crate) fn begin(run: &mut Run<'_>, id: FrameId) -> Course {
    match &run.state(id).kind {
        Kind::Pass(pass) => pass::begin(run, id, pass),
        Kind::Task(task) => task::begin(run, id, task),
        Kind::Choice(choice) => choice::begin(run, id, choice),
        Kind::Wait(wait) => wait::begin(run, id, wait),
        Kind::Succeed => succeed::begin(run, id),
        Kind::Fail(fail) => fail::begin(run, id, fail),
        Kind::Parallel(parallel) => parallel::begin(run, id, parallel),
        Kind::Map(map) => map::begin(run, id, map),
    }
}

/// Does it after a redrive: a map run that was begun goes on.
pub(crate) fn resume(run: &mut Run<'_>, id: FrameId) -> Course {
    match run.frame_mut(id).visit.map_run.take() {
        Some(begun) => distributed::redrive(run, id, *begun),
        None => begin(run, id),
    }
}

/// Leaves a Task, Parallel or Map whose work gave `result`.
pub(crate) fn complete(run: &mut Run<'_>, id: FrameId, result: Payload) -> Course {
    match dataflow::worked(run, id, result) {
        Ok(exit) => run.leave(id, exit, &run.state(id).transition),
        Err(raised) => run.raise(id, raised),
    }
}
