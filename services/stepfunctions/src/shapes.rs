//! Shapes that several operations share: timestamps, inclusion details, configurations.

use moment::EpochMs;
use serde::{Serialize, Serializer};
use serde_json::{Value, json};
use wire::fault::Fault;

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

/// Whether payloads are wanted (`includedData`).
pub(crate) fn wants_data(included_data: Option<&str>) -> Result<bool, Fault> {
    match included_data {
        None | Some("ALL_DATA") => Ok(true),
        Some("METADATA_ONLY") => Ok(false),
        Some(other) => Err(Fault::validation(format!(
            "1 validation error detected: Value '{other}' at 'includedData' failed to satisfy \
             constraint: Member must satisfy enum value set: [METADATA_ONLY, ALL_DATA]"
        ))),
    }
}

/// The logging configuration with AWS's defaults (SFN-LOG-1, SFN-LOG-3).
pub(crate) fn logging(given: Option<&Value>) -> Result<Value, Fault> {
    let refuse = |reason: &str| {
        Fault::new(
            "InvalidLoggingConfiguration",
            format!("Invalid Logging Configuration: {reason}"),
        )
    };
    let Some(given) = given.filter(|given| !given.is_null()) else {
        return Ok(json!({ "level": "OFF", "includeExecutionData": false }));
    };
    let level = given.get("level").and_then(Value::as_str).unwrap_or("OFF");
    let includes_data = given.get("includeExecutionData").and_then(Value::as_bool).unwrap_or(false);
    let mut configuration = json!({ "level": level, "includeExecutionData": includes_data });
    let destinations = given.get("destinations").and_then(Value::as_array);
    if level != "OFF" {
        let group = destinations
            .filter(|destinations| destinations.len() == 1)
            .and_then(|destinations| destinations.first())
            .and_then(|destination| destination.pointer("/cloudWatchLogsLogGroup/logGroupArn"))
            .and_then(Value::as_str);
        let group = group.ok_or_else(|| refuse("Must specify exactly one Log Destination."))?;
        if !(group.contains(":log-group:") && group.ends_with(":*")) {
            return Err(refuse("Log Destination not found."));
        }
    }
    if let (Some(destinations), Some(object)) = (destinations, configuration.as_object_mut()) {
        object.insert("destinations".into(), json!(destinations));
    }
    Ok(configuration)
}

/// The level must be one of four; the model says so before anything else is looked at.
pub(crate) fn logging_level(given: Option<&Value>) -> Option<String> {
    given?.get("level")?.as_str().map(str::to_owned)
}

/// The tracing configuration with its default (SFN-CFG-1).
pub(crate) fn tracing(given: Option<&Value>) -> Result<Value, Fault> {
    match given.and_then(|given| given.get("enabled")) {
        None | Some(Value::Null) => Ok(json!({ "enabled": false })),
        Some(Value::Bool(enabled)) => Ok(json!({ "enabled": enabled })),
        Some(_) => Err(Fault::new(
            "InvalidTracingConfiguration",
            "Invalid Tracing Configuration: 'enabled' must be a boolean",
        )),
    }
}

/// The encryption configuration with its defaults (SFN-CFG-2).
pub(crate) fn encryption(given: Option<&Value>) -> Result<Value, Fault> {
    let refuse = |reason: &str| {
        Fault::new(
            "InvalidEncryptionConfiguration",
            format!("Invalid Encryption Configuration: {reason}"),
        )
    };
    let Some(given) = given.filter(|given| !given.is_null()) else {
        return Ok(json!({ "type": "AWS_OWNED_KEY" }));
    };
    let key = given.get("kmsKeyId").and_then(Value::as_str);
    match given.get("type").and_then(Value::as_str) {
        Some("AWS_OWNED_KEY") if key.is_some() => {
            Err(refuse("'kmsKeyId' cannot be given with type AWS_OWNED_KEY"))
        }
        Some("AWS_OWNED_KEY") => Ok(json!({ "type": "AWS_OWNED_KEY" })),
        Some("CUSTOMER_MANAGED_KMS_KEY") => {
            let key = key.ok_or_else(|| refuse("'kmsKeyId' is required"))?;
            let period = given.get("kmsDataKeyReusePeriodSeconds").and_then(Value::as_u64);
            let period = period.unwrap_or(300);
            if !(60..=900).contains(&period) {
                return Err(refuse("'kmsDataKeyReusePeriodSeconds' must be between 60 and 900"));
            }
            Ok(json!({
                "type": "CUSTOMER_MANAGED_KMS_KEY",
                "kmsKeyId": key,
                "kmsDataKeyReusePeriodSeconds": period,
            }))
        }
        _ => Err(refuse("'type' must be AWS_OWNED_KEY or CUSTOMER_MANAGED_KMS_KEY")),
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

    // SFN-LOG-1, SFN-LOG-3
    #[test]
    fn logging_defaults_and_refusals() {
        let off = json!({ "level": "OFF", "includeExecutionData": false });
        assert_eq!(logging(None).unwrap(), off);
        assert_eq!(logging(Some(&json!({}))).unwrap(), off);
        let none = logging(Some(&json!({ "destinations": [] }))).unwrap();
        assert_eq!(none.get("destinations"), Some(&json!([])));
        let refused = logging(Some(&json!({ "level": "ALL" }))).unwrap_err();
        assert_eq!(refused.code, "InvalidLoggingConfiguration");
        assert!(refused.message.ends_with("Must specify exactly one Log Destination."));
    }
}
