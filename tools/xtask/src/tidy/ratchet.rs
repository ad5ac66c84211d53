//! Functions fit a screen. The ones that were longer when the rule came are listed in
//! `ratchet.txt` with their length; the list only shrinks.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::Context;

use super::{Finding, Source};

const LIST: &str = "tools/xtask/ratchet.txt";
const LINES_MAX: usize = 60;
const HEAD: &str = "# Functions over 60 lines, tests apart: path, name, lines. Only shrinks;
# `cargo xtask tidy --ratchet` writes it after a function has become shorter.
";

struct Function {
    name: String,
    line: usize,
    lines: usize,
}

pub(super) fn check(root: &Path, sources: &[Source], findings: &mut Vec<Finding>) {
    let mut known = known(root);
    for source in sources.iter().filter(|source| is_checked(source)) {
        for function in long_functions(&source.text) {
            let entry = format!("{} {}", source.path.display(), function.name);
            let allowed = known.remove(&entry).unwrap_or(LINES_MAX);
            if function.lines > allowed {
                let message = format!(
                    "`{}` has {} lines; {allowed} are the limit: part deciding from doing",
                    function.name, function.lines
                );
                findings.push(Finding::new(&source.path, function.line, message));
            } else if function.lines < allowed && allowed > LINES_MAX {
                let message = format!("`{entry}` is shorter now: `cargo xtask tidy --ratchet`");
                findings.push(Finding::new(Path::new(LIST), 0, message));
            }
        }
    }
    for entry in known.keys() {
        let message = format!("`{entry}` is gone: `cargo xtask tidy --ratchet`");
        findings.push(Finding::new(Path::new(LIST), 0, message));
    }
}

/// Writes the list from the tree: entries that are shorter or gone, and none that is new.
pub(super) fn write(root: &Path, sources: &[Source]) -> anyhow::Result<()> {
    let known = known(root);
    let begins = !root.join(LIST).exists();
    let mut list = HEAD.to_owned();
    for source in sources.iter().filter(|source| is_checked(source)) {
        for function in long_functions(&source.text) {
            let entry = format!("{} {}", source.path.display(), function.name);
            let lines = match known.get(&entry) {
                Some(lines) => function.lines.min(*lines),
                None if begins => function.lines,
                None => continue,
            };
            list.push_str(&format!("{entry} {lines}\n"));
        }
    }
    std::fs::write(root.join(LIST), list).with_context(|| format!("failed to write {LIST}"))
}

fn known(root: &Path) -> BTreeMap<String, usize> {
    let list = std::fs::read_to_string(root.join(LIST)).unwrap_or_default();
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.rsplit_once(' '))
        .filter_map(|(entry, lines)| Some((entry.to_owned(), lines.parse().ok()?)))
        .collect()
}

fn is_checked(source: &Source) -> bool {
    let test = source.path.iter().any(|part| part == "tests" || part == "tests.rs");
    source.has_extension("rs") && !test
}

/// The text is formatted, so a function ends at the first `}` under its first letter.
fn long_functions(text: &str) -> Vec<Function> {
    let lines: Vec<&str> = text.lines().collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        if line.trim_start().starts_with("mod tests {") {
            break;
        }
        let Some(name) = function_name(line) else { continue };
        let indent = line.len() - line.trim_start().len();
        let end = format!("{}}}", " ".repeat(indent));
        let length = lines.iter().skip(index).position(|line| *line == end);
        if let Some(length) = length.filter(|length| length + 1 > LINES_MAX) {
            found.push(Function { name: name.to_owned(), line: index + 1, lines: length + 1 });
        }
    }
    found
}

fn function_name(line: &str) -> Option<&str> {
    let line = line.trim_start();
    // A declaration without a body, or a body on the same line.
    if line.starts_with("//") || line.ends_with(';') || line.ends_with('}') {
        return None;
    }
    let (before, after) = line.split_once("fn ")?;
    let only_words = before
        .split_whitespace()
        .all(|word| matches!(word, "const" | "async" | "extern") || word.starts_with("pub"));
    only_words.then(|| after.split(['(', '<']).next().unwrap_or(after))
}

#[cfg(test)]
mod tests {
    use super::long_functions;

    #[test]
    fn a_function_over_the_limit_is_found_with_its_length() {
        let body = "        let x = 1;\n".repeat(70);
        let long = format!("    pub async fn long<T>(\n        x: T,\n    ) {{\n{body}    }}\n");
        let short = "    fn short() {\n    }\n";
        let test = format!("mod tests {{\n    fn longer() {{\n{body}    }}\n}}\n");
        let text = format!("//! Head.\nimpl A {{\n{long}{short}}}\n{test}");
        let found = long_functions(&text);
        let summary: Vec<_> =
            found.iter().map(|found| (found.name.as_str(), found.line, found.lines)).collect();
        assert_eq!(summary, [("long", 3, 74)]);
    }
}
