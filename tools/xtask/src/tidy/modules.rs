//! Dead files: a `.rs` file that no crate root reaches through `mod` is compiled by nobody.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::{Finding, Source};

pub(super) fn check(sources: &[Source], findings: &mut Vec<Finding>) {
    let texts: BTreeMap<&Path, &str> = sources
        .iter()
        .filter(|source| source.has_extension("rs"))
        .map(|source| (source.path.as_path(), source.text.as_str()))
        .collect();
    let mut reached = BTreeSet::new();
    for path in texts.keys().filter(|path| is_root(path)) {
        reach(path, true, &texts, &mut reached);
    }
    for path in texts.keys() {
        if path.file_name().is_some_and(|name| name == "mod.rs") {
            let message = "write `foo.rs` beside `foo/`, not `foo/mod.rs`";
            findings.push(Finding::new(path, 0, message));
        }
        if !reached.contains(*path) {
            findings.push(Finding::new(path, 0, "no `mod` line reaches this file"));
        }
    }
}

/// Whether cargo compiles this file by itself: `src/lib.rs`, `src/bin/x.rs`, `tests/it/main.rs`.
fn is_root(path: &Path) -> bool {
    let parts: Vec<String> =
        path.iter().skip(2).map(|part| part.to_string_lossy().into_owned()).collect();
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    matches!(
        parts.as_slice(),
        ["build.rs"]
            | ["src", "lib.rs" | "main.rs"]
            | ["src", "bin", _]
            | ["fuzz_targets", _]
            | ["tests" | "benches" | "examples", _]
            | ["tests" | "benches" | "examples", _, "main.rs"]
    )
}

fn reach<'a>(
    path: &Path,
    root: bool,
    texts: &BTreeMap<&'a Path, &'a str>,
    reached: &mut BTreeSet<PathBuf>,
) {
    let Some(text) = texts.get(path) else { return };
    if !reached.insert(path.to_path_buf()) {
        return;
    }
    let parent = path.parent().unwrap_or(path);
    let folder = match path.file_stem() {
        Some(stem) if !root => parent.join(stem),
        _ => parent.to_path_buf(),
    };
    let mut inline: Vec<(usize, String)> = Vec::new();
    let mut named: Option<String> = None;
    for line in text.lines() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim();
        if line == "}" && inline.last().is_some_and(|(outer, _)| *outer == indent) {
            inline.pop();
        }
        if let Some(file) = line.strip_prefix("#[path = \"") {
            named = file.strip_suffix("\"]").map(str::to_owned);
            continue;
        }
        let Some((name, opens)) = module(line) else { continue };
        if opens {
            inline.push((indent, name.to_owned()));
            continue;
        }
        let below = inline.iter().fold(folder.clone(), |folder, (_, name)| folder.join(name));
        match named.take() {
            Some(file) => reach(&parent.join(file), false, texts, reached),
            None => {
                reach(&below.join(format!("{name}.rs")), false, texts, reached);
                reach(&below.join(name).join("mod.rs"), true, texts, reached);
            }
        }
    }
}

/// The module a line declares, and whether its body follows in the same file.
fn module(line: &str) -> Option<(&str, bool)> {
    let mut rest = line;
    if let Some(public) = rest.strip_prefix("pub") {
        rest = match public.strip_prefix('(') {
            Some(scope) => scope.split_once(')')?.1,
            None => public,
        }
        .trim_start();
    }
    let rest = rest.strip_prefix("mod ")?;
    match rest.strip_suffix(';') {
        Some(name) => Some((name, false)),
        None => Some((rest.strip_suffix(" {")?, true)),
    }
}

#[cfg(test)]
mod tests {
    use super::{Finding, Source, check};

    #[test]
    fn a_file_without_a_mod_line_is_found() {
        let files = [
            (
                "pure/asl/src/lib.rs",
                "mod a;\npub(crate) mod b;\n#[cfg(test)]\nmod t {\n    mod u;\n}",
            ),
            ("pure/asl/src/a.rs", "mod inner;"),
            ("pure/asl/src/a/inner.rs", ""),
            ("pure/asl/src/b.rs", ""),
            ("pure/asl/src/t/u.rs", ""),
            ("pure/asl/src/dead.rs", ""),
            ("pure/asl/tests/it/main.rs", "#[path = \"x.rs\"]\nmod y;"),
            ("pure/asl/tests/it/x.rs", ""),
        ];
        let sources: Vec<Source> = files
            .iter()
            .map(|(path, text)| Source { path: path.into(), text: (*text).to_owned() })
            .collect();
        let mut found: Vec<Finding> = Vec::new();
        check(&sources, &mut found);
        let paths: Vec<String> =
            found.iter().map(|finding| finding.path.display().to_string()).collect();
        assert_eq!(paths, ["pure/asl/src/dead.rs"]);
    }
}
