//! Choice: rules in either language (SFN-CHOICE-2).

use super::comparison;
use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::expression::{self, Reach};
use crate::compile::fields::{self, In};
use crate::compile::{paths, template, variables};
use crate::model::{Choice, Condition, Name, Rule};
use crate::read::tree::Shape;

/// What makes a rule; exactly one of them is there.
const SHAPES: &[&str] = &["And", "Or", "Not", "Variable", "Condition"];

/// How a rule is nested: only the outermost one says where to go.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Depth {
    Top,
    Nested,
}

pub(crate) fn compile(context: &mut Context, at: &At<'_>) -> Option<Choice> {
    fields::require(context, at, &["Choices"]);
    let default = fields::text_member(context, at, "Default").map(Name::from);
    let choices = at.member("Choices")?;
    if !fields::is_filled_array(context, &choices) {
        return None;
    }
    let rules: Vec<_> = choices.items().map(|rule| self::rule(context, &rule)).collect();
    let rules: Option<Vec<_>> = rules.into_iter().collect();
    Some(Choice { rules: rules?, default })
}

fn rule(context: &mut Context, at: &At<'_>) -> Option<Rule> {
    if !fields::is_object(context, at) {
        return None;
    }
    let condition = condition(context, at, Depth::Top);
    fields::require(context, at, &["Next"]);
    let next = fields::text_member(context, at, "Next").map(Name::from);
    let assign = variables::assign(context, at, Reach::NOTHING);
    let output = match context.is_jsonata() {
        true => template::member(context, at, "Output", Reach::NOTHING),
        false => None,
    };
    Some(Rule { condition: condition?, next: next?, assign, output })
}

fn condition(context: &mut Context, at: &At<'_>, depth: Depth) -> Option<Condition> {
    if !fields::is_object(context, at) {
        return None;
    }
    check_rule_fields(context, at, depth);
    fields::comment(context, at);
    let shapes = SHAPES.iter().filter(|shape| at.has(shape)).count();
    if shapes != 1 {
        let message = format!(
            "The object must have only one of the following fields, [{}]",
            SHAPES.join(", ")
        );
        context.error_whole(at, message);
        return None;
    }
    if let Some(condition) = at.member("Condition") {
        return computed(context, &condition);
    }
    if let Some(list) = at.member("And") {
        return all(context, &list).map(Condition::And);
    }
    if let Some(list) = at.member("Or") {
        return all(context, &list).map(Condition::Or);
    }
    if let Some(inner) = at.member("Not") {
        return condition(context, &inner, Depth::Nested).map(|inner| Condition::Not(inner.into()));
    }
    let variable = at.member("Variable");
    let variable = variable.and_then(|at| paths::reference(context, &at, paths::Context::Allowed));
    let comparison = comparison::compile(context, at);
    Some(Condition::Compare { variable: variable?, comparison: comparison? })
}

fn all(context: &mut Context, list: &At<'_>) -> Option<Vec<Condition>> {
    if !fields::is_filled_array(context, list) {
        return None;
    }
    let conditions: Vec<_> =
        list.items().map(|rule| condition(context, &rule, Depth::Nested)).collect();
    conditions.into_iter().collect()
}

/// A JSONata `Condition`: `true`, `false` or an expression.
fn computed(context: &mut Context, at: &At<'_>) -> Option<Condition> {
    if !context.is_jsonata() {
        return None;
    }
    match at.node.shape {
        Shape::Bool(value) => Some(Condition::Literal(value)),
        Shape::Text(_) => expression::required(context, at, Reach::NOTHING).map(Condition::Jsonata),
        _ => {
            context.error(at, "Expected value of type [STRING, BOOLEAN]");
            None
        }
    }
}

fn check_rule_fields(context: &mut Context, at: &At<'_>, depth: Depth) {
    let mut known = vec![
        ("And", In::JsonPath),
        ("Or", In::JsonPath),
        ("Not", In::JsonPath),
        ("Variable", In::JsonPath),
        ("Comment", In::Both),
    ];
    known.extend(comparison::OPERATORS.iter().map(|operator| (*operator, In::JsonPath)));
    if depth == Depth::Top {
        known.extend([
            ("Condition", In::Jsonata),
            ("Next", In::Both),
            ("Assign", In::Both),
            ("Output", In::Jsonata),
        ]);
    }
    fields::check_fields(context, at, &known);
}
