//! The operations of Lambda's API: the table of their paths, and what all of them take and give.

use std::collections::BTreeMap;
use std::pin::Pin;

use bytes::Bytes;
use http::{HeaderMap, Method};
use identity::Caller;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;
use serde_json::Value;
use wire::fault::Fault;

use crate::Functions;

mod configuration;
mod create_function;
mod delete_function;
mod get_function;
mod get_function_configuration;
mod invoke;
mod list_functions;
mod list_tags;
mod tag_resource;
mod untag_resource;
mod update_function_code;
mod update_function_configuration;
pub(crate) mod view;

const FUNCTIONS: &str = "2015-03-31/functions";
const FUNCTION: &str = "2015-03-31/functions/{}";
const CODE: &str = "2015-03-31/functions/{}/code";
const CONFIGURATION: &str = "2015-03-31/functions/{}/configuration";
const INVOCATIONS: &str = "2015-03-31/functions/{}/invocations";
const TAGS: &str = "2017-03-31/tags/{}";

const TABLE: [Line; 11] = [
    (Method::POST, FUNCTIONS, |f, q| Box::pin(create_function::run(f, q))),
    (Method::DELETE, FUNCTION, |f, q| Box::pin(delete_function::run(f, q))),
    (Method::GET, FUNCTION, |f, q| Box::pin(get_function::run(f, q))),
    (Method::GET, CONFIGURATION, |f, q| Box::pin(get_function_configuration::run(f, q))),
    (Method::POST, INVOCATIONS, |f, q| Box::pin(invoke::run(f, q))),
    (Method::GET, FUNCTIONS, |f, q| Box::pin(list_functions::run(f, q))),
    (Method::GET, TAGS, |f, q| Box::pin(list_tags::run(f, q))),
    (Method::POST, TAGS, |f, q| Box::pin(tag_resource::run(f, q))),
    (Method::DELETE, TAGS, |f, q| Box::pin(untag_resource::run(f, q))),
    (Method::PUT, CODE, |f, q| Box::pin(update_function_code::run(f, q))),
    (Method::PUT, CONFIGURATION, |f, q| Box::pin(update_function_configuration::run(f, q))),
];

type Line = (Method, &'static str, Operation);
type Operation = for<'a> fn(&'a Functions, Query) -> Running<'a>;
type Running<'a> = Pin<Box<dyn Future<Output = Result<Answer, Fault>> + Send + 'a>>;

/// A request, taken apart.
pub(crate) struct Query {
    pub(crate) caller: Caller,
    /// What the path names: a function or a resource. Empty if it names none.
    pub(crate) argument: String,
    pub(crate) parameters: BTreeMap<String, Vec<String>>,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Query {
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.parameters.get(name)?.first().map(String::as_str)
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn input<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        let body: &[u8] = if self.body.is_empty() { b"{}" } else { &self.body };
        serde_json::from_slice(body)
            .map_err(|error| Fault::new("SerializationException", error.to_string()))
    }
}

/// A success.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) fn json(status: u16, document: &Value) -> Answer {
        Answer { status, headers: Vec::new(), body: Bytes::from(document.to_string()) }
    }

    pub(crate) fn empty() -> Answer {
        Answer { status: 204, headers: Vec::new(), body: Bytes::new() }
    }
}

/// The operation of a request, and what its path names.
pub(crate) fn route(method: &Method, path: &str) -> Result<(Operation, String), Fault> {
    let given: Vec<&str> = path.trim_matches('/').split('/').collect();
    for (expected, template, operation) in TABLE {
        let template: Vec<&str> = template.split('/').collect();
        if *method != expected || template.len() != given.len() {
            continue;
        }
        let mut argument = "";
        let fits = template.iter().zip(&given).all(|(part, given)| {
            if *part == "{}" {
                argument = given;
            }
            *part == "{}" || part == given
        });
        if fits {
            let argument = percent_decode_str(argument).decode_utf8();
            let argument = argument.map_err(|_| unknown())?;
            return Ok((operation, argument.into_owned()));
        }
    }
    Err(unknown())
}

fn unknown() -> Fault {
    Fault::new("UnknownOperationException", "This server does not have such an operation.")
        .with_status(404)
}

/// The parameters behind the `?`.
pub(crate) fn parameters(query: &str) -> BTreeMap<String, Vec<String>> {
    let mut parameters: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        parameters.entry(decoded(name)).or_default().push(decoded(value));
    }
    parameters
}

fn decoded(text: &str) -> String {
    percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned()
}

pub(crate) fn storage_fault(error: &store::error::Unavailable) -> Fault {
    Fault::new("ServiceException", error.to_string()).with_status(500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_lead_to_operations() {
        let rows = [
            (Method::GET, "/2015-03-31/functions/", Some("")),
            (Method::GET, "/2015-03-31/functions/a%3Ab", Some("a:b")),
            (Method::POST, "/2015-03-31/functions/a/invocations", Some("a")),
            (Method::GET, "/2017-03-31/tags/arn%3Aaws", Some("arn:aws")),
            (Method::PATCH, "/2015-03-31/functions/", None),
            (Method::GET, "/2015-03-31/functions/a/b/c", None),
            (Method::GET, "/2015-03-31/functions/%FF", None),
        ];
        for (method, path, expected) in rows {
            let found = route(&method, path).ok().map(|(_, argument)| argument);
            assert_eq!(found.as_deref(), expected, "{method} {path}");
        }
        let found = parameters("tagKeys=a%20b&tagKeys=c&x");
        assert_eq!(found["tagKeys"], ["a b", "c"]);
        assert_eq!(found["x"], [""]);
    }
}
