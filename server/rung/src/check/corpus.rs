//! Real definitions from public repositories: nothing false is said about them, and a table in the
//! documents tells what is. `UPDATE_EXPECT=1` writes the table.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use asl::Severity;
use serde_json::Value;

use super::{Found, definition, placeholders::Substitutions, shown};
use crate::config::MachineKind;
use crate::definition::syntax_of;

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/corpus-findings.md");
const HEAD: &str = "# What `rung check` says about real definitions

Written by a test (`UPDATE_EXPECT=1 cargo test -p rung corpus`), which fails when it is not so.
The corpus is 208 definitions from public repositories, as their authors wrote them. Each finding
was looked at and is true.

";

/// `$RUNG_SHARED`, or `shared` beside the workspace; `None`, with a line, when there is none.
fn corpus() -> Option<PathBuf> {
    let root = std::env::var_os("RUNG_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let folder = root.join("corpus/asl");
    if !folder.is_dir() {
        println!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(folder)
}

#[test]
fn nothing_false_is_said() {
    let Some(folder) = corpus() else { return };
    let index = std::fs::read_to_string(folder.join("index.json")).expect("an index");
    let index: Value = serde_json::from_str(&index).expect("JSON");
    let entries = index["definitions"].as_array().expect("a list");
    let mut clean = 0;
    let mut rows = Vec::new();
    let mut unjudged: Vec<String> = Vec::new();
    for entry in entries {
        let file = entry["file"].as_str().expect("a file");
        let text = std::fs::read_to_string(folder.join(file)).expect("a definition");
        let syntax = syntax_of(Path::new(file));
        let known = Substitutions::default();
        let raw = definition::findings(&text, syntax, MachineKind::Standard, &known);
        let found = shown(Path::new(file), &text, raw);
        let errors = found.iter().any(|found| found.severity == Severity::Error);
        let read = definition::to_definition(&text, syntax, MachineKind::Standard, &known);
        if let Err(reason) = read.as_ref().map(drop)
            && !errors
        {
            let reason = reason.lines().next().unwrap_or_default();
            unjudged.push(format!("{file}: {reason}"));
        }
        clean += usize::from(found.is_empty());
        rows.extend(found.into_iter().map(|found| (file.to_owned(), found)));
    }
    let page = page(entries.len(), clean, &rows, &unjudged);
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::write(PAGE, &page).expect("the page is written");
    }
    let known = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(page == known, "docs/corpus-findings.md is not what is found now:\n{page}");
}

fn page(all: usize, clean: usize, rows: &[(String, Found)], unjudged: &[String]) -> String {
    let mut page = HEAD.to_owned();
    let mut codes: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (_, found) in rows {
        *codes.entry((word(found.severity), found.code)).or_default() += 1;
    }
    let _ = writeln!(page, "Of {all} definitions, {clean} have no finding.\n");
    page.push_str("| severity | code | findings |\n|---|---|---:|\n");
    for ((severity, code), count) in codes {
        let _ = writeln!(page, "| {severity} | `{code}` | {count} |");
    }
    page.push_str(
        "\n## One by one\n\n| definition | line | severity | finding |\n|---|---:|---|---|\n",
    );
    for (file, found) in rows {
        let line = found.position.map_or(0, |position| position.line);
        let message = found.message.replace('|', "\\|");
        let place = found.location.as_deref().unwrap_or("");
        let severity = word(found.severity);
        let _ = writeln!(page, "| {file} | {line} | {severity} | {message} at `{place}` |");
    }
    page.push_str(
        "\n## Not judged\n\nWhether these are right depends on what a placeholder stands for.\n\n",
    );
    for line in unjudged {
        let _ = writeln!(page, "- {line}");
    }
    page
}

fn word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}
