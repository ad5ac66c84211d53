//! `Retry` and `Catch` (SFN-RETRY-1, SFN-RETRY-5, SFN-CATCH-1).

use super::at::At;
use super::context::Context;
use super::expression::Reach;
use super::fields::{self, In};
use super::numbers::{self, Range, SECONDS_MAX};
use super::{paths, template, variables};
use crate::model::{Catcher, Name, Retrier};

const RETRIER_FIELDS: &[&str] = &[
    "ErrorEquals",
    "IntervalSeconds",
    "MaxAttempts",
    "BackoffRate",
    "MaxDelaySeconds",
    "JitterStrategy",
    "Comment",
];

const CATCHER_FIELDS: &[(&str, In)] = &[
    ("ErrorEquals", In::Both),
    ("Next", In::Both),
    ("Comment", In::Both),
    ("Assign", In::Both),
    ("ResultPath", In::JsonPath),
    ("Output", In::Jsonata),
];

const INTERVAL: Range = Range::integer(1, SECONDS_MAX);
const ATTEMPTS: Range = Range::integer(0, SECONDS_MAX);
const DELAY: Range = Range::integer(1, 31_622_400.0);
const BACKOFF: Range = Range { min: 1.0, max: f64::MAX, fraction: true };

pub(crate) fn retry(context: &mut Context, state: &At<'_>) -> Vec<Retrier> {
    let Some(list) = entries(context, state, "Retry") else { return Vec::new() };
    let last = list.items().count().saturating_sub(1);
    let entries = list.items().enumerate();
    entries.filter_map(|(index, at)| retrier(context, &at, index == last)).collect()
}

pub(crate) fn catch(context: &mut Context, state: &At<'_>) -> Vec<Catcher> {
    let Some(list) = entries(context, state, "Catch") else { return Vec::new() };
    let last = list.items().count().saturating_sub(1);
    let entries = list.items().enumerate();
    entries.filter_map(|(index, at)| catcher(context, &at, index == last)).collect()
}

fn entries<'b>(context: &mut Context, state: &'b At<'_>, name: &str) -> Option<At<'b>> {
    let list = state.member(name)?;
    if list.node.array().is_none() {
        context.error(&list, "Expected value of type [ARRAY]");
    }
    Some(list)
}

fn retrier(context: &mut Context, at: &At<'_>, last: bool) -> Option<Retrier> {
    if !fields::is_object(context, at) {
        return None;
    }
    fields::check_names(context, at, RETRIER_FIELDS);
    fields::require(context, at, &["ErrorEquals"]);
    fields::comment(context, at);
    let error_equals = error_equals(context, at, last);
    let rate = at.member("BackoffRate");
    let rate = rate.and_then(|rate| numbers::literal(context, &rate, &BACKOFF));
    let jitter = fields::one_of(context, at, "JitterStrategy", &["NONE", "FULL"]);
    let full_jitter = jitter == Some("FULL");
    Some(Retrier {
        error_equals,
        interval_seconds: numbers::integer_member(context, at, "IntervalSeconds", &INTERVAL)
            .unwrap_or(1),
        max_attempts: numbers::integer_member(context, at, "MaxAttempts", &ATTEMPTS).unwrap_or(3),
        backoff_rate: rate.unwrap_or(2.0),
        max_delay_seconds: numbers::integer_member(context, at, "MaxDelaySeconds", &DELAY),
        full_jitter,
    })
}

fn catcher(context: &mut Context, at: &At<'_>, last: bool) -> Option<Catcher> {
    if !fields::is_object(context, at) {
        return None;
    }
    fields::check_fields(context, at, CATCHER_FIELDS);
    fields::require(context, at, &["ErrorEquals", "Next"]);
    fields::comment(context, at);
    let error_equals = error_equals(context, at, last);
    let next = fields::text_member(context, at, "Next").map(Name::from);
    let assign = variables::assign(context, at, Reach::ERROR_OUTPUT);
    let result_path = paths::result_field(context, at);
    let output = template::member(context, at, "Output", Reach::ERROR_OUTPUT);
    let output = output.filter(|_| context.is_jsonata());
    Some(Catcher { error_equals, next: next?, result_path, assign, output })
}

fn error_equals(context: &mut Context, at: &At<'_>, last: bool) -> Vec<String> {
    let Some(list) = at.member("ErrorEquals") else { return Vec::new() };
    if !fields::is_filled_array(context, &list) {
        return Vec::new();
    }
    let names: Vec<String> =
        list.items().filter_map(|name| fields::text(context, &name).map(str::to_owned)).collect();
    if names.iter().any(|name| name == "States.ALL") && (!last || names.len() > 1) {
        context.error(&list, "States.ALL must appear alone and at end of list");
    }
    names
}
