//! Functions that stand in for the library's where those take too long. A regular expression that
//! is written out is compiled once and not at every call, which takes a hundred times as long as
//! to use it on a short text; `$distinct` compares each item with few others and not with all.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use jsonata_core::ast::{AstNode, BinaryOp};
use jsonata_core::evaluator::EvaluatorError;
use jsonata_core::functions::FunctionError;
use jsonata_core::functions::string::{self, RegexMatches};
use jsonata_core::value::JValue;
use regex::{Regex, RegexBuilder};

use crate::functions::original;
use crate::tree;

/// Their names; those of patterns are called where a pattern is written out.
pub(crate) const CONTAINS: &str = "__contains";
pub(crate) const MATCH: &str = "__match";
pub(crate) const REPLACE: &str = "__replace";
pub(crate) const SPLIT: &str = "__split";
pub(crate) const DISTINCT: &str = "__distinct";

/// The library's functions that they stand in for.
const REPLACED: &[&str] = &["contains", "distinct", "match", "replace", "split"];

/// Patterns that a thread keeps, and how large each may be; the evaluator compiles larger ones.
const KEPT_MAX: usize = 16;
const PATTERN_BYTES_MAX: usize = 256 * 1024;

/// Deepest nesting that `$distinct` compares member by member.
const KEY_DEPTH_MAX: usize = 100;

type Outcome = Result<JValue, EvaluatorError>;

struct Kept {
    pattern: Box<str>,
    flags: Box<str>,
    regex: Rc<Regex>,
}

thread_local! {
    /// Used last first.
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

/// Rewrites the calls.
pub(crate) fn install(tree: &mut AstNode) {
    if binds_one(tree) {
        return;
    }
    tree::change(tree, &mut |node| {
        let AstNode::Function { name, args, .. } = node else { return };
        let ours = match (name.as_str(), args.as_slice()) {
            ("contains", [_, AstNode::Regex { .. }]) => CONTAINS,
            ("match", [_, AstNode::Regex { .. }]) => MATCH,
            ("split", [_, AstNode::Regex { .. }]) => SPLIT,
            ("distinct", [_]) => DISTINCT,
            ("replace", [_, AstNode::Regex { .. }, AstNode::String(_)]) => REPLACE,
            _ => return,
        };
        if args.first() != Some(&AstNode::Placeholder) {
            *name = ours.to_owned();
        }
    });
}

/// Whether the expression has a function or value of its own by one of the names.
fn binds_one(tree: &AstNode) -> bool {
    let mut found = false;
    let is_one = |name: &str| REPLACED.contains(&name);
    tree::visit(tree, &mut |node| match node {
        AstNode::Binary { op: BinaryOp::ColonEqual, lhs, .. } => {
            found |= matches!(&**lhs, AstNode::Variable(name) if is_one(name));
        }
        AstNode::Lambda { params, .. } => found |= params.iter().any(|name| is_one(name)),
        _ => {}
    });
    found
}

pub(crate) fn contains(args: &[JValue]) -> Outcome {
    match prepared(args) {
        Some((text, regex)) => Ok(JValue::Bool(regex.is_match(text))),
        None => original("$contains($a, $b)", args),
    }
}

pub(crate) fn matches(args: &[JValue]) -> Outcome {
    match prepared(args) {
        Some((text, regex)) => Ok(string::match_regex(&regex, text, None)?),
        None => original("$match($a, $b)", args),
    }
}

pub(crate) fn split(args: &[JValue]) -> Outcome {
    match prepared(args) {
        Some((text, regex)) => Ok(JValue::array(regex.split(text).map(JValue::string).collect())),
        None => original("$split($a, $b)", args),
    }
}

pub(crate) fn replace(args: &[JValue]) -> Outcome {
    match (prepared(args), args.get(2)) {
        (Some((text, regex)), Some(JValue::String(by))) => {
            let matches = RegexMatches::new(&regex, text);
            let replaced = string::replace_regex(matches, None, |found, out| {
                let groups = &found.groups;
                string::substitute_capture_groups(out, by, found.text, groups.len(), |place| {
                    let group = groups.get(place).copied().flatten();
                    Ok::<_, FunctionError>(group.map(Cow::Borrowed))
                })
            })?;
            Ok(JValue::string(replaced))
        }
        _ => original("$replace($a, $b, $c)", args),
    }
}

/// The text and the compiled pattern; `None` where the library has something to say.
fn prepared(args: &[JValue]) -> Option<(&str, Rc<Regex>)> {
    match args {
        [JValue::String(text), JValue::Regex { pattern, flags }, ..] => {
            Some((text, compiled(pattern, flags)?))
        }
        _ => None,
    }
}

fn compiled(pattern: &str, flags: &str) -> Option<Rc<Regex>> {
    KEPT.with_borrow_mut(|kept| {
        let is_it = |one: &Kept| &*one.pattern == pattern && &*one.flags == flags;
        if let Some(place) = kept.iter().position(is_it) {
            kept.get_mut(..=place)?.rotate_right(1);
            return Some(kept.first()?.regex.clone());
        }
        let regex = RegexBuilder::new(pattern)
            .case_insensitive(flags.contains('i'))
            .multi_line(flags.contains('m'))
            .dot_matches_new_line(flags.contains('s'))
            .size_limit(PATTERN_BYTES_MAX)
            .dfa_size_limit(PATTERN_BYTES_MAX)
            .build();
        let regex = Rc::new(regex.ok()?);
        kept.truncate(KEPT_MAX - 1);
        kept.insert(0, Kept { pattern: pattern.into(), flags: flags.into(), regex: regex.clone() });
        Some(regex)
    })
}

/// The items without those that equal an earlier one.
pub(crate) fn distinct(args: &[JValue]) -> Outcome {
    let items = match args.first() {
        None => return Ok(JValue::Undefined),
        Some(JValue::Array(items)) if items.len() > 1 => items,
        Some(other) => return Ok(other.clone()),
    };
    let mut seen = BTreeSet::new();
    let is_new = |item: &&JValue| match key(item, 0) {
        Some(key) => seen.insert(key),
        None => true,
    };
    let mut result = JValue::array(items.iter().filter(is_new).cloned().collect());
    if items.sequence {
        result.mark_sequence();
    }
    Ok(result)
}

/// A text that equal values have in common and no others; `None` for what equals nothing.
fn key(value: &JValue, depth: usize) -> Option<String> {
    let below = |value: &JValue| key(value, depth + 1);
    Some(match value {
        JValue::Null => "null".to_owned(),
        JValue::Bool(truth) => truth.to_string(),
        // The two zeros are one.
        JValue::Number(number) if *number == 0.0 => "0".to_owned(),
        JValue::Number(number) if number.is_nan() => return None,
        JValue::Number(number) => number.to_string(),
        JValue::String(text) => format!("{text:?}"),
        // So deep, the order of members counts: this takes no stack.
        JValue::Array(_) | JValue::Object(_) if depth > KEY_DEPTH_MAX => {
            value.to_json_string().ok()?
        }
        JValue::Array(items) => {
            let keys: Option<Vec<String>> = items.iter().map(below).collect();
            format!("[{}]", keys?.join(","))
        }
        JValue::Object(members) => {
            let pair =
                |(name, value): (&String, &JValue)| Some(format!("{name:?}:{}", below(value)?));
            let mut pairs = members.iter().map(pair).collect::<Option<Vec<String>>>()?;
            pairs.sort_unstable();
            format!("{{{}}}", pairs.join(","))
        }
        _ => return None,
    })
}
