//! The faults that several operations share, in AWS's words.

use resource::arn::ArnError;
use resource::page_token::InvalidToken;
use resource::tags::TagError;
use store::error::{ReadError, Unavailable};
use wire::fault::Fault;

use crate::driver::DispatchError;
use crate::records::Unreadable;

pub(crate) fn from_arn(error: ArnError) -> Fault {
    Fault::new("InvalidArn", error.to_string())
}

pub(crate) fn from_token(error: InvalidToken) -> Fault {
    Fault::new("InvalidToken", error.to_string())
}

pub(crate) fn from_tags(error: TagError) -> Fault {
    Fault::new(error.code(), error.to_string())
}

pub(crate) fn from_constraints(message: String) -> Fault {
    Fault::validation(message)
}

pub(crate) fn invalid_name(name: &str) -> Fault {
    Fault::new("InvalidName", resource::name::invalid_name(name))
}

pub(crate) fn invalid_token() -> Fault {
    from_token(InvalidToken)
}

pub(crate) fn machine_does_not_exist(arn: &str) -> Fault {
    Fault::new("StateMachineDoesNotExist", format!("State Machine Does Not Exist: '{arn}'"))
}

pub(crate) fn machine_deleting(arn: &str) -> Fault {
    Fault::new("StateMachineDeleting", format!("State machine is being deleted: '{arn}'"))
}

pub(crate) fn machine_already_exists(arn: &str) -> Fault {
    Fault::new("StateMachineAlreadyExists", format!("State Machine Already Exists: '{arn}'"))
}

pub(crate) fn machine_type_not_supported() -> Fault {
    Fault::new(
        "StateMachineTypeNotSupported",
        "This operation is not supported by this type of state machine",
    )
}

pub(crate) fn execution_does_not_exist(arn: &str) -> Fault {
    Fault::new("ExecutionDoesNotExist", format!("Execution Does Not Exist: '{arn}'"))
}

pub(crate) fn execution_already_exists(arn: &str) -> Fault {
    Fault::new("ExecutionAlreadyExists", format!("Execution Already Exists: '{arn}'"))
}

/// SFN-EXEC-71
pub(crate) fn execution_not_redrivable(arn: &str, reason: &str) -> Fault {
    let message = format!("Execution {arn} invalid for redrive as: {reason}");
    Fault::new("ExecutionNotRedrivable", message)
}

/// A map run's child where it is not taken (SFN-EXEC-73).
pub(crate) fn labelled_execution_arn() -> Fault {
    Fault::validation("Labeled Execution ARNs are not supported for this API")
        .with_member("reason", "API_DOES_NOT_SUPPORT_LABELED_ARNS")
}

pub(crate) fn activity_does_not_exist(arn: &str) -> Fault {
    Fault::new("ActivityDoesNotExist", format!("Activity Does Not Exist: '{arn}'"))
}

/// Of tags (SFN-TAG-1).
pub(crate) fn resource_not_found(arn: &str) -> Fault {
    Fault::new("ResourceNotFound", format!("Resource not found: '{arn}'"))
        .with_member("resourceName", arn)
}

/// Of aliases (SFN-ALIAS-10).
pub(crate) fn reference_does_not_exist(arn: &str) -> Fault {
    Fault::new("ResourceNotFound", "Request references a resource that does not exist.")
        .with_member("resourceName", arn)
}

/// A labelled ARN where a machine is expected (SFN-ARN-7).
pub(crate) fn labelled_arn() -> Fault {
    Fault::validation("Labeled state machine ARNs are not supported for this API")
        .with_member("reason", "API_DOES_NOT_SUPPORT_LABELED_ARNS")
}

pub(crate) fn from_unavailable(error: Unavailable) -> Fault {
    tracing::warn!(%error, "request refused");
    Fault::unavailable("The service cannot take the request now. Try again.")
}

pub(crate) fn from_read(error: ReadError) -> Fault {
    tracing::error!(%error, "a read failed");
    Fault::internal()
}

pub(crate) fn from_unreadable(error: Unreadable) -> Fault {
    tracing::error!(%error, "a stored row is unreadable");
    Fault::internal()
}

pub(crate) fn from_dispatch(error: DispatchError) -> Fault {
    match error {
        DispatchError::Unavailable(error) => from_unavailable(error),
        DispatchError::Unreadable(error) => from_unreadable(error),
    }
}

/// SFN-EXEC-9, SFN-SEM-42
pub(crate) fn too_many_executions() -> Fault {
    Fault::new(
        "ExecutionLimitExceeded",
        "The maximum number of running executions has been reached. Running executions must end \
         or be stopped before a new execution can be started.",
    )
}

pub(crate) fn too_many_machines() -> Fault {
    Fault::new(
        "StateMachineLimitExceeded",
        "The maximum number of state machines has been reached. Existing state machines must be \
         deleted before a new state machine can be created.",
    )
}

pub(crate) fn too_many_activities() -> Fault {
    Fault::new(
        "ActivityLimitExceeded",
        "The maximum number of activities has been reached. Existing activities must be deleted \
         before a new activity can be created.",
    )
}

/// SFN-VER-6 and its like
pub(crate) fn too_many(most: usize, what: &str) -> Fault {
    Fault::new(
        "ServiceQuotaExceededException",
        format!("A state machine can have at most {most} {what}"),
    )
}
