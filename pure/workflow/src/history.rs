//! The events of a history: what AWS's `GetExecutionHistory` tells (SFN-HIST-1).

mod json;

use std::sync::Arc;

use moment::EpochMs;
use serde::{Deserialize, Serialize};

use crate::payload::Payload;

pub use json::event_to_json;

/// One event, with its place in the chain (SFN-HIST-10).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEvent {
    pub id: u64,
    pub previous_id: u64,
    pub timestamp_ms: EpochMs,
    pub details: Details,
}

/// The kind of a state, in event names such as `TaskStateEntered`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum StateKind {
    Pass,
    Task,
    Choice,
    Wait,
    Succeed,
    Fail,
    Parallel,
    Map,
}

/// Error and cause of a failure, either of which may be absent.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Failure {
    pub error: Option<String>,
    pub cause: Option<String>,
}

/// Longest error and cause, in characters; what is longer is cut off, as AWS does.
pub const ERROR_CHARS_MAX: usize = 256;
pub const CAUSE_CHARS_MAX: usize = 32_768;

impl Failure {
    /// Error and cause within their limits.
    pub fn bounded(error: Option<String>, cause: Option<String>) -> Failure {
        Failure {
            error: error.map(|error| cut(error, ERROR_CHARS_MAX)),
            cause: cause.map(|cause| cut(cause, CAUSE_CHARS_MAX)),
        }
    }
}

fn cut(mut text: String, chars_max: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(chars_max) {
        text.truncate(end);
    }
    text
}

/// `resourceType` and `resource` of a service task (SFN-HIST-34).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TaskResource {
    pub resource_type: Arc<str>,
    pub resource: Arc<str>,
}

/// What happened; each variant is one AWS type with its details.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Details {
    ExecutionStarted {
        input: Payload,
        role_arn: String,
        state_machine_alias_arn: Option<String>,
        state_machine_version_arn: Option<String>,
    },
    ExecutionSucceeded {
        output: Payload,
    },
    ExecutionFailed(Failure),
    ExecutionAborted(Failure),
    ExecutionTimedOut(Failure),
    ExecutionRedriven {
        redrive_count: u64,
    },
    StateEntered {
        kind: StateKind,
        name: Arc<str>,
        input: Payload,
    },
    StateExited {
        kind: StateKind,
        name: Arc<str>,
        output: Payload,
        /// Names and JSON texts of the variables that the state assigned (SFN-HIST-7).
        assigned_variables: Vec<(String, Payload)>,
    },
    /// `TaskStateAborted`, `WaitStateAborted`, `ParallelStateAborted`, `MapStateAborted`.
    StateAborted {
        kind: StateKind,
    },
    ParallelStateStarted,
    ParallelStateSucceeded,
    ParallelStateFailed,
    MapStateStarted {
        length: u64,
    },
    MapStateSucceeded,
    MapStateFailed,
    MapRunStarted {
        map_run_arn: String,
    },
    MapRunRedriven {
        map_run_arn: String,
        redrive_count: u64,
    },
    MapRunSucceeded,
    MapRunFailed(Failure),
    MapRunAborted,
    MapIterationStarted {
        name: Arc<str>,
        index: u64,
    },
    MapIterationSucceeded {
        name: Arc<str>,
        index: u64,
    },
    MapIterationFailed {
        name: Arc<str>,
        index: u64,
    },
    MapIterationAborted {
        name: Arc<str>,
        index: u64,
    },
    LambdaFunctionScheduled {
        resource: String,
        input: Payload,
        timeout_seconds: Option<u64>,
        role_arn: Option<String>,
    },
    LambdaFunctionStarted,
    LambdaFunctionSucceeded {
        output: Payload,
    },
    LambdaFunctionFailed(Failure),
    LambdaFunctionTimedOut(Failure),
    TaskScheduled {
        resource: TaskResource,
        region: String,
        parameters: Payload,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
        role_arn: Option<String>,
    },
    TaskStarted {
        resource: TaskResource,
    },
    TaskSubmitted {
        resource: TaskResource,
        output: Payload,
    },
    TaskSucceeded {
        resource: TaskResource,
        output: Payload,
    },
    TaskFailed {
        resource: TaskResource,
        failure: Failure,
    },
    TaskTimedOut {
        resource: TaskResource,
        failure: Failure,
    },
    ActivityScheduled {
        resource: String,
        input: Payload,
        timeout_seconds: Option<u64>,
        heartbeat_seconds: Option<u64>,
    },
    ActivityStarted {
        worker_name: Option<String>,
    },
    ActivitySucceeded {
        output: Payload,
    },
    ActivityFailed(Failure),
    ActivityTimedOut(Failure),
    EvaluationFailed {
        error: String,
        cause: String,
        location: Option<String>,
        state: Arc<str>,
    },
}
