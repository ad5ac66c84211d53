//! The processors of distributed map states: definitions within definitions.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;

/// A processor as text, and the names of all states in it.
pub(super) type Processor = (Arc<str>, BTreeSet<String>);

/// The processor at the end of a path (SFN-SM-42). None where the definition is not told.
pub(super) fn at_path(whole: &str, path: &[String]) -> Option<Processor> {
    let definition: Value = serde_json::from_str(whole).ok()?;
    let mut machine = &definition;
    let mut steps = path.iter();
    while let Some(name) = steps.next() {
        let state = machine.get("States")?.get(name)?;
        machine = match state.get("Branches") {
            Some(branches) => branches.get(steps.next()?.parse::<usize>().ok()?)?,
            None => state.get("ItemProcessor").or_else(|| state.get("Iterator"))?,
        };
    }
    Some(told(machine))
}

/// The processor of the state with that label (SFN-SM-36).
pub(super) fn labelled(whole: &str, label: &str) -> Option<Processor> {
    let definition: Value = serde_json::from_str(whole).ok()?;
    find_labelled(&definition, label).map(told)
}

fn find_labelled<'a>(machine: &'a Value, label: &str) -> Option<&'a Value> {
    let states = machine.get("States").and_then(Value::as_object)?;
    states.values().find_map(|state| {
        let processor = state.get("ItemProcessor");
        if state.get("Label").and_then(Value::as_str) == Some(label) {
            return processor;
        }
        inner_machines(state).find_map(|machine| find_labelled(machine, label))
    })
}

fn told(machine: &Value) -> Processor {
    let mut names = BTreeSet::new();
    name_states(machine, &mut names);
    (machine.to_string().into(), names)
}

fn name_states(machine: &Value, names: &mut BTreeSet<String>) {
    for (name, state) in machine.get("States").and_then(Value::as_object).into_iter().flatten() {
        names.insert(name.clone());
        inner_machines(state).for_each(|machine| name_states(machine, names));
    }
}

fn inner_machines(state: &Value) -> impl Iterator<Item = &Value> {
    let branches = state.get("Branches").and_then(Value::as_array);
    let inner = branches.into_iter().flatten();
    inner.chain(state.get("ItemProcessor")).chain(state.get("Iterator"))
}
