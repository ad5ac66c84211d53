//! `rung check` without its output: a file, the definitions in it, and what is wrong with them.
//! Nothing is said about what is known only when a template is deployed. Start at [`file`].

mod definition;
mod pieces;
mod placeholders;
mod relaxed;
mod template;

#[cfg(test)]
mod corpus;

use std::path::{Path, PathBuf};

use asl::document::{self, Span};
use asl::{Finding, Position, Severity};

use crate::config::{self, MachineKind};
use crate::definition::{excerpt, syntax_of};
use crate::folder;
use crate::names::Names;
use crate::site::Site;

pub(crate) use definition::to_definition;
pub(crate) use placeholders::Substitutions;
pub(crate) use template::{Embedded, Source, machines};

/// What came of a file.
#[derive(Debug)]
pub(crate) struct Checked {
    pub(crate) file: PathBuf,
    /// The logical id of a machine in a template.
    pub(crate) machine: Option<String>,
    pub(crate) outcome: Outcome,
}

#[derive(Debug)]
pub(crate) enum Outcome {
    Findings(Vec<Found>),
    /// The definition is made when the template is deployed.
    Computed(String),
    Unreadable(String),
}

/// A finding with its place in the file.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) severity: Severity,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// Where in the definition, `/States/A/Next`.
    pub(crate) location: Option<String>,
    pub(crate) position: Option<Position>,
    /// The whole as people read it, several lines.
    pub(crate) text: String,
}

impl Checked {
    pub(crate) fn findings(&self) -> &[Found] {
        match &self.outcome {
            Outcome::Findings(findings) => findings,
            _ => &[],
        }
    }

    pub(crate) fn count(&self, severity: Severity) -> usize {
        self.findings().iter().filter(|found| found.severity == severity).count()
    }
}

/// Checks a file: a definition, or a template with any number of them.
pub(crate) fn file(path: &Path, kind: MachineKind) -> Vec<Checked> {
    let text = match folder::definition_text(path) {
        Ok(text) => text,
        Err(reason) => return vec![unreadable(path, reason)],
    };
    match template::machines(path, &text) {
        Some(Err(finding)) => {
            let span = finding.position.map(|at| Span { start: at.offset, length: at.length });
            let raw = definition::Raw { finding, span };
            let outcome = Outcome::Findings(shown(path, &text, vec![raw]));
            vec![Checked { file: path.to_owned(), machine: None, outcome }]
        }
        Some(Ok(machines)) => {
            machines.into_iter().flat_map(|machine| embedded(path, &text, machine)).collect()
        }
        None => {
            let known = Substitutions::of_folder(names_around(path));
            vec![standalone(path, None, &text, kind, &known)]
        }
    }
}

fn embedded(path: &Path, template: &str, machine: Embedded) -> Vec<Checked> {
    let Embedded { name, kind, source, substitutions } = machine;
    let checked = |outcome| Checked { file: path.to_owned(), machine: Some(name.clone()), outcome };
    match source {
        Source::Text { text, syntax, pieces } => {
            let raw = definition::findings(&text, syntax, kind, &substitutions);
            let raw = raw.into_iter().map(|raw| raw.through(&pieces)).collect();
            vec![checked(Outcome::Findings(shown(path, template, raw)))]
        }
        Source::File { uri, span } => {
            let folder = path.parent().unwrap_or(Path::new("."));
            let file = folder.join(&uri);
            match folder::definition_text(&file) {
                Ok(text) => vec![standalone(&file, Some(name), &text, kind, &substitutions)],
                Err(reason) => {
                    let message = format!("the definition `{uri}` cannot be read: {reason}");
                    let raw = definition::Raw::error("MISSING_DEFINITION", message, span);
                    vec![checked(Outcome::Findings(shown(path, template, vec![raw])))]
                }
            }
        }
        Source::Computed { why } => vec![checked(Outcome::Computed(why))],
    }
}

fn standalone(
    path: &Path,
    machine: Option<String>,
    text: &str,
    kind: MachineKind,
    known: &Substitutions,
) -> Checked {
    let raw = definition::findings(text, syntax_of(path), kind, known);
    let outcome = Outcome::Findings(shown(path, text, raw));
    Checked { file: path.to_owned(), machine, outcome }
}

fn unreadable(path: &Path, reason: String) -> Checked {
    Checked { file: path.to_owned(), machine: None, outcome: Outcome::Unreadable(reason) }
}

/// Findings in the order of their places, with their lines of the file.
fn shown(path: &Path, text: &str, raw: Vec<definition::Raw>) -> Vec<Found> {
    let mut found: Vec<Found> = raw
        .into_iter()
        .map(|raw| {
            let position = raw.span.and_then(|span| document::position(text, span));
            let finding = Finding { position, ..raw.finding };
            Found {
                text: excerpt(path, text, &finding),
                severity: finding.severity,
                code: finding.code,
                message: finding.message.lines().next().unwrap_or_default().to_owned(),
                location: finding.location.filter(|location| location.starts_with('/')),
                position,
            }
        })
        .collect();
    found.sort_by_key(|found| found.position.map_or(0, |position| position.offset));
    found
}

/// The names of the folder that a definition lies in, when it is one that `rung dev` reads.
pub(crate) fn names_around(file: &Path) -> Option<Names> {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
    let folder = parent.unwrap_or(Path::new("."));
    let is_project = folder.join(config::FILE_NAME).is_file() || folder.join("functions").is_dir();
    let project = folder::read(folder).ok().filter(|_| is_project)?;
    Some(Site::of(&project.config, &project.root).names(&project))
}

/// The end of a stretch.
fn end(span: Span) -> usize {
    span.start.saturating_add(span.length)
}
