//! A JSON value whose every part knows its place in the text.

use indexmap::IndexMap;
use serde_json::{Map, Number, Value};

/// A stretch of the text, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Span {
    pub start: usize,
    pub length: usize,
}

/// A value and its place.
#[derive(Clone, Debug)]
pub struct Node {
    pub shape: Shape,
    pub span: Span,
}

#[derive(Clone, Debug)]
pub enum Shape {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    Array(Vec<Node>),
    Object(Members),
}

/// An object's members in order. Of a repeated key the last value counts (SFN-ASL-5).
#[derive(Clone, Debug, Default)]
pub struct Members {
    members: IndexMap<String, Member>,
    /// The keys that were there before, and where they stand again.
    pub(crate) repeated: Vec<(String, Span)>,
}

#[derive(Clone, Debug)]
pub struct Member {
    pub key: Span,
    pub node: Node,
}

impl Members {
    pub(crate) fn insert(&mut self, name: String, key: Span, node: Node) {
        if self.members.contains_key(&name) {
            self.repeated.push((name.clone(), key));
        }
        self.members.insert(name, Member { key, node });
    }

    pub fn get_entry(&self, name: &str) -> Option<(&str, &Member)> {
        self.members.get_key_value(name).map(|(name, member)| (name.as_str(), member))
    }

    pub fn get(&self, name: &str) -> Option<&Node> {
        self.members.get(name).map(|member| &member.node)
    }

    pub fn contains(&self, name: &str) -> bool {
        self.members.contains_key(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &Member)> {
        self.members.iter().map(|(name, member)| (name.as_str(), member))
    }

    pub fn is_empty(&self) -> bool {
        self.members.is_empty()
    }
}

impl Node {
    pub fn text(&self) -> Option<&str> {
        match &self.shape {
            Shape::Text(text) => Some(text),
            _ => None,
        }
    }

    pub fn object(&self) -> Option<&Members> {
        match &self.shape {
            Shape::Object(members) => Some(members),
            _ => None,
        }
    }

    pub fn array(&self) -> Option<&[Node]> {
        match &self.shape {
            Shape::Array(items) => Some(items),
            _ => None,
        }
    }

    /// The plain value, without places.
    pub fn to_value(&self) -> Value {
        match &self.shape {
            Shape::Null => Value::Null,
            Shape::Bool(value) => Value::Bool(*value),
            Shape::Number(number) => Value::Number(number.clone()),
            Shape::Text(text) => Value::String(text.clone()),
            Shape::Array(items) => Value::Array(items.iter().map(Node::to_value).collect()),
            Shape::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, member)| (name.to_owned(), member.node.to_value()))
                    .collect::<Map<_, _>>(),
            ),
        }
    }
}
