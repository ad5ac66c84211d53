//! CreateFunction: a function from a zip archive in the request.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use resource::constraints::Constraints;
use serde::Deserialize;
use serde_json::Value;
use wire::fault::Fault;

use crate::Functions;
use crate::code::{CodeError, Stored, ZIPPED_BYTES_MAX};
use crate::invoke::{Named, invalid};
use crate::limits;
use crate::operations::configuration::{Configuration, refuse};
use crate::operations::tag_resource::check_tags;
use crate::operations::{Answer, Query, storage_fault, view};
use crate::records::{FunctionKey, FunctionRecord};
use crate::runtimes::Language;

const ARCHITECTURES: [&str; 2] = ["x86_64", "arm64"];
/// Longest name in any of its forms.
const REFERENCE_CHARS_MAX: usize = 140;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    function_name: Option<String>,
    code: Option<Code>,
    #[serde(default)]
    publish: bool,
    publish_to: Option<String>,
    package_type: Option<String>,
    architectures: Option<Vec<String>>,
    code_signing_config_arn: Option<String>,
    tenancy_config: Option<Value>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    #[serde(flatten)]
    configuration: Configuration,
}

/// Where the code comes from.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Code {
    zip_file: Option<String>,
    s3_bucket: Option<String>,
    s3_key: Option<String>,
    image_uri: Option<String>,
}

pub(crate) async fn run(functions: &Functions, query: Query) -> Result<Answer, Fault> {
    let input: Input = query.input()?;
    let name = input.function_name.clone().unwrap_or_default();
    check(&input)?;
    let named = Named::parse(&query.caller, &name, None)?;
    named.check_reach(&query.caller)?;
    let archive = input.code.unwrap_or_default().archive()?;

    let _alone = functions.catalog.changing.lock().await;
    if functions.exists(&named.key) {
        let message = format!("Function already exist: {}", named.key.name);
        return Err(Fault::new("ResourceConflictException", message).with_status(409));
    }
    functions.check_usage(&named.key.account, archive.len(), 1)?;
    let stored = functions.code.save(archive).await.map_err(code_fault)?;
    let mut record = FunctionRecord {
        role: String::new(),
        runtime: String::new(),
        handler: String::new(),
        description: String::new(),
        timeout_s: limits::TIMEOUT_S_DEFAULT,
        memory_mib: limits::MEMORY_MIB_DEFAULT,
        environment: None,
        code_digest: stored.digest,
        code_bytes: stored.bytes,
        revision_id: functions.host.uuid(),
        modified_ms: functions.host.now_ms(),
        architecture: architecture(input.architectures.as_deref(), "x86_64"),
        ephemeral_mib: limits::EPHEMERAL_MIB_DEFAULT,
        tracing_mode: "PassThrough".to_owned(),
        log_group: None,
        tags: input.tags,
        key: named.key,
    };
    input.configuration.apply(&mut record);
    let answer = Answer::json(201, &view::configuration(&record));
    functions.catalog.put(record).await.map_err(|error| storage_fault(&error))?;
    Ok(answer)
}

fn check(input: &Input) -> Result<(), Fault> {
    let package_type = input.package_type.as_deref();
    let constraints = Constraints::new()
        .required("functionName", input.function_name.is_some())
        .text_len("functionName", &input.function_name, 1, REFERENCE_CHARS_MAX)
        .required("role", input.configuration.role.is_some())
        .required("code", input.code.is_some())
        .one_of("packageType", &package_type.map(str::to_owned), &["Image", "Zip"]);
    let constraints = check_architectures(constraints, input.architectures.as_deref());
    input.configuration.check(constraints)?;
    check_tags(&input.tags)?;
    let is_given = |text: &Option<String>| text.as_ref().is_some_and(|text| !text.is_empty());
    refuse(&[
        ("PackageType Image", package_type == Some("Image")),
        ("Publish", input.publish || input.publish_to.is_some()),
        ("CodeSigningConfigArn", is_given(&input.code_signing_config_arn)),
        ("TenancyConfig", input.tenancy_config.is_some()),
    ])?;
    let Some(runtime) = &input.configuration.runtime else {
        return Err(invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment \
             packages.",
        ));
    };
    let is_provided = Language::of(runtime) == Some(Language::Provided);
    if !is_provided && !is_given(&input.configuration.handler) {
        return Err(invalid(
            "Runtime and Handler are mandatory parameters for functions created with deployment \
             packages.",
        ));
    }
    Ok(())
}

pub(crate) fn check_architectures(
    constraints: Constraints,
    architectures: Option<&[String]>,
) -> Constraints {
    let Some(list) = architectures else { return constraints };
    let constraints = constraints
        .list_len("architectures", list.len(), (1, 1), || format!("[{}]", list.join(", ")));
    list.iter().fold(constraints, |constraints, one| {
        constraints.one_of("architectures", one, &ARCHITECTURES)
    })
}

pub(crate) fn architecture(given: Option<&[String]>, otherwise: &str) -> String {
    given.and_then(<[String]>::first).map_or(otherwise, String::as_str).to_owned()
}

impl Code {
    pub(crate) fn archive(self) -> Result<Bytes, Fault> {
        refuse(&[
            ("Code from S3", self.s3_bucket.is_some() || self.s3_key.is_some()),
            ("Code from an image", self.image_uri.is_some()),
        ])?;
        let Some(text) = self.zip_file else {
            return Err(invalid("Please provide a source for function code."));
        };
        archive(&text)
    }
}

/// The archive in a request's base64.
pub(crate) fn archive(text: &str) -> Result<Bytes, Fault> {
    let bytes = STANDARD.decode(text).map_err(|_| {
        Fault::new("SerializationException", "The zip file in the request is not valid base64")
    })?;
    if bytes.len() > ZIPPED_BYTES_MAX {
        let message =
            "Request must be smaller than 70167211 bytes for the CreateFunction operation";
        return Err(Fault::new("RequestEntityTooLargeException", message).with_status(413));
    }
    Ok(bytes.into())
}

pub(crate) fn code_fault(error: CodeError) -> Fault {
    match error {
        CodeError::Storage(error) => {
            Fault::new("ServiceException", format!("failed to store the code: {error}"))
                .with_status(500)
        }
        other => invalid(other.to_string()),
    }
}

impl Functions {
    /// Whether the name is taken, by a stored function or one of the folder.
    pub(crate) fn exists(&self, key: &FunctionKey) -> bool {
        self.folder.find(&key.name).is_some() || self.catalog.find(key).is_some()
    }

    pub(crate) fn check_usage(
        &self,
        account: &str,
        new_bytes: usize,
        new_functions: usize,
    ) -> Result<(), Fault> {
        let (count, bytes) = self.catalog.usage(account);
        let is_over = count + new_functions > limits::FUNCTIONS_MAX
            || bytes.saturating_add(new_bytes as u64) > limits::CODE_BYTES_MAX;
        if is_over {
            return Err(Fault::new("CodeStorageExceededException", "Code storage limit exceeded."));
        }
        Ok(())
    }

    /// The stored function that an operation is about; those of the folder are not for it.
    pub(crate) fn stored(
        &self,
        query: &Query,
        qualifier: Option<&str>,
    ) -> Result<std::sync::Arc<FunctionRecord>, Fault> {
        let named = Named::parse(&query.caller, &query.argument, qualifier)?;
        if self.folder.find(&named.key.name).is_some() {
            let message = format!(
                "The code and configuration of {} are in the development folder; change it there.",
                named.key.name
            );
            return Err(Fault::new("ResourceConflictException", message).with_status(409));
        }
        named.check_reach(&query.caller)?;
        named.check_qualifier()?;
        let arn = named.arn();
        self.catalog.find(&named.key).ok_or_else(|| crate::invoke::not_found(&arn))
    }
}

/// The same function with other code.
pub(crate) fn with_code(record: &FunctionRecord, stored: Stored) -> FunctionRecord {
    FunctionRecord { code_digest: stored.digest, code_bytes: stored.bytes, ..record.clone() }
}
