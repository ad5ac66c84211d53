//! What enters the interpreter.

use crate::effect::TimerKind;
use crate::execution::FrameId;
use crate::payload::Payload;

/// One thing that happened. Task events name the attempt they belong to; late ones are ignored.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The execution begins.
    Start,
    /// Go on after [`crate::Transition::more`].
    Continue,
    /// A timer that was set has come due.
    Timer { frame: FrameId, kind: TimerKind },
    /// A worker took an activity's task (SFN-HIST-33).
    ActivityStarted { frame: FrameId, attempt: u32, worker_name: Option<String> },
    /// The call of a `.sync` or `.waitForTaskToken` task was answered (SFN-HIST-32).
    TaskSubmitted { frame: FrameId, attempt: u32, output: Payload },
    /// The task is done: answer of a call, final result of a job, or SendTaskSuccess.
    TaskSucceeded { frame: FrameId, attempt: u32, output: Payload },
    /// The task failed: its call or its job, or an activity; either text may be missing.
    TaskFailed { frame: FrameId, attempt: u32, error: Option<String>, cause: Option<String> },
    /// SendTaskFailure. Unlike the failure of the call itself it is held until the call of a
    /// `.sync` or `.waitForTaskToken` task was answered (SFN-INT-148).
    CallbackFailed { frame: FrameId, attempt: u32, error: Option<String>, cause: Option<String> },
    /// SendTaskHeartbeat: restarts the heartbeat clock, writes no history (SFN-INT-147).
    Heartbeat { frame: FrameId, attempt: u32 },
    /// The server died during a call: whether it took effect is unknown (SFN-SEM-104). Tasks that
    /// were submitted keep waiting.
    OutcomeLost { frame: FrameId, attempt: u32 },
    /// RedriveExecution: the only event that a closed execution takes (SFN-SEM-40).
    Redrive,
    /// Every item of a map run is done, as far as its tolerance asks (SFN-HIST-80). Without an
    /// output its results are too long (SFN-DMAP-14).
    MapRunSucceeded { frame: FrameId, attempt: u32, output: Option<Payload> },
    /// A map run failed: its reader, its writer, or more items than it tolerates (SFN-HIST-81).
    MapRunFailed { frame: FrameId, attempt: u32, error: Option<String>, cause: Option<String> },
    /// StopExecution.
    Stop { error: Option<String>, cause: Option<String> },
    /// The machine was deleted: the execution fails at this, its next transition (SFN-SEM-74).
    MachineDeleted,
}
