//! Map and Parallel under test: all is evaluated that comes before their children and after them,
//! the outcome of the children is given (SFN-TEST-9, SFN-TEST-14).

use asl::model::{ItemBatcher, ItemReader, Items, Map, MapMode, NumberField};
use serde_json::{Map as Object, Value};

use crate::dataflow::{self, Eyes};
use crate::errors::{Failed, Raised};
use crate::execution::{FrameId, MapItem, Outcome};
use crate::history::Failure;
use crate::observe::{Mapped, Stage, StandIn};
use crate::payload::Payload;
use crate::run::{Course, Run};
use crate::states;

/// Items whose inputs are worked out; each may look at the whole context object.
const ITEMS_SHOWN_MAX: usize = 1_000;
/// Most bytes of a batch's input (SFN-BATCH-2).
const BATCH_BYTES_MAX: u64 = 262_144;

const THRESHOLD: &str = "States.ExceedToleratedFailureThreshold";
const THRESHOLD_CAUSE: &str = "The specified tolerated failure threshold was exceeded";

pub(crate) fn parallel(run: &mut Run<'_>, id: FrameId, mock: &StandIn) -> Course {
    match dataflow::effective(run, id) {
        Ok(_) => conclude(run, id, mock.outcome.clone()),
        Err(raised) => run.raise(id, raised),
    }
}

pub(crate) fn map(run: &mut Run<'_>, id: FrameId, map: &Map, mock: &StandIn) -> Course {
    if let Some(Err(failure)) = &mock.items {
        return run.fail(id, Failed::reported(failure.clone()));
    }
    match prepare(run, id, map, mock) {
        Ok(mapped) => {
            let failed = mock.failed_iterations.filter(|failed| exceeds(&mapped, *failed));
            run.watch(|observer| observer.mapped(mapped));
            let outcome = match (&mock.outcome, failed) {
                (Outcome::Succeeded(_), Some(_)) => Outcome::Failed(Failure {
                    error: Some(THRESHOLD.into()),
                    cause: Some(THRESHOLD_CAUSE.into()),
                }),
                (outcome, _) => outcome.clone(),
            };
            conclude(run, id, outcome)
        }
        Err(raised) => run.raise(id, raised),
    }
}

fn conclude(run: &mut Run<'_>, id: FrameId, outcome: Outcome) -> Course {
    match outcome {
        Outcome::Succeeded(result) => states::complete(run, id, result),
        Outcome::Failed(failure) => run.fail(id, Failed::reported(failure)),
    }
}

/// Everything that is evaluated before the first child would run.
fn prepare(run: &Run<'_>, id: FrameId, map: &Map, mock: &StandIn) -> Result<Mapped, Raised> {
    let eyes = Eyes::new(run, id);
    let distributed = match &map.mode {
        MapMode::Distributed(distributed) => Some(&**distributed),
        MapMode::Inline => None,
    };
    let items = match distributed.and_then(|distributed| distributed.item_reader.as_ref()) {
        Some(reader) => read(&eyes, reader, mock)?,
        None => Some(items(run, id, map)?),
    };
    let mut mapped = Mapped::default();
    if let Some(items) = &items {
        let batcher = distributed.and_then(|distributed| distributed.item_batcher.as_ref());
        mapped.iterations = iterations(&eyes, map, items.value(), batcher)?;
    }
    let count = |field: &Option<NumberField>, name: &str| {
        field.as_ref().map(|field| eyes.count(field, name)).transpose()
    };
    mapped.max_concurrency = count(&map.max_concurrency, "MaxConcurrency")?.unwrap_or(0);
    if let Some(distributed) = distributed {
        mapped.tolerated_failure_count =
            count(&distributed.tolerated_failure_count, "ToleratedFailureCount")?;
        let share = distributed.tolerated_failure_percentage.as_ref();
        let share = share.map(|field| eyes.percentage(field, "ToleratedFailurePercentage"));
        mapped.tolerated_failure_percentage = share.transpose()?;
    }
    Ok(mapped)
}

/// How many iterations there are, where that is known; shows what they begin with.
fn iterations(
    eyes: &Eyes<'_>,
    map: &Map,
    items: &Value,
    batcher: Option<&ItemBatcher>,
) -> Result<Option<u64>, Raised> {
    let all = length(items);
    if map.item_selector.is_none() && batcher.is_none() {
        return Ok(Some(all));
    }
    let inputs = inputs(eyes, map, items)?;
    if map.item_selector.is_some() {
        eyes.watch(Stage::ItemSelector, &Payload::array(&inputs));
    }
    let Some(batcher) = batcher else { return Ok(Some(all)) };
    let batches = batches(eyes, batcher, &inputs)?;
    eyes.watch(Stage::ItemBatcher, &Payload::array(&batches));
    Ok((inputs.len() as u64 == all).then_some(batches.len() as u64))
}

/// What the reader would have read, as far as it was given.
fn read(eyes: &Eyes<'_>, reader: &ItemReader, mock: &StandIn) -> Result<Option<Payload>, Raised> {
    if let Some(parameters) = &reader.parameters {
        dataflow::template(eyes, parameters, "ItemReader")?;
    }
    let most = reader.config.max_items.as_ref().map(|field| eyes.count(field, "MaxItems"));
    let most = most.transpose()?.filter(|most| *most > 0);
    let Some(Ok(items)) = &mock.items else { return Ok(None) };
    Ok(Some(match most.and_then(|most| usize::try_from(most).ok()) {
        Some(most) => first(items.value(), most),
        None => items.clone(),
    }))
}

fn first(items: &Value, most: usize) -> Payload {
    Payload::from_value(match items {
        Value::Array(items) => Value::Array(items.iter().take(most).cloned().collect()),
        Value::Object(members) => {
            let kept = members.iter().take(most);
            Value::Object(kept.map(|(key, value)| (key.clone(), value.clone())).collect())
        }
        other => other.clone(),
    })
}

/// The items, which must be an array here (SFN-TEST-16).
fn items(run: &Run<'_>, id: FrameId, map: &Map) -> Result<Payload, Raised> {
    let items = dataflow::items(run, id, map)?;
    if let Items::Path(field) = &map.items {
        if !items.value().is_array() {
            return Err(dataflow::no_array(field));
        }
        run.watch(|observer| observer.stage(Stage::ItemsPath, &items));
    }
    Ok(items)
}

/// Whether so many failures are too many. What has no tolerance is not asked (SFN-TEST-14).
fn exceeds(mapped: &Mapped, failed: u64) -> bool {
    let over_count = mapped.tolerated_failure_count.is_some_and(|most| failed > most);
    let over_share = match (mapped.tolerated_failure_percentage, mapped.iterations) {
        (Some(most), Some(all)) if all > 0 => failed as f64 * 100.0 / all as f64 > most,
        (Some(_), _) => failed > 0,
        (None, _) => false,
    };
    over_count || over_share
}

fn length(items: &Value) -> u64 {
    match items {
        Value::Array(items) => items.len() as u64,
        Value::Object(members) => members.len() as u64,
        _ => 0,
    }
}

/// The inputs of the first iterations.
fn inputs(eyes: &Eyes<'_>, map: &Map, items: &Value) -> Result<Vec<Payload>, Raised> {
    let item = |index: usize, key: Option<&String>, value: &Value| MapItem {
        index: index as u64,
        value: Payload::from_value(value.clone()),
        key: key.cloned(),
    };
    let items: Vec<MapItem> = match items {
        Value::Array(items) => {
            let shown = items.iter().take(ITEMS_SHOWN_MAX).enumerate();
            shown.map(|(index, value)| item(index, None, value)).collect()
        }
        Value::Object(members) => {
            let shown = members.iter().take(ITEMS_SHOWN_MAX).enumerate();
            shown.map(|(index, (key, value))| item(index, Some(key), value)).collect()
        }
        _ => Vec::new(),
    };
    items.iter().map(|item| dataflow::item_input(eyes.run, eyes.id, map, item)).collect()
}

/// The inputs in batches (SFN-BATCH-1, SFN-BATCH-2).
fn batches(
    eyes: &Eyes<'_>,
    batcher: &ItemBatcher,
    inputs: &[Payload],
) -> Result<Vec<Payload>, Raised> {
    let count = |field: &Option<NumberField>, name: &str| {
        field.as_ref().map(|field| eyes.count(field, name)).transpose()
    };
    let max_items = count(&batcher.max_items, "MaxItemsPerBatch")?.unwrap_or(u64::MAX);
    let max_bytes = count(&batcher.max_bytes, "MaxInputBytesPerBatch")?;
    let max_bytes = max_bytes.unwrap_or(BATCH_BYTES_MAX).min(BATCH_BYTES_MAX);
    let batch_input = batcher.input.as_ref();
    let batch_input = batch_input
        .map(|template| dataflow::template(eyes, template, "ItemBatcher/BatchInput"))
        .transpose()?;
    let frame_bytes = batch(batch_input.as_ref(), &[]).bytes() as u64;
    let (mut batches, mut open, mut bytes) = (Vec::new(), Vec::new(), frame_bytes);
    for input in inputs {
        let more = input.bytes() as u64 + 1;
        let full = open.len() as u64 >= max_items || bytes + more > max_bytes;
        if full && !open.is_empty() {
            batches.push(batch(batch_input.as_ref(), &open));
            open.clear();
            bytes = frame_bytes;
        }
        bytes += more;
        open.push(input.clone());
    }
    if !open.is_empty() {
        batches.push(batch(batch_input.as_ref(), &open));
    }
    Ok(batches)
}

fn batch(batch_input: Option<&Value>, items: &[Payload]) -> Payload {
    let mut members = Object::new();
    if let Some(input) = batch_input {
        members.insert("BatchInput".into(), input.clone());
    }
    let items = items.iter().map(|item| item.value().clone()).collect();
    members.insert("Items".into(), Value::Array(items));
    Payload::from_value(Value::Object(members))
}
