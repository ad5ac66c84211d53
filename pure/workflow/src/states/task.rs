//! Task: what is scheduled and started. What comes back is in [`crate::tasks`].

use std::sync::Arc;

use asl::model::{NumberField, Pattern, Resource, Task};

use crate::chain::Link;
use crate::dataflow::{self, Eyes};
use crate::effect::{Call, Effect};
use crate::errors::Raised;
use crate::execution::{Doing, FrameId, OpenTask, Prepared, TaskKind};
use crate::history::{Details, Failure, TaskResource};
use crate::payload::Payload;
use crate::run::{Course, Run};

/// What a task is scheduled with.
struct Plan {
    input: Payload,
    timeout_seconds: Option<u64>,
    heartbeat_seconds: Option<u64>,
    role_arn: Option<String>,
}

pub(crate) fn begin(run: &mut Run<'_>, id: FrameId, task: &Task) -> Course {
    // Retries that never come to a call use up numbers too: an attempt's token is never another's.
    let frame = run.frame_mut(id);
    frame.attempts += 1;
    let attempt = frame.attempts;
    let plan = match plan(run, id, task, attempt) {
        Ok(plan) => plan,
        Err(raised) => return run.raise(id, raised),
    };
    run.emit(id, Link::Normal, scheduled(run, &task.resource, &plan))?;
    match &task.resource {
        Resource::Activity { arn } => {
            run.outbox.push(Effect::Offer {
                frame: id,
                attempt,
                activity_arn: arn.clone(),
                input: plan.input.clone(),
            });
        }
        // Its start is written when every frame has come to its own (SFN-HIST-140).
        Resource::Lambda { .. } | Resource::Service { .. } => run.queue.push_back(id),
    }
    run.frame_mut(id).visit.doing = Doing::Task(Box::new(open(task, attempt, plan)));
    Ok(())
}

fn open(task: &Task, attempt: u32, plan: Plan) -> OpenTask {
    let (kind, prepared) = match &task.resource {
        Resource::Activity { arn } => (TaskKind::Activity { arn: arn.clone() }, None),
        Resource::Lambda { arn } | Resource::Service { arn, .. } => {
            let prepared = Prepared { parameters: plan.input, role_arn: plan.role_arn };
            (TaskKind::Call { resource: arn.clone() }, Some(prepared))
        }
    };
    OpenTask {
        attempt,
        kind,
        token: has_token(&task.resource),
        started: false,
        submitted: false,
        held: None,
        timeout_seconds: plan.timeout_seconds,
        heartbeat_seconds: plan.heartbeat_seconds,
        timeout_due_ms: None,
        heartbeat_due_ms: None,
        prepared,
    }
}

/// Sends a scheduled call on its way.
pub(crate) fn start(run: &mut Run<'_>, id: FrameId) -> Course {
    let Some(task) = run.task(id) else { return Ok(()) };
    run.emit_task(id, TaskEvent::Started)?;
    run.start_clocks(id);
    let Some(open) = run.open_task_mut(id) else { return Ok(()) };
    let Some(prepared) = open.prepared.take() else { return Ok(()) };
    let (attempt, token, timeout_seconds) = (open.attempt, open.token, open.timeout_seconds);
    let token = token.then(|| run.environment.surroundings.task_token(id, attempt));
    run.outbox.push(Effect::Call(Call {
        frame: id,
        attempt,
        resource: task.resource.clone(),
        parameters: prepared.parameters,
        token,
        role_arn: prepared.role_arn,
        timeout_ms: timeout_seconds.map(|seconds| seconds.saturating_mul(1000)),
    }));
    Ok(())
}

fn plan(run: &Run<'_>, id: FrameId, task: &Task, attempt: u32) -> Result<Plan, Raised> {
    let surroundings = run.environment.surroundings;
    let mut eyes = Eyes::new(run, id);
    if has_token(&task.resource) {
        eyes.token = Some(surroundings.task_token(id, attempt));
    }
    let input = dataflow::arguments(&eyes, run.state(id))?;
    run.fits(&input, &run.state(id).name)?;
    let seconds = |field: &Option<NumberField>, name: &str| {
        field.as_ref().map(|field| eyes.seconds(field, name)).transpose()
    };
    let timeout_seconds = seconds(&task.timeout_seconds, "TimeoutSeconds")?;
    let heartbeat_seconds = seconds(&task.heartbeat_seconds, "HeartbeatSeconds")?;
    let role_arn = task
        .role_arn
        .as_ref()
        .map(|field| eyes.text(field, "Credentials/RoleArn", "RoleArn.$"))
        .transpose()?;
    if let Resource::Activity { arn } = &task.resource
        && !surroundings.activity_exists(arn)
    {
        // SFN-HIST-42
        return Err(Raised::Runtime(format!("The activity {arn} does not exist.")));
    }
    Ok(Plan { input, timeout_seconds, heartbeat_seconds, role_arn })
}

/// Activities, `.sync` and `.waitForTaskToken` have a token (SFN-CTX-1, SFN-INT-14).
fn has_token(resource: &Resource) -> bool {
    match resource {
        Resource::Lambda { .. } => false,
        Resource::Activity { .. } => true,
        Resource::Service { pattern, .. } => *pattern != Pattern::RequestResponse,
    }
}

/// Whose result is too long, as the cause names it (SFN-ERRN-3).
pub(crate) fn size_subject(task: &Task) -> &str {
    match &task.resource {
        Resource::Lambda { arn } | Resource::Activity { arn } | Resource::Service { arn, .. } => {
            arn
        }
    }
}

fn scheduled(run: &Run<'_>, resource: &Resource, plan: &Plan) -> Details {
    let (timeout_seconds, heartbeat_seconds) = (plan.timeout_seconds, plan.heartbeat_seconds);
    match resource {
        Resource::Lambda { arn } => Details::LambdaFunctionScheduled {
            resource: arn.clone(),
            input: plan.input.clone(),
            timeout_seconds,
            role_arn: plan.role_arn.clone(),
        },
        Resource::Activity { arn } => Details::ActivityScheduled {
            resource: arn.clone(),
            input: plan.input.clone(),
            timeout_seconds,
            heartbeat_seconds,
        },
        Resource::Service { service, action, pattern, .. } => {
            let arn = &run.execution.head.about.execution_arn;
            Details::TaskScheduled {
                resource: task_resource(service, action, *pattern),
                region: arn.split(':').nth(3).unwrap_or_default().into(),
                parameters: plan.input.clone(),
                timeout_seconds,
                heartbeat_seconds,
                role_arn: plan.role_arn.clone(),
            }
        }
    }
}

/// SFN-HIST-34
fn task_resource(service: &str, action: &str, pattern: Pattern) -> TaskResource {
    let suffix = match pattern {
        Pattern::RequestResponse => "",
        Pattern::Sync => ".sync",
        Pattern::Sync2 => ".sync:2",
        Pattern::WaitForTaskToken => ".waitForTaskToken",
    };
    TaskResource { resource_type: Arc::from(service), resource: format!("{action}{suffix}").into() }
}

/// A step in a task's life, before it takes the name of the kind of task.
pub(crate) enum TaskEvent {
    Started,
    Submitted(Payload),
    Succeeded(Payload),
    Failed(Failure),
    TimedOut(Failure),
}

pub(crate) fn details(resource: &Resource, event: TaskEvent) -> Details {
    match resource {
        Resource::Lambda { .. } => match event {
            TaskEvent::Started => Details::LambdaFunctionStarted,
            TaskEvent::Submitted(output) | TaskEvent::Succeeded(output) => {
                Details::LambdaFunctionSucceeded { output }
            }
            TaskEvent::Failed(failure) => Details::LambdaFunctionFailed(failure),
            TaskEvent::TimedOut(failure) => Details::LambdaFunctionTimedOut(failure),
        },
        Resource::Activity { .. } => match event {
            TaskEvent::Started => Details::ActivityStarted { worker_name: None },
            TaskEvent::Submitted(output) | TaskEvent::Succeeded(output) => {
                Details::ActivitySucceeded { output }
            }
            TaskEvent::Failed(failure) => Details::ActivityFailed(failure),
            TaskEvent::TimedOut(failure) => Details::ActivityTimedOut(failure),
        },
        Resource::Service { service, action, pattern, .. } => {
            let resource = task_resource(service, action, *pattern);
            match event {
                TaskEvent::Started => Details::TaskStarted { resource },
                TaskEvent::Submitted(output) => Details::TaskSubmitted { resource, output },
                TaskEvent::Succeeded(output) => Details::TaskSucceeded { resource, output },
                TaskEvent::Failed(failure) => Details::TaskFailed { resource, failure },
                TaskEvent::TimedOut(failure) => Details::TaskTimedOut { resource, failure },
            }
        }
    }
}
