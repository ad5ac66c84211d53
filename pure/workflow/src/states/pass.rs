//! Pass (SFN-PASS-1, SFN-IO-3). One that changes nothing hands its input on as it is.

use asl::model::Pass;

use crate::dataflow;
use crate::execution::FrameId;
use crate::run::{Course, Run};

pub(crate) fn begin(run: &mut Run<'_>, id: FrameId, pass: &Pass) -> Course {
    match dataflow::passed(run, id, pass) {
        Ok(exit) => run.leave(id, exit, &run.state(id).transition),
        Err(raised) => run.raise(id, raised),
    }
}
