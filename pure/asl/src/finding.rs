//! What is wrong with a definition, and where. One finding is one line of
//! `ValidateStateMachineDefinition` (SFN-VAL-7, SFN-VAL-8).

/// How bad a finding is: an error refuses the definition, a warning does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    Error,
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub severity: Severity,
    /// AWS's code, `SCHEMA_VALIDATION_FAILED` and its like.
    pub code: &'static str,
    pub message: String,
    /// `/States/A/Next`, or Jackson's `[Source: …]` for what is no JSON.
    pub location: Option<String>,
    /// Where in the text, for people.
    pub position: Option<Position>,
}

/// A place in the text of a definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// In bytes, from 0.
    pub offset: usize,
    /// In bytes.
    pub length: usize,
}

pub(crate) const SCHEMA: &str = "SCHEMA_VALIDATION_FAILED";
