//! CreateStateMachine (SFN-SM-1…10).

use std::collections::BTreeMap;
use std::sync::Arc;

use identity::Caller;
use resource::arn::state_machine::StateMachineArn;
use resource::arn::{Arn, Home};
use resource::constraints::Constraints;
use resource::name::{NAME_CHARS_MAX, name_chars_ok};
use resource::tags::{self, Tag};
use serde::{Deserialize, Serialize};
use wire::fault::Fault;
use wire::operation::Operation;

use crate::faults;
use crate::machines::{Change, MachineKey};
use crate::records::{CreatedWith, MachineRecord, MachineType, Revision, VersionRecord};
use crate::service::Service;
use crate::shapes::{self, Encryption, Logging, Timestamp, Tracing};

/// Longest definition, in characters of the model.
pub(super) const DEFINITION_CHARS_MAX: usize = 1_048_576;
/// Longest description of a version or alias.
pub(super) const DESCRIPTION_CHARS_MAX: usize = 256;

pub(crate) struct CreateStateMachine;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Input {
    name: Option<String>,
    definition: Option<String>,
    role_arn: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
    logging_configuration: Option<Logging>,
    tags: Option<Vec<Tag>>,
    tracing_configuration: Option<Tracing>,
    publish: Option<bool>,
    version_description: Option<String>,
    encryption_configuration: Option<Encryption>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Output {
    state_machine_arn: String,
    creation_date: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    state_machine_version_arn: Option<String>,
}

impl Operation<Service> for CreateStateMachine {
    const NAME: &'static str = "CreateStateMachine";
    type Input = Input;
    type Output = Output;

    async fn run(service: &Service, caller: &Caller, input: Input) -> Result<Output, Fault> {
        check(&input)?;
        let name = input.name.unwrap_or_default();
        let kind = match input.kind.as_deref() {
            Some("EXPRESS") => MachineType::Express,
            _ => MachineType::Standard,
        };
        let text = input.definition.unwrap_or_default();
        let logging = input.logging_configuration.as_ref().map(Logging::read).transpose()?;
        let logging = logging.unwrap_or_else(shapes::no_logging);
        service.check_log_group(caller, &logging).await?;
        let tracing = input.tracing_configuration.as_ref().map(Tracing::read).transpose()?;
        let encryption = input.encryption_configuration.as_ref().map(Encryption::read);
        let encryption = encryption.transpose()?;
        let checked = check_definition(&text, kind)?;
        let now_ms = service.host.now_ms();
        let variable_references = checked.variable_references;
        let definition = add(service, &text, checked.definition).await?;
        let revision = Revision {
            id: None,
            definition,
            role_arn: input.role_arn.unwrap_or_default(),
            logging,
            tracing: tracing.unwrap_or_else(shapes::no_tracing),
            encryption: encryption.unwrap_or_else(shapes::own_key),
            update_ms: now_ms,
            variable_references,
        };
        let home = Home::new(&caller.region, &caller.account);
        let record = MachineRecord {
            arn: StateMachineArn::new(home, &name).to_string(),
            kind,
            creation_ms: now_ms,
            deleting: false,
            incarnation: fresh_incarnation(service),
            generation: 0,
            current: Arc::new(revision),
            tags: tags::merge(&[], &input.tags.unwrap_or_default()).map_err(faults::from_tags)?,
            last_version: 0,
            versions: BTreeMap::new(),
            aliases: BTreeMap::new(),
            created_with: CreatedWith {
                publish: input.publish.unwrap_or(false),
                version_description: input.version_description,
            },
            name,
        };
        create(service, caller, record).await
    }
}

/// Rises with time, so that a later life of a name is the newer one.
fn fresh_incarnation(service: &Service) -> u64 {
    let now = u64::try_from(service.host.now_ms()).unwrap_or(0);
    (now << 16) | (service.host.entropy() & 0xFFFF)
}

async fn create(
    service: &Service,
    caller: &Caller,
    mut record: MachineRecord,
) -> Result<Output, Fault> {
    let key = MachineKey::of(caller, &record.name);
    service
        .machines
        .change(&service.store, &key, move |existing| {
            if let Some(existing) = existing {
                return Ok((repeat(&existing, &record)?, Change::Keep));
            }
            if record.created_with.publish {
                let now_ms = record.creation_ms;
                publish(service, &mut record, now_ms)?;
                if let Some(first) = record.versions.get_mut(&1) {
                    first.description.clone_from(&record.created_with.version_description);
                }
            }
            Ok((to_output(&record), Change::Write(record)))
        })
        .await
}

/// A repeated create is answered like the first one; a different one is refused (SFN-SM-2…4).
fn repeat(existing: &MachineRecord, asked: &MachineRecord) -> Result<Output, Fault> {
    if existing.deleting {
        return Err(faults::machine_deleting(&existing.arn));
    }
    let (was, is) = (&existing.current, &asked.current);
    let same = was.definition == is.definition
        && existing.kind == asked.kind
        && was.logging == is.logging
        && was.tracing == is.tracing
        && was.encryption == is.encryption
        && existing.created_with == asked.created_with;
    if same { Ok(to_output(existing)) } else { Err(faults::machine_already_exists(&existing.arn)) }
}

fn to_output(record: &MachineRecord) -> Output {
    let published = record.created_with.publish.then(|| format!("{}:1", record.arn));
    Output {
        state_machine_arn: record.arn.clone(),
        creation_date: Timestamp::from_ms(record.creation_ms),
        state_machine_version_arn: published,
    }
}

/// The version of the machine's current revision: the one it has, or a new one (SFN-VER-1…3) as
/// long as there is room.
pub(super) fn publish(
    service: &Service,
    record: &mut MachineRecord,
    now_ms: i64,
) -> Result<u64, Fault> {
    let current = record.current.clone();
    let known = record.versions.iter().rev().find(|(_, version)| version.revision == current);
    if let Some((number, _)) = known {
        return Ok(*number);
    }
    if record.versions.len() >= service.quotas.versions_max {
        return Err(faults::too_many(service.quotas.versions_max, "versions"));
    }
    record.last_version += 1;
    let version = VersionRecord { creation_ms: now_ms, description: None, revision: current };
    record.versions.insert(record.last_version, version);
    Ok(record.last_version)
}

fn check(input: &Input) -> Result<(), Fault> {
    let tags = input.tags.as_deref().unwrap_or_default();
    let constraints = Constraints::new()
        .required_text("name", &input.name, NAME_CHARS_MAX)
        .required("definition", input.definition.is_some())
        .sensitive_len("definition", &input.definition, 1, DEFINITION_CHARS_MAX)
        .required_text("roleArn", &input.role_arn, super::ARN_CHARS_MAX)
        .one_of("type", &input.kind, &["STANDARD", "EXPRESS"]);
    let constraints = shapes::logging_constraints(constraints, &input.logging_configuration)
        .tags("tags", tags)
        .sensitive_len("versionDescription", &input.version_description, 0, DESCRIPTION_CHARS_MAX);
    shapes::encryption_constraints(constraints, &input.encryption_configuration)
        .finish()
        .map_err(faults::from_constraints)?;
    let name = input.name.as_deref().unwrap_or_default();
    if !name_chars_ok(name) {
        return Err(faults::invalid_name(name));
    }
    tags::check(tags).map_err(faults::from_tags)?;
    check_role(input.role_arn.as_deref())?;
    if input.version_description.is_some() && input.publish != Some(true) {
        return Err(Fault::validation("Version description can only be set when publish is true"));
    }
    Ok(())
}

/// A role is any ARN; whether it may do anything is asked elsewhere.
pub(super) fn check_role(arn: Option<&str>) -> Result<(), Fault> {
    match arn {
        Some(arn) => Arn::parse(arn).map(|_| ()).map_err(faults::from_arn),
        None => Ok(()),
    }
}

/// A definition without errors.
pub(super) struct Checked {
    pub(super) definition: asl::model::Definition,
    pub(super) variable_references: BTreeMap<String, Vec<String>>,
}

/// Compiles a definition, or says everything that is wrong with it (SFN-SM-1).
pub(super) fn check_definition(text: &str, kind: MachineType) -> Result<Checked, Fault> {
    let kind = match kind {
        MachineType::Standard => asl::MachineKind::Standard,
        MachineType::Express => asl::MachineKind::Express,
    };
    let outcome = asl::parse(text, &asl::Options { kind, ..asl::Options::default() });
    let variable_references = outcome.variable_references;
    match outcome.definition {
        Some(definition) => Ok(Checked { definition, variable_references }),
        None => {
            let findings: Vec<String> = outcome.findings.iter().map(asl::describe).collect();
            Err(Fault::new(
                "InvalidDefinition",
                format!("Invalid State Machine Definition: '{}'", findings.join(", ")),
            ))
        }
    }
}

/// Stores a definition's text and gives its digest.
pub(super) async fn add(
    service: &Service,
    text: &str,
    definition: asl::model::Definition,
) -> Result<[u8; 32], Fault> {
    service
        .definitions
        .add(&service.store, text, definition)
        .await
        .map_err(faults::from_unavailable)
}
