//! One evaluation: the tree walked, every node, item and byte counted on the way.

mod calls;
mod groups;
mod meter;
mod operators;
mod paths;
mod sorts;
mod transforms;
mod tuples;

use std::rc::Rc;

use moment::{Moment, Random};

use crate::fault::{self, Fault};
use crate::function::{self, Bindings, Frame, Function, Scope};
use crate::tree::{Kind, Lambda, Node, Symbol, Transform, Tree, With};
use crate::value::{Key, Val};
use crate::{DEPTH_MAX, text};

pub(crate) use calls::Args;
pub(crate) use groups::append;

pub(crate) type Outcome<'v> = Result<Val<'v>, Fault>;

pub(crate) struct Run<'v> {
    tree: &'v Tree,
    /// What each name is bound to from outside.
    globals: Vec<Val<'v>>,
    /// `$$`
    root: Val<'v>,
    pub(crate) moment: Moment,
    random: Option<Random>,
    pub(crate) left: u64,
    depth: usize,
    /// Scopes that functions see: they are kept to the end, so that neither cycles of them nor
    /// long chains are ever dropped by themselves.
    captured: Vec<Rc<Frame<'v>>>,
    /// The call on which a function ended, with its item and scope.
    tail: Option<(&'v Node, Val<'v>, Scope<'v>)>,
}

impl<'v> Run<'v> {
    pub(crate) fn new(
        tree: &'v Tree,
        globals: Vec<Val<'v>>,
        root: Val<'v>,
        moment: Moment,
        left: u64,
    ) -> Run<'v> {
        let captured = Vec::new();
        Run { tree, globals, root, moment, random: None, left, depth: 0, captured, tail: None }
    }

    /// Whatever draws numbers draws from this one.
    pub(crate) fn random(&mut self) -> &mut Random {
        let moment = self.moment;
        self.random.get_or_insert_with(|| moment.random())
    }

    /// Evaluates the whole tree.
    pub(crate) fn all(&mut self, item: &Val<'v>) -> Outcome<'v> {
        let tree = self.tree;
        let binds = tree.symbols.iter().any(|name| name.is_local);
        let scope = binds.then(|| Frame::new(None, Bindings::new()));
        Ok(self.eval(&tree.root, item, &scope)?.untupled())
    }

    pub(crate) fn eval(
        &mut self,
        node: &'v Node,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        self.take(1)?;
        if self.depth >= DEPTH_MAX {
            return Err(fault::too_deep());
        }
        self.depth += 1;
        let found = self.kind(node, item, scope);
        self.depth -= 1;
        match &found {
            // A row of one is that one.
            Ok(Val::List(list)) if list.is_sequence && !list.keep && list.items.len() < 2 => {
                Ok(list.items.first().cloned().unwrap_or(Val::Undefined))
            }
            _ => found,
        }
    }

    /// A level of depth for what is no node.
    pub(crate) fn deeper<T>(
        &mut self,
        run: impl FnOnce(&mut Self) -> Result<T, Fault>,
    ) -> Result<T, Fault> {
        if self.depth >= DEPTH_MAX {
            return Err(fault::too_deep());
        }
        self.depth += 1;
        let found = run(self);
        self.depth -= 1;
        found
    }

    fn kind(&mut self, node: &'v Node, item: &Val<'v>, scope: &Scope<'v>) -> Outcome<'v> {
        Ok(match &node.kind {
            Kind::Null => Val::Null,
            Kind::Bool(truth) => Val::Bool(*truth),
            Kind::Number(number) => Val::Number(*number),
            Kind::Text(text) => Val::Str(text),
            Kind::Pattern(pattern) => Val::Pattern(pattern),
            Kind::Item => unwrapped(item),
            Kind::Root => self.root.clone(),
            Kind::Variable(symbol) => self.variable(*symbol, scope),
            Kind::Parent(slot) => match self.tree.labels.get(*slot as usize) {
                Some(label) => function::find(scope, *label).unwrap_or(Val::Undefined),
                None => Val::Undefined,
            },
            Kind::Name(name) => return self.lookup(item, name),
            Kind::Wildcard => return self.wildcard(item),
            Kind::Descendants => return self.descendants(item),
            Kind::Path(path) => return self.path(path, item, scope),
            Kind::Array(array) => return self.array(array, item, scope),
            Kind::Object(group) => return self.group(group, item, scope),
            Kind::Negate(operand) => return self.negate(operand, item, scope),
            Kind::Binary(operator, sides) => {
                return self.binary(*operator, &sides.0, &sides.1, item, scope);
            }
            Kind::Condition(parts) => {
                return self.condition(&parts.0, &parts.1, parts.2.as_ref(), item, scope);
            }
            Kind::Default(sides) => {
                let left = self.eval(&sides.0, item, scope)?;
                return match self.truth(&left)? {
                    true => Ok(left),
                    false => self.eval(&sides.1, item, scope),
                };
            }
            Kind::Coalesce(sides) => {
                let left = self.eval(&sides.0, item, scope)?;
                return match left {
                    Val::Undefined => self.eval(&sides.1, item, scope),
                    left => Ok(left),
                };
            }
            Kind::Block(parts) => return self.block(parts, item, scope),
            Kind::Bind(symbol, value) => return self.bind(*symbol, value, item, scope),
            Kind::Lambda(lambda) => return self.lambda(lambda, item, scope),
            Kind::Call(call) => return self.call(call, None, item, scope),
            Kind::Partial(call) => return self.partial(call, None, item, scope),
            Kind::Tail(call) => {
                self.tail = Some((call, item.clone(), scope.clone()));
                Val::Tail
            }
            Kind::Placeholder | Kind::Sort(_) => Val::Undefined,
            Kind::Apply(sides) => return self.chain(&sides.0, &sides.1, item, scope),
            Kind::Transform(transform) => return self.transformer(transform, scope),
            Kind::With(with) => return self.with(with, item, scope),
        })
    }

    fn variable(&self, symbol: Symbol, scope: &Scope<'v>) -> Val<'v> {
        let Some(name) = self.tree.symbols.get(symbol as usize) else { return Val::Undefined };
        if name.is_local
            && let Some(value) = function::find(scope, symbol)
        {
            return value;
        }
        match self.globals.get(symbol as usize) {
            Some(Val::Undefined) | None => name.builtin.map_or(Val::Undefined, Val::Builtin),
            Some(value) => value.clone(),
        }
    }

    /// The variable by a name that the text may hold only as that of a member.
    fn is_variable(&self, name: &str, scope: &Scope<'v>) -> bool {
        if crate::functions::find(name).is_some() {
            return true;
        }
        let symbol = self.tree.symbols.iter().position(|known| &*known.name == name);
        let symbol = symbol.and_then(|symbol| u32::try_from(symbol).ok());
        symbol.is_some_and(|symbol| !self.variable(symbol, scope).is_undefined())
    }

    fn condition(
        &mut self,
        test: &'v Node,
        then: &'v Node,
        otherwise: Option<&'v Node>,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let found = self.eval(test, item, scope)?;
        if self.truth(&found)? {
            return self.eval(then, item, scope);
        }
        otherwise.map_or(Ok(Val::Undefined), |node| self.eval(node, item, scope))
    }

    fn block(&mut self, parts: &'v [Node], item: &Val<'v>, scope: &Scope<'v>) -> Outcome<'v> {
        let binds = parts.iter().any(|part| matches!(part.kind, Kind::Bind(..)));
        let own = match binds || !parts.iter().all(is_simple) {
            true => {
                self.take(1)?;
                Some(Frame::new(scope.clone(), Bindings::new()))
            }
            false => scope.clone(),
        };
        let mut found = Val::Undefined;
        for part in parts {
            found = self.eval(part, item, &own)?;
        }
        Ok(found)
    }

    fn bind(
        &mut self,
        symbol: Symbol,
        value: &'v Node,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let value = self.eval(value, item, scope)?;
        if let Some(frame) = scope {
            frame.bind(symbol, value.clone());
        }
        Ok(value)
    }

    /// Notes that a function sees the scope and those around it.
    fn capture(&mut self, scope: &Scope<'v>) -> Result<(), Fault> {
        let mut scope = scope.as_ref();
        while let Some(frame) = scope
            && !frame.is_captured.replace(true)
        {
            self.captured.push(frame.clone());
            self.take(4)?;
            scope = frame.around.as_ref();
        }
        Ok(())
    }

    fn lambda(&mut self, lambda: &'v Lambda, item: &Val<'v>, scope: &Scope<'v>) -> Outcome<'v> {
        self.capture(scope)?;
        let (item, scope) = (item.clone(), scope.clone());
        self.function(Function::Lambda { lambda, item, scope })
    }

    fn transformer(&mut self, transform: &'v Transform, scope: &Scope<'v>) -> Outcome<'v> {
        self.capture(scope)?;
        self.function(Function::Transform { transform, scope: scope.clone() })
    }

    /// Predicates, `[]` and a grouping behind what is no path.
    fn with(&mut self, with: &'v With, item: &Val<'v>, scope: &Scope<'v>) -> Outcome<'v> {
        let found = self.kind(&with.node, item, scope)?;
        self.attached(with, found, scope)
    }

    fn attached(&mut self, with: &'v With, mut found: Val<'v>, scope: &Scope<'v>) -> Outcome<'v> {
        for filter in &with.filters {
            found = self.filter(filter, &found, scope)?;
        }
        if let Some(group) = &with.group {
            found = self.group(group, &found, scope)?;
        }
        match &found {
            Val::List(list) if with.keep && list.is_sequence && !list.items.is_empty() => {
                let items = list.items.clone();
                self.kept(items)
            }
            _ => Ok(found),
        }
    }

    /// A value as text, as `&` and `$string` have it.
    pub(crate) fn string(&mut self, value: &Val<'v>, indent: bool) -> Result<Key<'v>, Fault> {
        Ok(match value {
            Val::Str(text) => Key::Borrowed(text),
            Val::Text(text) => Key::Shared(text.clone()),
            Val::Undefined | Val::Builtin(_) | Val::Pattern(_) | Val::Function(_) => {
                Key::Borrowed("")
            }
            other => {
                let mut writer = text::Writer { run: self, out: String::new(), indent };
                writer.write(other, 0)?;
                let out = writer.out;
                self.take_text(out.len())?;
                Key::Shared(out.into())
            }
        })
    }
}

impl Drop for Run<'_> {
    fn drop(&mut self) {
        for frame in &self.captured {
            // Taken out first, since what is dropped may look into other scopes.
            drop(std::mem::take(&mut *frame.bound.borrow_mut()));
        }
    }
}

/// The document, if it is an array.
fn unwrapped<'v>(item: &Val<'v>) -> Val<'v> {
    match item {
        Val::List(list) if list.is_wrapper => list.items.first().cloned().unwrap_or(Val::Undefined),
        other => other.clone(),
    }
}

/// Whether a part of a block leaves its scope as it is.
fn is_simple(node: &Node) -> bool {
    match &node.kind {
        Kind::Binary(_, sides) => is_simple(&sides.0) && is_simple(&sides.1),
        Kind::Path(path) => path.steps.iter().all(|step| is_simple(&step.node)),
        Kind::Name(_)
        | Kind::Number(_)
        | Kind::Text(_)
        | Kind::Bool(_)
        | Kind::Null
        | Kind::Item
        | Kind::Root
        | Kind::Variable(_)
        | Kind::Parent(_)
        | Kind::Block(_)
        | Kind::Lambda(_)
        | Kind::Object(_)
        | Kind::Wildcard => true,
        Kind::Call(call) => call.args.iter().all(is_simple),
        Kind::Tail(call) => is_simple(call),
        Kind::Condition(parts) => {
            is_simple(&parts.0) && is_simple(&parts.1) && parts.2.as_ref().is_none_or(is_simple)
        }
        _ => false,
    }
}
