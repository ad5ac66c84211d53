//! `docs/conformance.md`: the page, and the numbers it was written with.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Deserialize;

use crate::process::Tally;
use crate::requirements::{self, Cited};

/// A difference is quoted up to here.
const WHY_CHARACTERS_MAX: usize = 220;

/// One recorded case, replayed.
pub(crate) struct CaseOutcome {
    pub(crate) id: String,
    pub(crate) group: String,
    pub(crate) needs: Vec<String>,
    pub(crate) jsonata: bool,
    /// A Map state in it starts executions of its own.
    pub(crate) distributed: bool,
    /// `pass`, `fail` or `skip`.
    pub(crate) result: String,
    pub(crate) why: String,
}

impl CaseOutcome {
    /// The operation it uses is not one of this server's yet.
    fn is_unserved(&self) -> bool {
        self.result == "fail" && self.why.contains("UnknownOperation")
    }

    fn is_pure(&self) -> bool {
        self.needs.is_empty() && !self.jsonata
    }
}

/// One definition of the corpus, created.
#[derive(Deserialize)]
pub(crate) struct Definition {
    pub(crate) file: String,
    pub(crate) jsonata: bool,
    /// Why it was refused; absent when it was accepted.
    pub(crate) why: Option<String>,
}

/// Everything that was replayed.
pub(crate) struct Report {
    pub(crate) cases: Vec<CaseOutcome>,
    pub(crate) definitions: Vec<Definition>,
    pub(crate) requirements: Cited,
}

/// One line of figures. The page is compared by these lines.
struct Figure {
    name: &'static str,
    passed: usize,
    of: usize,
}

#[derive(Default)]
struct Group {
    passed: usize,
    failed: usize,
    unserved: usize,
    skipped: usize,
}

impl Report {
    /// The equal cases, counted as tests. The others are on the page with their reasons; a case
    /// that is lost fails the whole step.
    pub(crate) fn tally(&self) -> Tally {
        let passed = self.cases.iter().filter(|case| case.result == "pass").count();
        Tally { passed: passed as u64, failed: 0 }
    }

    /// The figures in a few lines.
    pub(crate) fn summary(&self) -> String {
        let lines: Vec<String> = self
            .figures()
            .iter()
            .map(|figure| format!("{}: {} of {}", figure.name, figure.passed, figure.of))
            .collect();
        lines.join("\n")
    }

    /// Figures that are smaller than the page's.
    pub(crate) fn losses(&self, page: &str) -> Vec<String> {
        self.figures().iter().filter_map(|figure| figure.loss(page)).collect()
    }

    /// The page.
    pub(crate) fn page(&self) -> String {
        let mut page = String::from(
            "# Conformance\n\nWritten by `cargo xtask conformance`; `cargo xtask ci` fails when a \
             figure below becomes smaller.\nThe cases were recorded on AWS; each is compared \
             whole: status, output, error, cause, and every event with its id and link.\n\n",
        );
        self.write_figures(&mut page);
        self.write_groups(&mut page);
        self.write_failures(&mut page);
        self.write_skipped(&mut page);
        self.write_corpus(&mut page);
        self.write_requirements(&mut page);
        page
    }

    fn figures(&self) -> Vec<Figure> {
        let cases = |name, wanted: fn(&CaseOutcome) -> bool| {
            let chosen = || self.cases.iter().filter(|case| case.result != "skip" && wanted(case));
            let passed = chosen().filter(|case| case.result == "pass").count();
            Figure { name, passed, of: chosen().count() }
        };
        let definitions = |name, jsonata| {
            let chosen = || self.definitions.iter().filter(|found| found.jsonata == jsonata);
            let passed = chosen().filter(|found| found.why.is_none()).count();
            Figure { name, passed, of: chosen().count() }
        };
        vec![
            cases("Cases that need no other service and no JSONata", CaseOutcome::is_pure),
            cases("Of these, by operations that are served", |case| {
                case.is_pure() && !case.is_unserved()
            }),
            cases("Of these, without distributed Map", |case| {
                case.is_pure() && !case.is_unserved() && !case.distributed
            }),
            cases("Cases that need no other service, with JSONata", |case| {
                case.needs.is_empty() && case.jsonata
            }),
            cases("Cases that need functions or call this API from a task", |case| {
                !case.needs.is_empty()
            }),
            definitions("Corpus definitions accepted, JSONPath", false),
            definitions("Corpus definitions accepted, JSONata", true),
            self.cited(),
        ]
    }

    fn cited(&self) -> Figure {
        let (passed, of) = requirements::count(&self.requirements);
        Figure { name: "Requirements of language.md and history.md that a test cites", passed, of }
    }

    fn write_figures(&self, page: &mut String) {
        page.push_str("| figure | equal | of | share |\n|---|---:|---:|---:|\n");
        for figure in self.figures() {
            let Figure { name, passed, of } = figure;
            let share = if of == 0 { 0.0 } else { 100.0 * passed as f64 / of as f64 };
            push(page, format_args!("| {name} | {passed} | {of} | {share:.1}% |\n"));
        }
    }

    fn write_groups(&self, page: &mut String) {
        let mut groups: BTreeMap<&str, Group> = BTreeMap::new();
        for case in &self.cases {
            let group = groups.entry(&case.group).or_default();
            match case.result.as_str() {
                "pass" => group.passed += 1,
                "fail" if case.is_unserved() => group.unserved += 1,
                "fail" => group.failed += 1,
                _ => group.skipped += 1,
            }
        }
        page.push_str("\n## By group\n\n| group | equal | different | operation not served |");
        page.push_str(" not run |\n|---|---:|---:|---:|---:|\n");
        for (name, group) in groups {
            let Group { passed, failed, unserved, skipped } = group;
            push(page, format_args!("| {name} | {passed} | {failed} | {unserved} | {skipped} |\n"));
        }
    }

    fn write_failures(&self, page: &mut String) {
        page.push_str("\n## Different, with the first difference\n\n");
        for case in self.cases.iter().filter(|case| case.result == "fail" && !case.is_unserved()) {
            let reason = reason(&case.id).unwrap_or("No reason is known.");
            push(page, format_args!("- `{}`: {}. {reason}\n", case.id, quoted(&case.why)));
        }
        page.push_str("\n## By operations that are not served\n\n");
        for case in self.cases.iter().filter(|case| case.is_unserved()) {
            let operation = case.why.split(':').next().unwrap_or_default();
            push(page, format_args!("- `{}`: {operation}\n", case.id));
        }
    }

    fn write_skipped(&self, page: &mut String) {
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        for case in self.cases.iter().filter(|case| case.result == "skip") {
            let reason = match case.needs.as_slice() {
                [] => "not marked as validated on AWS".to_owned(),
                needs => format!("needs {}", needs.join(", ")),
            };
            *reasons.entry(reason).or_default() += 1;
        }
        page.push_str("\n## Not run\n\n| why | cases |\n|---|---:|\n");
        for (reason, count) in reasons {
            push(page, format_args!("| {reason} | {count} |\n"));
        }
    }

    fn write_corpus(&self, page: &mut String) {
        page.push_str(
            "\n## Definitions refused\n\nOf the corpus of published definitions, with the finding \
             that refuses each. Placeholders of templates are filled in first, as \
             `tools/conformance/corpus.py` says.\n\n",
        );
        if self.definitions.iter().all(|definition| definition.why.is_none()) {
            page.push_str("None.\n");
        }
        for definition in &self.definitions {
            if let Some(why) = &definition.why {
                let (file, rule) = (&definition.file, requirement(why));
                push(page, format_args!("- `{file}`: {} ({rule})\n", quoted(why)));
            }
        }
    }
}

impl Report {
    /// A line for every requirement, with the tests that name it.
    fn write_requirements(&self, page: &mut String) {
        page.push_str(
            "\n## Requirements and the tests that cite them\n\n| requirement | tests |\n\
             |---|---|\n",
        );
        for (requirement, files) in &self.requirements {
            let files: Vec<String> = files.iter().map(|file| format!("`{file}`")).collect();
            push(page, format_args!("| {requirement} | {} |\n", files.join(", ")));
        }
    }
}

impl Figure {
    fn loss(&self, page: &str) -> Option<String> {
        let prefix = format!("| {} | ", self.name);
        let row = page.lines().find_map(|line| line.strip_prefix(&prefix))?;
        let before: usize = row.split(" | ").next()?.parse().ok()?;
        (self.passed < before)
            .then(|| format!("{}: {} instead of {before}", self.name, self.passed))
    }
}

/// The requirement that refuses a definition with this finding.
fn requirement(why: &str) -> &'static str {
    let rules = [
        ("resource ARN", "SFN-VALID-5"),
        ("JSONATA", "SFN-VALID-6"),
        ("MISSING_TRANSITION_TARGET", "SFN-VALID-3"),
        ("MISSING_END_STATE", "SFN-VALID-3"),
        ("one of the following fields", "SFN-VALID-2"),
        ("SCHEMA_VALIDATION_FAILED", "SFN-VALID-1"),
    ];
    let rule = rules.iter().find(|(finding, _)| why.contains(finding));
    rule.map_or("no requirement", |(_, rule)| rule)
}

/// One line, short enough to read, that Markdown leaves alone.
fn quoted(why: &str) -> String {
    let line = why.split_whitespace().collect::<Vec<_>>().join(" ").replace('`', "'");
    let mut short: String = line.chars().take(WHY_CHARACTERS_MAX).collect();
    if short.len() < line.len() {
        short.push('…');
    }
    format!("`{short}`")
}

fn push(page: &mut String, line: std::fmt::Arguments<'_>) {
    page.write_fmt(line).expect("writing to a string does not fail");
}

/// Why a case differs on purpose, from `tools/conformance/differences.txt`.
fn reason(id: &str) -> Option<&'static str> {
    const REASONS: &str = include_str!("../../conformance/differences.txt");
    let mut lines = REASONS.lines().filter_map(|line| line.split_once(": "));
    lines.find(|(name, _)| id.ends_with(name)).map(|(_, reason)| reason)
}

#[cfg(test)]
mod tests {
    use super::{CaseOutcome, Cited, Report};

    fn case(id: &str, result: &str, why: &str, jsonata: bool) -> CaseOutcome {
        CaseOutcome {
            id: id.to_owned(),
            group: "base".to_owned(),
            needs: Vec::new(),
            jsonata,
            distributed: false,
            result: result.to_owned(),
            why: why.to_owned(),
        }
    }

    #[test]
    fn a_smaller_figure_is_a_loss_and_an_equal_one_is_none() {
        let cases = |last: &str| Report {
            cases: vec![
                case("a", "pass", "", false),
                case("b", last, "x: `y`", false),
                case("c", "fail", "CreateAlias: UnknownOperationException: no", false),
                case("d", "skip", "", true),
            ],
            definitions: Vec::new(),
            requirements: Cited::new(),
        };
        let page = cases("pass").page();
        assert!(page.contains("| Cases that need no other service and no JSONata | 2 | 3 |"));
        assert!(page.contains("| Of these, by operations that are served | 2 | 2 |"));
        assert!(page.contains("- `c`: CreateAlias\n"));
        assert_eq!(cases("pass").losses(&page), Vec::<String>::new());
        assert_eq!(cases("fail").losses(&page).len(), 3);
        assert!(cases("fail").page().contains("- `b`: `x: 'y'`. No reason is known.\n"));
    }
}
