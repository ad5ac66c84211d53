//! `.sync` tasks whose job was submitted: watched until the job is over. A row says which job, so
//! that a restart goes on watching instead of losing the outcome (SFN-SEM-104).

use std::time::Duration;

use serde_json::Value;
use store::Stage;
use workflow::event::Event;
use workflow::execution::{Execution, Status, TaskKind};
use workflow::payload::Payload;

use super::record::after_commit;
use crate::integrations::states_start_execution;
use crate::records::{self, EffectRecord, Row, Unreadable};
use crate::service::Service;
use crate::tokens::Place;

/// How often a job is looked at when nobody says that it is over.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// The job that a submitted task waits for, if it waits for one of this server's.
pub(super) fn job_of(execution: &Execution, place: Place, output: &Payload) -> Option<String> {
    let task = execution.task_open(place.frame, place.attempt)?;
    match task.kind {
        TaskKind::Call { resource }
            if resource.ends_with(".sync") || resource.ends_with(".sync:2") =>
        {
            output.value().get("ExecutionArn")?.as_str().map(str::to_owned)
        }
        TaskKind::Call { .. } | TaskKind::Activity { .. } => None,
    }
}

impl Service {
    /// The call was answered: nothing of it can be lost any more. A job is watched from here on.
    pub(super) fn record_submitted(
        &self,
        stage: &mut Stage<'_>,
        place: Place,
        job: Option<String>,
    ) {
        let key = records::effect_key(place.id, place.frame, place.attempt);
        let Some(job) = job else {
            stage.delete(&self.families.open, key);
            return;
        };
        let record = EffectRecord { job: Some(job.clone()) };
        let row = records::to_row(Row::Effect, &key, &record);
        stage.put(&self.families.open, key, row);
        let service = self.clone();
        after_commit(stage, move || service.watch(place, job));
    }

    /// Feeds the end of a child execution back to the task that waits for it.
    pub(crate) fn watch(&self, place: Place, job: String) {
        let service = self.clone();
        self.runtime.spawn(async move {
            loop {
                let closing = service.closings.notified();
                match service.job_event(place, &job) {
                    Ok(Some(event)) => return service.dispatch_soon(place.id, event),
                    Ok(None) => {}
                    Err(error) => tracing::error!(%error, job, "a job cannot be looked at"),
                }
                if !service.still_waits(place) {
                    return;
                }
                // Not in time only means to look again.
                let _ = tokio::time::timeout(LOOK_AGAIN, closing).await;
            }
        });
    }

    /// What the task is told when the job is over.
    fn job_event(&self, place: Place, job: &str) -> Result<Option<Event>, Unreadable> {
        let Place { frame, attempt, .. } = place;
        let Some(found) = self.find_by_arn(job)? else {
            return Ok(Some(Event::TaskFailed {
                frame,
                attempt,
                error: Some("States.TaskFailed".to_owned()),
                cause: Some(format!("Execution Does Not Exist: '{job}'")),
            }));
        };
        if found.head.status == Status::Running {
            return Ok(None);
        }
        let parsed = self.wants_parsed(place)?;
        let description =
            states_start_execution::describe(&found, self.redrive_refusal(&found)?, parsed);
        Ok(Some(match found.head.status {
            Status::Succeeded => {
                let output = Payload::from_value(Value::Object(description));
                Event::TaskSucceeded { frame, attempt, output }
            }
            _ => Event::TaskFailed {
                frame,
                attempt,
                error: Some("States.TaskFailed".to_owned()),
                cause: Some(Value::Object(description).to_string()),
            },
        }))
    }

    /// `.sync:2` gives input and output as values, `.sync` as texts (SFN-INT-72, SFN-INT-73).
    fn wants_parsed(&self, place: Place) -> Result<bool, Unreadable> {
        let key = records::frame_key(place.id, place.frame);
        let partition = self.partition_of(place.id);
        let row = self.store.get(partition, records::OPEN, &key).map_err(Unreadable::new)?;
        let Some(row) = row else { return Ok(false) };
        let frame: workflow::execution::Frame = records::from_row(Row::Frame, &key, &row)?;
        Ok(match frame.visit.doing {
            workflow::execution::Doing::Task(task) => {
                matches!(task.kind, TaskKind::Call { resource } if resource.ends_with(".sync:2"))
            }
            _ => false,
        })
    }

    /// Whether the task's row still asks for the watch.
    fn still_waits(&self, place: Place) -> bool {
        let key = records::effect_key(place.id, place.frame, place.attempt);
        let partition = self.partition_of(place.id);
        !matches!(self.store.get(partition, records::OPEN, &key), Ok(None))
    }

    /// A watched job whose task is over is stopped, as well as can be (SFN-INT-17, SFN-INT-77).
    /// False if the task is not that of a call that is out or watched.
    pub(super) fn stop_job(&self, stage: &mut Stage<'_>, place: Place) -> bool {
        let key = records::effect_key(place.id, place.frame, place.attempt);
        let Ok(Some(row)) = stage.get(&self.families.open, &key) else { return false };
        let record = records::from_row::<EffectRecord>(Row::Effect, &key, &row);
        let Ok(EffectRecord { job: Some(job) }) = record else { return true };
        let service = self.clone();
        after_commit(stage, move || {
            service.runtime.clone().spawn(async move {
                // A job that closed by itself takes no notice.
                if let Ok(Some(found)) = service.find_by_arn(&job) {
                    service.dispatch_soon(found.id, Event::Stop { error: None, cause: None });
                }
            });
        });
        true
    }
}
