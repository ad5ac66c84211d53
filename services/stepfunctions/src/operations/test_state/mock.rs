//! The mock: is it one that the state could have, and what does it stand in for (SFN-TEST-4, -5).

use asl::model::{Kind, Pattern, Resource};
use serde_json::Value;
use wire::fault::Fault;
use workflow::execution::Outcome;
use workflow::history::Failure;
use workflow::observe::StandIn;
use workflow::payload::Payload;

use super::definition::Tested;
use super::reader::{self, Read};
use super::request::{Checked, MockInput};
use super::schema::{self, Mode};

pub(super) struct Mock {
    pub(super) stand_in: StandIn,
    /// The items that an `ItemsPointer` leads to.
    pub(super) pointed: Option<Payload>,
}

impl Mock {
    pub(super) fn of(input: &MockInput, tested: &Tested, checked: &Checked) -> Result<Mock, Fault> {
        let configuration = &checked.configuration;
        if let Some(name) = &configuration.error_caused_by_state {
            tested.check_inner(name)?;
        }
        let outcome = match (&input.error_output, &input.result) {
            (Some(output), _) => Outcome::Failed(Failure {
                error: output.error.clone(),
                cause: output.cause.clone(),
            }),
            (None, result) => {
                let result = Payload::parse(result.clone().unwrap_or_default())
                    .ok_or_else(|| Fault::validation("Mocked result must be valid JSON"))?;
                let mode = Mode::of(input.field_validation_mode.as_deref());
                check_result(result.value(), tested, mode).map_err(Fault::validation)?;
                Outcome::Succeeded(result)
            }
        };
        let data = configuration.map_item_reader_data.as_deref();
        let read = data.map(|data| read(data, tested)).unwrap_or_default();
        let failed = configuration.map_iteration_failure_count;
        let stand_in = StandIn {
            outcome,
            items: read.items,
            failed_iterations: failed.and_then(|count| u64::try_from(count).ok()),
        };
        Ok(Mock { stand_in, pointed: read.pointed })
    }
}

/// The data of an `ItemReader`; a Map without one does not look at it.
fn read(data: &str, tested: &Tested) -> Read {
    let reader = tested.distributed().and_then(|distributed| distributed.item_reader.as_ref());
    reader.map(|reader| reader::read(data, reader)).unwrap_or_default()
}

fn check_result(result: &Value, tested: &Tested, mode: Mode) -> Result<(), String> {
    let array = || match result.as_array() {
        Some(items) => Ok(items.len()),
        None => Err("Mocked result must be an array.".to_owned()),
    };
    match &tested.state().kind {
        Kind::Map(_) => {
            // A writer that only transforms still gives the results themselves (SFN-WRITER-4).
            let writer = tested.distributed().and_then(|map| map.result_writer.as_ref());
            let writes = writer.is_some_and(|writer| writer.parameters.is_some());
            match writes {
                true if !result.is_object() => Err("Mocked result must be a JSON object.".into()),
                true => Ok(()),
                false => array().map(|_| ()),
            }
        }
        Kind::Parallel(parallel) if array()? != parallel.branches.len() => Err(
            "Mocked result must contain the same number of items as number of Parallel branches."
                .to_owned(),
        ),
        Kind::Task(task) => check_answer(result, &task.resource, mode),
        _ => Ok(()),
    }
}

/// A service's answer, where its model is known (SFN-TEST-17). A callback may send anything.
fn check_answer(result: &Value, resource: &Resource, mode: Mode) -> Result<(), String> {
    let Resource::Service { service, action, pattern, .. } = resource else { return Ok(()) };
    let suffix = match pattern {
        Pattern::RequestResponse => "",
        Pattern::Sync => ".sync",
        Pattern::Sync2 => ".sync:2",
        Pattern::WaitForTaskToken => return Ok(()),
    };
    schema::check(&format!("{service}:{action}{suffix}"), result, mode)
}
