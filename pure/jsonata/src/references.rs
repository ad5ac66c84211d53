//! What an expression refers to from outside (SFN-JA-20, SFN-JA-21, SFN-VALID-6).

use crate::Reference;
use crate::functions;
use crate::tree::{Group, Kind, Node, Path, Stage, Step, Symbol, Tree};

pub(crate) fn collect(tree: &Tree) -> Vec<Reference> {
    let mut walk = Walk { tree, found: Vec::new(), bound: Vec::new(), scopes: Vec::new() };
    walk.bound.resize(tree.symbols.len(), 0);
    walk.scope(|walk| walk.node(&tree.root, Place::Top));
    walk.found
}

/// Whether there is a context item in which a bare name may look.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    /// In a later step, a predicate, a sort term or a grouping.
    Item,
}

struct Walk<'t> {
    tree: &'t Tree,
    found: Vec<Reference>,
    /// How many scopes around bind each name.
    bound: Vec<u32>,
    /// Names bound by the expression itself, innermost scope last.
    scopes: Vec<Vec<Symbol>>,
}

impl<'t> Walk<'t> {
    fn scope(&mut self, walk: impl FnOnce(&mut Self)) {
        self.scopes.push(Vec::new());
        walk(self);
        for symbol in self.scopes.pop().unwrap_or_default() {
            if let Some(count) = self.bound.get_mut(symbol as usize) {
                *count -= 1;
            }
        }
    }

    fn nodes<'n>(&mut self, nodes: impl IntoIterator<Item = &'n Node>, place: Place) {
        nodes.into_iter().for_each(|node| self.node(node, place));
    }

    fn node(&mut self, node: &Node, place: Place) {
        match &node.kind {
            Kind::Variable(symbol) => self.variable(*symbol),
            Kind::Root => self.found.push(Reference::Root),
            Kind::Name(name) => self.name(name, place),
            Kind::Path(path) => self.path(path, place),
            Kind::Call(call) | Kind::Partial(call) => {
                if !matches!(call.procedure.kind, Kind::Variable(_)) {
                    self.node(&call.procedure, place);
                }
                self.arguments(&call.args, 0, place);
            }
            Kind::Apply(sides) => {
                self.node(&sides.0, place);
                self.arguments(std::slice::from_ref(&sides.1), 1, place);
            }
            Kind::Lambda(lambda) => self.scope(|walk| {
                lambda.params.iter().for_each(|param| walk.add(*param));
                walk.node(&lambda.body, place);
            }),
            Kind::Block(parts) => self.scope(|walk| walk.nodes(parts, place)),
            Kind::Bind(symbol, value) => self.bind(*symbol, value, place),
            Kind::Tail(inner) | Kind::Negate(inner) => self.node(inner, place),
            Kind::Array(array) => self.nodes(&array.items, place),
            Kind::Object(group) => self.group(group, place),
            Kind::Binary(_, sides) | Kind::Default(sides) | Kind::Coalesce(sides) => {
                self.nodes([&sides.0, &sides.1], place);
            }
            Kind::Condition(parts) => {
                self.nodes([&parts.0, &parts.1].into_iter().chain(&parts.2), place);
            }
            Kind::Transform(transform) => {
                let parts = [&transform.pattern, &transform.update];
                self.nodes(parts.into_iter().chain(&transform.delete), Place::Item);
            }
            Kind::Sort(terms) => self.nodes(terms.iter().map(|term| &term.node), Place::Item),
            Kind::With(with) => {
                self.node(&with.node, place);
                self.nodes(&with.filters, Place::Item);
                with.group.iter().for_each(|group| self.group(group, Place::Item));
            }
            Kind::Null
            | Kind::Bool(_)
            | Kind::Number(_)
            | Kind::Text(_)
            | Kind::Pattern(_)
            | Kind::Item
            | Kind::Wildcard
            | Kind::Descendants
            | Kind::Parent(_)
            | Kind::Placeholder => {}
        }
    }

    fn group(&mut self, group: &Group, place: Place) {
        for (key, value) in &group.pairs {
            self.nodes([key, value], place);
        }
    }

    fn path(&mut self, path: &Path, place: Place) {
        let Some((first, later)) = path.steps.split_first() else { return };
        let (head, filters) = match &first.node.kind {
            Kind::With(with) => (&with.node, with.filters.as_slice()),
            _ => (&first.node, &[] as &[Node]),
        };
        match (&head.kind, later.first().map(|step| &step.node.kind)) {
            // `$states.input`: the member counts, not the variable.
            (Kind::Variable(symbol), Some(Kind::Name(member)))
                if self.is_named(*symbol, "states") && !self.is_bound(*symbol) =>
            {
                self.found.push(Reference::States(member.to_string()));
            }
            _ => self.node(head, place),
        }
        self.nodes(filters, Place::Item);
        self.stages(first);
        for step in later {
            self.node(&step.node, Place::Item);
            self.stages(step);
        }
        path.group.iter().for_each(|group| self.group(group, Place::Item));
    }

    fn stages(&mut self, step: &Step) {
        let names = step.focus.iter().chain(&step.index);
        names.for_each(|name| self.add(*name));
        for stage in &step.stages {
            match stage {
                Stage::Filter(test) => self.node(test, Place::Item),
                Stage::Index(name) => self.add(*name),
            }
        }
    }

    /// A library function handed over by name, as in `$map(x, $uppercase)`, is no variable.
    /// The first argument of a call is data whatever its name is.
    fn arguments(&mut self, args: &[Node], before: usize, place: Place) {
        for (index, arg) in args.iter().enumerate() {
            match arg.kind {
                Kind::Variable(symbol) if index + before > 0 && self.is_function(symbol) => {}
                _ => self.node(arg, place),
            }
        }
    }

    /// A function sees its own name.
    fn bind(&mut self, symbol: Symbol, value: &Node, place: Place) {
        if matches!(value.kind, Kind::Lambda(_)) {
            self.add(symbol);
            self.node(value, place);
        } else {
            self.node(value, place);
            self.add(symbol);
        }
    }

    fn variable(&mut self, symbol: Symbol) {
        if !self.is_bound(symbol)
            && let Some(name) = self.tree.symbols.get(symbol as usize)
        {
            self.found.push(Reference::Variable(name.name.to_string()));
        }
    }

    fn name(&mut self, name: &str, place: Place) {
        if place == Place::Top {
            self.found.push(Reference::TopLevel(name.to_owned()));
        }
    }

    fn add(&mut self, symbol: Symbol) {
        if let (Some(scope), Some(count)) =
            (self.scopes.last_mut(), self.bound.get_mut(symbol as usize))
        {
            scope.push(symbol);
            *count += 1;
        }
    }

    fn is_bound(&self, symbol: Symbol) -> bool {
        self.bound.get(symbol as usize).is_some_and(|count| *count > 0)
    }

    fn is_named(&self, symbol: Symbol, name: &str) -> bool {
        self.tree.symbols.get(symbol as usize).is_some_and(|known| &*known.name == name)
    }

    fn is_function(&self, symbol: Symbol) -> bool {
        let name = self.tree.symbols.get(symbol as usize);
        name.is_some_and(|name| functions::find(&name.name).is_some())
    }
}
