//! A place in the tree that knows the way from the root, which is written out only for findings.

use crate::read::tree::{Node, Shape, Span};

/// A value, its key, and what it is part of.
#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    pub(crate) node: &'a Node,
    key: Option<Span>,
    step: Step<'a>,
    parent: Option<&'a At<'a>>,
}

#[derive(Clone, Copy)]
enum Step<'a> {
    Root,
    Member(&'a str),
    Item(usize),
}

impl<'a> At<'a> {
    pub(crate) fn root(node: &'a Node) -> At<'a> {
        At { node, key: None, step: Step::Root, parent: None }
    }

    /// The member `name`, when this is an object that has it.
    pub(crate) fn member<'b>(&'b self, name: &str) -> Option<At<'b>> {
        let (name, member) = self.node.object()?.get_entry(name)?;
        let step = Step::Member(name);
        Some(At { node: &member.node, key: Some(member.key), step, parent: Some(self) })
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.node.object().is_some_and(|members| members.contains(name))
    }

    /// All members, in order; none when this is no object.
    pub(crate) fn members<'b>(&'b self) -> impl Iterator<Item = (&'b str, At<'b>)> {
        self.node.object().into_iter().flat_map(|members| members.iter()).map(|(name, member)| {
            let step = Step::Member(name);
            (name, At { node: &member.node, key: Some(member.key), step, parent: Some(self) })
        })
    }

    /// All items, in order; none when this is no array.
    pub(crate) fn items<'b>(&'b self) -> impl Iterator<Item = At<'b>> {
        let items = self.node.array().unwrap_or_default();
        items.iter().enumerate().map(|(index, node)| At {
            node,
            key: None,
            step: Step::Item(index),
            parent: Some(self),
        })
    }

    pub(crate) fn text(&self) -> Option<&'a str> {
        self.node.text()
    }

    pub(crate) fn is_null(&self) -> bool {
        matches!(self.node.shape, Shape::Null)
    }

    /// What to point at when something about the whole value is wrong: its key, or its start.
    pub(crate) fn head(&self) -> Span {
        let start = Span { start: self.node.span.start, length: 1.min(self.node.span.length) };
        self.key.unwrap_or(start)
    }

    /// The key of this value, or the value itself.
    pub(crate) fn key(&self) -> Span {
        self.key.unwrap_or(self.node.span)
    }

    /// `/States/A/Choices[0]/Next` (SFN-VAL-7). Names are written as they are.
    pub(crate) fn location(&self) -> String {
        let mut steps = Vec::new();
        let mut place = Some(self);
        while let Some(at) = place {
            steps.push(at.step);
            place = at.parent;
        }
        let mut location = String::new();
        for step in steps.iter().rev() {
            match step {
                Step::Root => {}
                Step::Member(name) => location.extend(["/", name]),
                Step::Item(index) => location.push_str(&format!("[{index}]")),
            }
        }
        if location.is_empty() { "/".to_owned() } else { location }
    }
}
