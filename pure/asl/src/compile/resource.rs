//! `Resource`: what a Task names (SFN-INT-1, SFN-INT-2, SFN-VALID-5).

use super::at::At;
use super::context::Context;
use super::{fields, integrations};
use crate::MachineKind;
use crate::model::{Pattern, Resource};

pub(crate) fn compile(context: &mut Context, at: &At<'_>) -> Option<Resource> {
    let text = fields::text(context, at)?;
    let Some(parts) = Parts::of(text) else {
        context.error(at, "Value is not a valid resource ARN");
        return None;
    };
    let Some(resource) = known(text, &parts) else {
        let message = format!(
            "The resource provided {text} is not recognized. The value is not a valid resource \
             ARN, or the resource is not available in this region."
        );
        context.error(at, message);
        return None;
    };
    if context.kind == MachineKind::Express {
        check_express(context, at, &resource);
    }
    Some(resource)
}

/// The parts of an ARN that tell resources apart.
struct Parts<'t> {
    service: &'t str,
    region: &'t str,
    account: &'t str,
    resource: &'t str,
}

impl<'t> Parts<'t> {
    /// `arn:<partition>:<service>:<region>:<account>:<resource>`
    fn of(text: &'t str) -> Option<Parts<'t>> {
        let mut parts = text.strip_prefix("arn:")?.splitn(5, ':');
        let partition = parts.next()?;
        let service = parts.next()?;
        let parts = Parts {
            service,
            region: parts.next()?,
            account: parts.next()?,
            resource: parts.next()?,
        };
        let plain =
            |part: &str| part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
        let named = !partition.is_empty() && !service.is_empty() && !parts.resource.is_empty();
        let plain = [partition, service, parts.region, parts.account].into_iter().all(plain);
        (named && plain && !text.contains(char::is_whitespace)).then_some(parts)
    }
}

fn known(text: &str, parts: &Parts<'_>) -> Option<Resource> {
    let arn = text.to_owned();
    let placed = !parts.region.is_empty() && !parts.account.is_empty();
    match parts.service {
        "lambda" => {
            let name = parts.resource.strip_prefix("function:")?;
            (!name.is_empty()).then_some(Resource::Lambda { arn })
        }
        "states" => match parts.resource.strip_prefix("activity:") {
            Some(name) => (placed && !name.is_empty()).then_some(Resource::Activity { arn }),
            None => service(arn, parts.resource),
        },
        _ => None,
    }
}

/// `<service>:<action>[.pattern]`, which must be in the table; `aws-sdk:` is open.
fn service(arn: String, resource: &str) -> Option<Resource> {
    let (call, pattern) = split_pattern(resource);
    let (service, action) = call.rsplit_once(':')?;
    let supported = match service.strip_prefix("aws-sdk:") {
        Some(sdk) => {
            is_sdk_call(sdk, action)
                && matches!(pattern, Pattern::RequestResponse | Pattern::WaitForTaskToken)
        }
        None => integrations::supports(call, pattern),
    };
    let (service, action) = (service.to_owned(), action.to_owned());
    supported.then_some(Resource::Service { arn, service, action, pattern })
}

fn split_pattern(resource: &str) -> (&str, Pattern) {
    let patterns = [
        (".sync:2", Pattern::Sync2),
        (".sync", Pattern::Sync),
        (".waitForTaskToken", Pattern::WaitForTaskToken),
    ];
    for (suffix, pattern) in patterns {
        if let Some(call) = resource.strip_suffix(suffix) {
            return (call, pattern);
        }
    }
    (resource, Pattern::RequestResponse)
}

/// A lower-case service and an action in camel case (SFN-INT-100).
fn is_sdk_call(service: &str, action: &str) -> bool {
    let lower = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    service.starts_with(|first: char| first.is_ascii_lowercase())
        && service.bytes().all(lower)
        && action.starts_with(|first: char| first.is_ascii_lowercase())
        && action.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Express machines only call and go on (SFN-INT-16).
fn check_express(context: &mut Context, at: &At<'_>, resource: &Resource) {
    let message = match resource {
        Resource::Activity { .. } => "Express state machine does not support Activity ARN",
        Resource::Service { pattern: Pattern::Sync | Pattern::Sync2, .. } => {
            "Express state machine does not support '.sync' service integration"
        }
        // The space at the end is AWS's own.
        Resource::Service { pattern: Pattern::WaitForTaskToken, .. } => {
            "Express state machine does not support '.waitForTaskToken' service integration "
        }
        _ => return,
    };
    context.error(at, message);
}
