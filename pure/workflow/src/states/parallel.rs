//! Parallel (SFN-PAR-1…4): every branch begins at once with the same input.

use std::collections::BTreeMap;
use std::sync::Arc;

use asl::model::Parallel;

use crate::chain::Link;
use crate::dataflow;
use crate::execution::{Children, Doing, FrameId, Visit};
use crate::flow::Birth;
use crate::history::Details;
use crate::run::{Course, Run};
use crate::states::mocked;

pub(crate) fn begin(run: &mut Run<'_>, id: FrameId, parallel: &Parallel) -> Course {
    if let Some(mock) = run.observer().and_then(|observer| observer.stand_in()) {
        return mocked::parallel(run, id, mock);
    }
    let input = match dataflow::effective(run, id) {
        Ok(input) => input,
        Err(raised) => return run.raise(id, raised),
    };
    let event_id = run.emit(id, Link::Normal, Details::ParallelStateStarted)?;
    let mut open = BTreeMap::new();
    for (place, branch) in (0..).zip(&parallel.branches) {
        let visit = Visit::new(Arc::clone(&branch.start_at), input.clone());
        let child = run.bear(Birth { parent: Some(id), place, item: None, event_id, visit });
        open.insert(place, child);
    }
    let length = parallel.branches.len() as u64;
    run.frame_mut(id).visit.doing = Doing::Children(Box::new(Children {
        open,
        done: BTreeMap::new(),
        length,
        next: length,
        concurrency: length,
        items: None,
        joined: event_id,
        started_id: event_id,
    }));
    Ok(())
}
