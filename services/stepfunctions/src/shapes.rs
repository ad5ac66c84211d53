//! Shapes that several operations share: timestamps, inclusion details, configurations.

use moment::EpochMs;
use resource::constraints::Constraints;
use serde::{Deserialize, Serialize, Serializer};
use serde_json::{Value, json};
use wire::fault::Fault;

/// Longest ARN of a log group and longest id of a key.
const LOG_GROUP_CHARS_MAX: usize = 256;
const KMS_KEY_CHARS_MAX: usize = 2_048;
/// How long a data key may serve, and how long it does when nobody says.
const REUSE_SECONDS: (i32, i32) = (60, 900);
const REUSE_SECONDS_DEFAULT: i32 = 300;

/// A time on the wire: epoch seconds with a fraction of milliseconds (SFN-WIRE-5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Timestamp(EpochMs);

impl Timestamp {
    pub(crate) fn from_ms(ms: EpochMs) -> Timestamp {
        Timestamp(ms)
    }

    /// Milliseconds since the epoch.
    pub(crate) fn ms(self) -> EpochMs {
        self.0
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0 % 1000 == 0 {
            return serializer.serialize_i64(self.0 / 1000);
        }
        serializer.serialize_f64(self.0 as f64 / 1000.0)
    }
}

/// `{"included": true}` beside an input or output.
#[derive(Clone, Copy, Debug, Serialize)]
pub(crate) struct Included {
    pub(crate) included: bool,
}

/// Whether payloads are wanted; [`included_data`] has checked the text.
pub(crate) fn wants_data(included_data: Option<&str>) -> bool {
    included_data != Some("METADATA_ONLY")
}

/// The constraint on `includedData`.
#[must_use]
pub(crate) fn included_data(constraints: Constraints, given: &Option<String>) -> Constraints {
    constraints.one_of("includedData", given, &["ALL_DATA", "METADATA_ONLY"])
}

/// A machine without a configuration logs nothing (SFN-LOG-3).
pub(crate) fn no_logging() -> Value {
    json!({ "level": "OFF", "includeExecutionData": false })
}

pub(crate) fn no_tracing() -> Value {
    json!({ "enabled": false })
}

pub(crate) fn own_key() -> Value {
    json!({ "type": "AWS_OWNED_KEY" })
}

/// Where and how much executions log.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Logging {
    level: Option<String>,
    include_execution_data: Option<bool>,
    destinations: Option<Vec<Destination>>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct Destination {
    #[serde(skip_serializing_if = "Option::is_none")]
    cloud_watch_logs_log_group: Option<LogGroup>,
}

#[derive(Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
struct LogGroup {
    #[serde(skip_serializing_if = "Option::is_none")]
    log_group_arn: Option<String>,
}

impl Destination {
    fn group(&self) -> Option<&str> {
        self.cloud_watch_logs_log_group.as_ref()?.log_group_arn.as_deref()
    }
}

/// The model's constraints on a logging configuration.
#[must_use]
pub(crate) fn logging_constraints(
    constraints: Constraints,
    given: &Option<Logging>,
) -> Constraints {
    let Some(given) = given else { return constraints };
    let levels = &["ALL", "ERROR", "FATAL", "OFF"];
    let level = constraints.one_of("loggingConfiguration.level", &given.level, levels);
    let destinations = given.destinations.iter().flatten().enumerate();
    destinations.fold(level, |constraints, (index, destination)| {
        let path = format!(
            "loggingConfiguration.destinations.{}.member.cloudWatchLogsLogGroup.logGroupArn",
            index + 1
        );
        constraints.text_len(&path, &destination.group(), 1, LOG_GROUP_CHARS_MAX)
    })
}

impl Logging {
    /// With AWS's defaults (SFN-LOG-1, SFN-LOG-3). Whether the group is there is asked elsewhere.
    pub(crate) fn read(&self) -> Result<Value, Fault> {
        let refuse = |reason: &str| {
            let message = format!("Invalid Logging Configuration: {reason}");
            Fault::new("InvalidLoggingConfiguration", message)
        };
        let level = self.level.as_deref().unwrap_or("OFF");
        if level != "OFF" {
            let group = match self.destinations.as_deref() {
                Some([destination]) => destination.group(),
                _ => None,
            };
            let group = group.ok_or_else(|| refuse("Must specify exactly one Log Destination."))?;
            if !(group.contains(":log-group:") && group.ends_with(":*")) {
                return Err(refuse("Log Destination not found."));
            }
        }
        let includes_data = self.include_execution_data.unwrap_or(false);
        let mut configuration = json!({ "level": level, "includeExecutionData": includes_data });
        if let (Some(told), Some(object)) = (&self.destinations, configuration.as_object_mut()) {
            object.insert("destinations".into(), json!(told));
        }
        Ok(configuration)
    }
}

/// Whether executions are traced.
#[derive(Deserialize)]
pub(crate) struct Tracing {
    enabled: Option<Value>,
}

impl Tracing {
    /// With its default (SFN-CFG-1).
    pub(crate) fn read(&self) -> Result<Value, Fault> {
        match &self.enabled {
            None | Some(Value::Null) => Ok(no_tracing()),
            Some(Value::Bool(enabled)) => Ok(json!({ "enabled": enabled })),
            Some(_) => Err(Fault::new(
                "InvalidTracingConfiguration",
                "Invalid Tracing Configuration: 'enabled' must be a boolean",
            )),
        }
    }
}

/// The key that encrypts a machine or an activity.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Encryption {
    #[serde(rename = "type")]
    kind: Option<String>,
    kms_key_id: Option<String>,
    kms_data_key_reuse_period_seconds: Option<i32>,
}

/// The model's constraints on an encryption configuration.
#[must_use]
pub(crate) fn encryption_constraints(
    constraints: Constraints,
    given: &Option<Encryption>,
) -> Constraints {
    let Some(given) = given else { return constraints };
    let path = |member: &str| format!("encryptionConfiguration.{member}");
    let (least, most) = REUSE_SECONDS;
    constraints
        .required(&path("type"), given.kind.is_some())
        .one_of(&path("type"), &given.kind, &["AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY"])
        .text_len(&path("kmsKeyId"), &given.kms_key_id, 1, KMS_KEY_CHARS_MAX)
        .range(
            &path("kmsDataKeyReusePeriodSeconds"),
            given.kms_data_key_reuse_period_seconds,
            least,
            most,
        )
}

impl Encryption {
    /// With its defaults (SFN-CFG-2).
    pub(crate) fn read(&self) -> Result<Value, Fault> {
        let refuse = |reason: &str| {
            let message = format!("Invalid Encryption Configuration: {reason}");
            Err(Fault::new("InvalidEncryptionConfiguration", message))
        };
        let customers = self.kind.as_deref() == Some("CUSTOMER_MANAGED_KMS_KEY");
        match &self.kms_key_id {
            Some(_) if !customers => refuse("'kmsKeyId' cannot be given with type AWS_OWNED_KEY"),
            None if customers => refuse("'kmsKeyId' is required"),
            None => Ok(own_key()),
            Some(key) => Ok(json!({
                "type": "CUSTOMER_MANAGED_KMS_KEY",
                "kmsKeyId": key,
                "kmsDataKeyReusePeriodSeconds":
                    self.kms_data_key_reuse_period_seconds.unwrap_or(REUSE_SECONDS_DEFAULT),
            })),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // SFN-WIRE-5
    #[test]
    fn timestamps_are_seconds_with_milliseconds() {
        let print = |ms| serde_json::to_string(&Timestamp(ms)).unwrap();
        assert_eq!(print(1_698_765_432_123), "1698765432.123");
        assert_eq!(print(1_698_765_432_000), "1698765432");
        assert_eq!(print(1_698_765_432_001), "1698765432.001");
    }

    fn logging(given: Value) -> Result<Value, String> {
        let given: Logging = serde_json::from_value(given).unwrap();
        given.read().map_err(|fault| format!("{}: {}", fault.code, fault.message))
    }

    // SFN-LOG-1, SFN-LOG-3, SFN-LOG-4
    #[test]
    fn logging_defaults_and_refusals() {
        let group = |arn: &str| json!({ "cloudWatchLogsLogGroup": { "logGroupArn": arn } });
        let here = group("arn:aws:logs:us-east-1:000000000000:log-group:g:*");
        assert_eq!(logging(json!({})), Ok(no_logging()));
        let told = json!({ "level": "OFF", "includeExecutionData": false, "destinations": [] });
        assert_eq!(logging(json!({ "destinations": [] })), Ok(told));
        let whole = json!({
            "level": "FATAL", "includeExecutionData": true, "destinations": [here],
        });
        assert_eq!(logging(whole.clone()), Ok(whole));
        let words = "InvalidLoggingConfiguration: Invalid Logging Configuration: ";
        let one = format!("{words}Must specify exactly one Log Destination.");
        for destinations in [
            json!(null),
            json!([]),
            json!([here, here]),
            json!([{}]),
            json!([{ "cloudWatchLogsLogGroup": {} }]),
        ] {
            let given = json!({ "level": "ALL", "destinations": destinations });
            assert_eq!(logging(given), Err(one.clone()));
        }
        let none = Err(format!("{words}Log Destination not found."));
        for arn in ["g", "arn:aws:logs:us-east-1:000000000000:log-group:g"] {
            assert_eq!(logging(json!({ "level": "ALL", "destinations": [group(arn)] })), none);
        }
    }

    // SFN-CFG-1, SFN-CFG-2
    #[test]
    fn tracing_and_encryption() {
        let tracing = |enabled: Value| {
            let given: Tracing = serde_json::from_value(json!({ "enabled": enabled })).unwrap();
            given.read().map_err(|fault| fault.code)
        };
        assert_eq!(tracing(json!(true)), Ok(json!({ "enabled": true })));
        assert_eq!(tracing(json!(null)), Ok(no_tracing()));
        assert_eq!(tracing(json!("yes")), Err("InvalidTracingConfiguration".to_owned()));
        let encryption = |given: Value| {
            let given: Option<Encryption> = serde_json::from_value(given).unwrap();
            encryption_constraints(Constraints::new(), &given).finish()?;
            given.unwrap().read().map_err(|fault| fault.code)
        };
        let customers = |more: Value| {
            let mut given = json!({ "type": "CUSTOMER_MANAGED_KMS_KEY" });
            given.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            given
        };
        assert_eq!(encryption(json!({ "type": "AWS_OWNED_KEY" })), Ok(own_key()));
        assert_eq!(
            encryption(customers(json!({ "kmsKeyId": "k" }))),
            Ok(customers(json!({ "kmsKeyId": "k", "kmsDataKeyReusePeriodSeconds": 300 })))
        );
        let refused = Err("InvalidEncryptionConfiguration".to_owned());
        assert_eq!(encryption(customers(json!({}))), refused);
        assert_eq!(encryption(json!({ "type": "AWS_OWNED_KEY", "kmsKeyId": "k" })), refused);
        let path = "at 'encryptionConfiguration.";
        for (given, words) in [
            (json!({}), "type' failed to satisfy constraint: Member must not be null"),
            (
                json!({ "type": "x" }),
                "type' failed to satisfy constraint: Member must satisfy enum value set: \
                 [AWS_OWNED_KEY, CUSTOMER_MANAGED_KMS_KEY]",
            ),
            (
                customers(json!({ "kmsDataKeyReusePeriodSeconds": 59 })),
                "kmsDataKeyReusePeriodSeconds' failed to satisfy constraint: Member must have \
                 value greater than or equal to 60",
            ),
        ] {
            assert!(encryption(given).unwrap_err().ends_with(&format!("{path}{words}")));
        }
    }
}
