//! How functions look in answers.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::records::{FunctionKey, FunctionRecord};
use crate::settings::FolderFunction;

/// `FunctionConfiguration` of a stored function.
pub(crate) fn configuration(record: &FunctionRecord) -> Value {
    let digest = hex::decode(&record.code_digest).unwrap_or_default();
    let default_group = format!("/aws/lambda/{}", record.key.name);
    let mut view = json!({
        "FunctionName": record.key.name,
        "FunctionArn": record.key.arn(),
        "Runtime": record.runtime,
        "Role": record.role,
        "Handler": record.handler,
        "CodeSize": record.code_bytes,
        "Description": record.description,
        "Timeout": record.timeout_s,
        "MemorySize": record.memory_mib,
        "LastModified": lambda_time(record.modified_ms),
        "CodeSha256": STANDARD.encode(digest),
        "Version": "$LATEST",
        "TracingConfig": { "Mode": record.tracing_mode },
        "RevisionId": record.revision_id,
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
        "Architectures": [record.architecture],
        "EphemeralStorage": { "Size": record.ephemeral_mib },
        "SnapStart": { "ApplyOn": "None", "OptimizationStatus": "Off" },
        "LoggingConfig": {
            "LogFormat": "Text",
            "LogGroup": record.log_group.as_ref().unwrap_or(&default_group),
        },
    });
    if let (Some(variables), Some(members)) = (&record.environment, view.as_object_mut()) {
        members.insert("Environment".to_owned(), json!({ "Variables": variables }));
    }
    view
}

/// `FunctionConfiguration` of a folder's function, as far as it has what that speaks of.
pub(crate) fn folder_configuration(key: &FunctionKey, function: &FolderFunction) -> Value {
    let mut view = json!({
        "FunctionName": key.name,
        "FunctionArn": key.arn(),
        "Runtime": function.runtime,
        "Handler": function.handler,
        "CodeSize": 0,
        "Description": format!("Code in {}", function.dir.display()),
        "Timeout": function.timeout,
        "MemorySize": function.memory,
        "Version": "$LATEST",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "PackageType": "Zip",
    });
    if let (false, Some(members)) = (function.environment.is_empty(), view.as_object_mut()) {
        members.insert("Environment".to_owned(), json!({ "Variables": function.environment }));
    }
    view
}

/// `2024-05-01T12:00:00.000+0000`.
pub(crate) fn lambda_time(at_ms: i64) -> String {
    formatted(at_ms, "%Y-%m-%dT%H:%M:%S.%3f+0000")
}

/// `Wed, 01 May 2024 12:00:00 GMT`.
pub(crate) fn http_date(at_ms: i64) -> String {
    formatted(at_ms, "%a, %d %b %Y %H:%M:%S GMT")
}

fn formatted(at_ms: i64, format: &str) -> String {
    let at = Timestamp::from_millisecond(at_ms).unwrap_or(Timestamp::UNIX_EPOCH);
    at.strftime(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_as_aws_writes_them() {
        assert_eq!(lambda_time(1_714_564_800_042), "2024-05-01T12:00:00.042+0000");
        assert_eq!(http_date(1_714_564_800_042), "Wed, 01 May 2024 12:00:00 GMT");
    }
}
