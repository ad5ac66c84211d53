//! One definition's text: liberties taken with JSON, placeholders filled in, findings brought back
//! to their places in the text as it was written.

use asl::document::Span;
use asl::{Finding, Severity, Syntax};

use super::pieces::Pieces;
use super::placeholders::{self, Complete, Hole, Substitutions};
use super::{end, relaxed};
use crate::config::MachineKind;
use crate::definition::kind_of;
use crate::folder;

/// Codes of texts that are no JSON or YAML at all.
const UNREADABLE: [&str; 2] = ["INVALID_JSON_DESCRIPTION", "INVALID_YAML_DESCRIPTION"];
/// Members that lead to states.
const WAYS: [&str; 3] = ["Next", "Default", "StartAt"];

/// A finding and the stretch of the text that it is about.
#[derive(Clone, Debug)]
pub(crate) struct Raw {
    pub(crate) finding: Finding,
    pub(crate) span: Option<Span>,
}

impl Raw {
    pub(crate) fn error(code: &'static str, message: String, span: Span) -> Raw {
        Raw::of(Severity::Error, code, message, span)
    }

    fn of(severity: Severity, code: &'static str, message: String, span: Span) -> Raw {
        let finding = Finding { severity, code, message, location: None, position: None };
        Raw { finding, span: Some(span) }
    }

    /// The same about the text that this one's was made of.
    pub(crate) fn through(mut self, pieces: &Pieces) -> Raw {
        self.span = self.span.and_then(|span| pieces.source(span));
        self
    }
}

/// What is wrong with a definition, as far as it can be known.
pub(crate) fn findings(
    text: &str,
    syntax: Syntax,
    kind: MachineKind,
    known: &Substitutions,
) -> Vec<Raw> {
    let (strict, liberties) = match syntax {
        Syntax::Json => relaxed::strict(text),
        Syntax::Yaml => (text.to_owned(), Vec::new()),
    };
    let filled = placeholders::fill(&strict, syntax, known);
    let mut found: Vec<Raw> = liberties.iter().map(liberty).collect();
    let missed = filled.holes.iter().filter(|hole| known.misses(hole));
    found.extend(missed.map(|hole| nameless(hole, known)));
    let options = asl::Options { kind: kind_of(kind), syntax, warnings: true };
    let outcome = asl::parse(&filled.text, &options);
    let unknown: Vec<&Hole> = filled.holes.iter().filter(|hole| !hole.known).collect();
    let goes_anywhere = unknown.iter().any(|hole| WAYS.contains(&hole.key.as_str()));
    found.extend(
        outcome
            .findings
            .into_iter()
            .map(|finding| {
                let span = finding.position.map(|at| Span { start: at.offset, length: at.length });
                Raw { finding, span }.through(&filled.pieces)
            })
            .filter_map(|raw| judged(raw, &unknown))
            .filter(|raw| !(goes_anywhere && is_about_graph(&raw.finding))),
    );
    found
}

/// The definition that a text stands for, with what is not known filled in; for rehearsals.
pub(crate) fn to_definition(
    text: &str,
    syntax: Syntax,
    kind: MachineKind,
    known: &Substitutions,
) -> Result<asl::model::Definition, String> {
    let filled = placeholders::fill(text, syntax, known);
    let options = asl::Options { kind: kind_of(kind), syntax, warnings: false };
    let outcome = asl::parse(&filled.text, &options);
    outcome.definition.ok_or_else(|| {
        let first = outcome.findings.first().map(|finding| asl::excerpt(&filled.text, finding));
        first.unwrap_or_else(|| "it is not valid".to_owned())
    })
}

/// Whether a finding is about all ways together: not known when one of them is not.
fn is_about_graph(finding: &Finding) -> bool {
    finding.code == "MISSING_END_STATE" || finding.message.ends_with("is not reachable.")
}

/// A finding as far as it can be judged. A text that cannot be read is never without a finding.
fn judged(raw: Raw, unknown: &[&Hole]) -> Option<Raw> {
    let Some(span) = raw.span else { return Some(raw) };
    if !UNREADABLE.contains(&raw.finding.code) {
        return (!unknown.iter().any(|hole| touches(span, hole.around))).then_some(raw);
    }
    let Some(hole) = unknown.iter().find(|hole| touches(span, hole.span)) else { return Some(raw) };
    let message = format!(
        "with a value in the place of `{}` this can still not be read: nothing is checked",
        hole.form.written(&hole.name)
    );
    Some(Raw::of(Severity::Warning, "NOT_CHECKED", message, span))
}

/// Whether two stretches have something in common; an empty one is a place.
fn touches(span: Span, other: Span) -> bool {
    span.start < end(other) && other.start < end(span).max(span.start + 1)
}

fn liberty(liberty: &relaxed::Liberty) -> Raw {
    let what = match liberty.kind {
        relaxed::Kind::Comment => {
            "a comment is no JSON: AWS refuses a definition that has one; write a `Comment` member"
        }
        relaxed::Kind::Comma => {
            "a comma before a closing bracket is no JSON: AWS refuses a definition that has one"
        }
    };
    Raw::error("INVALID_JSON_DESCRIPTION", what.to_owned(), liberty.span)
}

fn nameless(hole: &Hole, known: &Substitutions) -> Raw {
    let names = folder::listed(known.known().iter().map(|name| format!("${{{name}}}")));
    let name = &hole.name;
    match known.complete() {
        Some(Complete::Template) => {
            let message = format!(
                "`${{{name}}}` is not in DefinitionSubstitutions and stays as it is; there are \
                 {names}"
            );
            Raw::of(Severity::Warning, "UNKNOWN_SUBSTITUTION", message, hole.span)
        }
        _ => {
            let message = format!(
                "`${{{name}}}` names nothing here; known are {names}; write `$${{` for a literal \
                 `${{`"
            );
            Raw::error("UNKNOWN_NAME", message, hole.span)
        }
    }
}
