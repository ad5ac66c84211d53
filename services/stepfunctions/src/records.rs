//! The schema on one page: every key and value that this service stores.
//!
//! Keys begin with the slot of what they describe; index families begin with the machine instead.
//! Values are MessagePack with named members inside the store's envelope, so that a member can be
//! added and an old row still read.

pub(crate) mod whole;

use std::collections::{BTreeMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use moment::EpochMs;
use resource::tags::Tag;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use store::Store;
use store::engine::Order;
use store::envelope::{self, Decoded, Dictionary};
use workflow::effect::TimerKind;
use workflow::execution::{About, FrameId, Status};
use workflow::payload::Payload;

use crate::notices::Told;
use crate::tokens::Place;

/// Number of an execution: slot, milliseconds, counter.
pub(crate) type ExecutionId = u64;

/// Number of a map run: made as those of executions are, in the slot of its execution.
pub(crate) type MapRunId = u64;

/// Running executions: heads, frames, chunks, timers, effects, tasks, names.
pub(crate) const OPEN: &str = "open";
/// List items of running executions.
pub(crate) const INDEX_OPEN: &str = "index_open";
/// Tasks of activities that no worker has, by activity, oldest first.
pub(crate) const OFFERS: &str = "offers";
/// Numbers of running executions, a row for each partition, account and region.
pub(crate) const COUNTS: &str = "counts";
/// Machines by account, region and name.
pub(crate) const MACHINES: &str = "machines";
/// Activities by account, region and name.
pub(crate) const ACTIVITIES: &str = "activities";
/// Definition texts by digest.
pub(crate) const DEFINITIONS: &str = "definitions";
/// Asynchronous Express executions under way.
pub(crate) const EXPRESS: &str = "express";
/// Secrets of this server.
pub(crate) const KEYS: &str = "keys";

const DAY_MS: EpochMs = 86_400_000;
const FORMAT: u16 = 1;
/// Rows of a whole family in memory at once.
const ROWS_AT_ONCE: usize = 1_024;

/// Names of members and other texts that most rows have, trained on rows of many executions.
static DICTIONARY: Dictionary = Dictionary::new(include_bytes!("records/dictionary-1.zstd"));

/// The family of what closed on that day.
pub(crate) fn day_family(day: i64) -> String {
    format!("day_{day}")
}

/// The family of list items of what closed on that day.
pub(crate) fn index_day_family(day: i64) -> String {
    format!("index_day_{day}")
}

/// Days since the epoch.
pub(crate) fn day_of(ms: EpochMs) -> i64 {
    ms.div_euclid(DAY_MS)
}

/// The kinds of rows; also the byte after the slot in keys of executions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Row {
    Start = b'A',
    /// Under the key of a start: a closed execution in one row.
    Whole = b'W',
    Head = b'E',
    Frame = b'F',
    Chunk = b'H',
    Task = b'K',
    Name = b'N',
    Effect = b'O',
    Timer = b'T',
    MapRun = b'R',
    MapPlan = b'P',
    MapRunOf = b'Q',
    ListItem = b'L',
    Machine = b'M',
    Activity = b'C',
    Definition = b'D',
    Secret = b'S',
    Kept = b'V',
    Count = b'B',
    /// Under a key of its own: which upgrades of rows are done.
    Upgrade = b'U',
}

/// Slot of an execution id.
pub(crate) fn slot_of(id: ExecutionId) -> u16 {
    (id >> 54) as u16
}

/// Slot of anything that is found by name.
pub(crate) fn slot_of_name(parts: &[&str]) -> u16 {
    let digest = name_digest(parts);
    let mut first = [0; 2];
    first.copy_from_slice(digest.get(..2).expect("a digest has 32 bytes"));
    u16::from_be_bytes(first) >> 6
}

/// Digest of a compound name.
pub(crate) fn name_digest(parts: &[&str]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

/// Digest of a definition's text.
pub(crate) fn text_digest(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

fn execution_key(kind: Row, id: ExecutionId, rest: &[&[u8]]) -> Bytes {
    let mut key = Vec::with_capacity(11 + rest.iter().map(|part| part.len()).sum::<usize>());
    key.extend_from_slice(&slot_of(id).to_be_bytes());
    key.push(kind as u8);
    key.extend_from_slice(&id.to_be_bytes());
    for part in rest {
        key.extend_from_slice(part);
    }
    key.into()
}

pub(crate) fn start_key(id: ExecutionId) -> Bytes {
    execution_key(Row::Start, id, &[])
}

pub(crate) fn head_key(id: ExecutionId) -> Bytes {
    execution_key(Row::Head, id, &[])
}

pub(crate) fn frame_key(id: ExecutionId, frame: FrameId) -> Bytes {
    execution_key(Row::Frame, id, &[&frame.to_be_bytes()])
}

pub(crate) fn chunk_key(id: ExecutionId, first_event: u64) -> Bytes {
    execution_key(Row::Chunk, id, &[&first_event.to_be_bytes()])
}

/// Says that the chunks of a closed execution stay in the open family, and with which day they go.
pub(crate) fn kept_key(id: ExecutionId) -> Bytes {
    execution_key(Row::Kept, id, &[])
}

/// Execution of a start's key.
pub(crate) fn start_of_key(key: &[u8]) -> Option<ExecutionId> {
    Some(u64::from_be_bytes(key.get(3..11)?.try_into().ok()?))
}

pub(crate) fn effect_key(id: ExecutionId, frame: FrameId, attempt: u32) -> Bytes {
    execution_key(Row::Effect, id, &[&frame.to_be_bytes(), &attempt.to_be_bytes()])
}

pub(crate) fn task_key(id: ExecutionId, frame: FrameId, attempt: u32) -> Bytes {
    execution_key(Row::Task, id, &[&frame.to_be_bytes(), &attempt.to_be_bytes()])
}

/// Bytes of an offer's key that stand for the activity.
const ACTIVITY_MARK_BYTES: usize = 16;

fn offers_from(activity_arn: &str, ms: EpochMs) -> Vec<u8> {
    let digest = name_digest(&[activity_arn]);
    let mut key = Vec::with_capacity(40);
    key.extend_from_slice(digest.get(..ACTIVITY_MARK_BYTES).expect("a digest has 32 bytes"));
    key.extend_from_slice(&ms.max(0).to_be_bytes());
    key
}

/// A task that waits for a worker. The activity comes first, so that a poll reads only its own.
pub(crate) fn offer_key(activity_arn: &str, offered_ms: EpochMs, place: Place) -> Bytes {
    let mut key = offers_from(activity_arn, offered_ms);
    key.extend_from_slice(&place.id.to_be_bytes());
    key.extend_from_slice(&place.frame.to_be_bytes());
    key.extend_from_slice(&place.attempt.to_be_bytes());
    key.into()
}

/// What waits for workers of an activity that was made at `since_ms`.
pub(crate) fn offers_since(activity_arn: &str, since_ms: EpochMs) -> Range<Bytes> {
    let from = offers_from(activity_arn, since_ms);
    let end = after_prefix(from.get(..ACTIVITY_MARK_BYTES).expect("it begins with the mark"));
    from.into()..end
}

/// When the task of an offer's key was offered, and which it is.
pub(crate) fn offer_of_key(key: &[u8]) -> Option<(EpochMs, Place)> {
    let rest = key.get(ACTIVITY_MARK_BYTES..)?;
    let offered_ms = i64::from_be_bytes(rest.get(..8)?.try_into().ok()?);
    let id = u64::from_be_bytes(rest.get(8..16)?.try_into().ok()?);
    let frame = u32::from_be_bytes(rest.get(16..20)?.try_into().ok()?);
    let attempt = u32::from_be_bytes(rest.get(20..24)?.try_into().ok()?);
    Some((offered_ms, Place { id, frame, attempt }))
}

/// How many executions of an account in a region run in a partition.
pub(crate) fn count_key(partition: u16, account: &str, region: &str) -> Bytes {
    [&partition.to_be_bytes()[..], &joined(&[account, region])].concat().into()
}

/// Account and region of a count's key.
pub(crate) fn owner_of_count(key: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(key.get(2..)?).ok()?.split_once('\0')
}

/// A map run, by its own number.
pub(crate) fn map_run_key(run: MapRunId) -> Bytes {
    execution_key(Row::MapRun, run, &[])
}

/// What a map run was asked to do.
pub(crate) fn map_plan_key(run: MapRunId) -> Bytes {
    execution_key(Row::MapPlan, run, &[])
}

/// Which map run an attempt of a state began.
pub(crate) fn map_run_of_key(id: ExecutionId, frame: FrameId, attempt: u32) -> Bytes {
    execution_key(Row::MapRunOf, id, &[&frame.to_be_bytes(), &attempt.to_be_bytes()])
}

/// Number of a map run's key.
pub(crate) fn map_run_of(key: &[u8]) -> Option<MapRunId> {
    start_of_key(key)
}

/// Execution, frame and attempt of an effect's or task's key.
pub(crate) fn attempt_of_key(key: &[u8]) -> Option<(ExecutionId, FrameId, u32)> {
    let id = u64::from_be_bytes(key.get(3..11)?.try_into().ok()?);
    let frame = u32::from_be_bytes(key.get(11..15)?.try_into().ok()?);
    let attempt = u32::from_be_bytes(key.get(15..19)?.try_into().ok()?);
    Some((id, frame, attempt))
}

/// All rows of one kind of one execution.
pub(crate) fn rows_of(kind: Row, id: ExecutionId) -> Range<Bytes> {
    let from = execution_key(kind, id, &[]);
    from.clone()..after_prefix(&from)
}

/// All rows of one kind in a slot.
pub(crate) fn rows_of_slot(kind: Row, slot: u16) -> Range<Bytes> {
    let mut from = slot.to_be_bytes().to_vec();
    from.push(kind as u8);
    let end = after_prefix(&from);
    from.into()..end
}

/// Timers are ordered by when they are due.
pub(crate) fn timer_key(id: ExecutionId, frame: FrameId, kind: TimerKind, due: EpochMs) -> Bytes {
    let mut key = Vec::with_capacity(24);
    key.extend_from_slice(&slot_of(id).to_be_bytes());
    key.push(Row::Timer as u8);
    key.extend_from_slice(&due.max(0).to_be_bytes());
    key.extend_from_slice(&id.to_be_bytes());
    key.extend_from_slice(&frame.to_be_bytes());
    key.push(timer_kind_byte(kind));
    key.into()
}

/// Due time, execution, frame and kind of a timer's key.
pub(crate) fn timer_of_key(key: &[u8]) -> Option<(EpochMs, ExecutionId, FrameId, TimerKind)> {
    let due = i64::from_be_bytes(key.get(3..11)?.try_into().ok()?);
    let id = u64::from_be_bytes(key.get(11..19)?.try_into().ok()?);
    let frame = u32::from_be_bytes(key.get(19..23)?.try_into().ok()?);
    let kind = match key.get(23)? {
        0 => TimerKind::Execution,
        1 => TimerKind::Wait,
        2 => TimerKind::Retry,
        3 => TimerKind::Timeout,
        4 => TimerKind::Heartbeat,
        _ => return None,
    };
    Some((due, id, frame, kind))
}

fn timer_kind_byte(kind: TimerKind) -> u8 {
    match kind {
        TimerKind::Execution => 0,
        TimerKind::Wait => 1,
        TimerKind::Retry => 2,
        TimerKind::Timeout => 3,
        TimerKind::Heartbeat => 4,
    }
}

/// The first key that a timer of a slot can have which is due at `due` or later.
pub(crate) fn timers_from(slot: u16, due: EpochMs) -> Bytes {
    let mut from = slot.to_be_bytes().to_vec();
    from.push(Row::Timer as u8);
    from.extend_from_slice(&due.max(0).to_be_bytes());
    from.into()
}

/// The key of an execution's name within its machine.
pub(crate) fn name_key(parts: &[&str; 4]) -> Bytes {
    let mut key = slot_of_name(parts).to_be_bytes().to_vec();
    key.push(Row::Name as u8);
    key.extend_from_slice(&joined(parts));
    key.into()
}

/// `account\0region\0name`: machines and activities are listed in this order.
pub(crate) fn owned_key(account: &str, region: &str, name: &str) -> Bytes {
    joined(&[account, region, name]).into()
}

/// All rows of an account in a region, in a family keyed by [`owned_key`].
pub(crate) fn owned_by(account: &str, region: &str) -> Range<Bytes> {
    let mut from = joined(&[account, region]);
    from.push(0);
    let end = after_prefix(&from);
    from.into()..end
}

/// Account, region and name of a key made by [`owned_key`].
pub(crate) fn owner_of_key(key: &[u8]) -> Option<(&str, &str, &str)> {
    let mut parts = std::str::from_utf8(key).ok()?.split('\0');
    Some((parts.next()?, parts.next()?, parts.next()?))
}

/// Reads a whole family, some rows at a time.
pub(crate) fn each_row(
    store: &Store,
    family: &str,
    mut see: impl FnMut(&Bytes, &Bytes) -> Result<(), Unreadable>,
) -> Result<(), Unreadable> {
    let mut range = Bytes::new()..Bytes::new();
    loop {
        let rows = store.scan_all(family, range.clone(), Order::Forward, ROWS_AT_ONCE);
        let rows = rows.map_err(Unreadable::new)?;
        for (key, row) in &rows {
            see(key, row)?;
        }
        match rows.last() {
            Some((last, _)) if rows.len() == ROWS_AT_ONCE => {
                range.start = [&last[..], &[0]].concat().into();
            }
            _ => return Ok(()),
        }
    }
}

fn joined(parts: &[&str]) -> Vec<u8> {
    parts.join("\0").into_bytes()
}

/// List items: the machine's incarnation, then newest first.
pub(crate) fn list_key(incarnation: u64, at: EpochMs, id: ExecutionId) -> Bytes {
    let mut key = incarnation.to_be_bytes().to_vec();
    key.extend_from_slice(&(i64::MAX - at.max(0)).to_be_bytes());
    key.extend_from_slice(&(u64::MAX - id).to_be_bytes());
    key.into()
}

/// Whose list a key is in.
pub(crate) fn list_of_key(key: &[u8]) -> Option<u64> {
    Some(u64::from_be_bytes(key.get(..8)?.try_into().ok()?))
}

/// The execution that a list item is about.
pub(crate) fn listed_of_key(key: &[u8]) -> Option<ExecutionId> {
    Some(u64::MAX - u64::from_be_bytes(key.get(16..24)?.try_into().ok()?))
}

/// What of a list closed at `from_ms` or later, of the family of a day.
pub(crate) fn list_since(list: u64, from_ms: EpochMs) -> Range<Bytes> {
    let end = list_key(list, from_ms.saturating_sub(1), u64::MAX);
    Bytes::copy_from_slice(&list.to_be_bytes())..end
}

/// All list items of a machine.
pub(crate) fn list_of(incarnation: u64) -> Range<Bytes> {
    let from = incarnation.to_be_bytes();
    Bytes::copy_from_slice(&from)..after_prefix(&from)
}

/// The first key after all that begin with `prefix`.
fn after_prefix(prefix: &[u8]) -> Bytes {
    let mut end = prefix.to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            break;
        }
    }
    end.into()
}

/// What is fixed when an execution starts.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StartRecord {
    pub(crate) about: Arc<About>,
    /// The machine as it was (SFN-SEM-70).
    pub(crate) revision: Arc<Revision>,
    /// Which life of the machine's name this belongs to.
    pub(crate) incarnation: u64,
    pub(crate) account: String,
    pub(crate) region: String,
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) named: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) trace_header: Option<String>,
    /// Of the children of map runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) child: Option<ChildRecord>,
    /// The test case that answers its tasks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) mock_case: Option<String>,
}

impl StartRecord {
    /// What its lists are kept under: the machine's incarnation, or the map run.
    pub(crate) fn list(&self) -> u64 {
        self.child.as_ref().map_or(self.incarnation, |child| child.run)
    }

    /// How often an Express child was begun anew (SFN-SEM-58).
    pub(crate) fn restarts(&self) -> u64 {
        self.child.as_ref().map_or(0, |child| child.restarts)
    }

    /// The parts of the name that is taken while this execution is known.
    pub(crate) fn name_parts(&self) -> [String; 4] {
        let about = &self.about;
        let machine = match &self.child {
            Some(child) => format!("{}/{}", about.state_machine_name, child.label),
            None => about.state_machine_name.clone(),
        };
        let name = match &self.child {
            // An Express child's name has two parts; the first is its own.
            Some(_) => about.name.split(':').next().unwrap_or_default().to_owned(),
            None => about.name.clone(),
        };
        [self.account.clone(), self.region.clone(), machine, name]
    }
}

/// The place of a child in its map run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ChildRecord {
    pub(crate) run: MapRunId,
    pub(crate) map_run_arn: String,
    pub(crate) label: String,
    /// From the definition's own machine to the Map state whose processor this executes.
    pub(crate) path: Vec<String>,
    /// Number of the item or batch.
    pub(crate) index: u64,
    /// Items in it.
    pub(crate) items: u64,
    pub(crate) batched: bool,
    pub(crate) express: bool,
    /// Which redrive of the run last set it going; 0 before any.
    #[serde(default)]
    pub(crate) redrive: u64,
    /// How it had ended before that, if it had.
    #[serde(default)]
    pub(crate) was: Option<Status>,
    /// How often an Express child was begun anew.
    #[serde(default)]
    pub(crate) restarts: u64,
}

/// A map run as far as it has come.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct MapRunRecord {
    pub(crate) arn: String,
    pub(crate) parent: ExecutionId,
    pub(crate) parent_arn: String,
    pub(crate) status: MapRunStatus,
    pub(crate) start_ms: EpochMs,
    pub(crate) stop_ms: Option<EpochMs>,
    pub(crate) limits: MapRunLimits,
    /// The state wants no more of it: it ends as soon as its children have.
    pub(crate) aborting: bool,
    /// Day on which the parent closed, when the run had not.
    pub(crate) parent_closed_day: Option<i64>,
    pub(crate) progress: MapRunProgress,
    #[serde(default)]
    pub(crate) redrive_count: u64,
    #[serde(default)]
    pub(crate) redrive_ms: Option<EpochMs>,
    /// The parent was redriven while the run was still being aborted: it goes on after that.
    #[serde(default)]
    pub(crate) redrive_asked: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MapRunStatus {
    Running,
    Succeeded,
    Failed,
    Aborted,
}

impl MapRunStatus {
    pub(crate) fn text(self) -> &'static str {
        match self {
            MapRunStatus::Running => "RUNNING",
            MapRunStatus::Succeeded => "SUCCEEDED",
            MapRunStatus::Failed => "FAILED",
            MapRunStatus::Aborted => "ABORTED",
        }
    }
}

/// What UpdateMapRun changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MapRunLimits {
    /// 0 where nothing was asked for.
    pub(crate) max_concurrency: u64,
    pub(crate) tolerated_failure_count: Option<u64>,
    pub(crate) tolerated_failure_percentage: Option<f64>,
}

/// What the run alone writes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct MapRunProgress {
    /// Every child below this number is known to be started.
    pub(crate) started: u64,
    /// Items in those children: where the reader goes on.
    pub(crate) consumed: u64,
    /// Numbers of the children that ended.
    pub(crate) ended: crate::map_runs::Ranges,
    pub(crate) items: Counts,
    pub(crate) executions: Counts,
    /// Items in all, once that is known; until then those that were read.
    pub(crate) items_total: u64,
    pub(crate) items_known: bool,
    pub(crate) executions_total: u64,
    /// UTF-8 bytes of the outputs so far, as an array.
    pub(crate) output_bytes: u64,
    /// The last item was read.
    pub(crate) read_all: bool,
    /// How the run failed; its children are being ended.
    pub(crate) failure: Option<workflow::history::Failure>,
    /// Numbers of the children that had ended before the last redrive.
    #[serde(default)]
    pub(crate) kept: crate::map_runs::Ranges,
    /// Those of them that were unsuccessful and have not ended again: how they had ended, and in
    /// `running` how many of them run again.
    #[serde(default)]
    pub(crate) items_before: Counts,
    #[serde(default)]
    pub(crate) executions_before: Counts,
}

/// Numbers of children, or of the items in them, by how they fare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Counts {
    pub(crate) running: u64,
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
    pub(crate) timed_out: u64,
    pub(crate) aborted: u64,
    pub(crate) results_written: u64,
    /// Of the unsuccessful ones, those that no redrive can set going (SFN-SEM-54).
    #[serde(default)]
    pub(crate) not_redrivable: u64,
}

impl Counts {
    /// Those that ended without success.
    pub(crate) fn unsuccessful(&self) -> u64 {
        self.failed + self.timed_out + self.aborted
    }

    /// Those that ended.
    pub(crate) fn ended(&self) -> u64 {
        self.succeeded + self.failed + self.timed_out + self.aborted
    }
}

/// The changing part of an execution.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HeadRecord {
    pub(crate) status: Status,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stop_ms: Option<EpochMs>,
    pub(crate) last_event_id: u64,
    pub(crate) last_event_ms: EpochMs,
    pub(crate) next_frame: FrameId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<Payload>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) deadline_ms: Option<EpochMs>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) redrive_count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redrive_ms: Option<EpochMs>,
    /// Whether a closed execution has kept the frames that a redrive goes on with.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) resumable: bool,
    /// Client tokens of the last redrives, oldest first (SFN-EXEC-70).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) redriven_with: Vec<RedriveToken>,
    #[serde(default, skip_serializing_if = "VecDeque::is_empty")]
    pub(crate) ready: VecDeque<FrameId>,
    /// Bytes of the chunks so far.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) chunk_bytes: u64,
    /// Quotas that were told of.
    #[serde(default, skip_serializing_if = "Told::nothing")]
    pub(crate) told: Told,
}

/// A client token that redrove the execution, and when.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct RedriveToken {
    pub(crate) token: String,
    pub(crate) redrive_ms: EpochMs,
}

/// A name in use.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct NameRecord {
    pub(crate) id: ExecutionId,
    pub(crate) incarnation: u64,
    pub(crate) input_digest: [u8; 32],
    pub(crate) start_ms: EpochMs,
    /// Day it closed, which is the family it went to.
    pub(crate) closed_day: Option<i64>,
}

/// A call under way.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct EffectRecord {
    /// The job that was submitted and is watched; absent while the call is out.
    #[serde(default)]
    pub(crate) job: Option<String>,
}

/// An activity's task.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TaskRecord {
    pub(crate) activity_arn: String,
    pub(crate) input: Payload,
    pub(crate) leased: bool,
    /// Part of its offer's key; absent in rows from before there were such.
    #[serde(default)]
    pub(crate) offered_ms: EpochMs,
}

impl TaskRecord {
    /// The key under which workers find it, as long as none has it.
    pub(crate) fn offer_key(&self, place: Place) -> Bytes {
        offer_key(&self.activity_arn, self.offered_ms, place)
    }
}

/// One line of ListExecutions.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ListRecord {
    pub(crate) name: String,
    pub(crate) status: Status,
    pub(crate) start_ms: EpochMs,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stop_ms: Option<EpochMs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) version: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) alias: Option<String>,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) redrive_count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) redrive_ms: Option<EpochMs>,
    /// Items of a map run's child.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) item_count: Option<u64>,
    /// Which redrive of its run last set a map run's child going.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(crate) run_redrive: u64,
    /// The second part of an Express child's name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) express_run: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum MachineType {
    Standard,
    Express,
}

impl MachineType {
    pub(crate) fn text(self) -> &'static str {
        match self {
            MachineType::Standard => "STANDARD",
            MachineType::Express => "EXPRESS",
        }
    }
}

/// Everything of a machine that an update can change (SFN-VER-8).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Revision {
    /// Absent until the first effective update (SFN-SM-21).
    pub(crate) id: Option<String>,
    pub(crate) definition: [u8; 32],
    pub(crate) role_arn: String,
    /// The configurations as they are answered, AWS's defaults filled in.
    pub(crate) logging: serde_json::Value,
    pub(crate) tracing: serde_json::Value,
    pub(crate) encryption: serde_json::Value,
    pub(crate) update_ms: EpochMs,
    pub(crate) variable_references: BTreeMap<String, Vec<String>>,
}

/// A state machine with its versions and aliases.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct MachineRecord {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) kind: MachineType,
    pub(crate) creation_ms: EpochMs,
    pub(crate) deleting: bool,
    /// Distinguishes lives of one name.
    pub(crate) incarnation: u64,
    /// Rises with every change, so that a cache never goes back.
    pub(crate) generation: u64,
    pub(crate) current: Arc<Revision>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) last_version: u64,
    pub(crate) versions: BTreeMap<u64, VersionRecord>,
    pub(crate) aliases: BTreeMap<String, AliasRecord>,
    /// `publish` and `versionDescription` as created, for the idempotency rule (SFN-SM-4).
    pub(crate) created_with: CreatedWith,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct CreatedWith {
    pub(crate) publish: bool,
    pub(crate) version_description: Option<String>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct VersionRecord {
    pub(crate) creation_ms: EpochMs,
    pub(crate) description: Option<String>,
    pub(crate) revision: Arc<Revision>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct AliasRecord {
    pub(crate) creation_ms: EpochMs,
    pub(crate) update_ms: EpochMs,
    pub(crate) description: Option<String>,
    /// Versions and weights, as given.
    pub(crate) routing: Vec<(u64, u32)>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ActivityRecord {
    pub(crate) arn: String,
    pub(crate) name: String,
    pub(crate) creation_ms: EpochMs,
    pub(crate) encryption: serde_json::Value,
    pub(crate) tags: Vec<Tag>,
}

/// A stored row cannot be read: damaged, or of a format this build does not know.
#[derive(Clone, Debug, thiserror::Error)]
#[error("failed to read a stored row: {reason}")]
pub(crate) struct Unreadable {
    pub(crate) reason: String,
}

impl Unreadable {
    pub(crate) fn new(reason: impl std::fmt::Display) -> Unreadable {
        Unreadable { reason: reason.to_string() }
    }
}

/// What has its default is not stored.
fn is_false(flag: &bool) -> bool {
    !flag
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// A value to its stored form.
pub(crate) fn to_row<T: Serialize>(kind: Row, key: &[u8], value: &T) -> Bytes {
    let body = rmp_serde::to_vec_named(value).expect("records have no unserialisable members");
    bytes_to_row(kind, key, &body)
}

/// A body made elsewhere to its stored form.
pub(crate) fn bytes_to_row(kind: Row, key: &[u8], body: &[u8]) -> Bytes {
    envelope::encode_with(&DICTIONARY, (kind as u8, FORMAT), key, body)
}

/// The stored form back to its body.
pub(crate) fn row_to_bytes(kind: Row, key: &[u8], row: &Bytes) -> Result<Bytes, Unreadable> {
    let decoded = decode(key, row)?;
    if decoded.kind != kind as u8 {
        return Err(Unreadable::new(format!("kind {} where {} belongs", decoded.kind, kind as u8)));
    }
    Ok(decoded.body)
}

fn decode(key: &[u8], row: &Bytes) -> Result<Decoded, Unreadable> {
    let decoded = envelope::decode_with(&DICTIONARY, key, row).map_err(Unreadable::new)?;
    if decoded.format != FORMAT {
        let format = decoded.format;
        return Err(Unreadable::new(format!("format {format} where {FORMAT} belongs")));
    }
    Ok(decoded)
}

/// The stored form back to a value.
pub(crate) fn from_row<T: DeserializeOwned>(
    kind: Row,
    key: &[u8],
    row: &Bytes,
) -> Result<T, Unreadable> {
    rmp_serde::from_slice(&row_to_bytes(kind, key, row)?).map_err(Unreadable::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_sort_as_they_are_read() {
        assert!(timer_key(1, 0, TimerKind::Wait, 5) < timer_key(1, 0, TimerKind::Wait, 6));
        assert!(list_key(1, 20, 1) < list_key(1, 10, 1), "newest first");
        assert!(rows_of(Row::Frame, 7).contains(&frame_key(7, u32::MAX)));
        assert!(!rows_of(Row::Frame, 7).contains(&frame_key(8, 0)));
        let key = timer_key(77, 3, TimerKind::Heartbeat, 123);
        assert_eq!(timer_of_key(&key), Some((123, 77, 3, TimerKind::Heartbeat)));
        assert_eq!(attempt_of_key(&effect_key(9, 1, 2)), Some((9, 1, 2)));
        let place = Place { id: 9, frame: 1, attempt: 2 };
        let key = offer_key("a", 7, place);
        assert_eq!(offer_of_key(&key), Some((7, place)));
        assert!(offers_since("a", 7).contains(&key) && !offers_since("a", 8).contains(&key));
        assert!(!offers_since("b", 0).contains(&key));
        assert_eq!(owner_of_count(&count_key(3, "1", "r")), Some(("1", "r")));
    }

    // Rows from before redrives: nothing was kept, and nothing was redriven.
    #[test]
    fn older_rows_are_read() {
        let head = serde_json::json!({
            "status": "Failed", "stop_ms": 7, "last_event_id": 3, "last_event_ms": 7,
            "next_frame": 1, "output": null, "error": "E", "cause": null, "deadline_ms": null,
            "ready": [],
        });
        let row = to_row(Row::Head, b"key", &head);
        let head: HeadRecord = from_row(Row::Head, b"key", &row).unwrap();
        assert_eq!((head.redrive_count, head.redrive_ms, head.resumable), (0, None, false));
        assert_eq!((head.status, head.redriven_with.len()), (Status::Failed, 0));
        let item = serde_json::json!({
            "name": "e", "status": "Failed", "start_ms": 1, "stop_ms": 7, "version": null,
            "alias": null,
        });
        let row = to_row(Row::ListItem, b"key", &item);
        let item: ListRecord = from_row(Row::ListItem, b"key", &row).unwrap();
        assert_eq!((item.redrive_count, item.redrive_ms), (0, None));
    }

    // Rows that were stored with it are read with it.
    #[test]
    fn the_dictionary_never_changes() {
        let digest = Sha256::digest(include_bytes!("records/dictionary-1.zstd"));
        assert_eq!(
            hex::encode(digest),
            "098e2a7a46f011d31072d7733f3ba0387365e869bc317eaf8585e9d7bfb15b44"
        );
    }

    #[test]
    fn slots_are_ten_bits() {
        assert!(slot_of(u64::MAX) < 1024);
        assert!(slot_of_name(&["a", "b"]) < 1024);
        assert_ne!(name_digest(&["a", "b"]), name_digest(&["ab", ""]));
    }
}
