//! Executions in memory: taken from the partition's cache, or read from their rows.

mod cache;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use moment::EpochMs;
use store::Stage;
use store::engine::{Family, Order};
use workflow::effect::TimerKind;
use workflow::execution::{Execution, Frame, FrameId, Head, Waiting};

use cache::Cache;

use super::Trouble;
use super::thinking::Mind;
use crate::definitions::Compiled;
use crate::machines::MachineKey;
use crate::notices::Told;
use crate::records::{
    self, ExecutionId, HeadRecord, RedriveToken, Row, StartRecord, Unreadable, whole,
};
use crate::service::Service;

/// Frames of one execution: top level, branches and iterations, with their nesting.
const FRAMES_MAX: usize = 1_000_000;

/// A partition's executions in memory. Rows as staged always say the same, so any may be dropped.
#[derive(Default)]
pub(crate) struct Local {
    live: Cache,
    /// Of steps that take long, for the next try of their events.
    pub(super) minds: HashMap<ExecutionId, Mind>,
}

/// A running execution in memory.
pub(crate) struct Live {
    pub(crate) start: Arc<StartRecord>,
    pub(crate) execution: Execution,
    /// Due times of the timers that are set: their rows' keys need them.
    pub(crate) timers: BTreeMap<(FrameId, TimerKind), EpochMs>,
    pub(crate) compiled: Compiled,
    /// Whether a row says that the interpreter was interrupted.
    pub(crate) continues: bool,
    /// Client tokens of the last redrives.
    pub(crate) redriven_with: Vec<RedriveToken>,
    /// Bytes of the chunks so far.
    pub(crate) chunk_bytes: u64,
    /// Quotas that were told of.
    pub(crate) told: Told,
}

impl Live {
    pub(crate) fn new(start: StartRecord, execution: Execution, compiled: Compiled) -> Live {
        let start = Arc::new(start);
        Live {
            start,
            execution,
            timers: BTreeMap::new(),
            compiled,
            continues: false,
            redriven_with: Vec::new(),
            chunk_bytes: 0,
            told: Told::default(),
        }
    }

    pub(crate) fn machine_key(&self) -> MachineKey {
        MachineKey {
            account: self.start.account.as_str().into(),
            region: self.start.region.as_str().into(),
            name: self.start.about.state_machine_name.as_str().into(),
        }
    }
}

impl Service {
    /// Takes a running execution out of the cache or its rows; give it back with `put_back`.
    pub(crate) fn take_live(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
    ) -> Result<Option<Live>, Trouble> {
        if let Some(live) = stage.local::<Local>().live.take(id) {
            return Ok(Some(live));
        }
        self.read_live(stage, id)
    }

    /// Looks at a running execution without changing it.
    pub(crate) fn look<R>(
        &self,
        stage: &mut Stage<'_>,
        id: ExecutionId,
        look: impl FnOnce(&Live) -> R,
    ) -> Result<Option<R>, Trouble> {
        let Some(live) = self.take_live(stage, id)? else { return Ok(None) };
        let seen = look(&live);
        self.put_back(stage, id, live);
        Ok(Some(seen))
    }

    pub(crate) fn put_back(&self, stage: &mut Stage<'_>, id: ExecutionId, live: Live) {
        if live.execution.head.status != workflow::execution::Status::Running {
            return;
        }
        stage.local::<Local>().live.put(id, live);
    }

    pub(super) fn read_live(
        &self,
        stage: &Stage<'_>,
        id: ExecutionId,
    ) -> Result<Option<Live>, Trouble> {
        let open = &self.families.open;
        let Some(mut live) = self.read_execution(stage, open, id)? else { return Ok(None) };
        live.timers = timers_of(&live.execution);
        let continues = records::effect_key(id, FrameId::MAX, 0);
        live.continues = stage.get(open, &continues).map_err(Unreadable::new)?.is_some();
        Ok(Some(live))
    }

    /// An execution's start, head and frames, in whichever family it is.
    pub(super) fn read_execution(
        &self,
        stage: &Stage<'_>,
        family: &Family,
        id: ExecutionId,
    ) -> Result<Option<Live>, Trouble> {
        let start_key = records::start_key(id);
        let Some(row) = stage.get(family, &start_key).map_err(Unreadable::new)? else {
            return Ok(None);
        };
        let (start, rest) = whole::from_row(&start_key, &row)?;
        let digest = start.revision.definition;
        let whole = self.definitions.cached(&digest).ok_or(Trouble::NeedsDefinition(digest))?;
        let compiled = match &start.child {
            Some(child) => self.definitions.processor(&digest, &whole, &child.path)?,
            None => whole,
        };
        let mut head = match rest {
            Some(rest) => rest.head,
            None => read_head(stage, family, id)?,
        };
        let redriven_with = std::mem::take(&mut head.redriven_with);
        let (told, chunk_bytes) = (head.told, head.chunk_bytes);
        let execution = Execution { head: to_head(head, &start), frames: BTreeMap::new() };
        let mut live = Live::new(start, execution, compiled);
        (live.redriven_with, live.told, live.chunk_bytes) = (redriven_with, told, chunk_bytes);
        let frames = records::rows_of(Row::Frame, id);
        let rows =
            stage.scan(family, frames, Order::Forward, FRAMES_MAX).map_err(Unreadable::new)?;
        for (key, row) in rows {
            let frame: Frame = records::from_row(Row::Frame, &key, &row)?;
            live.execution.frames.insert(frame.id, frame);
        }
        Ok(Some(live))
    }
}

fn read_head(
    stage: &Stage<'_>,
    family: &Family,
    id: ExecutionId,
) -> Result<HeadRecord, Unreadable> {
    let key = records::head_key(id);
    let row = stage.get(family, &key).map_err(Unreadable::new)?;
    let row = row.ok_or_else(|| Unreadable::new("an execution without a head"))?;
    records::from_row(Row::Head, &key, &row)
}

fn timers_of(execution: &Execution) -> BTreeMap<(FrameId, TimerKind), EpochMs> {
    let reasons = execution.waiting().into_iter();
    reasons
        .filter_map(|reason| match reason {
            Waiting::Timer { frame, kind, due_ms } => Some(((frame, kind), due_ms)),
            Waiting::Ready { .. } | Waiting::Task { .. } | Waiting::MapRun { .. } => None,
        })
        .collect()
}

fn to_head(record: HeadRecord, start: &StartRecord) -> Head {
    Head {
        about: start.about.clone(),
        status: record.status,
        stop_ms: record.stop_ms,
        last_event_id: record.last_event_id,
        last_event_ms: record.last_event_ms,
        next_frame: record.next_frame,
        output: record.output,
        error: record.error,
        cause: record.cause,
        deadline_ms: record.deadline_ms,
        redrive_count: record.redrive_count,
        redrive_ms: record.redrive_ms,
        ready: record.ready,
    }
}
