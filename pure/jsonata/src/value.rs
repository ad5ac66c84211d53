//! Values of an evaluation. What comes from the input or from the expression's text is borrowed;
//! what is computed is counted by references, and never changed once others may see it.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::rc::Rc;

use indexmap::IndexMap;
use serde_json::{Map, Number, Value};

use crate::function::Function;
use crate::functions::Builtin;
use crate::pattern::Pattern;
use crate::signature::mask;
use crate::tuple::Tuple;

/// Maps so small are faster searched than hashed.
const SEARCHED_MAX: usize = 8;

#[derive(Clone)]
pub(crate) enum Val<'v> {
    Undefined,
    Null,
    Bool(bool),
    Number(f64),
    /// A number of the input that no double is written like.
    Exact(&'v Number),
    Str(&'v str),
    Text(Rc<str>),
    Items(&'v [Value]),
    List(Rc<List<'v>>),
    Members(&'v Map<String, Value>),
    Record(Rc<Record<'v>>),
    Builtin(&'static Builtin),
    Pattern(&'v Pattern),
    Function(Rc<Function<'v>>),
    /// What a path found, each with what it is bound to.
    Tuples(Rc<Vec<Tuple<'v>>>),
    /// The function around ends on a call that is still to be made.
    Tail,
}

pub(crate) struct List<'v> {
    pub(crate) items: Vec<Val<'v>>,
    /// Levels of owned values.
    pub(crate) depth: u16,
    /// Results in a row: a single one is no array.
    pub(crate) is_sequence: bool,
    /// Yet here it is.
    pub(crate) keep: bool,
    /// Made by brackets within a path, where it stays one item.
    pub(crate) is_whole: bool,
    /// Around a document that is an array itself.
    pub(crate) is_wrapper: bool,
}

pub(crate) struct Record<'v> {
    pub(crate) members: IndexMap<Key<'v>, Val<'v>>,
    pub(crate) depth: u16,
}

#[derive(Clone)]
pub(crate) enum Key<'v> {
    Borrowed(&'v str),
    Shared(Rc<str>),
}

impl<'v> Key<'v> {
    pub(crate) fn as_str(&self) -> &str {
        match self {
            Key::Borrowed(text) => text,
            Key::Shared(text) => text,
        }
    }

    pub(crate) fn val(&self) -> Val<'v> {
        match self {
            Key::Borrowed(text) => Val::Str(text),
            Key::Shared(text) => Val::Text(text.clone()),
        }
    }
}

impl Borrow<str> for Key<'_> {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

impl Hash for Key<'_> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.as_str().hash(hasher);
    }
}

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for Key<'_> {}

impl<'v> List<'v> {
    pub(crate) fn plain(items: Vec<Val<'v>>) -> List<'v> {
        let depth = depth_of(items.iter());
        List { items, depth, is_sequence: false, keep: false, is_whole: false, is_wrapper: false }
    }

    pub(crate) fn sequence(items: Vec<Val<'v>>) -> List<'v> {
        List { is_sequence: true, ..List::plain(items) }
    }
}

/// One level more than the deepest.
pub(crate) fn depth_of<'a, 'v: 'a>(values: impl Iterator<Item = &'a Val<'v>>) -> u16 {
    values.map(Val::depth).max().unwrap_or(0).saturating_add(1)
}

impl<'v> Val<'v> {
    /// The input's value, not copied.
    pub(crate) fn of(value: &'v Value) -> Val<'v> {
        match value {
            Value::Null => Val::Null,
            Value::Bool(truth) => Val::Bool(*truth),
            Value::Number(number) => Val::of_number(number),
            Value::String(text) => Val::Str(text),
            Value::Array(items) => Val::Items(items),
            Value::Object(members) => Val::Members(members),
        }
    }

    fn of_number(number: &'v Number) -> Val<'v> {
        /// Up to here all integers are doubles.
        const SAFE: i64 = 1 << 53;
        match number.as_i64() {
            Some(integer) if (-SAFE..=SAFE).contains(&integer) => Val::Number(integer as f64),
            _ => match number.as_f64() {
                Some(double) if number.is_f64() && double.fract() != 0.0 => Val::Number(double),
                _ => Val::Exact(number),
            },
        }
    }

    pub(crate) fn text(text: impl Into<Rc<str>>) -> Val<'v> {
        Val::Text(text.into())
    }

    /// Results in a row: nothing, the single one, or an array of them.
    pub(crate) fn results(mut items: Vec<Val<'v>>) -> Val<'v> {
        match items.len() {
            0 => Val::Undefined,
            1 => items.pop().unwrap_or(Val::Undefined),
            _ => Val::List(Rc::new(List::sequence(items))),
        }
    }

    pub(crate) fn record(members: IndexMap<Key<'v>, Val<'v>>) -> Val<'v> {
        let depth = depth_of(members.values());
        Val::Record(Rc::new(Record { members, depth }))
    }

    pub(crate) fn depth(&self) -> u16 {
        match self {
            Val::List(list) => list.depth,
            Val::Record(record) => record.depth,
            Val::Function(function) => function.depth(),
            Val::Tuples(tuples) => depth_of(tuples.iter().map(|tuple| &tuple.at)),
            _ => 0,
        }
    }

    pub(crate) fn is_undefined(&self) -> bool {
        matches!(self, Val::Undefined)
    }

    pub(crate) fn is_array(&self) -> bool {
        matches!(self, Val::Items(_) | Val::List(_))
    }

    pub(crate) fn is_function(&self) -> bool {
        matches!(self, Val::Builtin(_) | Val::Pattern(_) | Val::Function(_))
    }

    /// Whether several results stand in a row here.
    pub(crate) fn is_sequence(&self) -> bool {
        matches!(self, Val::List(list) if list.is_sequence)
    }

    pub(crate) fn number(&self) -> Option<f64> {
        match self {
            Val::Number(number) => Some(*number),
            Val::Exact(number) => number.as_f64(),
            _ => None,
        }
    }

    pub(crate) fn str(&self) -> Option<&str> {
        match self {
            Val::Str(text) => Some(text),
            Val::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn key(&self) -> Option<Key<'v>> {
        match self {
            Val::Str(text) => Some(Key::Borrowed(text)),
            Val::Text(text) => Some(Key::Shared(text.clone())),
            _ => None,
        }
    }

    /// Its kind, as signatures have them.
    pub(crate) fn kind(&self) -> u16 {
        match self {
            Val::Undefined | Val::Tail => mask::MISSING,
            Val::Null => mask::NULL,
            Val::Bool(_) => mask::BOOLEAN,
            Val::Number(_) | Val::Exact(_) => mask::NUMBER,
            Val::Str(_) | Val::Text(_) => mask::STRING,
            Val::Items(_) | Val::List(_) | Val::Tuples(_) => mask::ARRAY,
            Val::Members(_) | Val::Record(_) => mask::OBJECT,
            Val::Builtin(_) | Val::Pattern(_) | Val::Function(_) => mask::FUNCTION,
        }
    }

    /// How many items an array has; anything else is one.
    pub(crate) fn len(&self) -> usize {
        match self {
            Val::Items(items) => items.len(),
            Val::List(list) => list.items.len(),
            Val::Tuples(tuples) => tuples.len(),
            _ => 1,
        }
    }

    /// An array's item; anything else is its own first.
    pub(crate) fn get(&self, place: usize) -> Val<'v> {
        match self {
            Val::Items(items) => items.get(place).map_or(Val::Undefined, Val::of),
            Val::List(list) => list.items.get(place).cloned().unwrap_or(Val::Undefined),
            Val::Tuples(tuples) => {
                tuples.get(place).map_or(Val::Undefined, |tuple| tuple.at.clone())
            }
            _ if place == 0 => self.clone(),
            _ => Val::Undefined,
        }
    }

    /// An array's items; anything else by itself.
    pub(crate) fn items(&self) -> impl ExactSizeIterator<Item = Val<'v>> + DoubleEndedIterator {
        (0..self.len()).map(|place| self.get(place))
    }

    /// The member by that name of an object, and nothing of anything else.
    pub(crate) fn member(&self, name: &str) -> Val<'v> {
        match self {
            Val::Members(members) => member_of(members, name).map_or(Val::Undefined, Val::of),
            Val::Record(record) => record.members.get(name).cloned().unwrap_or(Val::Undefined),
            _ => Val::Undefined,
        }
    }

    /// The members of an object; nothing else has any.
    pub(crate) fn members(&self) -> Vec<(Key<'v>, Val<'v>)> {
        match self {
            Val::Members(members) => {
                members.iter().map(|(name, value)| (Key::Borrowed(name), Val::of(value))).collect()
            }
            Val::Record(record) => {
                record.members.iter().map(|(key, value)| (key.clone(), value.clone())).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Without what the values of a path are bound to.
    pub(crate) fn untupled(self) -> Val<'v> {
        match self {
            Val::Tuples(tuples) => {
                Val::results(tuples.iter().map(|tuple| tuple.at.clone()).collect())
            }
            other => other,
        }
    }
}

pub(crate) fn member_of<'v>(members: &'v Map<String, Value>, name: &str) -> Option<&'v Value> {
    if members.len() > SEARCHED_MAX {
        return members.get(name);
    }
    members.iter().find(|(known, _)| known.as_str() == name).map(|(_, value)| value)
}
