//! The Amazon States Language: text to [`model::Definition`], with every finding at once.
//! Knows nothing of executions. Start at [`parse`] and [`model`].

use std::collections::BTreeMap;

mod finding;
pub mod model;

pub use finding::{Finding, Position, Severity};

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
    let _ = (text, options);
    Outcome {
        definition: None,
        findings: vec![Finding {
            severity: Severity::Error,
            code: finding::SCHEMA,
            message: "not built".to_owned(),
            location: None,
            position: None,
        }],
        variable_references: BTreeMap::new(),
    }
}

/// Why `text` is no JSON value, or `None` when it is one that serde_json reads too.
pub fn json_error(text: &str) -> Option<JsonError> {
    serde_json::from_str::<serde_json::Value>(text).err().map(|error| JsonError {
        message: error.to_string(),
        line: error.line(),
        column: error.column(),
    })
}

/// A YAML definition as the same JSON, for tools that read `*.asl.yaml`.
pub fn yaml_to_json(text: &str) -> Result<String, Finding> {
    let _ = text;
    Err(Finding {
        severity: Severity::Error,
        code: finding::SCHEMA,
        message: "not built".to_owned(),
        location: None,
        position: None,
    })
}

/// The finding on one line: `CODE: message at location` (SFN-SM-1).
pub fn describe(finding: &Finding) -> String {
    let location = finding.location.as_deref().unwrap_or("null");
    format!("{}: {} at {location}", finding.code, finding.message)
}

/// Where the finding is, with the line of the text and a mark under the place.
pub fn excerpt(text: &str, finding: &Finding) -> String {
    let _ = text;
    describe(finding)
}
