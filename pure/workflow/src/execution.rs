//! What is kept of an execution: a head and its frames. Frames are the state; history is never
//! read to rebuild them. Names and paths, never indexes, refer to states. An execution that closed
//! without success keeps the frames that a redrive goes on with.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use moment::EpochMs;
use serde::{Deserialize, Serialize};

use crate::effect::TimerKind;
use crate::history::Failure;
use crate::payload::Payload;

/// Number of a frame within its execution; 0 is the top level. Never reused.
pub type FrameId = u32;

/// A running (or just closed) execution.
#[derive(Clone, Debug, PartialEq)]
pub struct Execution {
    pub head: Head,
    pub frames: BTreeMap<FrameId, Frame>,
}

/// The part of an execution that every transition touches.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Head {
    pub about: Arc<About>,
    pub status: Status,
    pub stop_ms: Option<EpochMs>,
    /// Id of the last history event; 0 before the first.
    pub last_event_id: u64,
    /// Time of the last history event; times never fall (SFN-SEM-95).
    pub last_event_ms: EpochMs,
    pub next_frame: FrameId,
    pub output: Option<Payload>,
    pub error: Option<String>,
    pub cause: Option<String>,
    /// When the machine's `TimeoutSeconds`, or a year, is over; set at the start.
    #[serde(default)]
    pub deadline_ms: Option<EpochMs>,
    /// Redrives so far, and when the last was (SFN-SEM-45).
    #[serde(default)]
    pub redrive_count: u64,
    #[serde(default)]
    pub redrive_ms: Option<EpochMs>,
    /// Frames that can go on at once; empty unless [`crate::Transition::more`] was said.
    #[serde(default)]
    pub ready: VecDeque<FrameId>,
}

/// What never changes in an execution; also the source of the context object (SFN-CTX-1).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct About {
    pub execution_arn: String,
    pub name: String,
    pub state_machine_arn: String,
    pub state_machine_name: String,
    pub role_arn: String,
    pub start_ms: EpochMs,
    pub input: Payload,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_machine_version_arn: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_machine_alias_arn: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Status {
    Running,
    Succeeded,
    Failed,
    TimedOut,
    Aborted,
}

impl Status {
    /// As AWS spells it.
    pub fn text(self) -> &'static str {
        match self {
            Status::Running => "RUNNING",
            Status::Succeeded => "SUCCEEDED",
            Status::Failed => "FAILED",
            Status::TimedOut => "TIMED_OUT",
            Status::Aborted => "ABORTED",
        }
    }
}

/// One sequential thread, the top level, a Parallel branch or a Map iteration, and the state that
/// it is in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    pub id: FrameId,
    pub parent: Option<FrameId>,
    /// Number of the branch or the item among its siblings; 0 at the top.
    #[serde(default)]
    pub place: u64,
    /// What a Map iteration works on (SFN-CTX-4).
    #[serde(default)]
    pub item: Option<MapItem>,
    /// The first cursor of the chain of history events (SFN-HIST-10).
    #[serde(default)]
    pub last: u64,
    /// The second cursor.
    #[serde(default)]
    pub tail: u64,
    /// Task attempts made so far, over all states.
    #[serde(default)]
    pub attempts: u32,
    /// Variables of this scope; outer ones are in the parents (SFN-VAR-4).
    #[serde(default)]
    pub variables: BTreeMap<String, Payload>,
    pub visit: Visit,
}

/// A frame's stay in one state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Visit {
    pub state: Arc<str>,
    /// The raw state input.
    pub input: Payload,
    /// Id of the `…StateEntered` event; 0 before.
    #[serde(default)]
    pub entered_id: u64,
    #[serde(default)]
    pub entered_ms: EpochMs,
    /// Retries so far, one count for each retrier (SFN-RETRY-2).
    #[serde(default)]
    pub retries: Vec<u64>,
    /// The last map run of a distributed Map: what a redrive goes on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub map_run: Option<Box<BegunRun>>,
    pub doing: Doing,
}

/// A map run that a state has begun.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BegunRun {
    pub attempt: u32,
    pub map_run_arn: String,
    /// Id of its `MapRunStarted` event.
    pub started_id: u64,
    #[serde(default)]
    pub redrives: u64,
    /// Set when it succeeded: what failed then came after it.
    #[serde(default)]
    pub succeeded: bool,
    /// What it gave; absent when that is too long.
    #[serde(default)]
    pub output: Option<Payload>,
}

/// What a frame is doing in its state: the reason for which it will wake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Doing {
    /// About to enter.
    Enter,
    /// About to do the work of the state again, after a redrive; also what a closed execution's
    /// frame rests in.
    Resume,
    /// In the middle of a transition; never stored.
    Deciding,
    /// A Wait state.
    Wait { due_ms: EpochMs },
    /// The delay before the next attempt.
    Retry { due_ms: EpochMs },
    /// A task's attempt is open.
    Task(Box<OpenTask>),
    /// Branches or iterations are running.
    Children(Box<Children>),
    /// A map run goes on.
    MapRun { attempt: u32 },
}

/// A task's attempt that is not over.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenTask {
    pub attempt: u32,
    pub kind: TaskKind,
    /// Whether SendTask* may end it.
    pub token: bool,
    /// Whether its Started event is written: an activity's when a worker took it.
    #[serde(default)]
    pub started: bool,
    /// Whether its TaskSubmitted event is written.
    #[serde(default)]
    pub submitted: bool,
    /// A callback that came before the call was answered (SFN-INT-148). The token is settled.
    #[serde(default)]
    pub held: Option<Outcome>,
    #[serde(default)]
    pub timeout_seconds: Option<u64>,
    #[serde(default)]
    pub heartbeat_seconds: Option<u64>,
    #[serde(default)]
    pub timeout_due_ms: Option<EpochMs>,
    #[serde(default)]
    pub heartbeat_due_ms: Option<EpochMs>,
    /// What to call, until the call is out.
    #[serde(default)]
    pub prepared: Option<Prepared>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TaskKind {
    Activity {
        arn: String,
    },
    /// A Lambda function or a service; `resource` as the definition names it.
    Call {
        resource: String,
    },
}

/// The inputs of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prepared {
    pub parameters: Payload,
    #[serde(default)]
    pub role_arn: Option<String>,
}

/// How a task ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Outcome {
    Succeeded(Payload),
    Failed(Failure),
}

/// The item of a Map iteration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MapItem {
    pub index: u64,
    pub value: Payload,
    /// The member's name when the items are an object.
    #[serde(default)]
    pub key: Option<String>,
}

/// Branches or iterations of a state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Children {
    /// Running ones: place to frame.
    #[serde(default)]
    pub open: BTreeMap<u64, FrameId>,
    /// Outputs of those that are done, by place.
    #[serde(default)]
    pub done: BTreeMap<u64, Payload>,
    /// How many there are in all.
    pub length: u64,
    /// The next place to start.
    #[serde(default)]
    pub next: u64,
    /// How many may be open at once.
    pub concurrency: u64,
    /// Of a Map: an array or an object.
    #[serde(default)]
    pub items: Option<Payload>,
    /// The highest id among the last events of those that are done.
    #[serde(default)]
    pub joined: u64,
    /// Id of the event that tells of the group's start.
    #[serde(default)]
    pub started_id: u64,
}

/// A reason for which a running execution will wake.
#[derive(Clone, Debug, PartialEq)]
pub enum Waiting {
    /// [`crate::event::Event::Continue`] is due.
    Ready { frame: FrameId },
    /// A timer is set.
    Timer { frame: FrameId, kind: TimerKind, due_ms: EpochMs },
    /// A task's attempt is open.
    Task { frame: FrameId, task: OpenTask },
    /// A map run goes on.
    MapRun { frame: FrameId, attempt: u32 },
}

impl Execution {
    /// An execution that has not begun; feed it [`crate::event::Event::Start`].
    pub fn new(about: impl Into<Arc<About>>) -> Execution {
        let about = about.into();
        let last_event_ms = about.start_ms;
        Execution {
            head: Head {
                about,
                status: Status::Running,
                stop_ms: None,
                last_event_id: 0,
                last_event_ms,
                next_frame: 0,
                output: None,
                error: None,
                cause: None,
                deadline_ms: None,
                redrive_count: 0,
                redrive_ms: None,
                ready: VecDeque::new(),
            },
            frames: BTreeMap::new(),
        }
    }

    /// Every reason for which a running execution will wake; none when it is closed or not begun.
    pub fn waiting(&self) -> Vec<Waiting> {
        let head = &self.head;
        let mut reasons = Vec::new();
        if head.status != Status::Running || self.frames.is_empty() {
            return reasons;
        }
        reasons.extend(head.ready.iter().map(|&frame| Waiting::Ready { frame }));
        if let Some(due_ms) = head.deadline_ms {
            reasons.push(Waiting::Timer { frame: 0, kind: TimerKind::Execution, due_ms });
        }
        for frame in self.frames.values() {
            let id = frame.id;
            let timers = frame.timers().into_iter();
            reasons.extend(timers.map(|(kind, due_ms)| Waiting::Timer { frame: id, kind, due_ms }));
            match &frame.visit.doing {
                Doing::Task(task) => {
                    reasons.push(Waiting::Task { frame: id, task: (**task).clone() });
                }
                Doing::MapRun { attempt } => {
                    reasons.push(Waiting::MapRun { frame: id, attempt: *attempt });
                }
                _ => {}
            }
        }
        reasons
    }

    /// The attempt, if it is still open. One whose callback is held is open, but its token is
    /// settled.
    pub fn task_open(&self, frame: FrameId, attempt: u32) -> Option<OpenTask> {
        match &self.frames.get(&frame)?.visit.doing {
            Doing::Task(task) if task.attempt == attempt => Some((**task).clone()),
            _ => None,
        }
    }
}

impl Frame {
    /// The timers that are set for this frame, with their due times; not the execution's.
    pub fn timers(&self) -> Vec<(TimerKind, EpochMs)> {
        match &self.visit.doing {
            Doing::Wait { due_ms } => vec![(TimerKind::Wait, *due_ms)],
            Doing::Retry { due_ms } => vec![(TimerKind::Retry, *due_ms)],
            Doing::Task(task) => {
                let timeout = task.timeout_due_ms.map(|due| (TimerKind::Timeout, due));
                let heartbeat = task.heartbeat_due_ms.map(|due| (TimerKind::Heartbeat, due));
                timeout.into_iter().chain(heartbeat).collect()
            }
            Doing::Enter
            | Doing::Resume
            | Doing::Deciding
            | Doing::Children(_)
            | Doing::MapRun { .. } => Vec::new(),
        }
    }
}

impl Children {
    /// Whether every one has given its output.
    pub(crate) fn all_done(&self) -> bool {
        self.done.len() as u64 >= self.length
    }

    /// Their outputs in order.
    pub(crate) fn result(&self) -> Payload {
        let outputs: Vec<Payload> = self.done.values().cloned().collect();
        Payload::array(&outputs)
    }
}

impl Visit {
    /// A stay that begins next.
    pub(crate) fn new(state: Arc<str>, input: Payload) -> Visit {
        Visit {
            state,
            input,
            entered_id: 0,
            entered_ms: 0,
            retries: Vec::new(),
            map_run: None,
            doing: Doing::Enter,
        }
    }
}

impl OpenTask {
    /// Whether a callback was accepted: its token answers no more.
    pub fn settled(&self) -> bool {
        self.held.is_some()
    }
}
