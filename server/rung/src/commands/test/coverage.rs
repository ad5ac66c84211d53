//! Coverage over all test files, a part each definition.

use std::collections::{BTreeMap, BTreeSet};

use rehearsal::coverage::{Coverage, GROUPS, Spot};
use serde_json::{Value, json};

use super::plan::Machine;

/// Definitions by their places, with what was taken.
#[derive(Default)]
pub(super) struct Ledger {
    machines: BTreeMap<String, Coverage>,
}

impl Ledger {
    pub(super) fn know(&mut self, machine: &Machine) {
        self.machines
            .entry(canonical(&machine.place))
            .or_insert_with(|| Coverage::of(&machine.definition));
    }

    pub(super) fn add(&mut self, machine: &Machine, spots: &BTreeSet<Spot>) {
        if let Some(coverage) = self.machines.get_mut(&canonical(&machine.place)) {
            coverage.add(spots);
        }
    }

    pub(super) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (place, coverage) in &self.machines {
            let counts = coverage.counts();
            let told = GROUPS.iter().filter_map(|group| {
                let count = counts.get(group)?;
                Some(format!("{}/{} {group}", count.taken, count.all))
            });
            let told: Vec<String> = told.collect();
            lines.push(format!("coverage of {place}: {}", told.join(", ")));
            let missed = coverage.missed();
            lines.extend(missed.into_iter().map(|(_, line)| format!("  {line}")));
        }
        lines
    }

    pub(super) fn json(&self) -> String {
        let machines = self.machines.iter().map(|(place, coverage)| {
            let missed = coverage.missed();
            let missed: Vec<Value> = missed.into_iter().map(|(spot, _)| json!(spot)).collect();
            json!({ "definition": place, "counts": coverage.counts(), "missed": missed })
        });
        format!("{:#}", json!({ "machines": machines.collect::<Vec<_>>() }))
    }
}

/// Test files name one definition in many ways.
fn canonical(place: &str) -> String {
    let (file, id) = match place.split_once('#') {
        Some((file, id)) => (file, Some(id)),
        None => (place, None),
    };
    let path = std::path::Path::new(file).canonicalize();
    let short = path.map_or_else(|_| file.to_owned(), |path| crate::ui::text::short(&path));
    id.map_or(short.clone(), |id| format!("{short}#{id}"))
}
