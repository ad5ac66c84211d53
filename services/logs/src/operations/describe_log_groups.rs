//! DescribeLogGroups: by name, in pages.

use identity::Caller;
use resource::constraints::Constraints;
use resource::page_token::{InvalidToken, PageToken};
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use super::create_log_group::CLASSES;
use crate::faults::{self, Trouble, invalid};
use crate::limits::{NAME_CHARS_MAX, PAGE_ROWS_MAX};
use crate::records::GroupRecord;
use crate::service::Service;

/// Groups read at once while looking for those with a part in their name.
const GROUPS_AT_ONCE: usize = 256;

pub(crate) struct DescribeLogGroups;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    log_group_name_prefix: Option<String>,
    log_group_name_pattern: Option<String>,
    next_token: Option<String>,
    limit: Option<i64>,
    log_group_class: Option<String>,
    log_group_identifiers: Option<Vec<String>>,
    #[serde(default)]
    include_linked_accounts: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    log_groups: Vec<View>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    log_group_name: String,
    creation_time: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    retention_in_days: Option<u32>,
    metric_filter_count: u32,
    arn: String,
    stored_bytes: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    kms_key_id: Option<String>,
    log_group_class: String,
    log_group_arn: String,
    deletion_protection_enabled: bool,
}

impl Operation<Service> for DescribeLogGroups {
    const NAME: &'static str = "DescribeLogGroups";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        check(&input)?;
        if let Some(identifiers) = &input.log_group_identifiers {
            return named(service, caller, identifiers);
        }
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (prefix, part) =
            (text(&input.log_group_name_prefix), text(&input.log_group_name_pattern));
        let class = text(&input.log_group_class);
        let arguments = [&*caller.account, &*caller.region, &prefix, &part, &class];
        let token = PageToken::of("DescribeLogGroups", &arguments);
        let now_ms = service.host.now_ms();
        let after = match &input.next_token {
            Some(given) => {
                let cursor = token.decode(given, now_ms).map_err(faults::from_token)?;
                Some(String::from_utf8(cursor).map_err(|_| faults::from_token(InvalidToken))?)
            }
            None => None,
        };
        let limit = usize::try_from(input.limit.unwrap_or(PAGE_ROWS_MAX)).unwrap_or(1);
        let wanted = |group: &GroupRecord| {
            group.name.to_lowercase().contains(&part.to_lowercase())
                && (class.is_empty() || group.class == class)
        };
        let (groups, last) = page(service, caller, (&prefix, after, limit), wanted)?;
        Ok(Output {
            log_groups: groups.into_iter().map(to_view).collect(),
            next_token: last.map(|last| token.encode(last.as_bytes(), now_ms)),
        })
    }
}

fn check(input: &Input) -> Result<(), Fault> {
    let (prefix, part) = (&input.log_group_name_prefix, &input.log_group_name_pattern);
    super::check_group(Constraints::new(), "logGroupNamePrefix", prefix)
        .text_len("logGroupNamePattern", part, 0, NAME_CHARS_MAX)
        .range("limit", input.limit, 1, PAGE_ROWS_MAX)
        .one_of("logGroupClass", &input.log_group_class, &CLASSES)
        .finish()
        .map_err(faults::from_constraints)?;
    if prefix.is_some() && part.is_some() {
        return Err(invalid(
            "LogGroup name prefix and LogGroup name pattern are mutually exclusive parameters.",
        ));
    }
    if input.include_linked_accounts {
        return Err(invalid("Linked accounts are not supported."));
    }
    Ok(())
}

/// Groups that are asked for by name or ARN; those that are not there are left out.
fn named(service: &Service, caller: &Caller, identifiers: &[String]) -> Result<Output, Fault> {
    let most = usize::try_from(PAGE_ROWS_MAX).unwrap_or(1);
    Constraints::new()
        .list_len("logGroupIdentifiers", identifiers.len(), (1, most), || {
            format!("[{}]", identifiers.join(", "))
        })
        .finish()
        .map_err(faults::from_constraints)?;
    let mut log_groups = Vec::new();
    for identifier in identifiers {
        let address = super::identified_group(caller, &None, &Some(identifier.clone()))?;
        let found = service.find_group(&address).map_err(Trouble::from)?;
        log_groups.extend(found.map(to_view));
    }
    Ok(Output { log_groups, next_token: None })
}

/// Up to `limit` wanted groups, and the name of the last one looked at if there are more.
fn page(
    service: &Service,
    caller: &Caller,
    (prefix, mut after, limit): (&str, Option<String>, usize),
    wanted: impl Fn(&GroupRecord) -> bool,
) -> Result<(Vec<GroupRecord>, Option<String>), Fault> {
    let mut found = Vec::new();
    loop {
        let groups = service
            .list_groups(caller, prefix, after.as_deref(), GROUPS_AT_ONCE)
            .map_err(Trouble::from)?;
        let is_last = groups.len() < GROUPS_AT_ONCE;
        for group in groups {
            if found.len() == limit {
                return Ok((found, after));
            }
            after = Some(group.name.clone());
            if wanted(&group) {
                found.push(group);
            }
        }
        if is_last {
            return Ok((found, None));
        }
    }
}

fn to_view(group: GroupRecord) -> View {
    let arn = group.address().arn();
    View {
        log_group_name: group.name,
        creation_time: group.creation_ms,
        retention_in_days: group.retention_days,
        metric_filter_count: 0,
        arn: format!("{arn}:*"),
        stored_bytes: group.stored_bytes,
        kms_key_id: group.kms_key_id,
        log_group_class: group.class,
        log_group_arn: arn,
        deletion_protection_enabled: group.deletion_protected,
    }
}
