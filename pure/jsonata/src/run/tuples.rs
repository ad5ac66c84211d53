//! Paths whose results are bound to names on the way, and to their parents.

use std::rc::Rc;

use super::{Outcome, Run};
use crate::SEQUENCE_ITEMS_MAX;
use crate::fault::{Fault, memory};
use crate::function::Scope;
use crate::tree::{Kind, Node, Path, Stage, Step};
use crate::tuple::{self, Tuple};
use crate::value::Val;

type Tuples<'v> = Vec<Tuple<'v>>;

impl<'v> Run<'v> {
    /// The rest of a path from the first step on that binds.
    pub(super) fn tuple_path(
        &mut self,
        path: &'v Path,
        steps: &'v [Step],
        from: &Val<'v>,
        is_first: bool,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let is_variable = matches!(
            steps.first().map(|step| &step.node.kind),
            Some(Kind::Variable(_) | Kind::Item | Kind::Root)
        );
        let mut tuples: Tuples<'v> = match from.is_array() && !(is_first && is_variable) {
            true => {
                self.take_sequence(from.len())?;
                from.items().map(Tuple::new).collect()
            }
            false => vec![Tuple::new(from.clone())],
        };
        for step in steps {
            tuples = self.tuple_step(step, tuples, scope)?;
        }
        let tuples = Rc::new(tuples);
        let mut found = match path.is_tuple {
            true => Val::Tuples(tuples.clone()),
            false => {
                let items = tuples.iter().map(|tuple| tuple.at.clone()).collect();
                self.results(items)?
            }
        };
        if path.keep && !path.is_tuple {
            found = self.keep(found)?;
        }
        match &path.group {
            Some(group) => self.group(group, &Val::Tuples(tuples), scope),
            None if path.is_tuple && tuples.is_empty() => Ok(Val::Undefined),
            None => Ok(found),
        }
    }

    fn tuple_step(
        &mut self,
        step: &'v Step,
        from: Tuples<'v>,
        scope: &Scope<'v>,
    ) -> Result<Tuples<'v>, Fault> {
        let mut found = Tuples::new();
        if let Kind::Sort(terms) = &step.node.kind {
            found = self.sort_tuples(terms, from, scope)?;
            if let Some(symbol) = step.index {
                for (place, tuple) in found.iter_mut().enumerate() {
                    tuple.bind(symbol, Val::Number(place as f64));
                }
            }
            return self.tuple_stages(&step.stages, found, scope);
        }
        for tuple in from {
            let own = tuple.scope(scope);
            let value = self.eval(&step.node, &tuple.at, &own)?;
            self.tuples_of(step, &tuple, &value, &mut found)?;
        }
        self.tuple_stages(&step.stages, found, scope)
    }

    /// What a step found for one tuple.
    fn tuples_of(
        &mut self,
        step: &Step,
        from: &Tuple<'v>,
        value: &Val<'v>,
        found: &mut Tuples<'v>,
    ) -> Result<(), Fault> {
        if value.is_undefined() {
            return Ok(());
        }
        if found.len() + value.len() > SEQUENCE_ITEMS_MAX {
            return Err(memory());
        }
        for place in 0..value.len() {
            let mut next = from.clone();
            self.take(4 + next.bound.len() as u64)?;
            match tuple::of(value).and_then(|tuples| tuples.get(place)) {
                Some(inner) => {
                    next.at = inner.at.clone();
                    for (symbol, value) in &inner.bound {
                        next.bind(*symbol, value.clone());
                    }
                }
                None => {
                    let item = value.get(place);
                    match step.focus {
                        Some(symbol) => next.bind(symbol, item),
                        None => next.at = item,
                    }
                    if let Some(symbol) = step.index {
                        next.bind(symbol, Val::Number(place as f64));
                    }
                    let label = step.ancestor.and_then(|slot| self.tree.labels.get(slot as usize));
                    if let Some(label) = label {
                        next.bind(*label, from.at.clone());
                    }
                }
            }
            found.push(next);
        }
        Ok(())
    }

    fn tuple_stages(
        &mut self,
        stages: &'v [Stage],
        mut found: Tuples<'v>,
        scope: &Scope<'v>,
    ) -> Result<Tuples<'v>, Fault> {
        for stage in stages {
            match stage {
                Stage::Filter(test) => found = self.picked(test, &found, scope)?,
                Stage::Index(symbol) => {
                    for (place, tuple) in found.iter_mut().enumerate() {
                        tuple.bind(*symbol, Val::Number(place as f64));
                    }
                }
            }
        }
        Ok(found)
    }

    pub(super) fn filter_tuples(
        &mut self,
        test: &'v Node,
        tuples: &[Tuple<'v>],
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let kept = self.picked(test, tuples, scope)?;
        Ok(if kept.is_empty() { Val::Undefined } else { Val::Tuples(Rc::new(kept)) })
    }

    fn picked(
        &mut self,
        test: &'v Node,
        tuples: &[Tuple<'v>],
        scope: &Scope<'v>,
    ) -> Result<Tuples<'v>, Fault> {
        let mut kept = Tuples::new();
        for (place, tuple) in tuples.iter().enumerate() {
            let own = tuple.scope(scope);
            self.take(4)?;
            let answer = self.eval(test, &tuple.at, &own)?;
            if self.picks(&answer, place, tuples.len())? {
                kept.push(tuple.clone());
            }
        }
        Ok(kept)
    }
}
