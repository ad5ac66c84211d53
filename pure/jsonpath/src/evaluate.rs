//! Path and value to selection. Loops over segments and an explicit stack for `..`, so the depth of
//! recursion is that of filters, which the parser bounds.

mod filter;
mod functions;

use std::cell::Cell;

use serde_json::Value;

use crate::syntax::{Filter, Segment, Selector, Slice, gathered_names, is_definite};
use crate::{Missing, Path, Root, Selection, VISITS_MAX};

/// What an evaluation knows throughout: the root, and how many more values it may look at.
struct Scope<'v> {
    root: &'v Value,
    visits_left: Cell<usize>,
}

/// Whether selectors are applied to one value, or to one value after another as `..` does. The
/// latter comes by an array's objects anyway, so that a filter need not look into the array.
#[derive(Clone, Copy, PartialEq)]
enum Reach {
    Below,
    Everywhere,
}

/// The evaluation looked at too many values.
struct Exhausted;

pub(crate) fn select<'v>(path: &Path, root: &'v Value) -> Result<Selection<'v>, Missing> {
    let missing = |leaf| Missing {
        leaf,
        path: normalised(&path.root, &path.segments),
        past_end: false,
        not_array: None,
        too_many: false,
    };
    let exhausted = |Exhausted| Missing { too_many: true, ..missing(true) };
    let selection = if is_definite(&path.segments) {
        definite(&path.root, &path.segments, root)?
    } else {
        let scope = Scope { root, visits_left: Cell::new(VISITS_MAX) };
        Selection::Many(scope.walk(vec![root], &path.segments).map_err(exhausted)?)
    };
    match path.function {
        None => Ok(selection),
        Some(function) => {
            let value = functions::apply(function, &selection).ok_or_else(|| missing(true))?;
            Ok(Selection::Computed(value))
        }
    }
}

/// Follows names and indexes; says what is missing in Jayway's terms.
fn definite<'v>(
    root_name: &Root,
    segments: &[Segment],
    root: &'v Value,
) -> Result<Selection<'v>, Missing> {
    let mut value = root;
    for (step, segment) in segments.iter().enumerate() {
        if let Some(names) = gathered_names(segment) {
            let object = value.as_object().ok_or_else(|| missing_at(root_name, segments, step))?;
            return Ok(Selection::Computed(gather(object, &names)));
        }
        let next = match segment {
            Segment::Name(name) => value.as_object().and_then(|object| object.get(name)),
            Segment::Index(index) => value.as_array().and_then(|items| item(items, *index)),
            Segment::Children(_) | Segment::Descendants(_) => None,
        };
        let past_end = matches!(segment, Segment::Index(_)) && value.is_array();
        value = match next {
            Some(next) => next,
            // Jayway passes over such an index silently and then finds no result at all.
            None if past_end => {
                let path = normalised(root_name, segments);
                let not_array = None;
                return Err(Missing { leaf: true, path, past_end, not_array, too_many: false });
            }
            None => {
                let indexed = matches!(segment, Segment::Index(_)) && !value.is_null();
                let not_array = indexed.then(|| value.to_string());
                return Err(Missing { not_array, ..missing_at(root_name, segments, step) });
            }
        };
    }
    Ok(Selection::One(value))
}

fn missing_at(root: &Root, segments: &[Segment], step: usize) -> Missing {
    let until = segments.get(..=step).unwrap_or(segments);
    Missing {
        leaf: step + 1 == segments.len(),
        path: normalised(root, until),
        past_end: false,
        not_array: None,
        too_many: false,
    }
}

/// What `['a','b']` at the end of a definite path gives in Jayway: an object of those present.
fn gather(object: &serde_json::Map<String, Value>, names: &[&str]) -> Value {
    let present = names.iter().filter_map(|name| object.get_key_value(*name));
    Value::Object(present.map(|(name, value)| (name.clone(), value.clone())).collect())
}

/// The item at `index`, counted from the end when negative.
fn item(items: &[Value], index: i64) -> Option<&Value> {
    items.get(position(index, items.len())?)
}

fn position(index: i64, length: usize) -> Option<usize> {
    if index >= 0 {
        return usize::try_from(index).ok();
    }
    length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?)
}

/// `$['a'][0][*]`: every segment in brackets.
fn normalised(root: &Root, segments: &[Segment]) -> String {
    let mut text = root.to_string();
    for segment in segments {
        match segment {
            Segment::Name(name) => text.push_str(&format!("['{name}']")),
            Segment::Index(index) => text.push_str(&format!("[{index}]")),
            Segment::Children(selectors) => text.push_str(&listed(selectors)),
            Segment::Descendants(selectors) => text.push_str(&format!("..{}", listed(selectors))),
        }
    }
    text
}

fn listed(selectors: &[Selector]) -> String {
    let texts: Vec<String> = selectors.iter().map(selector_text).collect();
    format!("[{}]", texts.join(","))
}

fn selector_text(selector: &Selector) -> String {
    let bound = |bound: Option<i64>| bound.map(|bound| bound.to_string()).unwrap_or_default();
    match selector {
        Selector::Name(name) => format!("'{name}'"),
        Selector::Index(index) => index.to_string(),
        Selector::Wildcard => "*".to_owned(),
        Selector::Slice(slice) => format!("{}:{}", bound(slice.start), bound(slice.end)),
        Selector::Filter(_) => "?".to_owned(),
    }
}

impl<'v> Scope<'v> {
    /// All values that `segments` lead to from `values`, in document order.
    fn walk(
        &self,
        mut values: Vec<&'v Value>,
        segments: &[Segment],
    ) -> Result<Vec<&'v Value>, Exhausted> {
        for segment in segments {
            let mut next = Vec::new();
            for value in values {
                self.step(value, segment, &mut next)?;
            }
            values = next;
        }
        Ok(values)
    }

    fn step(
        &self,
        value: &'v Value,
        segment: &Segment,
        out: &mut Vec<&'v Value>,
    ) -> Result<(), Exhausted> {
        self.visit()?;
        match segment {
            Segment::Name(name) => out.extend(value.as_object().and_then(|all| all.get(name))),
            Segment::Index(index) => {
                out.extend(value.as_array().and_then(|items| item(items, *index)));
            }
            Segment::Children(selectors) => self.children(value, selectors, Reach::Below, out)?,
            Segment::Descendants(selectors) => self.descendants(value, selectors, out)?,
        }
        Ok(())
    }

    /// `selectors` applied to `value` and everything below it, parents before children.
    fn descendants(
        &self,
        value: &'v Value,
        selectors: &[Selector],
        out: &mut Vec<&'v Value>,
    ) -> Result<(), Exhausted> {
        let mut waiting = vec![value];
        while let Some(value) = waiting.pop() {
            self.visit()?;
            self.children(value, selectors, Reach::Everywhere, out)?;
            match value {
                Value::Array(items) => waiting.extend(items.iter().rev()),
                Value::Object(members) => waiting.extend(members.values().rev()),
                _ => {}
            }
        }
        Ok(())
    }

    fn children(
        &self,
        value: &'v Value,
        selectors: &[Selector],
        reach: Reach,
        out: &mut Vec<&'v Value>,
    ) -> Result<(), Exhausted> {
        for selector in selectors {
            match (selector, value) {
                (Selector::Name(name), Value::Object(members)) => out.extend(members.get(name)),
                (Selector::Index(index), Value::Array(items)) => out.extend(item(items, *index)),
                (Selector::Wildcard, Value::Array(items)) => self.all(items.iter(), out)?,
                (Selector::Wildcard, Value::Object(members)) => self.all(members.values(), out)?,
                (Selector::Slice(slice), Value::Array(items)) => self.slice(items, *slice, out)?,
                (Selector::Filter(filter), Value::Array(items)) if reach == Reach::Below => {
                    for item in items {
                        self.filter(filter, item, out)?;
                    }
                }
                // As in Jayway, a filter on an object tests that object, not its members.
                (Selector::Filter(filter), Value::Object(_)) => self.filter(filter, value, out)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Scalars and arrays never pass a filter in Step Functions.
    fn filter(
        &self,
        filter: &Filter,
        candidate: &'v Value,
        out: &mut Vec<&'v Value>,
    ) -> Result<(), Exhausted> {
        self.visit()?;
        if candidate.is_object() && self.passes(filter, candidate)? {
            out.push(candidate);
        }
        Ok(())
    }

    fn all(
        &self,
        values: impl Iterator<Item = &'v Value>,
        out: &mut Vec<&'v Value>,
    ) -> Result<(), Exhausted> {
        for value in values {
            self.visit()?;
            out.push(value);
        }
        Ok(())
    }

    fn slice(
        &self,
        items: &'v [Value],
        slice: Slice,
        out: &mut Vec<&'v Value>,
    ) -> Result<(), Exhausted> {
        let length = i64::try_from(items.len()).unwrap_or(i64::MAX);
        let absolute = |bound: i64| {
            if bound < 0 { bound.saturating_add(length) } else { bound }
        };
        let forward = slice.step > 0;
        let (low, high) = if forward { (0, length) } else { (-1, length - 1) };
        let start = slice.start.map_or(if forward { low } else { high }, absolute);
        let end = slice.end.map_or(if forward { high } else { low }, absolute);
        let (mut at, end) = (start.clamp(low, high), end.clamp(low, high));
        while slice.step != 0 && (if forward { at < end } else { at > end }) {
            self.visit()?;
            out.extend(usize::try_from(at).ok().and_then(|at| items.get(at)));
            at = at.saturating_add(slice.step);
        }
        Ok(())
    }

    fn visit(&self) -> Result<(), Exhausted> {
        let left = self.visits_left.get().checked_sub(1).ok_or(Exhausted)?;
        self.visits_left.set(left);
        Ok(())
    }
}
