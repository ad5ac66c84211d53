//! `ItemReader` of a distributed Map (SFN-READER-1 to SFN-READER-3).

use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::expression::Reach;
use crate::compile::fields::{self, In};
use crate::compile::numbers::{self, Range};
use crate::compile::template;
use crate::model::{
    CsvHeaders, InputType, ItemReader, ManifestType, ReadAction, ReaderConfig, Template,
};
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

const ACTIONS: &[&str] = &["s3:getObject", "s3:listObjectsV2"];

pub(super) fn compile(context: &mut Context, at: &At<'_>) -> ItemReader {
    let known = with_parameters(&["Resource", "ReaderConfig"]);
    fields::check_fields(context, at, &known);
    fields::require(context, at, &["Resource"]);
    let action = at.member("Resource").and_then(|at| resource(context, &at, ACTIONS));
    let action = match action.as_deref() {
        Some("s3:listObjectsV2") => ReadAction::ListObjects,
        _ => ReadAction::GetObject,
    };
    let parameters = parameters(context, at);
    let config = at.member("ReaderConfig");
    let config = config.filter(|config| fields::is_object(context, config));
    let config = config.map(|at| self::config(context, &at)).unwrap_or_default();
    ItemReader { action, parameters, config }
}

/// `names`, and the parameters of either language.
pub(super) fn with_parameters(names: &[&'static str]) -> Vec<(&'static str, In)> {
    let mut known: Vec<_> = names.iter().map(|name| (*name, In::Both)).collect();
    known.extend([("Parameters", In::JsonPath), ("Arguments", In::Jsonata)]);
    known
}

/// The parameters of the state's language, when there are any.
pub(super) fn parameters(context: &mut Context, at: &At<'_>) -> Option<Template> {
    let name = if context.is_jsonata() { "Arguments" } else { "Parameters" };
    template::member(context, at, name, Reach::NOTHING)
}

/// `arn:<partition>:states:::<one of the actions>`: the action.
pub(super) fn resource(context: &mut Context, at: &At<'_>, actions: &[&str]) -> Option<String> {
    let text = fields::text(context, at)?;
    let action = text
        .strip_prefix("arn:")
        .and_then(|rest| rest.split_once(':'))
        .and_then(|(_, rest)| rest.strip_prefix("states:::"));
    let action = action.filter(|action| actions.contains(action));
    if action.is_none() {
        context.error(at, "The field 'Resource' does not match any of the allowed values");
    }
    action.map(str::to_owned)
}

fn config(context: &mut Context, at: &At<'_>) -> ReaderConfig {
    fields::check_fields(context, at, CONFIG_FIELDS);
    let types = &["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"];
    let input = fields::one_of(context, at, "InputType", types);
    let manifest = fields::one_of(context, at, "ManifestType", &["ATHENA_DATA", "S3_INVENTORY"]);
    let flatten = fields::one_of(context, at, "Transformation", &["NONE", "LOAD_AND_FLATTEN"]);
    let flatten = flatten == Some("LOAD_AND_FLATTEN");
    if flatten && input.is_none() {
        context.error_whole(at, "The field 'InputType' is required");
    }
    ReaderConfig {
        input_type: input.and_then(input_type),
        manifest_type: match manifest {
            Some("ATHENA_DATA") => Some(ManifestType::AthenaData),
            Some("S3_INVENTORY") => Some(ManifestType::S3Inventory),
            _ => None,
        },
        flatten,
        csv_headers: csv_headers(context, at, input, manifest),
        csv_delimiter: csv_delimiter(context, at),
        items_pointer: pointer(context, at),
        max_items: numbers::field(context, at, "MaxItems", &MAX_ITEMS),
    }
}

fn input_type(name: &str) -> Option<InputType> {
    Some(match name {
        "CSV" => InputType::Csv,
        "JSON" => InputType::Json,
        "JSONL" => InputType::JsonLines,
        "PARQUET" => InputType::Parquet,
        "MANIFEST" => InputType::Manifest,
        _ => return None,
    })
}

fn csv_delimiter(context: &mut Context, at: &At<'_>) -> Option<char> {
    let delimiters = &["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"];
    match fields::one_of(context, at, "CSVDelimiter", delimiters)? {
        "COMMA" => Some(','),
        "PIPE" => Some('|'),
        "SEMICOLON" => Some(';'),
        "SPACE" => Some(' '),
        "TAB" => Some('\t'),
        _ => None,
    }
}

fn csv_headers(
    context: &mut Context,
    at: &At<'_>,
    input: Option<&str>,
    manifest: Option<&str>,
) -> Option<CsvHeaders> {
    let locations = &["FIRST_ROW", "GIVEN"];
    let location = fields::one_of(context, at, "CSVHeaderLocation", locations);
    let given = template::member(context, at, "CSVHeaders", Reach::NOTHING);
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
    match location {
        Some("FIRST_ROW") => Some(CsvHeaders::FirstRow),
        Some("GIVEN") => given.map(CsvHeaders::Given),
        _ => None,
    }
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

fn pointer(context: &mut Context, at: &At<'_>) -> Option<String> {
    let pointer = fields::text_member(context, at, "ItemsPointer")?;
    if !pointer.is_empty() && !pointer.starts_with('/') {
        let message =
            format!("Invalid input: JSON Pointer expression must start with '/': \"{pointer}\"");
        if let Some(member) = at.member("ItemsPointer") {
            context.error(&member, message);
        }
    }
    Some(pointer.to_owned())
}
