//! YAML to the same tree as JSON. Read strictly, by the rules of YAML 1.2: `no` is a text, `012`
//! and `1_000` are texts, repeated keys and unknown tags are mistakes.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::Number;
use serde_saphyr::budget::BudgetBreach;
use serde_saphyr::{Error, Location, Spanned};

use super::tree::{Members, Node, Shape, Span};

/// How deep YAML may nest: the reader takes some 40 KB of stack a level
/// in a debug build, and servers give their threads 2 MiB. Real definitions stay under 25.
const NESTING_MAX: usize = 40;

/// Why a text is no YAML.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) kind: FaultKind,
    pub(crate) message: String,
    pub(crate) span: Option<Span>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum FaultKind {
    Syntax,
    TooDeep,
}

/// What to do with a tag that is not YAML's own, such as `!Sub`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tags {
    Refused,
    Ignored,
}

/// Reads one YAML document.
pub(crate) fn read(text: &str, tags: Tags) -> Result<Node, Fault> {
    let options = serde_saphyr::options! {
        strict_booleans: true,
        leading_zero_numbers_as_strings: true,
        underscored_numbers_as_strings: true,
        reject_unsupported_tags: tags == Tags::Refused,
        with_snippet: false,
        budget: serde_saphyr::budget! { max_depth: NESTING_MAX },
    };
    match serde_saphyr::from_str_with_options::<Spanned<Tree>>(text, options) {
        Ok(root) => Ok(node(root)),
        Err(error) => Err(fault(text, &error)),
    }
}

fn fault(text: &str, error: &Error) -> Fault {
    let span = error.location().map(|location| span_of_fault(text, location));
    let kind = match error {
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => FaultKind::TooDeep,
        _ => FaultKind::Syntax,
    };
    let mut message = match error {
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("repeated key `{key}`"),
        Error::DuplicateMappingKey { .. } => "repeated key".to_owned(),
        Error::Budget { breach: BudgetBreach::Depth { .. }, .. } => {
            format!("nested deeper than {NESTING_MAX} levels")
        }
        // The library adds the place, which the finding has already.
        _ => error.to_string().split(" at line ").next().unwrap_or_default().to_owned(),
    };
    if let Some(line) = unquoted_expression(text) {
        message.push_str(&format!(
            "; line {line} has a JSONata expression without quotes, where a plain `{{%` opens a \
             mapping: write it as '{{% … %}}'"
        ));
    }
    Fault { kind, message: format!("invalid YAML: {message}"), span }
}

/// The first line where a value starts with a bare `{%`.
fn unquoted_expression(text: &str) -> Option<usize> {
    let bare = |line: &str| {
        let value = line.split_once(": ").map_or(line, |(_, value)| value).trim_start();
        value.strip_prefix("- ").unwrap_or(value).trim_start().starts_with("{%")
    };
    text.lines().position(bare).map(|index| index + 1)
}

fn span(location: Location) -> Span {
    let place = location.span();
    let byte = |index: Option<u64>| index.and_then(|index| usize::try_from(index).ok());
    let start = byte(place.byte_offset()).or_else(|| byte(Some(place.offset())));
    let length = byte(place.byte_len()).or_else(|| byte(Some(place.len())));
    Span { start: start.unwrap_or(0), length: length.unwrap_or(0) }
}

/// An error of the scanner counts characters alone.
fn span_of_fault(text: &str, location: Location) -> Span {
    let place = location.span();
    if place.byte_offset().is_some() {
        return span(location);
    }
    let count = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let bytes_of = |text: &str, characters: usize| {
        text.char_indices().nth(characters).map_or(text.len(), |(offset, _)| offset)
    };
    let start = bytes_of(text, count(place.offset()));
    let length = bytes_of(text.get(start..).unwrap_or_default(), count(place.len()));
    Span { start, length }
}

fn node(spanned: Spanned<Tree>) -> Node {
    Node { shape: spanned.value.0, span: span(spanned.defined) }
}

/// A shape on its way through serde.
struct Tree(Shape);

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Tree, D::Error> {
        deserializer.deserialize_any(TreeVisitor).map(Tree)
    }
}

struct TreeVisitor;

impl<'de> Visitor<'de> for TreeVisitor {
    type Value = Shape;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value that JSON has too")
    }

    fn visit_unit<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_none<E>(self) -> Result<Shape, E> {
        Ok(Shape::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Shape, E> {
        Ok(Shape::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Shape, E> {
        Ok(Shape::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Shape, E> {
        Ok(Shape::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Shape, E> {
        let number = Number::from_f64(value);
        number.map(Shape::Number).ok_or_else(|| E::custom("a number must be finite"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Shape, E> {
        Ok(Shape::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Shape, A::Error> {
        let mut nodes = Vec::new();
        while let Some(item) = items.next_element::<Spanned<Tree>>()? {
            nodes.push(node(item));
        }
        Ok(Shape::Array(nodes))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Shape, A::Error> {
        let mut members = Members::default();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let value = entries.next_value::<Spanned<Tree>>()?;
            if members.contains(&key.value) {
                return Err(A::Error::custom(format!("repeated key `{}`", key.value)));
            }
            members.insert(key.value, span(key.defined), node(value));
        }
        Ok(Shape::Object(members))
    }
}
