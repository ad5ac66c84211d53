//! Counting what an evaluation does. The evaluator counts nothing, so an expression that repeats
//! itself without a bound of its own is rewritten once, when it is parsed: whatever is run for
//! each item, match or call first says so to a function of ours, which throws when all steps are
//! used up. A step is about as much work as one round of a short loop.

use std::cell::Cell;

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};
use jsonata_core::evaluator::EvaluatorError;
use jsonata_core::value::JValue;

use crate::{EVALUATION_STEPS_MAX, messages, signatures, tree};

/// Names of the functions that count: a round, and what an argument brings.
pub(crate) const TICK: &str = "__tick";
pub(crate) const CHARGE: &str = "__charge";
pub(crate) const ROUNDS: &str = "__rounds";

/// Between the names of a path; a name that holds it is only counted wrong.
const NAMES_APART: &str = "\u{1}";

/// An expression with so few nodes and loops, none within another, does no more than its data is
/// large, and goes uncounted at full speed.
const UNCOUNTED_NODES_MAX: usize = 512;
const UNCOUNTED_LOOPS_MAX: usize = 8;

/// Items and bytes that are copied or looked at for the price of one step.
const ITEMS_A_STEP: usize = 16;
const ITEMS_OF_A_WAY_A_STEP: usize = 4;
const BYTES_A_STEP: usize = 1024;
const BYTES_A_STEP_OF_LOOPS: usize = 64;

/// Functions that call another one for each item.
const LOOPS: &[&str] = &["each", "filter", "map", "reduce", "replace", "sift", "single", "sort"];

/// Functions whose first argument the evaluator evaluates twice, and the name that prevents it.
const TWICE: &[&str] = &["each", "filter", "map", "reduce", "single"];
const ONCE: &str = "__once";

/// Functions whose result has nothing to do with the size of their arguments.
const GENERATORS: &[&str] = &["pad", "range"];

/// Functions that take a moment whatever they are given.
const CHEAP: &[&str] = &[
    "abs", "boolean", "ceil", "exists", "floor", "lookup", "millis", "not", "now", "power",
    "random", "round", "sqrt", "type", "uuid",
];

/// Steps for some evaluations together: who shares one among the expressions of a state bounds
/// the state.
#[derive(Debug)]
pub struct Steps {
    pub(crate) left: Cell<u64>,
}

impl Default for Steps {
    fn default() -> Steps {
        Steps { left: Cell::new(EVALUATION_STEPS_MAX) }
    }
}

impl Steps {
    /// What another has left, to go on elsewhere.
    pub fn rest(&self) -> Steps {
        Steps { left: Cell::new(self.left.get()) }
    }

    /// Goes on with what `rest` left elsewhere.
    pub fn resume(&self, rest: &Steps) {
        self.left.set(rest.left.get());
    }
}

/// The steps that an evaluation has left.
#[derive(Debug)]
pub(crate) struct Meter {
    left: Cell<u64>,
    used_up: Cell<bool>,
}

impl Meter {
    pub(crate) fn new(steps: &Steps) -> Meter {
        Meter { left: Cell::new(steps.left.get()), used_up: Cell::new(false) }
    }

    /// What is left for the next evaluation.
    pub(crate) fn leave(&self, steps: &Steps) {
        steps.left.set(if self.is_used_up() { 0 } else { self.left.get() });
    }

    /// Whether it was the steps that ended the evaluation.
    pub(crate) fn is_used_up(&self) -> bool {
        self.used_up.get()
    }

    pub(crate) fn take(&self, steps: usize) -> Result<(), EvaluatorError> {
        match self.left.get().checked_sub(steps as u64) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => {
                self.used_up.set(true);
                Err(messages::out_of_steps())
            }
        }
    }

    pub(crate) fn take_bytes(&self, bytes: usize) -> Result<(), EvaluatorError> {
        self.take(bytes / BYTES_A_STEP)
    }

    /// What is not counted as it runs is paid for before, by the data that there is.
    pub(crate) fn take_looks(&self, looks: usize, bytes: usize) -> Result<(), EvaluatorError> {
        self.take(looks * bytes / BYTES_A_STEP_OF_LOOPS)
    }

    pub(crate) fn take_items(&self, items: usize) -> Result<(), EvaluatorError> {
        self.take(items / ITEMS_A_STEP)
    }

    /// One round: gives back its argument.
    pub(crate) fn tick(&self, args: &[JValue]) -> Result<JValue, EvaluatorError> {
        self.take(1)?;
        Ok(args.first().cloned().unwrap_or(JValue::Undefined))
    }

    /// What a function has to look at: gives back its argument. If that is what a path found, where
    /// the path started and its names follow.
    pub(crate) fn charge(&self, args: &[JValue]) -> Result<JValue, EvaluatorError> {
        let value = args.first().cloned().unwrap_or(JValue::Undefined);
        if let [_, head, JValue::String(names)] = args {
            self.take_way(head, names)?;
        }
        match &value {
            JValue::String(text) => self.take_bytes(text.len())?,
            JValue::Array(items) => self.take_items(items.len())?,
            JValue::Object(members) => self.take_items(members.len())?,
            _ => {}
        }
        Ok(value)
    }

    /// From the first array on, a path looks at each item.
    fn take_way(&self, head: &JValue, names: &str) -> Result<(), EvaluatorError> {
        let mut value = head;
        for name in names.split(NAMES_APART) {
            match value {
                JValue::Object(members) => match members.get(name) {
                    Some(member) => value = member,
                    None => return Ok(()),
                },
                JValue::Array(items) => return self.take(items.len() / ITEMS_OF_A_WAY_A_STEP),
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// A round for each item: gives back its argument.
    pub(crate) fn rounds(&self, args: &[JValue]) -> Result<JValue, EvaluatorError> {
        let value = args.first().cloned().unwrap_or(JValue::Undefined);
        match &value {
            JValue::Array(items) => self.take(items.len())?,
            JValue::Object(members) => self.take(members.len())?,
            _ => {}
        }
        Ok(value)
    }
}

/// What is known of an expression's course before it runs.
pub(crate) fn survey(tree: &AstNode) -> Survey {
    let mut survey = Survey::default();
    survey.node(tree, None);
    survey
}

#[derive(Default)]
pub(crate) struct Survey {
    nodes: usize,
    loops: usize,
    functions: usize,
    /// A loop within a loop, or one that looks at more than its own item.
    unbounded: bool,
    /// Functions may be called by name, and so call themselves.
    pub(crate) calls: bool,
}

impl Survey {
    /// How many times the tree may look at all its data.
    pub(crate) fn looks(&self) -> usize {
        1 + self.loops + self.functions
    }

    /// Whether the tree may do more than its data is large.
    pub(crate) fn is_to_count(&self) -> bool {
        self.calls
            || self.unbounded
            || self.nodes > UNCOUNTED_NODES_MAX
            || self.loops > UNCOUNTED_LOOPS_MAX
    }
}

/// Within a loop: the names of its item.
type Within<'t> = Option<&'t [String]>;

impl Survey {
    fn node(&mut self, node: &AstNode, within: Within<'_>) {
        self.nodes += 1;
        match node {
            AstNode::Variable(name) => {
                let foreign = |own: &[String]| !name.is_empty() && !own.contains(name);
                self.unbounded |= within.is_some_and(foreign);
            }
            AstNode::ParentVariable(_)
            | AstNode::Parent(_)
            | AstNode::Binary { op: BinaryOp::Range, .. } => self.unbounded |= within.is_some(),
            AstNode::Transform { .. } => self.unbounded = true,
            AstNode::Call { .. } | AstNode::Placeholder | AstNode::Lambda { .. } => {
                self.calls = true;
            }
            _ => {}
        }
        match node {
            AstNode::Function { name, args, .. } => self.call(name, args, within),
            AstNode::Path { steps } => self.path(steps, within),
            AstNode::Sort { input, .. } | AstNode::ObjectTransform { input, .. } => {
                self.node(input, within);
                let own = self.enter(within);
                for child in tree::children(node).into_iter().skip(1) {
                    self.node(child, own);
                }
            }
            _ => self.all(tree::children(node), within),
        }
    }

    fn all<'t>(&mut self, nodes: impl IntoIterator<Item = &'t AstNode>, within: Within<'_>) {
        for node in nodes {
            self.node(node, within);
        }
    }

    fn enter<'t>(&mut self, within: Within<'_>) -> Within<'t> {
        self.loops += 1;
        self.unbounded |= within.is_some();
        Some(&[])
    }

    fn call(&mut self, name: &str, args: &[AstNode], within: Within<'_>) {
        if !LOOPS.contains(&name) {
            self.functions += usize::from(!CHEAP.contains(&name));
            self.calls |= !signatures::is_function(name);
            self.unbounded |= within.is_some() && GENERATORS.contains(&name);
            return self.all(args, within);
        }
        self.enter(within);
        for arg in args {
            match arg {
                AstNode::Lambda { params, body, .. } => self.node(body, Some(params)),
                other => self.node(other, within),
            }
        }
    }

    fn path(&mut self, steps: &[PathStep], within: Within<'_>) {
        for (place, step) in steps.iter().enumerate() {
            match place > 0 && runs_for_each(&step.node) {
                true => {
                    let own = self.enter(within);
                    self.node(&step.node, own);
                }
                false => self.node(&step.node, within),
            }
            for stage in &step.stages {
                if let Stage::Filter(test) = stage
                    && !is_position(test)
                {
                    let own = self.enter(within);
                    self.node(test, own);
                }
            }
        }
    }
}

/// The evaluator evaluates the first argument of some functions twice, and so the innermost of `n`
/// such calls in each other 2ⁿ times: what is more than a look at a value is bound to a name first.
/// That costs a level of depth, so it is for expressions that do not call themselves.
pub(crate) fn evaluate_once(tree: &mut AstNode) {
    tree::change(tree, &mut |node| match node {
        AstNode::Function { name, args, .. } if TWICE.contains(&name.as_str()) => {
            let data = args.first_mut().filter(|data| is_work(data));
            let Some(data) = data else { return };
            let bound = std::mem::replace(data, AstNode::Variable(ONCE.to_owned()));
            let bind = AstNode::Binary {
                op: BinaryOp::ColonEqual,
                lhs: Box::new(AstNode::Variable(ONCE.to_owned())),
                rhs: Box::new(bound),
            };
            let then = take(node);
            *node = AstNode::Block(vec![bind, then]);
        }
        // There the first argument is the left side, and the right side has to be the call.
        AstNode::Binary { op: BinaryOp::ChainPipe, rhs, .. } => unbind(rhs),
        _ => {}
    });
}

fn unbind(node: &mut AstNode) {
    let AstNode::Block(parts) = node else { return };
    let [AstNode::Binary { lhs, rhs, .. }, AstNode::Function { args, .. }] = parts.as_mut_slice()
    else {
        return;
    };
    if **lhs == AstNode::Variable(ONCE.to_owned())
        && let Some(data) = args.first_mut()
    {
        *data = take(rhs);
        *node = parts.pop().unwrap_or(AstNode::Undefined);
    }
}

fn is_work(data: &AstNode) -> bool {
    match data {
        AstNode::Path { steps } => {
            steps.iter().any(|step| !step.stages.is_empty() || runs_for_each(&step.node))
        }
        AstNode::Lambda { .. } | AstNode::Placeholder | AstNode::Variable(_) => false,
        AstNode::Name(_) | AstNode::String(_) | AstNode::Number(_) | AstNode::Null => false,
        _ => true,
    }
}

/// Whether a step is more than a look at each item.
fn runs_for_each(node: &AstNode) -> bool {
    !matches!(
        node,
        AstNode::Name(_)
            | AstNode::String(_)
            | AstNode::Number(_)
            | AstNode::Variable(_)
            | AstNode::Wildcard
            | AstNode::Descendant
            | AstNode::Parent(_)
    )
}

/// `[0]` and `[-1]` run nothing.
fn is_position(test: &AstNode) -> bool {
    match test {
        AstNode::Number(_) => true,
        AstNode::Unary { operand, .. } => matches!(**operand, AstNode::Number(_)),
        _ => false,
    }
}

/// Rewrites a tree so that it counts. What it gives, how deep it nests and which calls are tail
/// calls stay as they were.
pub(crate) fn install(tree: &mut AstNode) {
    tree::change(tree, &mut |node| match node {
        // A block around a tail call costs no depth, and elsewhere it would.
        AstNode::Lambda { body, thunk: true, .. } => {
            let rest = take(body);
            **body = AstNode::Block(vec![call(TICK, Vec::new()), rest]);
        }
        AstNode::Lambda { body, .. } => tick(body),
        AstNode::Path { steps } => count_steps(steps),
        AstNode::Sort { terms, .. } => {
            if let Some((term, _)) = terms.first_mut() {
                tick(term);
            }
        }
        AstNode::ObjectTransform { pattern, .. } => count_pairs(pattern),
        AstNode::Transform { update, .. } => tick(update),
        AstNode::Function { name, args, .. } => count_arguments(name, args),
        AstNode::Binary { op: BinaryOp::Range, .. } => {
            let range = take(node);
            *node = call(CHARGE, vec![range]);
        }
        AstNode::Binary { op: BinaryOp::ChainPipe, .. } => {}
        AstNode::Binary { op, lhs, rhs } => {
            if *op == BinaryOp::In && holds_data(rhs) {
                charge(rhs);
            }
            [lhs, rhs].into_iter().for_each(|side| charge_way(side));
        }
        AstNode::Conditional { condition, .. } => charge_way(condition),
        AstNode::Unary { operand, .. } => charge_way(operand),
        AstNode::Block(parts) | AstNode::Array(parts) => parts.iter_mut().for_each(charge_way),
        AstNode::Object(pairs) => pairs.iter_mut().for_each(|(_, value)| charge_way(value)),
        _ => {}
    });
}

fn charge(node: &mut AstNode) {
    let mut args = vec![take(node)];
    if let Some(AstNode::Path { steps }) = args.first()
        && let Some((head, names)) = way(steps)
    {
        args.extend([AstNode::Variable(head), AstNode::String(names)]);
    }
    *node = call(CHARGE, args);
}

/// A path of names looks at each item on its way, even if it finds nothing.
fn charge_way(node: &mut AstNode) {
    if matches!(node, AstNode::Path { steps } if way(steps).is_some()) {
        charge(node);
    }
}

/// The variable that a path of names starts from, and the names.
fn way(steps: &[PathStep]) -> Option<(String, String)> {
    let is_plain = |step: &PathStep| {
        step.stages.is_empty()
            && step.focus.is_none()
            && step.index_var.is_none()
            && step.ancestor_label.is_none()
            && !step.is_tuple
            && !step.inner_tuple
    };
    let (first, rest) = steps.split_first()?;
    let AstNode::Variable(head) = &first.node else { return None };
    let mut names = Vec::with_capacity(rest.len());
    for step in rest {
        let AstNode::Name(name) = &step.node else { return None };
        names.push(name.as_str());
    }
    let fits = !names.is_empty() && steps.iter().all(is_plain);
    fits.then(|| (head.clone(), names.join(NAMES_APART)))
}

fn count_steps(steps: &mut [PathStep]) {
    for (place, step) in steps.iter_mut().enumerate() {
        if place > 0 {
            match &mut step.node {
                AstNode::FunctionApplication(inner) => tick(inner),
                AstNode::Object(pairs) => count_pairs(pairs),
                node @ AstNode::Block(_) => tick(node),
                AstNode::ArrayGroup(items) => items.first_mut().into_iter().for_each(tick),
                _ => {}
            }
        }
        for stage in &mut step.stages {
            if let Stage::Filter(test) = stage
                && !is_position(test)
            {
                tick(test);
            }
        }
    }
}

/// A key is looked at for each item, its value for each group.
fn count_pairs(pairs: &mut [(AstNode, AstNode)]) {
    match pairs.first_mut() {
        Some((AstNode::String(_), value)) => tick(value),
        Some((key, _)) => tick(key),
        None => {}
    }
}

fn count_arguments(name: &str, args: &mut [AstNode]) {
    if CHEAP.contains(&name) || !is_known(name) {
        return;
    }
    // A function that is written out counts its rounds by itself.
    let is_inline = args.iter().any(|arg| matches!(arg, AstNode::Lambda { .. }));
    let counter = match LOOPS.contains(&name) && name != "replace" && !is_inline {
        true => ROUNDS,
        false => CHARGE,
    };
    // The second holds as much as the first in `$append`, `$zip` and `$join`.
    for arg in args.iter_mut().take(if counter == ROUNDS { 1 } else { 2 }) {
        if holds_data(arg) {
            match counter {
                CHARGE => charge(arg),
                _ => *arg = call(counter, vec![take(arg)]),
            }
        }
    }
}

/// Whether an argument may be of any size; not where a defined function is called within, whose
/// recursion must not nest deeper for being counted.
fn holds_data(arg: &AstNode) -> bool {
    match arg {
        AstNode::Variable(name) => !signatures::is_function(name),
        AstNode::Function { name, .. } if name == CHARGE => false,
        AstNode::Regex { .. }
        | AstNode::Lambda { .. }
        | AstNode::Placeholder
        | AstNode::String(_)
        | AstNode::Number(_)
        | AstNode::Boolean(_)
        | AstNode::Undefined
        | AstNode::Null => false,
        _ => !calls(arg),
    }
}

/// A function of the library, also when it is called by a name of ours.
fn is_known(name: &str) -> bool {
    signatures::is_function(name.strip_prefix("__").unwrap_or(name))
}

fn calls(node: &AstNode) -> bool {
    let mut found = false;
    tree::visit(node, &mut |node| match node {
        AstNode::Function { name, .. } => {
            found |= !signatures::is_function(name) && !name.starts_with("__");
        }
        AstNode::Call { .. } => found = true,
        _ => {}
    });
    found
}

/// Puts a tick to where `node` is evaluated first, off the way along which a function calls
/// itself.
fn tick(node: &mut AstNode) {
    match node {
        AstNode::Binary { op, lhs, .. }
            if !matches!(
                op,
                BinaryOp::ColonEqual
                    | BinaryOp::ChainPipe
                    | BinaryOp::FocusBind
                    | BinaryOp::IndexBind
            ) =>
        {
            tick(lhs);
        }
        AstNode::Conditional { condition, .. } => tick(condition),
        AstNode::Unary { operand, .. } => tick(operand),
        AstNode::Block(parts) => parts.insert(0, call(TICK, Vec::new())),
        AstNode::Array(items) if !items.is_empty() => items.iter_mut().take(1).for_each(tick),
        AstNode::Object(pairs) if matches!(pairs.first(), Some((AstNode::String(_), _))) => {
            count_pairs(pairs);
        }
        AstNode::Function { name, args, .. }
            if !LOOPS.contains(&name.as_str())
                && name != "exists"
                && !args.iter().any(|arg| matches!(arg, AstNode::Placeholder))
                && !args.is_empty() =>
        {
            args.iter_mut().take(1).for_each(tick);
        }
        AstNode::Binary { op: BinaryOp::ColonEqual, rhs, .. }
            if !matches!(**rhs, AstNode::Lambda { .. }) =>
        {
            tick(rhs);
        }
        other => {
            let inner = take(other);
            *other = call(TICK, vec![inner]);
        }
    }
}

fn take(node: &mut AstNode) -> AstNode {
    std::mem::replace(node, AstNode::Undefined)
}

fn call(name: &str, args: Vec<AstNode>) -> AstNode {
    AstNode::Function { name: name.to_owned(), args, is_builtin: true }
}
