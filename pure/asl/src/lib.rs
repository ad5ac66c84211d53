//! The Amazon States Language: text to [`model::Definition`], with every finding at once.
//! Knows nothing of executions. Start at [`parse`] and [`model`].

use std::collections::BTreeMap;

mod compile;
pub mod document;
mod excerpt;
mod finding;
mod locate;
pub mod model;
mod read;

pub use excerpt::{describe, excerpt};
pub use finding::{Finding, Position, Severity};
use read::json::{self, FaultKind};
use read::yaml::{self, Tags};

/// The largest definition that is read, in bytes: the quota of `CreateStateMachine`.
pub const DEFINITION_BYTES_MAX: usize = 1024 * 1024;

/// Which kind of machine the definition is for: an Express one may do less (SFN-INT-16).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MachineKind {
    #[default]
    Standard,
    Express,
}

/// How the text is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Syntax {
    #[default]
    Json,
    Yaml,
}

/// How to read a definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Options {
    pub kind: MachineKind,
    pub syntax: Syntax,
    /// Whether warnings are wanted beside errors (SFN-VAL-3).
    pub warnings: bool,
}

/// What came of reading a definition.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// There exactly when no finding is an error.
    pub definition: Option<model::Definition>,
    pub findings: Vec<Finding>,
    /// State to the sorted variables that it reads, without `$` (SFN-SM-32).
    pub variable_references: BTreeMap<String, Vec<String>>,
}

/// Why a text is no JSON, as Jackson words it, without its `at [Source …]` (SFN-EXEC-6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JsonError {
    pub message: String,
    /// From 1.
    pub line: usize,
    /// In UTF-16 units, from 1.
    pub column: usize,
}

/// Reads, checks and compiles a definition.
pub fn parse(text: &str, options: &Options) -> Outcome {
    if text.len() > DEFINITION_BYTES_MAX {
        let message = format!("Definition is larger than {DEFINITION_BYTES_MAX} bytes");
        return refused(error(finding::SCHEMA, message));
    }
    match tree(text, options.syntax) {
        Ok(root) => {
            let compiled = compile::definition(&root, options);
            Outcome {
                definition: compiled.definition,
                findings: locate::findings(text, compiled.findings),
                variable_references: compiled.variable_references,
            }
        }
        Err(finding) => refused(finding),
    }
}

/// Why `text` is no JSON value, or `None` when it is one that serde_json reads too.
pub fn json_error(text: &str) -> Option<JsonError> {
    let fault = json::read(text).err()?;
    let (line, column) = fault.line_and_column(text);
    let message = match fault.kind {
        FaultKind::Empty => "Invalid execution input.".to_owned(),
        FaultKind::Syntax | FaultKind::TooDeep => fault.message,
    };
    Some(JsonError { message, line, column })
}

/// A YAML definition as the same JSON, for tools that read `*.asl.yaml`.
pub fn yaml_to_json(text: &str) -> Result<String, Finding> {
    tree(text, Syntax::Yaml).map(|root| root.to_value().to_string())
}

fn tree(text: &str, syntax: Syntax) -> Result<read::tree::Node, Finding> {
    match syntax {
        Syntax::Json => json::read(text).map_err(|fault| json_finding(text, &fault)),
        Syntax::Yaml => yaml::read(text, Tags::Refused).map_err(|fault| yaml_finding(text, fault)),
    }
}

fn yaml_finding(text: &str, fault: yaml::Fault) -> Finding {
    let position = fault.span.and_then(|span| locate::position(text, span));
    let code = match fault.kind {
        yaml::FaultKind::Syntax => "INVALID_YAML_DESCRIPTION",
        yaml::FaultKind::TooDeep => "TOO_DEEPLY_NESTED",
    };
    Finding { position, ..error(code, fault.message) }
}

/// SFN-VAL-4, SFN-VAL-5
fn json_finding(text: &str, fault: &json::Fault) -> Finding {
    let source = fault.source_location(text);
    let position = locate::position(text, fault.span);
    match fault.kind {
        FaultKind::Empty => error(finding::SCHEMA, compile::NO_OBJECT.to_owned()),
        FaultKind::TooDeep => {
            Finding { position, ..error("TOO_DEEPLY_NESTED", fault.message.clone()) }
        }
        FaultKind::Syntax => {
            let message = format!("{}\n at {source}", fault.message);
            let location = Some(source);
            Finding { location, position, ..error("INVALID_JSON_DESCRIPTION", message) }
        }
    }
}

fn refused(finding: Finding) -> Outcome {
    Outcome { definition: None, findings: vec![finding], variable_references: BTreeMap::new() }
}

fn error(code: &'static str, message: String) -> Finding {
    Finding { severity: Severity::Error, code, message, location: None, position: None }
}
