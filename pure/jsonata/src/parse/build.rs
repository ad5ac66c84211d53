//! Paths and what is put behind an operand: steps, predicates, orders, groups, bindings.

use super::{Gathered, Parsed, Parser, Part, ancestry, leaf, node};
use crate::tree::{Kind, Node, Path, Stage, Step, Symbol, With};

/// A name by itself is a path of one step.
pub(super) fn name(at: usize, name: &str) -> Part {
    let step = Step::new(node(at, Kind::Name(name.into())));
    let path = Path { steps: vec![step], keep: false, is_tuple: false, group: None };
    let mut part = leaf(at, Kind::Path(Box::new(path)));
    part.depth = 2;
    part
}

/// The name that is all there is.
pub(super) fn plain_name(node: &Node) -> Option<&str> {
    let Kind::Path(path) = &node.kind else { return None };
    match path.steps.as_slice() {
        [Step { node: Node { kind: Kind::Name(name), .. }, stages, .. }] if stages.is_empty() => {
            Some(name)
        }
        _ => None,
    }
}

/// The node as one on which predicates and the like may hang.
pub(super) fn with(place: &mut Node) -> &mut With {
    if !matches!(place.kind, Kind::With(_)) {
        let bare = Node { at: place.at, kind: std::mem::replace(&mut place.kind, Kind::Null) };
        let with = With { node: bare, filters: Vec::new(), keep: false, group: None };
        place.kind = Kind::With(Box::new(with));
    }
    match &mut place.kind {
        Kind::With(with) => with,
        _ => unreachable!("it was put there"),
    }
}

pub(super) fn is_kept(node: &Node) -> bool {
    matches!(&node.kind, Kind::With(with) if with.keep)
}

/// The node as a path.
fn path(place: &mut Node) -> &mut Path {
    if !matches!(place.kind, Kind::Path(_)) {
        let first = Node { at: place.at, kind: std::mem::replace(&mut place.kind, Kind::Null) };
        let keep = is_kept(&first);
        let steps = vec![Step::new(first)];
        place.kind = Kind::Path(Box::new(Path { steps, keep, is_tuple: false, group: None }));
    }
    match &mut place.kind {
        Kind::Path(path) => path,
        _ => unreachable!("it was put there"),
    }
}

/// A text is a name where it is a step; other literals are none.
fn as_step(node: &mut Node) -> Parsed<()> {
    let literal = match &mut node.kind {
        Kind::Text(text) => {
            node.kind = Kind::Name(std::mem::take(text));
            return Ok(());
        }
        Kind::With(with) => return as_step(&mut with.node),
        Kind::Number(number) => crate::text::number(*number),
        Kind::Bool(truth) => truth.to_string(),
        Kind::Null => "null".to_owned(),
        _ => return Ok(()),
    };
    Err(format!("The literal value {literal} cannot be used as a step within a path expression"))
}

fn keep_array(step: Option<&mut Step>) {
    if let Some(Step { node: Node { kind: Kind::Array(array), .. }, .. }) = step {
        array.is_kept = true;
    }
}

impl Parser<'_> {
    /// Behind a dot.
    pub(super) fn step(&mut self, mut left: Part, _at: usize) -> Parsed<Part> {
        let right = self.expression(75)?;
        let path = path(&mut left.node);
        left.depth = left.depth.max(right.depth).saturating_add(u32::from(path.steps.len() == 1));
        match right.node.kind {
            Kind::Path(other) => {
                path.keep |= other.keep;
                path.steps.extend(other.steps);
            }
            Kind::With(with) => {
                path.keep |= with.keep;
                let mut step = Step::new(with.node);
                step.stages = with.filters.into_iter().map(Stage::Filter).collect();
                path.steps.push(step);
            }
            kind => path.steps.push(Step::new(Node { at: right.node.at, kind })),
        }
        if path.steps.len() == 2 {
            path.steps.first_mut().map_or(Ok(()), |step| as_step(&mut step.node))?;
            keep_array(path.steps.first_mut());
        }
        path.steps.last_mut().map_or(Ok(()), |step| as_step(&mut step.node))?;
        keep_array(path.steps.last_mut());
        let unfound = ancestry::resolve(&mut self.slots, path, right.seeks)?;
        left.seeks.extend(unfound);
        Ok(left)
    }

    /// Behind `[`.
    pub(super) fn predicate(&mut self, mut left: Part) -> Parsed<Part> {
        if self.is("]") {
            self.take(true)?;
            match &mut left.node.kind {
                Kind::Path(path) => path.keep = true,
                _ => with(&mut left.node).keep = true,
            }
            return Ok(left);
        }
        let test = self.expression(0)?;
        self.expect("]", true)?;
        left.depth = left.depth.max(test.depth + 1);
        let mut unfound = Vec::new();
        for slot in test.seeks {
            if ancestry::is_near(&mut self.slots, slot) {
                match &mut left.node.kind {
                    Kind::Path(path) => {
                        if let Some(step) = path.steps.last_mut() {
                            ancestry::seek_step(&mut self.slots, step, slot)?;
                        }
                    }
                    _ => ancestry::seek(&mut self.slots, &mut left.node, slot)?,
                }
            }
            if ancestry::is_sought(&self.slots, slot) {
                unfound.push(slot);
            }
        }
        left.seeks.extend(unfound);
        match &mut left.node.kind {
            Kind::Path(path) => {
                if let Some(step) = path.steps.last_mut() {
                    step.stages.push(Stage::Filter(test.node));
                }
            }
            _ => {
                let with = with(&mut left.node);
                if with.group.is_some() {
                    return Err("A predicate cannot follow a grouping expression in a step".into());
                }
                with.filters.push(test.node);
            }
        }
        Ok(left)
    }

    /// Behind `{`.
    pub(super) fn group_by(&mut self, mut left: Part, _at: usize) -> Parsed<Part> {
        let mut gathered = Gathered::default();
        let pairs = self.pairs(&mut gathered)?;
        left.depth = left.depth.max(gathered.depth + 1);
        let group = match &mut left.node.kind {
            Kind::Path(path) => &mut path.group,
            _ => &mut with(&mut left.node).group,
        };
        match group.replace(pairs) {
            Some(_) => Err("Each step can only have one grouping expression".to_owned()),
            None => Ok(left),
        }
    }

    /// Behind `^`.
    pub(super) fn sort(&mut self, mut left: Part, at: usize) -> Parsed<Part> {
        let mut gathered = Gathered::default();
        let terms = self.terms(&mut gathered)?;
        left.depth = left.depth.max(gathered.depth) + 1;
        let path = path(&mut left.node);
        path.steps.push(Step::new(node(at, Kind::Sort(terms))));
        let unfound = ancestry::resolve(&mut self.slots, path, gathered.seeks)?;
        left.seeks.extend(unfound);
        Ok(left)
    }

    /// Behind `@`.
    pub(super) fn focus(&mut self, mut left: Part) -> Parsed<Part> {
        let symbol = self.bound("@")?;
        if matches!(&left.node.kind, Kind::With(with) if !with.filters.is_empty()) {
            return Err(late_focus());
        }
        left.depth += 1;
        if let Some(step) = path(&mut left.node).steps.last_mut() {
            if !step.stages.is_empty() {
                return Err(late_focus());
            }
            if matches!(step.node.kind, Kind::Sort(_)) {
                return Err("A context variable binding must precede the 'order-by' clause on a \
                            step"
                    .to_owned());
            }
            step.focus = Some(symbol);
            step.is_tuple = true;
        }
        Ok(left)
    }

    /// Behind `#`.
    pub(super) fn index(&mut self, mut left: Part) -> Parsed<Part> {
        let symbol = self.bound("#")?;
        let mut stages = Vec::new();
        if let Kind::With(with) = &mut left.node.kind {
            stages = with.filters.drain(..).map(Stage::Filter).collect();
        }
        left.depth += 1;
        if let Some(step) = path(&mut left.node).steps.last_mut() {
            step.stages.extend(stages);
            match step.stages.is_empty() {
                true => step.index = Some(symbol),
                false => step.stages.push(Stage::Index(symbol)),
            }
            step.is_tuple = true;
        }
        Ok(left)
    }

    /// The variable behind the sign.
    fn bound(&mut self, sign: &str) -> Parsed<Symbol> {
        let part = self.expression(80)?;
        let Kind::Variable(symbol) = part.node.kind else {
            return Err(format!(
                "The right side of \"{sign}\" must be a variable name (start with $)"
            ));
        };
        self.local(symbol);
        Ok(symbol)
    }
}

fn late_focus() -> String {
    "A context variable binding must precede any predicates on a step".to_owned()
}
