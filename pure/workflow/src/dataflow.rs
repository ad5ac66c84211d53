//! How data flows through a state, in either query language: what its work gets, what it gives
//! (language.md §6, §7).

mod context;
mod eyes;
mod fields;
mod jsonata;
pub(crate) mod order;
mod template;
mod variables;

use asl::model::{Catcher, Flow, Items, JsonPathFlow, Map, Pass, PathField, Rule, State, Template};
use serde_json::Value;

pub(crate) use eyes::Eyes;

use crate::Large;
use crate::errors::Raised;
use crate::execution::{FrameId, MapItem};
use crate::observe::Stage;
use crate::payload::Payload;
use crate::run::Run;

/// What a state leaves with.
#[derive(Debug)]
pub(crate) struct Exit {
    pub(crate) output: Payload,
    /// Variables assigned, in order.
    pub(crate) assigned: Vec<(String, Payload)>,
}

/// The rule of a Choice that matched.
pub(crate) struct Chosen<'r> {
    pub(crate) number: usize,
    pub(crate) rule: &'r Rule,
}

impl Run<'_> {
    /// Refuses a payload over the limit (SFN-IO-6) and one that could not be read again; `of` names
    /// the state or task it is from.
    pub(crate) fn fits(&self, payload: &Payload, of: &str) -> Result<(), Raised> {
        let (bytes, limits) = (payload.bytes(), self.environment.limits);
        if bytes > limits.payload_bytes_max {
            return Err(Raised::TooLong { of: of.into() });
        }
        if payload.is_too_deep() {
            return Err(Raised::TooDeep { of: of.into() });
        }
        if bytes >= limits.payload_bytes_told {
            let mut large = self.large.borrow_mut();
            if large.as_ref().is_none_or(|large| large.bytes < bytes) {
                *large = Some(Large { bytes, of: of.to_owned() });
            }
        }
        Ok(())
    }
}

/// The input of a Task's work: Parameters or Arguments, or the effective input.
pub(crate) fn arguments(eyes: &Eyes<'_>, state: &State) -> Result<Payload, Raised> {
    match &state.flow {
        Flow::JsonPath(flow) => parameters(eyes, flow),
        Flow::Jsonata(flow) => {
            let arguments = match &flow.arguments {
                Some(template) => Payload::from_value(eyes.jsonata(template, "Arguments")?),
                None => eyes.input().clone(),
            };
            eyes.watch(Stage::Arguments, &arguments);
            Ok(arguments)
        }
    }
}

/// The input of the branches of a Parallel.
pub(crate) fn effective(run: &Run<'_>, id: FrameId) -> Result<Payload, Raised> {
    let state = run.state(id);
    let input = arguments(&Eyes::new(run, id), state)?;
    run.fits(&input, &state.name)?;
    Ok(input)
}

/// Output of a Task, Parallel or Map from the result of its work.
pub(crate) fn worked(run: &Run<'_>, id: FrameId, result: Payload) -> Result<Exit, Raised> {
    let state = run.state(id);
    let mut eyes = Eyes::new(run, id);
    eyes.watch(Stage::Result, &result);
    match &state.flow {
        Flow::JsonPath(flow) => {
            let selected = match &flow.result_selector {
                Some(template) => Payload::from_value(eyes.fill(template, result.value())?),
                None => result.clone(),
            };
            run.fits(&selected, &state.name)?;
            eyes.watch(Stage::ResultSelector, &selected);
            let output = merged(&eyes, flow, selected)?;
            let assigned = paths_assign(&eyes, state.assign.as_ref(), &result)?;
            finish(run, state, output, assigned)
        }
        Flow::Jsonata(flow) => {
            eyes.result = Some(result.clone());
            let output = jsonata_output(&eyes, flow.output.as_ref(), "Output", result)?;
            let assigned = jsonata_assign(&eyes, state.assign.as_ref(), "Assign")?;
            finish(run, state, output, assigned)
        }
    }
}

/// Output of a Pass. `Result` is verbatim, and makes the input not even looked at (SFN-IO-3).
pub(crate) fn passed(run: &Run<'_>, id: FrameId, pass: &Pass) -> Result<Exit, Raised> {
    let state = run.state(id);
    let Flow::JsonPath(flow) = &state.flow else { return idle(run, id) };
    let eyes = Eyes::new(run, id);
    let result = match &pass.result {
        Some(result) => {
            let result = Payload::from_value(result.clone());
            eyes.watch(Stage::Result, &result);
            result
        }
        None => parameters(&eyes, flow)?,
    };
    run.fits(&result, &state.name)?;
    eyes.watch(Stage::ResultSelector, &result);
    let output = merged(&eyes, flow, result.clone())?;
    let assigned = paths_assign(&eyes, state.assign.as_ref(), &result)?;
    finish(run, state, output, assigned)
}

/// Output of a state without work of its own (SFN-IO-4, SFN-JA-30).
pub(crate) fn idle(run: &Run<'_>, id: FrameId) -> Result<Exit, Raised> {
    chosen(run, id, None)
}

/// Output of a Choice. A rule's Output and Assign stand in for the state's (SFN-JA-33).
pub(crate) fn chosen(
    run: &Run<'_>,
    id: FrameId,
    chosen: Option<Chosen<'_>>,
) -> Result<Exit, Raised> {
    let state = run.state(id);
    let eyes = Eyes::new(run, id);
    let place = |field: &str| match &chosen {
        Some(chosen) => format!("Choices[{}]/{field}", chosen.number),
        None => field.into(),
    };
    let rule = chosen.as_ref().map(|chosen| chosen.rule);
    let assign = rule.map_or(state.assign.as_ref(), |rule| rule.assign.as_ref());
    match &state.flow {
        Flow::JsonPath(flow) => {
            let output = eyes.path_field(&flow.output_path, eyes.effective_input()?)?;
            let assigned = paths_assign(&eyes, assign, eyes.effective_input()?)?;
            finish(run, state, output, assigned)
        }
        Flow::Jsonata(flow) => {
            let (template, field) = match rule.and_then(|rule| rule.output.as_ref()) {
                Some(template) => (Some(template), place("Output")),
                None => (flow.output.as_ref(), "Output".into()),
            };
            let output = jsonata_output(&eyes, template, &field, eyes.input().clone())?;
            let assigned = jsonata_assign(&eyes, assign, &place("Assign"))?;
            finish(run, state, output, assigned)
        }
    }
}

/// Output of a state whose failure a catcher took (SFN-CATCH-2, SFN-JA-34).
pub(crate) fn caught(
    run: &Run<'_>,
    id: FrameId,
    number: usize,
    catcher: &Catcher,
    error_output: Payload,
) -> Result<Exit, Raised> {
    let state = run.state(id);
    let mut eyes = Eyes::new(run, id);
    match &state.flow {
        Flow::JsonPath(_) => {
            let output = insert(&eyes, &catcher.result_path, error_output.clone())?;
            let assigned = paths_assign(&eyes, catcher.assign.as_ref(), &error_output)?;
            finish(run, state, output, assigned)
        }
        Flow::Jsonata(_) => {
            eyes.error_output = Some(error_output.clone());
            let place = |field: &str| format!("Catch[{number}]/{field}");
            let template = catcher.output.as_ref();
            let output = jsonata_output(&eyes, template, &place("Output"), error_output)?;
            let assigned = jsonata_assign(&eyes, catcher.assign.as_ref(), &place("Assign"))?;
            finish(run, state, output, assigned)
        }
    }
}

/// The items of a Map: an array or an object (SFN-MAP-2, SFN-MAP-3).
pub(crate) fn items(run: &Run<'_>, id: FrameId, map: &Map) -> Result<Payload, Raised> {
    let eyes = Eyes::new(run, id);
    match &map.items {
        Items::Path(field) => {
            let items = eyes.path_field(field, eyes.effective_input()?)?;
            if items.value().is_array() || items.value().is_object() {
                return Ok(items);
            }
            Err(no_array(field))
        }
        Items::Jsonata(Template::Jsonata(expression)) => {
            eyes.array_of(expression, "Items").map(Payload::from_value)
        }
        Items::Jsonata(template) => eyes.jsonata(template, "Items").map(Payload::from_value),
        Items::Input if eyes.input().value().is_array() => Ok(eyes.input().clone()),
        Items::Input => Err(Raised::Query {
            cause: format!("Map state input must be an array but was: {}", eyes.input().value()),
            location: None,
        }),
    }
}

/// Items that cannot be iterated; the context object's path loses a `$` (SFN-MAP-3, SFN-TEST-16).
pub(crate) fn no_array(field: &PathField) -> Raised {
    let text = match field {
        PathField::Path(path) => path.text(),
        PathField::Whole | PathField::Nothing => "$",
    };
    let text = text.strip_prefix('$').filter(|rest| rest.starts_with('$')).unwrap_or(text);
    Raised::Runtime(format!("Reference path \"{text}\" must point to array."))
}

/// A value of the field `field`, from the effective input.
pub(crate) fn template(eyes: &Eyes<'_>, template: &Template, field: &str) -> Result<Value, Raised> {
    match &eyes.state().flow {
        Flow::JsonPath(_) => eyes.fill(template, eyes.effective_input()?.value()),
        Flow::Jsonata(_) => eyes.jsonata(template, field),
    }
}

/// The input of one iteration (SFN-MAP-4).
pub(crate) fn item_input(
    run: &Run<'_>,
    id: FrameId,
    map: &Map,
    item: &MapItem,
) -> Result<Payload, Raised> {
    item_input_from(run, id, map, item, "STATE_DATA")
}

/// The input of one iteration whose item is from `source` (SFN-CTX-4).
pub(crate) fn item_input_from(
    run: &Run<'_>,
    id: FrameId,
    map: &Map,
    item: &MapItem,
    source: &str,
) -> Result<Payload, Raised> {
    let Some(selector) = &map.item_selector else { return Ok(item.value.clone()) };
    let state = run.state(id);
    let mut eyes = Eyes::new(run, id);
    eyes.item = Some(item);
    eyes.source = source;
    let input = match &state.flow {
        Flow::JsonPath(_) => eyes.fill(selector, eyes.effective_input()?.value())?,
        Flow::Jsonata(_) => eyes.jsonata(selector, "ItemSelector")?,
    };
    let input = Payload::from_value(input);
    run.fits(&input, &state.name)?;
    Ok(input)
}

/// A template of a distributed Map, of the state's language; `field` is named in JSONata.
pub(crate) fn part(
    eyes: &Eyes<'_>,
    state: &State,
    template: &Template,
    field: &str,
) -> Result<Payload, Raised> {
    let value = match &state.flow {
        Flow::JsonPath(_) => eyes.fill(template, eyes.effective_input()?.value())?,
        Flow::Jsonata(_) => eyes.jsonata(template, field)?,
    };
    Ok(Payload::from_value(value))
}

fn parameters(eyes: &Eyes<'_>, flow: &JsonPathFlow) -> Result<Payload, Raised> {
    let input = eyes.effective_input()?;
    let parameters = match &flow.parameters {
        Some(template) => Payload::from_value(eyes.fill(template, input.value())?),
        None => input.clone(),
    };
    eyes.watch(Stage::Parameters, &parameters);
    Ok(parameters)
}

/// ResultPath, then OutputPath.
fn merged(eyes: &Eyes<'_>, flow: &JsonPathFlow, result: Payload) -> Result<Payload, Raised> {
    let merged = insert(eyes, &flow.result_path, result)?;
    eyes.watch(Stage::ResultPath, &merged);
    eyes.path_field(&flow.output_path, &merged)
}

/// Puts a result into the raw input (SFN-PATH-8).
fn insert(eyes: &Eyes<'_>, field: &PathField, result: Payload) -> Result<Payload, Raised> {
    let path = match field {
        PathField::Whole => return Ok(result),
        PathField::Nothing => return Ok(eyes.input().clone()),
        PathField::Path(path) if path.is_root() => return Ok(result),
        PathField::Path(path) => path,
    };
    let raw = eyes.input().value();
    match path.insert(raw.clone(), result.value().clone()) {
        Ok(value) => Ok(Payload::from_value(value)),
        Err(error) => Err(Raised::ResultPath(format!(
            "Unable to apply ReferencePath {} to input {raw}: {}",
            path.text(),
            error.message
        ))),
    }
}

fn jsonata_output(
    eyes: &Eyes<'_>,
    template: Option<&Template>,
    field: &str,
    default: Payload,
) -> Result<Payload, Raised> {
    match template {
        Some(template) => eyes.jsonata(template, field).map(Payload::from_value),
        None => Ok(default),
    }
}

fn jsonata_assign(
    eyes: &Eyes<'_>,
    template: Option<&Template>,
    field: &str,
) -> Result<Vec<(String, Payload)>, Raised> {
    let Some(template) = template else { return Ok(Vec::new()) };
    let filled = eyes.jsonata(template, field);
    Ok(variables::named(filled.map_err(|raised| variables::refused(eyes, raised))?))
}

fn paths_assign(
    eyes: &Eyes<'_>,
    template: Option<&Template>,
    document: &Payload,
) -> Result<Vec<(String, Payload)>, Raised> {
    let Some(template) = template else { return Ok(Vec::new()) };
    let filled = eyes.fill(template, document.value());
    Ok(variables::named(filled.map_err(|raised| variables::refused(eyes, raised))?))
}

fn finish(
    run: &Run<'_>,
    state: &State,
    output: Payload,
    assigned: Vec<(String, Payload)>,
) -> Result<Exit, Raised> {
    run.fits(&output, &state.name)?;
    variables::fit(run, state, &assigned)?;
    Ok(Exit { output, assigned })
}

/// `{}` for what a null path leaves (SFN-PATH-7).
fn nothing() -> Payload {
    Payload::empty_object()
}

/// Compact JSON, as messages quote it.
fn quoted(value: &Value) -> String {
    value.to_string()
}
