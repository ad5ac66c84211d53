//! Map, distributed (SFN-DMAP-1…14): a map run is begun, and its end is the state's.

use asl::model::{self, Distributed, ItemReader, Kind, Map, ReadAction, State};
use serde_json::Value;

use crate::chain::Link;
use crate::dataflow::{self, Eyes};
use crate::effect::Effect;
use crate::errors::{Failed, Raised};
use crate::execution::{BegunRun, Doing, FrameId};
use crate::history::{Details, Failure};
use crate::map_run::{Batcher, CsvHeaders, MapRun, Reader, Source, Writer, made_label};
use crate::payload::Payload;
use crate::run::{Course, Run};
use crate::states;

/// Most CSV headers that a reader is given.
const CSV_HEADERS_MAX: usize = 10_000;
/// Redrives of one map run (SFN-SEM-43).
const REDRIVES_MAX: u64 = 1_000;

/// What is evaluated before MapStateStarted is written (SFN-HIST-77).
struct Early {
    items: Option<Payload>,
    length: u64,
    max_concurrency: u64,
}

pub(crate) fn begin(
    run: &mut Run<'_>,
    id: FrameId,
    map: &Map,
    distributed: &Distributed,
) -> Course {
    let early = match early(run, id, map, distributed) {
        Ok(early) => early,
        Err(raised) => return run.raise(id, raised),
    };
    run.emit(id, Link::Normal, Details::MapStateStarted { length: early.length })?;
    let frame = run.frame_mut(id);
    frame.attempts += 1;
    let attempt = frame.attempts;
    let plan = match plan(run, id, map, distributed, early) {
        Ok(plan) => MapRun { frame: id, attempt, ..plan },
        Err(raised) => return run.raise(id, raised),
    };
    let map_run_arn = plan.map_run_arn.clone();
    let started_id =
        run.emit(id, Link::Normal, Details::MapRunStarted { map_run_arn: map_run_arn.clone() })?;
    let (redrives, succeeded, output) = (0, false, None);
    let begun = BegunRun { attempt, map_run_arn, started_id, redrives, succeeded, output };
    let visit = &mut run.frame_mut(id).visit;
    visit.map_run = Some(Box::new(begun));
    visit.doing = Doing::MapRun { attempt };
    run.outbox.push(Effect::MapRun(Box::new(plan)));
    Ok(())
}

/// Goes on with the state's last run (SFN-SEM-50, SFN-HIST-98); with what came after it, when it
/// succeeded.
pub(crate) fn redrive(run: &mut Run<'_>, id: FrameId, begun: BegunRun) -> Course {
    let (attempt, redrive_count) = (begun.attempt, begun.redrives + 1);
    let map_run_arn = begun.map_run_arn.clone();
    run.rejoin(id, begun.started_id);
    if begun.succeeded {
        let output = begun.output.clone();
        run.frame_mut(id).visit.map_run = Some(Box::new(begun));
        return finish(run, id, output);
    }
    let redriven = BegunRun { redrives: redrive_count, ..begun };
    run.frame_mut(id).visit.map_run = Some(Box::new(redriven));
    if redrive_count > REDRIVES_MAX {
        let cause = format!("The Map Run reached the maximum number of redrives ({REDRIVES_MAX}).");
        return run.raise(id, Raised::Runtime(cause));
    }
    run.emit(id, Link::Normal, Details::MapRunRedriven { map_run_arn, redrive_count })?;
    run.frame_mut(id).visit.doing = Doing::MapRun { attempt };
    run.outbox.push(Effect::RedriveMapRun { frame: id, attempt, redrive_count });
    Ok(())
}

/// The run is over and all is well.
pub(crate) fn succeeded(
    run: &mut Run<'_>,
    id: FrameId,
    attempt: u32,
    output: Option<Payload>,
) -> Course {
    if !is_open(run, id, attempt) {
        return Ok(());
    }
    run.stop_doing(id);
    run.emit(id, Link::Aside, Details::MapRunSucceeded)?;
    run.emit(id, Link::Aside, Details::MapStateSucceeded)?;
    if let Some(begun) = &mut run.frame_mut(id).visit.map_run {
        (begun.succeeded, begun.output) = (true, output.clone());
    }
    finish(run, id, output)
}

fn finish(run: &mut Run<'_>, id: FrameId, output: Option<Payload>) -> Course {
    let of = &run.state(id).name;
    let too_long = || Raised::TooLong { of: String::from(&**of) };
    let output = output.ok_or_else(too_long);
    match output.and_then(|output| run.fits(&output, of).map(|()| output)) {
        Ok(output) => states::complete(run, id, output),
        Err(raised) => run.raise(id, raised),
    }
}

/// The run is over and failed.
pub(crate) fn failed(run: &mut Run<'_>, id: FrameId, attempt: u32, failure: Failure) -> Course {
    if !is_open(run, id, attempt) {
        return Ok(());
    }
    run.stop_doing(id);
    run.emit(id, Link::Normal, Details::MapRunFailed(failure.clone()))?;
    run.fail(id, Failed::reported(failure))
}

fn is_open(run: &Run<'_>, id: FrameId, attempt: u32) -> bool {
    let frame = run.execution.frames.get(&id);
    frame.is_some_and(|frame| frame.visit.doing == Doing::MapRun { attempt })
}

fn early(
    run: &Run<'_>,
    id: FrameId,
    map: &Map,
    distributed: &Distributed,
) -> Result<Early, Raised> {
    // With a reader nobody looks at the state's items, and their number is not known (SFN-DMAP-4).
    let items = match distributed.item_reader {
        Some(_) => None,
        None => Some(dataflow::items(run, id, map)?),
    };
    let length = match items.as_ref().map(Payload::value) {
        Some(Value::Array(items)) => items.len(),
        Some(Value::Object(members)) => members.len(),
        _ => 0,
    };
    let max_concurrency = match &map.max_concurrency {
        Some(field) => Eyes::new(run, id).count(field, "MaxConcurrency")?,
        None => 0,
    };
    Ok(Early { items, length: length as u64, max_concurrency })
}

fn plan(
    run: &Run<'_>,
    id: FrameId,
    map: &Map,
    distributed: &Distributed,
    early: Early,
) -> Result<MapRun, Raised> {
    let state = run.state(id);
    let eyes = Eyes::new(run, id);
    let tolerated = distributed.tolerated_failure_count.as_ref();
    let tolerated = tolerated.map(|field| eyes.count(field, "ToleratedFailureCount"));
    let share = distributed.tolerated_failure_percentage.as_ref();
    let share = share.map(|field| eyes.percentage(field, "ToleratedFailurePercentage"));
    let (tolerated_failure_count, tolerated_failure_percentage) =
        (tolerated.transpose()?, share.transpose()?);
    let source = match (early.items, &distributed.item_reader) {
        (_, Some(item_reader)) => Source::Reader(Box::new(reader(&eyes, state, item_reader)?)),
        (items, None) => Source::Items(items.unwrap_or_else(Payload::empty_object)),
    };
    let batcher = distributed.item_batcher.as_ref();
    let batcher = batcher.map(|batcher| self::batcher(&eyes, state, batcher)).transpose()?;
    let writer = distributed.result_writer.as_ref();
    let writer = writer.map(|writer| self::writer(&eyes, state, writer)).transpose()?;
    let path = path_of(run, id);
    let machine = &run.execution.head.about.state_machine_arn;
    let label = distributed.label.clone().unwrap_or_else(|| made_label(machine, &path));
    Ok(MapRun {
        frame: id,
        attempt: 0,
        map_run_arn: map_run_arn(run, id, &label),
        label,
        path,
        express_children: distributed.express_children,
        source,
        selects: map.item_selector.is_some(),
        batcher,
        writer,
        max_concurrency: early.max_concurrency,
        tolerated_failure_count,
        tolerated_failure_percentage,
    })
}

fn reader(eyes: &Eyes<'_>, state: &State, reader: &ItemReader) -> Result<Reader, Raised> {
    let config = &reader.config;
    let parameters = match &reader.parameters {
        Some(template) => dataflow::part(eyes, state, template, "ItemReader/Arguments")?,
        None => Payload::empty_object(),
    };
    let max_items = config.max_items.as_ref();
    let max_items = max_items.map(|field| eyes.signed(field, "MaxItems")).transpose()?;
    let csv_headers = match &config.csv_headers {
        None => None,
        Some(model::CsvHeaders::FirstRow) => Some(CsvHeaders::FirstRow),
        Some(model::CsvHeaders::Given(template)) => {
            let field = "ItemReader/ReaderConfig/CSVHeaders";
            let given = dataflow::part(eyes, state, template, field)?;
            Some(CsvHeaders::Given(headers(&given, field)?))
        }
    };
    Ok(Reader {
        lists: reader.action == ReadAction::ListObjects,
        parameters,
        input: config.input_type.map(Into::into),
        manifest: config.manifest_type.map(Into::into),
        flatten: config.flatten,
        items_pointer: config.items_pointer.clone(),
        csv_headers,
        csv_delimiter: config.csv_delimiter,
        max_items,
    })
}

fn headers(given: &Payload, field: &str) -> Result<Vec<String>, Raised> {
    let items = given.value().as_array().filter(|items| items.len() <= CSV_HEADERS_MAX);
    let texts = items.and_then(|items| {
        items.iter().map(|item| item.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
    });
    texts.ok_or_else(|| Raised::Query {
        cause: format!(
            "The field '{field}' must be an array of strings but was: {}",
            given.value()
        ),
        location: Some(field.into()),
    })
}

fn batcher(
    eyes: &Eyes<'_>,
    state: &State,
    batcher: &model::ItemBatcher,
) -> Result<Batcher, Raised> {
    let count = |field: &Option<model::NumberField>, name: &str| {
        field.as_ref().map(|field| eyes.count(field, name)).transpose()
    };
    let input = batcher.input.as_ref();
    let input = input.map(|input| dataflow::part(eyes, state, input, "ItemBatcher/BatchInput"));
    Ok(Batcher {
        items_max: count(&batcher.max_items, "MaxItemsPerBatch")?,
        bytes_max: count(&batcher.max_bytes, "MaxInputBytesPerBatch")?,
        input: input.transpose()?,
    })
}

fn writer(eyes: &Eyes<'_>, state: &State, writer: &model::ResultWriter) -> Result<Writer, Raised> {
    let parameters = writer.parameters.as_ref();
    let parameters = parameters
        .map(|template| dataflow::part(eyes, state, template, "ResultWriter/Arguments"))
        .transpose()?;
    let form = writer.transformation.map(Into::into);
    Ok(Writer { parameters, json_lines: writer.json_lines, form })
}

/// `…:mapRun:<machine>/<label>:<id>`; the machine of a child is labelled itself.
fn map_run_arn(run: &Run<'_>, id: FrameId, label: &str) -> String {
    let about = &run.execution.head.about;
    let attempt = run.frame(id).attempts;
    let run_id = run.environment.surroundings.map_run_id(id, attempt);
    let home = about.state_machine_arn.split(":stateMachine:").next().unwrap_or_default();
    format!("{home}:mapRun:{}/{label}:{run_id}", about.state_machine_name)
}

/// Names and branches that lead from the execution's machine to the state of a frame.
fn path_of(run: &Run<'_>, id: FrameId) -> Vec<String> {
    let mut path = Vec::new();
    let mut frame = run.frame(id);
    path.push(String::from(&*frame.visit.state));
    while let Some(parent) = frame.parent {
        if matches!(run.state(parent).kind, Kind::Parallel(_)) {
            path.push(frame.place.to_string());
        }
        frame = run.frame(parent);
        path.push(String::from(&*frame.visit.state));
    }
    path.reverse();
    path
}
