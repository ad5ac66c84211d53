//! Task: its resource, credentials and time limits (SFN-TASK-1 to SFN-TASK-8).

use super::fail;
use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::numbers::{self, Range, SECONDS_MAX};
use crate::compile::{fields, integrations, resource};
use crate::model::{NumberField, Task, TextField};

const TIMEOUT: Range = Range::integer(1, SECONDS_MAX);

pub(crate) fn compile(context: &mut Context, at: &At<'_>) -> Option<Task> {
    fields::require(context, at, &["Resource"]);
    let resource = at.member("Resource").and_then(|arn| resource::compile(context, &arn));
    if let Some(resource) = &resource {
        integrations::check_parameters(context, at, resource);
    }
    let role_arn = at.member("Credentials").and_then(|at| credentials(context, &at));
    let timeout_seconds = numbers::field(context, at, "TimeoutSeconds", &TIMEOUT);
    let heartbeat_seconds = numbers::field(context, at, "HeartbeatSeconds", &TIMEOUT);
    check_heartbeat(context, at, &timeout_seconds, &heartbeat_seconds);
    Some(Task { resource: resource?, role_arn, timeout_seconds, heartbeat_seconds })
}

/// SFN-TASK-2
fn check_heartbeat(
    context: &mut Context,
    at: &At<'_>,
    timeout: &Option<NumberField>,
    heartbeat: &Option<NumberField>,
) {
    if let (Some(NumberField::Literal(timeout)), Some(NumberField::Literal(heartbeat))) =
        (timeout, heartbeat)
        && heartbeat >= timeout
        && let Some(member) = at.member("HeartbeatSeconds")
    {
        context.error(&member, "HeartbeatSeconds must be smaller than TimeoutSeconds");
    }
}

/// SFN-TASK-5, SFN-TASK-6
fn credentials(context: &mut Context, at: &At<'_>) -> Option<TextField> {
    if !fields::is_object(context, at) {
        return None;
    }
    let dynamic = at.member("RoleArn.$").filter(|_| !context.is_jsonata());
    match (at.member("RoleArn"), dynamic) {
        (None, None) => {
            context.error_whole(at, "The field 'RoleArn' is required but was missing");
            None
        }
        (role, dynamic) => {
            fields::check_names(context, at, &["RoleArn", "RoleArn.$"]);
            fields::at_most_one(context, at, &["RoleArn", "RoleArn.$"]);
            match (role, dynamic) {
                (Some(role), _) => fail::literal_or_expression(context, &role),
                (None, Some(dynamic)) => fail::dynamic(context, &dynamic, "RoleArn.$"),
                (None, None) => None,
            }
        }
    }
}
