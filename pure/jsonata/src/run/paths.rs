//! Paths: a step is taken for each result of the one before, arrays in arrays flattened on the way.

use super::{Outcome, Run};
use crate::fault::{self, Fault};
use crate::function::Scope;
use crate::tree::{Kind, Node, Path, Stage, Step};
use crate::value::Val;
use crate::{DEPTH_MAX, tuple};

/// The results of a step.
pub(super) enum Found<'v> {
    None,
    One(Val<'v>),
    Many(Vec<Val<'v>>),
}

impl<'v> Found<'v> {
    /// Adds a result; the items of an array are results themselves.
    pub(super) fn add(&mut self, run: &mut Run<'v>, value: Val<'v>) -> Result<(), Fault> {
        match self {
            Found::None => match value {
                Val::Undefined => {}
                value => *self = Found::One(value),
            },
            Found::One(first) => {
                let mut items = Vec::new();
                flatten(run, &mut items, std::mem::replace(first, Val::Undefined))?;
                flatten(run, &mut items, value)?;
                *self = Found::Many(items);
            }
            Found::Many(items) => flatten(run, items, value)?,
        }
        Ok(())
    }

    /// All of them: a single array stands for its items.
    pub(super) fn value(self, run: &mut Run<'v>) -> Outcome<'v> {
        match self {
            Found::None => Ok(Val::Undefined),
            Found::One(Val::List(list)) if list.is_whole => run.results(vec![Val::List(list)]),
            Found::One(value) => Ok(value),
            Found::Many(items) => run.results(items),
        }
    }
}

fn flatten<'v>(run: &mut Run<'v>, items: &mut Vec<Val<'v>>, value: Val<'v>) -> Result<(), Fault> {
    match &value {
        Val::Undefined => {}
        Val::List(list) if list.is_whole => items.push(value),
        Val::Items(_) | Val::List(_) => {
            run.take_sequence(value.len())?;
            items.extend(value.items());
        }
        _ => items.push(value),
    }
    Ok(())
}

impl<'v> Run<'v> {
    pub(super) fn path(
        &mut self,
        path: &'v Path,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        // Every step is a level below.
        if self.depth >= DEPTH_MAX {
            return Err(fault::too_deep());
        }
        let mut steps = path.steps.iter();
        let mut found = Val::Undefined;
        let last = path.steps.len().saturating_sub(1);
        for (place, step) in steps.by_ref().enumerate() {
            let is_alone = last == 0 && !matches!(step.node.kind, Kind::Name(_));
            if step.is_tuple && !(is_alone && step.focus.is_some()) {
                let from = if place == 0 { item } else { &found };
                let rest = path.steps.get(place..).unwrap_or(&[]);
                return self.tuple_path(path, rest, from, place == 0, scope);
            }
            found = match place {
                0 => self.first_step(step, item, last == 0, scope)?,
                _ => self.step(step, &found, place == last, scope)?,
            };
            let is_over = match &found {
                Val::Undefined => true,
                other => other.is_array() && other.len() == 0,
            };
            if is_over {
                break;
            }
        }
        if path.keep {
            found = self.keep(found)?;
        }
        match &path.group {
            Some(group) => self.group(group, &found, scope),
            None => Ok(found),
        }
    }

    /// `[]`: the results stay an array.
    pub(super) fn keep(&mut self, found: Val<'v>) -> Outcome<'v> {
        match found {
            Val::Undefined => Ok(Val::Undefined),
            Val::List(list) if list.is_whole && !list.is_sequence => {
                self.kept(vec![Val::List(list)])
            }
            Val::List(list) if list.is_sequence => {
                let items = list.items.clone();
                if items.is_empty() { Ok(Val::Undefined) } else { self.kept(items) }
            }
            array @ (Val::List(_) | Val::Items(_)) => Ok(array),
            single => self.kept(vec![single]),
        }
    }

    fn first_step(
        &mut self,
        step: &'v Step,
        item: &Val<'v>,
        is_last: bool,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        if is_whole(&step.node) {
            return self.eval(&step.node, item, scope);
        }
        match (&step.node.kind, item.is_array()) {
            (Kind::Item | Kind::Root | Kind::Variable(_), _) | (_, false) => {
                let mut found = Found::None;
                let value = self.step_on(step, item, scope)?;
                found.add(self, value)?;
                self.done(found, is_last)
            }
            _ => self.step(step, item, is_last, scope),
        }
    }

    /// A step for each of the results so far.
    fn step(
        &mut self,
        step: &'v Step,
        from: &Val<'v>,
        is_last: bool,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        if let Kind::Sort(terms) = &step.node.kind {
            let sorted = self.sort(terms, from, scope)?;
            return self.stages(&step.stages, sorted, scope);
        }
        let mut found = Found::None;
        match (&step.node.kind, step.stages.is_empty()) {
            (Kind::Name(name), true) if !from.is_array() => {
                self.take(1)?;
                let value = self.lookup(from, name)?;
                found.add(self, value)?;
            }
            (Kind::Name(name), true) => {
                for item in from.items() {
                    self.take(1)?;
                    let value = self.lookup(&item, name)?;
                    found.add(self, value)?;
                }
            }
            _ => {
                for item in from.items() {
                    let value = self.step_on(step, &item, scope)?;
                    found.add(self, value)?;
                }
            }
        }
        self.done(found, is_last)
    }

    /// A single array that is the last step's is itself, as it stands.
    fn done(&mut self, found: Found<'v>, is_last: bool) -> Outcome<'v> {
        match found {
            Found::One(value) if is_last && value.is_array() => {
                if value.is_sequence() {
                    let items: Vec<_> = value.items().collect();
                    return self.results(items);
                }
                Ok(value)
            }
            Found::One(value) if value.is_array() && value.len() == 0 => Ok(Val::Undefined),
            found => found.value(self),
        }
    }

    fn step_on(&mut self, step: &'v Step, item: &Val<'v>, scope: &Scope<'v>) -> Outcome<'v> {
        let found = self.eval(&step.node, item, scope)?.untupled();
        self.stages(&step.stages, found, scope)
    }

    fn stages(
        &mut self,
        stages: &'v [Stage],
        mut found: Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        for stage in stages {
            if let Stage::Filter(test) = stage {
                found = self.filter(test, &found, scope)?;
            }
        }
        Ok(found)
    }

    /// Those for which the test holds, or that stand at the places it names.
    pub(super) fn filter(
        &mut self,
        test: &'v Node,
        found: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        if let Some(tuples) = tuple::of(found) {
            return self.filter_tuples(test, tuples, scope);
        }
        if found.is_undefined() {
            return Ok(Val::Undefined);
        }
        let count = found.len();
        if let Kind::Number(number) = &test.kind {
            let place = position(*number, count);
            let item = place.map_or(Val::Undefined, |place| found.get(place));
            return Ok(match item {
                array @ (Val::Items(_) | Val::List(_)) => array,
                Val::Undefined => Val::Undefined,
                item => self.rows(vec![item])?,
            });
        }
        let mut kept = Vec::new();
        for (place, item) in found.items().enumerate() {
            self.take(1)?;
            let answer = self.eval(test, &item, scope)?;
            if self.picks(&answer, place, count)? {
                kept.push(item);
            }
        }
        self.rows(kept)
    }

    /// Whether the test's answer is for the item: true, or its place among `count`.
    pub(super) fn picks(
        &mut self,
        answer: &Val<'v>,
        place: usize,
        count: usize,
    ) -> Result<bool, Fault> {
        if let Some(number) = answer.number() {
            return Ok(position(number, count) == Some(place));
        }
        if answer.is_array() && answer.len() > 0 {
            self.take_items(answer.len())?;
            if answer.items().all(|item| item.number().is_some()) {
                let is_it = |item: Val<'v>| {
                    item.number().and_then(|number| position(number, count)) == Some(place)
                };
                return Ok(answer.items().any(is_it));
            }
        }
        self.truth(answer)
    }

    /// The member by that name; of an array, those of its items.
    pub(crate) fn lookup(&mut self, item: &Val<'v>, name: &str) -> Outcome<'v> {
        match item {
            Val::Members(_) | Val::Record(_) => Ok(item.member(name)),
            Val::Items(_) | Val::List(_) => {
                let mut members = Vec::new();
                for item in item.items() {
                    self.take(1)?;
                    match self.lookup(&item, name)? {
                        Val::Undefined => {}
                        array @ (Val::Items(_) | Val::List(_)) => {
                            self.take_sequence(array.len())?;
                            members.extend(array.items());
                        }
                        member => members.push(member),
                    }
                }
                self.results(members)
            }
            _ => Ok(Val::Undefined),
        }
    }

    pub(super) fn wildcard(&mut self, item: &Val<'v>) -> Outcome<'v> {
        let item = super::unwrapped(item);
        let mut found = Vec::new();
        let mut has_array = false;
        let values: Vec<Val<'v>> = match &item {
            Val::Items(_) | Val::List(_) => item.items().collect(),
            other => other.members().into_iter().map(|(_, value)| value).collect(),
        };
        self.take_items(values.len())?;
        for value in values {
            match value.is_array() {
                true => {
                    has_array = true;
                    self.flat(&value, &mut found)?;
                }
                false => found.push(value),
            }
        }
        if has_array { self.list(found) } else { self.rows(found) }
    }

    /// All that is in an array and the arrays within.
    fn flat(&mut self, array: &Val<'v>, found: &mut Vec<Val<'v>>) -> Result<(), Fault> {
        for item in array.items() {
            self.take(1)?;
            match item.is_array() {
                true => self.flat(&item, found)?,
                false => found.push(item),
            }
        }
        Ok(())
    }

    pub(super) fn descendants(&mut self, item: &Val<'v>) -> Outcome<'v> {
        let mut found = Vec::new();
        if !item.is_undefined() {
            self.descend(item, &mut found)?;
        }
        self.rows(found)
    }

    /// Recursion is as deep as the value, which is bounded.
    fn descend(&mut self, item: &Val<'v>, found: &mut Vec<Val<'v>>) -> Result<(), Fault> {
        self.take(2)?;
        match item {
            Val::Items(_) | Val::List(_) => {
                for item in item.items() {
                    self.descend(&item, found)?;
                }
            }
            _ => {
                found.push(item.clone());
                for (_, value) in item.members() {
                    self.descend(&value, found)?;
                }
            }
        }
        Ok(())
    }
}

/// Which of `count` items a number names: negative ones count from the end.
fn position(number: f64, count: usize) -> Option<usize> {
    let mut place = number.floor();
    if place < 0.0 {
        place += count as f64;
    }
    (place >= 0.0 && place < count as f64).then_some(place as usize)
}

/// Whether a path's first step is taken once, whatever the item is: an array in brackets.
fn is_whole(node: &Node) -> bool {
    match &node.kind {
        Kind::Array(array) => array.is_kept,
        Kind::Block(parts) => parts.iter().any(|part| match &part.kind {
            Kind::Path(path) => path.steps.first().is_some_and(|step| is_whole(&step.node)),
            _ => is_whole(part),
        }),
        _ => false,
    }
}
