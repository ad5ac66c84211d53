//! Variables: where they are found, and how much they may hold (language.md §8).

use asl::model::State;
use serde_json::Value;

use super::eyes::Eyes;
use crate::errors::Raised;
use crate::execution::Frame;
use crate::payload::{NESTING_MAX, Payload};
use crate::run::Run;

/// UTF-8 bytes of all variables of an execution (SFN-VAR-9).
const VARIABLES_BYTES_MAX: usize = 10 * 1024 * 1024;

impl<'r> Eyes<'r> {
    /// A variable of this scope or of one around it (SFN-VAR-4).
    pub(super) fn variable(&self, name: &str) -> Option<&'r Payload> {
        let mut frame: Option<&'r Frame> = Some(self.frame());
        while let Some(scope) = frame {
            if let Some(value) = scope.variables.get(name) {
                return Some(value);
            }
            frame = scope.parent.map(|parent| self.run.frame(parent));
        }
        None
    }
}

/// The members of an evaluated `Assign`.
pub(super) fn named(assigned: Value) -> Vec<(String, Payload)> {
    match assigned {
        Value::Object(members) => {
            members.into_iter().map(|(name, value)| (name, Payload::from_value(value))).collect()
        }
        _ => Vec::new(),
    }
}

/// Refuses what is too much in one value, one Assign or the whole execution (SFN-VAR-9).
pub(super) fn fit(
    run: &Run<'_>,
    state: &State,
    assigned: &[(String, Payload)],
) -> Result<(), Raised> {
    if assigned.is_empty() {
        return Ok(());
    }
    let new: usize = assigned.iter().map(|(_, value)| value.bytes()).sum();
    let stored = run.execution.frames.values().flat_map(|frame| frame.variables.values());
    let stored: usize = stored.map(Payload::bytes).sum();
    let too_long = new > run.environment.limits.payload_bytes_max
        || stored.saturating_add(new) > VARIABLES_BYTES_MAX;
    if let Some((name, _)) = assigned.iter().find(|(_, value)| value.is_too_deep()) {
        return Err(Raised::Runtime(format!(
            "The variable '{name}' assigned by the state '{}' is nested deeper than {NESTING_MAX} \
             levels.",
            state.name
        )));
    }
    if too_long { Err(too_many(run, &state.name)) } else { Ok(()) }
}

/// What a template of variables is refused with, also when it is given up halfway.
pub(super) fn refused(eyes: &Eyes<'_>, raised: Raised) -> Raised {
    match raised {
        Raised::TooLong { .. } => too_many(eyes.run, &eyes.state().name),
        other => other,
    }
}

fn too_many(run: &Run<'_>, state: &str) -> Raised {
    Raised::Runtime(format!(
        "The variables assigned by the state '{state}' exceed the limit of {} bytes for one Assign \
         or {VARIABLES_BYTES_MAX} bytes for an execution.",
        run.environment.limits.payload_bytes_max
    ))
}
