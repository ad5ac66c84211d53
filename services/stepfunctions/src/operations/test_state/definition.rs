//! The state that is tested, in a machine of its own: a Wait stands where it may go on to.

use std::collections::BTreeSet;
use std::sync::Arc;

use asl::model::{
    Definition, Distributed, Flow, JsonataFlow, Kind, Machine, Map, MapMode, Name, Pattern,
    QueryLanguage, Resource, State, Transition, Wait,
};
use indexmap::IndexMap;
use serde_json::Value;
use wire::fault::Fault;

use super::super::create_state_machine::check_definition;
use crate::records::MachineType;

/// What a tested state is called, whatever its name (SFN-TEST-7).
pub(super) const STATE_NAME: &str = "StateName";
/// Marks the stand-ins for next states, so that none is taken for the tested one.
const NEXT_MARK: &str = "next: ";
/// The machine around a lone state, which leads to it and to an end.
const MACHINE_HEAD: &str = concat!(
    r#"{"StartAt":"before StateName","States":{"before StateName":{"Type":"Choice","Choices":"#,
    r#"[{"Variable":"$","IsPresent":true,"Next":"StateName"}],"Default":"instead of StateName"},"#,
    r#""instead of StateName":{"Type":"Succeed"}"#,
);
/// Longer than any test.
const AFTERWARDS_SECONDS: u64 = 86_400;

pub(super) struct Tested {
    pub(super) definition: Definition,
}

impl Tested {
    /// A lone state, or the named one of a whole machine, at any depth (SFN-TEST-6).
    pub(super) fn find(text: &str, name: Option<&str>) -> Result<Tested, Fault> {
        let state = match name {
            None => lone(text)?,
            Some(name) => {
                let whole = check_definition(text, MachineType::Standard)?.definition;
                let found = find_state(&whole.machine, name).cloned();
                found.ok_or_else(not_found)?
            }
        };
        Ok(Tested { definition: around(state) })
    }

    pub(super) fn state(&self) -> &State {
        self.definition.machine.states.get(STATE_NAME).expect("it is put there when this is made")
    }

    /// `Task`, `Pass` and so on.
    pub(super) fn type_name(&self) -> &'static str {
        match self.state().kind {
            Kind::Task(_) => "Task",
            Kind::Pass(_) => "Pass",
            Kind::Choice(_) => "Choice",
            Kind::Wait(_) => "Wait",
            Kind::Succeed => "Succeed",
            Kind::Fail(_) => "Fail",
            Kind::Parallel(_) => "Parallel",
            Kind::Map(_) => "Map",
        }
    }

    /// Whether it is a task that waits for a job or a callback.
    pub(super) fn has_token(&self) -> bool {
        match &self.state().kind {
            Kind::Task(task) => match &task.resource {
                Resource::Service { pattern, .. } => *pattern != Pattern::RequestResponse,
                Resource::Lambda { .. } | Resource::Activity { .. } => false,
            },
            _ => false,
        }
    }

    pub(super) fn map(&self) -> Option<&Map> {
        match &self.state().kind {
            Kind::Map(map) => Some(map),
            _ => None,
        }
    }

    pub(super) fn distributed(&self) -> Option<&Distributed> {
        match &self.map()?.mode {
            MapMode::Distributed(distributed) => Some(distributed),
            MapMode::Inline => None,
        }
    }

    /// Refuses a name that no state within this Map or Parallel has.
    pub(super) fn check_inner(&self, name: &str) -> Result<(), Fault> {
        let found = match &self.state().kind {
            Kind::Map(map) => find_state(&map.processor, name),
            Kind::Parallel(parallel) => {
                parallel.branches.iter().find_map(|branch| find_state(branch, name))
            }
            _ => None,
        };
        found.map(|_| ()).ok_or_else(not_found)
    }
}

/// The name of a next state, from that of its stand-in.
pub(super) fn next_name(stand_in: &str) -> &str {
    stand_in.strip_prefix(NEXT_MARK).unwrap_or(stand_in)
}

fn not_found() -> Fault {
    Fault::validation("State not found in definition")
}

/// A definition that is one state. It is checked as part of a machine that has an end, and all
/// states to which this one may go on.
fn lone(text: &str) -> Result<State, Fault> {
    let state: Value = match serde_json::from_str(text) {
        Ok(state) if asl::json_error(text).is_none() => state,
        // No JSON: the finding is about the text as it came.
        _ => {
            let state = check_definition(text, MachineType::Standard).map(|_| ());
            return Err(state.err().unwrap_or_else(not_found));
        }
    };
    let mut machine = format!("{MACHINE_HEAD},\"{STATE_NAME}\":{text}");
    for target in targets(&state) {
        if target != STATE_NAME {
            let target = Value::from(target);
            machine.push_str(&format!(",{target}:{{\"Type\":\"Succeed\"}}"));
        }
    }
    machine.push_str("}}");
    let mut definition = check_definition(&machine, MachineType::Standard)?.definition;
    definition.machine.states.shift_remove(STATE_NAME).ok_or_else(not_found)
}

/// Names of states that a state may go on to.
fn targets(state: &Value) -> BTreeSet<&str> {
    let own = ["Next", "Default"].iter().filter_map(|field| state.get(field));
    let lists = ["Choices", "Catch"].iter().filter_map(|field| state.get(field)?.as_array());
    let listed = lists.flatten().filter_map(|entry| entry.get("Next"));
    own.chain(listed).filter_map(Value::as_str).collect()
}

fn find_state<'m>(machine: &'m Machine, name: &str) -> Option<&'m State> {
    if let Some(state) = machine.states.get(name) {
        return Some(state);
    }
    machine.states.values().find_map(|state| match &state.kind {
        Kind::Parallel(parallel) => {
            parallel.branches.iter().find_map(|branch| find_state(branch, name))
        }
        Kind::Map(map) => find_state(&map.processor, name),
        _ => None,
    })
}

/// A machine that begins with the state, and waits wherever it goes on to.
fn around(mut state: State) -> Definition {
    let mut states = IndexMap::new();
    let mut redirect = |name: &mut Name| {
        let stand_in: Name = format!("{NEXT_MARK}{name}").into();
        states.insert(Arc::clone(&stand_in), afterwards(Arc::clone(&stand_in)));
        *name = stand_in;
    };
    if let Transition::Next(name) = &mut state.transition {
        redirect(name);
    }
    state.catch.iter_mut().for_each(|catcher| redirect(&mut catcher.next));
    if let Kind::Choice(choice) = &mut state.kind {
        choice.rules.iter_mut().for_each(|rule| redirect(&mut rule.next));
        choice.default.iter_mut().for_each(redirect);
    }
    let name: Name = STATE_NAME.into();
    state.name = Arc::clone(&name);
    let query_language = state.query_language;
    states.insert(Arc::clone(&name), state);
    let machine = Machine { start_at: name, states };
    Definition { comment: None, timeout_seconds: None, query_language, machine }
}

fn afterwards(name: Name) -> State {
    State {
        name,
        comment: None,
        query_language: QueryLanguage::Jsonata,
        kind: Kind::Wait(Wait::Seconds(AFTERWARDS_SECONDS)),
        transition: Transition::End,
        flow: Flow::Jsonata(JsonataFlow::default()),
        assign: None,
        retry: Vec::new(),
        catch: Vec::new(),
    }
}
