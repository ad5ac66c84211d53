//! History events in the shape of AWS's `GetExecutionHistory` (SFN-HIST-1…8).

use serde_json::{Map, Value, json};

use super::{Details, Failure, HistoryEvent, StateKind, TaskResource};
use crate::payload::Payload;

/// One event as the API tells it. Without execution data inputs and outputs are left out, all else
/// stays (SFN-HIST-4).
pub fn event_to_json(event: &HistoryEvent, include_execution_data: bool) -> Value {
    let mut members = Map::new();
    // Milliseconds since the epoch stay far below 2^53.
    members.insert("timestamp".into(), json!(event.timestamp_ms as f64 / 1000.0));
    members.insert("type".into(), event.type_name().into());
    members.insert("id".into(), event.id.into());
    members.insert("previousEventId".into(), event.previous_id.into());
    if let Some(name) = details_name(&event.details) {
        let mut details = Fields { members: Map::new(), data: include_execution_data };
        details.fill(&event.details);
        members.insert(name.into(), Value::Object(details.members));
    }
    Value::Object(members)
}

impl HistoryEvent {
    /// The type as AWS names it.
    pub fn type_name(&self) -> &'static str {
        type_name(&self.details)
    }
}

fn type_name(details: &Details) -> &'static str {
    match details {
        Details::ExecutionStarted { .. } => "ExecutionStarted",
        Details::ExecutionSucceeded { .. } => "ExecutionSucceeded",
        Details::ExecutionFailed(_) => "ExecutionFailed",
        Details::ExecutionAborted(_) => "ExecutionAborted",
        Details::ExecutionTimedOut(_) => "ExecutionTimedOut",
        Details::ExecutionRedriven { .. } => "ExecutionRedriven",
        Details::StateEntered { kind, .. } => entered(*kind),
        Details::StateExited { kind, .. } => exited(*kind),
        Details::StateAborted { kind } => aborted(*kind),
        Details::ParallelStateStarted => "ParallelStateStarted",
        Details::ParallelStateSucceeded => "ParallelStateSucceeded",
        Details::ParallelStateFailed => "ParallelStateFailed",
        Details::MapStateStarted { .. } => "MapStateStarted",
        Details::MapStateSucceeded => "MapStateSucceeded",
        Details::MapStateFailed => "MapStateFailed",
        Details::MapRunStarted { .. } => "MapRunStarted",
        Details::MapRunRedriven { .. } => "MapRunRedriven",
        Details::MapRunSucceeded => "MapRunSucceeded",
        Details::MapRunFailed(_) => "MapRunFailed",
        Details::MapRunAborted => "MapRunAborted",
        Details::MapIterationStarted { .. } => "MapIterationStarted",
        Details::MapIterationSucceeded { .. } => "MapIterationSucceeded",
        Details::MapIterationFailed { .. } => "MapIterationFailed",
        Details::MapIterationAborted { .. } => "MapIterationAborted",
        Details::LambdaFunctionScheduled { .. } => "LambdaFunctionScheduled",
        Details::LambdaFunctionStarted => "LambdaFunctionStarted",
        Details::LambdaFunctionSucceeded { .. } => "LambdaFunctionSucceeded",
        Details::LambdaFunctionFailed(_) => "LambdaFunctionFailed",
        Details::LambdaFunctionTimedOut(_) => "LambdaFunctionTimedOut",
        Details::TaskScheduled { .. } => "TaskScheduled",
        Details::TaskStarted { .. } => "TaskStarted",
        Details::TaskSubmitted { .. } => "TaskSubmitted",
        Details::TaskSucceeded { .. } => "TaskSucceeded",
        Details::TaskFailed { .. } => "TaskFailed",
        Details::TaskTimedOut { .. } => "TaskTimedOut",
        Details::ActivityScheduled { .. } => "ActivityScheduled",
        Details::ActivityStarted { .. } => "ActivityStarted",
        Details::ActivitySucceeded { .. } => "ActivitySucceeded",
        Details::ActivityFailed(_) => "ActivityFailed",
        Details::ActivityTimedOut(_) => "ActivityTimedOut",
        Details::EvaluationFailed { .. } => "EvaluationFailed",
    }
}

fn entered(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Pass => "PassStateEntered",
        StateKind::Task => "TaskStateEntered",
        StateKind::Choice => "ChoiceStateEntered",
        StateKind::Wait => "WaitStateEntered",
        StateKind::Succeed => "SucceedStateEntered",
        StateKind::Fail => "FailStateEntered",
        StateKind::Parallel => "ParallelStateEntered",
        StateKind::Map => "MapStateEntered",
    }
}

fn exited(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Pass => "PassStateExited",
        StateKind::Task => "TaskStateExited",
        StateKind::Choice => "ChoiceStateExited",
        StateKind::Wait => "WaitStateExited",
        StateKind::Succeed => "SucceedStateExited",
        StateKind::Fail => "FailStateExited",
        StateKind::Parallel => "ParallelStateExited",
        StateKind::Map => "MapStateExited",
    }
}

fn aborted(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Pass => "PassStateAborted",
        StateKind::Task => "TaskStateAborted",
        StateKind::Choice => "ChoiceStateAborted",
        StateKind::Wait => "WaitStateAborted",
        StateKind::Succeed => "SucceedStateAborted",
        StateKind::Fail => "FailStateAborted",
        StateKind::Parallel => "ParallelStateAborted",
        StateKind::Map => "MapStateAborted",
    }
}

/// The name of the details member; types without details have none.
fn details_name(details: &Details) -> Option<&'static str> {
    Some(match details {
        Details::StateAborted { .. }
        | Details::ParallelStateStarted
        | Details::ParallelStateSucceeded
        | Details::ParallelStateFailed
        | Details::MapStateSucceeded
        | Details::MapStateFailed
        | Details::MapRunSucceeded
        | Details::MapRunAborted
        | Details::LambdaFunctionStarted => return None,
        Details::ExecutionStarted { .. } => "executionStartedEventDetails",
        Details::ExecutionSucceeded { .. } => "executionSucceededEventDetails",
        Details::ExecutionFailed(_) => "executionFailedEventDetails",
        Details::ExecutionAborted(_) => "executionAbortedEventDetails",
        Details::ExecutionTimedOut(_) => "executionTimedOutEventDetails",
        Details::ExecutionRedriven { .. } => "executionRedrivenEventDetails",
        Details::StateEntered { .. } => "stateEnteredEventDetails",
        Details::StateExited { .. } => "stateExitedEventDetails",
        Details::MapStateStarted { .. } => "mapStateStartedEventDetails",
        Details::MapRunStarted { .. } => "mapRunStartedEventDetails",
        Details::MapRunRedriven { .. } => "mapRunRedrivenEventDetails",
        Details::MapRunFailed(_) => "mapRunFailedEventDetails",
        Details::MapIterationStarted { .. } => "mapIterationStartedEventDetails",
        Details::MapIterationSucceeded { .. } => "mapIterationSucceededEventDetails",
        Details::MapIterationFailed { .. } => "mapIterationFailedEventDetails",
        Details::MapIterationAborted { .. } => "mapIterationAbortedEventDetails",
        Details::LambdaFunctionScheduled { .. } => "lambdaFunctionScheduledEventDetails",
        Details::LambdaFunctionSucceeded { .. } => "lambdaFunctionSucceededEventDetails",
        Details::LambdaFunctionFailed(_) => "lambdaFunctionFailedEventDetails",
        Details::LambdaFunctionTimedOut(_) => "lambdaFunctionTimedOutEventDetails",
        Details::TaskScheduled { .. } => "taskScheduledEventDetails",
        Details::TaskStarted { .. } => "taskStartedEventDetails",
        Details::TaskSubmitted { .. } => "taskSubmittedEventDetails",
        Details::TaskSucceeded { .. } => "taskSucceededEventDetails",
        Details::TaskFailed { .. } => "taskFailedEventDetails",
        Details::TaskTimedOut { .. } => "taskTimedOutEventDetails",
        Details::ActivityScheduled { .. } => "activityScheduledEventDetails",
        Details::ActivityStarted { .. } => "activityStartedEventDetails",
        Details::ActivitySucceeded { .. } => "activitySucceededEventDetails",
        Details::ActivityFailed(_) => "activityFailedEventDetails",
        Details::ActivityTimedOut(_) => "activityTimedOutEventDetails",
        Details::EvaluationFailed { .. } => "evaluationFailedEventDetails",
    })
}

/// The members of a details object while it is filled.
struct Fields {
    members: Map<String, Value>,
    /// Whether inputs and outputs are told.
    data: bool,
}

impl Fields {
    fn fill(&mut self, details: &Details) {
        match details {
            Details::ExecutionStarted {
                input,
                role_arn,
                state_machine_alias_arn,
                state_machine_version_arn,
            } => {
                self.input(input);
                self.text("roleArn", role_arn);
                self.maybe("stateMachineAliasArn", state_machine_alias_arn.as_deref());
                self.maybe("stateMachineVersionArn", state_machine_version_arn.as_deref());
            }
            Details::StateEntered { name, input, .. } => {
                self.text("name", name);
                self.input(input);
            }
            Details::StateExited { name, output, assigned_variables, .. } => {
                self.text("name", name);
                self.output(output);
                self.assigned(assigned_variables);
            }
            Details::EvaluationFailed { error, cause, location, state } => {
                self.text("error", error);
                self.text("cause", cause);
                self.maybe("location", location.as_deref());
                self.text("state", state);
            }
            Details::ExecutionSucceeded { output }
            | Details::LambdaFunctionSucceeded { output }
            | Details::ActivitySucceeded { output } => self.output(output),
            Details::ExecutionFailed(failure)
            | Details::ExecutionAborted(failure)
            | Details::ExecutionTimedOut(failure)
            | Details::LambdaFunctionFailed(failure)
            | Details::LambdaFunctionTimedOut(failure)
            | Details::ActivityFailed(failure)
            | Details::ActivityTimedOut(failure)
            | Details::MapRunFailed(failure) => self.failure(failure),
            Details::ExecutionRedriven { redrive_count } => {
                self.number("redriveCount", *redrive_count);
            }
            Details::MapRunStarted { map_run_arn } => self.text("mapRunArn", map_run_arn),
            Details::MapRunRedriven { map_run_arn, redrive_count } => {
                self.text("mapRunArn", map_run_arn);
                self.number("redriveCount", *redrive_count);
            }
            Details::MapStateStarted { length } => self.number("length", *length),
            Details::MapIterationStarted { name, index }
            | Details::MapIterationSucceeded { name, index }
            | Details::MapIterationFailed { name, index }
            | Details::MapIterationAborted { name, index } => {
                self.text("name", name);
                self.number("index", *index);
            }
            _ => self.fill_task(details),
        }
    }

    fn fill_task(&mut self, details: &Details) {
        match details {
            Details::LambdaFunctionScheduled { resource, input, timeout_seconds, role_arn } => {
                self.text("resource", resource);
                self.input(input);
                self.seconds(*timeout_seconds, None);
                self.credentials(role_arn.as_deref());
            }
            Details::TaskScheduled {
                resource,
                region,
                parameters,
                timeout_seconds,
                heartbeat_seconds,
                role_arn,
            } => {
                self.resource(resource);
                self.text("region", region);
                self.text("parameters", parameters.text());
                self.seconds(*timeout_seconds, *heartbeat_seconds);
                self.credentials(role_arn.as_deref());
            }
            Details::TaskStarted { resource } => self.resource(resource),
            Details::TaskSubmitted { resource, output }
            | Details::TaskSucceeded { resource, output } => {
                self.resource(resource);
                self.output(output);
            }
            Details::TaskFailed { resource, failure }
            | Details::TaskTimedOut { resource, failure } => {
                self.resource(resource);
                self.failure(failure);
            }
            Details::ActivityScheduled { resource, input, timeout_seconds, heartbeat_seconds } => {
                self.text("resource", resource);
                self.input(input);
                self.seconds(*timeout_seconds, *heartbeat_seconds);
            }
            Details::ActivityStarted { worker_name } => {
                self.maybe("workerName", worker_name.as_deref());
            }
            _ => {}
        }
    }

    fn text(&mut self, name: &str, text: &str) {
        self.members.insert(name.into(), text.into());
    }

    fn maybe(&mut self, name: &str, text: Option<&str>) {
        if let Some(text) = text {
            self.text(name, text);
        }
    }

    fn number(&mut self, name: &str, number: u64) {
        self.members.insert(name.into(), number.into());
    }

    fn input(&mut self, payload: &Payload) {
        self.payload("input", "inputDetails", payload);
    }

    fn output(&mut self, payload: &Payload) {
        self.payload("output", "outputDetails", payload);
    }

    fn payload(&mut self, name: &str, details: &str, payload: &Payload) {
        if self.data {
            self.text(name, payload.text());
            self.members.insert(details.into(), json!({"truncated": false}));
        }
    }

    fn assigned(&mut self, variables: &[(String, Payload)]) {
        if variables.is_empty() {
            return;
        }
        let texts = variables.iter();
        let texts = texts.map(|(name, value)| (name.clone(), Value::from(&**value.text())));
        self.members.insert("assignedVariables".into(), Value::Object(texts.collect()));
        self.members.insert("assignedVariablesDetails".into(), json!({"truncated": false}));
    }

    fn failure(&mut self, failure: &Failure) {
        self.maybe("error", failure.error.as_deref());
        self.maybe("cause", failure.cause.as_deref());
    }

    fn resource(&mut self, resource: &TaskResource) {
        self.text("resourceType", &resource.resource_type);
        self.text("resource", &resource.resource);
    }

    fn seconds(&mut self, timeout: Option<u64>, heartbeat: Option<u64>) {
        if let Some(seconds) = timeout {
            self.number("timeoutInSeconds", seconds);
        }
        if let Some(seconds) = heartbeat {
            self.number("heartbeatInSeconds", seconds);
        }
    }

    fn credentials(&mut self, role_arn: Option<&str>) {
        if let Some(role_arn) = role_arn {
            self.members.insert("taskCredentials".into(), json!({"roleArn": role_arn}));
        }
    }
}
