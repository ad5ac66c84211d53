//! Transitions: where they lead, what they never reach, whether they end (SFN-VALID-3).

use std::collections::{BTreeMap, BTreeSet};

use super::at::At;
use super::context::Context;

const MISSING_TARGET: &str = "MISSING_TRANSITION_TARGET";

/// Where a machine stands: only the workflow itself must have an end.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Level {
    Workflow,
    Nested,
}

/// Checks the machine at `machine`, which has `StartAt` and `States` of the right types.
pub(crate) fn check(context: &mut Context, machine: &At<'_>, level: Level) {
    let (Some(start), Some(states)) = (machine.member("StartAt"), machine.member("States")) else {
        return;
    };
    let (Some(start_name), Some(_)) = (start.text(), states.node.object()) else { return };
    check_target(context, &states, &start);
    let mut edges: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (name, state) in states.members() {
        let node = state.node;
        visit_targets(&state, &mut |target| check_target(context, &states, target));
        edges.insert(name, targets_of(node));
    }
    let ends = level == Level::Nested || states.members().any(|(_, state)| is_terminal(&state));
    if !ends {
        let message = "Workflow has no terminal state";
        context.error_workflow("MISSING_END_STATE", states.head(), message);
    } else if states.has(start_name) {
        check_reachable(context, &states, start_name, &edges);
    }
}

fn check_target(context: &mut Context, states: &At<'_>, target: &At<'_>) {
    if let Some(name) = target.text()
        && !states.has(name)
    {
        context.error_as(MISSING_TARGET, target, format!("Missing 'Next' target: {name}"));
    }
}

fn check_reachable(
    context: &mut Context,
    states: &At<'_>,
    start: &str,
    edges: &BTreeMap<&str, Vec<&str>>,
) {
    let mut reached = BTreeSet::from([start]);
    let mut open = vec![start];
    while let Some(name) = open.pop() {
        for next in edges.get(name).into_iter().flatten() {
            if reached.insert(next) {
                open.push(next);
            }
        }
    }
    for (name, state) in states.members() {
        if !reached.contains(name) {
            let message = format!("State \"{name}\" is not reachable.");
            context.error_key(MISSING_TARGET, &state, message);
        }
    }
}

/// A state whose type is unknown is no end, whatever else it says (SFN-VALID-8).
fn is_terminal(state: &At<'_>) -> bool {
    let kind = state.member("Type");
    match kind.and_then(|kind| kind.text()) {
        Some("Succeed" | "Fail") => true,
        Some("Task" | "Pass" | "Wait" | "Parallel" | "Map") => {
            let end = state.member("End");
            end.is_some_and(|end| matches!(end.node.shape, crate::read::tree::Shape::Bool(true)))
        }
        _ => false,
    }
}

/// Calls `visit` with every name of a state that the state can go to.
fn visit_targets(state: &At<'_>, visit: &mut dyn FnMut(&At<'_>)) {
    for field in ["Next", "Default"] {
        if let Some(target) = state.member(field) {
            visit(&target);
        }
    }
    for list in ["Choices", "Catch"] {
        let list = state.member(list);
        for entry in list.iter().flat_map(|list| list.items()) {
            if let Some(target) = entry.member("Next") {
                visit(&target);
            }
        }
    }
}

fn targets_of(state: &crate::read::tree::Node) -> Vec<&str> {
    let Some(members) = state.object() else { return Vec::new() };
    let own = ["Next", "Default"].iter().filter_map(|field| members.get(field)?.text());
    let lists = ["Choices", "Catch"].iter().filter_map(|list| members.get(list)?.array());
    let entries = lists.flatten().filter_map(|entry| entry.object()?.get("Next")?.text());
    own.chain(entries).collect()
}
