//! One definition file, read as the server would read it: names filled in, YAML made JSON,
//! every finding at once with its place.

use std::path::{Path, PathBuf};

use asl::{Severity, Syntax};

use crate::config::MachineKind;
use crate::folder;
use crate::names::{Names, Unknown};
use crate::ui::text::short;

/// What came of a file.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) file: PathBuf,
    /// The JSON text for `CreateStateMachine`, when there is no error.
    pub(crate) definition: Option<String>,
    pub(crate) findings: Vec<Shown>,
}

/// A finding as it is shown, several lines.
#[derive(Debug)]
pub(crate) struct Shown {
    pub(crate) severity: Severity,
    pub(crate) text: String,
}

impl Reading {
    /// How many findings are errors.
    pub(crate) fn errors(&self) -> usize {
        self.findings.iter().filter(|finding| finding.severity == Severity::Error).count()
    }

    fn refused(file: &Path, texts: impl Iterator<Item = String>) -> Reading {
        let findings = texts.map(|text| Shown { severity: Severity::Error, text }).collect();
        Reading { file: file.to_owned(), definition: None, findings }
    }
}

/// Reads a file; what is wrong with it is in the reading.
pub(crate) fn read(file: &Path, kind: MachineKind, names: &Names) -> Reading {
    let text = match folder::definition_text(file) {
        Ok(text) => text,
        Err(reason) => return Reading::refused(file, std::iter::once(reason)),
    };
    let filled = match names.fill(&text) {
        Ok(filled) => filled,
        Err(unknown) => {
            let texts = unknown.iter().map(|unknown| describe(file, unknown, &text, names));
            return Reading::refused(file, texts);
        }
    };
    let syntax = syntax_of(file);
    let options = asl::Options { kind: kind_of(kind), syntax, warnings: true };
    let outcome = asl::parse(&filled, &options);
    let findings: Vec<Shown> = outcome
        .findings
        .iter()
        .map(|finding| Shown { severity: finding.severity, text: excerpt(file, &filled, finding) })
        .collect();
    let mut reading = Reading { file: file.to_owned(), definition: None, findings };
    if reading.errors() == 0 {
        match syntax {
            Syntax::Json => reading.definition = Some(filled),
            Syntax::Yaml => match asl::yaml_to_json(&filled) {
                Ok(json) => reading.definition = Some(json),
                Err(finding) => reading.findings.push(Shown {
                    severity: Severity::Error,
                    text: excerpt(file, &filled, &finding),
                }),
            },
        }
    }
    reading
}

/// How a definition's file is written, by its name.
pub(crate) fn syntax_of(file: &Path) -> Syntax {
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("yaml" | "yml") => Syntax::Yaml,
        _ => Syntax::Json,
    }
}

/// The type as definitions are read for.
pub(crate) fn kind_of(kind: MachineKind) -> asl::MachineKind {
    match kind {
        MachineKind::Standard => asl::MachineKind::Standard,
        MachineKind::Express => asl::MachineKind::Express,
    }
}

/// The finding with its line of the text, and its place as editors and terminals understand it.
pub(crate) fn excerpt(file: &Path, text: &str, finding: &asl::Finding) -> String {
    let whole = asl::excerpt(text, finding);
    let Some(position) = finding.position else { return whole };
    let place = place(file, position.line, position.column);
    let is_place = |line: &str| line.trim_start().starts_with("line ");
    let lines: Vec<&str> =
        whole.lines().map(|line| if is_place(line) { place.as_str() } else { line }).collect();
    lines.join("\n")
}

/// `  --> orders.asl.json:4:15`
fn place(file: &Path, line: usize, column: usize) -> String {
    format!("  --> {}:{line}:{column}", short(file))
}

fn describe(file: &Path, unknown: &Unknown, text: &str, names: &Names) -> String {
    let Unknown { name, line, column } = unknown;
    let source = text.lines().nth(line - 1).unwrap_or("");
    let margin = line.to_string();
    let blank = " ".repeat(margin.len());
    let before = " ".repeat(column - 1);
    let mark = "^".repeat(name.chars().count() + "${}".len());
    let known = folder::listed(names.known().map(|name| format!("${{{name}}}")));
    format!(
        "`${{{name}}}` names nothing here\n{}\n  {margin} | {source}\n  {blank} | {before}{mark}\n\
         \x20 known: {known}; write `$${{` for a literal `${{`",
        place(file, *line, *column)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, text: &str) -> Reading {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let file = folder.path().join(name);
        std::fs::write(&file, text).expect("written");
        let mut names = Names::default();
        names.insert("Region", "us-east-1");
        read(&file, MachineKind::Standard, &names)
    }

    #[test]
    fn unknown_names_are_shown_in_place() {
        let reading = check("a.asl.json", "{\n  \"Comment\": \"${Regoin}\"\n}");
        assert_eq!(reading.errors(), 1);
        let text = &reading.findings[0].text;
        assert!(text.contains("2 |   \"Comment\": \"${Regoin}\""), "{text}");
        assert!(text.contains("a.asl.json:2:15\n"), "{text}");
        assert!(text.contains("known: ${Region}"), "{text}");
    }

    #[test]
    fn findings_have_file_line_and_column() {
        let text = r#"{
  "StartAt": "A",
  "States": { "A": { "Type": "Pass",
    "Next": "B"
  } }
}"#;
        let reading = check("a.asl.json", text);
        assert!(reading.definition.is_none());
        let text = &reading.findings[0].text;
        assert!(text.contains("a.asl.json:4:13\n") && text.contains("^^^"), "{text}");
    }

    #[test]
    fn yaml_becomes_json() {
        let text =
            "StartAt: A\nStates:\n  A:\n    Type: Pass\n    Result: ${Region}\n    End: true\n";
        let json = check("a.asl.yaml", text).definition.expect("valid");
        let value: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        assert_eq!(value["States"]["A"]["Result"], "us-east-1");
    }

    #[test]
    fn a_missing_file_is_a_finding() {
        let reading =
            read(Path::new("/no/such.asl.json"), MachineKind::Standard, &Names::default());
        assert_eq!(reading.errors(), 1);
    }
}
