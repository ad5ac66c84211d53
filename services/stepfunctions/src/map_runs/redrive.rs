//! Redrive of runs (SFN-SEM-50…58): the run's row begins anew, knowing which children there are;
//! its driver reads all items again, passes over what succeeded, and sets the others going.

use moment::EpochMs;
use store::Stage;
use workflow::execution::Status;

use super::Message;
use super::children::{Children, Runner, Start};
use crate::driver::{By, DispatchError, Live, Redriven, after_commit};
use crate::executions::Found;
use crate::records::{
    self, Counts, HeadRecord, MapRunId, MapRunProgress, MapRunRecord, MapRunStatus, Row,
    StartRecord, Unreadable,
};
use crate::service::Service;
use crate::tokens::Place;

/// The status of a child between its run's redrive and its own (SFN-SEM-25).
pub(crate) const PENDING_REDRIVE: &str = "PENDING_REDRIVE";

/// How often a child is looked for that moves while we look.
const LOOKS_MAX: usize = 8;

impl MapRunRecord {
    /// Makes a run that is over a running one.
    pub(super) fn redrive(&mut self, redrive_count: u64, now_ms: EpochMs) {
        (self.status, self.stop_ms) = (MapRunStatus::Running, None);
        (self.aborting, self.redrive_asked) = (false, None);
        self.parent_closed_day = None;
        self.redrive_count = redrive_count;
        self.redrive_ms = Some(now_ms);
        self.progress.redrive();
    }

    /// Whether the run redrives its unsuccessful children, those of an earlier time not yet.
    pub(crate) fn pends(&self, redrive: u64) -> bool {
        let goes_on = self.status == MapRunStatus::Running && !self.aborting;
        goes_on && self.progress.failure.is_none() && redrive < self.redrive_count
    }
}

impl MapRunProgress {
    /// Begins anew. What was unsuccessful waits; what succeeded counts on.
    fn redrive(&mut self) {
        for index in std::mem::take(&mut self.ended).iter() {
            self.kept.insert(index);
        }
        (self.started, self.consumed) = (0, 0);
        (self.read_all, self.failure) = (false, None);
        self.output_bytes = 0;
        self.items_before = self.items.wait();
        self.executions_before = self.executions.wait();
    }

    /// What was not reached is as it was before (SFN-SEM-60).
    pub(super) fn end_redrive(&mut self) {
        self.items.wait_no_more(&mut self.items_before);
        self.executions.wait_no_more(&mut self.executions_before);
    }
}

impl Counts {
    /// Takes the unsuccessful ones out.
    fn wait(&mut self) -> Counts {
        let waiting = Counts {
            failed: std::mem::take(&mut self.failed),
            timed_out: std::mem::take(&mut self.timed_out),
            aborted: std::mem::take(&mut self.aborted),
            ..Counts::default()
        };
        (self.running, self.results_written, self.not_redrivable) = (0, 0, 0);
        waiting
    }

    fn wait_no_more(&mut self, before: &mut Counts) {
        let before = std::mem::take(before);
        self.failed += before.failed;
        self.timed_out += before.timed_out;
        self.aborted += before.aborted;
    }
}

impl Service {
    /// Whether an unsuccessful child waits for its run to redrive it.
    pub(crate) fn pends_redrive(
        &self,
        start: &StartRecord,
        head: &HeadRecord,
    ) -> Result<bool, Unreadable> {
        let Some(child) = &start.child else { return Ok(false) };
        if matches!(head.status, Status::Running | Status::Succeeded) {
            return Ok(false);
        }
        let run = self.find_map_run(child.run)?;
        Ok(run.is_some_and(|run| run.pends(child.redrive)))
    }

    /// The parent was redriven, and its state goes on with its run.
    pub(crate) fn redrive_map_run(
        &self,
        stage: &mut Stage<'_>,
        live: &Live,
        place: Place,
        redrive_count: u64,
    ) {
        let now_ms = live.execution.head.last_event_ms;
        let redriven = self.stage_redrive(stage, place, redrive_count, now_ms);
        if let Err(error) = redriven {
            let (execution, frame) = (place.id, place.frame);
            tracing::error!(execution, frame, %error, "a map run cannot be redriven");
        }
    }

    fn stage_redrive(
        &self,
        stage: &mut Stage<'_>,
        place: Place,
        redrive_count: u64,
        now_ms: EpochMs,
    ) -> Result<(), Unreadable> {
        let key = records::map_run_of_key(place.id, place.frame, place.attempt);
        let row = stage.get(&self.families.open, &key).map_err(Unreadable::new)?;
        let row = row.ok_or_else(|| Unreadable::new("a state without its map run"))?;
        let run: MapRunId = records::from_row(Row::MapRunOf, &key, &row)?;
        let record = self.staged_map_run(stage, run)?;
        let mut record = record.ok_or_else(|| Unreadable::new("a map run's row is gone"))?;
        if record.status == MapRunStatus::Running {
            // Its children are still being ended.
            record.redrive_asked = Some(redrive_count);
            self.put_map_run(stage, run, &record);
            return Ok(());
        }
        record.redrive(redrive_count, now_ms);
        self.put_map_run(stage, run, &record);
        let service = self.clone();
        after_commit(stage, move || service.resume_map_run(run));
        Ok(())
    }
}

impl Children {
    /// Sets a child going that had ended without success; the run is told.
    pub(super) fn redrive(&self, found: Found, index: u64) {
        let again = Again {
            service: self.service.clone(),
            redrive: self.redrive,
            runner: self.express.then(|| self.runner()),
            name: self.name_parts(index),
        };
        let (service, run) = (self.service.clone(), self.run);
        self.service.runtime.spawn(async move {
            let child = again.redrive(found).await;
            service.map_runs.tell(run, Message::Started { index, child });
        });
    }
}

/// One child to set going again.
struct Again {
    service: Service,
    redrive: u64,
    /// Of Express children.
    runner: Option<Runner>,
    name: [String; 4],
}

impl Again {
    async fn redrive(self, found: Found) -> Start {
        let mut found = found;
        for _ in 0..LOOKS_MAX {
            match self.try_redrive(&found).await {
                Ok(Redriven::At(_)) => return Start::Done(found.id),
                // Children are not counted, so that no account is too full for them.
                Ok(Redriven::Refused(_) | Redriven::Full) => return Start::Never,
                Ok(Redriven::Moved) => {}
                Err(DispatchError::Unavailable(error)) => return Start::Not(error),
                Err(DispatchError::Unreadable(error)) => {
                    tracing::error!(execution = found.id, %error, "a child is not redriven");
                    return Start::Never;
                }
            }
            let looked = self.service.find_named(&self.name.each_ref().map(String::as_str));
            match looked {
                Ok(Some(moved)) => found = moved,
                _ => return Start::Never,
            }
        }
        Start::Before
    }

    async fn try_redrive(&self, found: &Found) -> Result<Redriven, DispatchError> {
        let family = found.family.as_str().into();
        match self.runner.clone() {
            Some(runner) => {
                let run = move |id, start| runner.run(id, start);
                self.service.restart(found.id, &family, self.redrive, run).await
            }
            None => self.service.redrive(found.id, &family, By::Run(self.redrive)).await,
        }
    }
}
