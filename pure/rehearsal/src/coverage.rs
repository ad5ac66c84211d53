//! What a suite of rehearsals covers of a definition, and what it never took.

use std::collections::{BTreeMap, BTreeSet};

use asl::model::{Definition, Kind, Machine, State};
use serde::Serialize;
use workflow::way::Way;

/// A part of a definition that an execution can take. Numbers count from 0.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(tag = "kind", rename_all = "camelCase")]
pub enum Spot {
    State {
        state: String,
    },
    Rule {
        state: String,
        number: usize,
    },
    /// `Default` of a Choice.
    Default {
        state: String,
    },
    Retrier {
        state: String,
        number: usize,
    },
    Catcher {
        state: String,
        number: usize,
    },
}

impl Spot {
    pub(crate) fn of(way: Way<'_>) -> Spot {
        match way {
            Way::Rule { state, number: Some(number) } => Spot::Rule { state: state.into(), number },
            Way::Rule { state, number: None } => Spot::Default { state: state.into() },
            Way::Retrier { state, number } => Spot::Retrier { state: state.into(), number },
            Way::Catcher { state, number } => Spot::Catcher { state: state.into(), number },
        }
    }

    /// The word under which spots of this kind are counted.
    pub fn group(&self) -> &'static str {
        match self {
            Spot::State { .. } => "states",
            Spot::Rule { .. } | Spot::Default { .. } => "choice branches",
            Spot::Retrier { .. } => "retriers",
            Spot::Catcher { .. } => "catchers",
        }
    }
}

/// A definition's spots with what each leads to, and those that were taken.
#[derive(Clone, Debug)]
pub struct Coverage {
    /// In the order of the definition.
    all: Vec<(Spot, String)>,
    taken: BTreeSet<Spot>,
}

/// How many spots of a group there are and were taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Count {
    pub taken: usize,
    pub all: usize,
}

/// The groups in the order in which they are told.
pub const GROUPS: [&str; 4] = ["states", "choice branches", "retriers", "catchers"];

impl Coverage {
    /// Nothing is taken yet.
    pub fn of(definition: &Definition) -> Coverage {
        let mut all = Vec::new();
        machine(&definition.machine, &mut all);
        Coverage { all, taken: BTreeSet::new() }
    }

    /// Adds what a rehearsal took.
    pub fn add(&mut self, spots: &BTreeSet<Spot>) {
        self.taken.extend(spots.iter().cloned());
    }

    pub fn counts(&self) -> BTreeMap<&'static str, Count> {
        let mut counts: BTreeMap<&'static str, Count> = BTreeMap::new();
        for (spot, _) in &self.all {
            let count = counts.entry(spot.group()).or_default();
            count.all += 1;
            count.taken += usize::from(self.taken.contains(spot));
        }
        counts
    }

    /// What was never taken, with a line for people. The parts of a state that was never entered
    /// are not named besides it.
    pub fn missed(&self) -> Vec<(&Spot, &str)> {
        let entered = |state: &str| self.taken.contains(&Spot::State { state: state.to_owned() });
        self.all
            .iter()
            .filter(|(spot, _)| !self.taken.contains(spot))
            .filter(|(spot, _)| match spot {
                Spot::State { .. } => true,
                Spot::Rule { state, .. }
                | Spot::Default { state }
                | Spot::Retrier { state, .. }
                | Spot::Catcher { state, .. } => entered(state),
            })
            .map(|(spot, line)| (spot, line.as_str()))
            .collect()
    }
}

fn machine(machine: &Machine, all: &mut Vec<(Spot, String)>) {
    for state in machine.states.values() {
        spots(state, all);
        match &state.kind {
            Kind::Parallel(parallel) => {
                parallel.branches.iter().for_each(|branch| self::machine(branch, all));
            }
            Kind::Map(map) => self::machine(&map.processor, all),
            _ => {}
        }
    }
}

fn spots(of: &State, all: &mut Vec<(Spot, String)>) {
    let name = &of.name;
    let state = || name.to_string();
    all.push((Spot::State { state: state() }, format!("{name} is never entered")));
    if let Kind::Choice(choice) = &of.kind {
        for (number, rule) in choice.rules.iter().enumerate() {
            let line = format!("{name}: Choices[{number}] never leads to {}", rule.next);
            all.push((Spot::Rule { state: state(), number }, line));
        }
        if let Some(default) = &choice.default {
            let line = format!("{name}: Default never leads to {default}");
            all.push((Spot::Default { state: state() }, line));
        }
    }
    for (number, retrier) in of.retry.iter().enumerate() {
        let errors = retrier.error_equals.join(", ");
        let line = format!("{name}: Retry[{number}] never retries ({errors})");
        all.push((Spot::Retrier { state: state(), number }, line));
    }
    for (number, catcher) in of.catch.iter().enumerate() {
        let errors = catcher.error_equals.join(", ");
        let line = format!("{name}: Catch[{number}] never leads to {} ({errors})", catcher.next);
        all.push((Spot::Catcher { state: state(), number }, line));
    }
}

/// The names of all states of a definition.
pub fn state_names(definition: &Definition) -> BTreeSet<String> {
    let mut all = Vec::new();
    machine(&definition.machine, &mut all);
    let state = |(spot, _): (Spot, String)| match spot {
        Spot::State { state } => Some(state),
        _ => None,
    };
    all.into_iter().filter_map(state).collect()
}
