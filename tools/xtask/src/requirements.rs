//! `cargo xtask requirements`: which numbered requirements of the specification a test cites.
//! A test cites one by naming it: `SFN-RETRY-3`, `SFN-WAIT-1…6`, `SFN-PATH-7 to SFN-PATH-9`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::Context;

use crate::{shared, tree};

/// The parts of the specification whose numbers are counted unless others are named.
const PARTS: [&str; 2] = ["language.md", "history.md"];
const MARK: &str = "SFN-";
/// A range with more numbers is a slip of the pen.
const RANGE_MAX: u32 = 100;

/// `SFN-HIST-12` is the family `HIST` and the number 12.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Requirement {
    family: String,
    number: u32,
}

impl std::fmt::Display for Requirement {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{MARK}{}-{}", self.family, self.number)
    }
}

/// Every requirement and the test files that cite it.
pub(crate) type Cited = BTreeMap<Requirement, BTreeSet<String>>;

/// Prints a count, and with `--list` every number that no test cites. Other arguments name parts.
pub(crate) fn run(arguments: &[String]) -> anyhow::Result<()> {
    let Some(shared) = shared::folder()? else { return Ok(()) };
    let named = arguments.iter().map(String::as_str).filter(|argument| !argument.starts_with('-'));
    let mut parts: Vec<&str> = named.collect();
    if parts.is_empty() {
        parts = PARTS.to_vec();
    }
    let cited = read_parts(&shared, &parts)?;
    let (known, of) = count(&cited);
    println!("{known} of {of} requirements of {} are cited by a test", parts.join(" and "));
    if arguments.iter().any(|argument| argument == "--list") {
        for (requirement, _) in cited.iter().filter(|(_, files)| files.is_empty()) {
            println!("{requirement}");
        }
    }
    Ok(())
}

/// How many are cited, and of how many.
pub(crate) fn count(cited: &Cited) -> (usize, usize) {
    (cited.values().filter(|files| !files.is_empty()).count(), cited.len())
}

/// Reads the specification of the language and of histories, and all tests.
pub(crate) fn read(shared: &Path) -> anyhow::Result<Cited> {
    read_parts(shared, &PARTS)
}

fn read_parts(shared: &Path, parts: &[&str]) -> anyhow::Result<Cited> {
    let mut cited = Cited::new();
    for part in parts {
        let path = shared.join("spec/step-functions").join(part);
        let text = std::fs::read_to_string(&path)
            .with_context(|| format!("failed to read {}", path.display()))?;
        cited.extend(text.lines().filter_map(defined).map(|found| (found, BTreeSet::new())));
    }
    let root = tree::root();
    for file in tree::files(&root) {
        let Some(text) = test_text(&root, &file) else { continue };
        for found in citations(&text) {
            if let Some(files) = cited.get_mut(&found) {
                files.insert(file.display().to_string());
            }
        }
    }
    Ok(cited)
}

/// The requirement that a line of the specification states.
fn defined(line: &str) -> Option<Requirement> {
    let rest = line.strip_prefix("- ").or_else(|| line.strip_prefix("| "))?;
    requirement(rest.strip_prefix(MARK)?).map(|(found, _)| found)
}

/// What of a file is tests: all of it in a folder of tests, else what follows `#[cfg(test)]`.
fn test_text(root: &Path, file: &Path) -> Option<String> {
    let kind = file.extension()?.to_str()?;
    if !matches!(kind, "rs" | "py") {
        return None;
    }
    let text = std::fs::read_to_string(root.join(file)).ok()?;
    if file.components().any(|part| part.as_os_str() == "tests") {
        return Some(text);
    }
    let (_, tests) = text.split_once("#[cfg(test)]")?;
    Some(tests.to_owned())
}

/// All requirements that a text names, ranges spelt out.
fn citations(text: &str) -> Vec<Requirement> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some((_, after)) = rest.split_once(MARK) {
        rest = after;
        let Some((first, mut tail)) = requirement(after) else { continue };
        let mut last = first.number;
        found.push(first.clone());
        while let Some((number, is_range, after)) = another(tail, &first.family) {
            let from = if is_range { last } else { number };
            let numbers = (from..=number).take(RANGE_MAX as usize);
            found.extend(numbers.map(|number| Requirement { number, ..first.clone() }));
            (last, tail) = (number, after);
        }
        rest = tail;
    }
    found
}

/// `JA-12` and what follows it.
fn requirement(text: &str) -> Option<(Requirement, &str)> {
    let end = text.find('-')?;
    let family = text.get(..end)?;
    let upper = |letter: char| letter.is_ascii_uppercase();
    if family.is_empty() || !family.chars().all(upper) {
        return None;
    }
    let (number, rest) = number(text.get(end + 1..)?)?;
    Some((Requirement { family: family.to_owned(), number }, rest))
}

/// One more number of the same family: `…7`, ` to SFN-JA-7`, `, -7` or `, 7`.
fn another<'t>(text: &'t str, family: &str) -> Option<(u32, bool, &'t str)> {
    let whole = format!(" to {MARK}{family}-");
    for (before, is_range) in [("…", true), (whole.as_str(), true), (", -", false), (", ", false)]
    {
        if let Some((number, rest)) = text.strip_prefix(before).and_then(number) {
            return Some((number, is_range, rest));
        }
    }
    None
}

fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(text.len());
    let digits = text.get(..end)?;
    Some((digits.parse().ok()?, text.get(end..)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    // The rows are put together so that this file cites nothing itself.
    #[test]
    fn citations_are_read() {
        let rows = [
            ("// X-A-1, X-A-2", "A-1 A-2"),
            ("X-WAIT-1…3, X-B-9", "WAIT-1 WAIT-1 WAIT-2 WAIT-3 B-9"),
            ("(X-P-7 to X-P-8)", "P-7 P-7 P-8"),
            ("X-H-13, 15, -17. X-", "H-13 H-15 H-17"),
            ("X-A-1, 2024", "A-1 A-2024"),
            ("X-lower-1 X-A-x X-A", ""),
        ];
        for (text, expected) in rows {
            let text = text.replace("X-", MARK);
            let found = citations(&text).iter().map(ToString::to_string).collect::<Vec<_>>();
            assert_eq!(found.join(" ").replace(MARK, ""), expected, "{text}");
        }
    }

    #[test]
    fn definitions_are_read() {
        let line = |text: &str| defined(&text.replace("X-", MARK)).map(|found| found.number);
        assert_eq!(line("- X-ASL-4 [documented] Transitions"), Some(4));
        assert_eq!(line("| X-VEC-4 | `States…` |"), Some(4));
        assert_eq!(line("as X-ASL-4 says"), None);
    }
}
