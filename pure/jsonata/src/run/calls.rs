//! Calling functions. A call on which a function ends takes the place of that function: it may go
//! on so for as long as its steps last.

use smallvec::SmallVec;

use super::{Outcome, Run};
use crate::fault::{self, Fault, Misfit, thrown};
use crate::function::{Bindings, Frame, Function, Scope};
use crate::functions::Builtin;
use crate::signature::{self, Signature, mask};
use crate::tree::{Call, Kind, Lambda, Node};
use crate::value::Val;

pub(crate) type Args<'v> = SmallVec<[Val<'v>; 4]>;

impl<'v> Run<'v> {
    pub(super) fn call(
        &mut self,
        call: &'v Call,
        first: Option<Val<'v>>,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let (function, args) = self.prepared(call, first, item, scope)?;
        let found = self.apply(&function, args, item);
        found.map_err(|fault| fault.within(|| self.name_of(&call.procedure)))
    }

    /// The function and its arguments, evaluated.
    fn prepared(
        &mut self,
        call: &'v Call,
        first: Option<Val<'v>>,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Result<(Val<'v>, Args<'v>), Fault> {
        let function = self.eval(&call.procedure, item, scope)?;
        if function.is_undefined()
            && let Some(name) = self.forgotten_dollar(&call.procedure, scope)
        {
            let message = format!("Attempted to invoke a non-function. Did you mean ${name}?");
            return Err(thrown("T1005", message));
        }
        let mut args = Args::new();
        args.extend(first);
        for arg in &call.args {
            args.push(self.eval(arg, item, scope)?.untupled());
        }
        Ok((function, args))
    }

    /// The variable that a bare name before a call may have meant.
    fn forgotten_dollar<'p>(&self, procedure: &'p Node, scope: &Scope<'v>) -> Option<&'p str> {
        plain_name(procedure).filter(|name| self.is_variable(name, scope))
    }

    /// The name by which a function is called.
    fn name_of(&self, procedure: &Node) -> Option<String> {
        match &procedure.kind {
            Kind::Variable(symbol) => {
                self.tree.symbols.get(*symbol as usize).map(|name| name.name.to_string())
            }
            _ => plain_name(procedure).map(str::to_owned),
        }
    }

    pub(super) fn partial(
        &mut self,
        call: &'v Call,
        first: Option<Val<'v>>,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let mut args: Vec<_> = first.into_iter().map(Some).collect();
        for arg in &call.args {
            args.push(match arg.kind {
                Kind::Placeholder => None,
                _ => Some(self.eval(arg, item, scope)?.untupled()),
            });
        }
        let function = self.eval(&call.procedure, item, scope)?;
        if function.is_function() {
            return self.function(Function::Partial { function, args });
        }
        if function.is_undefined()
            && let Some(name) = self.forgotten_dollar(&call.procedure, scope)
        {
            let message =
                format!("Attempted to partially apply a non-function. Did you mean ${name}?");
            return Err(thrown("T1007", message));
        }
        Err(thrown("T1008", "Attempted to partially apply a non-function"))
    }

    /// `~>`
    pub(super) fn chain(
        &mut self,
        left: &'v Node,
        right: &'v Node,
        item: &Val<'v>,
        scope: &Scope<'v>,
    ) -> Outcome<'v> {
        let value = self.eval(left, item, scope)?.untupled();
        match &right.kind {
            Kind::Call(call) => return self.call(call, Some(value), item, scope),
            Kind::With(with) => {
                if let Kind::Call(call) = &with.node.kind {
                    let found = self.call(call, Some(value), item, scope)?;
                    return self.attached(with, found, scope);
                }
            }
            _ => {}
        }
        let function = self.eval(right, item, scope)?;
        if !function.is_function() {
            return Err(thrown(
                "T2006",
                "The right side of the function application operator ~> must be a function",
            ));
        }
        if value.is_function() {
            return self.function(Function::Chain { first: value, second: function });
        }
        self.apply(&function, Args::from_iter([value]), &Val::Undefined)
    }

    /// Calls the function; `item` is what its signature may take for a missing argument.
    pub(crate) fn apply(
        &mut self,
        function: &Val<'v>,
        args: Args<'v>,
        item: &Val<'v>,
    ) -> Outcome<'v> {
        let mut found = self.apply_once(function, args, item)?;
        while let Val::Tail = found {
            let Some((node, item, scope)) = self.tail.take() else { return Ok(Val::Undefined) };
            let Kind::Call(call) = &node.kind else { return Ok(Val::Undefined) };
            let (function, args) = self.prepared(call, None, &item, &scope)?;
            found = self
                .apply_once(&function, args, &item)
                .map_err(|fault| fault.within(|| self.name_of(&call.procedure)))?;
        }
        Ok(found)
    }

    fn apply_once(&mut self, function: &Val<'v>, args: Args<'v>, item: &Val<'v>) -> Outcome<'v> {
        self.take(2)?;
        match function {
            Val::Builtin(builtin) => self.builtin(builtin, args, item),
            Val::Pattern(pattern) => match args.first().and_then(Val::key) {
                Some(text) => self.match_from(pattern, &text, 0),
                None => Ok(Val::Undefined),
            },
            Val::Function(function) => match &**function {
                Function::Lambda { lambda, item: own, scope } => {
                    self.lambda_call(lambda, own, scope, args, item)
                }
                Function::Partial { function, args: known } => {
                    let mut open = args.into_iter();
                    let all = known.iter().map(|arg| match arg {
                        Some(arg) => arg.clone(),
                        None => open.next().unwrap_or(Val::Undefined),
                    });
                    let all: Args<'v> = all.collect();
                    self.deeper(|run| run.apply(function, all, item))
                }
                Function::Chain { first, second } => self.deeper(|run| {
                    let value = run.apply(first, args, item)?;
                    run.apply(second, Args::from_iter([value]), &Val::Undefined)
                }),
                Function::Transform { transform, scope } => {
                    let object = args.first().cloned().unwrap_or(Val::Undefined);
                    if object.kind() & (mask::OBJECT | mask::ARRAY | mask::MISSING) == 0 {
                        return Err(fault::argument(1, Misfit::Argument));
                    }
                    self.deeper(|run| run.transform(transform, scope, &object))
                }
                Function::Next { pattern, text, from } => self.match_from(pattern, text, *from),
            },
            _ => Err(thrown("T1006", "Attempted to invoke a non-function")),
        }
    }

    fn builtin(
        &mut self,
        builtin: &'static Builtin,
        args: Args<'v>,
        item: &Val<'v>,
    ) -> Outcome<'v> {
        let args = match builtin.signature() {
            Some(signature) => self.checked(signature, args, item)?,
            None => args,
        };
        (builtin.call)(self, &args)
    }

    fn lambda_call(
        &mut self,
        lambda: &'v Lambda,
        own: &Val<'v>,
        scope: &Scope<'v>,
        args: Args<'v>,
        item: &Val<'v>,
    ) -> Outcome<'v> {
        let args = match &lambda.signature {
            Some(signature) => self.checked(signature, args, item)?,
            None => args,
        };
        self.take(2 + lambda.params.len() as u64)?;
        let mut args = args.into_iter();
        let bound: Bindings<'v> = lambda
            .params
            .iter()
            .map(|param| (*param, args.next().unwrap_or(Val::Undefined)))
            .collect();
        let scope = Some(Frame::new(scope.clone(), bound));
        self.eval(&lambda.body, own, &scope)
    }

    /// The arguments as the signature has them.
    fn checked(
        &mut self,
        signature: &Signature,
        args: Args<'v>,
        item: &Val<'v>,
    ) -> Result<Args<'v>, Fault> {
        let params = signature.params.as_slice();
        let is_plain = !signature.repeats
            && args.len() <= params.len()
            && params.iter().enumerate().all(|(place, param)| match args.get(place) {
                Some(arg) => {
                    (param.kinds | mask::MISSING) & arg.kind() != 0
                        && (!param.is_array || arg.is_undefined())
                }
                None => param.is_optional && !param.is_context,
            });
        if !is_plain {
            return self.each_checked(signature, args, item);
        }
        let mut args = args;
        args.resize(params.len(), Val::Undefined);
        Ok(args)
    }

    fn each_checked(
        &mut self,
        signature: &Signature,
        args: Args<'v>,
        item: &Val<'v>,
    ) -> Result<Args<'v>, Fault> {
        let kinds: Vec<u16> = args.iter().map(Val::kind).collect();
        self.take_items(kinds.len())?;
        let counts = signature::assign(&signature.params, &kinds)
            .map_err(|good| fault::argument(good + 1, Misfit::Argument))?;
        let mut checked = Args::new();
        let mut index = 0;
        for (param, count) in signature.params.iter().zip(counts) {
            if count == 0 {
                match param.is_context {
                    true if (param.kinds | mask::MISSING) & item.kind() != 0 => {
                        checked.push(item.clone());
                    }
                    true => return Err(fault::argument(index + 1, Misfit::Context)),
                    // The reference gives what comes next to both.
                    false => {
                        checked.push(args.get(index).cloned().unwrap_or(Val::Undefined));
                        index += 1;
                    }
                }
                continue;
            }
            for _ in 0..count {
                let arg = args.get(index).cloned().unwrap_or(Val::Undefined);
                index += 1;
                checked.push(match param.is_array && !arg.is_undefined() {
                    true => self.array_argument(param.items, arg, index)?,
                    false => arg,
                });
            }
        }
        Ok(checked)
    }

    fn array_argument(&mut self, items: Option<u16>, arg: Val<'v>, index: usize) -> Outcome<'v> {
        let is_array = arg.is_array();
        if let Some(wanted) = items {
            self.take_items(arg.len())?;
            let fits = match is_array {
                true => arg.items().all(|item| item.kind() == wanted),
                false => arg.kind() == wanted,
            };
            if !fits {
                return Err(fault::argument(index, Misfit::Items(wanted)));
            }
        }
        if is_array { Ok(arg) } else { self.list(vec![arg]) }
    }

    /// How many arguments a function that is called for each item wants.
    pub(crate) fn arity(&self, function: &Val<'v>) -> usize {
        match function {
            Val::Builtin(builtin) => builtin.arity,
            Val::Function(function) => match &**function {
                Function::Lambda { lambda, .. } => lambda.params.len(),
                Function::Partial { args, .. } => args.iter().filter(|arg| arg.is_none()).count(),
                _ => 1,
            },
            _ => 1,
        }
    }
}

/// The name of a function that is called without its `$`.
fn plain_name(procedure: &Node) -> Option<&str> {
    let Kind::Path(path) = &procedure.kind else { return None };
    match &path.steps.first()?.node.kind {
        Kind::Name(name) => Some(name),
        _ => None,
    }
}
