//! Progress and the end of a run, as its row and the parent's state learn of them.

use tokio::time::Instant;
use workflow::event::Event;
use workflow::history::Failure;
use workflow::map_run::READER_ERROR;
use workflow::payload::Payload;

use super::{Driver, Rest, Stuck};
use crate::map_runs::reader::Broken;
use crate::map_runs::results;
use crate::records::{self, MapRunRecord, MapRunStatus, Unreadable};

impl Driver {
    /// Enters into the record what the children say.
    pub(super) fn count(&mut self) {
        let lowest = self.open.iter().find(|(_, open)| open.id.is_none());
        let (started, consumed) = match lowest {
            Some((index, open)) => (*index, open.before),
            None => (self.next, self.consumed),
        };
        let progress = &mut self.record.progress;
        (progress.started, progress.consumed) = (started, consumed);
        progress.executions.running = self.open.len() as u64;
        progress.items.running = self.open.values().map(|open| open.items).sum();
        let again = || self.open.values().filter(|open| open.was.is_some());
        progress.items_before.running = again().map(|open| open.items).sum();
        progress.executions_before.running = again().count() as u64;
        // After a restart those that are read again are not fewer than before.
        progress.executions_total = progress.executions_total.max(self.next);
        if !progress.items_known {
            progress.items_total = self.consumed;
        }
    }

    pub(super) async fn save(&mut self) -> Result<(), Stuck> {
        self.count();
        let (service, run, record) = (self.service.clone(), self.run, self.record.clone());
        let partition = self.service.partition_of(self.record.parent);
        let saved = self.service.store.commit(partition, move |stage| {
            let row = service.staged_map_run(stage, run)?;
            let row = row.ok_or_else(|| Unreadable::new("a map run's row is gone"))?;
            let merged = MapRunRecord { progress: record.progress, ..row };
            service.put_map_run(stage, run, &merged);
            Ok::<_, Unreadable>(merged)
        });
        let row = saved.await??;
        self.adopt_row(&row);
        (self.unsaved, self.saved_at) = (false, Instant::now());
        Ok(())
    }

    /// Ends the run together with the parent's state. Nothing when it turned out to be aborted.
    pub(super) async fn finish(&mut self) -> Result<Option<Rest>, Stuck> {
        if self.unsaved {
            self.save().await?;
        }
        if self.record.aborting {
            return self.end_aborted().await.map(Some);
        }
        let (frame, attempt) = (self.plan.frame, self.plan.attempt);
        let written = match self.results().await {
            Ok(output) => Ok(output),
            Err(Broken::Failure(failure)) => Err(failure),
            Err(Broken::CutOff) => return Err(Stuck::CutOff),
        };
        let (status, event) = match (self.record.progress.failure.clone(), written) {
            (None, Ok(output)) => {
                (MapRunStatus::Succeeded, Event::MapRunSucceeded { frame, attempt, output })
            }
            (Some(failure), _) | (None, Err(failure)) => {
                let Failure { error, cause } = failure;
                (MapRunStatus::Failed, Event::MapRunFailed { frame, attempt, error, cause })
            }
        };
        let ended = self.end(status, event).await?;
        Ok(ended.then_some(Rest::Nothing))
    }

    /// Writes results, and makes the state's output of them.
    async fn results(&mut self) -> Result<Option<Payload>, Broken> {
        let failure = self.record.progress.failure.clone();
        let unread =
            failure.as_ref().is_some_and(|failure| failure.error.as_deref() == Some(READER_ERROR));
        if failure.is_some()
            && self.plan.writer.as_ref().is_none_or(|writer| writer.parameters.is_none())
        {
            return Ok(None);
        }
        let writer = results::Results {
            service: &self.service,
            children: &self.children,
            writer: self.plan.writer.as_ref(),
            executions: self.record.progress.executions_total.max(self.next),
            next: self.next,
            kept: &self.record.progress.kept,
            items_succeeded: self.record.progress.items.succeeded,
            bytes_max: self.output_bytes_max(),
        };
        let pending = self.batches.as_mut().filter(|_| failure.is_some() && !unread);
        let written = writer.write(self.outputs.take(), pending).await;
        let progress = &mut self.record.progress;
        if let Ok(written) = &written {
            progress.executions.results_written = written.executions;
            progress.items.results_written = written.items;
        }
        written.map(|written| written.output)
    }

    async fn end(&mut self, status: MapRunStatus, event: Event) -> Result<bool, Stuck> {
        self.count();
        self.record.progress.end_redrive();
        let partition = self.service.partition_of(self.record.parent);
        let ended = self
            .service
            .with_fetching(|| {
                let (service, run) = (self.service.clone(), self.run);
                let (record, event) = (self.record.clone(), event.clone());
                let store = self.service.store.clone();
                async move {
                    store
                        .commit(partition, move |stage| {
                            let row = service.staged_map_run(stage, run)?;
                            let row =
                                row.ok_or_else(|| Unreadable::new("a map run's row is gone"))?;
                            if row.aborting {
                                return Ok(Some(row));
                            }
                            let parent = record.parent;
                            let stop_ms = Some(service.host.now_ms());
                            let progress = record.progress;
                            let over = MapRunRecord { status, stop_ms, progress, ..row.clone() };
                            service.put_map_run(stage, run, &over);
                            service.apply(stage, parent, event).inspect_err(|_| {
                                // It is tried again, and is not over before.
                                service.put_map_run(stage, run, &row);
                            })?;
                            Ok(None)
                        })
                        .await
                }
            })
            .await?;
        if let Some(row) = &ended {
            self.adopt_row(row);
        }
        Ok(ended.is_none())
    }

    /// Nobody waits for the run any more: its rows alone say how it ended.
    async fn end_aborted(&mut self) -> Result<Rest, Stuck> {
        self.count();
        self.record.progress.end_redrive();
        let (service, run, record) = (self.service.clone(), self.run, self.record.clone());
        let (frame, attempt) = (self.plan.frame, self.plan.attempt);
        let partition = self.service.partition_of(self.record.parent);
        let ended = self.service.store.commit(partition, move |stage| {
            let row = service.staged_map_run(stage, run)?;
            let row = row.ok_or_else(|| Unreadable::new("a map run's row is gone"))?;
            let now_ms = service.host.now_ms();
            let mut over = MapRunRecord {
                status: MapRunStatus::Aborted,
                stop_ms: Some(now_ms),
                progress: record.progress,
                ..row
            };
            if let Some(redrive_count) = over.redrive_asked {
                over.redrive(redrive_count, now_ms);
                service.put_map_run(stage, run, &over);
                return Ok::<_, Unreadable>(Rest::Redrive);
            }
            service.put_map_run(stage, run, &over);
            if let Some(day) = over.parent_closed_day {
                let of_key = records::map_run_of_key(over.parent, frame, attempt);
                service.move_map_run(stage, run, of_key, day);
            }
            Ok(Rest::Nothing)
        });
        Ok(ended.await??)
    }
}
