//! The processors of distributed map states: definitions within definitions.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde_json::Value;
use workflow::map_run::made_label;

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

/// The processor of the state with that label, be it one that was made (SFN-SM-36, SFN-ARN-3).
pub(super) fn labelled(whole: &str, machine_arn: &str, label: &str) -> Option<Processor> {
    let definition: Value = serde_json::from_str(whole).ok()?;
    let sought = Sought { machine_arn, label };
    sought.find(&definition, machine_arn, &[]).map(told)
}

struct Sought<'a> {
    machine_arn: &'a str,
    label: &'a str,
}

impl Sought<'_> {
    /// Looks in a machine, to which `path` leads from that of an execution: `home`, by its ARN.
    fn find<'a>(&self, machine: &'a Value, home: &str, path: &[String]) -> Option<&'a Value> {
        let states = machine.get("States").and_then(Value::as_object)?;
        states.iter().find_map(|(name, state)| {
            let path = [path, std::slice::from_ref(name)].concat();
            let Some(processor) = state.get("ItemProcessor") else {
                return self.find_inside(state, home, &path);
            };
            let mode = processor.pointer("/ProcessorConfig/Mode").and_then(Value::as_str);
            if mode != Some("DISTRIBUTED") {
                return self.find(processor, home, &path);
            }
            let given = state.get("Label").and_then(Value::as_str).map(str::to_owned);
            let label = given.unwrap_or_else(|| made_label(home, &path));
            if label == self.label {
                return Some(processor);
            }
            // Children are executions of a machine of their own.
            self.find(processor, &format!("{}/{label}", self.machine_arn), &[])
        })
    }

    fn find_inside<'a>(&self, state: &'a Value, home: &str, path: &[String]) -> Option<&'a Value> {
        let branches = state.get("Branches").and_then(Value::as_array).into_iter().flatten();
        let mut branches = branches.enumerate();
        let in_branch = branches.find_map(|(number, branch)| {
            self.find(branch, home, &[path, &[number.to_string()]].concat())
        });
        in_branch.or_else(|| self.find(state.get("Iterator")?, home, path))
    }
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
