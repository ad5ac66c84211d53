//! Walking the evaluator's syntax trees.

use jsonata_core::ast::{AstNode, PathStep, Stage};

/// What is known of a tree before it runs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Shape {
    /// Nodes on the longest way down.
    pub(crate) depth: usize,
    /// Whether a function is defined within.
    pub(crate) has_lambda: bool,
}

pub(crate) fn shape(node: &AstNode) -> Shape {
    let mut shape = Shape { depth: 0, has_lambda: matches!(node, AstNode::Lambda { .. }) };
    for child in children(node) {
        let below = self::shape(child);
        shape.depth = shape.depth.max(below.depth);
        shape.has_lambda |= below.has_lambda;
    }
    shape.depth += 1;
    shape
}

/// Calls `visit` on every node, parents first.
pub(crate) fn visit<'t>(node: &'t AstNode, visit_one: &mut impl FnMut(&'t AstNode)) {
    visit_one(node);
    for child in children(node) {
        visit(child, visit_one);
    }
}

/// Calls `change` on every node, children first.
pub(crate) fn change(node: &mut AstNode, change_one: &mut impl FnMut(&mut AstNode)) {
    for child in children_mut(node) {
        change(child, change_one);
    }
    change_one(node);
}

/// The nodes right below, in order of appearance.
pub(crate) fn children(node: &AstNode) -> Vec<&AstNode> {
    match node {
        AstNode::Path { steps } => steps.iter().flat_map(step_nodes).collect(),
        AstNode::Binary { lhs, rhs, .. } => vec![lhs, rhs],
        AstNode::Unary { operand, .. } => vec![operand],
        AstNode::Function { args, .. } => args.iter().collect(),
        AstNode::Call { procedure, args } => {
            std::iter::once(&**procedure).chain(args.iter()).collect()
        }
        AstNode::Lambda { body, .. } => vec![body],
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => {
            items.iter().collect()
        }
        AstNode::Object(pairs) => pairs.iter().flat_map(|(name, value)| [name, value]).collect(),
        AstNode::ObjectTransform { input, pattern } => {
            let pairs = pattern.iter().flat_map(|(name, value)| [name, value]);
            std::iter::once(&**input).chain(pairs).collect()
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            [Some(condition), Some(then_branch), else_branch.as_ref()]
                .into_iter()
                .flatten()
                .map(|branch| &**branch)
                .collect()
        }
        AstNode::FunctionApplication(inner) => vec![inner],
        AstNode::Sort { input, terms } => {
            std::iter::once(&**input).chain(terms.iter().map(|(term, _)| term)).collect()
        }
        AstNode::Transform { location, update, delete } => {
            [Some(location), Some(update), delete.as_ref()]
                .into_iter()
                .flatten()
                .map(|part| &**part)
                .collect()
        }
        _ => Vec::new(),
    }
}

fn step_nodes(step: &PathStep) -> impl Iterator<Item = &AstNode> {
    let filters = step.stages.iter().filter_map(|stage| match stage {
        Stage::Filter(test) => Some(&**test),
        _ => None,
    });
    std::iter::once(&step.node).chain(filters)
}

fn children_mut(node: &mut AstNode) -> Vec<&mut AstNode> {
    match node {
        AstNode::Path { steps } => steps.iter_mut().flat_map(step_nodes_mut).collect(),
        AstNode::Binary { lhs, rhs, .. } => vec![lhs, rhs],
        AstNode::Unary { operand, .. } => vec![operand],
        AstNode::Function { args, .. } => args.iter_mut().collect(),
        AstNode::Call { procedure, args } => {
            std::iter::once(&mut **procedure).chain(args.iter_mut()).collect()
        }
        AstNode::Lambda { body, .. } => vec![body],
        AstNode::Array(items) | AstNode::ArrayGroup(items) | AstNode::Block(items) => {
            items.iter_mut().collect()
        }
        AstNode::Object(pairs) => {
            pairs.iter_mut().flat_map(|(name, value)| [name, value]).collect()
        }
        AstNode::ObjectTransform { input, pattern } => {
            let pairs = pattern.iter_mut().flat_map(|(name, value)| [name, value]);
            std::iter::once(&mut **input).chain(pairs).collect()
        }
        AstNode::Conditional { condition, then_branch, else_branch } => {
            [Some(condition), Some(then_branch), else_branch.as_mut()]
                .into_iter()
                .flatten()
                .map(|branch| &mut **branch)
                .collect()
        }
        AstNode::FunctionApplication(inner) => vec![inner],
        AstNode::Sort { input, terms } => {
            std::iter::once(&mut **input).chain(terms.iter_mut().map(|(term, _)| term)).collect()
        }
        AstNode::Transform { location, update, delete } => {
            [Some(location), Some(update), delete.as_mut()]
                .into_iter()
                .flatten()
                .map(|part| &mut **part)
                .collect()
        }
        _ => Vec::new(),
    }
}

fn step_nodes_mut(step: &mut PathStep) -> impl Iterator<Item = &mut AstNode> {
    let filters = step.stages.iter_mut().filter_map(|stage| match stage {
        Stage::Filter(test) => Some(&mut **test),
        _ => None,
    });
    std::iter::once(&mut step.node).chain(filters)
}
