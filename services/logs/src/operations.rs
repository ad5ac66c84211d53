//! The table: one line an operation, alphabetical. Each has its file with Input, Output and faults.

mod create_log_group;
mod create_log_stream;
mod delete_log_group;
mod delete_log_stream;
mod delete_retention_policy;
mod describe_log_groups;
mod describe_log_streams;
mod filter_log_events;
mod get_log_events;
mod list_tags_for_resource;
mod list_tags_log_group;
mod put_log_events;
mod put_log_group_deletion_protection;
mod put_retention_policy;
mod tag_log_group;
mod tag_resource;
mod untag_log_group;
mod untag_resource;

use std::collections::BTreeMap;

use identity::Caller;
use resource::constraints::Constraints;
use resource::tags::Tag;
use serde::Serialize;
use targets::logs::GroupAddress;
use wire::fault::Fault;
use wire::operation::{Entry, entry};

use crate::faults::{self, invalid};
use crate::limits::{IDENTIFIER_CHARS_MAX, NAME_CHARS_MAX, RESOURCE_CHARS_MAX};
use crate::service::{Service, own_group};

/// Every operation that this service answers; sorted, for the search by name.
pub(crate) static OPERATIONS: &[Entry<Service>] = &[
    entry::<Service, create_log_group::CreateLogGroup>(),
    entry::<Service, create_log_stream::CreateLogStream>(),
    entry::<Service, delete_log_group::DeleteLogGroup>(),
    entry::<Service, delete_log_stream::DeleteLogStream>(),
    entry::<Service, delete_retention_policy::DeleteRetentionPolicy>(),
    entry::<Service, describe_log_groups::DescribeLogGroups>(),
    entry::<Service, describe_log_streams::DescribeLogStreams>(),
    entry::<Service, filter_log_events::FilterLogEvents>(),
    entry::<Service, get_log_events::GetLogEvents>(),
    entry::<Service, list_tags_for_resource::ListTagsForResource>(),
    entry::<Service, list_tags_log_group::ListTagsLogGroup>(),
    entry::<Service, put_log_events::PutLogEvents>(),
    entry::<Service, put_log_group_deletion_protection::PutLogGroupDeletionProtection>(),
    entry::<Service, put_retention_policy::PutRetentionPolicy>(),
    entry::<Service, tag_log_group::TagLogGroup>(),
    entry::<Service, tag_resource::TagResource>(),
    entry::<Service, untag_log_group::UntagLogGroup>(),
    entry::<Service, untag_resource::UntagResource>(),
];

/// The output of operations that have none.
#[derive(Serialize)]
pub(crate) struct Nothing {}

const GROUP_PATTERN: &str = "[\\.\\-_/#A-Za-z0-9]+";
const STREAM_PATTERN: &str = "[^:*]*";

fn group_chars_ok(name: &str) -> bool {
    name.chars().all(|char| char.is_ascii_alphanumeric() || ".-_/#".contains(char))
}

fn stream_chars_ok(name: &str) -> bool {
    !name.contains([':', '*'])
}

/// The constraints of a group's name, where one is given.
fn check_group(constraints: Constraints, path: &str, name: &Option<String>) -> Constraints {
    constraints.text_len(path, name, 1, NAME_CHARS_MAX).pattern(
        path,
        name,
        GROUP_PATTERN,
        group_chars_ok,
    )
}

/// The constraints of a stream's name, where one is given.
fn check_stream(constraints: Constraints, path: &str, name: &Option<String>) -> Constraints {
    constraints.text_len(path, name, 1, NAME_CHARS_MAX).pattern(
        path,
        name,
        STREAM_PATTERN,
        stream_chars_ok,
    )
}

/// A group named in a member that must be there.
fn require_group(caller: &Caller, name: Option<String>) -> Result<GroupAddress, Fault> {
    let constraints = Constraints::new().required("logGroupName", name.is_some());
    check_group(constraints, "logGroupName", &name).finish().map_err(faults::from_constraints)?;
    Ok(own_group(caller, &name.unwrap_or_default()))
}

/// A group named by exactly one of `logGroupName` and `logGroupIdentifier`.
fn identified_group(
    caller: &Caller,
    name: &Option<String>,
    identifier: &Option<String>,
) -> Result<GroupAddress, Fault> {
    let constraints = check_group(Constraints::new(), "logGroupName", name);
    constraints
        .text_len("logGroupIdentifier", identifier, 1, IDENTIFIER_CHARS_MAX)
        .finish()
        .map_err(faults::from_constraints)?;
    match (name, identifier) {
        (Some(name), None) => Ok(own_group(caller, name)),
        (None, Some(name)) if !name.starts_with("arn:") => Ok(own_group(caller, name)),
        (None, Some(arn)) => group_of_arn(caller, arn),
        (Some(_), Some(_)) => {
            Err(invalid("LogGroupName and LogGroupIdentifier are mutually exclusive parameters."))
        }
        (None, None) => {
            Err(invalid("Either LogGroupName or LogGroupIdentifier must be specified."))
        }
    }
}

/// The caller's own group of an ARN; anybody else's does not exist for the caller.
fn group_of_arn(caller: &Caller, arn: &str) -> Result<GroupAddress, Fault> {
    let group =
        GroupAddress::from_arn(arn).ok_or_else(|| invalid(format!("Invalid ARN: {arn}")))?;
    let is_own = group.account == caller.account && group.region == caller.region;
    if is_own { Ok(group) } else { Err(faults::no_group()) }
}

/// The group that a `resourceArn` names.
fn tagged_group(caller: &Caller, arn: &Option<String>) -> Result<GroupAddress, Fault> {
    Constraints::new()
        .required("resourceArn", arn.is_some())
        .text_len("resourceArn", arn, 1, RESOURCE_CHARS_MAX)
        .finish()
        .map_err(faults::from_constraints)?;
    group_of_arn(caller, arn.as_deref().unwrap_or_default())
}

/// Tags with others added; what AWS refuses is refused with its code for too many.
fn merge_tags(
    existing: &BTreeMap<String, String>,
    added: BTreeMap<String, String>,
    too_many: &str,
) -> Result<BTreeMap<String, String>, Fault> {
    let added: Vec<Tag> = added.into_iter().map(|(key, value)| Tag { key, value }).collect();
    Constraints::new().tags("tags", &added).finish().map_err(faults::from_constraints)?;
    resource::tags::check(&added).map_err(|error| match error {
        resource::tags::TagError::TooMany => Fault::new(too_many, error.to_string()),
        _ => invalid(error.to_string()),
    })?;
    let mut tags = existing.clone();
    tags.extend(added.into_iter().map(|tag| (tag.key, tag.value)));
    if tags.len() > resource::tags::TAGS_MAX {
        let error = resource::tags::TagError::TooMany;
        return Err(Fault::new(too_many, error.to_string()));
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sorted_by_name() {
        assert!(OPERATIONS.is_sorted_by_key(|entry| entry.name));
    }

    #[test]
    fn names() {
        assert!(group_chars_ok("/aws/vendedlogs/states/a-b_c.d#1"));
        assert!(!group_chars_ok("a b") && !group_chars_ok("a:b") && !group_chars_ok("é"));
        assert!(stream_chars_ok("2024/01/01/[$LATEST]é") && !stream_chars_ok("a:b"));
    }
}
