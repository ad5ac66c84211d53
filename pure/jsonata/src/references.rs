//! What an expression refers to from outside (SFN-JA-20, SFN-JA-21, SFN-VALID-6).

use jsonata_core::ast::{AstNode, BinaryOp, PathStep, Stage};

use crate::{Reference, signatures, tree};

pub(crate) fn collect(tree: &AstNode) -> Vec<Reference> {
    let mut walk = Walk { found: Vec::new(), bound: vec![Vec::new()] };
    walk.node(tree, Place::Top);
    walk.found
}

/// Whether there is a context item in which a bare name may look.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Top,
    /// In a later step, a predicate, a sort term or a grouping.
    Item,
}

struct Walk {
    found: Vec<Reference>,
    /// Names bound by the expression itself, innermost scope last.
    bound: Vec<Vec<String>>,
}

impl Walk {
    fn node(&mut self, node: &AstNode, place: Place) {
        match node {
            AstNode::Variable(name) => self.variable(name),
            AstNode::ParentVariable(_) => self.found.push(Reference::Root),
            AstNode::Name(name) => self.name(name, place),
            AstNode::Path { steps } => self.path(steps, place),
            AstNode::Function { name, args, is_builtin } => {
                if !is_builtin {
                    self.name(name, place);
                }
                self.call(args, place);
            }
            AstNode::Call { procedure, args } => {
                self.node(procedure, place);
                self.call(args, place);
            }
            AstNode::Lambda { params, body, .. } => {
                self.bound.push(params.clone());
                self.node(body, place);
                self.bound.pop();
            }
            AstNode::Block(parts) => {
                self.bound.push(Vec::new());
                parts.iter().for_each(|part| self.node(part, place));
                self.bound.pop();
            }
            AstNode::Binary { op: BinaryOp::ColonEqual, lhs, rhs } => self.bind(lhs, rhs, place),
            AstNode::Binary { op: BinaryOp::ChainPipe, lhs, rhs } => {
                self.call([&**lhs, &**rhs], place);
            }
            AstNode::ObjectTransform { input, .. } | AstNode::Sort { input, .. } => {
                self.node(input, place);
                let below = tree::children(node);
                below.into_iter().skip(1).for_each(|child| self.node(child, Place::Item));
            }
            AstNode::Transform { .. } => {
                tree::children(node).into_iter().for_each(|child| self.node(child, Place::Item));
            }
            _ => tree::children(node).into_iter().for_each(|child| self.node(child, place)),
        }
    }

    fn path(&mut self, steps: &[PathStep], place: Place) {
        let Some((first, later)) = steps.split_first() else { return };
        match (&first.node, later.first().map(|step| &step.node)) {
            // `$states.input`: the member counts, not the variable.
            (AstNode::Variable(name), Some(AstNode::Name(member) | AstNode::String(member)))
                if name == "states" && !self.is_bound(name) =>
            {
                self.found.push(Reference::States(member.clone()));
            }
            _ => self.node(&first.node, place),
        }
        self.stages(first);
        for step in later {
            self.node(&step.node, Place::Item);
            self.stages(step);
        }
    }

    fn stages(&mut self, step: &PathStep) {
        let names = step.focus.iter().chain(&step.index_var);
        names.for_each(|name| self.add(name));
        for stage in &step.stages {
            match stage {
                Stage::Filter(test) => self.node(test, Place::Item),
                Stage::Index(name) => self.add(name),
                Stage::KeepArray => {}
            }
        }
    }

    /// A library function handed over by name, as in `$map(x, $uppercase)`, is no variable.
    fn call<'a>(&mut self, args: impl IntoIterator<Item = &'a AstNode>, place: Place) {
        for (index, argument) in args.into_iter().enumerate() {
            match argument {
                AstNode::Variable(name) if index > 0 && signatures::is_function(name) => {}
                _ => self.node(argument, place),
            }
        }
    }

    /// A function sees its own name.
    fn bind(&mut self, target: &AstNode, value: &AstNode, place: Place) {
        let AstNode::Variable(name) = target else { return self.node(value, place) };
        if matches!(value, AstNode::Lambda { .. }) {
            self.add(name);
            self.node(value, place);
        } else {
            self.node(value, place);
            self.add(name);
        }
    }

    fn variable(&mut self, name: &str) {
        // `$` alone is the context item.
        if !name.is_empty() && !self.is_bound(name) {
            self.found.push(Reference::Variable(name.to_owned()));
        }
    }

    fn name(&mut self, name: &str, place: Place) {
        if place == Place::Top {
            self.found.push(Reference::TopLevel(name.to_owned()));
        }
    }

    fn add(&mut self, name: &str) {
        if let Some(scope) = self.bound.last_mut() {
            scope.push(name.to_owned());
        }
    }

    fn is_bound(&self, name: &str) -> bool {
        self.bound.iter().flatten().any(|bound| bound == name)
    }
}
