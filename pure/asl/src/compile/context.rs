//! What compilation carries along: the findings so far and where in the machine it is.

use std::collections::{BTreeMap, BTreeSet};

use super::Compiled;
use super::at::At;
use crate::finding::{SCHEMA, Severity};
use crate::model::{Definition, Name, QueryLanguage};
use crate::read::tree::Span;
use crate::{MachineKind, Options};

/// More findings than this are not kept: nobody reads them.
const FINDINGS_MAX: usize = 1_000;

/// A finding whose line and column are not counted yet.
pub(crate) struct Raw {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) location: Option<String>,
    pub(crate) span: Option<Span>,
}

/// The state at hand.
#[derive(Clone)]
pub(crate) struct Scope {
    pub(crate) name: Name,
    pub(crate) language: QueryLanguage,
    /// The state's language was refused already (SFN-QL-3), so that its fields are not (SFN-QL-5).
    pub(crate) language_refused: bool,
}

pub(crate) struct Context {
    warnings: bool,
    findings: Vec<Raw>,
    errors: usize,
    references: BTreeMap<String, BTreeSet<String>>,
    /// Express machines and Express children of a distributed Map may do less (SFN-INT-16).
    pub(crate) kind: MachineKind,
    /// The machine's own language, which states inherit (SFN-QL-1).
    pub(crate) language: QueryLanguage,
    pub(crate) scope: Scope,
    /// Names over the whole definition (SFN-ASL-3).
    pub(crate) state_names: BTreeSet<String>,
    pub(crate) labels: BTreeSet<String>,
    /// The variables that each enclosing machine assigns, this one's last (SFN-VAR-4).
    pub(crate) assigned: Vec<BTreeSet<String>>,
}

impl Context {
    pub(crate) fn new(options: &Options) -> Context {
        let language = QueryLanguage::JsonPath;
        Context {
            warnings: options.warnings,
            findings: Vec::new(),
            errors: 0,
            references: BTreeMap::new(),
            kind: options.kind,
            language,
            scope: Scope { name: Name::from(""), language, language_refused: false },
            state_names: BTreeSet::new(),
            labels: BTreeSet::new(),
            assigned: Vec::new(),
        }
    }

    pub(crate) fn is_jsonata(&self) -> bool {
        self.scope.language == QueryLanguage::Jsonata
    }

    /// The value at `at` breaks the schema.
    pub(crate) fn error(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.error_as(SCHEMA, at, message);
    }

    /// The value at `at` is wrong in a way that has a code of its own.
    pub(crate) fn error_as(&mut self, code: &'static str, at: &At<'_>, message: impl Into<String>) {
        self.push(Severity::Error, code, message.into(), Some(at.location()), Some(at.node.span));
    }

    /// Something about the object at `at` is wrong, which shows at `span`.
    pub(crate) fn error_within(&mut self, at: &At<'_>, span: Span, message: impl Into<String>) {
        self.push(Severity::Error, SCHEMA, message.into(), Some(at.location()), Some(span));
    }

    /// Something about the object at `at` is wrong as a whole.
    pub(crate) fn error_whole(&mut self, at: &At<'_>, message: impl Into<String>) {
        self.error_within(at, at.head(), message);
    }

    /// As [`Context::error_whole`] with a code of its own.
    pub(crate) fn error_key(
        &mut self,
        code: &'static str,
        at: &At<'_>,
        message: impl Into<String>,
    ) {
        self.push(Severity::Error, code, message.into(), Some(at.location()), Some(at.key()));
    }

    /// The schema is broken, nowhere in particular.
    pub(crate) fn error_nowhere(&mut self, message: &str) {
        self.push(Severity::Error, SCHEMA, message.to_owned(), None, None);
    }

    /// The whole workflow is wrong; AWS gives no location, people see `span`.
    pub(crate) fn error_workflow(&mut self, code: &'static str, span: Span, message: &str) {
        self.push(Severity::Error, code, message.to_owned(), None, Some(span));
    }

    pub(crate) fn warn(&mut self, code: &'static str, at: &At<'_>, message: impl Into<String>) {
        let span = Some(at.key());
        self.push(Severity::Warning, code, message.into(), Some(at.location()), span);
    }

    /// As [`Context::warn`], about a part of the object at `at`.
    pub(crate) fn warn_within(
        &mut self,
        code: &'static str,
        at: &At<'_>,
        span: Span,
        message: String,
    ) {
        self.push(Severity::Warning, code, message, Some(at.location()), Some(span));
    }

    fn push(
        &mut self,
        severity: Severity,
        code: &'static str,
        message: String,
        location: Option<String>,
        span: Option<Span>,
    ) {
        let error = severity == Severity::Error;
        self.errors += usize::from(error);
        if (error || self.warnings) && self.findings.len() < FINDINGS_MAX {
            self.findings.push(Raw { severity, code, message, location, span });
        }
    }

    /// The state at hand reads a variable (SFN-SM-32).
    pub(crate) fn refer(&mut self, variable: &str) {
        let state = self.scope.name.to_string();
        self.references.entry(state).or_default().insert(variable.to_owned());
    }

    pub(crate) fn finish(self, definition: Option<Definition>) -> Compiled {
        let definition = definition.filter(|_| self.errors == 0);
        assert!(
            definition.is_some() || self.errors > 0,
            "a definition is refused only with an error finding"
        );
        let sorted = |(state, names): (String, BTreeSet<String>)| (state, Vec::from_iter(names));
        Compiled {
            definition,
            findings: self.findings,
            variable_references: self.references.into_iter().map(sorted).collect(),
        }
    }
}
