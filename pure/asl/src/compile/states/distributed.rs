//! What only a distributed Map has (SFN-DMAP-1 to SFN-DMAP-13, SFN-BATCH-1, SFN-WRITER-4).

use super::{map, reader};
use crate::MachineKind;
use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::expression::Reach;
use crate::compile::fields;
use crate::compile::numbers::{self, Range};
use crate::compile::template;
use crate::model::{
    Distributed, ItemBatcher, Machine, MapMode, NumberField, ResultWriter, Transformation,
};

/// The longest label of a map run, in characters.
const LABEL_CHARS_MAX: usize = 40;

/// What an inline Map may not have. It may have tolerances, as recorded; they do nothing there.
const FIELDS: &[&str] = &["ItemReader", "ItemBatcher", "ResultWriter", "Label"];

const COUNT: Range = Range::integer(0, f64::MAX);
const PERCENTAGE: Range = Range { min: 0.0, max: 100.0, fraction: true };
const BATCH_ITEMS: Range = Range::integer(1, f64::MAX);
/// SFN-BATCH-2
const BATCH_BYTES: Range = Range::integer(1, 262_144.0);

/// `ProcessorConfig`: the kind of the child executions, or `None` when the Map runs inline.
pub(super) fn execution_type(context: &mut Context, processor: &At<'_>) -> Option<MachineKind> {
    let config = processor.member("ProcessorConfig")?;
    if !fields::is_object(context, &config) {
        return None;
    }
    fields::check_names(context, &config, &["Mode", "ExecutionType"]);
    let mode = fields::one_of(context, &config, "Mode", &["INLINE", "DISTRIBUTED"]);
    if mode != Some("DISTRIBUTED") {
        return None;
    }
    if context.kind == MachineKind::Express {
        let message = "The field 'Mode' with value 'DISTRIBUTED' is not supported inside \
                       'EXPRESS' state machines";
        context.error_whole(&config, message);
    }
    fields::require(context, &config, &["ExecutionType"]);
    let kind = fields::one_of(context, &config, "ExecutionType", &["STANDARD", "EXPRESS"]);
    Some(if kind == Some("EXPRESS") { MachineKind::Express } else { MachineKind::Standard })
}

/// An inline Map's fields (SFN-MAP-9).
pub(super) fn check_inline(context: &mut Context, at: &At<'_>) {
    tolerances(context, at);
    for name in FIELDS {
        if let Some(member) = at.member(name) {
            let message = format!("Field '{name}' is not supported");
            context.error_within(at, member.key(), message);
        }
    }
}

pub(super) fn compile(
    context: &mut Context,
    at: &At<'_>,
    processor: &At<'_>,
    child: MachineKind,
) -> (MapMode, Option<Machine>) {
    let (tolerated_failure_count, tolerated_failure_percentage) = tolerances(context, at);
    let distributed = Distributed {
        express_children: child == MachineKind::Express,
        label: label(context, at),
        tolerated_failure_count,
        tolerated_failure_percentage,
        item_reader: part(context, at, "ItemReader", reader::compile),
        item_batcher: part(context, at, "ItemBatcher", batcher),
        result_writer: part(context, at, "ResultWriter", writer),
    };
    let processor = isolated(context, child, |context| map::processor(context, processor));
    (MapMode::Distributed(Box::new(distributed)), processor)
}

fn tolerances(context: &mut Context, at: &At<'_>) -> (Option<NumberField>, Option<NumberField>) {
    let count = numbers::field(context, at, "ToleratedFailureCount", &COUNT);
    (count, numbers::field(context, at, "ToleratedFailurePercentage", &PERCENTAGE))
}

/// Children are executions of their own kind that see no outer variables (SFN-VAR-5).
fn isolated<T>(
    context: &mut Context,
    child: MachineKind,
    compile: impl FnOnce(&mut Context) -> T,
) -> T {
    let kind = std::mem::replace(&mut context.kind, child);
    let assigned = std::mem::take(&mut context.assigned);
    let compiled = compile(context);
    context.assigned = assigned;
    context.kind = kind;
    compiled
}

/// A part that must be an object.
fn part<T>(
    context: &mut Context,
    at: &At<'_>,
    name: &str,
    compile: fn(&mut Context, &At<'_>) -> T,
) -> Option<T> {
    let part = at.member(name)?;
    fields::is_object(context, &part).then(|| compile(context, &part))
}

/// SFN-DMAP-13
fn label(context: &mut Context, at: &At<'_>) -> Option<String> {
    const FORBIDDEN: &str = "?*<>{}[]:;,\\|^~$#%&`\"";
    const INVALID: &str = "INVALID_LABEL_NAME";
    let label = fields::text_member(context, at, "Label")?;
    let member = at.member("Label")?;
    let odd =
        |letter: char| letter.is_whitespace() || letter.is_control() || FORBIDDEN.contains(letter);
    if label.chars().count() > LABEL_CHARS_MAX {
        let message = format!(
            "Label name '{label}' exceeds the {LABEL_CHARS_MAX}-character limit allowed by the \
             service"
        );
        context.error_as(INVALID, &member, message);
    } else if label.is_empty() || label.chars().any(odd) {
        let message = format!("Label name '{label}' contains invalid characters");
        context.error_as(INVALID, &member, message);
    }
    if !context.labels.insert(label.to_owned()) {
        let message = format!("Duplicate Label name: {label}");
        context.error_as("DUPLICATE_LABEL_NAME", &member, message);
    }
    Some(label.to_owned())
}

fn batcher(context: &mut Context, at: &At<'_>) -> ItemBatcher {
    const LIMITS: &[&str] = &[
        "MaxItemsPerBatch",
        "MaxItemsPerBatchPath",
        "MaxInputBytesPerBatch",
        "MaxInputBytesPerBatchPath",
    ];
    let known = [LIMITS, &["BatchInput"]].concat();
    fields::check_names(context, at, &known);
    if !LIMITS.iter().any(|limit| at.has(limit)) {
        let message = format!(
            "This object should have at least one of the following fields: [{}]",
            LIMITS.join(", ")
        );
        context.error_whole(at, message);
    }
    ItemBatcher {
        max_items: numbers::field(context, at, "MaxItemsPerBatch", &BATCH_ITEMS),
        max_bytes: numbers::field(context, at, "MaxInputBytesPerBatch", &BATCH_BYTES),
        input: template::member(context, at, "BatchInput", Reach::NOTHING),
    }
}

/// `Resource` goes with its parameters; `WriterConfig` may stand alone (SFN-WRITER-4).
fn writer(context: &mut Context, at: &At<'_>) -> ResultWriter {
    let known = reader::with_parameters(&["Resource", "WriterConfig"]);
    fields::check_fields(context, at, &known);
    let parameters = reader::parameters(context, at);
    match (at.member("Resource"), &parameters) {
        (Some(resource), Some(_)) => {
            reader::resource(context, &resource, &["s3:putObject"]);
        }
        (Some(_), None) => {
            let name = if context.is_jsonata() { "Arguments" } else { "Parameters" };
            fields::require(context, at, &[name]);
        }
        (None, Some(_)) => {
            fields::require(context, at, &["Resource"]);
        }
        (None, None) => {
            fields::require(context, at, &["WriterConfig"]);
        }
    }
    let mut writer = ResultWriter { parameters, ..ResultWriter::default() };
    let Some(config) = at.member("WriterConfig") else { return writer };
    if fields::is_object(context, &config) {
        fields::check_names(context, &config, &["OutputType", "Transformation"]);
        let output = fields::one_of(context, &config, "OutputType", &["JSON", "JSONL"]);
        writer.json_lines = output == Some("JSONL");
        let transformations = &["NONE", "COMPACT", "FLATTEN"];
        writer.transformation =
            match fields::one_of(context, &config, "Transformation", transformations) {
                Some("NONE") => Some(Transformation::None),
                Some("COMPACT") => Some(Transformation::Compact),
                Some("FLATTEN") => Some(Transformation::Flatten),
                _ => None,
            };
    }
    writer
}
