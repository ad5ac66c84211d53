//! What is kept of a running execution: a head and its frames. Frames are the state; history is
//! never read to rebuild them. Names and paths, never indexes, refer to states.

use std::collections::BTreeMap;
use std::sync::Arc;

use moment::EpochMs;
use serde::{Deserialize, Serialize};

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
    pub state_machine_version_arn: Option<String>,
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

/// One sequential thread: the top level, a Parallel branch or a Map iteration, and the state it is in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    pub id: FrameId,
    pub parent: Option<FrameId>,
}

impl Execution {
    /// An execution that has not begun; feed it [`crate::event::Event::Start`].
    pub fn new(about: About) -> Execution {
        let last_event_ms = about.start_ms;
        Execution {
            head: Head {
                about: Arc::new(about),
                status: Status::Running,
                stop_ms: None,
                last_event_id: 0,
                last_event_ms,
                next_frame: 0,
                output: None,
                error: None,
                cause: None,
            },
            frames: BTreeMap::new(),
        }
    }
}
