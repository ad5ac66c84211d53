//! Recorded request sequences: filled in, sent, and compared as their README says.

use std::collections::BTreeMap;
use std::path::PathBuf;

use regex::{Captures, Regex};
use serde_json::{Map, Value};

use crate::rig::{ACCOUNT, REGION};

/// `$RUNG_SHARED`, or `shared` beside the workspace; empty, with a line, when there is none.
pub(crate) fn load(group: &str) -> Vec<Value> {
    let root = match std::env::var_os("RUNG_SHARED") {
        Some(root) => PathBuf::from(root),
        None => PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
    };
    let file = root.join("conformance/step-functions").join(format!("{group}.json"));
    match std::fs::read(&file) {
        Ok(text) => serde_json::from_slice(&text).unwrap(),
        Err(_) => {
            println!("skipped: {} is not there", file.display());
            Vec::new()
        }
    }
}

/// Fills the templates of a case.
pub(crate) struct Templates {
    unique: String,
    pub(crate) replies: BTreeMap<String, Value>,
}

impl Templates {
    pub(crate) fn new(case: usize) -> Templates {
        Templates { unique: format!("{case:08x}"), replies: BTreeMap::new() }
    }

    pub(crate) fn fill(&self, value: &Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.fill_text(text)),
            Value::Array(items) => items.iter().map(|item| self.fill(item)).collect(),
            Value::Object(members) => match members.get("$json") {
                Some(json) => Value::String(spaced(&self.fill(json))),
                None => {
                    let filled = members.iter().map(|(key, value)| (key.clone(), self.fill(value)));
                    Value::Object(filled.collect())
                }
            },
            other => other.clone(),
        }
    }

    fn fill_text(&self, text: &str) -> String {
        let template = Regex::new("%%([^%]+)%%").unwrap();
        let filled = template.replace_all(text, |found: &Captures<'_>| match &found[1] {
            "account" => ACCOUNT.to_owned(),
            "region" => REGION.to_owned(),
            "now" => "2025-01-15T10:30:00".to_owned(),
            other => match (other.strip_prefix("uid:"), other.split_once('.')) {
                (Some(number), _) => format!("{}{number}", self.unique),
                (None, Some((step, member))) => {
                    self.replies[step][member].as_str().unwrap().to_owned()
                }
                _ => panic!("unknown template {other}"),
            },
        });
        filled.into_owned()
    }
}

/// JSON as the recordings sent it.
fn spaced(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(spaced).collect();
            format!("[{}]", items.join(", "))
        }
        Value::Object(members) => {
            let member = |(key, value): (&String, &Value)| {
                format!("{}: {}", Value::from(key.as_str()), spaced(value))
            };
            let members: Vec<String> = members.iter().map(member).collect();
            format!("{{{}}}", members.join(", "))
        }
        other => other.to_string(),
    }
}

/// A reply with its texts of objects parsed, and the account, region and times taken out.
pub(crate) fn normalise(reply: &Value) -> Value {
    let parsed = parse_texts(reply);
    let text = parsed.to_string().replace(ACCOUNT, "111111111111").replace(REGION, "<region>");
    let text = text.replace("arn:aws:", "arn:<partition>:");
    let time = r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})?";
    let text = Regex::new(time).unwrap().replace_all(&text, "date");
    serde_json::from_str(&text).unwrap()
}

fn parse_texts(value: &Value) -> Value {
    match value {
        Value::String(text) if text.starts_with('{') => {
            serde_json::from_str(text).unwrap_or_else(|_| value.clone())
        }
        Value::Array(items) => items.iter().map(parse_texts).collect(),
        Value::Object(members) => {
            let parsed = members.iter().map(|(key, value)| (key.clone(), parse_texts(value)));
            Value::Object(parsed.collect())
        }
        other => other.clone(),
    }
}

/// Compares replies of one case: a token stands for the same text everywhere.
#[derive(Default)]
pub(crate) struct Comparison {
    tokens: BTreeMap<String, String>,
    /// Members whose value may be anything where the token is expected.
    loose: Vec<(String, String)>,
    tolerated: Vec<String>,
}

impl Comparison {
    pub(crate) fn of(case: &Value) -> Comparison {
        let list = |name: &str| case[name].as_array().cloned().unwrap_or_default();
        let loose = list("normalise").into_iter().filter_map(|rule| {
            Some((rule["key"].as_str()?.to_owned(), rule["token"].as_str()?.to_owned()))
        });
        let tolerated = list("tolerate_extra");
        Comparison {
            tokens: BTreeMap::new(),
            loose: loose.collect(),
            tolerated: tolerated.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }

    /// Where and how the two differ.
    pub(crate) fn compare(
        &mut self,
        expected: &Value,
        actual: &Value,
        at: &str,
    ) -> Result<(), String> {
        match (expected, actual) {
            (Value::Object(expected), Value::Object(actual)) => self.objects(expected, actual, at),
            (Value::Object(_), Value::String(text)) => match serde_json::from_str::<Value>(text) {
                Ok(parsed @ Value::Object(_)) => self.compare(expected, &parsed, at),
                _ => Err(format!("{at}: expected {expected}, got {actual}")),
            },
            (Value::Array(wanted), Value::Array(items)) if wanted.len() == items.len() => {
                for (place, (wanted, item)) in wanted.iter().zip(items).enumerate() {
                    self.compare(wanted, item, &format!("{at}[{place}]"))?;
                }
                Ok(())
            }
            (Value::String(wanted), Value::String(text)) if self.texts(wanted, text) => Ok(()),
            (wanted, found) if wanted == found => Ok(()),
            _ => Err(format!("{at}: expected {expected}, got {actual}")),
        }
    }

    fn objects(
        &mut self,
        expected: &Map<String, Value>,
        actual: &Map<String, Value>,
        at: &str,
    ) -> Result<(), String> {
        for (key, wanted) in expected {
            let found = actual.get(key).ok_or_else(|| format!("{at}.{key}: missing {wanted}"))?;
            let any = self.loose.iter().any(|(name, token)| name == key && wanted == token);
            if !any {
                self.compare(wanted, found, &format!("{at}.{key}"))?;
            }
        }
        let extra = |key: &&String| !expected.contains_key(*key) && !self.tolerated.contains(key);
        match actual.keys().find(extra) {
            Some(key) => Err(format!("{at}.{key}: not expected: {}", actual[key])),
            None => Ok(()),
        }
    }

    fn texts(&mut self, wanted: &str, text: &str) -> bool {
        let token = Regex::new(r"<[A-Za-z_-]+:\d+>|<[A-Za-z0-9]+_\d+idx>").unwrap();
        if !token.is_match(wanted) {
            return wanted == text;
        }
        let (mut pattern, mut names, mut end) = ("^".to_owned(), Vec::new(), 0);
        for found in token.find_iter(wanted) {
            pattern.push_str(&regex::escape(&wanted[end..found.start()]));
            pattern.push_str("([^:/]+)");
            names.push(found.as_str().to_owned());
            end = found.end();
        }
        pattern.push_str(&regex::escape(&wanted[end..]));
        pattern.push('$');
        let Some(found) = Regex::new(&pattern).unwrap().captures(text) else { return false };
        names.into_iter().enumerate().all(|(place, name)| {
            let value = found[place + 1].to_owned();
            *self.tokens.entry(name).or_insert_with(|| value.clone()) == value
        })
    }
}
