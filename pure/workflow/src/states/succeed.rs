//! Succeed (SFN-SUCCEED-1).

use asl::model::Transition;

use crate::dataflow;
use crate::execution::FrameId;
use crate::run::{Course, Run};

pub(crate) fn begin(run: &mut Run<'_>, id: FrameId) -> Course {
    match dataflow::idle(run, id) {
        Ok(exit) => run.leave(id, exit, &Transition::End),
        Err(raised) => run.raise(id, raised),
    }
}
