//! `ItemReader` of a distributed Map (SFN-READER-1 to SFN-READER-3).

use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::expression::Reach;
use crate::compile::fields::{self, In};
use crate::compile::numbers::{self, Range};
use crate::compile::template;
use crate::read::tree::Shape;

const MAX_ITEMS: Range = Range::integer(0, 100_000_000.0);

const CONFIG_FIELDS: &[(&str, In)] = &[
    ("InputType", In::Both),
    ("ManifestType", In::Both),
    ("Transformation", In::Both),
    ("ItemsPointer", In::Both),
    ("CSVHeaderLocation", In::Both),
    ("CSVHeaders", In::Both),
    ("CSVDelimiter", In::Both),
    ("MaxItems", In::Both),
    ("MaxItemsPath", In::JsonPath),
];

const CSV_FIELDS: &[&str] = &["CSVHeaderLocation", "CSVHeaders", "CSVDelimiter"];

pub(super) fn check(context: &mut Context, at: &At<'_>) {
    let known = with_parameters(&["Resource", "ReaderConfig"]);
    fields::check_fields(context, at, &known);
    fields::require(context, at, &["Resource"]);
    if let Some(resource) = at.member("Resource") {
        check_resource(context, &resource, &["s3:getObject", "s3:listObjectsV2"]);
    }
    parameters(context, at);
    if let Some(config) = at.member("ReaderConfig")
        && fields::is_object(context, &config)
    {
        check_config(context, &config);
    }
}

/// `names`, and the parameters of either language.
pub(super) fn with_parameters(names: &[&'static str]) -> Vec<(&'static str, In)> {
    let mut known: Vec<_> = names.iter().map(|name| (*name, In::Both)).collect();
    known.extend([("Parameters", In::JsonPath), ("Arguments", In::Jsonata)]);
    known
}

/// Checks the parameters of the state's language. Answers whether there are any.
pub(super) fn parameters(context: &mut Context, at: &At<'_>) -> bool {
    let name = if context.is_jsonata() { "Arguments" } else { "Parameters" };
    template::member(context, at, name, Reach::NOTHING).is_some()
}

/// `arn:<partition>:states:::<one of the actions>`
pub(super) fn check_resource(context: &mut Context, at: &At<'_>, actions: &[&str]) {
    let Some(text) = fields::text(context, at) else { return };
    let action = text
        .strip_prefix("arn:")
        .and_then(|rest| rest.split_once(':'))
        .and_then(|(_, rest)| rest.strip_prefix("states:::"));
    if !action.is_some_and(|action| actions.contains(&action)) {
        context.error(at, "The field 'Resource' does not match any of the allowed values");
    }
}

fn check_config(context: &mut Context, at: &At<'_>) {
    fields::check_fields(context, at, CONFIG_FIELDS);
    let types = &["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"];
    let input = fields::one_of(context, at, "InputType", types);
    let manifest = fields::one_of(context, at, "ManifestType", &["ATHENA_DATA", "S3_INVENTORY"]);
    let flatten = fields::one_of(context, at, "Transformation", &["NONE", "LOAD_AND_FLATTEN"]);
    if flatten == Some("LOAD_AND_FLATTEN") && input.is_none() {
        context.error_whole(at, "The field 'InputType' is required");
    }
    check_csv(context, at, input, manifest);
    check_pointer(context, at);
    numbers::field(context, at, "MaxItems", &MAX_ITEMS);
}

fn check_csv(context: &mut Context, at: &At<'_>, input: Option<&str>, manifest: Option<&str>) {
    let locations = &["FIRST_ROW", "GIVEN"];
    let location = fields::one_of(context, at, "CSVHeaderLocation", locations);
    let delimiters = &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"];
    fields::one_of(context, at, "CSVDelimiter", delimiters);
    template::member(context, at, "CSVHeaders", Reach::NOTHING);
    match input {
        Some("CSV") if !at.has("CSVHeaderLocation") => {
            context.error_whole(at, "The field 'CSVHeaderLocation' is required");
        }
        // A manifest may list CSV files, whose headers are told here.
        Some("CSV" | "MANIFEST") | None => {}
        Some(_) if manifest.is_some() => {}
        Some(_) => refuse_csv(context, at),
    }
    if location == Some("GIVEN") {
        fields::require(context, at, &["CSVHeaders"]);
    }
    check_headers(context, at);
}

fn refuse_csv(context: &mut Context, at: &At<'_>) {
    for name in CSV_FIELDS {
        if let Some(member) = at.member(name) {
            let message = format!("Field '{name}' is not supported");
            context.error_within(at, member.key(), message);
        }
    }
}

/// A list of texts; in JSONata perhaps an expression.
fn check_headers(context: &mut Context, at: &At<'_>) {
    let Some(headers) = at.member("CSVHeaders") else { return };
    match headers.node.shape {
        Shape::Text(_) if context.is_jsonata() => {}
        Shape::Array(_) => {
            for header in headers.items() {
                fields::text(context, &header);
            }
        }
        _ => context.error(&headers, "Expected value of type [ARRAY]"),
    }
}

fn check_pointer(context: &mut Context, at: &At<'_>) {
    let Some(pointer) = fields::text_member(context, at, "ItemsPointer") else { return };
    if !pointer.is_empty() && !pointer.starts_with('/') {
        let message =
            format!("Invalid input: JSON Pointer expression must start with '/': \"{pointer}\"");
        if let Some(member) = at.member("ItemsPointer") {
            context.error(&member, message);
        }
    }
}
