//! Redrive (semantics.md §5): a closed execution comes back from its day to the open families and
//! goes on, in one commit.

use std::sync::Arc;

use bytes::Bytes;
use moment::EpochMs;
use store::Stage;
use store::engine::{Family, Order};
use workflow::event::Event;
use workflow::execution::{About, Execution, Status};

use super::close::{ROWS_MAX, is_long};
use super::record::after_commit;
use super::{DispatchError, Live, Trouble};
use crate::counts::Kind;
use crate::executions::Found;
use crate::machines::MachineKey;
use crate::records::{self, ExecutionId, HeadRecord, RedriveToken, Row, StartRecord, Unreadable};
use crate::service::Service;

/// Longest time from the start of an execution to a redrive, a year (SFN-SEM-40).
const OPEN_MS_MAX: EpochMs = 31_536_000_000;
/// How long after its close an execution is redrivable, 14 days.
const PERIOD_MS: EpochMs = 14 * 86_400_000;
/// Client tokens remembered, and for how long (SFN-EXEC-70).
const TOKENS_MAX: usize = 10;
const TOKEN_MS: EpochMs = 15 * 60_000;

/// What became of a redrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Redriven {
    /// It was redriven then; by this request, or by an earlier one with the same token.
    At(EpochMs),
    /// It cannot be, for this reason (SFN-SEM-41).
    Refused(String),
    /// Its account has as many running executions as it may (SFN-SEM-42).
    Full,
    /// Its rows are not where they were.
    Moved,
}

/// On whose behalf an execution is redriven.
#[derive(Clone, Debug)]
pub(crate) enum By {
    /// RedriveExecution, with its client token.
    Token(Option<String>),
    /// Its map run, for the time of that number.
    Run(u64),
}

impl By {
    /// When it was redriven on the same behalf before.
    fn remembered(&self, live: &Live, now_ms: EpochMs) -> Option<EpochMs> {
        match self {
            By::Token(token) => remembered(&live.redriven_with, token.as_deref(), now_ms),
            By::Run(redrive) => {
                let child = live.start.child.as_ref()?;
                let head = &live.execution.head;
                (child.redrive >= *redrive).then_some(head.redrive_ms.unwrap_or(now_ms))
            }
        }
    }
}

/// `redriveStatus` of a standard execution.
pub(crate) fn redrive_status(refusal: Option<&str>) -> &'static str {
    match refusal {
        Some(_) => "NOT_REDRIVABLE",
        None => "REDRIVABLE",
    }
}

impl Service {
    /// Why the execution cannot be redriven (SFN-SEM-41); `None` when it can.
    pub(crate) fn redrive_refusal(&self, found: &Found) -> Result<Option<String>, Unreadable> {
        let start = &found.start;
        let key = MachineKey {
            account: start.account.as_str().into(),
            region: start.region.as_str().into(),
            name: start.about.state_machine_name.as_str().into(),
        };
        let machine = self.machines.find(&self.store, &key)?;
        let stays = machine
            .is_some_and(|machine| machine.incarnation == start.incarnation && !machine.deleting);
        Ok(self.refusal(start, &found.head, !stays))
    }

    fn refusal(&self, start: &StartRecord, head: &HeadRecord, deleting: bool) -> Option<String> {
        if matches!(head.status, Status::Running | Status::Succeeded) {
            return Some(format!("Execution is {} and cannot be redriven", head.status.text()));
        }
        let now_ms = self.host.now_ms();
        // An Express child keeps nothing: it begins anew.
        let restarts = start.child.as_ref().is_some_and(|child| child.express);
        let full =
            !restarts && head.last_event_id.saturating_add(1) >= self.limits.history_events_max;
        let reason = if deleting {
            "State machine is in DELETING status"
        } else if !restarts && !head.resumable && !full {
            // It closed under a version that kept nothing to go on with.
            "Execution was started before the launch of RedriveExecution"
        } else if full {
            "Execution history event limit exceeded"
        } else if now_ms.saturating_sub(start.about.start_ms) >= OPEN_MS_MAX {
            "Execution has exceeded the max execution time"
        } else if now_ms.saturating_sub(head.stop_ms.unwrap_or(now_ms)) > PERIOD_MS {
            "Execution redrivable period exceeded"
        } else {
            return None;
        };
        Some(reason.to_owned())
    }

    /// Redrives a closed execution whose rows are in `family`; the answer is durable.
    pub(crate) async fn redrive(
        &self,
        id: ExecutionId,
        family: &Family,
        by: By,
    ) -> Result<Redriven, DispatchError> {
        self.with_fetching(|| {
            let (service, family, by) = (self.clone(), family.clone(), by.clone());
            async move {
                let partition = service.partition_of(id);
                let store = service.store.clone();
                store.commit(partition, move |stage| service.reopen(stage, id, &family, by)).await
            }
        })
        .await
    }

    fn reopen(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        family: &Family,
        by: By,
    ) -> Result<Redriven, Trouble> {
        let now_ms = self.host.now_ms();
        let remembered = |live: &Live| by.remembered(live, now_ms);
        if let Some(running) =
            self.look(stage, id, |live| remembered(live).ok_or(live.execution.head.status))?
        {
            return Ok(match running {
                Ok(redrive_ms) => Redriven::At(redrive_ms),
                Err(status) => Redriven::Refused(format!(
                    "Execution is {} and cannot be redriven",
                    status.text()
                )),
            });
        }
        let Some(mut live) = self.read_execution(stage, family, id)? else {
            return Ok(Redriven::Moved);
        };
        if let Some(redrive_ms) = remembered(&live) {
            return Ok(Redriven::At(redrive_ms));
        }
        let deleting =
            self.is_deleting(&live).ok_or_else(|| Trouble::NeedsMachine(live.machine_key()))?;
        let head = self.head_record(&live);
        if let Some(reason) = self.refusal(&live.start, &head, deleting) {
            return Ok(Redriven::Refused(reason));
        }
        let start = live.start.clone();
        if start.child.is_none() {
            let place = self.counts.reserve(&start.account, &start.region, Kind::Execution);
            let Ok(place) = place else { return Ok(Redriven::Full) };
            place.keep_with(stage);
        }
        let chunks = self.take_out(stage, id, family, &live)?;
        if let By::Run(redrive) = by {
            live.start = Arc::new(redriven_by_run(&live, redrive));
        }
        self.reopen_map_runs(stage, id, family)?;
        let before = live.execution.clone();
        let transition = self.step_first(stage, id, &mut live, Event::Redrive, || before);
        let redrive_ms = live.execution.head.redrive_ms.unwrap_or(now_ms);
        if let By::Token(Some(token)) = by {
            remember(&mut live.redriven_with, token, redrive_ms);
        }
        live.chunk_bytes = chunk_bytes_of(&live, &chunks);
        for (key, row) in chunks {
            stage.put(&self.families.open, key, row);
        }
        self.record_start(stage, id, &live);
        // Every frame that was kept is part of the transition, so their rows come with it.
        self.record(stage, id, &mut live, transition, false);
        self.put_back(stage, id, live);
        Ok(Redriven::At(redrive_ms))
    }

    /// Begins a closed Express child anew under its ARN (SFN-SEM-58); `run` is called when that is
    /// durable.
    pub(crate) async fn restart(
        &self,
        id: ExecutionId,
        family: &Family,
        redrive: u64,
        run: impl FnOnce(ExecutionId, Arc<StartRecord>) + Clone + Send + 'static,
    ) -> Result<Redriven, DispatchError> {
        self.with_fetching(|| {
            let (service, family, run) = (self.clone(), family.clone(), run.clone());
            async move {
                let partition = service.partition_of(id);
                let store = service.store.clone();
                store
                    .commit(partition, move |stage| {
                        let restarted = service.stage_restart(stage, id, &family, redrive)?;
                        if let Ok(start) = restarted {
                            after_commit(stage, move || run(id, start));
                            return Ok(Redriven::At(service.host.now_ms()));
                        }
                        Ok(restarted.err().unwrap_or(Redriven::Moved))
                    })
                    .await
            }
        })
        .await
    }

    /// The start of the child that begins anew, or why there is nothing to begin.
    fn stage_restart(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        family: &Family,
        redrive: u64,
    ) -> Result<Result<Arc<StartRecord>, Redriven>, Trouble> {
        let now_ms = self.host.now_ms();
        let open = &self.families.open;
        if stage.get(open, &records::start_key(id)).map_err(Unreadable::new)?.is_some() {
            return Ok(Err(Redriven::At(now_ms)));
        }
        let Some(live) = self.read_execution(stage, family, id)? else {
            return Ok(Err(Redriven::Moved));
        };
        if By::Run(redrive).remembered(&live, now_ms).is_some() {
            return Ok(Err(Redriven::At(now_ms)));
        }
        let deleting =
            self.is_deleting(&live).ok_or_else(|| Trouble::NeedsMachine(live.machine_key()))?;
        if let Some(reason) = self.refusal(&live.start, &self.head_record(&live), deleting) {
            return Ok(Err(Redriven::Refused(reason)));
        }
        self.take_out(stage, id, family, &live)?;
        let mut start = redriven_by_run(&live, redrive);
        start.about = Arc::new(About { start_ms: now_ms, ..(*start.about).clone() });
        if let Some(child) = &mut start.child {
            child.restarts += 1;
        }
        let mut execution = Execution::new(start.about.clone());
        execution.head.redrive_count = start.restarts();
        let live = Live::new(start, execution, live.compiled);
        self.record_start(stage, id, &live);
        self.record_head(stage, id, &live);
        Ok(Ok(live.start))
    }

    /// Takes an execution's rows out of its day; its chunks come back.
    fn take_out(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        family: &Family,
        live: &Live,
    ) -> Result<Vec<(Bytes, Bytes)>, Unreadable> {
        let rows = |stage: &Stage<'_>, kind| {
            let range = records::rows_of(kind, id);
            stage.scan(family, range, Order::Forward, ROWS_MAX).map_err(Unreadable::new)
        };
        let (chunks, frames) = (rows(stage, Row::Chunk)?, rows(stage, Row::Frame)?);
        // Those of a long history are in the open family already.
        stage.delete(&self.families.open, records::kept_key(id));
        let keys = chunks.iter().chain(&frames).map(|(key, _)| key.clone());
        for key in keys.chain([records::start_key(id), records::head_key(id)]) {
            stage.delete(family, key);
        }
        let head = &live.execution.head;
        let stop_ms = head.stop_ms.unwrap_or(head.last_event_ms);
        let index: Family = records::index_day_family(records::day_of(stop_ms)).into();
        stage.delete(&index, records::list_key(live.start.list(), stop_ms, id));
        Ok(chunks)
    }
}

/// The start of a map run's child that goes on.
fn redriven_by_run(live: &Live, redrive: u64) -> StartRecord {
    let mut start = (*live.start).clone();
    if let Some(child) = &mut start.child {
        (child.redrive, child.was) = (redrive, Some(live.execution.head.status));
    }
    start
}

/// The bytes of all chunks that come back, or stayed.
fn chunk_bytes_of(live: &Live, moved: &[(Bytes, Bytes)]) -> u64 {
    let stayed = if is_long(live.chunk_bytes) { live.chunk_bytes } else { 0 };
    stayed + moved.iter().map(|(_, row)| row.len() as u64).sum::<u64>()
}

/// When that token redrove the execution, if it is remembered.
pub(crate) fn remembered(
    redriven_with: &[RedriveToken],
    token: Option<&str>,
    now_ms: EpochMs,
) -> Option<EpochMs> {
    let known = redriven_with.iter().rev().find(|known| Some(known.token.as_str()) == token)?;
    (now_ms.saturating_sub(known.redrive_ms) <= TOKEN_MS).then_some(known.redrive_ms)
}

fn remember(redriven_with: &mut Vec<RedriveToken>, token: String, redrive_ms: EpochMs) {
    redriven_with.push(RedriveToken { token, redrive_ms });
    let surplus = redriven_with.len().saturating_sub(TOKENS_MAX);
    redriven_with.drain(..surplus);
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-EXEC-70
    #[test]
    fn the_last_ten_tokens_for_a_quarter_of_an_hour() {
        let mut known = Vec::new();
        for number in 0..12 {
            remember(&mut known, number.to_string(), number);
        }
        assert_eq!(remembered(&known, Some("1"), 12), None);
        assert_eq!(remembered(&known, Some("2"), 12), Some(2));
        assert_eq!(remembered(&known, Some("11"), 11 + 900_000), Some(11));
        assert_eq!(remembered(&known, Some("11"), 11 + 900_001), None);
        assert_eq!(remembered(&known, None, 12), None);
    }
}
