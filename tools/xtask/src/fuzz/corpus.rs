//! Seeds: the small ones of the repository, inputs that once broke something, and what the recorded
//! cases and real definitions give where they are there.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use anyhow::Context;
use serde_json::Value;

use super::Place;
use crate::{shared, tree};

const OURS: [&str; 2] = ["tools/fuzzed/seeds", "tools/fuzzed/regressions"];
/// Files of the recorded cases are not deeper.
const DEPTH_MAX: usize = 8;

/// Longest input of a target.
pub(super) fn bytes_max(name: &str) -> usize {
    match name {
        "definition" | "workflow" => 16 * 1024,
        _ => 4 * 1024,
    }
}

/// What lies beside the repository.
#[derive(Default)]
pub(super) struct Found {
    /// Texts of definitions, and whether they are YAML.
    definitions: Vec<(String, bool)>,
    /// Definitions with an input.
    cases: Vec<(Value, String)>,
    /// Documents and paths.
    paths: Vec<(String, String)>,
    /// Documents and expressions.
    expressions: Vec<(String, String)>,
    calls: BTreeSet<String>,
}

impl Found {
    /// Reads it all; nothing where there is nothing.
    pub(super) fn look() -> anyhow::Result<Found> {
        let mut found = Found::default();
        let Some(folder) = shared::folder()? else { return Ok(found) };
        for path in files(&folder.join("corpus/asl")) {
            found.definition_file(&path)?;
        }
        for value in values(&folder.join("conformance/step-functions"))? {
            for case in value.as_array().into_iter().flatten() {
                found.case(case);
            }
        }
        for value in values(&folder.join("conformance/jsonpath"))? {
            for test in value.get("tests").and_then(Value::as_array).into_iter().flatten() {
                let document = test.get("document").map(Value::to_string).unwrap_or_default();
                if let Some(path) = test.get("selector").and_then(Value::as_str) {
                    found.paths.push((document, path.to_owned()));
                }
            }
        }
        for value in values(&folder.join("conformance/jsonata/groups"))? {
            found.expression_case(&value);
        }
        Ok(found)
    }

    fn definition_file(&mut self, path: &Path) -> anyhow::Result<()> {
        let text = read(path)?;
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("json") => {
                if let Ok(value) = serde_json::from_str::<Value>(&text) {
                    self.strings(&value);
                }
                self.definitions.push((text, false));
            }
            Some("yaml" | "yml") => self.definitions.push((text, true)),
            _ => {}
        }
        Ok(())
    }

    fn case(&mut self, case: &Value) {
        let Some(definition) = case.get("definition").filter(|value| value.is_object()) else {
            return;
        };
        self.strings(definition);
        self.definitions.push((definition.to_string(), false));
        let input = case.get("input").map(Value::to_string).unwrap_or_default();
        self.cases.push((definition.clone(), input));
    }

    fn expression_case(&mut self, value: &Value) {
        let cases = value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice);
        for case in cases {
            let data = case.get("data").map(Value::to_string).unwrap_or_default();
            if let Some(expression) = case.get("expr").and_then(Value::as_str) {
                self.expressions.push((data, expression.to_owned()));
            }
        }
    }

    /// The paths, calls and expressions that are strings somewhere in a definition.
    fn strings(&mut self, value: &Value) {
        match value {
            Value::String(text) if text.starts_with('$') => {
                self.paths.push((String::new(), text.clone()));
            }
            Value::String(text) if text.starts_with("States.") && text.contains('(') => {
                self.calls.insert(text.clone());
            }
            Value::String(text) => {
                let inside = text.strip_prefix("{%").and_then(|rest| rest.strip_suffix("%}"));
                if let Some(expression) = inside {
                    self.expressions.push((String::new(), expression.trim().to_owned()));
                }
            }
            Value::Array(items) => items.iter().for_each(|item| self.strings(item)),
            Value::Object(members) => members.values().for_each(|member| self.strings(member)),
            _ => {}
        }
    }

    /// What is an input of that target, in the form that the target's body reads.
    fn inputs(&self, name: &str) -> Vec<String> {
        match name {
            "definition" => self
                .definitions
                .iter()
                .map(|(text, yaml)| format!("{}{text}", if *yaml { '2' } else { '0' }))
                .collect(),
            "workflow" => self
                .cases
                .iter()
                .map(|(definition, input)| format!("\n{input}\n\n{definition}"))
                .collect(),
            "jsonpath" => {
                self.paths.iter().map(|(document, path)| format!("{document}\n\n{path}")).collect()
            }
            "jsonata" => self
                .expressions
                .iter()
                .map(|(data, expression)| format!("{data}\n{expression}"))
                .collect(),
            "intrinsics" => self.calls.iter().map(|call| format!("\n{call}")).collect(),
            _ => Vec::new(),
        }
    }
}

/// Puts the seeds into the target's corpus; how many there are.
pub(super) fn fill(place: &Place, found: &Found) -> anyhow::Result<usize> {
    let mut seeds: BTreeSet<Vec<u8>> = BTreeSet::new();
    for folder in OURS {
        for path in files(&tree::root().join(folder).join(&place.name)) {
            let seed = std::fs::read(&path);
            seeds.insert(seed.with_context(|| format!("failed to read {}", path.display()))?);
        }
    }
    seeds.extend(found.inputs(&place.name).into_iter().map(String::into_bytes));
    seeds.retain(|seed| seed.len() <= bytes_max(&place.name));
    for seed in &seeds {
        let path = place.corpus.join(format!("seed-{:016x}", digest(seed)));
        std::fs::write(&path, seed)
            .with_context(|| format!("failed to write {}", path.display()))?;
    }
    Ok(seeds.len())
}

/// FNV-1a: a name that the same bytes have again.
fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |digest, byte| {
        (digest ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

/// The JSON values of all files in a folder.
fn values(folder: &Path) -> anyhow::Result<Vec<Value>> {
    let mut values = Vec::new();
    for path in files(folder) {
        if path.extension().is_some_and(|extension| extension == "json") {
            // A file that is no JSON is not ours to judge here.
            values.extend(serde_json::from_str::<Value>(&read(&path)?).ok());
        }
    }
    Ok(values)
}

fn read(path: &Path) -> anyhow::Result<String> {
    let bytes =
        std::fs::read(path).with_context(|| format!("failed to read {}", path.display()))?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    collect(folder, DEPTH_MAX, &mut found);
    found.sort();
    found
}

fn collect(folder: &Path, depth: usize, found: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.is_dir() && depth > 0 {
            collect(&path, depth - 1, found);
        } else if path.is_file() {
            found.push(path);
        }
    }
}
