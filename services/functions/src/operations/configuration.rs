//! Configuration as CreateFunction and UpdateFunctionConfiguration take it: the same members,
//! checked the same way.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use resource::constraints::Constraints;
use serde::Deserialize;
use serde_json::{Value, json};
use wire::fault::Fault;

use crate::invoke::invalid;
use crate::limits;
use crate::records::FunctionRecord;
use crate::runner::command::RESERVED;
use crate::runtimes::{IDENTIFIERS, Language};

const ROLE_PATTERN: &str = r"arn:(aws[a-zA-Z-]*)?:iam::\d{12}:role/?[a-zA-Z_0-9+=,.@\-_/]+";
const HANDLER_PATTERN: &str = r"[^\s]+";
const VARIABLE_PATTERN: &str = "[a-zA-Z]([a-zA-Z0-9_])+";
const LOG_GROUP_PATTERN: &str = r"[\.\-_/#A-Za-z0-9]+";
const LOG_GROUP_CHARS_MAX: usize = 512;

/// The members that both operations have. What a member asks for that this server cannot do is
/// refused, never ignored.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Configuration {
    pub(crate) role: Option<String>,
    pub(crate) handler: Option<String>,
    description: Option<String>,
    pub(crate) runtime: Option<String>,
    timeout: Option<i64>,
    memory_size: Option<i64>,
    environment: Option<Environment>,
    ephemeral_storage: Option<EphemeralStorage>,
    tracing_config: Option<TracingConfig>,
    logging_config: Option<LoggingConfig>,
    snap_start: Option<SnapStart>,
    dead_letter_config: Option<DeadLetterConfig>,
    vpc_config: Option<VpcConfig>,
    layers: Option<Vec<Value>>,
    file_system_configs: Option<Vec<Value>>,
    image_config: Option<Value>,
    #[serde(rename = "KMSKeyArn")]
    kms_key_arn: Option<String>,
    capacity_provider_config: Option<Value>,
    durable_config: Option<Value>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Environment {
    variables: Option<BTreeMap<String, String>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct EphemeralStorage {
    size: Option<i64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct TracingConfig {
    mode: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct LoggingConfig {
    log_format: Option<String>,
    application_log_level: Option<String>,
    system_log_level: Option<String>,
    log_group: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct SnapStart {
    apply_on: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct DeadLetterConfig {
    target_arn: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct VpcConfig {
    subnet_ids: Vec<String>,
    security_group_ids: Vec<String>,
}

impl Configuration {
    /// Everything that can be wrong with it, in AWS's order: the model first, then what it means.
    pub(crate) fn check(&self, constraints: Constraints) -> Result<(), Fault> {
        self.constrain(constraints).finish().map_err(Fault::validation)?;
        self.check_runtime()?;
        self.check_environment()?;
        self.refuse_unsupported()
    }

    fn constrain(&self, constraints: Constraints) -> Constraints {
        let (timeout_min, timeout_max) = bounds(&limits::TIMEOUT_S);
        let (memory_min, memory_max) = bounds(&limits::MEMORY_MIB);
        let (ephemeral_min, ephemeral_max) = bounds(&limits::EPHEMERAL_MIB);
        let ephemeral = self.ephemeral_storage.as_ref();
        let mode = self.tracing_config.as_ref().and_then(|tracing| tracing.mode.as_deref());
        let group = self.logging_config.as_ref().and_then(|logging| logging.log_group.as_deref());
        let group = group.map(str::to_owned);
        let is_handler: fn(&str) -> bool = |text| !text.contains(char::is_whitespace);
        let constraints = constraints
            .pattern("role", &self.role, ROLE_PATTERN, is_role)
            .text_len("handler", &self.handler, 0, limits::HANDLER_CHARS_MAX)
            .pattern("handler", &self.handler, HANDLER_PATTERN, is_handler)
            .text_len("description", &self.description, 0, limits::DESCRIPTION_CHARS_MAX)
            .range("timeout", self.timeout, timeout_min, timeout_max)
            .range("memorySize", self.memory_size, memory_min, memory_max)
            .range(
                "ephemeralStorage.size",
                ephemeral.and_then(|storage| storage.size),
                ephemeral_min,
                ephemeral_max,
            )
            .one_of("tracingConfig.mode", &mode.map(str::to_owned), &["Active", "PassThrough"])
            .text_len("loggingConfig.logGroup", &group, 1, LOG_GROUP_CHARS_MAX)
            .pattern("loggingConfig.logGroup", &group, LOG_GROUP_PATTERN, is_log_group);
        self.variables().keys().fold(constraints, |constraints, name| {
            let path = "environment.variables";
            constraints.pattern(path, name, VARIABLE_PATTERN, is_variable)
        })
    }

    fn variables(&self) -> &BTreeMap<String, String> {
        static NONE: BTreeMap<String, String> = BTreeMap::new();
        let environment = self.environment.as_ref();
        environment.and_then(|environment| environment.variables.as_ref()).unwrap_or(&NONE)
    }

    fn check_runtime(&self) -> Result<(), Fault> {
        let Some(runtime) = &self.runtime else { return Ok(()) };
        if !IDENTIFIERS.contains(&runtime.as_str()) {
            return Err(invalid(format!(
                "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy \
                 enum value set: [{}] or be a valid ARN",
                IDENTIFIERS.join(", ")
            )));
        }
        if Language::of(runtime).is_none() {
            return Err(invalid(format!(
                "The runtime parameter of {runtime} is not supported by this server, which runs \
                 python3.x, nodejsN.x, provided.al2 and provided.al2023."
            )));
        }
        Ok(())
    }

    fn check_environment(&self) -> Result<(), Fault> {
        const UNABLE: &str = "Lambda was unable to configure your environment variables because \
                              the environment variables you have provided";
        let variables = self.variables();
        let reserved: Vec<&str> =
            variables.keys().map(String::as_str).filter(|name| RESERVED.contains(name)).collect();
        if !reserved.is_empty() {
            return Err(invalid(format!(
                "{UNABLE} contains reserved keys that are currently not supported for \
                 modification. Reserved keys used in this request: {}",
                reserved.join(", ")
            )));
        }
        if limits::environment_bytes(variables) > limits::ENVIRONMENT_BYTES_MAX {
            return Err(invalid(format!(
                "{UNABLE} exceeded the 4KB limit. String measured: {}",
                json!(variables)
            )));
        }
        match limits::environment_fault(variables) {
            Some(reason) => Err(invalid(reason)),
            None => Ok(()),
        }
    }

    fn refuse_unsupported(&self) -> Result<(), Fault> {
        let logging = self.logging_config.as_ref();
        let is_filled = |list: &Option<Vec<Value>>| list.as_ref().is_some_and(|l| !l.is_empty());
        let is_text = |text: Option<&String>| text.is_some_and(|text| !text.is_empty());
        let asked = [
            ("Layers", is_filled(&self.layers)),
            ("FileSystemConfigs", is_filled(&self.file_system_configs)),
            ("ImageConfig", self.image_config.is_some()),
            ("KMSKeyArn", is_text(self.kms_key_arn.as_ref())),
            ("CapacityProviderConfig", self.capacity_provider_config.is_some()),
            ("DurableConfig", self.durable_config.is_some()),
            (
                "SnapStart",
                self.snap_start.as_ref().and_then(|snap| snap.apply_on.as_deref())
                    == Some("PublishedVersions"),
            ),
            (
                "DeadLetterConfig",
                is_text(self.dead_letter_config.as_ref().and_then(|dead| dead.target_arn.as_ref())),
            ),
            (
                "VpcConfig",
                self.vpc_config.as_ref().is_some_and(|vpc| {
                    !vpc.subnet_ids.is_empty() || !vpc.security_group_ids.is_empty()
                }),
            ),
            (
                "LoggingConfig.LogFormat JSON",
                logging.is_some_and(|logging| {
                    logging.log_format.as_deref().is_some_and(|format| format != "Text")
                        || logging.application_log_level.is_some()
                        || logging.system_log_level.is_some()
                }),
            ),
        ];
        refuse(&asked)
    }

    /// Writes what is given into a function.
    pub(crate) fn apply(&self, record: &mut FunctionRecord) {
        let number = |value: Option<i64>| value.and_then(|value| u32::try_from(value).ok());
        let set = |to: &mut String, value: &Option<String>| {
            if let Some(value) = value {
                to.clone_from(value);
            }
        };
        set(&mut record.role, &self.role);
        set(&mut record.handler, &self.handler);
        set(&mut record.description, &self.description);
        set(&mut record.runtime, &self.runtime);
        record.timeout_s = number(self.timeout).unwrap_or(record.timeout_s);
        record.memory_mib = number(self.memory_size).unwrap_or(record.memory_mib);
        if let Some(environment) = &self.environment {
            let variables = environment.variables.clone().filter(|all| !all.is_empty());
            record.environment = variables;
        }
        let ephemeral = self.ephemeral_storage.as_ref().and_then(|storage| number(storage.size));
        record.ephemeral_mib = ephemeral.unwrap_or(record.ephemeral_mib);
        if let Some(tracing) = &self.tracing_config {
            set(&mut record.tracing_mode, &tracing.mode);
        }
        if let Some(group) = self.logging_config.as_ref().and_then(|log| log.log_group.clone()) {
            record.log_group = Some(group);
        }
    }
}

/// Refuses the first member that asks for something this server cannot do.
pub(crate) fn refuse(asked: &[(&str, bool)]) -> Result<(), Fault> {
    match asked.iter().find(|(_, is_asked)| *is_asked) {
        Some((member, _)) => Err(invalid(format!("{member} is not supported by this server."))),
        None => Ok(()),
    }
}

fn bounds(range: &RangeInclusive<u32>) -> (i64, i64) {
    (i64::from(*range.start()), i64::from(*range.end()))
}

fn is_role(text: &str) -> bool {
    let parts: Vec<&str> = text.splitn(6, ':').collect();
    let ["arn", partition, "iam", "", account, role] = parts.as_slice() else { return false };
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "+=,.@-_/".contains(c);
    let name = role.strip_prefix("role").unwrap_or_default();
    let name = name.strip_prefix('/').unwrap_or(name);
    (partition.is_empty() || partition.starts_with("aws"))
        && account.len() == 12
        && account.bytes().all(|byte| byte.is_ascii_digit())
        && role.starts_with("role")
        && !name.is_empty()
        && name.chars().all(is_letter)
}

fn is_variable(text: &str) -> bool {
    let rest_ok = |rest: &str| rest.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    text.len() >= 2 && text.starts_with(|c: char| c.is_ascii_alphabetic()) && rest_ok(text)
}

fn is_log_group(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || ".-_/#".contains(c))
}
