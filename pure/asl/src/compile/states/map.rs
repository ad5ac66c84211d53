//! Map: items, processor and mode (SFN-MAP-1 to SFN-MAP-9).

use super::distributed;
use crate::compile::at::At;
use crate::compile::context::Context;
use crate::compile::expression::{self, Reach};
use crate::compile::numbers::{self, Range};
use crate::compile::{fields, machine, paths, template};
use crate::model::{Items, Machine, Map, MapMode, Template};
use crate::read::tree::Shape;

const PROCESSOR: &[&str] = &["ItemProcessor", "Iterator"];

/// Larger than 32 bits is accepted; the interpreter has its own cap (SFN-MAP-5).
const CONCURRENCY: Range = Range::integer(0, f64::MAX);

pub(crate) fn compile(context: &mut Context, at: &At<'_>) -> Option<Map> {
    fields::exactly_one(context, at, PROCESSOR);
    let items = items(context, at);
    let item_selector = item_selector(context, at);
    let max_concurrency = numbers::field(context, at, "MaxConcurrency", &CONCURRENCY);
    let processor_at = PROCESSOR.iter().find_map(|name| at.member(name))?;
    let (mode, processor) = match distributed::execution_type(context, &processor_at) {
        Some(child) => distributed::compile(context, at, &processor_at, child),
        None => {
            distributed::check_inline(context, at);
            (MapMode::Inline, self::processor(context, &processor_at))
        }
    };
    Some(Map { processor: processor?, mode, items, item_selector, max_concurrency })
}

pub(super) fn processor(context: &mut Context, at: &At<'_>) -> Option<Machine> {
    machine::nested(context, at, &["ProcessorConfig"])
}

/// SFN-MAP-2
fn items(context: &mut Context, at: &At<'_>) -> Items {
    if !context.is_jsonata() {
        return Items::Path(paths::items_field(context, at));
    }
    let Some(items) = at.member("Items") else { return Items::Input };
    let template = match items.node.shape {
        Shape::Array(_) | Shape::Object(_) => {
            Some(template::compile(context, &items, Reach::NOTHING))
        }
        Shape::Text(_) => {
            expression::required(context, &items, Reach::NOTHING).map(Template::Jsonata)
        }
        _ => {
            context.error(&items, "Expected value of type [STRING, ARRAY, OBJECT]");
            None
        }
    };
    template.map_or(Items::Input, Items::Jsonata)
}

/// `ItemSelector`, or its old name `Parameters`.
fn item_selector(context: &mut Context, at: &At<'_>) -> Option<Template> {
    if context.is_jsonata() {
        return template::member(context, at, "ItemSelector", Reach::NOTHING);
    }
    fields::at_most_one(context, at, &["ItemSelector", "Parameters"]);
    let name = if at.has("ItemSelector") { "ItemSelector" } else { "Parameters" };
    template::member(context, at, name, Reach::NOTHING)
}
