//! What leaves the interpreter: performed only after the transition is durable.

use asl::model::Resource;
use moment::EpochMs;
use serde::{Deserialize, Serialize};

use crate::execution::FrameId;
use crate::map_run::MapRun;
use crate::payload::Payload;

/// One thing for the server to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Perform a task's call and feed the answer back.
    Call(Call),
    /// Offer a task to the pollers of an activity.
    Offer { frame: FrameId, attempt: u32, activity_arn: String, input: Payload },
    /// Begin a map run and feed its end back.
    MapRun(Box<MapRun>),
    /// Go on with a map run that is over, or being aborted, and feed its end back (SFN-SEM-50).
    RedriveMapRun { frame: FrameId, attempt: u32, redrive_count: u64 },
    /// An attempt is over, whatever comes: its token is closed, its call's
    /// answer unwanted, its map run, if it still goes on, aborted.
    Close { frame: FrameId, attempt: u32 },
    /// Wake the frame at `due_ms` with [`crate::event::Event::Timer`]; replaces a timer of that
    /// kind. A timer that fired is cleared like any other.
    SetTimer { frame: FrameId, kind: TimerKind, due_ms: EpochMs },
    /// Forget that timer.
    ClearTimer { frame: FrameId, kind: TimerKind },
    /// The execution closed; status, output and error are in the head.
    Finished,
}

/// A task's call.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    pub frame: FrameId,
    /// 1 for the first, one more each retry; unique in the frame over all its states.
    pub attempt: u32,
    pub resource: Resource,
    /// The resolved Parameters or Arguments; for a Lambda ARN the input itself.
    pub parameters: Payload,
    /// Of `.waitForTaskToken` and `.sync` tasks.
    pub token: Option<String>,
    pub role_arn: Option<String>,
    pub timeout_ms: Option<u64>,
}

/// What a frame can wait for; at most one timer of each kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum TimerKind {
    /// The machine's `TimeoutSeconds`, or a year; belongs to frame 0.
    Execution,
    /// A Wait state.
    Wait,
    /// The delay before a retry.
    Retry,
    /// A task's `TimeoutSeconds`.
    Timeout,
    /// A task's `HeartbeatSeconds`.
    Heartbeat,
}
