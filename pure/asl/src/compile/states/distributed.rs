//! What only a distributed Map has (SFN-DMAP-1 to SFN-DMAP-13, SFN-BATCH-1, SFN-WRITER-4).

use super::{map, reader};
use crate::MachineKind;
use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::expression::Reach;
use crate::compile::fields;
use crate::compile::numbers::{self, Range};
use crate::compile::template;
use crate::model::{Distributed, Machine, MapMode, NumberField};

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
        item_reader: kept(context, at, "ItemReader", reader::check),
        item_batcher: kept(context, at, "ItemBatcher", check_batcher),
        result_writer: kept(context, at, "ResultWriter", check_writer),
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

/// A part that is checked here and kept as written.
fn kept(
    context: &mut Context,
    at: &At<'_>,
    name: &str,
    check: fn(&mut Context, &At<'_>),
) -> Option<serde_json::Value> {
    let part = at.member(name)?;
    if fields::is_object(context, &part) {
        check(context, &part);
    }
    Some(part.node.to_value())
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

fn check_batcher(context: &mut Context, at: &At<'_>) {
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
    numbers::field(context, at, "MaxItemsPerBatch", &BATCH_ITEMS);
    numbers::field(context, at, "MaxInputBytesPerBatch", &BATCH_BYTES);
    template::member(context, at, "BatchInput", Reach::NOTHING);
}

/// `Resource` goes with its parameters; `WriterConfig` may stand alone (SFN-WRITER-4).
fn check_writer(context: &mut Context, at: &At<'_>) {
    fields::check_fields(
        context,
        at,
        reader::with_parameters(&["Resource", "WriterConfig"]).as_slice(),
    );
    let parameters = reader::parameters(context, at);
    match (at.member("Resource"), parameters) {
        (Some(resource), true) => reader::check_resource(context, &resource, &["s3:putObject"]),
        (Some(_), false) => {
            let name = if context.is_jsonata() { "Arguments" } else { "Parameters" };
            fields::require(context, at, &[name]);
        }
        (None, true) => {
            fields::require(context, at, &["Resource"]);
        }
        (None, false) => {
            fields::require(context, at, &["WriterConfig"]);
        }
    }
    let Some(config) = at.member("WriterConfig") else { return };
    if fields::is_object(context, &config) {
        fields::check_names(context, &config, &["OutputType", "Transformation"]);
        fields::one_of(context, &config, "OutputType", &["JSON", "JSONL"]);
        let transformations = &["NONE", "COMPACT", "FLATTEN"];
        fields::one_of(context, &config, "Transformation", transformations);
    }
}
